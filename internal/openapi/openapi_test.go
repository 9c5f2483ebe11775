package openapi_test

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/portico-gateway/portico/internal/openapi"
)

// write writes files into a folder and returns the name of the first.
func write(t testing.TB, files ...string) string {
	t.Helper()
	dir := t.TempDir()
	for i := 0; i < len(files); i += 2 {
		name := filepath.Join(dir, filepath.FromSlash(files[i]))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(files[i+1]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, filepath.FromSlash(files[0]))
}

func read(t testing.TB, location string) *openapi.Source {
	t.Helper()
	source, err := openapi.Read(t.Context(), location)
	if err != nil {
		t.Fatal(err)
	}
	return source
}

const shop = `openapi: 3.0.3
info: {title: Shop, version: 1.0}
paths:
  /b:
    parameters: [{$ref: "#/components/parameters/Page"}]
    post: {operationId: addB, requestBody: {$ref: "#/components/requestBodies/B"}, responses: {"204": {description: ok}}}
    get: {operationId: b, responses: {"200": {description: ok, content: {application/json: {schema: {$ref: "#/components/schemas/B"}}}}}}
  /a: {get: {operationId: a, tags: [x], security: [], x-internal: true, responses: {"200": {description: ok, content: {application/json: {schema: {$ref: "#/components/schemas/A"}}}}}}}
components:
  parameters: {Page: {name: page, in: query, schema: {type: integer}}}
  requestBodies: {B: {content: {application/json: {schema: {$ref: "#/components/schemas/B"}}}}}
  schemas:
    A: {type: object, properties: {zeta: {type: string}, alpha: {type: string}}}
    B: {type: object, properties: {self: {$ref: "#/components/schemas/B"}, deep: {$ref: "#/components/schemas/C"}}}
    C: {type: string}
    D: {type: string}
`

func TestOperationsAreInTheOrderOfTheDocument(t *testing.T) {
	want := []openapi.Operation{{"POST", "/b", "addB"}, {"GET", "/b", "b"}, {"GET", "/a", "a"}}
	if got := read(t, write(t, "shop.yaml", shop)).Operations(); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestSelectionHasWhatItRefersTo(t *testing.T) {
	for _, format := range []string{"yaml", "json"} {
		t.Run(format, func(t *testing.T) {
			location := write(t, "shop.yaml", shop)
			if format == "json" {
				doc, err := read(t, location).Select(func(op openapi.Operation) bool { return op.ID != "" && op.ID != "none" })
				if err != nil {
					t.Fatal(err)
				}
				text, err := doc.MarshalJSON()
				if err != nil {
					t.Fatal(err)
				}
				location = write(t, "shop.json", string(text))
			}
			doc, err := read(t, location).Select(func(op openapi.Operation) bool { return op.ID == "a" })
			if err != nil {
				t.Fatal(err)
			}
			if len(doc.Components.Schemas) != 1 || doc.Components.Schemas["A"] == nil || len(doc.Components.Parameters) != 0 {
				t.Errorf("it has other components:\n%s", doc.Content)
			}
			if doc.JSON != (format == "json") || doc.Extension() != "."+format {
				t.Errorf("it is not %s:\n%s", format, doc.Content)
			}
			again, err := read(t, write(t, "again"+doc.Extension(), string(doc.Content))).Select(openapi.All)
			if err != nil {
				t.Fatal(err)
			}
			if got := openapi.Ordered(again, again.Components.Schemas["A"].Value.Properties); format == "yaml" && !slices.Equal(got, []string{"zeta", "alpha"}) {
				t.Errorf("the properties are %v", got)
			}
			if string(again.Content) != string(doc.Content) {
				t.Errorf("reading it again changes it:\n%s\n%s", doc.Content, again.Content)
			}
		})
	}
}

func TestWholeDocumentStaysAsItIs(t *testing.T) {
	doc, err := read(t, write(t, "shop.yaml", "# mine\n"+shop)).Select(openapi.All)
	if err != nil {
		t.Fatal(err)
	}
	if string(doc.Content) != "# mine\n"+shop {
		t.Errorf("it has changed:\n%s", doc.Content)
	}
}

// A schema is one component, whatever the names are by which files and the command refer to its file.
func TestFilesThatReferToEachOther(t *testing.T) {
	dir := filepath.Dir(write(t, "openapi.yaml", `openapi: 3.0.3
info: {title: Shop, version: "1"}
paths: {/pets: {get: {operationId: pets, responses: {"200": {description: ok, content: {application/json: {schema: {$ref: ./models/pet.yaml}}}}}}}}
components: {schemas: {Toy: {type: object, properties: {pet: {$ref: models/pet.yaml}}}}}
`, "models/pet.yaml", `{type: object, properties: {toy: {$ref: "../openapi.yaml#/components/schemas/Toy"}}}`))
	doc, err := read(t, dir+"/models/.././openapi.yaml").Select(openapi.All)
	if err != nil {
		t.Fatal(err)
	}
	if got := slices.Sorted(maps.Keys(doc.Components.Schemas)); !slices.Equal(got, []string{"Toy", "pet"}) {
		t.Errorf("the schemas are %v:\n%s", got, doc.Content)
	}
}

func TestFilesOfAServer(t *testing.T) {
	files := map[string]string{
		"/api/openapi.yaml":      "openapi: 3.1.0\npaths: {/a: {get: {responses: {'200': {description: ok, content: {application/json: {schema: {$ref: 'schemas/a.json#/A'}}}}}}}}\n",
		"/api/schemas/a.json":    `{"A": {"type": "object", "properties": {"b": {"$ref": "#/B"}}}, "B": {"$ref": "../b.yaml"}}`,
		"/api/b.yaml":            "type: string\n",
		"/api/elsewhere.yaml":    "openapi: 3.1.0\npaths: {/a: {get: {responses: {'200': {$ref: 'http://127.0.0.2:1/x.yaml'}}}}}\n",
		"/api/not-there.yaml":    "openapi: 3.1.0\npaths: {/a: {get: {responses: {'200': {$ref: 'gone.yaml'}}}}}\n",
		"/api/missing-part.yaml": "openapi: 3.1.0\npaths: {/a: {get: {responses: {'200': {description: ok, content: {application/json: {schema: {$ref: '#/nowhere'}}}}}}}}\n",
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if text, ok := files[r.URL.Path]; ok {
			_, _ = w.Write([]byte(text))
			return
		}
		http.NotFound(w, r)
	}))
	defer server.Close()
	doc, err := read(t, server.URL+"/api/openapi.yaml").Select(openapi.All)
	if err != nil {
		t.Fatal(err)
	}
	schema := doc.Paths.Value("/a").Get.Responses.Value("200").Value.Content["application/json"].Schema.Value
	if !schema.Properties["b"].Value.Type.Is("string") || strings.Contains(string(doc.Content), ".json#") {
		t.Errorf("it is not one document:\n%s", doc.Content)
	}
	for path, want := range map[string]string{
		"/api/elsewhere.yaml": "can't be followed: it is on another host",
		"/api/not-there.yaml": "answers with 404 Not Found",
		"/none":               "answers with 404 Not Found",
	} {
		if _, err := openapi.Read(t.Context(), server.URL+path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", path, err, want)
		}
	}
	source := read(t, server.URL+"/api/missing-part.yaml")
	if len(source.Missing) != 1 || !strings.Contains(source.Missing[0].Error(), ":2:") {
		t.Errorf("missing: %v", source.Missing)
	}
}

