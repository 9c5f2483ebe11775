package golang

import (
	"fmt"
	"go/types"
	"path"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/internal/plan"
)

// Bound is an object type of a frontend, as gqlgen binds it.
type Bound struct {
	Def *ast.Definition
	// Type is the Go type of an object.
	Type types.Type
	// Implements are the names of its interfaces and unions.
	Implements []string
	Fields     []BoundField
}

// BoundField is a field of a [Bound].
type BoundField struct {
	Def *ast.FieldDefinition
	// Type is the Go type of the value.
	Type types.Type
	// GoName is the field of the Go type that has the value; empty if something
	// else has it.
	GoName string
	// Marshal is the method of gqlgen's executor that writes the value. Leaf is
	// the method of execute.Writer that writes one scalar or enum of it; empty if
	// there is none.
	Marshal, Leaf string
}

// compiled writes the compiled execution of one frontend: for each object type, a
// function that resolves a level of objects, and one that writes an object.
type compiled struct {
	*adapters
	bound   []*Bound
	ids     map[string]int // of object types
	planned map[string]*plan.Adapters
	schema  *ast.Schema
}

// Compiled returns the file with the compiled execution of a frontend,
// compiled.gen.go in its folder of graph/. It also returns the fields that it
// leaves to gqlgen, as Type.field.
func Compiled(p *plan.Plan, f *plan.Frontend, schema *ast.Schema, bound []*Bound) (text []byte, left []string, err error) {
	c := &compiled{
		adapters: &adapters{file: newFile(p, path.Join(p.Module, "graph", f.Name)), plan: p, frontend: f},
		bound:    bound, ids: map[string]int{}, planned: map[string]*plan.Adapters{}, schema: schema,
	}
	for i, o := range bound {
		c.ids[o.Def.Name] = i
	}
	for _, o := range f.Objects {
		c.planned[o.Name] = o
	}
	c.table()
	for _, o := range bound {
		left = append(left, c.object(o)...)
	}
	for _, name := range slices.Sorted(mapsKeys(schema.Types)) {
		if def := schema.Types[name]; def.IsAbstractType() && !strings.HasPrefix(name, "__") {
			c.abstract(def)
		}
	}
	text, err = c.formatted("", c.b.String())
	return text, left, err
}

func mapsKeys(types map[string]*ast.Definition) func(func(string) bool) {
	return func(yield func(string) bool) {
		for name := range types {
			if !yield(name) {
				return
			}
		}
	}
}

// table writes the types.
func (c *compiled) table() {
	c.line("// compiled is the compiled execution of the frontend.\ntype compiled struct{ r *resolver }\n")
	c.line("// compiled returns the compiled execution.\nfunc (r *resolver) compiled() *%s {\nc := compiled{r}\nreturn &%s{\nTypes: []*%s{", c.execute("Compiled"),
		c.execute("Compiled"), c.execute("Type"))
	for _, o := range c.bound {
		names := append([]string{o.Def.Name}, o.Implements...)
		c.line("{\nName: %q, Implements: []string{%s},", o.Def.Name, quoted(names))
		if planned := c.planned[o.Def.Name]; planned != nil && len(planned.Tags) > 0 {
			c.line("Tags: true,")
		}
		c.line("Fields: map[string]%s{\n\"__typename\": {},", c.execute("FieldOf"))
		for i, f := range o.Fields {
			id, resolves := i+1, ""
			if !c.can(o, f) {
				id = -1
			}
			if a := c.adapter(o, f); a != nil && a.Resolved() {
				resolves = ", Resolves: true"
			}
			if w := c.walk(o, f); w != nil && len(w.Tags) > 0 {
				resolves += ", Tags: true"
			}
			possible := ""
			if ids := c.possible(f.Def.Type.Name()); len(ids) > 0 {
				possible = fmt.Sprintf(", Types: []int{%s}", strings.Join(ids, ", "))
			}
			c.line("%q: {ID: %d%s%s},", f.Def.Name, id, resolves, possible)
		}
		c.line("},\n},")
	}
	c.line("},")
	for _, root := range []struct {
		field string
		def   *ast.Definition
	}{{"Query", c.schema.Query}, {"Mutation", c.schema.Mutation}} {
		if root.def != nil && slices.ContainsFunc(c.bound, func(o *Bound) bool { return o.Def == root.def }) {
			c.line("%s: c.level%s,\nWrite%s: c.write%s,", root.field, upperFirst(root.def.Name), root.field, upperFirst(root.def.Name))
		}
	}
	c.line("}\n}\n")
}

