package golang

import (
	"fmt"
	"go/types"

	"github.com/portico-gateway/portico/internal/binding"
	"github.com/portico-gateway/portico/internal/plan"
)

// sentForm writes a scalar in the form that the service has in JSON.
func (c *client) sentForm(model types.Type, expr string, form binding.Form) (typ, value string) {
	typ, write := c.formWriter(plan.Element(model), form)
	if !plan.IsPointer(model) {
		return typ, write(expr)
	}
	return "*" + typ, fmt.Sprintf("%s(%s, func(value %s) %s { return %s })", c.upstream("Apply"), expr, c.typ(plan.Element(model)), typ, write("value"))
}

// formWriter returns the type of a scalar in a form, and what writes the expression for
// a value.
func (c *client) formWriter(t types.Type, form binding.Form) (typ string, write func(expr string) string) {
	call := func(name string) func(string) string {
		return func(expr string) string { return c.upstream(name) + "(" + expr + ")" }
	}
	switch form.As {
	case binding.UnixSeconds, binding.UnixMillis:
		return "int64", call(map[string]string{binding.UnixSeconds: "UnixSeconds", binding.UnixMillis: "UnixMillis"}[form.As])
	case binding.LocalTime:
		return "string", func(expr string) string {
			return fmt.Sprintf("%s(%s, %s)", c.upstream("LocalTime"), expr, c.zone(form.Zone))
		}
	case binding.Text:
		return "string", func(expr string) string { return c.textOf(t, expr) }
	}
	if kind, _ := plan.Basic(t); kind == types.Bool {
		return "int", call("Bit")
	}
	return c.upstream("Number"), call("AsNumber")
}

// formText writes a scalar as a text in the form that the service has in URLs and
// headers.
func (c *client) formText(t types.Type, expr string, form binding.Form) string {
	typ, write := c.formWriter(t, form)
	switch {
	case form.As == binding.Number && typ != "int":
		return c.textOf(t, expr)
	case typ == "int64":
		return c.use("strconv") + ".FormatInt(" + write(expr) + ", 10)"
	case typ == "int":
		return c.use("strconv") + ".Itoa(" + write(expr) + ")"
	}
	return write(expr)
}
