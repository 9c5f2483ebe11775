package input

import (
	"context"
	"maps"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/portico-gateway/portico/gateway/problem"
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
	fixed    size // of what all arguments have besides variables
}

// variable is one that the operation defines.
type variable struct {
	name       string
	typ        *typ
	hasDefault bool
	value      any  // the canonical default
	size       size // of it
	location   []gqlerror.Location
	uses       uses
}

// computed is an argument whose value depends on variables, or can be changed by
// those who are given it: every request has its own.
type computed struct {
	slot  string
	value expression
}

// check is what the values of a request must fulfil where an argument is selected.
type check struct {
	argument   *argument
	conditions *conditions
}

// conditions are those of @skip and @include with variables that must hold for a
// selection. Nil always holds.
type conditions struct {
	outer    *conditions
	variable string
	want     bool
	key      string // identifies the condition
}

// and returns the conditions with one more.
func (c *conditions) and(variable string, want bool) *conditions {
	key := variable + "-"
	if want {
		key = variable + "+"
	}
	for o := c; o != nil; o = o.outer {
		if o.variable == variable && o.want == want {
			return c
		}
	}
	if c != nil {
		key = c.key + key
	}
	return &conditions{outer: c, variable: variable, want: want, key: key}
}

func (c *conditions) hold(values map[string]any) bool {
	for ; c != nil; c = c.outer {
		if value, ok := values[c.variable].(bool); ok && value != c.want {
			return false
		}
	}
	return true
}

// Operation returns what is known of an operation of the document.
func (d *Document) Operation(operation *ast.OperationDefinition) *Operation {
	o := &Operation{schema: d.schema}
	for _, v := range operation.VariableDefinitions {
		value, hasDefault := d.defaults[v]
		o.variables = append(o.variables, variable{
			name: v.Variable, typ: d.schema.typeOf(v.Type), hasDefault: hasDefault, value: value, size: sizeOf(value), location: locations(v.Position),
		})
	}
	w := &walk{document: d, operation: o, index: map[string]*variable{}, nullable: map[string]bool{}, slots: map[string]bool{}, checked: map[checkKey]bool{}}
	for i, v := range operation.VariableDefinitions {
		w.index[v.Variable], w.nullable[v.Variable] = &o.variables[i], !v.Type.NonNull
	}
	w.directives(operation.Directives, nil)
	w.selections(operation.SelectionSet, nil)
	return o
}

// walk visits all that an operation selects. Fragments are visited wherever they
// are spread: the limits of documents bound that.
type walk struct {
	document  *Document
	operation *Operation
	index     map[string]*variable
	nullable  map[string]bool
	slots     map[string]bool
	checked   map[checkKey]bool
}

// checkKey identifies a check.
type checkKey struct {
	argument   *argument
	conditions string
}

func (w *walk) selections(selections ast.SelectionSet, outer *conditions) {
	for _, selection := range selections {
		switch s := selection.(type) {
		case *ast.Field:
			if inner, ok := w.directives(s.Directives, outer); ok {
				w.arguments(w.document.fields[s], inner)
				w.selections(s.SelectionSet, inner)
			}
		case *ast.InlineFragment:
			if inner, ok := w.directives(s.Directives, outer); ok {
				w.selections(s.SelectionSet, inner)
			}
		case *ast.FragmentSpread:
			if inner, ok := w.directives(s.Directives, outer); ok && s.Definition != nil {
				w.selections(s.Definition.SelectionSet, inner)
			}
		}
	}
}

// directives adds the conditions of @skip and @include. It reports whether the
// selection can be included. The arguments of all of its directives are checked
// under the outer conditions: execution evaluates both, whatever the other says.
func (w *walk) directives(directives ast.DirectiveList, outer *conditions) (inner *conditions, included bool) {
	inner, included = outer, true
	for _, d := range directives {
		w.arguments(w.document.directives[d], outer)
		if d.Name != "skip" && d.Name != "include" {
			continue
		}
		value := d.Arguments.ForName("if")
		switch want := d.Name == "include"; {
		case value == nil:
		case value.Value.Kind == ast.Variable:
			inner = inner.and(value.Value.Raw, want)
		default:
			included = included && (value.Value.Raw == "true") == want
		}
	}
	return inner, included
}

func (w *walk) arguments(arguments []argument, c *conditions) {
	for i := range arguments {
		a := &arguments[i]
		w.slot(a)
		w.measure(a)
		key := checkKey{argument: a}
		if c != nil {
			key.conditions = c.key
		}
		if !w.isChecked(a) || w.checked[key] || w.checked[checkKey{argument: a}] {
			continue
		}
		w.checked[key] = true
		w.operation.checks = append(w.operation.checks, check{a, c})
	}
}

// isChecked reports whether requests can be wrong about an argument: by a variable
// that is null where a value must not be, which has a nullable type and a default,
// or stands where there is a default (sections 5.8.5 and 6.4.1); by a custom
// scalar; by a @constraint; or by @globalID.
func (w *walk) isChecked(a *argument) bool {
	return len(a.parsed)+len(a.limits) > 0 || slices.ContainsFunc(a.usages, func(u usage) bool { return w.nullable[u.value.Raw] })
}

