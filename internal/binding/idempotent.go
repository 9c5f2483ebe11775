package binding

import (
	"net/http"

	"github.com/vektah/gqlparser/v2/ast"
)

// idempotent reports whether a directive says that its call may be made again.
func (r *reader) idempotent(d *ast.Directive, method string) bool {
	arg := d.Arguments.ForName("idempotent")
	if arg == nil || arg.Value.Raw != "true" {
		return false
	}
	parent, field := r.binding.Parent.Name, r.binding.Field.Name
	switch {
	case r.binding.Parent == r.schema.Mutation:
		r.fail(arg.Position, "remove it", "%s.%s is a mutation, whose call is made once: it may have had an effect although its answer is lost", parent, field)
	case r.streams():
		r.fail(arg.Position, "remove it", "%s.%s is a stream, which may be opened again until its first event", parent, field)
	case method == http.MethodGet:
		r.fail(arg.Position, "remove it", "a GET is idempotent (RFC 9110, section 9.2.2)")
	}
	return true
}
