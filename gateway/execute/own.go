package execute

import (
	"context"
	"fmt"
)

// Hand-written types may have their values in other forms than generated code expects: from
// methods, in maps, by value. The functions in this file read them once for each object.

// InOrder is [Each] for one parent after the other.
func InOrder[P, R any](one func(ctx context.Context, parent P) (R, error)) Resolver[P, R] {
	return func(ctx context.Context, parents []P) ([]R, error) {
		values, failed := make([]R, len(parents)), make(itemErrors, len(parents))
		for i, parent := range parents {
			values[i], failed[i] = guarded(ctx, parent, one)
		}
		return values, failed
	}
}

// Deref returns what a pointer points to; the zero value for nil.
func Deref[T any](pointer *T) (value T) {
	if pointer == nil {
		return value
	}
	return *pointer
}

// Items is [Map] for a list that may be null, which stays nil.
func Items[P, R any](list []P, get func(P) R) []R {
	if list == nil {
		return nil
	}
	return Map(list, get)
}

// OtherType returns the error of a value of a map that has another type than its field.
func OtherType(value any) error { return fmt.Errorf("a map has the unexpected type %T", value) }
