package importer

import (
	"net/http"
)

// openAPI is the import of one document.
type openAPI struct{ *shaper }

// operations imports the operations of the document.
func (imp openAPI) operations() {
	for _, op := range imp.doc.Operations {
		item := imp.doc.Paths.Value(op.Path)
		imp.operation(operation{item.GetOperation(op.Method), op.Method, op.Path, item})
	}
}

func (imp openAPI) operation(op operation) {
	body, payload, why := payloads(op)
	if why == "" {
		why = unboundPath(op)
	}
	if why != "" {
		imp.leaveOut(op.String(), why)
		return
	}
	root := "Mutation"
	if op.method == http.MethodGet {
		root = "Query"
	}
	c := &call{operation: op, used: map[string]bool{}, path: op.path}
	c.field = field{name: imp.fieldName(root, op.fieldNames()...), description: about(op.Summary, op.Description)}
	if body != nil {
		c.used["input"] = true
	}
	imp.parameters(c)
	c.field.typ = "Boolean!"
	if body != nil {
		imp.body(c, body)
	}
	if payload != nil {
		c.field.typ = imp.answer(c, payload)
	}
	if len(op.item.Servers) > 0 || op.Servers != nil && len(*op.Servers) > 0 {
		c.field.comments = append(c.field.comments, "The document names a server of its own for this operation.")
	}
	c.field.directives = []directive{c.binding(imp.service, body != nil, payload != nil && payload.xml)}
	if op.Deprecated {
		c.field.directives = append(c.field.directives, deprecated())
	}
	imp.add(root, c.field)
}

func (imp openAPI) body(c *call, body *media) {
	s := imp.shape(body.schema, spot{name: pascal(c.field.name), input: true})
	arg := field{name: "input", typ: s.name, comments: s.comments()}
	if body.required {
		arg.typ += "!"
	}
	if v := c.RequestBody.Value; v.Description != "" {
		arg.description = v.Description
	}
	c.field.args = append(c.field.args, arg)
}

// answer is the type of a field. It can be null, so that a call that fails does
// not take the rest of the data with it.
func (imp openAPI) answer(c *call, payload *media) string {
	imp.xml = payload.xml
	defer func() { imp.xml = false }()
	s := imp.shape(payload.schema, spot{name: pascal(c.field.name) + "Result"})
	c.field.comments = append(c.field.comments, s.comments()...)
	return s.name
}
