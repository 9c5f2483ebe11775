package mock_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// patterns returns a document of rows whose property code has a schema.
func patterns(schema string) string {
	return fmt.Sprintf(`
openapi: 3.0.3
info: { title: Codes, version: "1" }
paths:
  /codes:
    get:
      responses: { "200": { description: ok, content: { application/json: { schema: { type: array, items: { $ref: "#/components/schemas/Code" } } } } } }
components:
  schemas:
    Code: { type: object, required: [code], properties: { code: { type: string, %s } } }
`, schema)
}

type code struct{ ID, Code string }

func codes(t *testing.T, document string, seed uint64) []code {
	t.Helper()
	_, text := call(t, http.MethodGet, service(t, document, seed)+"/codes", "")
	var list []code
	if err := json.Unmarshal([]byte(text), &list); err != nil || len(list) == 0 {
		t.Fatal(text, err)
	}
	return list
}

func TestPatterns(t *testing.T) {
	for _, c := range []struct {
		name, schema, pattern string
		least, most           int
	}{
		{"literals and classes", `pattern: '^ord_[0-9a-f]{8}$'`, `^ord_[0-9a-f]{8}$`, 12, 12},
		{"alternatives", `pattern: '^(red|green|blue)-(S|M|XL)$'`, `^(red|green|blue)-(S|M|XL)$`, 5, 8},
		{"a text that fits already", `pattern: '^[a-z]+ [a-z]+$'`, `^[a-z]+ [a-z]+$`, 5, 20},
		{"a pattern of a part", `pattern: '[A-Z]{2}\d{3}'`, `[A-Z]{2}\d{3}`, 5, 5},
		{"a class without some characters", `pattern: '^[^a-z ]{4}$'`, `^[^a-z ]{4}$`, 4, 4},
		{"characters that are no letters", `pattern: '^[.!?]+$'`, `^[.!?]+$`, 1, 5},
		{"the least length", `pattern: '^[a-z]+$', minLength: 40, maxLength: 40`, `^[a-z]+$`, 40, 40},
		{"the length of parts", `pattern: '^([a-z]+-)*[0-9]+$', minLength: 90, maxLength: 120`, `^([a-z]+-)*[0-9]+$`, 90, 120},
		{"the most length", `pattern: '^[A-Z][A-Z0-9_]*$', maxLength: 2`, `^[A-Z][A-Z0-9_]*$`, 1, 2},
		{"letters of another script", `pattern: '^[α-ω]{3}$'`, `^[α-ω]{3}$`, 3, 3},
		{"escapes of ECMAScript", `pattern: '^\u0041\/\u{42}$'`, `^A/B$`, 3, 3},
		{"boundaries", `pattern: '^\bv\d+\.\d+\b$'`, `^v\d+\.\d+$`, 4, 10},
		{"a format", `format: email, pattern: '^\S+@shop\.example$'`, `^\S+@shop\.example$`, 14, 20},
	} {
		t.Run(c.name, func(t *testing.T) {
			for seed := range uint64(4) {
				first := codes(t, patterns(c.schema), seed)
				for _, row := range first {
					if length := utf8.RuneCountInString(row.Code); length < c.least || length > c.most || !regexp.MustCompile(c.pattern).MatchString(row.Code) {
						t.Errorf("%q has %d characters; want %d to %d of %s", row.Code, length, c.least, c.most, c.pattern)
					}
				}
				if again := codes(t, patterns(c.schema), seed); !slices.Equal(again, first) {
					t.Errorf("%+v, and then %+v", first, again)
				}
			}
		})
	}
}

// What Go can't read, or no text has, changes nothing.
func TestPatternsThatAreIgnored(t *testing.T) {
	plain := codes(t, patterns("nullable: false"), 1)
	for _, pattern := range []string{`^(?!no)[a-z]+$`, `^(a)\1$`, `[`, `^a$`} {
		schema := fmt.Sprintf("pattern: '%s'", pattern)
		if pattern == `^a$` {
			schema += ", minLength: 5"
		}
		if got := codes(t, patterns(schema), 1); got[0] != plain[0] {
			t.Errorf("%s: %+v; want %+v", pattern, got[0], plain[0])
		}
	}
}

// Keys have the pattern, and what refers to a row has the key of one.
func TestPatternsOfKeys(t *testing.T) {
	document := strings.ReplaceAll(patterns(`pattern: '^[A-Z]{3}$'`), "properties: {", `properties: { id: { type: string, pattern: '^c-\d{6}$' }, parentId: { type: string, pattern: '^c-\d{6}$' },`)
	_, text := call(t, http.MethodGet, service(t, document, 1)+"/codes", "")
	var list []struct{ ID, ParentID string }
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		t.Fatal(err)
	}
	keys := map[string]bool{}
	for _, row := range list {
		keys[row.ID] = regexp.MustCompile(`^c-\d{6}$`).MatchString(row.ID)
	}
	for _, row := range list {
		if !keys[row.ID] || !keys[row.ParentID] || len(keys) != len(list) {
			t.Errorf("%s: want different keys of the pattern, to which parents refer", text)
		}
	}
}
