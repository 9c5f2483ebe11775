// Package binding reads the directives that tie fields of a schema to calls of
// services. It knows GraphQL but neither Go nor the services. What the
// directives of policy say is read by package directive.
package binding

import (
	_ "embed"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/directive"
)

//go:embed directives.graphqls
var directives string

// Definitions returns the SDL that defines the directives. Every frontend's
// schema includes it.
func Definitions() []*ast.Source {
	return []*ast.Source{{Name: "portico/directives.graphqls", Input: directives, BuiltIn: true}}
}

// The directives' names.
const (
	RESTDirective         = "rest"
	GRPCDirective         = "grpc"
	SourceDirective       = "source"
	InaccessibleDirective = "inaccessible"
	CallsDirective        = "calls"
	ServiceDirective      = "service"
)

// Private reports whether a directive or a type is about services, so that no
// caller of the gateway sees it.
func Private(name string) bool {
	return slices.Contains([]string{RESTDirective, GRPCDirective, SourceDirective, InaccessibleDirective, CallsDirective, ServiceDirective,
		"BindingPage", "BindingError", "BindingFormat", "BindingValue"}, name)
}

// Inaccessible reports whether no frontend sees the field.
func Inaccessible(field *ast.FieldDefinition) bool {
	return field.Directives.ForName(InaccessibleDirective) != nil
}

// CallerServices are the services that @service says receive the caller: its
// credentials or its subject.
func CallerServices(schema *ast.Schema) []string {
	var names []string
	for _, d := range schema.SchemaDirectives.ForNames(ServiceDirective) {
		name, receives := d.Arguments.ForName("name"), d.Arguments.ForName("receivesCaller")
		if name != nil && receives != nil && receives.Value.Raw == "true" {
			names = append(names, name.Value.Raw)
		}
	}
	return names
}

// Read reads the binding of a field; nil when it has none, or one with
// mistakes, which are reported.
func Read(schema *ast.Schema, parent *ast.Definition, field *ast.FieldDefinition, report directive.Report) *Binding {
	rest, grpc := field.Directives.ForName(RESTDirective), field.Directives.ForName(GRPCDirective)
	r := &reader{schema: schema, report: report}
	switch {
	case rest == nil && grpc == nil:
		return nil
	case rest != nil && grpc != nil:
		r.fail(grpc.Position, "keep one of them", "%s.%s has two bindings", parent.Name, field.Name)
		return nil
	case rest != nil:
		r.binding = &Binding{Parent: parent, Field: field, Pos: rest.Position}
		r.read(rest, r.rest)
	default:
		r.binding = &Binding{Parent: parent, Field: field, Pos: grpc.Position}
		r.read(grpc, r.grpc)
	}
	if r.failed {
		return nil
	}
	return r.binding
}
