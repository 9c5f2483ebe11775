package schemadiff

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// input is an argument or an input field.
type input struct {
	coordinate  string
	typ         *ast.Type
	value       *ast.Value // the default; nil for none
	directives  ast.DirectiveList
	description string
	at          *ast.Position
}

func (i input) required() bool { return i.typ.NonNull && i.value == nil }

func argumentOf(of string, arg *ast.ArgumentDefinition) input {
	return input{argument(of, arg.Name), arg.Type, arg.DefaultValue, arg.Directives, arg.Description, arg.Position}
}

func inputField(of string, field *ast.FieldDefinition) input {
	return input{of + "." + field.Name, field.Type, field.DefaultValue, field.Directives, field.Description, field.Position}
}

// inputCodes are the codes for arguments, input fields or arguments of directives.
type inputCodes struct{ removed, changed, madeRequired, widened, value Code }

func (c *comparison) arguments(of string, before, after *ast.FieldDefinition) {
	codes := inputCodes{ArgumentRemoved, ArgumentTypeChanged, ArgumentMadeRequired, ArgumentTypeWidened, ArgumentDefaultChanged}
	for _, arg := range before.Arguments {
		if now := after.Arguments.ForName(arg.Name); now != nil {
			c.input(codes, argumentOf(of, arg), argumentOf(of, now))
			continue
		}
		coordinate := argument(of, arg.Name)
		c.add(ArgumentRemoved, was(coordinate, arg.Position, coordinate), "the argument %s of %s was removed%s", arg.Name, of, sinceDeprecated(arg.Directives))
	}
	for _, arg := range after.Arguments {
		if before.Arguments.ForName(arg.Name) != nil {
			continue
		}
		if in := argumentOf(of, arg); in.required() {
			c.add(RequiredArgumentAdded, is(in.coordinate, arg.Position, of), "%s has the new argument %s, which is required", of, arg.Name)
		} else {
			c.add(ArgumentAdded, is(in.coordinate, arg.Position), "%s has the new argument %s", of, arg.Name)
		}
	}
}

func (c *comparison) inputFields(before, after *ast.Definition) {
	codes := inputCodes{InputFieldRemoved, InputFieldTypeChanged, InputFieldMadeRequired, InputFieldTypeWidened, InputFieldDefaultChanged}
	for _, field := range before.Fields {
		if now := after.Fields.ForName(field.Name); now != nil {
			c.input(codes, inputField(before.Name, field), inputField(after.Name, now))
			continue
		}
		coordinate := before.Name + "." + field.Name
		c.add(InputFieldRemoved, was(coordinate, field.Position, coordinate), "%s was removed%s", coordinate, sinceDeprecated(field.Directives))
	}
	for _, field := range after.Fields {
		if before.Fields.ForName(field.Name) != nil {
			continue
		}
		if in := inputField(after.Name, field); in.required() {
			c.add(RequiredInputFieldAdded, is(in.coordinate, field.Position, after.Name), "%s has the new field %s, which is required", after.Name, field.Name)
		} else {
			c.add(InputFieldAdded, is(in.coordinate, field.Position), "%s is new", in.coordinate)
		}
	}
}

func (c *comparison) oneOf(before, after *ast.Definition) {
	old, now := before.Directives.ForName("oneOf"), after.Directives.ForName("oneOf")
	switch {
	case old == nil && now != nil:
		c.add(OneOfAdded, is(after.Name, now.Position, after.Name), "%s takes exactly one of its fields now (@oneOf)", after.Name)
	case old != nil && now == nil:
		c.add(OneOfRemoved, is(after.Name, after.Position), "%s no longer takes exactly one of its fields (@oneOf)", after.Name)
	}
}

// input compares an argument or an input field.
func (c *comparison) input(codes inputCodes, before, after input) {
	c.inputType(codes, before, after)
	given := is(after.coordinate, after.at, after.coordinate)
	c.texts(given, before.description, after.description, before.directives, after.directives)
	c.inputPolicy(before, after)
}

func (c *comparison) inputType(codes inputCodes, before, after input) {
	name := after.coordinate
	given, absent := is(name, after.at, name), is(name, after.at, omitted(name))
	nullable := *after.typ
	nullable.NonNull = false
	switch {
	case widens(before.typ, after.typ):
		if before.typ.String() != after.typ.String() {
			c.add(codes.widened, given, "the type of %s changed from %s to %s", name, before.typ, after.typ)
		}
		old, now := defaultOf(before), defaultOf(after)
		switch {
		case after.required() && !before.required():
			c.add(codes.madeRequired, absent, "%s has no default any more, so it is required", name)
		case old != now && old == "":
			c.add(codes.value, absent, "%s has the default %s now", name, now)
		case old != now && now == "":
			c.add(codes.value, absent, "%s no longer has the default %s", name, old)
		case old != now:
			c.add(codes.value, absent, "the default of %s changed from %s to %s", name, old, now)
		}
	case after.required() && widens(before.typ, &nullable):
		c.add(codes.madeRequired, absent, "%s is required: its type changed from %s to %s", name, before.typ, after.typ)
	default:
		if after.required() && !before.required() {
			given.touches = append(given.touches, omitted(name))
		}
		c.add(codes.changed, given, "the type of %s changed from %s to %s", name, before.typ, after.typ)
	}
}

// widens reports whether every value of the old type of an input is one of its new
// type, and every variable that could be given still can: they may differ in
// nullability.
func widens(before, after *ast.Type) bool {
	if after.NonNull && !before.NonNull || (before.Elem == nil) != (after.Elem == nil) {
		return false
	}
	if before.Elem != nil {
		return widens(before.Elem, after.Elem)
	}
	return before.NamedType == after.NamedType
}

// defaultOf returns the default in one spelling for equal values; "" if there is
// none.
func defaultOf(in input) string {
	if in.value == nil {
		return ""
	}
	return canonical(in.value, in.typ)
}

func canonical(v *ast.Value, t *ast.Type) string {
	if t != nil && t.Elem != nil && v.Kind != ast.ListValue && v.Kind != ast.NullValue {
		return "[" + canonical(v, t.Elem) + "]"
	}
	var parts []string
	switch v.Kind {
	case ast.ListValue:
		var elem *ast.Type
		if t != nil {
			elem = t.Elem
		}
		for _, child := range v.Children {
			parts = append(parts, canonical(child.Value, elem))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case ast.ObjectValue:
		children := slices.SortedFunc(slices.Values(v.Children), func(a, b *ast.ChildValue) int { return cmp.Compare(a.Name, b.Name) })
		for _, child := range children {
			parts = append(parts, child.Name+": "+canonical(child.Value, nil))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case ast.IntValue, ast.FloatValue:
		if t != nil && t.NamedType == "ID" {
			return strconv.Quote(v.Raw)
		}
		if n, err := strconv.ParseFloat(v.Raw, 64); err == nil && t != nil && t.NamedType == "Float" {
			return strconv.FormatFloat(n, 'g', -1, 64)
		}
		return v.Raw
	case ast.BlockValue, ast.StringValue:
		return strconv.Quote(v.Raw)
	default:
		return v.String()
	}
}
