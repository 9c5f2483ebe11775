package mock

import (
	"fmt"

	"github.com/getkin/kin-openapi/openapi3"
)

// entryKeys are the keys of an object whose names are data.
func entryKeys() []string { return []string{"amber", "brisk", "plain"} }

// entries makes an object whose names are data: a few, or as many as its schema asks for.
func (m *maker) entries(schema *openapi3.Schema, p place) map[string]any {
	of := schema.AdditionalProperties.Schema
	if of == nil && schema.AdditionalProperties.Has != nil && *schema.AdditionalProperties.Has {
		of = &openapi3.SchemaRef{Value: &openapi3.Schema{}}
	}
	out := map[string]any{}
	if of == nil {
		return out
	}
	least := int(min(schema.MinProps, maxRows)) //nolint:gosec // at most maxRows
	most := max(len(entryKeys()), least)
	if m.values > maxValues || p.depth >= maxDepth {
		most = least
	}
	if schema.MaxProps != nil {
		most = min(most, int(min(*schema.MaxProps, maxRows))) //nolint:gosec // at most maxRows
	}
	for i := range most {
		key := fmt.Sprint("key", i+1)
		if i < len(entryKeys()) {
			key = entryKeys()[i]
		}
		out[key] = m.value(of, place{at: p.at + "." + key, name: p.name, depth: p.depth + 1, row: i})
	}
	return out
}
