package execute

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

// deniedOf returns the fields that are denied in a context.
func deniedOf(ctx context.Context) map[*ast.Field]error {
	if e := executionOf(ctx); e != nil {
		return e.denied
	}
	return nil
}

// Deny returns the middleware of an operation with denied fields.
func Deny(denied map[*ast.Field]error) graphql.FieldMiddleware {
	return func(ctx context.Context, next graphql.Resolver) (any, error) {
		if err := denied[graphql.GetFieldContext(ctx).Field.Field]; err != nil {
			return nil, err
		}
		return next(ctx)
	}
}

// Fields returns the selected fields of objects of some types, without denied ones, for
// which nothing is loaded.
func Fields(ctx context.Context, selections ast.SelectionSet, types []string) []graphql.CollectedField {
	fields := graphql.CollectFields(graphql.GetOperationContext(ctx), selections, types)
	denied := deniedOf(ctx)
	if len(denied) == 0 {
		return fields
	}
	allowed := make([]graphql.CollectedField, 0, len(fields))
	for _, field := range fields {
		if denied[field.Field] == nil {
			allowed = append(allowed, field)
		}
	}
	return allowed
}
