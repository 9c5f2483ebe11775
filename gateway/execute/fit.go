package execute

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/portico-gateway/portico/gateway/decode"
	"github.com/portico-gateway/portico/gateway/problem"
)

// Frontends whose schemas differ share methods. The functions in this file fit the
// result of a method to a frontend: nullability, enum values and possible types.

// Adapt returns a resolver whose results are those of resolve, converted by
// fit. An error of fit is the error of its item. So is an error of resolve; a list
// of which only items failed is converted all the same.
func Adapt[P, R, S any](resolve Resolver[P, R], fit func(R) (S, error)) Resolver[P, S] {
	return func(ctx context.Context, parents []P) ([]S, error) {
		values, failed := resolve.call(ctx, parents)
		out, errs := make([]S, len(parents)), make(itemErrors, len(parents))
		for i := range parents {
			var err error
			if failed != nil {
				err = failed[i]
			}
			out[i], errs[i] = Fit(fit)(values[i], err)
		}
		return out, errs
	}
}

// Fit converts the result of a method: Fit(fit)(method()). An error of the
// method is returned as it is; a list of which only items failed is converted all the same.
func Fit[R, S any](fit func(R) (S, error)) func(R, error) (S, error) {
	return func(value R, err error) (out S, _ error) {
		items := partial(err)
		if err != nil && items == nil {
			return out, err
		}
		out, unfit := fit(value)
		if items == nil {
			return out, unfit
		}
		return out, decode.JoinItems(items, unfit)
	}
}

// partial returns an error of items of a list that is there all the same; nil if it is another error.
func partial(err error) *decode.Items {
	if items, ok := errors.AsType[*decode.Items](err); ok && !items.Lost() {
		return items
	}
	return nil
}

// FitEach converts the values of a stream. An error of fit is an error of its event, as is one of items of
// a list, which is converted all the same; other errors are passed on. It continues after both. Nil has no values.
func FitEach[R, S any](events iter.Seq2[R, error], fit func(R) (S, error)) iter.Seq2[S, error] {
	return func(yield func(S, error) bool) {
		if events == nil {
			return
		}
		for value, err := range events {
			event, unfit := Fit(fit)(value, err)
			if err == nil || partial(err) != nil {
				unfit = problem.OfEvent(unfit)
			}
			if !yield(event, unfit) {
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

// Enums is like [Enum] for a list. An unknown value is an error of its item, and there is no list.
func Enums[T any](values []T, known func(T) bool) ([]T, error) {
	if err := eachOf(values, known, Enum); err != nil {
		return nil, decode.LostItems(err)
	}
	return values, nil
}

// EnumPointers is like [Enums] for a list of nullable values: an unknown one is null.
func EnumPointers[T any](values []*T, known func(T) bool) ([]*T, error) {
	errs := eachOf(values, known, EnumPointer)
	if errs == nil {
		return values, nil
	}
	out := slices.Clone(values) // others may have it
	for i, err := range errs {
		if err != nil {
			out[i] = nil
		}
	}
	return out, decode.ItemErrors(errs)
}

// eachOf returns the errors of items by position; nil if there are none.
func eachOf[I, T any](items []I, known func(T) bool, check func(I, func(T) bool) (I, error)) (errs []error) {
	for i, item := range items {
		if _, err := check(item, known); err != nil {
			if errs == nil {
				errs = make([]error, len(items))
			}
			errs[i] = err
		}
	}
	return errs
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
	if values == nil {
		return nil, nil
	}
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
	if values == nil {
		return nil, nil
	}
	out := make([]T, len(values))
	for i, value := range values {
		out[i], _ = MemberOrNull(value, known)
	}
	return out, nil
}
