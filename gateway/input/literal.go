package input

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/portico-gateway/portico/gateway/problem"
)

// expression computes the canonical value of a literal from the variables of a
// request, which are canonical themselves.
type expression struct {
	kind     expressionKind
	value    any          // of a constant
	name     string       // of a variable
	fallback *expression  // of a variable that is absent; nil for none
	global   *global      // of a variable with global ids, which are replaced; nil for none
	items    []expression // of a list
	members  []member     // of an object
}

// isVariable reports whether the value is that of a variable as it is.
func (e *expression) isVariable() bool {
	return e.kind == isVariable && e.fallback == nil && e.global == nil
}

type expressionKind int

const (
	isConstant expressionKind = iota
	isVariable
	isList
	isMembers
)

// member is a field of an input object's literal.
type member struct {
	name  string
	value expression
}

// eval returns the value, and whether there is one: a variable can be absent. What
// is not of variables is made anew, since it can be given to those who change it.
func (e *expression) eval(variables map[string]any) (any, bool) {
	switch e.kind {
	case isVariable:
		value, ok := variables[e.name]
		if !ok && e.fallback != nil {
			return e.fallback.eval(variables)
		}
		if e.global != nil {
			value, _ = e.global.local(value) // it was checked
		}
		return value, ok
	case isList:
		items := make([]any, len(e.items))
		for i := range e.items {
			items[i], _ = e.items[i].eval(variables) // an absent item is null
		}
		return items, true
	case isMembers:
		object := make(map[string]any, len(e.members))
		for i := range e.members {
			if value, ok := e.members[i].value.eval(variables); ok {
				object[e.members[i].name] = value
			}
		}
		return object, true
	}
	return copied(e.value), true
}

// usage is a variable where a value must not be null.
type usage struct {
	value      *ast.Value
	typ        *typ
	hasDefault bool // of the position
}

// parsed is the literal of a custom scalar that is parsed for each request: it has
// variables, or its parser wants the request.
type parsed struct {
	value expression
	named *named
	at    *ast.Position
}

// reader reads a literal: its mistakes, and the value that it stands for
// (sections 3.5 to 3.12 and 5.6).
type reader struct {
	schema *Schema
	errs   gqlerror.List
	usages []usage
	parsed []parsed
	limits []limited
}

// limited is a variable in a position with a @constraint or @globalID.
type limited struct {
	value  expression
	limit  *limit
	global *global
	name   string // of the argument or input field
	at     *ast.Position
}

func (r *reader) wrong(at *ast.Position, code problem.Code, message string) expression {
	err := &gqlerror.Error{Message: sentence(message), Locations: locations(at), Extensions: map[string]any{"code": string(code)}}
	r.errs = append(r.errs, err)
	return expression{}
}

func locations(at *ast.Position) []gqlerror.Location {
	if at == nil {
		return nil
	}
	return []gqlerror.Location{{Line: at.Line, Column: at.Column}}
}

func (r *reader) invalid(at *ast.Position, message string) expression {
	return r.wrong(at, problem.ValidationFailed, message)
}

// position is where a literal stands.
type position struct {
	typ        *typ
	hasDefault bool
	limit      *limit
	global     *global
	name       string // of the argument or input field
}

// item is the position of an item of a list.
func (p position) item() position {
	return position{typ: p.typ.elem, global: p.global, name: p.name}
}

