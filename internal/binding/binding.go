// Package binding reads the directives that bind fields of a schema to calls of
// services: @rest, @grpc, @fallback and @source, with @discriminator, @node,
// @calls, @service and @inaccessible.
// Package directive reads the directives of policy.
//
//	Read          rest.go, read.go  @rest or @grpc of a field → [Binding]
//	              key.go, errors.go, fallback.go, check.go: its parts, and whether its variables exist
//	DiscriminatorFor  discriminator.go  @discriminator → how the types of a service's objects are determined
//	SourceFor     source.go         @source → where a service has a field
//	NodeField     node.go           @node → the field that loads an object by its id
//	EnumText      source.go         @source → what a service calls an enum's value
//	ReadOthers    source.go         checks the directives that bind no field
//
// The package knows GraphQL but neither Go nor the services: whether a binding
// fits the Go types and the documents of services is decided by package plan.
// To add an argument to a directive, define it in directives.graphqls, read it
// into [Binding] and check it here.
package binding

import (
	_ "embed"
	"maps"
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
	RESTDirective          = "rest"
	GRPCDirective          = "grpc"
	SourceDirective        = "source"
	InaccessibleDirective  = "inaccessible"
	CallsDirective         = "calls"
	ServiceDirective       = "service"
	DiscriminatorDirective = "discriminator"
	NodeDirective          = "node"
	FallbackDirective      = "fallback"
)

// Private reports whether a directive or a type is about services and therefore
// hidden from callers of the gateway.
func Private(name string) bool {
	return slices.Contains([]string{RESTDirective, GRPCDirective, SourceDirective, InaccessibleDirective, CallsDirective, ServiceDirective,
		DiscriminatorDirective, NodeDirective, FallbackDirective, "BindingPage", "BindingError", "BindingFormat", "BindingMatch", "BindingNaming",
		"BindingForm", "BindingScalar", "BindingStream", "BindingValue"}, name)
}

// Inaccessible reports whether a field is hidden from callers of the gateway.
func Inaccessible(field *ast.FieldDefinition) bool {
	return field.Directives.ForName(InaccessibleDirective) != nil
}

// CallerServices returns the services that receive the caller's credentials or
// subject, as @service says.
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

// Conventions are how a service writes names and scalars, as @service says.
type Conventions struct {
	Fields, Enums Naming
	Scalars       map[string]Form // by the names of their types
	Pos           *ast.Position   // nil if it says nothing
}

// Same reports whether two services write alike.
func (c Conventions) Same(other Conventions) bool {
	return c.Fields == other.Fields && c.Enums == other.Enums && maps.Equal(c.Scalars, other.Scalars)
}

// ConventionsOf returns how a service writes names and scalars.
func ConventionsOf(schema *ast.Schema, service string) Conventions {
	var out Conventions
	for _, d := range schema.SchemaDirectives.ForNames(ServiceDirective) {
		if raw(d, "name") != service {
			continue
		}
		if scalars := d.Arguments.ForName("scalars"); scalars != nil {
			out.Scalars, out.Pos = map[string]Form{}, d.Position
			for _, v := range directive.Items(scalars.Value) {
				out.Scalars[child(v, "type")] = Form{As: child(v, "as"), Zone: child(v, "zone")}
			}
		}
		if fields := raw(d, "fields"); fields != "" {
			out.Fields, out.Pos = Naming(fields), d.Position
		}
		if enums := raw(d, "enums"); enums != "" {
			out.Enums, out.Pos = Naming(enums), d.Position
		}
	}
	return out
}

// Read returns the binding of a field. It is nil when the field has none, or an
// invalid one, which is reported.
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
	r.fallback()
	if r.failed {
		return nil
	}
	return r.binding
}
