package bindgen_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/api"
	"github.com/99designs/gqlgen/codegen/config"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/formatter"
	"github.com/vektah/gqlparser/v2/parser"
)

// referenceFolder is the folder of a project whose schema gqlgen's executor executes too.
const referenceFolder = "reference"

// generateReference generates gqlgen's executor for a project that has a folder for it: from the
// schema of the frontend web, without bindings.
func generateReference(t *testing.T, dir string) {
	t.Helper()
	if _, err := os.Stat(filepath.Join(dir, referenceFolder)); err != nil {
		return
	}
	text, err := os.ReadFile(filepath.Join(dir, "schema", "web", "web.graphqls"))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := parser.ParseSchema(&ast.Source{Name: "web.graphqls", Input: string(text)})
	if err != nil {
		t.Fatal(err)
	}
	for _, def := range doc.Definitions {
		for _, field := range def.Fields {
			field.Directives = nil
		}
	}
	var schema strings.Builder
	formatter.NewFormatter(&schema).FormatSchemaDocument(doc)
	if err := os.WriteFile(filepath.Join(dir, referenceFolder, "schema.graphqls"), []byte(schema.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestReferenceProcess$")
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "PORTICO_REFERENCE=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("gqlgen: %v\n%s", err, out)
	}
}

// TestReferenceProcess is the process that runs gqlgen, which works in the current folder.
func TestReferenceProcess(t *testing.T) {
	if os.Getenv("PORTICO_REFERENCE") == "" {
		t.Skip("a process of the tests of compiled execution")
	}
	cfg, err := config.LoadConfig(filepath.Join(referenceFolder, "gqlgen.yml"))
	if err != nil {
		t.Fatal(err)
	}
	cfg.SkipModTidy, cfg.SkipValidation = true, true
	if err := api.Generate(cfg); err != nil {
		t.Fatal(err)
	}
}
