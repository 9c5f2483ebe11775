package project

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
)

// readOperations reads the operations of all frontends: operations/<frontend>/
// *.graphql, one a file, and persisted-document manifests,
// operations/<frontend>/*.json.
func readOperations(p *Project, r *Report) error {
	for _, f := range p.Frontends {
		f.Documents = map[string]*ast.OperationDefinition{}
		for _, source := range f.Operations {
			f.readOperation(source, r)
		}
		manifests, err := readSources(p.Root, path.Join("operations", f.Name), ".json")
		if err != nil {
			return err
		}
		for _, m := range manifests {
			f.readManifest(m, r)
		}
	}
	return nil
}

func (f *Frontend) readOperation(source *ast.Source, r *Report) {
	if operation := f.Operation(source, r); operation != nil {
		f.Documents[strings.TrimSuffix(path.Base(source.Name), path.Ext(source.Name))] = operation
	}
}

// Operation returns the operation of a file, or reports its mistakes and returns nil.
func (f *Frontend) Operation(source *ast.Source, r *Report) *ast.OperationDefinition {
	doc, err := parser.ParseQuery(source)
	if err != nil {
		r.gql(err, "")
		return nil
	}
	if len(doc.Operations) != 1 {
		r.Add(Diagnostic{
			File: source.Name, Line: 1, Column: 1, Fix: "write one file for each operation",
			Message: fmt.Sprintf("there are %d operations in this file", len(doc.Operations)),
		})
		return nil
	}
	mistakes := validator.ValidateWithRules(f.API, doc, nil)
	for _, e := range mistakes {
		e.SetFile(source.Name)
		r.gql(gqlerror.List{e}, "")
	}
	if len(mistakes) > 0 {
		return nil
	}
	return doc.Operations[0]
}

const manifestFix = `write Apollo's {"format": "apollo-persisted-query-manifest", "version": 1, "operations": [...]}, or {"<id>": "<document>"}`

func (f *Frontend) readManifest(m *ast.Source, r *Report) {
	bodies, err := manifest([]byte(m.Input))
	if err != nil {
		r.Add(Diagnostic{File: m.Name, Message: err.Error(), Fix: manifestFix})
		return
	}
	for _, id := range slices.Sorted(maps.Keys(bodies)) {
		body := bodies[id]
		doc, err := parser.ParseQuery(&ast.Source{Name: m.Name, Input: body})
		if err != nil {
			r.Add(Diagnostic{File: m.Name, Message: id + ": " + messageOf(err)})
			continue
		}
		if errs := validator.ValidateWithRules(f.API, doc, nil); len(errs) > 0 {
			r.Add(Diagnostic{File: m.Name, Message: id + ": " + messageOf(errs[0])})
			continue
		}
		for _, op := range doc.Operations {
			name := cmp.Or(op.Name, id)
			if f.Documents[name] != nil { // an older version of it
				name += " " + id
			}
			f.Documents[name] = op
		}
	}
}

// messageOf returns the message of the parser or the validator without its
// position, which is relative to the document.
func messageOf(err error) string {
	if g, ok := errors.AsType[*gqlerror.Error](err); ok {
		return g.Message
	}
	return err.Error()
}

// manifest reads the documents of a persisted-document manifest, by id. It
// accepts Apollo's format and an object of ids and documents, as Relay writes
// it.
func manifest(text []byte) (map[string]string, error) {
	var apollo struct {
		Format     string `json:"format"`
		Operations []struct {
			ID   string `json:"id"`
			Body string `json:"body"`
		} `json:"operations"`
	}
	if err := json.Unmarshal(text, &apollo); err == nil && apollo.Format != "" {
		if apollo.Format != "apollo-persisted-query-manifest" {
			return nil, fmt.Errorf("the format %q is unknown", apollo.Format)
		}
		bodies := map[string]string{}
		for _, o := range apollo.Operations {
			bodies[o.ID] = o.Body
		}
		return bodies, nil
	}
	var bodies map[string]string
	if err := json.Unmarshal(text, &bodies); err != nil {
		return nil, fmt.Errorf("invalid manifest of persisted documents: %w", err)
	}
	return bodies, nil
}
