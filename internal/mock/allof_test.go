package mock_test

import (
	"encoding/json"
	"net/http"
	"reflect"
	"testing"
)

// answerTo returns what a mock answers with a schema, and with components.
func answerTo(t *testing.T, schema, components string) any {
	t.Helper()
	url := service(t, `
openapi: 3.1.0
info: { title: A, version: "1" }
paths:
  /a: { get: { responses: { "200": { description: ok, content: { application/json: { schema: `+schema+` } } } } } }
components: { schemas: { `+components+` } }
`, 1)
	_, text := call(t, http.MethodGet, url+"/a", "")
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatal(text, err)
	}
	return value
}

// A value of allOf is as all parts say.
func TestAllOf(t *testing.T) {
	components := `Kind: { type: string, enum: [thing] }, Base: { type: object, required: [kind], properties: { kind: { type: string, example: any } } }`
	for name, c := range map[string]struct {
		schema string
		want   any
	}{
		"an enum in the second part":     {`{ allOf: [{ type: string, description: base, example: other }, { type: string, enum: [thing] }] }`, "thing"},
		"an enum beside allOf":           {`{ enum: [thing], allOf: [{ type: string }] }`, "thing"},
		"an enum within":                 {`{ allOf: [{ type: string }, { allOf: [{ $ref: "#/components/schemas/Kind" }, { description: no }] }] }`, "thing"},
		"values that both have":          {`{ allOf: [{ enum: [a, thing] }, { enum: [thing, b] }] }`, "thing"},
		"a constant":                     {`{ allOf: [{ type: string }, { const: thing }] }`, "thing"},
		"bounds":                         {`{ allOf: [{ type: number }, { type: integer, minimum: 7 }, { maximum: 7 }] }`, 7.0},
		"a list":                         {`{ allOf: [{ type: array, maxItems: 1 }, { items: { $ref: "#/components/schemas/Kind" } }] }`, []any{"thing"}},
		"one of several":                 {`{ allOf: [{ description: no }, { oneOf: [{ $ref: "#/components/schemas/Kind" }] }] }`, "thing"},
		"a property that a part narrows": {`{ allOf: [{ $ref: "#/components/schemas/Base" }, { properties: { kind: { enum: [thing] } } }] }`, map[string]any{"kind": "thing"}},
		"a property that a part widens":  {`{ allOf: [{ properties: { kind: { enum: [thing] } } }, { $ref: "#/components/schemas/Base" }] }`, map[string]any{"kind": "thing"}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := answerTo(t, c.schema, components); !reflect.DeepEqual(got, c.want) {
				t.Errorf("%#v, want %#v", got, c.want)
			}
		})
	}
}
