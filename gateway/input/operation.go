package input

import (
	"maps"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// Operation has what the values of an operation are computed by. It is
// immutable.
type Operation struct {
	schema    *Schema
	variables []variable
	// constants are the arguments whose values are the same for all requests.
	constants map[string]any
	// shared are those of them that are no lists and no objects.
	shared   map[string]any
	computed []computed
	checks   []check
}

// variable is one that the operation defines.
type variable struct {
	name       string
	typ        *typ
	hasDefault bool
	value      any // the canonical default
	location   []gqlerror.Location
}

// computed is an argument whose value depends on variables, or can be changed by
// those who are given it: every request has its own.
type computed struct {
	slot  string
	value expression
}

// check is what the values of a request must fulfil where a field is selected.
type check struct {
	conditions []condition
	usage      *usage   // its variable must not be null
	parsed     *parsed  // its value must be one of a custom scalar
	limited    *limited // its value must be within limits
}

// condition is an @include, or a @skip, with a variable.
type condition struct {
	variable string
	want     bool
}

// Operation returns what is known of an operation of the document.
func (d *Document) Operation(operation *ast.OperationDefinition) (*Operation, gqlerror.List) {
	o := &Operation{schema: d.schema}
	for _, v := range operation.VariableDefinitions {
		known := variable{name: v.Variable, typ: d.schema.typeOf(v.Type), location: locations(v.Position)}
		if v.DefaultValue != nil {
			value, err := d.schema.constant(known.typ, v.DefaultValue)
			if err != nil {
				return nil, gqlerror.List{gqlerror.Wrap(err)}
			}
			known.hasDefault, known.value = true, value
		}
		o.variables = append(o.variables, known)
	}
	w := &walk{document: d, definitions: operation.VariableDefinitions, operation: o, slots: map[string]bool{}, checked: map[any]bool{}}
	w.directives(operation.Directives, nil)
	w.selections(operation.SelectionSet, nil)
	return o, w.errs
}

// walk visits all that an operation selects. Fragments are visited wherever they
// are spread: the limits of documents bound that.
type walk struct {
	document    *Document
	definitions ast.VariableDefinitionList
	operation   *Operation
	slots       map[string]bool
	checked     map[any]bool // whatever the conditions
	errs        gqlerror.List
}

func (w *walk) selections(selections ast.SelectionSet, conditions []condition) {
	for _, selection := range selections {
		switch s := selection.(type) {
		case *ast.Field:
			if inner, ok := w.directives(s.Directives, conditions); ok {
				w.arguments(w.document.fields[s], inner)
				w.selections(s.SelectionSet, inner)
			}
		case *ast.InlineFragment:
			if inner, ok := w.directives(s.Directives, conditions); ok {
				w.selections(s.SelectionSet, inner)
			}
		case *ast.FragmentSpread:
			if inner, ok := w.directives(s.Directives, conditions); ok && s.Definition != nil {
				w.selections(s.Definition.SelectionSet, inner)
			}
		}
	}
}

// directives adds the conditions of @skip and @include. It reports whether the
// selection can be included.
func (w *walk) directives(directives ast.DirectiveList, conditions []condition) ([]condition, bool) {
	included := true
	for _, d := range directives {
		w.arguments(w.document.directives[d], conditions)
		if d.Name != "skip" && d.Name != "include" {
			continue
		}
		value := d.Arguments.ForName("if")
		switch want := d.Name == "include"; {
		case value == nil:
		case value.Value.Kind == ast.Variable:
			conditions = append(slices.Clip(conditions), condition{value.Value.Raw, want})
		default:
			included = included && (value.Value.Raw == "true") == want
		}
	}
	return conditions, included
}

func (w *walk) arguments(arguments []argument, conditions []condition) {
	for i := range arguments {
		a := &arguments[i]
		w.slot(a)
		for j := range a.usages {
			if w.mayBeNull(&a.usages[j]) {
				w.check(&a.usages[j], check{usage: &a.usages[j], conditions: conditions})
			}
		}
		for j := range a.parsed {
			w.check(&a.parsed[j], check{parsed: &a.parsed[j], conditions: conditions})
		}
		for j := range a.limits {
			w.check(&a.limits[j], check{limited: &a.limits[j], conditions: conditions})
		}
	}
}

func (w *walk) slot(a *argument) {
	if a.slot == "" || w.slots[a.slot] {
		return
	}
	w.slots[a.slot] = true
	o := w.operation
	if a.value.kind != isConstant {
		o.computed = append(o.computed, computed{a.slot, a.value})
		return
	}
	if o.constants == nil {
		o.constants, o.shared = map[string]any{}, map[string]any{}
	}
	o.constants[a.slot] = a.value.value
	switch a.value.value.(type) {
	case []any, map[string]any:
		o.computed = append(o.computed, computed{a.slot, a.value})
	default:
		o.shared[a.slot] = a.value.value
	}
}

func (w *walk) check(what any, c check) {
	if w.checked[what] {
		return
	}
	if len(c.conditions) == 0 {
		w.checked[what] = true
	}
	w.operation.checks = append(w.operation.checks, c)
}

// mayBeNull reports whether a variable can be null where a value must not be:
// one with a nullable type and a default, or where the position has a default
// (sections 5.8.5 and 6.4.1).
func (w *walk) mayBeNull(u *usage) bool {
	definition := w.definitions.ForName(u.value.Raw)
	if definition == nil || definition.Type.NonNull {
		return false
	}
	return u.typ.nonNull || u.oneOf != nil
}

func (c *check) holds(values map[string]any) bool {
	for _, condition := range c.conditions {
		if value, ok := values[condition.variable].(bool); ok && value != condition.want {
			return false
		}
	}
	return true
}

// wrong is what is wrong with the values of a request.
func (c *check) wrong(values map[string]any) *gqlerror.Error {
	switch {
	case c.usage != nil:
		name := c.usage.value.Raw
		if value, given := values[name]; value != nil || !given && c.usage.hasDefault {
			return nil
		}
		return badInput("The variable $"+name+" is null where a value of type "+c.usage.typ.text+" is required.", "$"+name, locations(c.usage.value.Position))
	case c.parsed != nil:
		value, _ := c.parsed.value.eval(values)
		if value == nil {
			return nil
		}
		if wrong := c.parsed.named.wrong(value); wrong != "" {
			return badInput(upper(wrong)+".", "", locations(c.parsed.at))
		}
	case c.limited != nil:
		value, _ := c.limited.value.eval(values)
		if wrong := c.limited.limit.wrong(value); wrong != "" {
			return badInput("The value of "+c.limited.name+" is out of range: "+wrong+".", "$"+c.limited.value.name, locations(c.limited.at))
		}
	}
	return nil
}

// Coerce returns the values of a request: of the variables, and of the arguments
// that [Schema.Compile] has replaced. They are canonical and must not be changed;
// given is, and must not be used any more. What the operation does not define is
// left out. Errors have the code BAD_USER_INPUT, a location in the document and,
// as extensions.variable, the path to the value; at most ten are returned.
func (o *Operation) Coerce(given map[string]any) (map[string]any, gqlerror.List) {
	values := o.shared
	if len(o.variables)+len(o.computed) > 0 {
		var errs gqlerror.List
		if values, errs = o.coerce(given); len(errs) > 0 {
			return nil, errs
		}
		maps.Copy(values, o.shared)
	}
	var errs gqlerror.List
	for i := range o.checks {
		if c := &o.checks[i]; c.holds(values) {
			if err := c.wrong(values); err != nil && len(errs) < mostMistakes {
				errs = append(errs, err)
			}
		}
	}
	if len(errs) > 0 {
		return nil, errs
	}
	for i := range o.computed {
		if value, ok := o.computed[i].value.eval(values); ok {
			values[o.computed[i].slot] = value
		}
	}
	return values, nil
}

// coerce coerces the variables (section 6.1.2), in place.
func (o *Operation) coerce(given map[string]any) (map[string]any, gqlerror.List) {
	if given == nil {
		given = make(map[string]any, len(o.variables)+len(o.shared)+len(o.computed))
	}
	c := &coercion{schema: o.schema, path: make([]segment, 1, 12)}
	known := 0
	for i := range o.variables {
		v := &o.variables[i]
		c.path[0].name, c.location = v.name, v.location
		value, ok := given[v.name]
		switch {
		case ok:
			known++
			if coerced := c.value(v.typ, value); !same(coerced, value) {
				given[v.name] = coerced
			}
		case v.hasDefault:
			known++
			given[v.name] = copied(v.value)
		case v.typ.nonNull:
			c.wrong("a value of type " + v.typ.text + " is required")
		}
	}
	if known < len(given) {
		maps.DeleteFunc(given, func(name string, _ any) bool { return !o.defines(name) })
	}
	return given, c.errs
}

func (o *Operation) defines(name string) bool {
	return slices.ContainsFunc(o.variables, func(v variable) bool { return v.name == name })
}

// Constant returns the value of an argument of the document, and whether it is
// the same for all requests. It is nil without a value.
func (o *Operation) Constant(value *ast.Value) (any, bool) {
	switch value.Kind {
	case ast.Variable:
		constant, ok := o.constants[value.Raw]
		return constant, ok
	case ast.NullValue:
		return nil, true
	case ast.BooleanValue:
		return value.Raw == "true", true
	}
	return value.Raw, true
}
