package importer

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/portico-gateway/portico/internal/openapi"
)

// openAPI is the import of one document.
type openAPI struct{ *shaper }

// operations imports operations of the document.
func (imp openAPI) operations(chosen []openapi.Operation) {
	for _, c := range imp.calls(chosen) {
		imp.call(c)
	}
}

// calls returns the operations that can be bound, in the order of the document, with the names of their fields. Short paths have the first
// choice: /artifacts is artifacts, and /runs/{id}/artifacts is runArtifacts.
func (imp openAPI) calls(chosen []openapi.Operation) []*call {
	var calls []*call
	for _, listed := range chosen {
		item := imp.doc.Paths.Value(listed.Path)
		op := operation{item.GetOperation(listed.Method), listed.Method, listed.Path, item}
		c := &call{operation: op, used: map[string]bool{}, path: op.path, root: rootMutation}
		if op.method == http.MethodGet {
			c.root = rootQuery
		}
		var why string
		if c.body, c.payload, why = payloads(op); why == "" {
			why = unboundPath(op)
		}
		if why == "" {
			why = imp.unsent(op)
		}
		if why == "" && c.payload != nil && c.payload.xml {
			if why = imp.answerNotInXML(c.payload.schema); why != "" {
				why = "its answer can't be read: " + why
			}
		}
		if why != "" {
			imp.leaveOut(op.String(), why)
			continue
		}
		calls = append(calls, c)
	}
	if !imp.project.hasQuery && !slices.ContainsFunc(calls, func(c *call) bool { return c.root == rootQuery }) {
		for _, c := range calls {
			c.unclear = c.method == http.MethodPost && !c.writes()
			if c.unclear {
				c.root = rootQuery // a schema needs one
			}
		}
	}
	byLength := slices.Clone(calls)
	slices.SortStableFunc(byLength, func(a, b *call) int { return cmp.Compare(len(a.segments()), len(b.segments())) })
	for _, c := range byLength {
		c.field.name = imp.fieldName(c.root, c.fieldNames(c.root)...)
	}
	return calls
}

// call makes the field of an operation.
func (imp openAPI) call(c *call) {
	c.field.description = about(c.Summary, c.Description)
	if c.body != nil {
		c.used["input"] = true
	}
	if c.page = imp.paging(c); c.page != nil {
		c.used["first"], c.used["after"] = true, true
	}
	imp.parameters(c)
	c.field.typ = "Boolean"
	if c.body != nil {
		imp.body(c)
	}
	switch {
	case c.page != nil:
		imp.pageOf(c)
	case c.payload != nil:
		c.field.typ = imp.answer(c)
	}
	if c.unclear {
		c.field.comments = append(c.field.comments, unclear(c.root))
	}
	if len(c.item.Servers) > 0 || c.Servers != nil && len(*c.Servers) > 0 {
		c.field.comments = append(c.field.comments, "The document names a server of its own for this operation.")
	}
	if c.linked() || len(c.Callbacks) > 0 {
		c.field.comments = append(c.field.comments, "Links and callbacks of the operation are left out.")
	}
	c.field.directives = []directive{c.binding(imp.service)}
	if c.Deprecated {
		c.field.directives = append(c.field.directives, deprecated())
	}
	imp.add(c.root, c.field)
}

func (imp openAPI) body(c *call) {
	s := imp.shape(c.body.schema, spot{name: pascal(c.field.name), input: true})
	if s.entries {
		s = jsonBecause("it is a map (additionalProperties)", s.nullable)
	}
	arg := field{name: "input", typ: s.name, comments: s.comments()}
	c.body.digits = s.digits
	if c.body.required {
		arg.typ += "!"
	}
	if v := c.RequestBody.Value; v.Description != "" {
		arg.description = v.Description
	}
	c.field.args = append(c.field.args, arg)
}

// answer is the type of a field. It can be null, so that a call that fails does
// not take the rest of the data with it.
func (imp openAPI) answer(c *call) string {
	imp.xml = c.payload.xml
	defer func() { imp.xml = false }()
	schema := c.payload.schema
	if name, only := imp.only(schema); only != nil && !imp.xml {
		c.selected, schema = name, only
	}
	at := spot{name: pascal(c.field.name) + "Result", root: true}
	if c.root == rootQuery {
		at = imp.inline(pascal(c.field.name))
	}
	if imp.xml && imp.isList(schema) {
		c.selected = imp.elements(schema)
	}
	s := imp.shape(schema, at)
	c.field.comments = append(c.field.comments, s.comments()...)
	if s.entries && c.selected == "" {
		c.selected = "$"
	}
	if s.entries {
		c.selected += "->entries"
	}
	return s.name
}

// inline is the place of what a field has that has no name in the document: orders are of the type Order, unless a schema of the document is.
func (imp openAPI) inline(name string) spot {
	at := spot{name: name, names: []string{name + "Result"}, root: true}
	if !imp.components[strings.ToLower(name)] && !imp.components[strings.ToLower(singular(name))] {
		at.names = []string{name, name + "Result"}
	}
	return at
}

// only returns the member of an object that has no other one, if it is an object or a list: {"order": {…}}.
func (imp openAPI) only(ref *openapi3.SchemaRef) (step string, member *openapi3.SchemaRef) {
	name, s, _ := imp.effective(ref)
	if s == nil || kindOf(s) != "object" || len(s.Properties) != 1 || len(imp.parts(s)) > 0 {
		return "", nil
	}
	wrappers := []string{"response", "result", "wrapper", "envelope", "body", "output", "reply", "container"}
	if all := words(name); len(all) > 0 && !slices.Contains(wrappers, all[len(all)-1]) {
		return "", nil // it is a type of the service
	}
	for name, of := range s.Properties {
		if imp.isObject(of) || imp.isList(of) {
			return pathStep(name), of
		}
	}
	return "", nil
}
