package plan

// This file compares types with the schemas of an OpenAPI document.

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/directive"
)

// follow returns the schema at the end of a path. It returns false if a name
// does not exist, which is reported, or if the document does not describe it.
func (d *documentCheck) follow(schema *openapi3.Schema, p directive.Path, pos *ast.Position) (*openapi3.Schema, bool) {
	for _, step := range p {
		if step.IsItem() {
			if schema.Items == nil || schema.Items.Value == nil {
				return nil, false
			}
			schema = schema.Items.Value
			continue
		}
		name := step.Name
		next, open := d.property(schema, name)
		if next == nil {
			if !open {
				d.report.At(pos, suggest(name, d.propertyNames(schema), "see "+d.file), "%s: the %s has no field %s", d.file, d.part, name)
			}
			return nil, false
		}
		schema = next
	}
	return schema, schema != nil
}

// property returns the schema of a field of an object. open reports whether the
// object may have fields that the document does not name.
func (d *documentCheck) property(schema *openapi3.Schema, name string) (found *openapi3.Schema, open bool) {
	properties, open := flatten(schema, map[*openapi3.Schema]bool{})
	if found = properties[name]; found != nil {
		return found, false
	}
	return nil, open
}

func (d *documentCheck) propertyNames(schema *openapi3.Schema) []string {
	properties, _ := flatten(schema, map[*openapi3.Schema]bool{})
	return slices.Collect(maps.Keys(properties))
}

// flatten collects the fields of an object and of the schemas in its allOf.
// seen has the schemas on the way, since a schema can contain itself.
func flatten(schema *openapi3.Schema, seen map[*openapi3.Schema]bool) (properties map[string]*openapi3.Schema, open bool) {
	properties = map[string]*openapi3.Schema{}
	if seen[schema] {
		return properties, false
	}
	seen[schema] = true
	for name, ref := range schema.Properties {
		if ref != nil && ref.Value != nil {
			properties[name] = ref.Value
		}
	}
	for _, part := range schema.AllOf {
		if part == nil || part.Value == nil {
			continue
		}
		inner, innerOpen := flatten(part.Value, seen)
		maps.Copy(properties, inner)
		open = open || innerOpen
	}
	return properties, open || len(properties) == 0 || len(schema.OneOf) > 0 || len(schema.AnyOf) > 0 ||
		schema.AdditionalProperties.Schema != nil || schema.AdditionalProperties.Has != nil && *schema.AdditionalProperties.Has
}

// compare checks that values of a schema fit a GraphQL type or, for input
// types, that values of the type fit the schema.
func (d *documentCheck) compare(t *ast.Type, schema *openapi3.Schema, pos *ast.Position, what string) {
	if len(schema.OneOf) > 0 || len(schema.AnyOf) > 0 {
		return // one of them may fit
	}
	if t.Elem != nil {
		if !permits(schema, "array") {
			d.misfit(t, schema, pos, what)
		} else if schema.Items != nil && schema.Items.Value != nil {
			d.compare(t.Elem, schema.Items.Value, pos, what)
		}
		return
	}
	def := d.union.Types[t.NamedType]
	switch def.Kind {
	case ast.Object, ast.InputObject:
		if !permits(schema, "object") {
			d.misfit(t, schema, pos, what)
			return
		}
		d.compareObject(def, schema)
	case ast.Enum:
		if !permits(schema, "string") {
			d.misfit(t, schema, pos, what)
			return
		}
		d.compareEnum(def, schema, pos, what)
	case ast.Scalar:
		kinds := map[string][]string{"ID": {"string", "integer"}, "String": {"string"}, "Int": {"integer"}, "Float": {"number", "integer"},
			"Boolean": {"boolean"}}[t.NamedType]
		if kinds != nil && !slices.ContainsFunc(kinds, func(kind string) bool { return permits(schema, kind) }) {
			d.misfit(t, schema, pos, what)
		}
	}
}

func permits(schema *openapi3.Schema, kind string) bool {
	if schema.Type == nil || schema.Type.IsEmpty() {
		return kind == "object" || len(schema.AllOf) > 0 || len(schema.Properties) == 0
	}
	return schema.Type.Includes(kind)
}

func (d *documentCheck) misfit(t *ast.Type, schema *openapi3.Schema, pos *ast.Position, what string) {
	d.report.At(pos, "", "%s is %s, but %s in %s", what, t, kindOf(schema), d.file)
}

// kindOf returns the types of a schema, for a message.
func kindOf(schema *openapi3.Schema) string {
	if schema.Type != nil {
		return strings.Join(schema.Type.Slice(), " or ")
	}
	return "an object"
}

// compareObject checks the fields of an object, once for each type and schema.
func (d *documentCheck) compareObject(def *ast.Definition, schema *openapi3.Schema) {
	key := fmt.Sprintf("%s %p", def.Name, schema)
	if d.seen[key] {
		return
	}
	d.seen[key] = true
	for _, m := range d.members(d.service, def) {
		if m.source.Value != nil || m.source.Header != "" {
			continue
		}
		for _, p := range m.source.Names {
			property, ok := d.follow(schema, p, m.pos)
			if ok && m.source.Convert == "" && !m.source.Entries {
				d.compare(m.Type, property, m.pos, def.Name+"."+m.Name)
			}
		}
	}
}

// compareEnum checks that the enum has a value for each of the service's.
func (d *documentCheck) compareEnum(def *ast.Definition, schema *openapi3.Schema, pos *ast.Position, what string) {
	var known []string
	for _, v := range def.EnumValues {
		text, said := d.enumText(d.service, def, v.Name)
		known = append(known, spellings(v.Name, text, said)...)
	}
	for _, value := range schema.Enum {
		if text, ok := value.(string); ok && !slices.Contains(known, text) {
			d.report.At(pos, fmt.Sprintf("add a value to %s, with @source(name: %q) if its name is different", def.Name, text),
				"%s can be %q in %s, which %s does not have", what, text, d.file, def.Name)
		}
	}
}
