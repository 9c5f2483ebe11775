package bindgen_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/portico-gateway/portico/internal/importer"
	"github.com/portico-gateway/portico/internal/longtest"
)

// TestImported generates and compiles what portico import drafts of a large
// document, and of others with every kind of parameter, type and message.
func TestImported(t *testing.T) {
	for _, name := range []string{"commerce", "parameters", "fields", "objects", "recursion", "enums", "proto-methods", "proto-types"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(filepath.Join("..", "importer", "testdata", name+".txtar"))
			if err != nil {
				t.Fatal(err)
			}
			dir := emptyProject(t)
			generateDraft(t, dir, draftOf(t, dir, archive))
			goCommand(t, dir, "vet", "./...")
		})
	}
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
			generateDraft(t, dir, draft)
			goCommand(t, dir, "build", "./...")
		})
	}
}

// emptyProject is a project with one frontend, web.
func emptyProject(t *testing.T) string {
	t.Helper()
	return materialise(t, &txtar.Archive{Files: []txtar.File{{Name: "schema/web/web.graphqls", Data: []byte("type Query { ping: String @rest(service: \"ping\", get: \"/\") }\n")}}})
}

func generateDraft(t *testing.T, dir string, draft *importer.Draft) {
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
	t.Logf("%d fields", draft.Fields)
	generate(t, dir)
}

// draftOf makes the draft of a case of the importer's.
func draftOf(t *testing.T, dir string, archive *txtar.Archive) *importer.Draft {
	t.Helper()
	sources := t.TempDir()
	var protos []string
	document := ""
	for _, f := range archive.Files {
		file := filepath.Join(sources, filepath.FromSlash(f.Name))
		switch {
		case strings.HasSuffix(f.Name, ".proto"):
			protos = append(protos, file)
		case strings.HasSuffix(f.Name, ".yaml"), strings.HasSuffix(f.Name, ".json"):
			document = file
		default:
			continue
		}
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, f.Data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	options := importer.Options{Dir: dir, Service: "shop", Frontend: "web", Roots: []string{sources}}
	draft, err := importer.OpenAPI(t.Context(), document, options)
	if len(protos) > 0 {
		draft, err = importer.Proto(t.Context(), protos, options)
	}
	if err != nil {
		t.Fatal(err)
	}
	return draft
}
