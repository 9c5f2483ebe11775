// Package introspection has the values of the fields of introspection (GraphQL
// specification, September 2025, section 4.2).
package introspection

import (
	"maps"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// Object is an object of introspection. It is immutable.
type Object struct {
	// Type is the name of its type, such as __Field.
	Type  string
	value func(field string, deprecated bool) any
}

// Value returns the value of a field: a string, a bool, an [*Object], a []string or a
// []*Object; nil for null. deprecated reports whether lists have what is deprecated: the
// argument includeDeprecated.
func (o *Object) Value(field string, deprecated bool) any {
	value := o.value(field, deprecated)
	if object, ok := value.(*Object); ok && object == nil {
		return nil
	}
	return value
}

// Schema answers introspection of a schema. It is immutable.
type Schema struct {
	schema *ast.Schema
	unused map[string]bool // built-in scalars that nothing refers to, which are not among the schema's types (section 3.5)
	hidden string          // a directive that the parser adds and the schema does not have; empty for none
}

// New returns the introspection of a schema, which must not be changed any more.
func New(schema *ast.Schema) *Schema {
	s := &Schema{schema: schema, unused: map[string]bool{"Int": true, "Float": true, "ID": true}}
	if d := schema.Directives["defer"]; d != nil && d.Position != nil && d.Position.Src != nil && d.Position.Src.BuiltIn {
		s.hidden = "defer"
	}
	for _, definition := range schema.Types {
		for _, field := range definition.Fields {
			delete(s.unused, field.Type.Name())
			s.uses(field.Arguments)
		}
	}
	for _, directive := range schema.Directives {
		s.uses(directive.Arguments)
	}
	return s
}

func (s *Schema) uses(arguments ast.ArgumentDefinitionList) {
	for _, a := range arguments {
		delete(s.unused, a.Type.Name())
	}
}

// Schema returns the value of Query.__schema.
func (s *Schema) Schema() *Object {
	return &Object{"__Schema", func(field string, _ bool) any {
		switch field {
		case "description":
			return text(s.schema.Description)
		case "types":
			var list []*Object
			for _, name := range slices.Sorted(maps.Keys(s.schema.Types)) {
				if !s.unused[name] {
					list = append(list, s.named(name))
				}
			}
			return list
		case "queryType":
			return s.definition(s.schema.Query)
		case "mutationType":
			return s.definition(s.schema.Mutation)
		case "subscriptionType":
			return s.definition(s.schema.Subscription)
		case "directives":
			var list []*Object
			for _, name := range slices.Sorted(maps.Keys(s.schema.Directives)) {
				if name != s.hidden {
					list = append(list, s.directive(s.schema.Directives[name]))
				}
			}
			return list
		}
		return nil
	}}
}

// Type returns the value of Query.__type; nil if there is no such type.
func (s *Schema) Type(name string) *Object {
	if s.unused[name] {
		return nil
	}
	return s.named(name)
}

func (s *Schema) named(name string) *Object { return s.definition(s.schema.Types[name]) }

// definition returns a named type; nil if there is none.
func (s *Schema) definition(def *ast.Definition) *Object {
	if def == nil {
		return nil
	}
	return &Object{"__Type", func(field string, deprecated bool) any {
		switch field {
		case "kind":
			return string(def.Kind)
		case "name":
			return def.Name
		case "description":
			return text(def.Description)
		}
		if !has(def.Kind, field) {
			return nil
		}
		switch field {
		case "specifiedByURL":
			if d := def.Directives.ForName("specifiedBy"); d != nil {
				return d.Arguments.ForName("url").Value.Raw
			}
		case "fields":
			return s.fields(def.Fields, deprecated)
		case "interfaces":
			list := []*Object{}
			for _, name := range def.Interfaces {
				list = append(list, s.named(name))
			}
			return list
		case "possibleTypes":
			return s.possible(def)
		case "enumValues":
			return enumValues(def.EnumValues, deprecated)
		case "inputFields":
			list := []*Object{}
			for _, f := range def.Fields {
				if deprecated || !isDeprecated(f.Directives) {
					list = append(list, s.inputValue(f.Name, f.Description, f.Type, f.DefaultValue, f.Directives))
				}
			}
			return list
		case "isOneOf":
			return def.Directives.ForName("oneOf") != nil
		}
		return nil
	}}
}

// has reports whether a kind of type has a field of __Type, which is null otherwise
// (section 4.2.2).
func has(kind ast.DefinitionKind, field string) bool {
	switch field {
	case "fields", "interfaces":
		return kind == ast.Object || kind == ast.Interface
	case "possibleTypes":
		return kind == ast.Interface || kind == ast.Union
	case "enumValues":
		return kind == ast.Enum
	case "inputFields", "isOneOf":
		return kind == ast.InputObject
	case "specifiedByURL":
		return kind == ast.Scalar
	}
	return false
}

// of returns the type of a field or an argument.
func (s *Schema) of(t *ast.Type) *Object {
	if t.NamedType != "" && !t.NonNull {
		return s.named(t.NamedType)
	}
	kind, inner := "LIST", t.Elem
	if t.NonNull {
		nullable := *t
		nullable.NonNull = false
		kind, inner = "NON_NULL", &nullable
	}
	return &Object{"__Type", func(field string, _ bool) any {
		switch field {
		case "kind":
			return kind
		case "ofType":
			return s.of(inner)
		}
		return nil
	}}
}

// possible returns the possible types of an abstract type, without interfaces that implement it.
func (s *Schema) possible(def *ast.Definition) []*Object {
	list := []*Object{}
	for _, t := range s.schema.GetPossibleTypes(def) {
		if t.Kind == ast.Object {
			list = append(list, s.definition(t))
		}
	}
	return list
}

func (s *Schema) fields(fields ast.FieldList, deprecated bool) []*Object {
	list := []*Object{}
	for _, f := range fields {
		if strings.HasPrefix(f.Name, "__") || !deprecated && isDeprecated(f.Directives) {
			continue
		}
		list = append(list, &Object{"__Field", func(field string, deprecated bool) any {
			switch field {
			case "name":
				return f.Name
			case "description":
				return text(f.Description)
			case "args":
				return s.arguments(f.Arguments, deprecated)
			case "type":
				return s.of(f.Type)
			}
			return deprecation(f.Directives, field)
		}})
	}
	return list
}

func (s *Schema) arguments(arguments ast.ArgumentDefinitionList, deprecated bool) []*Object {
	list := []*Object{}
	for _, a := range arguments {
		if deprecated || !isDeprecated(a.Directives) {
			list = append(list, s.inputValue(a.Name, a.Description, a.Type, a.DefaultValue, a.Directives))
		}
	}
	return list
}

func (s *Schema) inputValue(name, description string, t *ast.Type, value *ast.Value, directives ast.DirectiveList) *Object {
	return &Object{"__InputValue", func(field string, _ bool) any {
		switch field {
		case "name":
			return name
		case "description":
			return text(description)
		case "type":
			return s.of(t)
		case "defaultValue":
			if value == nil {
				return nil
			}
			return value.String()
		}
		return deprecation(directives, field)
	}}
}

func enumValues(values ast.EnumValueList, deprecated bool) []*Object {
	list := []*Object{}
	for _, v := range values {
		if !deprecated && isDeprecated(v.Directives) {
			continue
		}
		list = append(list, &Object{"__EnumValue", func(field string, _ bool) any {
			switch field {
			case "name":
				return v.Name
			case "description":
				return text(v.Description)
			}
			return deprecation(v.Directives, field)
		}})
	}
	return list
}

func (s *Schema) directive(def *ast.DirectiveDefinition) *Object {
	return &Object{"__Directive", func(field string, deprecated bool) any {
		switch field {
		case "name":
			return def.Name
		case "description":
			return text(def.Description)
		case "isRepeatable":
			return def.IsRepeatable
		case "locations":
			var list []string
			for _, location := range def.Locations {
				list = append(list, string(location))
			}
			return list
		case "args":
			return s.arguments(def.Arguments, deprecated)
		}
		return nil
	}}
}

// text returns a description; nil if it is empty.
func text(description string) any {
	if description == "" {
		return nil
	}
	return description
}

func isDeprecated(directives ast.DirectiveList) bool { return directives.ForName("deprecated") != nil }

// deprecation returns the value of isDeprecated or deprecationReason. A reason has a default
// (section 3.13.3).
func deprecation(directives ast.DirectiveList, field string) any {
	d := directives.ForName("deprecated")
	switch {
	case field == "isDeprecated":
		return d != nil
	case field != "deprecationReason" || d == nil:
		return nil
	}
	if reason := d.Arguments.ForName("reason"); reason != nil {
		return reason.Value.Raw
	}
	return "No longer supported"
}
