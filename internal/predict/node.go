package predict

import (
	"slices"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/internal/binding"
	"github.com/portico-gateway/portico/internal/project"
)

// loadsNodes reports whether a field is Query.node or Query.nodes, and loads objects
// by global ids.
func (w *walker) loadsNodes(def *ast.Definition, field *ast.FieldDefinition) bool {
	method, _ := w.plan.Resolution(w.frontend, def.Name, field.Name)
	return method == nil && w.frontend.LoadsNodes(def, field)
}

// nodes adds the calls that load objects by global ids: at worst, Query.nodes loads as
// many objects of each type as it has ids.
func (w *walker) nodes(s *ast.Field, field *ast.FieldDefinition, at scope) {
	if field.Type.Elem != nil {
		at.parents, at.single = w.length(s, field).most, false
	}
	before := len(w.out.Steps)
	for _, name := range w.frontend.Nodes() {
		def := w.frontend.Schema.Types[name]
		w.calls(def, binding.NodeField(def), at)
	}
	if field.Type.Elem != nil {
		return
	}
	steps := w.out.Steps[:before]
	for _, step := range w.out.Steps[before:] { // one object is of one type
		if !slices.ContainsFunc(steps[before:], func(other CallStep) bool { return other.Service == step.Service }) {
			steps = append(steps, step)
		}
	}
	w.out.Steps = steps
}

// ids returns the number of ids that the document has for Query.nodes. It returns
// false for other fields, and if the number is not known.
func (w *walker) ids(s *ast.Field, field *ast.FieldDefinition) (int, bool) {
	query := w.frontend.Schema.Query
	if field.Type.Elem == nil || query == nil || query.Fields.ForName(field.Name) != field || !w.loadsNodes(query, field) {
		return 0, false
	}
	arg := s.Arguments.ForName("ids")
	if arg == nil || arg.Value.Kind != ast.ListValue {
		return 0, false
	}
	return len(arg.Value.Children), true
}

// unlisted reports whether a field loads an object by its id, and only ever one.
func unlisted(f *project.Frontend, def *ast.Definition, field *ast.FieldDefinition) bool {
	nodes := f.Schema.Query.Fields.ForName("nodes")
	return field == binding.NodeField(def) && (nodes == nil || !f.LoadsNodes(f.Schema.Query, nodes))
}
