package golang

import (
	"go/types"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/internal/plan"
)

// abstract writes the functions of an interface or a union.
func (c *compiled) abstract(def *ast.Definition) {
	members := slices.DeleteFunc(slices.Clone(c.schema.GetPossibleTypes(def)), func(t *ast.Definition) bool { return t.Kind != ast.Object })
	slices.SortFunc(members, func(a, b *ast.Definition) int { return strings.Compare(a.Name, b.Name) })
	c.split(def, members)
	c.writeAbstract(def, members)
	c.listAbstract(def)
}

// valueType returns the Go type of the values of an abstract type.
func (c *compiled) valueType(def *ast.Definition) string { return c.typ(c.plan.Models.Named(def.Name)) }

// member returns the Go type of the objects of a type.
func (c *compiled) member(def *ast.Definition) string { return c.typ(c.bound[c.ids[def.Name]].Type) }

// byValue reports whether values of an abstract type can be objects without their pointer.
// Generated models, which are not written yet, can: their methods have no pointers.
func byValue(abstract, object types.Type) bool {
	of, ok := abstract.(*types.Named)
	if !ok || !plan.IsPointer(object) {
		return false
	}
	if methods, ok := of.Underlying().(*types.Interface); !ok || methods.NumMethods() > 0 {
		return ok && types.Implements(plan.Element(object), methods)
	}
	mark := "Is" + of.Obj().Name()
	has := func(t types.Type) bool { return types.NewMethodSet(t).Lookup(nil, mark) != nil }
	return !has(object) || has(plan.Element(object))
}

// valueOf returns the Go type of the objects of a type without their pointer, if values of an
// abstract type can be such; else it is empty.
func (c *compiled) valueOf(def, member *ast.Definition) string {
	object := c.bound[c.ids[member.Name]].Type
	if !byValue(c.plan.Models.Named(def.Name), object) {
		return ""
	}
	return c.typ(plan.Element(object))
}

// split writes the function that resolves levels of values, one for each type.
func (c *compiled) split(def *ast.Definition, members []*ast.Definition) {
	c.line("// %s resolves what is selected of values, by their types.", name("split", def))
	c.line("func (c compiled) %s(x *%s, f *%s, values []%s) ([]*%s, []int32) {", name("split", def), c.execute("Run"), c.execute("Selected"),
		c.valueType(def), c.execute("Results"))
	if len(members) == 0 { // there is nothing to resolve
		c.line("return nil, nil\n}\n")
		return
	}
	c.line("index := make([]int32, len(values))\nvar (")
	for _, t := range members {
		c.line("as%s []%s", upperFirst(t.Name), c.member(t))
	}
	c.line(")\nfor i, value := range values {\nswitch value := value.(type) {")
	for _, t := range members {
		as := "as" + upperFirst(t.Name)
		c.line("case %s:\nif %s(value) {\nindex[i] = int32(len(%s))\n%s = append(%s, value)\n}", c.member(t), name("is", t), as, as, as)
		if value := c.valueOf(def, t); value != "" {
			c.line("case %s:\nindex[i] = int32(len(%s))\n%s = append(%s, &value)", value, as, as, as)
		}
	}
	c.line("}\n}\nlevels := make([]*%s, %d)\n%s(", c.execute("Results"), len(c.bound), c.execute("Concurrently"))
	for _, t := range members {
		id := c.ids[t.Name]
		c.line("func() { levels[%d] = c.%s(x, f.Below(%d), as%s) },", id, name("level", t), id, upperFirst(t.Name))
	}
	c.line(")\nreturn levels, index\n}\n")
}

// writeAbstract writes the function that writes a value.
func (c *compiled) writeAbstract(def *ast.Definition, members []*ast.Definition) {
	c.line("// %s writes a value that is not nil.", name("write", def))
	c.line("func (c compiled) %s(w *%s, f *%s, below *%s, at int, value %s, nonNull bool) {\nswitch value := value.(type) {", name("write", def),
		c.execute("Writer"), c.execute("Selected"), c.execute("Children"), c.valueType(def))
	for _, t := range members {
		id := c.ids[t.Name]
		c.line("case %s:\nif value == nil {\nw.NullOr(nonNull)\nreturn\n}", c.member(t))
		c.line("level, at := below.Of(%d, at)\nc.%s(w, f.Below(%d), level, at, value)", id, name("write", t), id)
		if value := c.valueOf(def, t); value != "" {
			c.line("case %s:\nlevel, at := below.Of(%d, at)\nc.%s(w, f.Below(%d), level, at, &value)", value, id, name("write", t), id)
		}
	}
	c.line("default:\nw.Unexpected(value)\n}\n}\n")
}

// listAbstract writes the function that writes a list of values.
func (c *compiled) listAbstract(def *ast.Definition) {
	c.line("// %s writes a list of values, and returns the position after theirs.", name("list", def))
	c.line("func (c compiled) %s(w *%s, f *%s, below *%s, at int, list []%s, nonNull bool) int {\nok := true\nw.List()", name("list", def),
		c.execute("Writer"), c.execute("Selected"), c.execute("Children"), c.valueType(def))
	c.line("for i, value := range list {\nmark := w.Item(i)\nif value == nil {\nw.NullOr(nonNull)\n} else {")
	c.line("c.%s(w, f, below, at, value, nonNull)\n}\nat++\nok = w.EndItem(mark, nonNull) && ok\n}\nw.EndList(ok)\nreturn at\n}\n", name("write", def))
}
