// Package schemadiff compares two schemas of a frontend as its callers see
// them, and finds the operations and the clients that a change affects.
//
//	Compare   schemadiff.go   all changes; types.go, inputs.go, directives.go: what the GraphQL specification says
//	                          rights.go, policy.go: directives of policy; texts.go: descriptions and deprecations
//	Kinds     kinds.go        the codes of changes, with their levels; change.go: what a change has
//	Check     check.go        who is affected; uses.go: what an operation uses
//
// A new kind of change gets a code in kinds.go, and is added where the part of
// the schema is compared, with what an operation must use to be affected.
package schemadiff

import (
	"cmp"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
)

// Compare returns the changes from one valid schema to another, the most severe
// first, and then by their coordinates. The schemas have the directives of
// package directive; directives that callers do not see must have been removed.
func Compare(before, after *ast.Schema) []Change {
	c := &comparison{old: before, new: after, levels: map[Code]Level{}, returns: returned(before), takes: taken(before)}
	for _, kind := range Kinds() {
		c.levels[kind.Code] = kind.Level
	}
	c.roots()
	c.types()
	c.directives()
	c.rights()
	slices.SortStableFunc(c.changes, func(a, b Change) int {
		return cmp.Or(cmp.Compare(b.Level, a.Level), cmp.Compare(a.Coordinate, b.Coordinate), cmp.Compare(a.Code, b.Code))
	})
	return c.changes
}
