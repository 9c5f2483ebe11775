// Package scalar has Go code of GraphQL scalars that package graphql of gqlgen lacks, or has
// in another form. A scalar Int64 of a schema has that of this package; for a scalar with
// another name, gqlgen.yml names it:
//
//	models:
//	  Long:
//	    model: github.com/portico-gateway/portico/gateway/scalar.Int64
//
// The example is a scalar with a Go type of the project's own.
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

// UnmarshalInt64 reads a whole number of 64 bits: a number, or its digits in a string. It
// returns 0 for nil, and an error for any other value and for a number that overflows.
func UnmarshalInt64(v any) (int64, error) { return graphql.UnmarshalInt64(v) }
