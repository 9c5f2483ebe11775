package directive

import (
	"math"
	"regexp"
	"slices"
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"
)

// Weight returns the weight of @cost (IBM's cost specification). ok reports
// whether there is one.
func Weight(directives ast.DirectiveList) (weight float64, ok bool) {
	d := directives.ForName(NameCost)
	if d == nil {
		return 0, false
	}
	value := argument(d, "weight")
	if value == nil {
		return 0, false
	}
	weight, err := strconv.ParseFloat(value.Raw, 64)
	if err != nil || math.IsNaN(weight) {
		return 0, false
	}
	return weight, true
}

// decimal matches decimal numbers. strconv also accepts others, such as
// hexadecimal numbers and infinity.
var decimal = regexp.MustCompile(`^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$`)

// weight checks that @cost has a number. It may be a string, as in IBM's
// specification, or an Int, as in Apollo's.
func (c checker) weight(directives ast.DirectiveList) {
	for _, d := range directives.ForNames(NameCost) {
		value := d.Arguments.ForName("weight").Value // the validator requires the argument
		number := slices.Contains([]ast.ValueKind{ast.StringValue, ast.BlockValue, ast.IntValue, ast.FloatValue}, value.Kind)
		n, err := strconv.ParseFloat(value.Raw, 64)
		if !number || !decimal.MatchString(value.Raw) || err != nil || math.IsInf(n, 0) {
			c.report(value.Position, `write a number, such as "2.5"`, "weight can't be %s", value)
		}
	}
}

// oneWeight checks that a type and its extensions have the same weight. The
// validator accepts the directive in each of them.
func (c checker) oneWeight(def *ast.Definition) {
	all := def.Directives.ForNames(NameCost)
	for i := 1; i < len(all); i++ {
		first, other := all[0].Arguments.ForName("weight").Value, all[i].Arguments.ForName("weight").Value
		a, errA := strconv.ParseFloat(first.Raw, 64)
		b, errB := strconv.ParseFloat(other.Raw, 64)
		if errA == nil && errB == nil && a != b { // other mistakes are reported by weight
			c.report(other.Position, "keep one of them", "%s has the weight %s here, but %s elsewhere", def.Name, other, first)
		}
	}
}

// fieldWeight reports the weight of a field of an interface, which no cost is
// computed from.
func (c checker) fieldWeight(def *ast.Definition, field *ast.FieldDefinition) {
	if d := field.Directives.ForName(NameCost); d != nil && def.Kind == ast.Interface {
		c.report(d.Position, "write it at the fields of the types that implement "+def.Name,
			"%s.%s is a field of an interface: its cost is that of the implementing types", def.Name, field.Name)
	}
}