func (w *walk) measure(a *argument) {
	f := &w.operation.fixed
	f.contain(a.fixed)
	for name, u := range a.variables {
		if v := w.index[name]; v != nil {
			v.uses.count, v.uses.depth = v.uses.count+u.count, max(v.uses.depth, u.depth)
			v.uses.fallback.contain(u.fallback)
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

// wrong returns the error of the values of a request; nil if there is none.
func (c *check) wrong(ctx context.Context, s *Schema, values map[string]any) *gqlerror.Error {
	for i := range c.argument.usages {
		u := &c.argument.usages[i]
		if value, given := values[u.value.Raw]; value == nil && (given || !u.hasDefault) {
			return badInput("The variable $"+u.value.Raw+" is null where a value of type "+u.typ.text+" is required.",
				"$"+u.value.Raw, locations(u.value.Position))
		}
	}
	for i := range c.argument.parsed {
		p := &c.argument.parsed[i]
		if value, _ := p.value.eval(values); value != nil {
			if _, wrong, _ := s.parse(ctx, p.named, value); wrong != "" {
				return badInput(upper(wrong)+".", "", locations(p.at))
			}
		}
	}
	for i := range c.argument.limits {
		l := &c.argument.limits[i]
		value, _ := l.value.eval(values)
		if l.global != nil {
			if err := l.notGlobal(value); err != nil {
				return err
			}
		}
		if wrong := l.limit.wrong(value); wrong != "" {
			return badInput("The value of "+l.name+" is out of range: "+wrong+".", "$"+l.value.name, locations(l.at))
		}
	}
	return nil
}

// Coerce returns the values of a request: of the variables, and of the arguments
// that [Schema.Compile] has replaced. They are canonical and must not be changed;
// given is, and must not be used any more. What the operation does not define is
// left out. Errors have the code BAD_USER_INPUT, a location in the document and,
// as extensions.variable, the path to the value; at most ten are returned. What is
// beyond the schema's [Limits] is MAX_INPUT_LIMIT.
func (o *Operation) Coerce(ctx context.Context, given map[string]any) (map[string]any, gqlerror.List) {
	values := o.shared
	filled := size{}
	if len(o.variables)+len(o.computed) > 0 {
		var errs gqlerror.List
		if values, filled, errs = o.coerce(ctx, given); len(errs) > 0 {
			return nil, errs
		}
		maps.Copy(values, o.shared)
	}
	if err := o.tooLarge(values, filled); err != nil {
		return nil, gqlerror.List{err}
	}
	var errs gqlerror.List
	for i := range o.checks {
		if c := &o.checks[i]; c.conditions.hold(values) && len(errs) < mostMistakes {
			if err := c.wrong(ctx, o.schema, values); err != nil {
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

// tooLarge returns an error if the arguments are beyond the limits. A variable
// that is used once, as an argument, is within those of the request.
func (o *Operation) tooLarge(values map[string]any, filled size) *gqlerror.Error {
	total := o.fixed
	total.contain(filled)
	for i := range o.variables {
		v := &o.variables[i]
		value, ok := values[v.name]
		if !ok {
			total.contain(v.uses.fallback)
		}
		if !ok || v.uses.count < 2 && v.uses.depth == 0 {
			continue
		}
		s := sizeOf(value)
		s.items, s.bytes, s.depth = s.items*v.uses.count, s.bytes*v.uses.count, s.depth+v.uses.depth
		total.contain(s)
	}
	if !o.schema.config.Limits.beyond(total) {
		return nil
	}
	return errTooLarge()
}

// Check returns an error if the arguments are beyond the limits whatever the
// variables are.
func (o *Operation) Check() *gqlerror.Error {
	if o.schema.config.Limits.beyond(o.fixed) {
		return errTooLarge()
	}
	return nil
}

func errTooLarge() *gqlerror.Error {
	return &gqlerror.Error{
		Message:    "The arguments are larger than allowed, with variables wherever they are used and the defaults of input objects.",
		Extensions: map[string]any{"code": string(problem.MaxInputLimit)},
	}
}

// coerce coerces the variables (section 6.1.2), in place.
func (o *Operation) coerce(ctx context.Context, given map[string]any) (map[string]any, size, gqlerror.List) {
	if given == nil {
		given = make(map[string]any, len(o.variables)+len(o.shared)+len(o.computed))
	}
	c := &coercion{ctx: ctx, schema: o.schema, path: make([]segment, 1, 12)}
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
			c.filled.contain(v.size)
		case v.typ.nonNull:
			c.wrong("a value of type " + v.typ.text + " is required")
		}
	}
	if known < len(given) {
		maps.DeleteFunc(given, func(name string, _ any) bool { return !o.defines(name) })
	}
	return given, c.filled, c.errs
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
