package cost

import (
	"github.com/vektah/gqlparser/v2/ast"
)

// argument is one that is given and can cost something.
type argument struct {
	weight float64 // when it is given
	value  *ast.Value
	typ    *ast.Type
	model  *Model // nil when the value itself costs nothing
}

// arguments are those of a field that can cost something.
func (m *Model) arguments(field *ast.Field) []argument {
	var out []argument
	for _, definition := range field.Definition.Arguments {
		weight, own := directiveWeight(definition.Directives)
		if !own {
			weight = m.weights[definition.Type.Name()]
		}
		inside := m.input[definition.Type.Name()]
		if weight == 0 && !inside {
			continue
		}
		value := definition.DefaultValue
		if given := field.Arguments.ForName(definition.Name); given != nil {
			value = given.Value
		}
		if value == nil {
			continue
		}
		a := argument{weight: weight, value: value, typ: definition.Type}
		if inside {
			a.model = m
		}
		out = append(out, a)
	}
	return out
}

func costs(arguments []argument, variables map[string]any) float64 {
	total := 0.0
	for i := range arguments {
		total = bounded(total + arguments[i].cost(variables))
	}
	return total
}

func (a *argument) cost(variables map[string]any) float64 {
	if a.value.Kind == ast.NullValue {
		return 0
	}
	if a.value.Kind == ast.Variable && variables[a.value.Raw] == nil {
		return 0
	}
	if a.model == nil {
		return a.weight
	}
	return bounded(a.weight + a.model.literalCost(a.value, a.typ, variables))
}

// literalCost is what the members of a value in the document cost.
func (m *Model) literalCost(value *ast.Value, typ *ast.Type, variables map[string]any) float64 {
	switch value.Kind {
	case ast.Variable:
		return m.valueCost(variables[value.Raw], typ)
	case ast.ListValue:
		total := 0.0
		for _, child := range value.Children {
			total = bounded(total + m.literalCost(child.Value, item(typ), variables))
		}
		return total
	case ast.ObjectValue:
		total := 0.0
		for _, field := range m.members(typ) {
			member := value.Children.ForName(field.Name)
			if member == nil {
				member = field.DefaultValue
			}
			if member == nil || member.Kind == ast.NullValue || member.Kind == ast.Variable && variables[member.Raw] == nil {
				continue
			}
			total = bounded(total + m.memberWeight(field) + m.literalCost(member, field.Type, variables))
		}
		return total
	}
	return 0
}

// valueCost is what the members of a variable's value cost.
func (m *Model) valueCost(value any, typ *ast.Type) float64 {
	total := 0.0
	switch value := value.(type) {
	case []any:
		for _, v := range value {
			total = bounded(total + m.valueCost(v, item(typ)))
		}
	case map[string]any:
		for _, field := range m.members(typ) {
			if member := value[field.Name]; member != nil {
				total = bounded(total + m.memberWeight(field) + m.valueCost(member, field.Type))
			}
		}
	}
	return total
}

// members are the fields of an input object that can cost something; none for
// other types.
func (m *Model) members(typ *ast.Type) ast.FieldList {
	if !m.input[typ.Name()] {
		return nil
	}
	return m.schema.Types[typ.Name()].Fields
}

func (m *Model) memberWeight(field *ast.FieldDefinition) float64 {
	if weight, ok := directiveWeight(field.Directives); ok {
		return weight
	}
	return m.weights[field.Type.Name()]
}

// item is the type of a list's items; a value that is no list stands for a list
// of it.
func item(typ *ast.Type) *ast.Type {
	if typ.Elem != nil {
		return typ.Elem
	}
	return typ
}
