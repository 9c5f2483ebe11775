package bindgen_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/portico-gateway/portico/internal/bindgen"
	"github.com/portico-gateway/portico/internal/importer"
)

// TestKinOpenAPI imports and generates kin-openapi's own documents.
func TestKinOpenAPI(t *testing.T) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/getkin/kin-openapi").Output()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(strings.TrimSpace(string(out)), "openapi3", "testdata")
	var files []string
	filepath.Walk(dir, func(p string, info os.FileInfo, err error) error {
		if ext := filepath.Ext(p); ext == ".yml" || ext == ".yaml" || ext == ".json" {
			files = append(files, p)
		}
		return nil
	})
	n := 0
	for _, file := range files {
		project := materialise(t, &txtar.Archive{Files: []txtar.File{{Name: "schema/web/web.graphqls", Data: []byte("type Query { ping: String @rest(service: \"ping\", get: \"/\") }\n")}}})
		draft, err := importer.OpenAPI(file, importer.Options{Dir: project, Service: "shop", Frontend: "web"})
		if err != nil || draft.Fields == 0 {
			continue
		}
		n++
		for _, f := range draft.Files {
			p := filepath.Join(project, filepath.FromSlash(f.Path))
			os.MkdirAll(filepath.Dir(p), 0o755)
			os.WriteFile(p, f.Content, 0o600)
		}
		if err := bindgen.Generate(t.Context(), project, nil); err != nil {
			t.Errorf("%s: %.1500v", filepath.Base(file), err)
			continue
		}
		goCommand(t, project, "build", "./clients/...", "./graph/...")
		t.Logf("%s: %d fields", filepath.Base(file), draft.Fields)
	}
	t.Log(n, "documents")
}
