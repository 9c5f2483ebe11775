// Package coordinate finds the schema coordinates (GraphQL specification, section
// 3.14) that operations use.
package coordinate

import (
	"iter"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// Schema has the coordinates of a schema. It is safe for concurrent use.
type Schema struct {
	schema *ast.Schema
	texts  map[string]string // each once: operations share them
	inputs map[string]input  // scalars, enums and input objects, by name
}

// input is a type of values that callers give.
type input struct {
	coordinates []string // of the type, and of its fields or values
	below       []string // the types of its fields
}

// New returns the coordinates of a valid schema.
func New(schema *ast.Schema) *Schema {
	s := &Schema{schema: schema, texts: map[string]string{}, inputs: map[string]input{}}
	for name, def := range schema.Types {
		switch {
		case def.IsInputType():
			s.inputs[name] = s.input(def)
		case !strings.HasPrefix(name, "__"):
			s.share(name)
			for _, field := range def.Fields {
				s.arguments(field.Arguments, s.share(name+"."+field.Name))
			}
		}
	}
	for name, def := range schema.Directives {
		s.arguments(def.Arguments, s.share("@"+name))
	}
	return s
}

func (s *Schema) input(def *ast.Definition) input {
	if def.BuiltIn && def.Kind == ast.Scalar {
		return input{} // no schema can be without it
	}
	of := input{coordinates: []string{s.share(def.Name)}}
	for _, value := range def.EnumValues {
		of.coordinates = append(of.coordinates, s.share(def.Name+"."+value.Name))
	}
	for _, field := range def.Fields {
		of.coordinates = append(of.coordinates, s.share(def.Name+"."+field.Name))
		if below := field.Type.Name(); !slices.Contains(of.below, below) {
			of.below = append(of.below, below)
		}
	}
	return of
}

func (s *Schema) arguments(list ast.ArgumentDefinitionList, of string) {
	for _, arg := range list {
		s.share(argument(of, arg.Name))
	}
}

// share returns the text that is used for a coordinate everywhere.
func (s *Schema) share(text string) string {
	if _, ok := s.texts[text]; !ok {
		s.texts[text] = text
	}
	return s.texts[text]
}

func argument(of, name string) string { return of + "(" + name + ":)" }

// Set is a set of coordinates: the union of lists that have no coordinate in common.
// The lists, and the texts, may be shared with other sets: nobody changes them.
type Set [][]string

// All returns an iterator over the coordinates, each once, in no order.
func (s Set) All() iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, list := range s {
			for _, coordinate := range list {
				if !yield(coordinate) {
					return
				}
			}
		}
	}
}

// Of returns what an operation uses, of a document that was validated against the
// schema and is as its caller wrote it:
//
//   - the fields that it selects, by the type in which it does: Product.price, or
//     Node.id where the interface Node is selected;
//   - the types of its root and of its fragments;
//   - the directives, and all arguments that are given;
//   - what literals have: enum values, input fields, and the types of both;
//   - what variables can have: all of that for their types, and for the types of their
//     input fields, whether a request has it or not.
//
// Introspection has no coordinates.
func (s *Schema) Of(operation *ast.OperationDefinition) Set {
	f := &finder{of: s, variables: map[string]bool{}, found: map[string]bool{}, fragments: map[*ast.FragmentDefinition]bool{}}
	for _, v := range operation.VariableDefinitions {
		f.variable(v.Type.Name())
	}
	for _, v := range operation.VariableDefinitions {
		f.directives(v.Directives)
	}
	if root := s.root(operation.Operation); root != nil {
		f.note(root.Name)
	}
	f.directives(operation.Directives)
	f.selections(operation.SelectionSet)
	set := Set{}
	if len(f.own) > 0 {
		set = append(set, slices.Clip(f.own))
	}
	return slices.Clip(append(set, f.shared...))
}

func (s *Schema) root(kind ast.Operation) *ast.Definition {
	switch kind {
	case ast.Mutation:
		return s.schema.Mutation
	case ast.Subscription:
		return s.schema.Subscription
	}
	return s.schema.Query
}

