package binding

import (
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/directive"
)

// fallback reads @fallback of a field with a binding. Whether the value has the field's
// type is checked when that is known in Go.
func (r *reader) fallback() {
	d := r.binding.Field.Directives.ForName(FallbackDirective)
	if d == nil || !r.checkArguments(d) {
		return
	}
	parent, field := r.binding.Parent.Name, r.binding.Field.Name
	value := d.Arguments.ForName("value")
	switch {
	case r.binding.Parent == r.schema.Mutation:
		r.fail(d.Position, "remove it", "%s.%s is a mutation, whose caller must learn that it failed", parent, field)
	case r.streams():
		r.fail(d.Position, "remove it", "%s.%s is a stream, which has events only from its service", parent, field)
	case value == nil:
		r.fail(d.Position, "write @fallback(value: null), or another constant", "@fallback has no value")
	default:
		r.constant(value.Value)
		r.binding.Fallback = value.Value
	}
}

// constant reports variables in a value.
func (r *reader) constant(v *ast.Value) {
	if strings.Contains(v.Raw, "{$") && (v.Kind == ast.StringValue || v.Kind == ast.BlockValue) {
		r.fail(v.Position, "write a constant", "the value of @fallback can't have variables")
	}
	for _, child := range v.Children {
		r.constant(child.Value)
	}
}

// readFallback reports @fallback of a field without a binding.
func readFallback(schema *ast.Schema, def *ast.Definition, field *ast.FieldDefinition, report directive.Report) {
	d := field.Directives.ForName(FallbackDirective)
	if d == nil || field.Directives.ForName(RESTDirective) != nil || field.Directives.ForName(GRPCDirective) != nil {
		return
	}
	r := &reader{schema: schema, report: report}
	if def.Kind != ast.Object {
		r.fail(d.Position, "give it to the fields of the object types", "%s.%s has no binding, since %s is no object type", def.Name, field.Name, def.Name)
		return
	}
	r.fail(d.Position, "add @rest or @grpc, or remove it", "%s.%s has no binding whose service could fail", def.Name, field.Name)
}
