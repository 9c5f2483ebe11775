// Package cost computes what an operation may cost at most, before it is
// executed, and what it did cost, after that.
//
// It follows the directives @cost and @listSize of IBM's cost specification
// (https://ibm.github.io/graphql-specs/cost-spec.html), summed up in one
// number as Apollo Router's demand control does:
//
//	operation = (10 for a mutation) + its fields
//	field     = length × (weight + the fields below it) + its arguments, at least 0
//
// The weight of a field is its @cost, else that of its type, else 1 for an
// object, an interface or a union and 0 for a scalar or an enum. The length is
// 1 unless the field is a list; then it is what @listSize says, else the
// length that a [Model] assumes. An argument that is given costs its @cost,
// else that of its type, else 0; an input object costs what its members do.
// Of several possible types the most expensive counts. A field that is
// selected twice costs twice. Of introspection, __schema costs 100 and __type
// 10, whatever is selected of them.
package cost

import (
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/directive"
)

// most is the highest cost: sums and products stop there, so that every cost
// is a number.
const most = 1e12

// mutation is what every mutation costs beside its fields.
const mutation = 10

// introspection is what the fields of introspection cost, with all below them.
// The specification of costs leaves them out.
var introspection = map[string]float64{"__schema": 100, "__type": 10} //nolint:gochecknoglobals // it is constant

// Model knows what the fields of a schema cost. It is immutable.
type Model struct {
	schema   *ast.Schema
	listSize float64
	weights  map[string]float64 // of types, by name
	input    map[string]bool    // input types of which a member has a weight
}

// New reads the directives of a schema, which the generator has checked. A list
// without @listSize is assumed to have listSize items, at least 1.
func New(schema *ast.Schema, listSize int) *Model {
	m := &Model{schema: schema, listSize: float64(max(listSize, 1)), weights: make(map[string]float64, len(schema.Types)), input: map[string]bool{}}
	for name, definition := range schema.Types {
		m.weights[name] = typeWeight(definition)
	}
	for name, definition := range schema.Types {
		if definition.Kind == ast.InputObject {
			m.input[name] = m.weighed(definition, map[string]bool{})
		}
	}
	for name, definition := range schema.Types {
		if definition.IsAbstractType() {
			for _, possible := range schema.PossibleTypes[name] {
				m.weights[name] = max(m.weights[name], typeWeight(possible))
			}
		}
	}
	return m
}

// weighed reports whether a value of an input type can cost something.
func (m *Model) weighed(definition *ast.Definition, seen map[string]bool) bool {
	if definition == nil || seen[definition.Name] {
		return false
	}
	seen[definition.Name] = true
	for _, field := range definition.Fields {
		if _, ok := weightAt(field.Directives); ok || m.weights[field.Type.Name()] != 0 || m.weighed(m.schema.Types[field.Type.Name()], seen) {
			return true
		}
	}
	return false
}

func typeWeight(definition *ast.Definition) float64 {
	if weight, ok := weightAt(definition.Directives); ok {
		return weight
	}
	if definition.IsCompositeType() {
		return 1
	}
	return 0
}

// weightAt returns the weight of @cost in one place, and reports whether there
// is one.
func weightAt(directives ast.DirectiveList) (weight float64, ok bool) {
	weight, ok = directive.Weight(directives)
	return bounded(weight), ok
}

// fieldWeight is that of a field wherever it is asked of: of an interface's,
// the most expensive one of its possible types counts.
func (m *Model) fieldWeight(field *ast.Field) float64 {
	weight := m.Weight(field.Definition)
	if field.ObjectDefinition == nil || !field.ObjectDefinition.IsAbstractType() {
		return weight
	}
	for _, possible := range m.schema.PossibleTypes[field.ObjectDefinition.Name] {
		if definition := possible.Fields.ForName(field.Name); definition != nil {
			weight = max(weight, m.Weight(definition))
		}
	}
	return weight
}

// Weight returns what one object of a field costs, or its value: the weight of the field, else that of its type.
// What its arguments and the fields below it cost comes on top.
func (m *Model) Weight(definition *ast.FieldDefinition) float64 {
	if weight, ok := weightAt(definition.Directives); ok {
		return weight
	}
	return m.weights[definition.Type.Name()]
}

func bounded(cost float64) float64 { return min(max(cost, -most), most) }