func (r *reader) at(p position, value *ast.Value) expression {
	t := p.typ
	switch {
	case value.Kind == ast.Variable:
		r.use(usage{value: value, typ: t, hasDefault: p.hasDefault})
		e := expression{kind: isVariable, name: value.Raw}
		if p.limit != nil || p.global != nil {
			r.limits = append(r.limits, limited{value: e, limit: p.limit, global: p.global, name: p.name, at: value.Position})
		}
		if p.global != nil && p.global.typ != "" {
			e.global = p.global
		}
		return e
	case value.Kind == ast.NullValue:
		if t.nonNull {
			return r.invalid(value.Position, "A value of type "+t.text+" must not be null")
		}
		return expression{}
	case t.elem != nil:
		return r.list(p, value)
	case t.named == nil: // another rule reports it
		return expression{}
	case t.named.kind == isObject:
		return r.object(t.named, value)
	case t.named.kind == isCustom:
		return r.custom(t.named, value)
	}
	constant, ok := leaf(t.named, value)
	if !ok {
		return r.invalid(value.Position, r.mismatch(t.named, value))
	}
	if e, ok := r.parse(t.named, constant, value.Position); !ok {
		return e
	}
	if wrong := p.limit.wrong(constant); wrong != "" {
		return r.wrong(value.Position, problem.BadUserInput, "The value of "+p.name+" is out of range: "+wrong)
	}
	if p.global != nil {
		return r.global(p, constant, value.Position)
	}
	return expression{value: constant}
}

// use notes a variable where a value must not be null, once for each variable and
// kind of position.
func (r *reader) use(u usage) {
	if !u.typ.nonNull || slices.ContainsFunc(r.usages, func(o usage) bool { return o.value.Raw == u.value.Raw && o.hasDefault == u.hasDefault }) {
		return
	}
	r.usages = append(r.usages, u)
}

// parse returns a literal as its parser has it. It reports false if the literal is
// wrong.
func (r *reader) parse(n *named, constant any, at *ast.Position) (expression, bool) {
	if n.parse == nil {
		return expression{value: constant}, true
	}
	out, wrong, panicked := r.schema.parse(context.Background(), n, constant)
	switch {
	case panicked:
		r.parsed = append(r.parsed, parsed{value: expression{value: constant}, named: n, at: at})
	case wrong != "":
		return r.invalid(at, upper(wrong)), false
	}
	return expression{value: out}, true
}

func (r *reader) mismatch(n *named, value *ast.Value) string {
	found := "found " + describeLiteral(value)
	if n.kind != isEnum || value.Kind != ast.EnumValue {
		message := "Expected " + n.describe() + ", " + found
		if value.Kind == ast.EnumValue {
			return message
		}
		return r.schema.suggest(message, value.Raw, n.valueNamesOfEnum())
	}
	return r.schema.suggest("The enum "+n.name+" has no value "+value.Raw, value.Raw, n.valueNames())
}

func (n *named) valueNamesOfEnum() []string {
	if n.kind != isEnum {
		return nil
	}
	return n.valueNames()
}

func describeLiteral(value *ast.Value) string {
	switch value.Kind {
	case ast.IntValue, ast.FloatValue:
		return "a number"
	case ast.StringValue, ast.BlockValue:
		return "a string"
	case ast.BooleanValue:
		return "a Boolean"
	case ast.EnumValue:
		return "a name"
	case ast.ListValue:
		return "a list"
	case ast.ObjectValue:
		return "an object"
	}
	return "something else"
}

func (r *reader) list(p position, value *ast.Value) expression {
	if value.Kind != ast.ListValue { // it stands for a list of one
		return joined([]expression{r.at(p.item(), value)})
	}
	items := make([]expression, len(value.Children))
	for i, child := range value.Children {
		items[i] = r.at(p.item(), child.Value)
	}
	return joined(items)
}

// joined is a list, a constant if all of its items are.
func joined(items []expression) expression {
	values := make([]any, len(items))
	for i := range items {
		if items[i].kind != isConstant {
			return expression{kind: isList, items: items}
		}
		values[i] = items[i].value
	}
	return expression{value: values}
}

func (r *reader) object(n *named, value *ast.Value) expression {
	if value.Kind != ast.ObjectValue {
		return r.invalid(value.Position, "Expected "+n.describe()+", found "+describeLiteral(value))
	}
	for _, child := range value.Children {
		if _, ok := n.index[child.Name]; !ok {
			r.invalid(child.Position, r.schema.suggest("The input object "+n.name+" has no field "+child.Name, child.Name, n.fieldNames()))
		}
	}
	if n.oneOf && len(value.Children) != 1 {
		return r.invalid(value.Position, "A value of the OneOf input object "+n.name+" must have exactly one field")
	}
	members := make([]member, 0, len(n.fields))
	for i := range n.fields {
		if m, ok := r.member(n, &n.fields[i], value); ok {
			members = append(members, m)
		}
	}
	return united(members)
}

