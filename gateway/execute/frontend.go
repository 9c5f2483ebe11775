package execute

import (
	"github.com/99designs/gqlgen/graphql"

	"github.com/portico-gateway/portico/gateway/input"
)

// RunPorticoGenerate2 is what generated code refers to. A runtime that the code of another generator does not fit has another
// number in the name, so that the compiler says what to do.
const RunPorticoGenerate2 = true

// Frontend is a generated frontend, as a server serves it.
type Frontend struct {
	// Name is that of its folder in schema/.
	Name string
	// Schema executes its operations.
	Schema graphql.ExecutableSchema
	// Parsers are those of the scalars and enums in the schema's inputs, by name;
	// see [input.Parser].
	Parsers map[string]input.Parser
	// Receivers are the services that the project's schemas know to receive the
	// caller (@service), sorted: what they answer is not cached for others.
	Receivers []string
	// Routes say which calls resolve fields, by type; a field can have several.
	Routes []Route
	// Operations are examples, for the playground.
	Operations []Operation
}

// Route is a call that resolves a field.
type Route struct {
	// Field is the field's schema coordinate, such as Product.stock.
	Field string `json:"field"`
	// Service is what is called; empty if that is not known, for hand-written code.
	Service string `json:"service,omitempty"`
	// Call is the call in a few words, such as "GET /products", or "Go method".
	Call string `json:"call"`
	// Route is the route's name in logs, metrics, traces and explanations; empty for hand-written code.
	Route string `json:"route,omitempty"`
	// Each reports whether each object takes a call of its own.
	Each bool `json:"each,omitempty"`
}

// Operation is an example of what to ask a frontend.
type Operation struct {
	// Name is that of its file, without the extension.
	Name string
	// Document is GraphQL with exactly one operation.
	Document string
}
