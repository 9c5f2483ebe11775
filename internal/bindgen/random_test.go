package bindgen_test

import (
	"bufio"
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
	runRandomSchemas(t, 1, 12)
}

// TestRandomSchemasLong makes many.
func TestRandomSchemasLong(t *testing.T) {
	longtest.Only(t)
	runRandomSchemas(t, numberFrom("PORTICO_RANDOM_FIRST", 1000), numberFrom("PORTICO_RANDOM_SCHEMAS", 300))
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

// TestRandomSchemaShard is the process that makes some of the projects of the
// tests above: Generate changes the working directory, so that a process makes
// one at a time.
func TestRandomSchemaShard(t *testing.T) {
	var first, after, step int
	if _, err := fmt.Sscan(os.Getenv("PORTICO_RANDOM_SHARD"), &first, &after, &step); err != nil {
		t.Skip("a process of the tests of random schemas")
	}
	c, err := newCompiler()
	if err != nil {
		t.Fatal(err)
	}
	out := json.NewEncoder(os.NewFile(3, "outcomes"))
	for number := first; number < after; number += step {
		got := runProject(t, c, newRandomSchema(uint64(number)).files(), number%vetEvery == 0) //nolint:gosec // not negative
		got.Case = number
		if err := out.Encode(got); err != nil {
			t.Fatal(err)
		}
	}
}

const (
	// shards is how many processes make projects.
	shards = 2
	// vetEvery is the share of projects for which go vet itself runs.
	vetEvery = 50
	// leastAccepted is the share of projects, of a hundred, that Generate accepts.
	leastAccepted = 50
)

// outcome is what came of a project.
type outcome struct {
	Case     int
	Accepted bool
	Said     string // the mistakes that Generate reported
	Failure  string // what breaks the property; empty when nothing does
	Took     time.Duration
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
	began := time.Now()
	outcomes := make(chan outcome)
	var processes sync.WaitGroup
	for shard := range shards {
		processes.Go(func() {
			if err := runShard(t, fmt.Sprint(first+shard, first+count, shards), outcomes); err != nil {
				t.Error(err)
			}
		})
	}
	go func() {
		processes.Wait()
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

// runShard runs a process and passes its outcomes on.
func runShard(t *testing.T, numbers string, outcomes chan<- outcome) error {
	read, write, err := os.Pipe()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestRandomSchemaShard$", "-test.timeout", "0")
	cmd.Env = append(os.Environ(), "PORTICO_RANDOM_SHARD="+numbers, "GOGC=400")
	cmd.ExtraFiles = []*os.File{write}
	var log strings.Builder
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		return err
	}
	_ = write.Close()
	lines := bufio.NewReader(read)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			break
		}
		var got outcome
		if err := json.Unmarshal(line, &got); err != nil {
			return err
		}
		outcomes <- got
	}
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("shard %s: %w\n%s", numbers, err, log.String())
	}
	return nil
}

// runProject generates a project and checks what comes of it.
func runProject(t *testing.T, c *compiler, files []txtar.File, vet bool) (got outcome) {
	t.Helper()
	began := time.Now()
	dir := materialise(t, &txtar.Archive{Files: files})
	defer func() {
		got.Took = time.Since(began)
		_ = os.RemoveAll(dir)
	}()
	if dir, err := filepath.EvalSymlinks(dir); err == nil {
		got.Said, got.Failure, got.Accepted = generateRandom(t, dir)
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

// generateRandom runs Generate and looks at its mistakes.
func generateRandom(t *testing.T, dir string) (said, failure string, accepted bool) {
	t.Helper()
	wd, _ := os.Getwd()
	defer func() {
		if r := recover(); r != nil {
			failure = fmt.Sprintf("Generate panics: %v\n%s", r, debug.Stack())
			_ = os.Chdir(wd)
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
		if d.File == "" || d.Line == 0 {
			failure = "a mistake without a file or a line: " + d.String()
		}
	}
	return found.Error(), failure, false
}
