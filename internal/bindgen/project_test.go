package bindgen_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/portico-gateway/portico/internal/longtest"
)

// The project that init makes, with the test and the Go files of docs/project.md, passes its tests.
func TestStartOfProjectLong(t *testing.T) {
	longtest.Only(t)
	command, err := portico()
	if err != nil {
		t.Fatal(err)
	}
	repository, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	shell(t, dir, command+" init shop --portico "+repository+" --frontends web,mobile")
	project, written := filepath.Join(dir, "shop"), 0
	write := func(methods bool) {
		for _, f := range wholeFiles(t, "../../docs/project.md") {
			if strings.HasPrefix(f.Name, "resolvers/") != methods {
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
	if written != 2 {
		t.Errorf("docs/project.md has %d whole files, want a test and resolvers/root.go", written)
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
