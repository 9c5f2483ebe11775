// Package scalar has scalars of GraphQL that package graphql of gqlgen does not have,
// or has in another form. gqlgen.yml names them: github.com/portico-gateway/portico/gateway/scalar.Int64.
package scalar

import (
	"io"
	"strconv"

	"github.com/99designs/gqlgen/graphql"
)

// MarshalInt64 writes a whole number of 64 bits as a string: JavaScript rounds numbers
// beyond 2^53. The scalar graphql.Int64 of gqlgen writes a number.
func MarshalInt64(n int64) graphql.Marshaler {
	return graphql.WriterFunc(func(w io.Writer) {
		_, _ = w.Write(strconv.AppendInt([]byte{'"'}, n, 10)) // the writer keeps its error
		_, _ = w.Write([]byte{'"'})
	})
}

// UnmarshalInt64 reads a whole number of 64 bits: a number, or its digits in a string.
func UnmarshalInt64(v any) (int64, error) { return graphql.UnmarshalInt64(v) }