// possible returns the positions of a type's possible types.
func (c *compiled) possible(name string) []string {
	var ids []string
	def := c.schema.Types[name]
	if !def.IsCompositeType() {
		return nil
	}
	for _, t := range c.schema.GetPossibleTypes(def) {
		if id, ok := c.ids[t.Name]; ok {
			ids = append(ids, fmt.Sprint(id))
		}
	}
	slices.Sort(ids)
	return ids
}

func (c *compiled) adapter(o *Bound, f BoundField) *plan.Adapter {
	planned := c.planned[o.Def.Name]
	if planned == nil {
		return nil
	}
	i := slices.IndexFunc(planned.Fields, func(a *plan.Adapter) bool { return a.Name == f.Def.Name })
	if i < 0 {
		return nil
	}
	return planned.Fields[i]
}

func (c *compiled) walk(o *Bound, f BoundField) *plan.Walk {
	planned := c.planned[o.Def.Name]
	if planned == nil {
		return nil
	}
	i := slices.IndexFunc(planned.Walk, func(w *plan.Walk) bool { return w.Name == f.Def.Name })
	if i < 0 {
		return nil
	}
	return planned.Walk[i]
}

// faults returns the field with the faults of an object's model; empty if it has
// none.
func (c *compiled) faults(o *Bound) string { return c.plan.FaultsOf(o.Def.Name) }

// root reports whether a type is a root operation type.
func (c *compiled) root(def *ast.Definition) bool {
	return def == c.schema.Query || def == c.schema.Mutation
}

// can reports whether a field is compiled.
func (c *compiled) can(o *Bound, f BoundField) bool {
	if !c.root(o.Def) && !isObject(o.Type) || !c.fits(f.Def.Type, f.Type) {
		return false
	}
	a := c.adapter(o, f)
	return a != nil || f.GoName != "" && !c.root(o.Def)
}

// isObject reports whether the Go type of an object is a pointer to a struct.
func isObject(t types.Type) bool {
	if !plan.IsPointer(t) {
		return false
	}
	_, ok := plan.Element(t).Underlying().(*types.Struct)
	return ok
}

// fits reports whether a Go type has the form that compiled code expects of a
// GraphQL type: a pointer for an object, an interface for an abstract type, a
// slice for a list.
func (c *compiled) fits(t *ast.Type, have types.Type) bool {
	def := c.schema.Types[t.Name()]
	if !def.IsCompositeType() {
		return true
	}
	if t.Elem != nil {
		slice, ok := have.(*types.Slice)
		return ok && c.fits(t.Elem, slice.Elem())
	}
	if def.IsAbstractType() {
		_, ok := have.Underlying().(*types.Interface)
		return ok && plan.TypeName(have) == plan.TypeName(c.plan.Models.Named(def.Name)) && c.members(def)
	}
	id, ok := c.ids[def.Name]
	return ok && isObject(have) && plan.TypeName(have) == plan.TypeName(c.bound[id].Type)
}

// members reports whether all possible types of an abstract type are pointers to
// structs.
func (c *compiled) members(def *ast.Definition) bool {
	for _, t := range c.schema.GetPossibleTypes(def) {
		if id, ok := c.ids[t.Name]; !ok || !isObject(c.bound[id].Type) {
			return false
		}
	}
	return true
}

// object writes the functions of an object type. It returns the fields that are
// left to gqlgen.
func (c *compiled) object(o *Bound) (left []string) {
	for _, f := range o.Fields {
		if !c.can(o, f) {
			left = append(left, o.Def.Name+"."+f.Def.Name)
		}
	}
	if c.root(o.Def) {
		c.rootLevel(o)
		c.write(o)
		return left
	}
	if !isObject(o.Type) {
		return left
	}
	c.line("func faultsOf%s(obj %s) *%s {", upperFirst(o.Def.Name), c.typ(o.Type), c.gateway("decode", "Faults"))
	if faults := c.faults(o); faults != "" {
		c.line("return obj.%s\n}\n", faults)
	} else {
		c.line("return nil\n}\n")
	}
	c.levelOf(o)
	c.write(o)
	c.writeList(o)
	return left
}

// name returns the name of a function of a type.
func name(prefix string, def *ast.Definition) string { return prefix + upperFirst(def.Name) }

const astField = "*execute.Selected"

