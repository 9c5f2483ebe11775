// Package bindgen turns the schemas of a project's frontends into Go: models
// that all frontends share, an executable schema for each frontend, and the
// adapters that call the project's methods.
//
// A run reads and checks everything before it writes anything:
//
//	read → validate each frontend's SDL → merge → find methods → check coverage
//	→ generate into a stage → check signatures → move the files to their places
//
// It is deterministic: the same project gives the same bytes.
package bindgen

import (
	"context"
	"fmt"
	"io"
	"log"
	"path/filepath"
	"time"

	"github.com/vektah/gqlparser/v2/ast"
)

// Step tells how long a part of a run took.
type Step struct {
	// Name is "check", "models", "methods" or the name of a frontend.
	Name string
	Took time.Duration
}

// Generate generates the Go code of the project at root. It calls progress
// after each step; nil is allowed.
//
// When something is wrong in the project, the error is a [Diagnostics] with
// all mistakes, and no file is changed. Any other error is one of the file
// system or of the Go command.
//
// It changes the working directory and the standard logger of the process
// while it runs, because gqlgen takes both from there, so that it must not run
// concurrently with itself or with anything that depends on them.
func Generate(ctx context.Context, root string, progress func(Step)) error {
	if progress == nil {
		progress = func(Step) {}
	}
	root, err := filepath.Abs(root)
	if err != nil {
		return err
	}
	if root, err = filepath.EvalSymlinks(root); err != nil {
		return err
	}
	g := &generation{progress: progress, last: time.Now()}
	if err := g.check(root); err != nil { //nolint:contextcheck // literals are parsed without a request
		return err
	}
	return g.write(ctx)
}

// generation is one run.
type generation struct {
	progress func(Step)
	last     time.Time
	dry      bool // nothing leaves the stage

	project *project
	union   *ast.Schema
	methods *methods
	calls   *calls
	protos  *protos
	// ownClients are the packages below clients/ with a hand-written New.
	ownClients []string
	stage      *stage
}

func (g *generation) step(name string) {
	now := time.Now()
	g.progress(Step{Name: name, Took: now.Sub(g.last)})
	g.last = now
}

// check finds all mistakes that can be found without Go's types.
func (g *generation) check(root string) error {
	r := &report{}
	var err error
	if g.project, err = readProject(root, r); err != nil {
		return err
	}
	for _, f := range g.project.frontends {
		validate(g.project, f, r)
		if f.schema != nil {
			readBindings(f, r)
			publish(g.project, f, r)
		}
	}
	sdl := len(r.list)
	if g.methods, err = scanMethods(g.project, r); err != nil {
		return err
	}
	if complete(g.project) {
		readable := len(r.list) == sdl
		g.union = merge(g.project.frontends, r)
		g.calls = collectCalls(g.project, r)
		if sdl == 0 {
			if err := g.checkDocuments(r); err != nil {
				return err
			}
		}
		if g.ownClients, err = scanClients(g.project); err != nil {
			return err
		}
		if readable {
			coverage(g.project, g.methods, r)
		}
	}
	if sdl == 0 { // else a mended schema may be the reason
		strays(g.project, g.methods, r)
		checkOperations(g.project, r)
	}
	g.step("check")
	return r.err()
}

// complete tells whether every frontend has a schema, if only a mended one.
func complete(p *project) bool {
	for _, f := range p.frontends {
		if f.schema == nil {
			return false
		}
	}
	return true
}

// write generates into a stage and moves the files to their places.
func (g *generation) write(ctx context.Context) (err error) {
	out := log.Writer()
	log.SetOutput(io.Discard) // gqlgen logs what is no mistake here
	defer log.SetOutput(out)

	if g.stage, err = newStage(g.project); err != nil {
		return err
	}
	defer func() {
		if e := g.stage.close(); err == nil {
			err = e
		}
	}()
	r := &report{}
	models, err := g.models()
	if err != nil {
		return err
	}
	g.step("models")
	if err := g.clients(ctx, models, r); err != nil {
		return err
	}
	g.step("clients")
	if err := loadSignatures(g.project, g.methods, g.stage, r); err != nil {
		return err
	}
	g.step("methods")
	for _, f := range g.project.frontends {
		if err := g.frontend(f, r); err != nil {
			return fmt.Errorf("frontend %s: %w", f.name, err)
		}
		g.step(f.name)
	}
	if err := r.err(); err != nil {
		return err
	}
	if err := g.registry(); err != nil {
		return err
	}
	if g.dry {
		return nil
	}
	return g.stage.commit()
}
