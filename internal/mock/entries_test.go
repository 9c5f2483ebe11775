package mock_test

import (
	"maps"
	"regexp"
	"slices"
	"testing"
)

// Objects whose names are data have a few entries.
func TestMaps(t *testing.T) {
	components := `Tree: { type: object, properties: { name: { type: string }, children: { type: object, additionalProperties: { $ref: "#/components/schemas/Tree" } } } }`
	for name, c := range map[string]struct {
		schema, keys, value string
		count               int
	}{
		"texts":         {`{ type: object, additionalProperties: { type: string, enum: [x] } }`, `^(amber|brisk|plain)$`, "x", 3},
		"without type":  {`{ additionalProperties: { type: string, enum: [x] } }`, `^(amber|brisk|plain)$`, "x", 3},
		"any values":    {`{ type: object, additionalProperties: true }`, `^(amber|brisk|plain)$`, "", 3},
		"none":          {`{ type: object, additionalProperties: false }`, "", "", 0},
		"any object":    {`{ type: object }`, "", "", 0},
		"the most":      {`{ type: object, maxProperties: 1, additionalProperties: { type: string } }`, `^amber$`, "", 1},
		"the least":     {`{ type: object, minProperties: 5, additionalProperties: { type: string } }`, `^[a-z]+[45]?$`, "", 5},
		"a part of all": {`{ allOf: [{ type: object }, { additionalProperties: { type: string, enum: [x] } }] }`, `^(amber|brisk|plain)$`, "x", 3},
		"maps of maps":  {`{ type: object, additionalProperties: { type: object, additionalProperties: { type: string } } }`, `^(amber|brisk|plain)$`, "", 3},
		"a circle":      {`{ type: object, additionalProperties: { $ref: "#/components/schemas/Tree" } }`, `^(amber|brisk|plain)$`, "", 3},
	} {
		t.Run(name, func(t *testing.T) {
			got, ok := answerTo(t, c.schema, components).(map[string]any)
			if !ok || len(got) != c.count {
				t.Fatalf("%#v, want %d entries", got, c.count)
			}
			for _, key := range slices.Sorted(maps.Keys(got)) {
				if !regexp.MustCompile(c.keys).MatchString(key) || c.value != "" && got[key] != c.value {
					t.Errorf("%s: %#v", key, got[key])
				}
			}
		})
	}
}
