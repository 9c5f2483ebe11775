package bindgen_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/portico-gateway/portico/internal/importer"
	"github.com/portico-gateway/portico/internal/longtest"
)

// TestImported generates and compiles what portico import drafts of a large document, and of others with every kind of parameter, type and message
// and with what kept public documents out: as services of one project, with names that clash.
func TestImported(t *testing.T) {
	t.Parallel()
	dir := emptyProject(t)
	for i, name := range []string{
		"commerce", "parameters", "fields", "objects", "recursion", "enums", "forms", "paths", "swagger2", "several-files", "unions", "paging", "overrides",
		"circles", "media", "xml", "proto-methods", "proto-types", "proto-greeter", "proto-maps", "proto-known", "numbers",
	} {
		archive, err := txtar.ParseFile(filepath.Join("..", "importer", "testdata", name+".txtar"))
		if err != nil {
			t.Fatal(err)
		}
		for j := range archive.Files { // each has its own package of protos
			if f := &archive.Files[j]; strings.HasSuffix(f.Name, ".proto") && !strings.HasPrefix(f.Name, "imported/") {
				for _, of := range []string{"shop", "helloworld"} {
					f.Name = strings.ReplaceAll(f.Name, of, of+strconv.Itoa(i))
					f.Data = bytes.ReplaceAll(f.Data, []byte("package "+of), []byte("package "+of+strconv.Itoa(i)))
				}
			}
		}
		draft := draftOf(t, dir, archive, "shop"+strconv.Itoa(i))
		t.Logf("%s: %d fields", name, draft.Fields)
		writeDraft(t, dir, draft)
	}
	generate(t, dir)
	goCommand(t, dir, "vet", "./...")
}

// Paths that differ only by the slash at their end are different calls.
func TestSlashAtTheEnd(t *testing.T) {
	t.Parallel()
	dir := materialise(t, &txtar.Archive{Files: []txtar.File{{Name: "schema/web/web.graphqls", Data: []byte(`type Query {
  with: Boolean @rest(service: "ping", get: "/sites/")
  without: Boolean @rest(service: "ping", get: "/sites")
  also: Boolean @rest(service: "ping", get: "/sites")
}
`)}}})
	generate(t, dir)
	client, err := os.ReadFile(filepath.Join(dir, "clients", "ping", "client.gen.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"calls GET /sites/ for Query.with.", "calls GET /sites for Query.also, Query.without."} {
		if !bytes.Contains(client, []byte(want)) {
			t.Errorf("no method %q:\n%s", want, client)
		}
	}
}

// TestImportedEnum imports an enum of 10,000 values.
func TestImportedEnum(t *testing.T) {
	t.Parallel()
	var values []string
	for i := range 10_000 {
		values = append(values, fmt.Sprintf("\n        - value-%d", i))
	}
	document := "openapi: 3.0.3\npaths: {\"/codes/{code}\": {get: {parameters: [{name: code, in: path, required: true, schema: {$ref: '#/components/schemas/Code'}}], " +
		"responses: {'200': {description: ok, content: {application/json: {schema: {type: object, properties: {code: {$ref: '#/components/schemas/Code'}}}}}}}}}}\n" +
		"components:\n  schemas:\n    Code:\n      type: string\n      enum:" + strings.Join(values, "") + "\n"
	dir := emptyProject(t)
	draft := draftOf(t, dir, &txtar.Archive{Files: []txtar.File{{Name: "openapi.yaml", Data: []byte(document)}}}, "shop")
	writeDraft(t, dir, draft)
	generate(t, dir)
	goCommand(t, dir, "vet", "./...")
}

// TestImportedOfOthers does so with documents that others wrote: those that
// kin-openapi is tested with.
func TestImportedOfOthers(t *testing.T) {
	importedOfOthers(t, map[string]int{"lxkns.yaml": 3, "link-example.yaml": 6})
}

// TestImportedOfOthersLong does so with the large ones.
func TestImportedOfOthersLong(t *testing.T) {
	longtest.Only(t)
	importedOfOthers(t, map[string]int{"oai_v3_stoplight.json": 334, "issue796.yml": 146})
}

func importedOfOthers(t *testing.T, documents map[string]int) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/getkin/kin-openapi").Output()
	if err != nil {
		t.Fatal(err)
	}
	for name, fields := range documents {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := emptyProject(t)
			draft, err := importer.OpenAPI(t.Context(), filepath.Join(strings.TrimSpace(string(out)), "openapi3", "testdata", name), importer.Options{Dir: dir, Service: "shop", Frontend: "web"})
			if err != nil {
				t.Fatal(err)
			}
			if draft.Fields < fields {
				t.Errorf("%d fields, want %d", draft.Fields, fields)
			}
			writeDraft(t, dir, draft)
			generate(t, dir)
			goCommand(t, dir, "build", "./...")
		})
	}
}

// emptyProject is a project with one frontend, web.
func emptyProject(t *testing.T) string {
	t.Helper()
	return materialise(t, &txtar.Archive{Files: []txtar.File{{Name: "schema/web/web.graphqls", Data: []byte("type Query { ping: String @rest(service: \"ping\", get: \"/\") }\n")}}})
}

func writeDraft(t *testing.T, dir string, draft *importer.Draft) {
	t.Helper()
	for _, f := range draft.Files {
		file := filepath.Join(dir, filepath.FromSlash(f.Path))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, f.Content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// draftOf makes the draft of a case of the importer's.
func draftOf(t *testing.T, dir string, archive *txtar.Archive, service string) *importer.Draft {
	t.Helper()
	sources := t.TempDir()
	var protos []string
	document := ""
	for _, f := range archive.Files {
		file := filepath.Join(sources, filepath.FromSlash(f.Name))
		switch {
		case strings.HasSuffix(f.Name, ".proto"):
			if !strings.HasPrefix(f.Name, "imported/") {
				protos = append(protos, file)
			}
		case strings.HasPrefix(f.Name, "openapi."):
			document = file
		case !strings.HasSuffix(f.Name, ".yml"):
			continue
		}
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, f.Data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	options := importer.Options{Dir: dir, Service: service, Frontend: "web", Roots: []string{sources, filepath.Join(sources, "imported")}}
	draft, err := importer.OpenAPI(t.Context(), document, options)
	if len(protos) > 0 {
		draft, err = importer.Proto(t.Context(), protos, options)
	}
	if err != nil {
		t.Fatal(err)
	}
	return draft
}
