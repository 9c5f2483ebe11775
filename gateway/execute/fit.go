package execute

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/portico-gateway/portico/gateway/problem"
)

// A method is shared by frontends whose schemas differ. What it returns is
// fitted to each: nullability, enum values and possible types.

// Adapt makes every result of a resolver another one.
func Adapt[P comparable, R, S any](resolve Resolver[P, R], fit func(R) (S, error)) Resolver[P, S] {
	return func(ctx context.Context, parents []P) ([]S, error) {
		raw := &batch[P, R]{parents: parents, resolve: resolve}
		values, failed := raw.call(ctx)
		out, errs := make([]S, len(parents)), make(itemErrors, len(parents))
		for i := range parents {
			if failed != nil && failed[i] != nil {
				errs[i] = failed[i]
				continue
			}
			out[i], errs[i] = fit(values[i])
		}
		return out, errs
	}
}

// Fit makes a method's result another one: Fit(fit)(method()).
func Fit[R, S any](fit func(R) (S, error)) func(R, error) (S, error) {
	return func(value R, err error) (out S, _ error) {
		if err != nil {
			return out, err
		}
		return fit(value)
	}
}

// FitEach makes every value of a stream another one.
func FitEach[R, S any](events iter.Seq2[R, error], fit func(R) (S, error)) iter.Seq2[S, error] {
	return func(yield func(S, error) bool) {
		for value, err := range events {
			if !yield(Fit(fit)(value, err)) {
				return
			}
		}
	}
}

// NonNull is the value of a field that is nullable in another frontend only.
func NonNull[T any](value *T) (out T, err error) {
	if value == nil {
		return out, errors.New("the resolver returned nil, but the field is not nullable in this frontend")
	}
	return *value, nil
}

// Null is the error of a field that must have a value when a service gave none. The
// call may serve other fields too, which may be null.
func Null(service string) error {
	return problem.Wrap(errNull, problem.ServiceError, "The service gave an answer that makes no sense.").Of(service)
}

var errNull = errors.New("the value is missing or null")

// Enum is a value of an enum; an error when the frontend does not have it
// (GraphQL specification, section 3.9: result coercion).
func Enum[T any](value T, known func(T) bool) (out T, err error) {
	if !known(value) {
		return out, fmt.Errorf("this frontend's enum does not have the value %v", value)
	}
	return value, nil
}

// EnumPointer is [Enum] for a nullable value.
func EnumPointer[T any](value *T, known func(T) bool) (*T, error) {
	if value == nil {
		return nil, nil //nolint:nilnil // null is a value
	}
	_, err := Enum(*value, known)
	if err != nil {
		return nil, err
	}
	return value, nil
}

// Enums is [Enum] for a list.
func Enums[T any](values []T, known func(T) bool) ([]T, error) {
	for _, value := range values {
		if _, err := Enum(value, known); err != nil {
			return nil, err
		}
	}
	return values, nil
}

// EnumPointers is [Enum] for a list of nullable values.
func EnumPointers[T any](values []*T, known func(T) bool) ([]*T, error) {
	for _, value := range values {
		if _, err := EnumPointer(value, known); err != nil {
			return nil, err
		}
	}
	return values, nil
}

// Member is a value of an interface or a union; an error when the frontend
// does not have its type.
func Member[T any](value T, known func(T) bool) (out T, err error) {
	if any(value) != nil && !known(value) {
		return out, fmt.Errorf("this frontend does not have the type of a %T", value)
	}
	return value, nil
}

// MemberOrNull is null in place of a value whose type the frontend does not
// have.
func MemberOrNull[T any](value T, known func(T) bool) (out T, err error) {
	if any(value) == nil || !known(value) {
		return out, nil
	}
	return value, nil
}

// Members leaves values out whose types the frontend does not have.
func Members[T any](values []T, known func(T) bool) ([]T, error) {
	out := make([]T, 0, len(values))
	for _, value := range values {
		if any(value) == nil || known(value) {
			out = append(out, value)
		}
	}
	return out, nil
}

// MembersOrNull is [Members] for a list with nullable items: null takes the
// place of what is left out, so that the others keep theirs.
func MembersOrNull[T any](values []T, known func(T) bool) ([]T, error) {
	out := make([]T, len(values))
	for i, value := range values {
		out[i], _ = MemberOrNull(value, known)
	}
	return out, nil
}
