package importer

import (
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// parts are the schemas that a value can be one of: those of oneOf and anyOf, or those that the discriminator of a schema names. An allOf that
// has only the schema itself is what remains of one that extends it.
func (sh *shaper) parts(s *openapi3.Schema) []*openapi3.SchemaRef {
	if parts := alternatives(s); len(parts) > 0 {
		return parts
	}
	var parts []*openapi3.SchemaRef
	if s.Discriminator == nil {
		return nil
	}
	for _, value := range slices.Sorted(maps.Keys(s.Discriminator.Mapping)) {
		ref := sh.mapped(s.Discriminator.Mapping[value].Ref)
		if ref == nil || ref.Value == s {
			return nil
		}
		if !slices.ContainsFunc(parts, func(p *openapi3.SchemaRef) bool { return p.Ref == ref.Ref }) {
			parts = append(parts, ref)
		}
	}
	return parts
}

// mapped is the schema that a discriminator names: by a reference, or by its name.
func (sh *shaper) mapped(name string) *openapi3.SchemaRef {
	name = strings.TrimPrefix(name, componentPrefix)
	if sh.doc.Components == nil || sh.doc.Components.Schemas[name] == nil || sh.doc.Components.Schemas[name].Value == nil {
		return nil
	}
	return openapi3.NewSchemaRef(componentPrefix+name, sh.doc.Components.Schemas[name].Value)
}

// union makes the union of objects that a member tells apart. It returns false if there is no such member, or if one of the parts is not an
// object.
func (sh *shaper) union(s *openapi3.Schema, parts []*openapi3.SchemaRef, at spot) (shape, bool) {
	if at.input || sh.xml || len(parts) < 2 {
		return shape{}, false
	}
	key := typeKey{schema: s}
	if name, ok := sh.made[key]; ok {
		return shape{name: name, object: true}, true
	}
	if sh.visiting[s] {
		return shape{}, false
	}
	property, values := sh.discriminator(s, parts)
	if property == "" {
		return shape{}, false
	}
	if slices.ContainsFunc(parts, func(p *openapi3.SchemaRef) bool { return !sh.isPlainObject(p) }) {
		return shape{}, false
	}
	def := &definition{kind: "union", description: s.Description, name: sh.typeName(at.names...)}
	sh.made[key] = def.name
	sh.types = append(sh.types, def)
	var of []string
	for i, part := range parts {
		member := sh.shape(part, spot{name: at.name + pascal(values[i][0])})
		def.members = append(def.members, member.name)
		for _, value := range values[i] {
			of = append(of, value+"="+member.name)
		}
	}
	def.property = property
	def.directives = []directive{{"discriminator", []argument{text("name", property), texts("values", of)}}}
	return shape{name: def.name, object: true}, true
}

// isPlainObject reports whether a schema becomes an object type. What can be one of several is none: whether it becomes a union is not known here.
func (sh *shaper) isPlainObject(ref *openapi3.SchemaRef) bool {
	_, s, nullable := sh.effective(ref)
	if s == nil || nullable || kindOf(s) != "object" || len(sh.parts(s)) > 0 {
		return false
	}
	names, _ := sh.properties(s, false)
	return len(names) > 0
}

// discriminator returns the member that tells the parts apart, and the values that each has.
func (sh *shaper) discriminator(s *openapi3.Schema, parts []*openapi3.SchemaRef) (property string, values [][]string) {
	if s.Discriminator != nil && pathStep(s.Discriminator.PropertyName) != "" {
		for _, part := range parts {
			values = append(values, sh.valuesOf(s.Discriminator, part))
		}
		if distinct(values) {
			return pathStep(s.Discriminator.PropertyName), values
		}
	}
	_, first, _ := sh.effective(parts[0])
	if first == nil {
		return "", nil
	}
	for _, name := range sh.schemas.properties(first) {
		values = nil
		for _, part := range parts {
			values = append(values, sh.constants(part, name))
		}
		if pathStep(name) != "" && distinct(values) {
			return pathStep(name), values
		}
	}
	return "", nil
}

// valuesOf are the values that a discriminator maps to a part, or its name.
func (sh *shaper) valuesOf(d *openapi3.Discriminator, part *openapi3.SchemaRef) (values []string) {
	name := strings.TrimPrefix(part.Ref, componentPrefix)
	for _, value := range slices.Sorted(maps.Keys(d.Mapping)) {
		if strings.TrimPrefix(d.Mapping[value].Ref, componentPrefix) == name {
			values = append(values, value)
		}
	}
	switch {
	case len(values) > 0:
		return values
	case len(sh.constants(part, d.PropertyName)) > 0:
		return sh.constants(part, d.PropertyName)
	case part.Ref == "":
		return nil
	}
	return []string{name}
}

// constants are the values that a member of an object can have, if it must be there.
func (sh *shaper) constants(part *openapi3.SchemaRef, name string) (values []string) {
	_, s, _ := sh.effective(part)
	if s == nil || !slices.Contains(s.Required, name) {
		return nil
	}
	_, member, _ := sh.effective(s.Properties[name])
	if member == nil {
		return nil
	}
	all := member.Enum
	if member.Const != nil {
		all = []any{member.Const}
	}
	for _, value := range all {
		text, ok := value.(string)
		if !ok {
			return nil
		}
		values = append(values, text)
	}
	return values
}

// distinct reports whether each part has values, which no other one has and which a directive can have.
func distinct(values [][]string) bool {
	seen := map[string]bool{}
	for _, of := range values {
		if len(of) == 0 {
			return false
		}
		for _, value := range of {
			if seen[value] || value == "" || strings.ContainsAny(value, "=\n") {
				return false
			}
			seen[value] = true
		}
	}
	return len(values) > 1
}

// entriesOf makes the list of the members of an object whose names are data.
func (sh *shaper) entriesOf(s *openapi3.Schema, at spot) shape {
	_, value, _ := sh.effective(s.AdditionalProperties.Schema)
	switch {
	case sh.xml:
		return jsonBecause("it is a map (additionalProperties)", false)
	case value == nil || kindOf(value) == "" && len(sh.parts(value)) == 0:
		return jsonBecause("it is a map (additionalProperties) of any values", false)
	case sh.visiting[s]:
		return jsonBecause("it is a map of itself", false)
	}
	key := typeKey{s, at.input, false}
	if name, ok := sh.made[key]; ok {
		return shape{name: "[" + name + "!]", entries: true}
	}
	sh.visiting[s] = true
	defer delete(sh.visiting, s)
	of := sh.shape(s.AdditionalProperties.Schema, spot{name: singular(at.name), property: "", input: at.input})
	if of.name == "JSON" {
		return jsonBecause("it is a map (additionalProperties) of values that are JSON: "+of.why, false)
	}
	def := &definition{kind: "type"}
	names := []string{strings.TrimSuffix(singular(at.name), "Result") + "Entry"}
	if at.input {
		def.kind, names = "input", inputNames(names)
	}
	def.name = sh.typeName(names...)
	sh.made[key] = def.name
	member := field{name: "value", typ: of.name, comments: of.comments()}
	source := member.name
	if of.entries {
		source += "->entries"
	}
	member.directives = of.source(member.name, source, at.input)
	def.fields = []field{{name: "key", typ: "String!"}, member}
	sh.types = append(sh.types, def)
	return shape{name: "[" + def.name + "!]", entries: true}
}
