// Package importer makes a draft of a schema with bindings out of the document
// of a service: an OpenAPI 3 document, or the protos of a gRPC service. The
// draft is SDL text; internal/binding defines what it means.
package importer

import (
	"context"
	"fmt"

	"github.com/portico-gateway/portico/internal/openapi"
)

// OpenAPI makes a draft of an OpenAPI 3.0 or 3.1 or Swagger 2.0 document: YAML or JSON, of a file or a URL, with the files that it refers
// to. A mistake in the document or in the options is a [*MistakeError].
func OpenAPI(ctx context.Context, location string, o Options) (*Draft, error) {
	project, err := readVisible(o)
	if err != nil {
		return nil, err
	}
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
	doc, err := source.Select(func(op openapi.Operation) bool { return selected.has(op.ID, op.Method+" "+op.Path) })
	if err != nil {
		return nil, documentMistake(err)
	}
	if err := selected.check(); err != nil {
		return nil, err
	}
	copied := File{Path: "clients/" + o.Service + "/openapi" + doc.Extension(), Content: doc.Content}
	if err := otherDocument(o, copied.Path); err != nil {
		return nil, err
	}
	o.step(fmt.Sprintf("drafting %d of %d operations", len(doc.Operations), len(operations)))
	imp := openAPI{newShaper(newDraft(o, project), doc)}
	imp.operations()
	out, err := imp.finish(o, location, []File{copied})
	if err != nil {
		return nil, err
	}
	for _, missing := range source.Missing {
		out.Warnings = append(out.Warnings, missing.Error())
	}
	out.URL = doc.Server()
	return out, nil
}

// Proto makes a draft of the services in proto3 files. A mistake in them or in
// the options is a [*MistakeError].
func Proto(ctx context.Context, files []string, o Options) (*Draft, error) {
	project, err := readVisible(o)
	if err != nil {
		return nil, err
	}
	sources := newProtoSources(o.Roots)
	compiled, err := sources.compile(ctx, files)
	if err != nil {
		return nil, err
	}
	imp := protos{newMessages(newDraft(o, project))}
	if err := imp.methods(compiled, o.Only); err != nil {
		return nil, err
	}
	return imp.finish(o, files[0], sources.copies())
}
