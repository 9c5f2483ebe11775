package execute

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

// Schema returns a schema with what gqlgen's execution lacks.
//
// A field whose value from a service does not match the schema has the error of
// its [decode.Faults], and so has an object that is none.
//
// Subscriptions are answered with the events of [Stream]. Every event has a place
// for results and a loader scope of its own, and errors with the path from the
// root field on.
//
//   - An event with an error ([problem.EventError]) is null with that error, and
//     the next one follows.
//   - An event in which a non-null root field is null is null as a whole.
//   - The error that ends the stream is a last response without data, unless the
//     subscriber left.
func Schema(schema graphql.ExecutableSchema) graphql.ExecutableSchema { return executable{schema} }

type executable struct{ graphql.ExecutableSchema }

// Exec is part of graphql.ExecutableSchema.
func (s executable) Exec(ctx context.Context) graphql.ResponseHandler {
	oc := graphql.GetOperationContext(ctx)
	oc.ResolverMiddleware = faults(oc.ResolverMiddleware)
	if oc.Operation.Operation == ast.Subscription {
		return subscribe(ctx, s.ExecutableSchema)
	}
	return s.ExecutableSchema.Exec(ctx)
}
