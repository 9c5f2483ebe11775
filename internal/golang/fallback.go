package golang

import (
	"fmt"
	"go/types"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/internal/plan"
)

// fallbackName returns the name of the function that returns the fallback of a field.
func fallbackName(f *plan.Adapter) string { return "fallback" + upperFirst(f.Func) }

// fallbackOf writes the function that returns the fallback of a field.
func (a *adapters) fallbackOf(f *plan.Adapter) {
	a.line("// %s returns the value of %s.%s if its service is not available.\nfunc %s() %s {\nreturn %s\n}\n", fallbackName(f), f.Object.Name,
		f.Name, fallbackName(f), a.typ(f.Type), a.constant(*f.Fallback))
}

// orFallback writes a call of a root field that returns its fallback if the service is
// not available.
func (a *adapters) orFallback(f *plan.Adapter, call string) string {
	if f.Fallback == nil {
		return call
	}
	return fmt.Sprintf("%s(ctx, %q, %s)(%s)", a.execute("FallbackOne"), f.Object.Name+"."+f.Name, fallbackName(f), call)
}

// constant writes a value.
func (f *file) constant(c plan.Constant) string {
	element := plan.Element(c.Type)
	switch {
	case c.IsNull():
		return "nil"
	case c.Items != nil:
		var items []string
		for _, item := range c.Items {
			items = append(items, f.constant(item))
		}
		return f.typ(c.Type) + "{" + strings.Join(items, ", ") + "}"
	case c.Fields != nil:
		var fields []string
		for _, field := range c.Fields {
			fields = append(fields, field.GoName+": "+f.constant(field.Value))
		}
		text := f.typ(element) + "{" + strings.Join(fields, ", ") + "}"
		if plan.IsPointer(c.Type) {
			return "&" + text
		}
		return text
	}
	text := f.constantScalar(c.Scalar, element)
	if plan.IsPointer(c.Type) {
		return "new(" + text + ")"
	}
	return text
}

// constantScalar writes a literal, which may be a number for an ID that is a text in Go.
func (f *file) constantScalar(v *ast.Value, t types.Type) string {
	if v.Kind == ast.IntValue && plan.IsString(t) {
		text := strconv.Quote(v.Raw)
		if plan.IsPlain(t) {
			return text
		}
		return f.typ(t) + "(" + text + ")"
	}
	return f.literal(v, t)
}
