package cost

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// listSize is the directive of a field. Nil is none.
type listSize struct {
	assumed  float64 // negative when there is none
	slicing  []string
	sized    []string
	needsOne bool
}

func readListSize(definition *ast.FieldDefinition) *listSize {
	directive := definition.Directives.ForName("listSize")
	if directive == nil {
		return nil
	}
	out := &listSize{assumed: -1, needsOne: true}
	for _, argument := range directive.Arguments {
		switch argument.Name {
		case "assumedSize":
			if n, err := strconv.ParseFloat(argument.Value.Raw, 64); err == nil {
				out.assumed = n
			}
		case "slicingArguments":
			out.slicing = texts(argument.Value)
		case "sizedFields":
			out.sized = texts(argument.Value)
		case "requireOneSlicingArgument":
			out.needsOne = argument.Value.Raw == "true"
		}
	}
	return out
}

func texts(value *ast.Value) []string {
	if value.Kind != ast.ListValue { // one stands for a list of it
		return []string{value.Raw}
	}
	out := make([]string, len(value.Children))
	for i, child := range value.Children {
		out[i] = child.Value.Raw
	}
	return out
}

// length is how many items a list has at most.
type length struct {
	fixed     float64   // the largest number that the document gives; negative without one
	variables []operand // numbers that variables give
	otherwise float64   // when none is given
	times     float64   // lists in the list
}

// operand is a value in the variables: one of them, or something inside.
type operand struct {
	variable string
	path     []string
}

// of computes the length. It does not allocate.
func (l *length) of(variables map[string]any) float64 {
	longest := l.fixed
	for i := range l.variables {
		if n, ok := number(l.variables[i].in(variables)); ok {
			longest = max(longest, n, 0)
		}
	}
	if longest < 0 {
		longest = l.otherwise
	}
	return bounded(longest * l.times)
}

func (o *operand) in(variables map[string]any) any {
	value := variables[o.variable]
	for _, name := range o.path {
		object, _ := value.(map[string]any)
		value = object[name]
	}
	return value
}

func number(value any) (float64, bool) {
	switch n := value.(type) {
	case int64:
		return float64(n), true
	case int:
		return float64(n), true
	case float64:
		return n, true
	case json.Number:
		f, err := n.Float64()
		return f, err == nil
	}
	return 0, false
}

// lengthOf is the length of the list that a sizing directive at field says:
// field is the list itself, or the field that the list is below of.
func (m *Model) lengthOf(field *ast.Field, directive *listSize, depth int) length {
	out := length{fixed: -1, otherwise: m.listSize, times: 1}
	for range depth - 1 {
		out.times = bounded(out.times * m.listSize)
	}
	if directive == nil {
		return out
	}
	if directive.assumed >= 0 {
		out.otherwise = directive.assumed
	}
	for _, path := range directive.slicing {
		m.slice(field, strings.Split(path, "."), &out)
	}
	return out
}

// slice adds what a slicing argument gives, or the default of the argument.
func (m *Model) slice(field *ast.Field, path []string, out *length) {
	definition := field.Definition.Arguments.ForName(path[0])
	if definition == nil {
		return
	}
	value := definition.DefaultValue
	if argument := field.Arguments.ForName(path[0]); argument != nil {
		value = argument.Value
		if value.Kind == ast.Variable && definition.DefaultValue != nil { // it may be left out
			m.literal(definition.DefaultValue, path[1:], m.schema.Types[definition.Type.Name()], &out.otherwise)
		}
	}
	typ := m.schema.Types[definition.Type.Name()]
	for i, name := range path[1:] {
		if value == nil || value.Kind != ast.ObjectValue {
			if value != nil && value.Kind == ast.Variable {
				out.variables = append(out.variables, operand{variable: value.Raw, path: path[i+1:]})
			}
			return
		}
		value, typ = m.member(value, typ, name)
	}
	switch {
	case value == nil:
	case value.Kind == ast.Variable:
		out.variables = append(out.variables, operand{variable: value.Raw})
	case value.Kind == ast.IntValue:
		if n, err := strconv.ParseFloat(value.Raw, 64); err == nil {
			out.fixed = max(out.fixed, n, 0)
		}
	}
}

// literal puts the number at a path of a default into the length.
func (m *Model) literal(value *ast.Value, path []string, typ *ast.Definition, into *float64) {
	for _, name := range path {
		if value == nil || value.Kind != ast.ObjectValue {
			return
		}
		value, typ = m.member(value, typ, name)
	}
	if value != nil && value.Kind == ast.IntValue {
		if n, err := strconv.ParseFloat(value.Raw, 64); err == nil {
			*into = max(n, 0)
		}
	}
}

// member is the value of an input object's field, or the field's default.
func (m *Model) member(object *ast.Value, typ *ast.Definition, name string) (*ast.Value, *ast.Definition) {
	var definition *ast.FieldDefinition
	if typ != nil {
		definition = typ.Fields.ForName(name)
	}
	var next *ast.Definition
	if definition != nil {
		next = m.schema.Types[definition.Type.Name()]
	}
	if value := object.Children.ForName(name); value != nil {
		return value, next
	}
	if definition != nil {
		return definition.DefaultValue, next
	}
	return nil, next
}

// checkSlicing wants exactly one slicing argument, where the directive does.
// One with a default may be left out.
func checkSlicing(field *ast.Field, directive *listSize) *gqlerror.Error {
	if !directive.needsOne || len(directive.slicing) == 0 {
		return nil
	}
	given, defaults := 0, 0
	for _, path := range directive.slicing {
		name, _, _ := strings.Cut(path, ".")
		if argument := field.Arguments.ForName(name); argument != nil && argument.Value.Kind != ast.NullValue {
			given++
		} else if definition := field.Definition.Arguments.ForName(name); definition != nil && definition.DefaultValue != nil {
			defaults++
		}
	}
	if given == 1 || given == 0 && defaults > 0 {
		return nil
	}
	return gqlerror.ErrorPosf(field.Position, "%s needs exactly one of the arguments %s: they say how long its list is.",
		field.Name, strings.Join(directive.slicing, ", "))
}

// lists is how many lists a type has around its name.
func lists(typ *ast.Type) int {
	depth := 0
	for ; typ.Elem != nil; typ = typ.Elem {
		depth++
	}
	return depth
}
