// Package importer makes a draft of a schema with bindings out of the document
// of a service: an OpenAPI 3 document, or the protos of a gRPC service. The
// draft is SDL text; internal/binding defines what it means.
package importer

import (
	"context"
	"fmt"
	"path"
	"path/filepath"
	"strings"

	"github.com/portico-gateway/portico/internal/openapi"
)

// OpenAPI makes a draft of an OpenAPI 3.0 or 3.1 or Swagger 2.0 document: YAML or JSON, of a file or a URL, with the files that it refers
// to. If the project has a draft of this service already, the new one is merged into it: see [Draft.Conflicts]. A mistake in the document or in the
// options is a [*MistakeError].
func OpenAPI(ctx context.Context, location string, o Options) (*Draft, error) {
	project, err := readVisible(o)
	if err != nil {
		return nil, err
	}
	out, err := openAPIDraft(ctx, location, path.Base(filepath.ToSlash(location)), o, project)
	if err != nil {
		return nil, err
	}
	return out, out.mergeInto(o, func(again Options) (*Draft, error) {
		before := existingDocument(o)
		if before == "" || sameFile(before, location) {
			return nil, errNoBase
		}
		return openAPIDraft(ctx, before, path.Base(filepath.ToSlash(location)), again, project)
	})
}

// openAPIDraft makes a draft; origin is the document's name in it.
func openAPIDraft(ctx context.Context, location, origin string, o Options, project *visible) (*Draft, error) {
	o.step("reading " + location)
	source, err := openapi.Read(ctx, location)
	if err != nil {
		return nil, documentMistake(err)
	}
	operations := source.Operations()
	if len(operations) == 0 {
		return nil, &MistakeError{File: location, Message: "the document has no operations", Fix: "import a document that has paths"}
	}
	selected := newSelection(o.Only)
	before := o.operationsBefore(ctx)
	var chosen []openapi.Operation
	doc, err := source.Select(func(op openapi.Operation) bool {
		is := selected.has(op.ID, op.Method+" "+op.Path)
		if is {
			chosen = append(chosen, op)
		}
		return is || before[op.Method+" "+op.Path]
	})
	if err != nil {
		return nil, documentMistake(err)
	}
	if err := selected.check(); err != nil && !o.isBase {
		return nil, err
	}
	copied := File{Path: "clients/" + o.Service + "/openapi" + doc.Extension(), Content: doc.Content}
	if err := otherDocument(o, copied.Path); err != nil {
		return nil, err
	}
	o.step(fmt.Sprintf("drafting %d of %d operations", len(chosen), len(operations)))
	imp := openAPI{newShaper(newDraft(o, project), doc)}
	imp.operations(chosen)
	out, err := imp.finish(o, origin, []File{copied})
	if err != nil {
		return nil, err
	}
	for _, missing := range source.Missing {
		out.Warnings = append(out.Warnings, missing.Error())
	}
	out.URL = doc.Server()
	return out, nil
}

// Proto makes a draft of the services in proto3 files, in the files of folders, or of one server with gRPC Server Reflection: its address
// begins with grpc:// or, with TLS, grpcs://. It is merged as that of [OpenAPI] is. A mistake in them or in the options is a [*MistakeError].
func Proto(ctx context.Context, locations []string, o Options) (*Draft, error) {
	project, err := readVisible(o)
	if err != nil {
		return nil, err
	}
	sources := newProtoSources(o.Roots)
	var names []string
	if o.step("reading " + strings.Join(locations, ", ")); len(locations) == 1 && isServer(locations[0]) {
		names, err = sources.reflect(ctx, locations[0])
	} else {
		names, err = sources.named(locations)
	}
	if err != nil {
		return nil, err
	}
	sources.origin = path.Base(filepath.ToSlash(locations[0]))
	out, err := sources.draft(ctx, names, o, project)
	if err != nil {
		return nil, err
	}
	return out, out.mergeInto(o, func(again Options) (*Draft, error) {
		root := filepath.Join(o.Dir, "clients", "proto")
		before := newProtoSources([]string{root})
		before.origin = sources.origin
		var files []string
		for _, name := range names {
			file := filepath.Join(root, filepath.FromSlash(name))
			if sameFile(file, sources.files[name].file) {
				return nil, errNoBase
			}
			files = append(files, file)
		}
		old, err := before.named(files)
		if err != nil {
			return nil, err
		}
		return before.draft(ctx, old, again, project)
	})
}

// draft drafts the services of files that were added.
func (s *protoSources) draft(ctx context.Context, names []string, o Options, project *visible) (*Draft, error) {
	compiled, err := s.compile(ctx, names)
	if err != nil {
		return nil, err
	}
	imp := protos{newMessages(newDraft(o, project))}
	if err := imp.methods(compiled, o); err != nil {
		return nil, err
	}
	return imp.finish(o, s.origin, s.copies())
}
