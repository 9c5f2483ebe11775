package schemadiff

// Internals for the tests of the package.

import (
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// CountedUses returns the coordinates whose recorded usage is looked up for what an
// operation uses.
func CountedUses(schema *ast.Schema, op *ast.OperationDefinition) []string {
	uses, _ := usesOf(schema, op)
	var list []string
	for use := range uses {
		use, _, _ = strings.Cut(use, "=") // a number, which is found by its argument
		list = append(list, counted(use))
	}
	return list
}