// levelOf writes the function that resolves a level of objects.
func (c *compiled) levelOf(o *Bound) {
	c.line("// %s resolves what is selected of objs, and of the objects below them.", name("level", o.Def))
	c.line("func (c compiled) %s(x *%s, selected *%s, objs []%s) *%s {\nlevel := x.Level(selected)", name("level", o.Def), c.execute("Run"), c.execute("Object"),
		c.typ(o.Type), c.execute("Results"))
	planned := c.planned[o.Def.Name]
	if planned != nil {
		for _, t := range planned.Tags {
			c.note(planned, t)
		}
	}
	var cases strings.Builder
	for i, f := range o.Fields {
		if !c.can(o, f) {
			continue
		}
		if code := c.levelField(o, f); code != "" {
			fmt.Fprintf(&cases, "case %d: // %s\n%s", i+1, f.Def.Name, code)
		}
	}
	if cases.Len() == 0 {
		c.line("return level\n}\n")
		return
	}
	c.line("for i := range selected.Fields {\nf := &selected.Fields[i]\nif x.Denied(f) {\ncontinue\n}\nswitch f.ID {\n%s}\n}\nreturn level.Do()\n}\n", cases.String())
}

// note writes the tags of a level's objects.
func (c *compiled) note(o *plan.Adapters, t plan.Tag) {
	text := c.captured(func() { c.tag(o, t) })
	text = strings.Replace(text, c.execute("Tag")+"(level, ", c.execute("Noted")+"(x, objs, ", 1)
	c.b.WriteString(text)
}

// captured returns what do writes.
func (c *compiled) captured(do func()) string {
	outer := c.b.String()
	c.b.Reset()
	do()
	text := c.b.String()
	c.b.Reset()
	c.b.WriteString(outer)
	return text
}

// levelField writes what a level does with a field; empty for nothing.
func (c *compiled) levelField(o *Bound, f BoundField) string {
	return c.captured(func() {
		if w := c.walk(o, f); w != nil {
			for _, t := range w.Tags {
				c.note(c.planned[o.Def.Name], t)
			}
		}
		a := c.adapter(o, f)
		switch {
		case a != nil && a.Resolved():
			c.resolve(o, f, a)
		case c.schema.Types[f.Def.Type.Name()].IsCompositeType():
			c.line("level.Descend(i, func(x *%s, f *%s) *%s {\nvalues := %s(objs, func(obj %s) %s { %s })\nreturn %s\n})", c.execute("Run"), c.execute("Selected"),
				c.execute("Children"), c.execute("Get"), c.typ(o.Type), c.typ(f.Type), c.get(f, a), c.children(f.Def.Type, f.Type, "values"))
		}
	})
}

// get writes the return of the value that an object has.
func (c *compiled) get(f BoundField, a *plan.Adapter) string {
	if a != nil { // its errors are added when it is written
		return fmt.Sprintf("value, _ := %s(obj.%s)\nreturn value", fitName(a), a.GoName)
	}
	return "return obj." + f.GoName
}

// resolve writes the resolution of a field for a level.
func (c *compiled) resolve(o *Bound, f BoundField, a *plan.Adapter) {
	parent, value := c.typ(o.Type), c.typ(f.Type)
	var values []string
	if len(a.Arguments) > 0 {
		c.line("args, err := c.r.executionContext(x.Context()).field_%s_%s_args(x.Context(), x.Arguments(f))", o.Def.Name, f.Def.Name)
		c.line("if err != nil {\n%s[%s](level, i, len(objs), err)\ncontinue\n}", c.execute("Fail"), value)
	}
	for _, arg := range a.Arguments {
		values = append(values, fmt.Sprintf("args[%q].(%s)", arg.Name, c.typ(arg.Type)))
	}
	var resolver string
	switch {
	case a.Level():
		resolver = fmt.Sprintf("c.r.%s(%s)", levelName(a), strings.Join(values, ", "))
		if a.Method != nil {
			resolver = c.execute("Distinct") + "(" + resolver + ")"
		}
	default: // a method of one parent
		for i, arg := range a.Arguments {
			c.line("%s := %s", Param(arg.Name), values[i])
		}
		resolver = fmt.Sprintf("%s(func(ctx %s.Context, obj %s) (%s, error) {\nreturn %s\n})", c.execute("Each"), c.use("context"), parent, value,
			c.fitted(a, c.call(a, "c.r", "obj")))
	}
	c.line("%s(level, i, objs, %s, %s)", c.execute("Resolve"), resolver, c.below2(f))
}

// below2 writes the function that resolves what is below the values of a field;
// nil if they are scalars.
func (c *compiled) below2(f BoundField) string {
	if !c.schema.Types[f.Def.Type.Name()].IsCompositeType() {
		return "nil"
	}
	return fmt.Sprintf("func(x *%s, f *%s, values []%s) *%s {\nreturn %s\n}", c.execute("Run"), c.execute("Selected"), c.typ(f.Type), c.execute("Children"),
		c.children(f.Def.Type, f.Type, "values"))
}

