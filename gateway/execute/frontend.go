package execute

import "github.com/99designs/gqlgen/graphql"

// Frontend is a generated frontend, as a server serves it.
type Frontend struct {
	// Name is that of its folder in schema/.
	Name string
	// Schema executes its operations.
	Schema graphql.ExecutableSchema
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
