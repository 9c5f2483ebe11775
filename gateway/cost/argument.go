package cost

import (
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/input"
)

// argument is one whose cost depends on the request.
type argument struct {
	weight   float64 // when it is given
	variable string  // its value
	typ      *ast.Type
	model    *Model
}

// arguments are those of a field that can cost something: what the constant ones
// cost, and all others.
func (m *Model) arguments(field *ast.Field, inputs *input.Operation) (constant float64, list []argument) {
	for _, definition := range field.Definition.Arguments {
		given := field.Arguments.ForName(definition.Name)
		weight, own := weightAt(definition.Directives)
		if !own {
			weight = m.weights[definition.Type.Name()]
		}
		if given == nil || weight == 0 && !m.input[definition.Type.Name()] {
			continue
		}
		a := argument{weight: weight, variable: given.Value.Raw, typ: definition.Type, model: m}
		if value, ok := inputs.Constant(given.Value); ok {
			constant = bounded(constant + a.of(value))
		} else {
			list = append(list, a)
		}
	}
	return constant, list
}

func costs(arguments []argument, values map[string]any) float64 {
	total := 0.0
	for i := range arguments {
		total = bounded(total + arguments[i].of(values[arguments[i].variable]))
	}
	return total
}

// of is what a value costs; null costs nothing.
func (a *argument) of(value any) float64 {
	if value == nil {
		return 0
	}
	return bounded(a.weight + a.model.members(value, a.typ))
}

// members is what the members of a canonical value cost.
func (m *Model) members(value any, typ *ast.Type) float64 {
	if !m.input[typ.Name()] {
		return 0
	}
	total := 0.0
	switch value := value.(type) {
	case []any:
		for _, v := range value {
			total = bounded(total + m.members(v, typ.Elem))
		}
	case map[string]any:
		for _, field := range m.schema.Types[typ.Name()].Fields {
			if member := value[field.Name]; member != nil {
				total = bounded(total + m.memberWeight(field) + m.members(member, field.Type))
			}
		}
	}
	return total
}

func (m *Model) memberWeight(field *ast.FieldDefinition) float64 {
	if weight, ok := weightAt(field.Directives); ok {
		return weight
	}
	return m.weights[field.Type.Name()]
}
