package bindgen_test

import (
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// TestMain makes what is compiled in the temporary projects of the tests the
// same in all of them, and in the next run, wherever they are, and shows projects
// where the JavaScript clients are.
//
// The packages of the projects are compiled without inlining and without debug
// information, which takes two thirds of the time.
func TestMain(m *testing.M) { os.Exit(runTests(m)) }

func runTests(m *testing.M) int {
	_ = os.Setenv("GOFLAGS", os.Getenv("GOFLAGS")+" -trimpath '-gcflags="+generatedModule+"/...=-l -dwarf=false'")
	clients, err := filepath.Abs("../../e2e/clients")
	if err != nil {
		log.Fatal(err)
	}
	_ = os.Setenv("PORTICO_CLIENTS", clients)
	dir, err := os.MkdirTemp("", "portico-bindgen-")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	portico = sync.OnceValues(func() (string, error) { return buildPortico(dir) })
	return m.Run()
}

// portico returns the file of the portico command. It is built once, when the first
// test needs it, without the race detector.
var portico func() (string, error)

// buildPortico builds the portico command into a folder, and the runtime library that
// all projects use: they are compiled at the same time, and each would compile it.
func buildPortico(dir string) (string, error) {
	cmd := exec.Command("go", "build", "-ldflags=-w", "-o", dir+string(filepath.Separator), "../../cmd/portico", "../../gateway/...")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build portico: %w\n%s", err, out)
	}
	return filepath.Join(dir, "portico"), nil
}

// generate generates a project with the portico command. It does not change the
// working directory of this process as bindgen.Generate does, so that tests can run
// at the same time, and takes a fifth of the time that it takes with the race
// detector. The tests of runs and of mistakes call
// bindgen.Generate, with the detector.
func generate(t *testing.T, dir string) {
	t.Helper()
	command, err := portico()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), command, "generate", "-C", dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("portico generate: %v\n%s", err, out)
	}
}
