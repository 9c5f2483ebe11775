package mock

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

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
		if field.Value == nil {
			continue
		}
		if have := fields[name]; have != nil && isScalar(have.Value) && isScalar(field.Value) { // as both parts say
			both := &openapi3.Schema{AllOf: openapi3.SchemaRefs{field, have}}
			field = &openapi3.SchemaRef{Ref: field.Ref, Value: allOf(both, 0)}
		}
		fields[name] = field
	}
	for _, name := range schema.Required {
		required[name] = true
	}
}

// nameOf returns the name of a schema in the document; empty for one without a name.
func nameOf(ref *openapi3.SchemaRef) string { return ref.Ref[strings.LastIndexByte(ref.Ref, '/')+1:] }

// typeOf returns the plain name of what a schema is of: order for an OrderResponse; empty for one without a name.
func typeOf(ref *openapi3.SchemaRef) string {
	name := plain(nameOf(ref))
	for _, end := range []string{"dto", "response", "details", "detail", "view", "model", "resource", "result", "out", "read"} {
		if short := strings.TrimSuffix(name, end); short != "" && short != name {
			return short
		}
	}
	return name
}

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
		if id := identity(fields); id != "" && name == typeOf(ref)+"id" {
			return id
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

// typed returns a text as a schema of a scalar has it. It reports false if it is no value of the schema.
func typed(text string, schema *openapi3.Schema) (value any, ok bool) {
	switch {
	case !isScalar(schema):
		return nil, false
	case len(schema.Enum) > 0:
		i := slices.IndexFunc(schema.Enum, func(one any) bool { return fmt.Sprint(one) == text })
		if i < 0 {
			return nil, false
		}
		return schema.Enum[i], true
	case schema.Type.Permits("string"):
		return text, fitsFormat(text, schema.Format)
	case schema.Type.Permits("integer"):
		n, err := strconv.ParseInt(text, 10, 64)
		return n, err == nil
	case schema.Type.Permits("number"):
		n, err := strconv.ParseFloat(text, 64)
		return n, err == nil
	case schema.Type.Permits("boolean"):
		return text == "true", text == "true" || text == "false"
	}
	return nil, false
}

// fitsFormat reports whether a text is a time if a format says so.
func fitsFormat(text, format string) bool {
	var err error
	switch format {
	case "date-time":
		_, err = time.Parse(time.RFC3339, text)
	case "date":
		_, err = time.Parse(time.DateOnly, text)
	}
	return err == nil
}
