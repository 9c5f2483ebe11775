package golang

import (
	"fmt"
	"go/types"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/internal/plan"
)

// Hand-written types may have values as methods, in maps, or in other Go types than generated
// code expects of a GraphQL type. A level reads such a value once for each object, into the
// expected type.

// expected returns the Go type that generated code expects of objects and lists of them: that of
// an object is its pointer, interface or map.
func (c *compiled) expected(t *ast.Type) types.Type {
	if t.Elem != nil {
		return types.NewSlice(c.expected(t.Elem))
	}
	if def := c.schema.Types[t.NamedType]; def.IsAbstractType() {
		return c.plan.Models.Named(def.Name)
	}
	return c.bound[c.ids[t.NamedType]].Type
}

// reads reports whether a level reads the value of a field from a hand-written type.
func (c *compiled) reads(o *Bound, f *BoundField) bool {
	if c.adapter(o, f) != nil || f.Own == nil || c.root(o.Def) {
		return false
	}
	return f.Own.Method || f.Own.maybe() || c.composite(f) && plan.TypeName(f.Ref.GO) != plan.TypeName(c.expected(f.Def.Type))
}

// readType returns the type that a level reads the value of a field into.
func (c *compiled) readType(f *BoundField) types.Type {
	switch {
	case c.composite(f):
		return c.expected(f.Def.Type)
	case f.Own.maybe() && !plan.Nilable(f.Ref.GO):
		return types.NewPointer(f.Ref.GO)
	}
	return f.Ref.GO
}

// read writes the reading of a field for a level.
func (c *compiled) read(o *Bound, f *BoundField) {
	into := c.readType(f)
	expr := f.Own.Expr
	each := "InOrder"
	switch {
	case f.Own.Context:
		each, expr = "Each", expr+"(ctx)"
	case f.Own.Method: // without arguments: fields with arguments have an adapter
		expr += "()"
	}
	c.line("%s(level, i, objs, %s(func(ctx %s.Context, obj %s) (%s, error) {\n%s}), %s)", c.execute("Resolve"), c.execute(each), c.use("context"),
		c.typ(o.Type), c.typ(into), c.readBody(f, expr, into), c.belowOf(f, into))
}

// readBody writes the reading of the value of one object.
func (c *compiled) readBody(f *BoundField, expr string, into types.Type) string {
	own := f.Own
	converted := c.converted(f.Def.Type, f.Ref.GO, "value")
	if !c.composite(f) && plan.TypeName(into) != plan.TypeName(f.Ref.GO) {
		converted = "&value"
	}
	before := ""
	if own.Has != "" {
		before = fmt.Sprintf("if !%s() {\nreturn nil, nil\n}\n", own.Has)
	}
	switch {
	case own.Map:
		return c.fromMap(f, expr, converted)
	case own.OK:
		return before + fmt.Sprintf("value, ok := %s\nif !ok {\nreturn nil, nil\n}\nreturn %s, nil\n", expr, converted)
	case own.Fails:
		return before + fmt.Sprintf("value, err := %s\nif err != nil {\nreturn %s, err\n}\nreturn %s, nil\n", expr, c.zeroOf(into), converted)
	}
	return before + fmt.Sprintf("value := %s\nreturn %s, nil\n", expr, converted)
}

// fromMap writes the reading of a value of a map, which has any type.
func (c *compiled) fromMap(f *BoundField, expr, converted string) string {
	have := f.Ref.GO
	text := fmt.Sprintf("switch value := %s.(type) {\ncase nil:\nreturn nil, nil\n", expr)
	if iface, ok := have.Underlying().(*types.Interface); !ok || !iface.Empty() {
		text += fmt.Sprintf("case %s:\nreturn %s, nil\n", c.typ(have), converted)
		if pointer, ok := have.(*types.Pointer); ok {
			inner := "&value"
			if c.composite(f) {
				inner = c.converted(f.Def.Type, pointer.Elem(), "value")
			}
			text += fmt.Sprintf("case %s:\nreturn %s, nil\n", c.typ(pointer.Elem()), inner)
		}
		return text + fmt.Sprintf("default:\nreturn nil, %s(value)\n}\n", c.execute("OtherType"))
	}
	return text + "default:\nreturn value, nil\n}\n"
}

// converted writes a value of a type as what generated code expects.
func (c *compiled) converted(t *ast.Type, have types.Type, expr string) string {
	if !c.schema.Types[t.Name()].IsCompositeType() {
		return expr
	}
	want := c.expected(t)
	if plan.TypeName(have) == plan.TypeName(want) {
		return expr
	}
	if pointer, ok := have.(*types.Pointer); ok {
		_, toPointer := pointer.Elem().(*types.Pointer)
		if toPointer || plan.Nilable(pointer.Elem()) {
			return c.converted(t, pointer.Elem(), c.execute("Deref")+"("+expr+")")
		}
	}
	if t.Elem == nil {
		if plan.TypeName(types.NewPointer(have)) == plan.TypeName(want) {
			return "new(" + expr + ")"
		}
		return expr // it implements the interface
	}
	slice, _ := have.Underlying().(*types.Slice)
	return fmt.Sprintf("%s(%s, func(item %s) %s { return %s })", c.execute("Items"), expr, c.typ(slice.Elem()), c.typ(c.expected(t.Elem)),
		c.converted(t.Elem, slice.Elem(), "item"))
}