// children writes the expression for what is below values.
func (c *compiled) children(t *ast.Type, have types.Type, values string) string {
	def := c.schema.Types[t.Name()]
	lists := 0
	for ; t.Elem != nil; t = t.Elem {
		lists++
	}
	for ; lists > 1; lists-- {
		values = c.execute("Flatten") + "(" + values + ")"
	}
	if def.IsAbstractType() {
		if lists == 0 {
			values = c.execute("Single") + "(" + values + ")"
		}
		return fmt.Sprintf("%s(x, f, %s, c.%s)", c.execute("Abstract"), values, name("split", def))
	}
	fn := "One"
	if lists == 1 {
		fn = "Many"
	}
	return fmt.Sprintf("%s(x, f.Below(%d), %s, %s, c.%s)", c.execute(fn), c.ids[def.Name], values, name("faultsOf", def), name("level", def))
}

// rootLevel writes the function that resolves the root fields.
func (c *compiled) rootLevel(o *Bound) {
	mutation := o.Def == c.schema.Mutation
	c.line("// %s resolves the root fields, and what is below them.\nfunc (c compiled) %s(x *%s, selected *%s) *%s {\nlevel := x.Level(selected)", name("level", o.Def),
		name("level", o.Def), c.execute("Run"), c.execute("Object"), c.execute("Results"))
	c.line("for i := range selected.Fields {\nf := &selected.Fields[i]\nif x.Denied(f) {\ncontinue\n}\nswitch f.ID {")
	for i, f := range o.Fields {
		a := c.adapter(o, f)
		if !c.can(o, f) || a == nil {
			continue
		}
		c.line("case %d: // %s", i+1, f.Def.Name)
		value := c.typ(f.Type)
		if len(a.Arguments) > 0 {
			c.line("args, err := c.r.executionContext(x.Context()).field_%s_%s_args(x.Context(), x.Arguments(f))", o.Def.Name, f.Def.Name)
			c.line("if err != nil {\n%s[%s](level, i, 1, err)\ncontinue\n}", c.execute("Fail"), value)
		}
		for _, p := range a.Parameters {
			if p.From != nil {
				c.line("%s := args[%q].(%s)", Param(p.From.Name), p.From.Name, c.typ(p.From.Type))
			}
		}
		if len(a.Arguments) > 0 && !slices.ContainsFunc(a.Parameters, func(p plan.Parameter) bool { return p.From != nil }) {
			c.line("_ = args")
		}
		c.line("%s(level, i, func(ctx %s.Context) (%s, error) {", c.execute("ResolveRoot"), c.use("context"), value)
		call := c.fitted(a, c.call(a, "c.r", ""))
		if mutation {
			c.line("value, err := %s\n%s(ctx)\nreturn value, err", call, c.execute("Reset"))
		} else {
			c.line("return %s", call)
		}
		c.line("}, %s)", c.below2(f))
		if mutation {
			c.line("level.Do() // one after the other")
		}
	}
	c.line("}\n}\nreturn level.Do()\n}\n")
}

// write writes the function that writes an object.
func (c *compiled) write(o *Bound) {
	isRoot := c.root(o.Def)
	faults, extra, at := "nil", fmt.Sprintf(", at int, obj %s", c.typ(o.Type)), "at"
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
		if !c.can(o, f) {
			continue
		}
		c.line("case %d: // %s", i+1, f.Def.Name)
		c.writeField(o, f, at)
	}
	c.line("}\n}\nok = w.End(f, mark) && ok\n}\nw.Close(ok)\n}\n")
}

// writeField writes the writing of a field.
func (c *compiled) writeField(o *Bound, f BoundField, at string) {
	a := c.adapter(o, f)
	composite := c.schema.Types[f.Def.Type.Name()].IsCompositeType()
	switch {
	case a != nil && a.Resolved():
		below := "_, _"
		if composite {
			below = "below, first"
		}
		c.line("value, err, %s := %s[%s](level, i, %s)\nif err == nil || w.Fault(err) {", below, c.execute("At"), c.typ(f.Type), at)
		c.value(f, f.Def.Type, f.Type, "value")
		c.line("}")
	case a != nil:
		if composite {
			c.line("below, first := level.Under(i, %s)", at)
		}
		c.line("if value, err := %s(obj.%s); err != nil {\nw.Error(err)\n} else {", fitName(a), a.GoName)
		c.value(f, f.Def.Type, f.Type, "value")
		c.line("}")
	default:
		if composite {
			c.line("below, first := level.Under(i, %s)", at)
		}
		c.value(f, f.Def.Type, f.Type, "obj."+f.GoName)
	}
}

