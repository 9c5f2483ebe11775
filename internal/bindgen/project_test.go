package bindgen_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/portico-gateway/portico/internal/longtest"
)

// The steps of docs/project.md, as a new team goes them, make a project that
// compiles.
func TestStartOfProjectLong(t *testing.T) {
	longtest.Only(t)
	const document = "../../docs/project.md"
	repository, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Symlink(repository, filepath.Join(dir, "portico")); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(string(text), -1)
	if len(blocks) != 2 {
		t.Fatalf("%d blocks of commands, want 2: of the folder and of the module", len(blocks))
	}
	project := filepath.Join(dir, "shop")
	shell(t, dir, blocks[0][1])
	write := func(methods bool) {
		for _, f := range wholeFiles(t, document) {
			if strings.HasPrefix(f.Name, "resolvers/") != methods {
				continue
			}
			file := filepath.Join(project, filepath.FromSlash(f.Name))
			if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o750), os.WriteFile(file, f.Data, 0o600)); err != nil {
				t.Fatal(err)
			}
		}
	}
	write(false)
	shell(t, project, blocks[1][1])
	goCommand(t, project, "build", "./...")
	write(true)
	shell(t, project, "go tool portico generate")
	goCommand(t, project, "build", "./...")
}

// shell runs commands in a folder until one fails.
func shell(t *testing.T, dir, commands string) {
	t.Helper()
	cmd := exec.Command("sh", "-ec", commands)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s\n%v\n%s", commands, err, out)
	}
}
