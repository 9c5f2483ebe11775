package project

import (
	"slices"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/directive"
	"github.com/portico-gateway/portico/internal/binding"
	"github.com/portico-gateway/portico/internal/nearest"
)

// Nodes returns the names of the types with @node, sorted.
func (f *Frontend) Nodes() []string {
	var names []string
	for _, name := range TypeNames(f.Schema) {
		if binding.NodeField(f.Schema.Types[name]) != nil {
			names = append(names, name)
		}
	}
	return names
}

// IsNode reports whether the objects of a type have global ids.
func (f *Frontend) IsNode(typ string) bool {
	def := f.Schema.Types[typ]
	return def != nil && binding.NodeField(def) != nil
}

// LoadsNodes reports whether a field is Query.node or Query.nodes in a schema with
// @node, by its name. A method or a binding resolves it nevertheless, if it has one.
func (f *Frontend) LoadsNodes(def *ast.Definition, field *ast.FieldDefinition) bool {
	if def == nil || def != f.Schema.Query || field.Name != "node" && field.Name != "nodes" {
		return false
	}
	own := def.Fields.ForName(field.Name) // the published one has no bindings
	return own != nil && !Bound(own) && len(f.Nodes()) > 0
}

// checkGlobalIDs checks the types that @globalID names, and those of the fields that
// @node names.
func checkGlobalIDs(f *Frontend, r *Report) {
	for _, name := range f.Nodes() {
		field := binding.NodeField(f.Schema.Types[name])
		if field.Type.String() != name && !f.Retyped(field) {
			r.At(field.Position, "write "+field.Name+": "+name+", which is null if there is no such object", "%s.%s has the type %s, but it loads one %s", name,
				field.Name, field.Type, name)
		}
	}
	check := func(directives ast.DirectiveList) {
		for _, d := range directives.ForNames(directive.NameGlobalID) {
			arg := d.Arguments.ForName("type")
			switch {
			case arg == nil && len(f.Nodes()) == 0:
				r.At(d.Position, "add @node to a type", "no type has global ids")
			case arg != nil && arg.Value.Kind == ast.StringValue && !f.IsNode(arg.Value.Raw):
				r.At(arg.Value.Position, nearest.Hint(arg.Value.Raw, f.Nodes()), "no type %s has global ids (@node)", arg.Value.Raw)
			}
		}
	}
	for _, name := range TypeNames(f.Schema) {
		for _, field := range f.Schema.Types[name].Fields {
			check(field.Directives)
			for _, arg := range field.Arguments {
				check(arg.Directives)
			}
		}
		sameGlobalIDs(f.Schema, f.Schema.Types[name], r)
	}
}

// sameGlobalIDs reports arguments of a type's fields that take other ids than those of
// its interfaces, which callers select too.
func sameGlobalIDs(schema *ast.Schema, def *ast.Definition, r *Report) {
	for _, name := range def.Interfaces {
		parent := schema.Types[name]
		if parent == nil {
			continue
		}
		for _, field := range def.Fields {
			declared := parent.Fields.ForName(field.Name)
			if declared == nil {
				continue
			}
			for _, arg := range field.Arguments {
				of := declared.Arguments.ForName(arg.Name)
				if of == nil {
					continue
				}
				own, theirs := directive.GlobalIDOf(arg.Directives), directive.GlobalIDOf(of.Directives)
				if (own == nil) != (theirs == nil) || own != nil && *own != *theirs {
					r.At(arg.Position, "write the same at both", "@globalID of %s.%s(%s:) is not that of %s.%s at %s", def.Name, field.Name, arg.Name, name,
						field.Name, Where(of.Position))
				}
			}
		}
	}
}

// markGlobalIDs adds @globalID to the arguments of the published Query.node and
// Query.nodes, so that the gateway checks them as it does others.
func markGlobalIDs(f *Frontend, doc *ast.SchemaDocument) {
	for _, published := range slices.Concat(doc.Definitions, doc.Extensions) {
		def := f.Schema.Types[published.Name]
		for _, field := range published.Fields {
			if !f.LoadsNodes(def, field) {
				continue
			}
			for _, arg := range field.Arguments {
				if arg.Directives.ForName(directive.NameGlobalID) == nil {
					arg.Directives = append(arg.Directives, &ast.Directive{Name: directive.NameGlobalID})
				}
			}
		}
	}
}
