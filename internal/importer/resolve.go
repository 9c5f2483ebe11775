package importer

import (
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/portico-gateway/portico/internal/openapi"
)

// schemas reads the schemas of a document: it follows references and merges
// allOf.
type schemas struct {
	doc    *openapi.Document
	merged map[*openapi3.Schema]*openapi3.Schema // of allOf
	names  map[*openapi3.Schema][]string         // of the properties of merged schemas, in order
}

// properties returns the names of a schema's properties in order.
func (sc *schemas) properties(s *openapi3.Schema) []string {
	if names, ok := sc.names[s]; ok {
		return names
	}
	return openapi.Ordered(sc.doc, s.Properties)
}

const componentPrefix = "#/components/schemas/"

// effective is what a schema comes down to: references are followed, null is
// taken out of alternatives and allOf is merged. The name is that of the
// component, or "".
func (sc *schemas) effective(ref *openapi3.SchemaRef) (name string, schema *openapi3.Schema, nullable bool) {
	for range 32 { // more are a circle
		if ref == nil {
			return "", nil, nullable
		}
		schema = ref.Value
		if component, ok := strings.CutPrefix(ref.Ref, componentPrefix); ok && sc.doc.Components != nil {
			if target := sc.doc.Components.Schemas[component]; target != nil {
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
			return name, sc.merge(schema), nullable
		}
		nullable = nullable || null
		ref = next
		if next.Ref == "" && name != "" {
			return name, sc.merge(next.Value), nullable || isNullable(next.Value)
		}
	}
	return "", nil, nullable
}

func isNullable(s *openapi3.Schema) bool {
	return s.Nullable || s.Type != nil && slices.Contains(*s.Type, "null") || slices.Contains(s.Enum, nil)
}

// onlyPart returns the one part of an allOf, anyOf or oneOf that determines what the value
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

// says counts the parts of a schema that determine what a value is.
func says(s *openapi3.Schema) int {
	n := len(s.AllOf) + len(s.AnyOf) + len(s.OneOf) + len(s.Properties) + len(s.Enum)
	if s.Type != nil || s.Items != nil {
		n++
	}
	return n
}

// merge is a schema with what its allOf says; its properties go before those of
// the schema itself.
func (sc *schemas) merge(s *openapi3.Schema) *openapi3.Schema {
	if len(s.AllOf) == 0 {
		return s
	}
	if m := sc.merged[s]; m != nil {
		return m
	}
	m := *s
	m.AllOf, m.Properties, m.Required = nil, openapi3.Schemas{}, slices.Clone(s.Required)
	sc.merged[s] = &m // before its parts, which may lead back here
	var names []string
	add := func(from *openapi3.Schema) {
		for _, name := range sc.properties(from) {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
		maps.Copy(m.Properties, from.Properties)
	}
	for _, part := range s.AllOf {
		_, p, _ := sc.effective(part)
		if p == nil || p == &m {
			continue
		}
		add(p)
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
	add(s)
	sc.names[&m] = names
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
	case s.Const != nil:
		if _, ok := s.Const.(string); ok {
			return "string"
		}
	case len(s.Enum) > 0 && !slices.ContainsFunc(s.Enum, func(v any) bool { _, ok := v.(string); return !ok && v != nil }):
		return "string"
	}
	return ""
}

func (sc *schemas) isObject(ref *openapi3.SchemaRef) bool {
	_, s, _ := sc.effective(ref)
	return s != nil && (kindOf(s) == "object" || len(alternatives(s)) > 0 && slices.ContainsFunc(alternatives(s), sc.isObject))
}

func (sc *schemas) isList(ref *openapi3.SchemaRef) bool {
	_, s, _ := sc.effective(ref)
	return s != nil && kindOf(s) == "array"
}

func (sc *schemas) items(ref *openapi3.SchemaRef) *openapi3.SchemaRef {
	_, s, _ := sc.effective(ref)
	return s.Items
}

// alternatives are the parts of oneOf and anyOf that tell different values.
func alternatives(s *openapi3.Schema) []*openapi3.SchemaRef {
	return slices.DeleteFunc(slices.Concat(s.OneOf, s.AnyOf), func(p *openapi3.SchemaRef) bool {
		return p.Value == nil || isNull(p.Value) || p.Ref == "" && says(p.Value) == 0
	})
}

// describedHere reports whether a reference has a description beside it that is
// not the component's.
func describedHere(doc *openapi.Document, ref *openapi3.SchemaRef) bool {
	component := strings.TrimPrefix(ref.Ref, componentPrefix)
	return doc.Components != nil && doc.Components.Schemas[component] != nil && doc.Components.Schemas[component].Value != nil &&
		doc.Components.Schemas[component].Value.Description != ref.Value.Description
}
