// Package importer makes a draft of a schema with bindings out of the document
// of a service: an OpenAPI 3 document, or the protos of a gRPC service. The
// draft is SDL text; internal/binding defines what it means.
package importer

import (
	"context"
	"os"
)

// OpenAPI makes a draft of an OpenAPI 3.0 or 3.1 document, YAML or JSON. A
// mistake in the document or in the options is a [*MistakeError].
func OpenAPI(file string, o Options) (*Draft, error) {
	project, err := readVisible(o)
	if err != nil {
		return nil, err
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	copied := File{Path: "clients/" + o.Service + "/openapi" + extension(file), Content: content}
	if err := otherDocument(o, copied.Path); err != nil {
		return nil, err
	}
	doc, err := loadOpenAPI(file, content)
	if err != nil {
		return nil, err
	}
	imp := openAPI{newShaper(newDraft(o, project), doc)}
	if err := imp.operations(o.Only); err != nil {
		return nil, err
	}
	out, err := imp.finish(o, file, []File{copied})
	if err != nil {
		return nil, err
	}
	out.URL = serverURL(doc)
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
