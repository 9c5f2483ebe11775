package directive

import (
	"math"
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"
)

// Constraint is @constraint of an argument or an input field: the smallest and
// the largest value of a number. Nil sets no limit.
type Constraint struct{ Min, Max *float64 }

// ConstraintOf returns @constraint; nil if there is none.
func ConstraintOf(directives ast.DirectiveList) *Constraint {
	d := directives.ForName(NameConstraint)
	if d == nil {
		return nil
	}
	return &Constraint{Min: number(d, "min"), Max: number(d, "max")}
}

func number(d *ast.Directive, name string) *float64 {
	value := argument(d, name)
	if value == nil {
		return nil
	}
	n, err := strconv.ParseFloat(value.Raw, 64)
	if err != nil {
		return nil
	}
	return &n
}

// constraint checks @constraint of an argument or a field of this type.
func (c checker) constraint(directives ast.DirectiveList, t *ast.Type) {
	for _, d := range directives.ForNames(NameConstraint) {
		least, most := d.Arguments.ForName("min"), d.Arguments.ForName("max")
		for _, arg := range d.Arguments {
			if arg.Value.Kind != ast.IntValue {
				c.report(arg.Value.Position, "", "%s must be a whole number, but is %s", arg.Name, arg.Value)
				return
			}
		}
		if t.Elem != nil || t.NamedType != "Int" && t.NamedType != "Float" {
			c.report(d.Position, "", "@constraint is for Int and Float, but this is %s", t)
		}
		if least == nil && most == nil {
			c.report(d.Position, "add min or max", "@constraint has neither min nor max")
		}
		if least != nil && most != nil {
			lo, _ := strconv.Atoi(least.Value.Raw)
			hi, _ := strconv.Atoi(most.Value.Raw)
			if lo > hi {
				c.report(d.Position, "", "min is more than max")
			}
		}
	}
}

// Most returns Max as a number of items, at least 0. It returns false if there
// is no Max. It may be called on nil.
func (c *Constraint) Most() (int, bool) {
	if c == nil || c.Max == nil || *c.Max >= math.MaxInt {
		return 0, false
	}
	return int(max(*c.Max, 0)), true
}
