package execute

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/portico-gateway/portico/gateway/problem"
)

// Frontends whose schemas differ share methods. The functions in this file fit the
// result of a method to a frontend: nullability, enum values and possible types.

// Adapt returns a resolver whose results are those of resolve, converted by
// fit. An error of fit is the error of its item.
func Adapt[P, R, S any](resolve Resolver[P, R], fit func(R) (S, error)) Resolver[P, S] {
	return func(ctx context.Context, parents []P) ([]S, error) {
		values, failed := resolve.call(ctx, parents)
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

// Fit converts the result of a method: Fit(fit)(method()). An error of the
// method is returned as it is.
func Fit[R, S any](fit func(R) (S, error)) func(R, error) (S, error) {
	return func(value R, err error) (out S, _ error) {
		if err != nil {
			return out, err
		}
		return fit(value)
	}
}

// FitEach converts the values of a stream. An error of fit is an error of its event;
// errors of the stream are passed on. It continues after both. Nil has no values.
func FitEach[R, S any](events iter.Seq2[R, error], fit func(R) (S, error)) iter.Seq2[S, error] {
	return func(yield func(S, error) bool) {
		if events == nil {
			return
		}
		for value, err := range events {
			var event S
			if err == nil {
				event, err = fit(value)
				err = problem.OfEvent(err)
			}
			if !yield(event, err) {
				return
			}
		}
	}
}

// NonNull returns the value of a field that is nullable in another frontend
// only. A nil value is an error.
func NonNull[T any](value *T) (out T, err error) {
	if value == nil {
		return out, errors.New("the resolver returned nil, but the field is not nullable in this frontend")
	}
	return *value, nil
}

// Null returns the error of a non-null field for which a service returned no value, which
// is valid for other fields or frontends; service is empty if it is not known.
func Null(service string) error {
	err := problem.Wrap(errNull, problem.ServiceError, "The service gave an answer that makes no sense.")
	if service != "" {
		return err.Of(service)
	}
	return err
}

var errNull = errors.New("the value is missing or null")

// Enum returns a value of an enum; an error if the frontend does not have it
// (GraphQL specification, section 3.9: result coercion).
func Enum[T any](value T, known func(T) bool) (out T, err error) {
	if !known(value) {
		return out, unknown("this frontend's enum does not have the value %v", value)
	}
	return value, nil
}

// unknown returns the error of a value that comes from a service, directly or by a
// method.
func unknown(format string, args ...any) error {
	return problem.Wrap(fmt.Errorf(format, args...), problem.ServiceError, "The service gave an answer that makes no sense.")
}

// EnumPointer is like [Enum] for a nullable value.
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

// Enums is like [Enum] for a list. The first unknown value is an error.
func Enums[T any](values []T, known func(T) bool) ([]T, error) {
	for _, value := range values {
		if _, err := Enum(value, known); err != nil {
			return nil, err
		}
	}
	return values, nil
}

// EnumPointers is like [Enums] for a list of nullable values.
func EnumPointers[T any](values []*T, known func(T) bool) ([]*T, error) {
	for _, value := range values {
		if _, err := EnumPointer(value, known); err != nil {
			return nil, err
		}
	}
	return values, nil
}

// Member returns a value of an interface or a union; an error if the frontend does not
// have its type. Nil is returned unchanged.
func Member[T any](value T, known func(T) bool) (out T, err error) {
	if any(value) != nil && !known(value) {
		return out, unknown("this frontend does not have the type of a %T", value)
	}
	return value, nil
}

// MemberOrNull is like [Member] for a nullable field: it returns null instead of a value
// whose type the frontend does not have.
func MemberOrNull[T any](value T, known func(T) bool) (out T, err error) {
	if any(value) == nil || !known(value) {
		return out, nil
	}
	return value, nil
}

// Members returns the list without the values whose types the frontend does not
// have.
func Members[T any](values []T, known func(T) bool) ([]T, error) {
	out := make([]T, 0, len(values))
	for _, value := range values {
		if any(value) == nil || known(value) {
			out = append(out, value)
		}
	}
	return out, nil
}

// MembersOrNull is like [Members] for a list with nullable items: such values
// become null, so that the others keep their positions.
func MembersOrNull[T any](values []T, known func(T) bool) ([]T, error) {
	out := make([]T, len(values))
	for i, value := range values {
		out[i], _ = MemberOrNull(value, known)
	}
	return out, nil
}
