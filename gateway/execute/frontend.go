package execute

import (
	"github.com/99designs/gqlgen/graphql"

	"github.com/portico-gateway/portico/gateway/input"
)

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
	// Operations are examples, for the playground.
	Operations []Operation
}

// Operation is an example of what to ask a frontend.
type Operation struct {
	// Name is that of its file, without the extension.
	Name string
	// Document is GraphQL with exactly one operation.
	Document string
}
