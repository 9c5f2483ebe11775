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

// operand is a number in the variables: one of them, or something inside.
type operand struct {
	variable string
	path     []string
	// What it is when the variable, or the last member of the path, is not
	// given; negative for nothing. A null is null.
	absent, member float64
}

// of computes the length. It does not allocate.
func (l *length) of(variables map[string]any) float64 {
	longest := l.fixed
	for i := range l.variables {
		longest = max(longest, l.variables[i].number(variables))
	}
	if longest < 0 {
		longest = l.otherwise
	}
	return bounded(longest * l.times)
}

// number is negative when there is none; a list has no negative length.
func (o *operand) number(variables map[string]any) float64 {
	value, ok := variables[o.variable]
	if !ok {
		return o.absent
	}
	for i, name := range o.path {
		object, _ := value.(map[string]any)
		if value, ok = object[name]; !ok && object != nil && i == len(o.path)-1 {
			return o.member
		}
	}
	if n, ok := number(value); ok {
		return max(n, 0)
	}
	return none
}

// none is a number that is not given.
const none = -1

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
	out := length{fixed: none, otherwise: m.listSize, times: 1}
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
	value := place{value: definition.DefaultValue, fallback: definition.DefaultValue, typ: m.schema.Types[definition.Type.Name()]}
	if argument := field.Arguments.ForName(path[0]); argument != nil {
		value.value = argument.Value
	}
	rest := path[1:]
	for len(rest) > 0 && value.value != nil && value.value.Kind == ast.ObjectValue {
		value, rest = m.member(value, rest[0]), rest[1:]
	}
	switch {
	case value.value == nil:
	case value.value.Kind == ast.Variable:
		out.variables = append(out.variables, operand{variable: value.value.Raw, path: rest, absent: m.literal(value, rest), member: m.memberDefault(value.typ, rest)})
	default:
		out.fixed = max(out.fixed, literal(value.value))
	}
}

// place is where a value is expected: the value, what it is when a variable
// gives none, and the type of both.
type place struct {
	value, fallback *ast.Value
	typ             *ast.Definition
}

// member is that of an input object's literal.
func (m *Model) member(object place, name string) place {
	out := place{}
	if object.typ != nil {
		if definition := object.typ.Fields.ForName(name); definition != nil {
			out = place{value: definition.DefaultValue, fallback: definition.DefaultValue, typ: m.schema.Types[definition.Type.Name()]}
		}
	}
	if value := object.value.Children.ForName(name); value != nil {
		out.value = value
	}
	return out
}

// literal is the number that a path leads to from what a place has without its
// variable.
func (m *Model) literal(at place, path []string) float64 {
	at.value = at.fallback
	for _, name := range path {
		if at.value == nil || at.value.Kind != ast.ObjectValue {
			return none
		}
		at = m.member(at, name)
	}
	return literal(at.value)
}

func literal(value *ast.Value) float64 {
	if value == nil || value.Kind != ast.IntValue {
		return none
	}
	n, err := strconv.ParseFloat(value.Raw, 64)
	if err != nil {
		return none
	}
	return max(n, 0)
}

// memberDefault is the default of the last member of a path into a type.
func (m *Model) memberDefault(typ *ast.Definition, path []string) float64 {
	var last *ast.Value
	for _, name := range path {
		if typ == nil {
			return none
		}
		definition := typ.Fields.ForName(name)
		if definition == nil {
			return none
		}
		last, typ = definition.DefaultValue, m.schema.Types[definition.Type.Name()]
	}
	return literal(last)
}

// checkSlicing wants exactly one slicing argument, where the directive does.
// One with a default may be left out.
func (m *Model) checkSlicing(field *ast.Field, directive *listSize) *gqlerror.Error {
	if !directive.needsOne || len(directive.slicing) == 0 {
		return nil
	}
	given, defaults, unknown := 0, 0, false
	for _, path := range directive.slicing {
		switch m.presence(field, strings.Split(path, ".")) {
		case isGiven:
			given++
		case isDefault:
			defaults++
		case isInVariable:
			unknown = true
		}
	}
	if given == 1 || given == 0 && (defaults > 0 || unknown) {
		return nil
	}
	return gqlerror.ErrorPosf(field.Position, "%s needs exactly one of the arguments %s: they say how long its list is.",
		field.Name, strings.Join(directive.slicing, ", "))
}

// How a slicing argument is given.
const (
	isAbsent     = iota
	isGiven      // by a value or a variable of its own
	isDefault    // by the argument's default
	isInVariable // perhaps, inside of one
)

func (m *Model) presence(field *ast.Field, path []string) int {
	definition := field.Definition.Arguments.ForName(path[0])
	if definition == nil {
		return isAbsent
	}
	at, how := place{value: definition.DefaultValue, typ: m.schema.Types[definition.Type.Name()]}, isDefault
	if argument := field.Arguments.ForName(path[0]); argument != nil {
		at.value, how = argument.Value, isGiven
	}
	for _, name := range path[1:] {
		switch {
		case at.value == nil:
			return isAbsent
		case at.value.Kind == ast.Variable:
			return isInVariable
		case at.value.Children.ForName(name) == nil:
			how = isDefault
		}
		at = m.member(at, name)
	}
	if at.value == nil || at.value.Kind == ast.NullValue {
		return isAbsent
	}
	return how
}

// lists is how many lists a type has around its name.
func lists(typ *ast.Type) int {
	depth := 0
	for ; typ.Elem != nil; typ = typ.Elem {
		depth++
	}
	return depth
}
