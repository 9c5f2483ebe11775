package execute

import (
	"context"
	"reflect"
	"strconv"

	"github.com/99designs/gqlgen/graphql"

	"github.com/portico-gateway/portico/gateway/problem"
)

// Constraint is the directive @constraint: it checks a number of an argument or
// an input field. A null is no number, so it passes.
func Constraint(ctx context.Context, obj any, next graphql.Resolver, least, most *int) (any, error) {
	value, err := next(ctx)
	if err != nil {
		return nil, err
	}
	number, ok := numberOf(value)
	if !ok {
		return value, nil
	}
	if least != nil && number < float64(*least) || most != nil && number > float64(*most) {
		return nil, outOfRange(ctx, least, most)
	}
	return value, nil
}

// numberOf is the number that a value is, or points to; false when it is none.
// gqlgen.yml may give Int and Float any of Go's types.
func numberOf(value any) (float64, bool) {
	v := reflect.ValueOf(value)
	if v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	switch {
	case !v.IsValid():
		return 0, false
	case v.CanInt():
		return float64(v.Int()), true
	case v.CanUint():
		return float64(v.Uint()), true
	case v.CanFloat():
		return v.Float(), true
	}
	return 0, false
}

// outOfRange names the argument or input field, which gqlgen has put into the
// path.
func outOfRange(ctx context.Context, least, most *int) error {
	name := "A number"
	if at := graphql.GetPathContext(ctx); at != nil && at.Field != nil {
		name = "The argument " + *at.Field
	}
	switch {
	case most == nil:
		return problem.New(problem.BadUserInput, "%s must be at least %d.", name, *least)
	case least == nil:
		return problem.New(problem.BadUserInput, "%s must be at most %d.", name, *most)
	}
	return problem.New(problem.BadUserInput, "%s must be from %s to %s.", name, strconv.Itoa(*least), strconv.Itoa(*most))
}
