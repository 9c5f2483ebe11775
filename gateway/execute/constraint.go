package execute

import (
	"context"
	"strconv"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/portico-gateway/portico/gateway/problem"
)

// Constraint is the directive @constraint: it checks a number of an argument or
// an input field. A null is no number, so it passes.
func Constraint(ctx context.Context, obj any, next graphql.Resolver, least, most *int) (any, error) {
	value, err := next(ctx)
	if err != nil {
		return nil, err
	}
	var number float64
	switch v := value.(type) {
	case int:
		number = float64(v)
	case *int:
		if v == nil {
			return value, nil
		}
		number = float64(*v)
	case float64:
		number = v
	case *float64:
		if v == nil {
			return value, nil
		}
		number = *v
	default:
		return value, nil
	}
	if least != nil && number < float64(*least) || most != nil && number > float64(*most) {
		return nil, atField(ctx, outOfRange(ctx, least, most))
	}
	return value, nil
}

// atField is an error of the field, and not of a name below it as gqlgen would
// have it: a path is one of the answer (GraphQL specification, section 7.1.2).
func atField(ctx context.Context, err error) error {
	field := graphql.GetFieldContext(ctx)
	if field == nil {
		return err
	}
	out := gqlerror.WrapPath(field.Path(), err)
	if at := field.Field.Position; at != nil {
		out.Locations = []gqlerror.Location{{Line: at.Line, Column: at.Column}}
	}
	return out
}

// outOfRange names the argument or input field, which gqlgen has put into the
// path.
func outOfRange(ctx context.Context, least, most *int) error {
	name := "A number"
	if at := graphql.GetPathContext(ctx); at != nil && at.Field != nil {
		name = "The value of " + *at.Field
	}
	switch {
	case most == nil:
		return problem.New(problem.BadUserInput, "%s must be at least %d.", name, *least)
	case least == nil:
		return problem.New(problem.BadUserInput, "%s must be at most %d.", name, *most)
	}
	return problem.New(problem.BadUserInput, "%s must be from %s to %s.", name, strconv.Itoa(*least), strconv.Itoa(*most))
}
