package execute

import (
	"github.com/99designs/gqlgen/graphql"

	"github.com/portico-gateway/portico/gateway/input"
)

// RunPorticoGenerate6 is referred to by generated code. The number changes with every incompatible version of the
// runtime, so that the compiler error for outdated generated code names the fix.
const RunPorticoGenerate6 = true

// Frontend is a generated frontend, as a server serves it.
type Frontend struct {
	// Name is that of its folder in schema/.
	Name string
	// Schema executes its operations.
	Schema graphql.ExecutableSchema
	// Parsers are those of the scalars and enums in the schema's inputs, by name;
	// see [input.Parser].
	Parsers map[string]input.Parser
	// Receivers are the services that receive the caller according to the project's
	// schemas (@service), sorted: their answers are not cached for other callers.
	Receivers []string
	// Routes are the calls that resolve fields, by type; a field can have several.
	Routes []Route
	// Operations are examples, for the playground.
	Operations []Operation
}

// Route is a call that resolves a field.
type Route struct {
	// Field is the field's schema coordinate, such as Product.stock.
	Field string `json:"field"`
	// Service is the called service; empty if it is not known, for hand-written code.
	Service string `json:"service,omitempty"`
	// Call describes the call, such as "GET /products" or "Go method".
	Call string `json:"call"`
	// Route is the route's name in logs, metrics, traces and explanations; empty for hand-written code.
	Route string `json:"route,omitempty"`
	// Each reports whether each object requires its own call.
	Each bool `json:"each,omitempty"`
}

// Operation is an example operation of a frontend.
type Operation struct {
	// Name is that of its file, without the extension.
	Name string
	// Document is GraphQL with exactly one operation.
	Document string
}
