package cost

import (
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator/core"

	"github.com/portico-gateway/portico/gateway/directive"
	"github.com/portico-gateway/portico/gateway/input"
)

// length is how many items a list has at most.
type length struct {
	fixed     float64   // the largest number in the document; negative without one
	variables []operand // numbers that requests give
	otherwise float64   // when none is given
	times     float64   // lists in the list
}

// operand is a number in the values of a request, or in a constant.
type operand struct {
	variable string
	constant any
	path     directive.ArgumentPath // to the number, through input objects
}

// slice is a slicing argument, or one in an argument.
type slice struct {
	operand operand
	name    string
	at      *ast.Position
}

// of computes the length. It does not allocate.
func (l *length) of(values map[string]any) float64 {
	longest := l.fixed
	for i := range l.variables {
		if n, ok := l.variables[i].number(values); ok {
			longest = max(longest, n)
		}
	}
	if longest < 0 {
		longest = l.otherwise
	}
	return bounded(longest * l.times)
}

// number returns the number, and whether one is given.
func (o *operand) number(values map[string]any) (float64, bool) {
	value := o.constant
	if o.variable != "" {
		value = values[o.variable]
	}
	for _, name := range o.path {
		object, _ := value.(map[string]any)
		value = object[name]
	}
	return input.Number(value)
}

// none is a number that is not given.
const none = -1

// lengthOf is the length of the list that a sizing directive at field says:
// field is the list itself, or the field that the list is below of.
func (c *compiler) lengthOf(field *ast.Field, size *directive.ListSize, depth int) length {
	out := length{fixed: none, otherwise: c.model.listSize, times: 1}
	for range depth - 1 {
		out.times = bounded(out.times * c.model.listSize)
	}
	if size == nil {
		return out
	}
	if size.AssumedSize != nil && *size.AssumedSize >= 0 {
		out.otherwise = float64(*size.AssumedSize)
	}
	for _, s := range c.slices(field, size) {
		if s.operand.variable != "" {
			out.variables = append(out.variables, s.operand)
		} else if n, ok := s.operand.number(nil); ok {
			out.fixed = max(out.fixed, n)
		}
	}
	return out
}

// slices are the slicing arguments of a field that have a value, and those in its
// arguments: "first", "input.first".
func (c *compiler) slices(field *ast.Field, size *directive.ListSize) []slice {
	if size == nil {
		return nil
	}
	var list []slice
	for _, path := range size.SlicingArguments {
		argument := field.Arguments.ForName(path[0])
		if argument == nil {
			continue
		}
		o := operand{path: path[1:]}
		constant, fixed := c.inputs.Constant(argument.Value)
		if o.constant = constant; !fixed {
			o.variable = argument.Value.Raw
		}
		list = append(list, slice{operand: o, name: path.String(), at: argument.Value.Position})
	}
	return list
}

// Rule validates that a field has exactly one slicing argument, where @listSize
// requires one. An argument with a default may be left out.
func (m *Model) Rule() core.Rule {
	return core.Rule{Name: "SlicingArguments", RuleFunc: func(observers *core.Events, addError core.AddErrFunc) {
		seen := map[*ast.Field]bool{} // fragments are walked for each spread
		observers.OnField(func(_ *core.Walker, field *ast.Field) {
			if field.Definition == nil || seen[field] {
				return
			}
			seen[field] = true
			size := directive.ListSizeOf(field.Definition.Directives)
			if size != nil && !m.hasOneSlice(field, size) {
				addError(core.Message("%s needs exactly one of the arguments %s: they are the length of its list.",
					field.Name, pathNames(size.SlicingArguments)), core.At(field.Position))
			}
		})
	}}
}

// pathNames returns paths as the schema has them, one after the other.
func pathNames(paths []directive.ArgumentPath) string {
	names := make([]string, len(paths))
	for i, path := range paths {
		names[i] = path.String()
	}
	return strings.Join(names, ", ")
}

func (m *Model) hasOneSlice(field *ast.Field, size *directive.ListSize) bool {
	if !size.RequireOne || len(size.SlicingArguments) == 0 {
		return true
	}
	given, defaults, unknown := 0, 0, false
	for _, path := range size.SlicingArguments {
		switch m.presence(field, path) {
		case isGiven:
			given++
		case isDefault:
			defaults++
		case isInVariable:
			unknown = true
		}
	}
	return given == 1 || given == 0 && (defaults > 0 || unknown)
}

// How a slicing argument is given.
const (
	isAbsent     = iota
	isGiven      // by a value or a variable of its own
	isDefault    // by the argument's default
	isInVariable // perhaps, inside of one
)

// presence finds out how a slicing argument of a document is given, before its
// arguments are compiled.
func (m *Model) presence(field *ast.Field, path directive.ArgumentPath) int {
	definition := field.Definition.Arguments.ForName(path[0])
	if definition == nil {
		return isAbsent
	}
	value, how, typ := definition.DefaultValue, isDefault, m.schema.Types[definition.Type.Name()]
	if argument := field.Arguments.ForName(path[0]); argument != nil {
		value, how = argument.Value, isGiven
	}
	for _, name := range path[1:] {
		switch {
		case value == nil || typ == nil:
			return isAbsent
		case value.Kind == ast.Variable:
			return isInVariable
		}
		member, given := typ.Fields.ForName(name), value.Children.ForName(name)
		if member == nil {
			return isAbsent
		}
		typ = m.schema.Types[member.Type.Name()]
		if value = given; given == nil {
			value, how = member.DefaultValue, isDefault
		}
	}
	if value == nil || value.Kind == ast.NullValue {
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
