package directive

import (
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// The directives that GraphQL has (GraphQL specification, section 3.13), and those that a schema defines. gqlparser does
// not check what clients' tools refuse.

// own is the start of the names of the sources with Portico's directives, whose readers check them.
const own = "portico/"

// others checks the arguments of directives that are not Portico's.
func (c checker) others(directives ast.DirectiveList) {
	for _, d := range directives {
		if d.Definition != nil && d.Definition.Position != nil && !strings.HasPrefix(d.Definition.Position.Src.Name, own) {
			CheckArguments(c.Checked, d, c.report)
		}
	}
}

// oneOf checks that all fields of a OneOf input object are nullable and have no defaults (section 3.10).
func (c checker) oneOf(def *ast.Definition) {
	if def.Directives.ForName("oneOf") == nil {
		return
	}
	for _, field := range def.Fields {
		if field.Type.NonNull {
			c.report(field.Position, "write "+field.Name+": "+strings.TrimSuffix(field.Type.String(), "!"),
				"%s.%s must be nullable: callers give only one field of a OneOf input object", def.Name, field.Name)
		}
		if field.DefaultValue != nil {
			c.report(field.DefaultValue.Position, "remove it",
				"%s.%s can't have a default: callers give only one field of a OneOf input object", def.Name, field.Name)
		}
	}
}

// deprecated checks that callers may leave out what is deprecated (section 3.13.3): an argument or an input field.
func (c checker) deprecated(what string, t *ast.Type, value *ast.Value, directives ast.DirectiveList) {
	if d := directives.ForName("deprecated"); d != nil && t.NonNull && value == nil {
		c.report(d.Position, "make it nullable, or give it a default", "%s can't be deprecated: it is required", what)
	}
}
