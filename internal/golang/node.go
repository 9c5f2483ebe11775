package golang

import (
	"fmt"

	"github.com/portico-gateway/portico/internal/plan"
)

// globalID writes how the id of an object becomes its global id.
func (a *adapters) globalID(f *plan.Adapter) string {
	of := a.gateway("globalid", "Of")
	if plan.IsPointer(f.Raw) {
		return fmt.Sprintf("if value == nil {\nreturn \"\", %s(\"\")\n}\nreturn %s(%q, *value), nil", a.execute("Null"), of, f.Object.Name)
	}
	return fmt.Sprintf("return %s(%q, value), nil", of, f.Object.Name)
}

// nodeLoader writes the method that loads objects of a type by their ids.
func (a *adapters) nodeLoader(o *plan.Adapters) {
	f := o.Node.Load
	if f.Adapts() {
		a.fit(f)
	}
	a.levelResolver(o, f)
}

// nodes writes the fields that load objects by their global ids.
func (a *adapters) nodes(f *plan.Adapter) {
	load, value := "Node", a.typ(f.Type)
	if f.List() {
		load = "Nodes"
	}
	node, argument := a.typ(a.plan.Models.Named("Node")), Param(f.Arguments[0].Name)
	a.line("// %s resolves %s.%s.\nfunc (r *resolver) %s(ctx %s.Context, %s %s) (%s, error) {", levelName(f), f.Object.Name, f.Name, levelName(f),
		a.use("context"), argument, a.typ(f.Arguments[0].Type), value)
	a.line("return %s(ctx, %s, map[string]%s[string, %s]{", a.execute(load), argument, a.execute("Resolver"), node)
	for _, o := range f.Nodes {
		object, id := a.typ(plan.Element(o.Type)), "id"
		if o.Node.Pointer {
			id = "&id"
		}
		a.line("%q: %s(func(id string) *%s { return &%s{%s: %s} }, r.%s(),\nfunc(value *%s) %s { return value }),", o.Name, a.execute("ByID"), object, object,
			o.Node.ID, id, levelName(o.Node.Load), object, node)
	}
	a.line("})\n}\n")
}
