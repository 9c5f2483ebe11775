package importer

import (
	"cmp"
	"net/http"
	"slices"
)

// openAPI is the import of one document.
type openAPI struct{ *shaper }

// operations imports the operations of the document.
func (imp openAPI) operations() {
	for _, c := range imp.calls() {
		imp.call(c)
	}
}

// calls returns the operations that can be bound, in the order of the document, with the names of their fields. Short paths have the first
// choice: /artifacts is artifacts, and /runs/{id}/artifacts is runArtifacts.
func (imp openAPI) calls() []*call {
	var calls []*call
	for _, listed := range imp.doc.Operations {
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
		if why != "" {
			imp.leaveOut(op.String(), why)
			continue
		}
		calls = append(calls, c)
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
	c.page = imp.paging(c)
	imp.parameters(c)
	c.field.typ = "Boolean!"
	if c.body != nil {
		imp.body(c)
	}
	switch {
	case c.page != nil:
		imp.pageOf(c)
	case c.payload != nil:
		c.field.typ = imp.answer(c)
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
	arg := field{name: "input", typ: s.name, comments: s.comments()}
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
	s := imp.shape(c.payload.schema, spot{name: pascal(c.field.name) + "Result", root: true})
	c.field.comments = append(c.field.comments, s.comments()...)
	if s.entries {
		c.selected = "$->entries"
	}
	return s.name
}
