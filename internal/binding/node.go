package binding

import (
	"slices"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/directive"
	"github.com/portico-gateway/portico/internal/nearest"
)

// The names of Relay's Global Object Identification specification.
const (
	NodeInterface = "Node"
	NodeID        = "id"
)

// NodeField returns the field that loads an object of a type by its id, as @node
// says; nil if the type has no @node, or none that is valid.
func NodeField(def *ast.Definition) *ast.FieldDefinition {
	d := def.Directives.ForName(NodeDirective)
	if d == nil {
		return nil
	}
	return def.Fields.ForName(raw(d, "field"))
}

// readNode checks @node of a type.
func readNode(schema *ast.Schema, def *ast.Definition, report directive.Report) {
	d := def.Directives.ForName(NodeDirective)
	if d == nil {
		return
	}
	r := &reader{schema: schema, report: report}
	if !r.checkArguments(d) {
		return
	}
	id := def.Fields.ForName(NodeID)
	switch {
	case id == nil || id.Type.String() != "ID!" || len(id.Arguments) > 0 || Inaccessible(id):
		r.fail(d.Position, "add id: ID!", "%s has @node, but no field id of type ID! that callers see", def.Name)
	case !slices.Contains(def.Interfaces, NodeInterface):
		r.fail(d.Position, "write type "+def.Name+" implements Node, with interface Node { id: ID! }", "%s has @node but does not implement Node", def.Name)
	}
	at := d.Arguments.ForName("field").Value.Position
	field := NodeField(def)
	if field == nil {
		r.fail(at, nearest.Hint(raw(d, "field"), fieldNames(def)), "%s has no field %s", def.Name, raw(d, "field"))
		return
	}
	r.checkNodeField(def, field)
}

// checkNodeField checks the field that loads an object by its id, but for its type.
func (r *reader) checkNodeField(def *ast.Definition, field *ast.FieldDefinition) {
	name := def.Name + "." + field.Name
	if len(field.Arguments) > 0 {
		r.fail(field.Arguments[0].Position, "remove it", "%s loads an object by its id, so it can't have arguments", name)
	}
	if !Inaccessible(field) {
		r.fail(field.Position, "add @inaccessible", "%s is only for Query.node, so callers must not see it", name)
	}
	for _, d := range field.Directives {
		switch d.Name {
		case RESTDirective, GRPCDirective, InaccessibleDirective, CallsDirective, directive.NameCacheControl:
		default:
			r.fail(d.Position, "move it to the type, or to Query.node", "@%s does nothing at %s, which no caller selects", d.Name, name)
		}
	}
	// Mistakes in the binding itself are reported where bindings are read.
	if b := Read(r.schema, def, field, func(*ast.Position, string, string, ...any) {}); b != nil {
		r.checkNodeBinding(b, name)
	}
}

func (r *reader) checkNodeBinding(b *Binding, name string) {
	used := false
	for _, v := range b.Vars() {
		switch {
		case v.Root != directive.This && v.Root != directive.Batch:
		case len(v.Path) == 1 && v.Path[0] == NodeID:
			used = true
		default:
			used = true
			r.fail(v.Pos, "use {$batch.id} or {$this.id}", "%s loads an object by its id: nothing else of it is known", name)
		}
	}
	if !used {
		r.fail(b.Pos, "use {$batch.id} or {$this.id}", "%s loads an object by its id, but its binding does not use the id", name)
	}
	if b.IsPassing() {
		r.fail(b.Pos, "remove passHeaders", "%s can't pass headers: Query.node loads objects of any type", name)
	}
}
