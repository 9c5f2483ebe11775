package execute

import "github.com/99designs/gqlgen/graphql"

// Frontend is a generated frontend, as a server serves it.
type Frontend struct {
	// Name is that of its folder in schema/.
	Name string
	// Schema executes its operations.
	Schema graphql.ExecutableSchema
	// Scalars parse custom scalars that the schema has in inputs, by name: they
	// return an error for what is not a value of the scalar.
	Scalars map[string]func(value any) error
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
