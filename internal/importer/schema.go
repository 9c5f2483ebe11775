package importer

import (
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// typeKey is what a type is made once for.
type typeKey struct {
	schema     *openapi3.Schema
	input, xml bool
}

// spot is where a schema stands.
type spot struct {
	name     string // what a type is called that has no name of its own
	property string // the property or parameter, as the service calls it
	input    bool
}

// shape is what a schema becomes.
type shape struct {
	name     string // the type without a last !: [Product!]
	nullable bool
	why      string // why it is JSON, or not the enum that it could be
	fallback any    // the schema's default
	enum     *enum
}

// enum is an enum of the draft.
type enum struct {
	name   string
	values map[string]string // by the service's spelling
}

func (s shape) comments() []string {
	if s.why == "" {
		return nil
	}
	return []string{s.name + ": " + s.why + "."}
}

const componentPrefix = "#/components/schemas/"

// effective is what a schema comes down to: references are followed, null is
// taken out of alternatives and allOf is merged. The name is that of the
// component, or "".
func (imp *openAPI) effective(ref *openapi3.SchemaRef) (name string, schema *openapi3.Schema, nullable bool) {
	for range 32 { // more are a circle
		if ref == nil {
			return "", nil, nullable
		}
		schema = ref.Value
		if component, ok := strings.CutPrefix(ref.Ref, componentPrefix); ok && imp.doc.Components != nil {
			if target := imp.doc.Components.Schemas[component]; target != nil {
				if target.Ref != "" {
					ref = target
					continue
				}
				name, schema = component, target.Value
			}
		}
		if schema == nil {
			return name, nil, nullable
		}
		nullable = nullable || isNullable(schema)
		next, null := onlyPart(schema)
		if next == nil {
			return name, imp.merge(schema), nullable
		}
		nullable = nullable || null
		ref = next
		if next.Ref == "" && name != "" {
			return name, imp.merge(next.Value), nullable || isNullable(next.Value)
		}
	}
	return "", nil, nullable
}

func isNullable(s *openapi3.Schema) bool {
	return s.Nullable || s.Type != nil && slices.Contains(*s.Type, "null") || slices.Contains(s.Enum, nil)
}

// onlyPart is the one part of an allOf, anyOf or oneOf that says what the value
// is, if the schema itself does not; and whether null is another.
func onlyPart(s *openapi3.Schema) (part *openapi3.SchemaRef, null bool) {
	parts := slices.Concat(s.AllOf, s.AnyOf, s.OneOf)
	if len(s.Properties) > 0 || len(s.Enum) > 0 || s.Items != nil {
		return nil, false
	}
	for _, p := range parts {
		switch {
		case p.Value == nil || isNull(p.Value):
			null = true
		case p.Ref == "" && says(p.Value) == 0: // such as {required: [a]} or a description
		case part != nil:
			return nil, false
		default:
			part = p
		}
	}
	return part, null
}

func isNull(s *openapi3.Schema) bool { return s.Type.Is("null") }

// says counts what of a schema tells what a value is.
func says(s *openapi3.Schema) int {
	n := len(s.AllOf) + len(s.AnyOf) + len(s.OneOf) + len(s.Properties) + len(s.Enum)
	if s.Type != nil || s.Items != nil {
		n++
	}
	return n
}

// merge is a schema with what its allOf says; its properties go before those of
// the schema itself.
func (imp *openAPI) merge(s *openapi3.Schema) *openapi3.Schema {
	if len(s.AllOf) == 0 {
		return s
	}
	if m := imp.merged[s]; m != nil {
		return m
	}
	m := *s
	m.AllOf, m.Properties, m.Required = nil, openapi3.Schemas{}, slices.Clone(s.Required)
	imp.merged[s] = &m // before its parts, which may lead back here
	for _, part := range s.AllOf {
		_, p, _ := imp.effective(part)
		if p == nil || p == &m {
			continue
		}
		maps.Copy(m.Properties, p.Properties)
		m.Required = append(m.Required, p.Required...)
		m.AnyOf, m.OneOf = slices.Concat(m.AnyOf, p.AnyOf), slices.Concat(m.OneOf, p.OneOf)
		if m.Type == nil {
			m.Type = p.Type
		}
		if m.Items == nil {
			m.Items = p.Items
		}
		if len(m.Enum) == 0 {
			m.Enum = p.Enum
		}
		if m.Format == "" {
			m.Format = p.Format
		}
	}
	maps.Copy(m.Properties, s.Properties)
	return &m
}

// kindOf is the JSON type of a schema; "" when it has none or several.
func kindOf(s *openapi3.Schema) string {
	if s.Type != nil {
		types := slices.DeleteFunc(slices.Clone(*s.Type), func(t string) bool { return t == "null" })
		if len(types) == 1 {
			return types[0]
		}
		return ""
	}
	switch {
	case len(s.Properties) > 0 || s.AdditionalProperties.Schema != nil:
		return "object"
	case s.Items != nil:
		return "array"
	case len(s.Enum) > 0 && !slices.ContainsFunc(s.Enum, func(v any) bool { _, ok := v.(string); return !ok && v != nil }):
		return "string"
	}
	return ""
}

func (imp *openAPI) isObject(ref *openapi3.SchemaRef) bool {
	_, s, _ := imp.effective(ref)
	return s != nil && (kindOf(s) == "object" || len(alternatives(s)) > 0 && slices.ContainsFunc(alternatives(s), imp.isObject))
}

func (imp *openAPI) isList(ref *openapi3.SchemaRef) bool {
	_, s, _ := imp.effective(ref)
	return s != nil && kindOf(s) == "array"
}

func (imp *openAPI) items(ref *openapi3.SchemaRef) *openapi3.SchemaRef {
	_, s, _ := imp.effective(ref)
	return s.Items
}

// alternatives are the parts of oneOf and anyOf that tell different values.
func alternatives(s *openapi3.Schema) []*openapi3.SchemaRef {
	return slices.DeleteFunc(slices.Concat(s.OneOf, s.AnyOf), func(p *openapi3.SchemaRef) bool {
		return p.Value == nil || isNull(p.Value) || p.Ref == "" && says(p.Value) == 0
	})
}

func jsonBecause(why string, nullable bool) shape {
	return shape{name: "JSON", nullable: nullable, why: why}
}

// shape makes the type of a schema.
func (imp *openAPI) shape(ref *openapi3.SchemaRef, at spot) shape {
	name, schema, nullable := imp.effective(ref)
	if schema == nil {
		return jsonBecause("it has no schema", true)
	}
	if name != "" {
		at.name = pascal(name)
	}
	s := imp.kind(schema, at)
	s.nullable = s.nullable || nullable
	s.fallback = schema.Default
	return s
}

func (imp *openAPI) kind(s *openapi3.Schema, at spot) shape {
	if len(alternatives(s)) > 0 {
		return jsonBecause("it is one of several shapes (oneOf, anyOf)", false)
	}
	switch kindOf(s) {
	case "string":
		return imp.text(s, at)
	case "integer":
		switch {
		case isID(at.property):
			return shape{name: "ID"}
		case s.Format == "int64":
			return shape{name: "Int64"}
		}
		return shape{name: "Int"}
	case "number":
		return shape{name: "Float"}
	case "boolean":
		return shape{name: "Boolean"}
	case "array":
		return imp.list(s, at)
	case "object":
		return imp.object(s, at)
	}
	return jsonBecause("its schema tells no type, or several", len(s.Enum) == 0)
}

func (imp *openAPI) text(s *openapi3.Schema, at spot) shape {
	if len(s.Enum) > 0 {
		if e := imp.enum(s, at.name); e != nil {
			return shape{name: e.name, enum: e}
		}
		return shape{name: "String", why: "its values make no enum of GraphQL"}
	}
	switch {
	case s.Format == "date-time":
		return shape{name: "DateTime"}
	case isID(at.property):
		return shape{name: "ID"}
	}
	return shape{name: "String"}
}

// enum makes an enum, nil when its values can't be told apart.
func (imp *openAPI) enum(s *openapi3.Schema, name string) *enum {
	if e, ok := imp.enums[s]; ok {
		return e
	}
	imp.enums[s] = nil
	def := &definition{kind: "enum", description: s.Description}
	values, spelling := map[string]string{}, map[string]string{}
	for _, v := range s.Enum {
		if v == nil {
			continue
		}
		service, ok := v.(string)
		value := upperSnake(service)
		if other, taken := spelling[value]; !ok || value == "" || taken && other != service {
			return nil
		} else if taken {
			continue // the same twice
		}
		values[service], spelling[value] = value, service
		def.fields = append(def.fields, field{name: value, spelling: service})
	}
	if len(def.fields) == 0 {
		return nil
	}
	def.name = imp.typeName(name)
	imp.types = append(imp.types, def)
	imp.enums[s] = &enum{name: def.name, values: values}
	return imp.enums[s]
}

func (imp *openAPI) list(s *openapi3.Schema, at spot) shape {
	switch {
	case len(s.PrefixItems) > 0:
		return jsonBecause("it is a tuple", false)
	case imp.visiting[s]:
		return jsonBecause("it is a list of itself", false)
	}
	imp.visiting[s] = true
	defer delete(imp.visiting, s)
	ids := areIDs(at.property) || isID(at.property)
	if at.name, at.property = singular(at.name), ""; ids {
		at.property = "id"
	}
	item := imp.shape(s.Items, at)
	if !item.nullable {
		item.name += "!"
	}
	return shape{name: "[" + item.name + "]", why: item.why}
}

// object makes the type of an object.
func (imp *openAPI) object(s *openapi3.Schema, at spot) shape {
	properties, omitted := imp.properties(s, at.input)
	switch {
	case len(properties) > 0:
	case len(s.Properties) > 0:
		return jsonBecause("none of its properties can be a field here", false)
	case s.AdditionalProperties.Schema != nil:
		return jsonBecause("it is a map (additionalProperties)", false)
	default:
		return jsonBecause("it is an object of any properties", false)
	}
	key := typeKey{s, at.input, imp.xml}
	if name, ok := imp.made[key]; ok {
		return shape{name: name}
	}
	def := &definition{kind: "type", description: s.Description, omitted: omitted}
	if s.Description == "" && !strings.EqualFold(pascal(s.Title), at.name) {
		def.description = s.Title // which often only repeats the name
	}
	want := at.name
	if at.input {
		def.kind, want = "input", strings.TrimSuffix(want, "Input")+"Input"
	}
	def.name = imp.typeName(want)
	imp.made[key] = def.name
	imp.types = append(imp.types, def)
	outside := imp.visiting
	imp.visiting = map[*openapi3.Schema]bool{} // a list within an object may be one of such objects
	names := uniqueNames(properties)
	for _, name := range properties {
		def.fields = append(def.fields, imp.property(s, name, names[name], at))
	}
	imp.visiting = outside
	return shape{name: def.name}
}

func origin(ref *openapi3.SchemaRef) *openapi3.Origin { return ref.Origin }

// properties are the names of those that can be fields, and comments on others.
func (imp *openAPI) properties(s *openapi3.Schema, input bool) (names, omitted []string) {
	for _, name := range inOrder(s.Properties, origin) {
		_, p, _ := imp.effective(s.Properties[name])
		own := s.Properties[name].Value
		readOnly := own != nil && own.ReadOnly || p != nil && p.ReadOnly
		writeOnly := own != nil && own.WriteOnly || p != nil && p.WriteOnly
		switch {
		case input && readOnly || !input && writeOnly:
		case name == "" || strings.ContainsAny(name, ".{}$,\"`\\ \t\r\n"):
			omitted = append(omitted, "The property "+strconv.Quote(name)+" is left out: a binding can't have this name.")
		case p != nil && p.Always != nil && !*p.Always:
		default:
			names = append(names, name)
		}
	}
	return names, omitted
}

// property makes the field of a property; as is the field's name.
func (imp *openAPI) property(s *openapi3.Schema, name, as string, at spot) field {
	ref := s.Properties[name]
	inline := strings.TrimSuffix(at.name, "Input") + pascal(name)
	p := imp.shape(ref, spot{name: inline, property: name, input: at.input})
	f := field{name: as, typ: p.name, comments: p.comments()}
	if slices.Contains(s.Required, name) && (at.input || !p.nullable) {
		f.typ += "!"
	}
	source := name
	if ref.Value != nil {
		if ref.Ref == "" || describedHere(imp.doc, ref) {
			f.description = about("", ref.Value.Description)
		}
		if imp.xml {
			source = xmlSource(name, ref.Value)
		}
		if ref.Value.Deprecated && (!at.input || !strings.HasSuffix(f.typ, "!")) {
			f.directives = append(f.directives, deprecated())
		}
	}
	if source != f.name {
		f.directives = append(f.directives, sourceDirective(source))
	}
	return f
}

// describedHere tells whether a reference has a description beside it that is
// not the component's.
func describedHere(doc *openapi3.T, ref *openapi3.SchemaRef) bool {
	component := strings.TrimPrefix(ref.Ref, componentPrefix)
	return doc.Components != nil && doc.Components.Schemas[component] != nil && doc.Components.Schemas[component].Value != nil &&
		doc.Components.Schemas[component].Value.Description != ref.Value.Description
}

// xmlSource is where a property is in XML.
func xmlSource(name string, s *openapi3.Schema) string {
	if s.XML == nil {
		return name
	}
	if s.XML.Name != "" {
		name = s.XML.Name
	}
	switch {
	case s.XML.Attribute:
		return "@" + name
	case s.XML.Wrapped && s.Items != nil && s.Items.Value != nil && s.Items.Value.XML != nil && s.Items.Value.XML.Name != "":
		return name + "." + s.Items.Value.XML.Name
	case s.XML.Wrapped:
		return name + "." + name
	}
	return name
}

// literal is the default of a shape in GraphQL, "" when it has none that fits.
func (s shape) literal() string {
	switch v := s.fallback.(type) {
	case bool:
		if s.name == "Boolean" {
			return strconv.FormatBool(v)
		}
	case string:
		switch {
		case s.enum != nil:
			return s.enum.values[v]
		case s.name == "String" || s.name == "ID" || s.name == "DateTime":
			return quote(v)
		}
	case float64:
		return s.number(v)
	case json.Number:
		f, _ := v.Float64()
		return s.number(f)
	case int:
		return s.number(float64(v))
	case int64:
		return s.number(float64(v))
	case uint64:
		return s.number(float64(v))
	}
	return ""
}

func (s shape) number(v float64) string {
	whole := v == math.Trunc(v)
	switch {
	case s.name == "Int" && whole && math.Abs(v) <= math.MaxInt32, s.name == "Int64" && whole && math.Abs(v) < 1<<53, s.name == "ID" && whole && math.Abs(v) < 1<<53:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case s.name == "Float" && !math.IsInf(v, 0) && !math.IsNaN(v):
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
	return ""
}
