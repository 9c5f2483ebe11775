package cost

import (
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
)

// typeSet are the names of object types, sorted.
type typeSet []string

// possible are the types that objects of a type can have.
func (m *Model) possible(definition *ast.Definition) typeSet {
	if !definition.IsAbstractType() {
		return typeSet{definition.Name}
	}
	var out typeSet
	for _, possible := range m.schema.PossibleTypes[definition.Name] {
		out = append(out, possible.Name)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// narrow leaves the types that fulfil a type condition; "" is none.
func (m *Model) narrow(types typeSet, condition string) typeSet {
	definition := m.schema.Types[condition]
	if definition == nil {
		return types
	}
	fulfil := m.possible(definition)
	out := make(typeSet, 0, len(types))
	for _, name := range types {
		if _, ok := slices.BinarySearch(fulfil, name); ok {
			out = append(out, name)
		}
	}
	return out
}

// variants are what is selected of some of the types only: a list for each
// kind of them. Types of which the same is selected are one kind.
func variants(list []selected, all typeSet) [][]int {
	var out [][]int
	for _, name := range all {
		var of []int
		for i := range list {
			if len(list[i].types) == len(all) {
				continue
			}
			if _, ok := slices.BinarySearch(list[i].types, name); ok {
				of = append(of, i)
			}
		}
		if !slices.ContainsFunc(out, func(have []int) bool { return slices.Equal(have, of) }) {
			out = append(out, of)
		}
	}
	return out
}
