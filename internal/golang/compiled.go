package golang

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/internal/plan"
)

// compiled writes the compiled execution of one frontend: for each object type, a
// function that resolves a level of objects, and one that writes an object.
type compiled struct {
	*adapters
	bound   []*Bound
	ids     map[string]int // of object types
	planned map[string]*plan.Adapters
	schema  *ast.Schema
}

// compiledFile writes the file with the compiled execution of a frontend.
func compiledFile(p *plan.Plan, f *plan.Frontend, b *Binding, v *values) ([]byte, error) {
	c := &compiled{
		adapters: &adapters{file: newFile(p, path.Join(p.Module, "graph", f.Name)), plan: p, frontend: f, values: v},
		bound:    b.Objects, ids: map[string]int{}, planned: map[string]*plan.Adapters{}, schema: b.Schema,
	}
	for i, o := range c.bound {
		c.ids[o.Def.Name] = i
	}
	for _, o := range f.Objects {
		c.planned[o.Name] = o
	}
	c.table()
	for _, o := range c.bound {
		c.object(o)
	}
	for _, name := range slices.Sorted(maps.Keys(c.schema.Types)) {
		if def := c.schema.Types[name]; def.IsAbstractType() && !strings.HasPrefix(name, "__") {
			c.abstract(def)
		}
	}
	return c.formatted("", c.b.String())
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
			c.line("Visits: true,")
		}
		c.line("Fields: map[string]%s{\n\"__typename\": {},", c.execute("FieldOf"))
		for i, f := range o.Fields {
			does := ""
			if a := c.adapter(o, f); a != nil && a.Resolved() {
				does = ", Resolves: true"
			}
			if len(c.tags(o, f)) > 0 || c.reads(o, f) {
				does += ", Visits: true"
			}
			if c.nullItems(o, f) != nil {
				does += ", NullItems: true"
			}
			possible := ""
			if ids := c.possible(f.Def.Type.Name()); len(ids) > 0 {
				possible = fmt.Sprintf(", Types: []int{%s}", strings.Join(ids, ", "))
			}
			c.line("%q: {ID: %d%s%s},", f.Def.Name, i+1, does, possible)
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
	if c.schema.Subscription != nil {
		c.line("Subscribe: c.subscribe,")
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

// adapter returns the adapter of a field; nil if the object has the value as it is.
func (c *compiled) adapter(o *Bound, f *BoundField) *plan.Adapter {
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

// tags returns the cache tags of answers with a field of an object.
func (c *compiled) tags(o *Bound, f *BoundField) []plan.Tag {
	if planned := c.planned[o.Def.Name]; planned != nil {
		return planned.FieldTags[f.Def.Name]
	}
	return nil
}

// nullItems returns the depths at which a field's list has items that may not be null, and can be in what is read.
func (c *compiled) nullItems(o *Bound, f *BoundField) []bool {
	if planned := c.planned[o.Def.Name]; planned != nil {
		return planned.NullItems[f.Def.Name]
	}
	return nil
}

// faults returns the field with the faults of an object's model; empty if it has
// none.
func (c *compiled) faults(o *Bound) string { return c.plan.FaultsOf(o.Def.Name) }

// root reports whether a type is a root operation type.
func (c *compiled) root(def *ast.Definition) bool {
	return def == c.schema.Query || def == c.schema.Mutation || def == c.schema.Subscription
}

// object writes the functions of an object type.
func (c *compiled) object(o *Bound) {
	if c.root(o.Def) {
		c.rootLevel(o)
		c.write(o)
		return
	}
	c.line("// %s reports whether a value is an object.\nfunc %s(obj %s) bool {", name("is", o.Def), name("is", o.Def), c.typ(o.Type))
	if faults := c.faults(o); faults != "" {
		c.line("return obj != nil && !obj.%s.IsWhole()\n}\n", faults)
	} else {
		c.line("return obj != nil\n}\n")
	}
	c.levelOf(o)
	c.write(o)
	c.writeList(o)
}

// name returns the name of a function of a type.
func name(prefix string, def *ast.Definition) string { return prefix + upperFirst(def.Name) }
