package bindgen

import (
	"io"
	"log"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/portico-gateway/portico/internal/project"
)

// Diagnostics are the mistakes in a project.
type Diagnostics = project.Diagnostics

// Step is a finished step of a run.
type Step struct {
	// Name is "read", "plan", "models", "clients", "protos" or the name of a frontend.
	Name string
	Took time.Duration
	// Notes are changes that the project's own Go code has to follow, and fields
	// that compiled execution leaves to gqlgen.
	Notes []string
}

// run is one run.
type run struct {
	root     string
	project  *project.Project
	progress func(Step)
	last     time.Time
}

func newRun(root string, progress func(Step)) (*run, error) {
	if progress == nil {
		progress = func(Step) {}
	}
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, err
	}
	root, err = filepath.EvalSymlinks(root)
	return &run{root: root, progress: progress, last: time.Now()}, err
}

func (r *run) step(name string, notes ...string) {
	now := time.Now()
	r.progress(Step{Name: name, Took: now.Sub(r.last), Notes: notes})
	r.last = now
}

// quiet stops the standard logger, to which gqlgen logs warnings that do not
// apply here, and makes the Go command find packages that it has compiled in another
// stage. The returned function restores both.
func (r *run) quiet() func() {
	process.Lock()
	out := log.Writer()
	log.SetOutput(io.Discard)
	const name = "GOFLAGS"
	flags, set := os.LookupEnv(name)
	_ = os.Setenv(name, strings.TrimSpace(flags+" -trimpath")) // what is compiled does not depend on the folder then
	return func() {
		if _ = os.Setenv(name, flags); !set {
			_ = os.Unsetenv(name)
		}
		log.SetOutput(out)
		process.Unlock()
	}
}

// process guards what runs in one process share: its working directory, logger and
// environment.
var process sync.Mutex //nolint:gochecknoglobals // as the directory, the logger and the environment are

// moduleOf returns the folder of the Go module that a folder belongs to; empty if it belongs to none.
func moduleOf(dir string) string {
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return ""
		}
		dir = parent
	}
}
