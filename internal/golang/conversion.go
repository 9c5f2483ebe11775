package golang

import (
	"fmt"
	"go/types"
	"strings"

	"github.com/portico-gateway/portico/internal/plan"
)

// funcName writes the name of a function, with its type arguments.
func (c *client) funcName(f *plan.Func) string {
	name := c.use(f.Package) + "." + f.Name
	if len(f.Types) == 0 {
		return name
	}
	var args []string
	for _, t := range f.Types {
		args = append(args, c.typ(t))
	}
	return name + "[" + strings.Join(args, ", ") + "]"
}

// converted writes a conversion that can't fail.
func (c *client) converted(v plan.Conversion, expr string) string {
	from, to := v.From, v.To
	switch {
	case v.Enum != nil:
		return c.of(textOf{v.Enum}) + "(" + expr + ")"
	case v.Scalar != nil && plan.IsPointer(v.From): // a wrapper is read
		from, expr = v.Scalar, expr+".GetValue()"
	case v.Scalar != nil:
		to = v.Scalar
	}
	switch {
	case v.Func != nil:
		expr = c.funcName(v.Func) + "(" + expr + ")"
	case plan.TypeName(from) != plan.TypeName(to):
		expr = c.typ(to) + "(" + expr + ")"
	}
	if v.Scalar != nil && !plan.IsPointer(v.From) {
		return c.wrapper(v) + "(" + expr + ")"
	}
	return expr
}

// wrapper returns the function that wraps a scalar in a message.
func (c *client) wrapper(v plan.Conversion) string {
	named, _ := plan.Element(v.To).(*types.Named)
	return c.use("google.golang.org/protobuf/types/known/wrapperspb") + "." + strings.TrimSuffix(named.Obj().Name(), "Value")
}

// failing writes a function for a conversion that can fail.
func (c *client) failing(v plan.Conversion) string {
	switch {
	case v.Object != nil:
		return c.of(v.Object)
	case v.Enum != nil:
		return c.of(v.Enum)
	case v.Input != nil:
		return c.of(v.Input)
	case v.Scalar == nil:
		return c.funcName(v.Func)
	case plan.IsPointer(v.From):
		return fmt.Sprintf("func(value %s) (%s, error) { return %s(value.GetValue()) }", c.typ(v.From), c.typ(v.To), c.funcName(v.Func))
	}
	return fmt.Sprintf("func(value %s) (%s, error) {\nraw, err := %s(value)\nreturn %s(raw), err\n}", c.typ(v.From), c.typ(v.To), c.funcName(v.Func),
		c.wrapper(v))
}

// each writes a function that converts an item of a list and returns an error
// too. item is the expression of the value: "*item" if itemType is a pointer to
// it.
func (c *client) each(v plan.Conversion, itemType, item string) string {
	switch {
	case v.Fails() && item == "item" && v.Input == nil:
		return c.failing(v)
	case v.Fails() && v.Input != nil && strings.HasPrefix(itemType, "*"):
		return c.failing(v)
	case v.Fails():
		return fmt.Sprintf("func(item %s) (%s, error) { return %s(%s) }", itemType, c.typ(v.To), c.failing(v), item)
	}
	return fmt.Sprintf("func(item %s) (%s, error) { return %s, nil }", itemType, c.typ(v.To), c.converted(v, item))
}

// getters writes the getters of a path of fields.
func (c *client) getters(expr string, fields []plan.MessageField) string {
	for _, f := range fields {
		expr += ".Get" + f.GoName + "()"
		if f.IsItem() {
			expr = fmt.Sprintf("%s(%s, %d)", c.decode("Item"), expr, f.Item)
		}
	}
	return expr
}
