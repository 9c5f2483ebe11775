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

// The commands of docs/project.md and of the README make a project, which passes its tests with the Go files of the former.
func TestStartOfProjectLong(t *testing.T) {
	longtest.Only(t)
	project, written := filepath.Join(t.TempDir(), "shop"), 0
	for _, document := range []string{"../../docs/project.md", "../../README.md"} {
		text, err := os.ReadFile(document)
		if err != nil {
			t.Fatal(err)
		}
		commands := regexp.MustCompile("(?s)```sh\n(make build\nbin/portico init .*?)```").FindSubmatch(text)
		if commands == nil {
			t.Fatalf("%s has not the commands that make a project", document)
		}
		if err := os.RemoveAll(project); err != nil {
			t.Fatal(err)
		}
		shell(t, "../..", strings.ReplaceAll(string(commands[1]), "../shop", project))
	}
	write := func(methods bool) {
		for _, f := range wholeFiles(t, "../../docs/project.md") {
			if (f.Name != "cmd/gateway/posts_test.go") != methods {
				continue
			}
			written++
			file := filepath.Join(project, filepath.FromSlash(f.Name))
			if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o750), os.WriteFile(file, f.Data, 0o600)); err != nil {
				t.Fatal(err)
			}
		}
	}
	write(false)
	goCommand(t, project, "test", "./...")
	write(true)
	shell(t, project, "go tool portico generate")
	goCommand(t, project, "test", "./...")
	if written != 5 {
		t.Errorf("docs/project.md has %d whole files, want two tests, a schema, and resolvers/ with root.go and post.go", written)
	}
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
