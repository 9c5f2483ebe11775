package execute

import (
	"context"
	"reflect"
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
	number, ok := numberOf(value)
	if !ok {
		return value, nil
	}
	if least != nil && number < float64(*least) || most != nil && number > float64(*most) {
		return nil, atField(ctx, outOfRange(ctx, least, most))
	}
	return value, nil
}

// numberOf is the number that a value is, or points to, whatever Go type
// gqlgen.yml gives Int and Float; false of nil.
func numberOf(value any) (float64, bool) {
	v := reflect.ValueOf(value)
	if v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	switch {
	case v.CanInt():
		return float64(v.Int()), true
	case v.CanUint():
		return float64(v.Uint()), true
	case v.CanFloat():
		return v.Float(), true
	}
	return 0, false
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
