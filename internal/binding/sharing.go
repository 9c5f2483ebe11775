package binding

import "github.com/vektah/gqlparser/v2/ast"

// sharing reads how subscribers share a stream; empty if they do not.
func (r *reader) sharing(d *ast.Directive) string {
	arg := d.Arguments.ForName("stream")
	if arg == nil || arg.Value.Kind == ast.NullValue {
		return ""
	}
	if !r.streams() {
		r.fail(arg.Position, "remove it, or bind a field of Subscription", "%s.%s is not a stream", r.binding.Parent.Name, r.binding.Field.Name)
	}
	return arg.Value.Raw
}
