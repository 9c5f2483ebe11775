package cost

import (
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/input"
)

// Weigh returns what a field of objects of a type adds to the cost of an answer: each of its objects,
// or of its other values, and its arguments, by the values of [input.Operation.Coerce]. Arguments is
// nil if they cost nothing. It is what package execute counts by.
func (m *Model) Weigh(object *ast.Definition, field *ast.Field, inputs *input.Operation) (each float64, arguments func(values map[string]any) float64) {
	if strings.HasPrefix(field.Name, "__") {
		return introspection[field.Name], nil
	}
	definition := object.Fields.ForName(field.Name)
	if definition == nil || strings.HasPrefix(object.Name, "__") {
		return 0, nil
	}
	constant, variable := m.arguments(field, inputs)
	if constant == 0 && variable == nil {
		return m.Weight(definition), nil
	}
	return m.Weight(definition), func(values map[string]any) float64 { return bounded(constant + costs(variable, values)) }
}

// Actual returns the cost of an operation whose answer has data of a cost, as [Model.Weigh] has it: as
// [Formula.Requested], with the lengths that lists have and without what is null. It is never more
// than requested.
func (f *Formula) Actual(data, requested float64) float64 {
	return min(max(f.base+data, 0), requested)
}
