package execute

import (
	"context"

	"github.com/99designs/gqlgen/graphql"

	"github.com/portico-gateway/portico/gateway/problem"
)

// Arguments are the arguments of a field, which generated code reads one by one with
// [Argument]. Their values are coerced by the schema already.
type Arguments struct {
	// Err is the error of the first argument that could not be read.
	Err error

	ctx    context.Context //nolint:containedctx // that of the execution
	values map[string]any
}

// Arguments returns the arguments of a field.
func (x *Run) Arguments(f *Selected) *Arguments {
	return &Arguments{ctx: x.ctx, values: x.arguments(f)}
}

func (x *Run) arguments(f *Selected) map[string]any {
	return f.ArgumentMap(graphql.GetOperationContext(x.ctx).Variables)
}

// Argument returns the value in Go of an argument; the zero value if it is absent. A value that
// read rejects, as only the types of a project do, is BAD_USER_INPUT.
func Argument[T any](a *Arguments, name string, read func(context.Context, any) (T, error)) (value T) {
	given, ok := a.values[name]
	if !ok || a.Err != nil {
		return value
	}
	value, err := read(a.ctx, given)
	if err != nil {
		a.Err = problem.Wrap(err, problem.BadUserInput, "The argument %s is invalid: %v", name, err)
	}
	return value
}
