package upstream

import (
	"github.com/99designs/gqlgen/graphql"

	"github.com/portico-gateway/portico/gateway/decode"
)

// Source is part of [Service].
func (c *httpClient) Source(binding string) decode.Source {
	return decode.Source{Service: c.config().Name, Binding: binding}
}

// sourceOf returns the source of the answer to a request, with its header if the request
// asks for that.
func (c *httpClient) sourceOf(r Request) decode.Source {
	s := c.Source(r.Binding)
	if r.ResponseHeader != nil {
		s.Header = *r.ResponseHeader
	}
	return s
}

// Source is part of [Service].
func (c *grpcClient) Source(binding string) decode.Source {
	return decode.Source{Service: c.config().Name, Binding: binding}.Counted()
}

// Map applies a function to each value; nil for nil.
func Map[T, U any](values []T, of func(T) U) []U {
	if values == nil {
		return nil
	}
	out := make([]U, len(values))
	for i, value := range values {
		out[i] = of(value)
	}
	return out
}

// MapOmittable applies a function to a value that can be absent.
func MapOmittable[T, U any](value graphql.Omittable[T], of func(T) U) graphql.Omittable[U] {
	if v, ok := value.ValueOK(); ok {
		return graphql.OmittableOf(of(v))
	}
	return graphql.Omittable[U]{}
}

// Present returns the values that are not nil.
func Present[T any](values []*T) []T {
	out := make([]T, 0, len(values))
	for _, value := range values {
		if value != nil {
			out = append(out, *value)
		}
	}
	return out
}

// Apply applies a function to the value of a pointer; nil for nil.
func Apply[T, U any](value *T, of func(T) U) *U {
	if value == nil {
		return nil
	}
	u := of(*value)
	return &u
}
