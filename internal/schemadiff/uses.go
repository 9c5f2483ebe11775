package schemadiff

import (
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// What an operation uses is written as a schema coordinate, or as one of these,
// which say more than a coordinate can.

// omitted is the use of an argument or an input field that is not given, or given
// a variable that may be null.
func omitted(coordinate string) string { return coordinate + "?" }

// spread is the use of a fragment with a type condition where another type is
// selected.
func spread(in, condition string) string { return in + ">" + condition }

// placed is the use of a directive in a place.
func placed(directive string, location ast.DirectiveLocation) string {
	return directive + " on " + string(location)
}

// repeated is the use of a directive twice in one place.
func repeated(directive string) string { return directive + " twice" }

// bound is the use of an argument or an input field that is given a variable.
func bound(coordinate string) string { return coordinate + "$" }

// number is the use of an argument or an input field that is given a number.
func number(coordinate, literal string) string { return coordinate + "=" + literal }

// counted returns the coordinate whose recorded usage describes a use best. A
// type stands for all of its fields and values.
func counted(use string) string {
	if _, condition, ok := strings.Cut(use, ">"); ok {
		return condition
	}
	use, _, _ = strings.Cut(use, " ")
	use = strings.TrimSuffix(use, "$")
	coordinate, ok := strings.CutSuffix(use, "?")
	if !ok {
		return use
	}
	if of, _, ok := strings.Cut(coordinate, "("); ok {
		return of
	}
	of, _, _ := strings.Cut(coordinate, ".")
	return of
}

// use is where an operation uses something.
type use struct {
	at  *ast.Position
	via string // the variable whose value may use it; empty if the operation does
}

// operationUses finds what an operation uses of the schema that it was validated
// against.
type operationUses struct {
	schema    *ast.Schema
	variables ast.VariableDefinitionList
	found     map[string]use
	fragments map[string]bool
}

// usesOf returns what an operation uses, and the names of its fragments.
func usesOf(schema *ast.Schema, op *ast.OperationDefinition) (uses map[string]use, fragments map[string]bool) {
	u := &operationUses{schema, op.VariableDefinitions, map[string]use{}, map[string]bool{}}
	root, location := schema.Query, ast.LocationQuery
	switch op.Operation {
	case ast.Mutation:
		root, location = schema.Mutation, ast.LocationMutation
	case ast.Subscription:
		root, location = schema.Subscription, ast.LocationSubscription
	}
	u.note(root.Name, op.Position)
	u.directives(op.Directives, location)
	u.selection(root.Name, op.SelectionSet)
	for _, v := range op.VariableDefinitions {
		u.directives(v.Directives, ast.LocationVariableDefinition)
		u.note(v.Type.Name(), v.Position)
		u.possible(v.Type.Name(), v, map[string]bool{})
	}
	return u.found, u.fragments
}

func (u *operationUses) note(what string, at *ast.Position) {
	if have, ok := u.found[what]; !ok || have.via != "" {
		u.found[what] = use{at: at}
	}
}

func (u *operationUses) selection(parent string, set ast.SelectionSet) {
	for _, selection := range set {
		switch s := selection.(type) {
		case *ast.Field:
			u.field(s)
		case *ast.InlineFragment:
			u.directives(s.Directives, ast.LocationInlineFragment)
			in := parent
			if s.TypeCondition != "" {
				in = s.TypeCondition
				u.note(in, s.Position)
				u.note(spread(parent, in), s.Position)
			}
			u.selection(in, s.SelectionSet)
		case *ast.FragmentSpread:
			u.directives(s.Directives, ast.LocationFragmentSpread)
			u.note(spread(parent, s.Definition.TypeCondition), s.Position)
			if u.fragments[s.Name] {
				continue
			}
			u.fragments[s.Name] = true
			u.note(s.Definition.TypeCondition, s.Definition.Position)
			u.directives(s.Definition.Directives, ast.LocationFragmentDefinition)
			u.selection(s.Definition.TypeCondition, s.Definition.SelectionSet)
		}
	}
}

func (u *operationUses) field(f *ast.Field) {
	u.directives(f.Directives, ast.LocationField)
	if strings.HasPrefix(f.Name, "__") || f.ObjectDefinition == nil || f.Definition == nil {
		return
	}
	coordinate := f.ObjectDefinition.Name + "." + f.Name
	u.note(f.ObjectDefinition.Name, f.Position)
	u.note(coordinate, f.Position)
	u.arguments(coordinate, f.Definition.Arguments, f.Arguments, f.Position)
	u.selection(f.Definition.Type.Name(), f.SelectionSet)
}

func (u *operationUses) arguments(of string, defined ast.ArgumentDefinitionList, given ast.ArgumentList, at *ast.Position) {
	for _, def := range defined {
		coordinate := argument(of, def.Name)
		arg := given.ForName(def.Name)
		if arg == nil {
			u.note(omitted(coordinate), at)
			continue
		}
		u.note(coordinate, arg.Position)
		u.value(coordinate, arg.Value, def.Type)
	}
}

// value notes what a literal uses. It is the value of an argument, or of an input
// field.
func (u *operationUses) value(coordinate string, v *ast.Value, t *ast.Type) {
	switch v.Kind {
	case ast.Variable:
		u.note(bound(coordinate), v.Position)
		if def := u.variables.ForName(v.Raw); def != nil && !def.Type.NonNull {
			u.note(omitted(coordinate), v.Position)
		}
	case ast.IntValue, ast.FloatValue:
		u.note(number(coordinate, v.Raw), v.Position)
	case ast.NullValue:
		u.note(omitted(coordinate), v.Position)
	case ast.ListValue:
		if t.Elem != nil {
			t = t.Elem
		}
		for _, item := range v.Children {
			if item.Value.Kind != ast.Variable && item.Value.Kind != ast.NullValue { // which are not the whole value
				u.value(coordinate, item.Value, t)
			}
		}
	case ast.EnumValue:
		u.note(t.Name(), v.Position)
		u.note(t.Name()+"."+v.Raw, v.Position)
	case ast.ObjectValue:
		def := u.schema.Types[t.Name()]
		if def == nil || def.Kind != ast.InputObject {
			return // of a custom scalar
		}
		u.note(def.Name, v.Position)
		for _, field := range def.Fields {
			of := def.Name + "." + field.Name
			child := v.Children.ForName(field.Name)
			if child == nil {
				u.note(omitted(of), v.Position)
				continue
			}
			u.note(of, v.Position)
			u.value(of, child, field.Type)
		}
	}
}

// possible notes what the value of a variable may use.
func (u *operationUses) possible(typ string, v *ast.VariableDefinition, seen map[string]bool) {
	def := u.schema.Types[typ]
	if def == nil || seen[typ] {
		return
	}
	seen[typ] = true
	maybe := func(what string) {
		if _, ok := u.found[what]; !ok {
			u.found[what] = use{v.Position, "$" + v.Variable}
		}
	}
	maybe(typ)
	for _, value := range def.EnumValues {
		maybe(typ + "." + value.Name)
	}
	if def.Kind != ast.InputObject {
		return
	}
	for _, field := range def.Fields {
		maybe(typ + "." + field.Name)
		maybe(omitted(typ + "." + field.Name))
		maybe(bound(typ + "." + field.Name))
		u.possible(field.Type.Name(), v, seen)
	}
}

func (u *operationUses) directives(list ast.DirectiveList, location ast.DirectiveLocation) {
	for _, d := range list {
		name := "@" + d.Name
		if _, ok := u.found[name]; ok && len(list.ForNames(d.Name)) > 1 {
			u.note(repeated(name), d.Position)
		}
		u.note(name, d.Position)
		u.note(placed(name, location), d.Position)
		if d.Definition != nil {
			u.arguments(name, d.Definition.Arguments, d.Arguments, d.Position)
		}
	}
}