// value writes the writing of a value.
func (c *compiled) value(f BoundField, t *ast.Type, have types.Type, expr string) {
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
func (c *compiled) leaf(f BoundField, t *ast.Type, have types.Type, expr, null string) {
	cast := func(t types.Type, expr string) string {
		want := map[string]string{"String": "string", "Int": "int", "Int64": "int64", "Float": "float64", "Bool": "bool"}[f.Leaf]
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
		c.line("aside := w.Aside()\nw.Marshal(%t, aside, c.r.executionContext(aside).%s(aside, nil, %s))", t.NonNull, f.Marshal, expr)
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
	c.line("switch {\ncase obj == nil && nonNull:\nw.Missing()\ncase obj == nil:\nw.Null()\ndefault:\nc.%s(w, selected, level, at, obj)", name("write", o.Def))
	c.line("if %s(obj).Whole() == nil {\nat++\n}\n}\nok = w.EndItem(mark, nonNull) && ok\n}\nw.EndList(ok)\nreturn at\n}\n", name("faultsOf", o.Def))
}

// abstract writes the functions of an interface or a union.
func (c *compiled) abstract(def *ast.Definition) {
	if !c.members(def) || len(c.schema.GetPossibleTypes(def)) == 0 {
		return
	}
	value := c.typ(c.plan.Models.Named(def.Name))
	members := slices.Clone(c.schema.GetPossibleTypes(def))
	slices.SortFunc(members, func(a, b *ast.Definition) int { return strings.Compare(a.Name, b.Name) })
	c.line("// %s resolves what is selected of values, by their types.", name("split", def))
	c.line("func (c compiled) %s(x *%s, f *%s, values []%s) ([]*%s, []int32) {\nindex := make([]int32, len(values))\nvar (", name("split", def),
		c.execute("Run"), c.execute("Selected"), value, c.execute("Results"))
	for _, t := range members {
		c.line("as%s []%s", upperFirst(t.Name), c.typ(c.bound[c.ids[t.Name]].Type))
	}
	c.line(")\nfor i, value := range values {\nswitch value := value.(type) {")
	for _, t := range members {
		as := "as" + upperFirst(t.Name)
		c.line("case %s:\nif value != nil && %s(value).Whole() == nil {\nindex[i] = int32(len(%s))\n%s = append(%s, value)\n}", c.typ(c.bound[c.ids[t.Name]].Type),
			name("faultsOf", t), as, as, as)
	}
	c.line("}\n}\nlevels := make([]*%s, %d)\n%s(", c.execute("Results"), len(c.bound), c.execute("Concurrently"))
	for _, t := range members {
		id := c.ids[t.Name]
		c.line("func() { levels[%d] = c.%s(x, f.Below(%d), as%s) },", id, name("level", t), id, upperFirst(t.Name))
	}
	c.line(")\nreturn levels, index\n}\n")
	c.line("// %s writes a value that is not nil.\nfunc (c compiled) %s(w *%s, f *%s, below *%s, at int, value %s, nonNull bool) {\nswitch value := value.(type) {", name("write", def),
		name("write", def), c.execute("Writer"), c.execute("Selected"), c.execute("Children"), value)
	for _, t := range members {
		id := c.ids[t.Name]
		c.line("case %s:\nif value == nil {\nw.NullOr(nonNull)\nreturn\n}\nlevel, at := below.Of(%d, at)\nc.%s(w, f.Below(%d), level, at, value)", c.typ(c.bound[id].Type), id, name("write", t), id)
	}
	c.line("default:\nw.Unexpected(value)\n}\n}\n")
	c.line("// %s writes a list of values, and returns the position after theirs.", name("list", def))
	c.line("func (c compiled) %s(w *%s, f *%s, below *%s, at int, list []%s, nonNull bool) int {\nok := true\nw.List()\nfor i, value := range list {\nmark := w.Item(i)",
		name("list", def), c.execute("Writer"), c.execute("Selected"), c.execute("Children"), value)
	c.line("switch {\ncase value == nil && nonNull:\nw.Missing()\ncase value == nil:\nw.Null()\ndefault:\nc.%s(w, f, below, at, value, nonNull)\n}\nat++\nok = w.EndItem(mark, nonNull) && ok\n}\nw.EndList(ok)\nreturn at\n}\n",
		name("write", def))
}
