package mock

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// properties returns the properties of an object with those of allOf, and which of them are required.
func properties(schema *openapi3.Schema) (fields map[string]*openapi3.SchemaRef, required map[string]bool) {
	fields, required = map[string]*openapi3.SchemaRef{}, map[string]bool{}
	collect(schema, fields, required, 0)
	return fields, required
}

func collect(schema *openapi3.Schema, fields map[string]*openapi3.SchemaRef, required map[string]bool, depth int) {
	if schema == nil || depth > maxDepth {
		return
	}
	for _, part := range schema.AllOf {
		collect(part.Value, fields, required, depth+1)
	}
	for name, field := range schema.Properties {
		if field.Value != nil {
			fields[name] = field
		}
	}
	for _, name := range schema.Required {
		required[name] = true
	}
}

// nameOf returns the name of a schema in the document; empty for one without a name.
func nameOf(ref *openapi3.SchemaRef) string { return ref.Ref[strings.LastIndexByte(ref.Ref, '/')+1:] }

// plain returns a name without case, dashes and underscores.
func plain(name string) string {
	return strings.NewReplacer("-", "", "_", "", "[", "", "]", "").Replace(strings.ToLower(name))
}

// propertyOf returns the property that a parameter asks for, such as id for ids, or for orderId of an Order; empty if there
// is none.
func propertyOf(parameter string, ref *openapi3.SchemaRef, fields map[string]*openapi3.SchemaRef) string {
	want := plain(parameter)
	for _, name := range []string{want, strings.TrimSuffix(want, "s"), strings.TrimSuffix(want, "es")} {
		for _, field := range slices.Sorted(maps.Keys(fields)) {
			if plain(field) == name {
				return field
			}
		}
		if fields["id"] != nil && ref.Ref != "" && name == plain(nameOf(ref))+"id" {
			return "id"
		}
	}
	return ""
}

// identityMark is the extension of a property that identifies an object, whatever its name is.
const identityMark = "x-portico-identity"

// identity returns the property that identifies an object; empty if there is none.
func identity(fields map[string]*openapi3.SchemaRef) string {
	for name, field := range fields {
		if field.Value.Extensions[identityMark] != nil {
			return name
		}
	}
	for _, name := range []string{"id", "ID", "uuid", "key"} {
		if fields[name] != nil {
			return name
		}
	}
	return ""
}

// isCursor reports whether a property says where another page begins: there is none.
func isCursor(name string) bool {
	name = plain(name)
	return strings.HasPrefix(name, "next") || strings.HasPrefix(name, "prev") || strings.HasSuffix(name, "cursor")
}

// typed returns a parameter's text as a schema has it.
func typed(text string, schema *openapi3.Schema) any {
	switch {
	case schema.Type.Permits("string"):
	case schema.Type.Permits("integer"):
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return n
		}
	case schema.Type.Permits("number"):
		if n, err := strconv.ParseFloat(text, 64); err == nil {
			return n
		}
	case schema.Type.Permits("boolean"):
		return text == "true"
	}
	return text
}
