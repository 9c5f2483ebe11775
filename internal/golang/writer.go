package golang

import (
	"go/types"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/internal/plan"
)

// write writes the function that writes an object.
func (c *compiled) write(o *Bound) {
	isRoot := c.root(o.Def)
	faults, extra, at := "nil", ", at int, obj "+c.typ(o.Type), "at"
	if isRoot {
		extra, at = "", "0"
	} else if c.faults(o) != "" {
		faults = "obj." + c.faults(o)
	}
	c.line("// %s writes an object: that at a position of the level, if there is one.", name("write", o.Def))
	c.line("func (c compiled) %s(w *%s, selected *%s, level *%s%s) {\nif !w.Object(%s) {\nreturn\n}\nok := true", name("write", o.Def), c.execute("Writer"),
		c.execute("Object"), c.execute("Results"), extra, faults)
	c.line("for i := range selected.Fields {\nf := &selected.Fields[i]\nmark, good := w.Begin(f, %s)\nif good {\nswitch f.ID {\ncase %s:\nw.String(%q)", faults,
		c.execute("Typename"), o.Def.Name)
	for i, f := range o.Fields {
		c.line("case %d: // %s", i+1, f.Def.Name)
		c.writeField(o, f, at)
	}
	c.line("}\n}\nok = w.End(f, mark) && ok\n}\nw.Close(ok)\n}\n")
}

// writeField writes the writing of a field.
func (c *compiled) writeField(o *Bound, f *BoundField, at string) {
	a := c.adapter(o, f)
	reads := c.reads(o, f)
	switch {
	case a != nil && a.Resolved() || reads:
		value, below := f.Ref.GO, "_, _"
		if reads {
			value = c.readType(f)
		}
		if c.composite(f) {
			below = "below, first"
		}
		c.line("value, err, %s := %s[%s](level, i, %s)\nif err == nil || w.Fault(err) {", below, c.execute("At"), c.typ(value), at)
		c.value(f, f.Def.Type, value, "value")
		c.line("}")
	case a != nil:
		if c.composite(f) {
			c.line("below, first := level.Under(i, %s)", at)
		}
		c.line("if value, err := %s(obj.%s); err != nil {\nw.Error(err)\n} else {", fitName(a), a.GoName)
		c.value(f, f.Def.Type, f.Ref.GO, "value")
		c.line("}")
	default:
		if c.composite(f) {
			c.line("below, first := level.Under(i, %s)", at)
		}
		c.value(f, f.Def.Type, f.Ref.GO, f.Own.Expr)
	}
}

// value writes the writing of a value.
func (c *compiled) value(f *BoundField, t *ast.Type, have types.Type, expr string) {
	null := "w.Null()"
	if t.NonNull {
		null = "w.Missing()"
	}
	def := c.schema.Types[t.Name()]
	switch {
	case !def.IsCompositeType():
		c.leaf(f, t, have, expr, null)
	case t.Elem != nil:
		c.list(t, expr, func() {
			if t.Elem.Elem == nil {
				c.line("first = c.%s(w, f, below, first, %s, %t)", name("list", def), expr, t.Elem.NonNull)
				return
			}
			slice, _ := have.(*types.Slice)
			c.items(expr, t.Elem.NonNull, func() { c.value(f, t.Elem, slice.Elem(), "value") })
		})
	case def.IsAbstractType():
		c.line("if %s == nil {\n%s\n} else {\nc.%s(w, f, below, first, %s, %t)\n}", expr, null, name("write", def), expr, t.NonNull)
	default:
		c.line("if %s == nil {\n%s\n} else {\nc.%s(w, f.Below(%d), below.Level(), first, %s)\n}", expr, null, name("write", def), c.ids[def.Name], expr)
	}
}

// leaf writes the writing of scalars and enums.
func (c *compiled) leaf(f *BoundField, t *ast.Type, have types.Type, expr, null string) {
	cast := func(t types.Type, expr string) string {
		want := map[string]string{"String": "string", "Int": "int", "Int64": "int64", "Int64Text": "int64", "Float": "float64", "Bool": "bool"}[f.Leaf]
		if want == "" || plan.TypeName(t) == want {
			return expr
		}
		return want + "(" + expr + ")"
	}
	slice, isSlice := have.(*types.Slice)
	switch {
	case f.Leaf != "" && t.Elem == nil && plan.IsPointer(have):
		c.line("if %s == nil {\n%s\n} else {\nw.%s(%s)\n}", expr, null, f.Leaf, cast(plan.Element(have), "*"+expr))
	case f.Leaf != "" && t.Elem == nil:
		c.line("w.%s(%s)", f.Leaf, cast(have, expr))
	case f.Leaf != "" && isSlice && t.Elem.Elem == nil:
		c.list(t, expr, func() {
			c.items(expr, t.Elem.NonNull, func() {
				if !plan.IsPointer(slice.Elem()) {
					c.line("w.%s(%s)", f.Leaf, cast(slice.Elem(), "value"))
					return
				}
				c.line("if value == nil {\nw.NullOr(%t)\n} else {\nw.%s(%s)\n}", t.Elem.NonNull, f.Leaf, cast(plan.Element(slice.Elem()), "*value"))
			})
		})
	default:
		ref := *f.Ref
		ref.GO = have
		c.line("aside := w.Aside()\nw.Marshal(%t, aside, %s(aside, %s))", t.NonNull, c.values.write(&ref), expr)
	}
}

// list writes the writing of a list. A list that is nil and may not be null is
// empty.
func (c *compiled) list(t *ast.Type, expr string, write func()) {
	if t.NonNull {
		write()
		return
	}
	c.line("if %s == nil {\nw.Null()\n} else {", expr)
	write()
	c.line("}")
}

// items writes the writing of a list's items, each in the variable value.
func (c *compiled) items(expr string, nonNull bool, write func()) {
	c.line("w.List()\nfine := true\nfor j, value := range %s {\nitem := w.Item(j)", expr)
	write()
	c.line("fine = w.EndItem(item, %t) && fine\n}\nw.EndList(fine)", nonNull)
}

// writeList writes the function that writes a list of objects. It returns the
// position of the object after its own.
func (c *compiled) writeList(o *Bound) {
	c.line("// %s writes a list of objects, and returns the position after theirs.", name("list", o.Def))
	c.line("func (c compiled) %s(w *%s, f *%s, below *%s, at int, list []%s, nonNull bool) int {", name("list", o.Def), c.execute("Writer"),
		c.execute("Selected"), c.execute("Children"), c.typ(o.Type))
	c.line("selected, level, ok := f.Below(%d), below.Level(), true\nw.List()\nfor i, obj := range list {\nmark := w.Item(i)", c.ids[o.Def.Name])
	c.line("if obj == nil {\nw.NullOr(nonNull)\n} else {\nc.%s(w, selected, level, at, obj)", name("write", o.Def))
	c.line("}\nif %s(obj) {\nat++\n}\nok = w.EndItem(mark, nonNull) && ok\n}\nw.EndList(ok)\nreturn at\n}\n", name("is", o.Def))
}
