package plan

import (
	"go/types"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/directive"
	"github.com/portico-gateway/portico/internal/binding"
	"github.com/portico-gateway/portico/internal/project"
)

// checkNodes checks Query.node or Query.nodes of a schema with @node.
func checkNodes(field *ast.FieldDefinition, r *project.Report) {
	name, want, arguments := "id", "node(id: ID!): Node", "ID!"
	result := field.Type
	if field.Name == "nodes" {
		name, want, arguments = "ids", "nodes(ids: [ID!]!): [Node]!", "[ID!]!"
		if result = result.Elem; result == nil {
			result = field.Type
		}
	}
	fits := result.String() == binding.NodeInterface && len(field.Arguments) == 1 && field.Arguments[0].Name == name &&
		field.Arguments[0].Type.String() == arguments
	if !fits || (field.Type.Elem != nil) != (field.Name == "nodes") {
		r.At(field.Position, "write "+want+", or resolve it by a method or a binding", "Query.%s loads objects by their global ids, so it is %s",
			field.Name, want)
		return
	}
	if d := field.Arguments[0].Directives.ForName(directive.NameGlobalID); d != nil {
		r.At(d.Position, "remove it", "Query.%s takes the global ids of all types anyway", field.Name)
	}
}

// needNode reports types without @node that Query.node or Query.nodes can't load.
func needNode(f *project.Frontend, m *project.Methods, r *project.Report) {
	query := f.Schema.Query
	if query == nil || !slices.ContainsFunc(query.Fields, func(field *ast.FieldDefinition) bool {
		return f.LoadsNodes(query, field) && m.Find(f.Name, GoName(query.Name), GoName(field.Name)) == nil
	}) {
		return
	}
	for _, t := range f.Schema.GetPossibleTypes(f.Schema.Types[binding.NodeInterface]) {
		if t.Kind == ast.Object && !f.IsNode(t.Name) {
			r.At(t.Position, "add @node, or do not implement Node", "%s implements Node, but nothing loads it by its id (@node)", t.Name)
		}
	}
}

// needLoad checks the field that @node of a type names, and the field id.
func needLoad(f *project.Frontend, def *ast.Definition, m *project.Methods, r *project.Report) {
	load, id := binding.NodeField(def), def.Fields.ForName(binding.NodeID)
	if load == nil || id == nil {
		return
	}
	if !project.Bound(load) && m.Find(f.Name, GoName(def.Name), GoName(load.Name)) == nil {
		r.At(load.Position, "bind it with {$batch.id} or {$this.id}, or write "+declaration(f.Schema, def, load),
			"nothing resolves %s.%s, which loads an object by its id (@node)", def.Name, load.Name)
	}
	if project.Bound(id) || m.Find(f.Name, GoName(def.Name), GoName(id.Name)) != nil {
		r.At(id.Position, "remove the binding or the method", "%s.id is the id that the service has, since %s has @node", def.Name, def.Name)
	}
}

// loadsNodes plans Query.node or Query.nodes.
func (b *adapting) loadsNodes(a *Adapter) bool {
	a.Nodes = []*Adapters{} // see linkNodes
	if len(a.Arguments) != 1 {
		return false // reported
	}
	a.Parameters = []Parameter{{From: a.Arguments[0]}}
	of := a.Arguments[0].Type
	if slice, ok := of.(*types.Slice); ok {
		of = slice.Elem()
	}
	if !isPlainString(of) {
		b.report.At(b.position(a), "let gqlgen.yml map ID to a string", "Query.%s: an ID is %s in Go, which can't be a global id", a.Name, shortType(of))
		return false
	}
	if _, ok := b.models.Named(binding.NodeInterface).Underlying().(*types.Interface); !ok {
		b.report.At(b.position(a), "let gqlgen.yml map Node to an interface", "Query.%s: Node is %s in Go, not an interface", a.Name,
			shortType(b.models.Named(binding.NodeInterface)))
		return false
	}
	return true
}

// linkNodes sets the types of the objects that Query.node and Query.nodes load.
func (b *adapting) linkNodes(objects map[string]*Adapters) {
	if b.frontend.API.Query == nil {
		return
	}
	for _, a := range objects[b.frontend.API.Query.Name].Fields {
		if a.Nodes == nil {
			continue
		}
		for _, name := range b.frontend.Nodes() {
			if object := objects[name]; object != nil && object.Node != nil {
				a.Nodes = append(a.Nodes, object)
			}
		}
	}
}

// globalID plans the field id of a type with global ids.
func (b *adapting) globalID(a *Adapter) bool {
	member := structField(a.Object.Type, a.GoName)
	if member == nil {
		b.report.At(b.position(a), "give the Go type the field ID of type string", "%s has @node, but the Go type %s has no field for its id", a.Object.Name,
			shortType(a.Object.Type))
		return false
	}
	a.GlobalID, a.Raw, a.GoName = true, member.Type(), member.Name()
	if !isPlainString(Element(member.Type())) || !isPlainString(a.Type) {
		b.report.At(b.position(a), "make it a string", "%s.id is %s in Go, which can't be a part of a global id", a.Object.Name, shortType(member.Type()))
		return false
	}
	return true
}

// node plans how an object of a type is loaded by its id, if the type has global
// ids.
func (b *adapting) node(a *Adapters) {
	def := b.frontend.Schema.Types[a.Name]
	i := slices.IndexFunc(a.Fields, func(f *Adapter) bool { return f.GlobalID })
	if i < 0 || binding.NodeField(def) == nil {
		return
	}
	if !IsPointer(a.Type) {
		b.report.At(def.Position, "let gqlgen.yml map it to a struct", "%s is %s in Go, but only structs can be loaded by their ids (@node)", a.Name,
			shortType(a.Type))
		return
	}
	load, ok := b.adapter(a, binding.NodeField(def))
	if !ok || load == nil || !load.Level() {
		if ok {
			b.report.At(binding.NodeField(def).Position, "", "nothing resolves %s.%s, which loads an object by its id (@node)", a.Name,
				binding.NodeField(def).Name)
		}
		return
	}
	a.Node = &Node{Load: load, ID: a.Fields[i].GoName, Pointer: IsPointer(a.Fields[i].Raw)}
}
