package bindgen_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/portico-gateway/portico/internal/bindgen"
	"github.com/portico-gateway/portico/internal/longtest"
)

// The tests of this file hold a property: what Generate accepts compiles. They
// make random projects. Of each, Generate either reports mistakes, each with its
// file and line, or what it generates passes Go's type checker and go vet.
//
// A project depends on its number alone. To see one:
//
//	PORTICO_RANDOM_CASE=17 PORTICO_RANDOM_DIR=/tmp/case go test ./internal/bindgen -run TestRandomSchemaCase -v
//
// PORTICO_RANDOM_SCHEMAS is how many the long test makes, and
// PORTICO_RANDOM_FIRST the number of the first.

// TestRandomSchemas makes few projects.
func TestRandomSchemas(t *testing.T) {
	runRandomSchemas(t, 9, 8)
}

// TestRandomSchemasLong makes many.
func TestRandomSchemasLong(t *testing.T) {
	longtest.Only(t)
	runRandomSchemas(t, numberFrom("PORTICO_RANDOM_FIRST", 1000), numberFrom("PORTICO_RANDOM_SCHEMAS", 150))
}

// TestRandomSchemaCase makes one project, which stays in PORTICO_RANDOM_DIR.
func TestRandomSchemaCase(t *testing.T) {
	number := numberFrom("PORTICO_RANDOM_CASE", 0)
	if number == 0 {
		t.Skip("PORTICO_RANDOM_CASE tells which")
	}
	c, err := newCompiler()
	if err != nil {
		t.Fatal(err)
	}
	files := newRandomSchema(uint64(number)).files() //nolint:gosec // not negative
	if dir := os.Getenv("PORTICO_RANDOM_DIR"); dir != "" {
		if err := os.WriteFile(dir+".txtar", txtar.Format(&txtar.Archive{Files: files}), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got := runProject(t, c, files, true)
	t.Logf("accepted: %v\n%s", got.Accepted, got.Said)
	if got.Failure != "" {
		t.Errorf("case %d: %s", number, got.Failure)
	}
}

// TestRandomSchemaProcess is the process that generates one project: Generate
// changes the working directory, gqlgen remembers names from one run to the
// next, and a panic, or a run that does not end, is of one project only.
func TestRandomSchemaProcess(t *testing.T) {
	dir := os.Getenv("PORTICO_RANDOM_GENERATE")
	if dir == "" {
		t.Skip("a process of the tests of random schemas")
	}
	var got outcome
	got.Said, got.Failure, got.Accepted = generateRandom(t, dir)
	if err := json.NewEncoder(os.NewFile(3, "outcome")).Encode(got); err != nil {
		t.Fatal(err)
	}
}

const (
	// processes is how many projects are made at a time.
	processes = 2
	// vetEvery is the share of projects for which go vet itself runs.
	vetEvery = 50
	// endsWithin is how long a project may take on a loaded machine: Generate takes
	// seconds.
	endsWithin = 3 * time.Minute
	// leastAccepted is the share of projects, of a hundred, that Generate accepts.
	leastAccepted = 50
)

// outcome is what came of a project.
type outcome struct {
	Case     int
	Accepted bool
	Said     string // the mistakes that Generate reported
	Failure  string // what breaks the property; empty when nothing does
}

func numberFrom(name string, otherwise int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return otherwise
}

// runRandomSchemas makes projects and wants the property of all of them, and
// that enough of them are accepted.
func runRandomSchemas(t *testing.T, first, count int) {
	t.Helper()
	c, err := newCompiler()
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	numbers, outcomes := make(chan int), make(chan outcome)
	var workers sync.WaitGroup
	for range processes {
		workers.Go(func() {
			for number := range numbers {
				got := runProject(t, c, newRandomSchema(uint64(number)).files(), number%vetEvery == 0) //nolint:gosec // not negative
				got.Case = number
				outcomes <- got
			}
		})
	}
	go func() {
		for number := range count {
			numbers <- first + number
		}
		close(numbers)
		workers.Wait()
		close(outcomes)
	}()
	done, accepted := 0, 0
	for got := range outcomes {
		done++
		if got.Accepted {
			accepted++
		}
		if got.Failure != "" {
			t.Errorf("case %d: %s", got.Case, got.Failure)
		}
	}
	t.Logf("%d of %d accepted, in %v", accepted, done, time.Since(began).Round(time.Second))
	if done != count {
		t.Errorf("%d outcomes of %d cases", done, count)
	}
	if accepted*100 < count*leastAccepted {
		t.Errorf("only %d of %d projects are accepted: the test shows little", accepted, count)
	}
}

// runProject generates a project and checks what comes of it.
func runProject(t *testing.T, c *compiler, files []txtar.File, vet bool) outcome {
	t.Helper()
	dir, err := filepath.EvalSymlinks(materialise(t, &txtar.Archive{Files: files}))
	if err != nil {
		return outcome{Failure: err.Error()}
	}
	defer func() { _ = os.RemoveAll(dir) }()
	got, err := generateApart(t, dir)
	if err != nil {
		return outcome{Failure: err.Error()}
	}
	if !got.Accepted {
		return got
	}
	mistakes, err := c.check(dir)
	if err != nil {
		mistakes = append(mistakes, err.Error())
	}
	if len(mistakes) > 0 {
		got.Failure = "what is generated does not compile:\n" + strings.Join(mistakes, "\n")
	} else if vet {
		got.Failure = goVet(dir)
	}
	return got
}

// generateApart generates a project in a process of its own.
func generateApart(t *testing.T, dir string) (got outcome, err error) {
	read, write, err := os.Pipe()
	if err != nil {
		return got, err
	}
	defer func() { _ = read.Close() }()
	ctx, cancel := context.WithTimeout(t.Context(), endsWithin)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0], "-test.run", "^TestRandomSchemaProcess$")
	cmd.Env = append(os.Environ(), "PORTICO_RANDOM_GENERATE="+dir, "GOGC=400")
	cmd.ExtraFiles = []*os.File{write}
	var log strings.Builder
	cmd.Stdout, cmd.Stderr = &log, &log
	err = cmd.Start()
	_ = write.Close()
	if err != nil {
		return got, err
	}
	decoded := json.NewDecoder(read).Decode(&got)
	if err := errors.Join(cmd.Wait(), decoded); err != nil {
		return got, fmt.Errorf("generate in a process: %w, within %v\n%s", err, endsWithin, log.String())
	}
	return got, nil
}

// generateRandom runs Generate and looks at its mistakes.
func generateRandom(t *testing.T, dir string) (said, failure string, accepted bool) {
	t.Helper()
	wd, _ := os.Getwd()
	defer func() {
		if r := recover(); r != nil {
			failure = fmt.Sprintf("Generate panics: %v\n%s", r, debug.Stack())
			t.Chdir(wd) // Generate was elsewhere
		}
	}()
	err := bindgen.Generate(t.Context(), dir, nil)
	if err == nil {
		return "", "", true
	}
	var found bindgen.Diagnostics
	if !errors.As(err, &found) {
		return err.Error(), "an error without a place: " + strings.ReplaceAll(err.Error(), dir+"/", ""), false
	}
	for _, d := range found {
		if folder, err := os.Stat(filepath.Join(dir, filepath.FromSlash(d.File))); err == nil && folder.IsDir() {
			continue // a folder has no lines
		}
		if d.File == "" || d.Line == 0 {
			failure = "a mistake without a file or a line: " + d.String()
		}
	}
	return found.Error(), failure, false
}