// finder finds the coordinates of one operation.
type finder struct {
	of        *Schema
	variables map[string]bool // the types whose values variables can have
	shared    [][]string      // the coordinates of these types
	found     map[string]bool
	own       []string // all other coordinates
	text      []byte   // of a coordinate that is looked up
	fragments map[*ast.FragmentDefinition]bool
}

// variable adds a type whose values a variable can have.
func (f *finder) variable(name string) {
	of, ok := f.of.inputs[name]
	if !ok || f.variables[name] {
		return
	}
	f.variables[name] = true
	if len(of.coordinates) > 0 {
		f.shared = append(f.shared, of.coordinates)
	}
	for _, below := range of.below {
		f.variable(below)
	}
}

func (f *finder) note(coordinate string) {
	text, ok := f.of.texts[coordinate]
	if !ok || f.found[text] {
		return
	}
	f.found[text] = true
	f.own = append(f.own, text)
}

func (f *finder) selections(set ast.SelectionSet) {
	for _, selection := range set {
		switch s := selection.(type) {
		case *ast.Field:
			f.directives(s.Directives)
			f.field(s)
		case *ast.InlineFragment:
			f.directives(s.Directives)
			if s.TypeCondition != "" {
				f.note(s.TypeCondition)
			}
			f.selections(s.SelectionSet)
		case *ast.FragmentSpread:
			f.directives(s.Directives)
			if f.fragments[s.Definition] {
				continue
			}
			f.fragments[s.Definition] = true
			f.note(s.Definition.TypeCondition)
			f.directives(s.Definition.Directives)
			f.selections(s.Definition.SelectionSet)
		}
	}
}

func (f *finder) field(field *ast.Field) {
	if strings.HasPrefix(field.Name, "__") || field.ObjectDefinition == nil || field.Definition == nil {
		return
	}
	f.text = append(append(append(f.text[:0], field.ObjectDefinition.Name...), '.'), field.Name...)
	coordinate, ok := f.of.texts[string(f.text)] // without garbage: there can be very many fields
	if !ok {
		return
	}
	f.note(coordinate)
	f.arguments(coordinate, field.Definition.Arguments, field.Arguments)
	f.selections(field.SelectionSet)
}

func (f *finder) directives(list ast.DirectiveList) {
	for _, d := range list {
		if f.note("@" + d.Name); d.Definition != nil {
			f.arguments("@"+d.Name, d.Definition.Arguments, d.Arguments)
		}
	}
}

func (f *finder) arguments(of string, defined ast.ArgumentDefinitionList, given ast.ArgumentList) {
	for _, arg := range given {
		f.note(argument(of, arg.Name))
		if def := defined.ForName(arg.Name); def != nil {
			f.value(arg.Value, def.Type)
		}
	}
}

// value adds what a literal has. Variables are known by their types.
func (f *finder) value(v *ast.Value, t *ast.Type) {
	switch v.Kind {
	case ast.ListValue:
		if t.Elem != nil {
			t = t.Elem
		}
		for _, item := range v.Children {
			f.value(item.Value, t)
		}
	case ast.EnumValue:
		f.member(t.Name(), v.Raw)
	case ast.ObjectValue:
		def := f.of.schema.Types[t.Name()]
		if def == nil || def.Kind != ast.InputObject {
			return // of a custom scalar
		}
		f.ofType(def.Name, def.Name)
		for _, child := range v.Children {
			if field := def.Fields.ForName(child.Name); field != nil {
				f.member(def.Name, field.Name)
				f.value(child.Value, field.Type)
			}
		}
	}
}

// member adds a value of an enum, or a field of an input object.
func (f *finder) member(typ, name string) {
	f.text = append(append(append(f.text[:0], typ...), '.'), name...)
	if coordinate, ok := f.of.texts[string(f.text)]; ok {
		f.ofType(typ, coordinate)
	} else {
		f.ofType(typ, typ)
	}
}

// ofType adds a coordinate of a type of values, which a variable can have, too.
func (f *finder) ofType(typ, coordinate string) {
	if !f.variables[typ] {
		f.note(typ)
		f.note(coordinate)
	}
}
