package project

import (
	"maps"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/internal/binding"
)

// merge makes the union of the frontends' schemas, from which the Go models
// are generated. Types that can't be one Go type are reported, with both
// positions.
//
//   - An object has every field that one of the frontends has.
//   - An input object too; a field that not all have, or that not all require,
//     is nullable, so that a resolver sees whether it was given.
//   - An enum has all values, a union all members, a type all interfaces.
//   - An interface has the fields that all have: a type that one frontend
//     knows need not have another's fields.
//   - A field is nullable where one of them has it nullable.
func merge(frontends []*Frontend, r *Report) (*ast.Schema, []Widened) {
	m := &merger{Report: r, frontends: frontends, out: &ast.Schema{
		Types:         map[string]*ast.Definition{},
		Directives:    map[string]*ast.DirectiveDefinition{},
		PossibleTypes: map[string][]*ast.Definition{},
		Implements:    map[string][]*ast.Definition{},
	}}
	for _, f := range frontends {
		maps.Copy(m.out.Directives, f.Schema.Directives)
		for _, name := range TypeNames(f.Schema) {
			if !binding.Private(name) {
				m.add(f.Schema.Types[name])
			}
		}
	}
	m.optionalInputs()
	m.relate()
	return m.out, m.widened
}

// Widened is a field that is nullable in one frontend and not in another, and
// therefore nullable in the shared model.
type Widened struct {
	Type, Field       string
	Nullable, NonNull *ast.Position
}

type merger struct {
	*Report
	frontends []*Frontend
	out       *ast.Schema
	widened   []Widened
}

func (m *merger) add(def *ast.Definition) {
	have := m.out.Types[def.Name]
	if have == nil {
		m.out.Types[def.Name] = cloneDefinition(def)
		return
	}
	if have.Kind != def.Kind {
		m.At(def.Position, "give one of them another name: both become the same Go type",
			"%s is %s here, but %s at %s", def.Name, Article(def.Kind), Article(have.Kind), Where(have.Position))
		return
	}
	if def.Kind == ast.Interface {
		have.Fields = slices.DeleteFunc(have.Fields, func(f *ast.FieldDefinition) bool { return def.Fields.ForName(f.Name) == nil })
	}
	for _, field := range def.Fields {
		m.addField(have, field)
	}
	for _, value := range def.EnumValues {
		if have.EnumValues.ForName(value.Name) == nil {
			have.EnumValues = append(have.EnumValues, value)
		}
	}
	have.Types = union(have.Types, def.Types)
	have.TypePositions = nil
	have.Interfaces = union(have.Interfaces, def.Interfaces)
}

func (m *merger) addField(have *ast.Definition, field *ast.FieldDefinition) {
	old := have.Fields.ForName(field.Name)
	if old == nil {
		if have.Kind != ast.Interface {
			clone := *field
			have.Fields = append(have.Fields, &clone)
		}
		return
	}
	widest, ok := widen(old.Type, field.Type)
	if !ok {
		m.At(field.Position, "use the same type in both, or give one of the fields another name; only nullability may differ",
			"%s.%s is %s here, but %s at %s", have.Name, field.Name, field.Type, old.Type, Where(old.Position))
		return
	}
	if old.Type.String() != field.Type.String() {
		w := Widened{Type: have.Name, Field: field.Name, Nullable: field.Position, NonNull: old.Position}
		if widest.String() == old.Type.String() {
			w.Nullable, w.NonNull = w.NonNull, w.Nullable
		}
		m.widened = append(m.widened, w)
	}
	old.Type = widest
}

// widen returns the type that holds the values of both, which may differ in
// nullability only. It returns false if they differ otherwise.
func widen(a, b *ast.Type) (*ast.Type, bool) {
	if (a.Elem == nil) != (b.Elem == nil) || a.NamedType != b.NamedType {
		return nil, false
	}
	out := *a
	out.NonNull = a.NonNull && b.NonNull
	if a.Elem != nil {
		elem, ok := widen(a.Elem, b.Elem)
		if !ok {
			return nil, false
		}
		out.Elem = elem
	}
	return &out, true
}

// optionalInputs makes input fields nullable that not every frontend with the
// input object has.
func (m *merger) optionalInputs() {
	for _, def := range m.out.Types {
		if def.Kind != ast.InputObject {
			continue
		}
		for _, field := range def.Fields {
			for _, f := range m.frontends {
				if input := f.Schema.Types[def.Name]; input != nil && input.Fields.ForName(field.Name) == nil {
					optional := *field.Type
					optional.NonNull = false
					field.Type = &optional
				}
			}
		}
	}
}

// relate fills in which types implement what, and the root types.
func (m *merger) relate() {
	for _, name := range TypeNames(m.out) {
		switch def := m.out.Types[name]; def.Kind {
		case ast.Object, ast.Interface:
			if def.Kind == ast.Object {
				m.out.AddPossibleType(name, def)
			}
			for _, i := range def.Interfaces {
				m.out.AddPossibleType(i, def)
				m.out.AddImplements(name, m.out.Types[i])
			}
		case ast.Union:
			for _, member := range def.Types {
				m.out.AddPossibleType(name, m.out.Types[member])
				m.out.AddImplements(member, def)
			}
		}
	}
	for _, f := range m.frontends {
		m.root(&m.out.Query, f.Schema.Query)
		m.root(&m.out.Mutation, f.Schema.Mutation)
		m.root(&m.out.Subscription, f.Schema.Subscription)
	}
}

// root sets a root operation type of the union. It must have the same name in
// all frontends, which share their resolvers.
func (m *merger) root(out **ast.Definition, def *ast.Definition) {
	switch {
	case def == nil:
	case *out == nil:
		*out = m.out.Types[def.Name]
	case (*out).Name != def.Name:
		m.At(def.Position, "use the same name in every frontend", "a root operation type is %s here, but %s at %s", def.Name, (*out).Name,
			Where((*out).Position))
	}
}

func cloneDefinition(def *ast.Definition) *ast.Definition {
	clone := *def
	clone.Fields = nil
	for _, field := range def.Fields {
		f := *field
		clone.Fields = append(clone.Fields, &f)
	}
	clone.EnumValues = slices.Clone(def.EnumValues)
	clone.Types = slices.Clone(def.Types)
	clone.Interfaces = slices.Clone(def.Interfaces)
	return &clone
}

func union(have, more []string) []string {
	for _, name := range more {
		if !slices.Contains(have, name) {
			have = append(have, name)
		}
	}
	return have
}

// Article returns the name of a kind of type with its article, for a message.
func Article(kind ast.DefinitionKind) string {
	switch kind {
	case ast.Object:
		return "an object type"
	case ast.InputObject:
		return "an input type"
	case ast.Interface:
		return "an interface"
	case ast.Enum:
		return "an enum"
	case ast.Union:
		return "a union"
	default:
		return "a scalar"
	}
}