// member is a field of a literal: as it stands there, or its default.
func (r *reader) member(n *named, f *field, object *ast.Value) (member, bool) {
	given := object.Children.ForName(f.name)
	switch {
	case given == nil && f.hasDefault:
		return member{f.name, expression{value: f.value}}, true
	case given == nil && f.typ.nonNull && f.definition.DefaultValue == nil:
		r.invalid(object.Position, "The field "+f.name+" of the input object "+n.name+" is required: it has the type "+f.typ.text)
		return member{}, false
	case given == nil:
		return member{}, false
	}
	p := position{typ: f.typ, hasDefault: f.hasDefault, limit: f.limit, global: f.global, name: f.name}
	if n.oneOf && given.Kind == ast.NullValue {
		r.invalid(given.Position, "The field "+f.name+" of the OneOf input object "+n.name+" must not be null")
		return member{}, false
	}
	e := r.at(p, given)
	if e.kind == isVariable && f.hasDefault {
		e.fallback = &expression{value: f.value}
	}
	return member{f.name, e}, true
}

// united is an object, a constant if all of its members are.
func united(members []member) expression {
	object := make(map[string]any, len(members))
	for i := range members {
		if members[i].value.kind != isConstant {
			return expression{kind: isMembers, members: members}
		}
		object[members[i].name] = members[i].value.value
	}
	return expression{value: object}
}

// custom reads the literal of a custom scalar, which its parser checks: now, or
// for each request when it has variables.
func (r *reader) custom(n *named, value *ast.Value) expression {
	e := untyped(value)
	if e.kind == isConstant {
		e, _ = r.parse(n, e.value, value.Position)
	} else if n.parse != nil {
		r.parsed = append(r.parsed, parsed{value: e, named: n, at: value.Position})
	}
	return e
}

func upper(text string) string {
	if text != "" && text[0] >= 'a' && text[0] <= 'z' {
		return string(text[0]-'a'+'A') + text[1:]
	}
	return text
}

// untyped is what a literal stands for where no type says it.
func untyped(value *ast.Value) expression {
	switch value.Kind {
	case ast.Variable:
		return expression{kind: isVariable, name: value.Raw}
	case ast.IntValue, ast.FloatValue:
		return expression{value: json.Number(value.Raw)}
	case ast.StringValue, ast.BlockValue, ast.EnumValue:
		return expression{value: value.Raw}
	case ast.BooleanValue:
		return expression{value: value.Raw == "true"}
	case ast.ListValue:
		items := make([]expression, len(value.Children))
		for i, child := range value.Children {
			items[i] = untyped(child.Value)
		}
		return joined(items)
	case ast.ObjectValue:
		members := make([]member, len(value.Children))
		for i, child := range value.Children {
			members[i] = member{child.Name, untyped(child.Value)}
		}
		return united(members)
	}
	return expression{}
}

// leaf returns the canonical form of the literal of a scalar that the
// specification defines or of an enum.
func leaf(n *named, value *ast.Value) (any, bool) {
	switch n.kind {
	case isInt:
		if value.Kind == ast.IntValue {
			text, ok := int32Of(value.Raw)
			return json.Number(text), ok
		}
	case isFloat:
		if value.Kind == ast.IntValue || value.Kind == ast.FloatValue {
			text, ok := floatOf(value.Raw)
			return json.Number(text), ok
		}
	case isID:
		return value.Raw, value.Kind == ast.StringValue || value.Kind == ast.BlockValue || value.Kind == ast.IntValue
	case isString:
		return value.Raw, value.Kind == ast.StringValue || value.Kind == ast.BlockValue
	case isBoolean:
		return value.Raw == "true", value.Kind == ast.BooleanValue
	case isEnum:
		return value.Raw, value.Kind == ast.EnumValue && n.values[value.Raw]
	}
	return nil, false
}