func TestMistakes(t *testing.T) {
	deep := strings.Repeat("[", 600) + strings.Repeat("]", 600)
	var bomb strings.Builder
	bomb.WriteString("openapi: 3.0.0\na0: &a0 [x]\n")
	for i := range 30 {
		fmt.Fprintf(&bomb, "a%d: &a%d [*a%d, *a%d, *a%d, *a%d]\n", i+1, i+1, i, i, i, i)
	}
	for name, c := range map[string]struct{ file, text, want string }{
		"empty":              {"a.yaml", "", "a.yaml: the document is empty"},
		"a text":             {"a.yaml", "hello", "this is no OpenAPI document"},
		"not UTF-8":          {"a.yaml", "openapi: \xff", "is not UTF-8"},
		"JSON with a tail":   {"a.json", `{"openapi": "3.0.0"} x`, "a.json:1:22: invalid character 'x' after top-level value"},
		"JSON without end":   {"a.json", "{\n  \"openapi\": ", "a.json:2:13: unexpected end of JSON input"},
		"deep JSON":          {"a.json", `{"openapi": "3.0.0", "x": ` + deep + `}`, "nested more than 512 deep"},
		"deep YAML":          {"a.yaml", "openapi: 3.0.0\nx: " + deep, "nested"},
		"aliases":            {"a.yaml", bomb.String(), "the document has more than 4000000 values"},
		"a name twice":       {"a.yaml", "openapi: 3.0.0\npaths: {}\npaths: {}\n", `a.yaml:3:1: "paths" is there twice`},
		"a name of no text":  {"a.yaml", "openapi: 3.0.0\n? [a]\n: b\n", "a.yaml:2:3: a name is not a text"},
		"version 1":          {"a.json", `{"swagger": "1.2"}`, "a.json:1:17: Swagger 1.2 is not known"},
		"version 4":          {"a.yaml", "openapi: 4.0.0", "a.yaml:1:10: OpenAPI 4.0.0 is not known"},
		"paths are a list":   {"a.yaml", "openapi: 3.0.0\npaths: []\n", "a.yaml:2:8: paths is not an object"},
		"a path is a text":   {"a.yaml", "openapi: 3.0.0\npaths: {/a: b}\n", "a.yaml:2:13: /a is not an object"},
		"an operation":       {"a.yaml", "openapi: 3.0.0\npaths: {/a: {get: b}}\n", "a.yaml:2:19: GET /a is not an object"},
		"another kind":       {"a.yaml", "openapi: 3.0.0\npaths: {/a: {$ref: ../../etc/passwd}}\n", "a.yaml:2:20: the reference ../../etc/passwd can't be followed: it is not a file .yaml, .yml or .json"},
		"a parameter":        {"a.yaml", "openapi: 3.0.0\npaths: {/a: {get: {parameters: [{$ref: '#/components/parameters/A'}]}}}\n", "a.yaml:2:40: the reference #/components/parameters/A leads nowhere"},
		"a circle of paths":  {"a.yaml", "openapi: 3.0.0\npaths: {/a: {$ref: '#/paths/~1b'}, /b: {$ref: '#/paths/~1a'}}\n", "references lead in a circle"},
		"a host with a path": {"a.yaml", "swagger: '2.0'\nhost: a/b\npaths: {/a: {get: {responses: {}}}}\n", "it can't be converted from Swagger 2.0: invalid host"},
	} {
		t.Run(name, func(t *testing.T) {
			source, err := openapi.Read(t.Context(), write(t, c.file, c.text))
			if err == nil {
				_, err = source.Select(openapi.All)
			}
			var mistake *openapi.Error
			if !errors.As(err, &mistake) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

// FuzzRead reads documents: what is read once is read again, with the same operations.
func FuzzRead(f *testing.F) {
	f.Add(shop)
	f.Add("swagger: '2.0'\npaths: {/a: {post: {parameters: [{name: a, in: formData, type: string}], responses: {'200': {schema: {type: string}}}}}}\n")
	f.Add("openapi: 3.1.0\npaths: {/a: {get: &x {responses: {default: {description: a, content: {a/b: {schema: true}}}}}, put: *x}, /b: {<<: {get: *x}}}\n")
	f.Add(`{"openapi": "3.0.0", "paths": {"/a": {"get": {"responses": {"200": {"$ref": "#/paths/~1a/get/responses/200"}}}}}}`)
	f.Add(`{"openapi": "3.0.0", x y: {}}`)
	f.Fuzz(func(t *testing.T, text string) {
		source, err := openapi.Read(t.Context(), write(t, "a.yaml", text))
		if err != nil {
			return
		}
		n := 0
		odd := func(openapi.Operation) bool { n++; return n%2 == 1 }
		doc, err := source.Select(odd)
		if err != nil {
			return
		}
		again := read(t, write(t, "a"+doc.Extension(), string(doc.Content)))
		if got := again.Operations(); !slices.Equal(got, doc.Operations) {
			t.Errorf("the operations were %v, and are now %v:\n%s", doc.Operations, got, doc.Content)
		}
	})
}
