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
	null := c.nullItems(o, f)
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
		c.value(f, f.Def.Type, value, "value", null)
		c.line("}")
	case a != nil:
		if c.composite(f) {
			c.line("below, first := level.Under(i, %s)", at)
		}
		c.line("value, err := %s(obj.%s)\nif err == nil || w.Fault(err) {", fitName(a), a.GoName)
		c.value(f, f.Def.Type, a.Type, "value", null)
		c.line("}")
	default:
		if c.composite(f) {
			c.line("below, first := level.Under(i, %s)", at)
		}
		c.value(f, f.Def.Type, f.Ref.GO, f.Own.Expr, null)
	}
}

// value writes the writing of a value. nullItems reports, by depth, whether it can be null in what is read, though it may
// not be.
func (c *compiled) value(f *BoundField, t *ast.Type, have types.Type, expr string, nullItems []bool) {
	null := orMissing(t)
	def := c.schema.Types[t.Name()]
	switch {
	case !def.IsCompositeType():
		c.leaf(f, t, have, expr, nullItems)
	case t.Elem != nil:
		c.list(t, expr, nullItems, func() {
			if t.Elem.Elem == nil {
				c.line("first = c.%s(w, f, below, first, %s, %t)", name("list", def), expr, t.Elem.NonNull)
				return
			}
			slice, _ := have.(*types.Slice)
			c.items(expr, t.Elem.NonNull, func() { c.value(f, t.Elem, slice.Elem(), "value", below(nullItems)) })
		})
	case def.IsAbstractType():
		c.line("if %s == nil {\n%s\n} else {\nc.%s(w, f, below, first, %s, %t)\n}", expr, null, name("write", def), expr, t.NonNull)
	default:
		c.line("if %s == nil {\n%s\n} else {\nc.%s(w, f.Below(%d), below.Level(), first, %s)\n}", expr, null, name("write", def), c.ids[def.Name], expr)
	}
}

// orMissing returns the writing of null.
func orMissing(t *ast.Type) string {
	if t.NonNull {
		return "w.Missing()"
	}
	return "w.Null()"
}

// leaf writes the writing of scalars and enums.
func (c *compiled) leaf(f *BoundField, t *ast.Type, have types.Type, expr string, nullItems []bool) {
	cast := func(t types.Type, expr string) string {
		want := map[string]string{"String": "string", "Int": "int", "Int64": "int64", "Int64Text": "int64", "Float": "float64", "Bool": "bool"}[f.Leaf]
		if want == "" || plan.TypeName(t) == want {
			return expr
		}
		return want + "(" + expr + ")"
	}
	slice, isSlice := have.(*types.Slice)
	null := orMissing(t)
	switch {
	case f.Leaf != "" && t.Elem == nil && plan.IsPointer(have):
		c.line("if %s == nil {\n%s\n} else {\nw.%s(%s)\n}", expr, null, f.Leaf, cast(plan.Element(have), "*"+expr))
	case f.Leaf != "" && t.Elem == nil:
		c.line("w.%s(%s)", f.Leaf, cast(have, expr))
	case len(nullItems) > 1 && isSlice && (f.Leaf == "" || t.Elem.Elem != nil):
		// An item that is null must fail as a part of the list.
		c.list(t, expr, nullItems, func() {
			c.items(expr, t.Elem.NonNull, func() { c.value(f, t.Elem, slice.Elem(), "value", below(nullItems)) })
		})
	case f.Leaf != "" && isSlice && t.Elem.Elem == nil:
		c.list(t, expr, nullItems, func() {
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
		for of := f.Def.Type; of != t && ref.Elem() != nil; of = of.Elem {
			ref = *ref.Elem()
		}
		ref.GO = have
		c.line("aside := w.Aside()\nw.Marshal(%t, aside, %s(aside, %s))", t.NonNull, c.values.write(&ref), expr)
	}
}

// list writes the writing of a list. A list that is nil and may not be null is
// empty, unless it can be null in what is read.
func (c *compiled) list(t *ast.Type, expr string, nullItems []bool, write func()) {
	if t.NonNull && (len(nullItems) == 0 || !nullItems[0]) {
		write()
		return
	}
	c.line("if %s == nil {\n%s\n} else {", expr, orMissing(t))
	write()
	c.line("}")
}

// below returns nullItems of the items of a list.
func below(nullItems []bool) []bool { return nullItems[min(1, len(nullItems)):] }

// items writes the writing of a list's items, each in the variable value.
func (c *compiled) items(expr string, nonNull bool, write func()) {
	c.line("w.List()\nfine := true\nfor j, value := range %s {\nitem := w.Item(j)\n{", expr)
	write()
	c.line("}\nfine = w.EndItem(item, %t) && fine\n}\nw.EndList(fine)", nonNull)
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
