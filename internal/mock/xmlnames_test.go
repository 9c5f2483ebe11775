package mock_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
)

const xmlShop = `
openapi: 3.0.3
info: { title: Shop, version: "1" }
paths:
  /items/{id}: { get: { responses: { "200": { description: ok, content: { application/xml: { schema: { $ref: "#/components/schemas/Item" } } } } } } }
  /items: { get: { responses: { "200": { description: ok, content: { text/xml: { schema: { type: array, items: { $ref: "#/components/schemas/Item" } } } } } } } }
  /names: { get: { responses: { "200": { description: ok, content: { application/xml: { schema: { type: array, xml: { name: name }, items: { type: string } } } } } } } }
  /text: { get: { responses: { "200": { description: ok, content: { application/xml: { schema: { type: string, xml: { name: greeting } } } } } } } }
  /example: { get: { responses: { "200": { description: ok, content: { application/xml: { example: "<a/>" } } } } } }
  /both: { get: { responses: { "200": { description: ok, content: { application/json: { schema: { $ref: "#/components/schemas/Item" } }, application/xml: { schema: { $ref: "#/components/schemas/Item" } } } } } } }
components:
  schemas:
    Item:
      type: object
      xml: { name: item }
      required: [id]
      properties:
        id: { type: string, xml: { attribute: true, prefix: s } }
        lang: { type: string, enum: [en], xml: { name: "xml:lang", attribute: true } }
        count: { type: integer, example: 1234567 }
        tags: { type: array, items: { type: string, enum: [a], xml: { name: tag } } }
        codes: { type: array, items: { type: string, enum: [c] } }
        notes: { type: array, xml: { name: "n:notes", wrapped: true }, items: { type: string, enum: [n], xml: { name: "n:note" } } }
        more: { type: array, xml: { wrapped: true }, maxItems: 1, items: { type: object, properties: { ok: { type: boolean, enum: [true] } } } }
        "a>b": { type: string }
`

// Answers in XML have the names of their schemas.
func TestXMLOfDocuments(t *testing.T) {
	url := service(t, xmlShop, 1)
	item := func(id string) string {
		return `<item id="` + id + `" lang="en"><codes>c</codes><codes>c</codes><codes>c</codes><count>1234567</count><more><more><ok>true</ok></more></more>` +
			`<notes><note>n</note><note>n</note><note>n</note></notes><tag>a</tag><tag>a</tag><tag>a</tag></item>`
	}
	for _, c := range []struct{ path, accept, want string }{
		{"/items/7", "", item("7")},
		{"/items", "application/xml", "<answer>" + item("1") + item("2") + item("3") + "</answer>"},
		{"/names", "", `<answer><name>TEXT</name><name>TEXT</name><name>TEXT</name></answer>`},
		{"/text", "", `<greeting>TEXT</greeting>`},
		{"/example", "", "<a/>"},
		{"/both", "application/xml", item("1")},
		{"/both", "*/*", `{`},
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+c.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Accept", c.accept)
		status, kind, text := do(t, r)
		if strings.HasPrefix(c.want, "{") {
			if kind != "application/json" {
				t.Errorf("%s with %s is %s", c.path, c.accept, kind)
			}
			continue
		}
		_, content, declared := strings.Cut(text, "?>\n")
		if !declared {
			content = text
		}
		pattern := "^" + strings.ReplaceAll(regexp.QuoteMeta(c.want), "TEXT", "[a-z ]+") + "$"
		if status != http.StatusOK || kind != "application/xml" || !regexp.MustCompile(pattern).MatchString(content) {
			t.Errorf("%s: %d %s\n%s\nwant\n%s", c.path, status, kind, content, c.want)
		}
	}
}
