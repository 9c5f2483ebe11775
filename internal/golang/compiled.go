package golang

import (
	"fmt"
	"go/types"
	"maps"
	"path"
	"slices"
	"strconv"
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
	for _, name := range slices.Sorted(maps.Keys(schema.Types)) {
		if def := schema.Types[name]; def.IsAbstractType() && !strings.HasPrefix(name, "__") {
			c.abstract(def)
		}
	}
	text, err = c.formatted("", c.b.String())
	return text, left, err
}

// table writes the types.
func (c *compiled) table() {
	c.line("// compiled is the compiled execution of the frontend.\ntype compiled struct{ r *resolver }\n")
	c.line("// compiled returns the compiled execution.\nfunc (r *resolver) compiled() *%s {\nc := compiled{r}\nreturn &%s{\nTypes: []*%s{",
		c.execute("Compiled"),
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
	}{{"Query", c.schema.Query}, {"Mutation", c.schema.Mutation}, {"Subscription", c.schema.Subscription}} {
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
			ids = append(ids, strconv.Itoa(id))
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
	return def == c.schema.Query || def == c.schema.Mutation || def == c.schema.Subscription
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
