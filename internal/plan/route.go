package plan

import (
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/internal/binding"
	"github.com/portico-gateway/portico/internal/project"
)

// Route describes which calls resolve a field.
type Route struct {
	// Coordinate is the field's schema coordinate, such as Product.stock.
	Coordinate string
	// Service is what is called; empty for a Go method without @calls.
	Service string
	// What is the call in a few words, such as "GET /products", or "Go method".
	What string
	// Name is the route's name in logs, metrics and traces; empty for a Go method.
	Name string
	// Each reports whether each parent takes a call of its own.
	Each bool
}

// goMethod is the What of a field that hand-written Go resolves.
const goMethod = "Go method"

// routes returns what resolves the fields of a frontend, in the order of types by name and of fields
// in the schema. A Go method has a route for each @calls.
func (m *maker) routes(f *project.Frontend) []Route {
	var out []Route
	for _, name := range project.TypeNames(f.API) {
		for _, visible := range f.API.Types[name].Fields {
			if strings.HasPrefix(visible.Name, "__") {
				continue
			}
			at := name + "." + visible.Name
			switch method, call := m.plan.Resolution(f, name, visible.Name); {
			case method != nil:
				out = append(out, methodRoutes(at, f.Schema.Types[name].Fields.ForName(visible.Name))...)
			case call != nil:
				out = append(out, Route{Coordinate: at, Service: call.Service, What: call.What(), Name: call.Route(), Each: call.Each()})
			}
		}
	}
	return out
}

func methodRoutes(coordinate string, field *ast.FieldDefinition) []Route {
	var out []Route
	for _, d := range field.Directives.ForNames(binding.CallsDirective) {
		if service := d.Arguments.ForName("service"); service != nil {
			each := d.Arguments.ForName("each")
			out = append(out, Route{Coordinate: coordinate, Service: service.Value.Raw, What: goMethod, Each: each != nil && each.Value.Raw == "true"})
		}
	}
	if out == nil {
		return []Route{{Coordinate: coordinate, What: goMethod}}
	}
	return out
}

// Each reports whether each parent takes a call of its own: N+1.
func (c *Call) Each() bool { return !c.Root() && c.Key == nil }

// Route returns the name of the call's route in logs, metrics and traces: the position of its binding, or the
// method of gRPC.
func (c *Call) Route() string {
	if c.GRPC != nil {
		return "/" + c.GRPC.Method
	}
	return c.At()
}
