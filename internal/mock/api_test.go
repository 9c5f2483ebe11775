package mock_test

import (
	"net/http"
	"strings"
	"testing"
)

// Paths are compared without escapes, whatever is around their parameters.
func TestPaths(t *testing.T) {
	answer := `{ get: { responses: { "200": { description: ok, content: { application/json: { schema: { $ref: "#/components/schemas/User" } } } } } } }`
	var document strings.Builder
	document.WriteString("openapi: 3.0.3\ninfo: { title: Users, version: \"1\" }\npaths:\n")
	for _, path := range []string{"/sp ace/{id}", "/e%20scaped/{id}", "/users({id})", "/users('{id}')", "/users/{id}", "/users/{id}.json", "/users/{id}:lock", "/a{b/{id}",
		"/kinds/{kind}-{id}", "/über/{id}", "/"} {
		document.WriteString("  \"" + path + "\": " + answer + "\n")
	}
	document.WriteString("components: { schemas: { User: { type: object, required: [id], properties: { id: { type: string }, kind: { type: string, enum: [a, b] } } } } }\n")
	url := service(t, document.String(), 1)
	for path, want := range map[string]string{
		"/sp%20ace/7": `"id":"7"`, "/e%20scaped/7": `"id":"7"`, "/users%287%29": `"id":"7"`, "/users(7)": `"id":"7"`, "/users%28%27x%2Fy%27%29": `"id":"x/y"`,
		"/users/7/": `"id":"7"`, "/users/7.json": `"id":"7"`, "/users/a%2Fb": `"id":"a/b"`, "/users/7%3Alock": `"id":"7"`, "/a%7Bb/7": `"id":"7"`,
		"/kinds/b-7": `"id":"7","kind":"b"`, "/%C3%BCber/%C3%BC": `"id":"ü"`, "/": `"id":"1"`,
	} {
		if status, text := call(t, http.MethodGet, url+path, ""); status != http.StatusOK || !strings.Contains(text, want) {
			t.Errorf("%s: %d %s; want %s", path, status, text, want)
		}
	}
	for _, path := range []string{"/users", "/users/7/8", "/sp/ace/7"} {
		if status, _ := call(t, http.MethodGet, url+path, ""); status != http.StatusNotFound {
			t.Errorf("%s: %d", path, status)
		}
	}
}
