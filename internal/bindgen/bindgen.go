// Package bindgen turns the schemas of a project's frontends into Go: models
// that all frontends share, a client for each service that bindings call, and
// for each frontend an executable schema with adapters.
//
// It runs the steps, each of which is a package:
//
//	project.Read         read, validate and merge the schemas
//	plan.Make            decide, and report all mistakes
//	golang and gqlgen    write into a stage: gqlgen.go, stage.go
//	stage.commit         move the files to their places
//
// [Check] runs the first two, and package predict after them. Nothing is
// changed unless all steps succeed, and the same project yields the same bytes.
// A new step goes into run.write, and reports its progress with run.step.
package bindgen

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/internal/plan"
	"github.com/portico-gateway/portico/internal/predict"
	"github.com/portico-gateway/portico/internal/project"
)

// Generate generates the Go code of the project at root. It calls progress
// after each step; progress may be nil.
//
// If there are mistakes in the project, the error is [Diagnostics] with all of
// them, and no file is changed. Any other error is one of the file system, of
// the Go command or of ctx; no file is changed then either.
//
// Generate changes the working directory, the standard logger and GOFLAGS of the process
// while it runs, because gqlgen uses them. Concurrent calls wait for each
// other; nothing else may depend on the three.
func Generate(ctx context.Context, root string, progress func(Step)) error {
	r, err := newRun(root, progress)
	if err != nil {
		return err
	}
	defer r.quiet()()
	_, plan, err := r.plan(ctx)
	if err != nil {
		return err
	}
	return r.write(ctx, plan)
}

// Check checks the project at root as [Generate] does, without generating, and
// predicts the calls that each operation can make at worst: see
// [predict.Operations]. It has the errors and the restrictions of Generate. The
// calls are returned even with mistakes in them.
func Check(ctx context.Context, root string, options predict.Options, progress func(Step)) ([]predict.Calls, error) {
	r, err := newRun(root, progress)
	if err != nil {
		return nil, err
	}
	defer r.quiet()()
	project, plan, err := r.plan(ctx)
	if err != nil {
		return nil, err
	}
	defer r.step("calls")
	return predict.Operations(project, plan, options)
}

// Explain predicts the most calls that an operation of a frontend can make, which is in a file. The error is
// [Diagnostics] with the mistakes, or one of the file system.
func Explain(ctx context.Context, root, frontend string, file *ast.Source, progress func(Step)) (predict.Calls, error) {
	r, err := newRun(root, progress)
	if err != nil {
		return predict.Calls{}, err
	}
	defer r.quiet()()
	of, plan, err := r.plan(ctx)
	if err != nil {
		return predict.Calls{}, err
	}
	var names []string
	for _, f := range of.Frontends {
		if names = append(names, f.Name); f.Name != frontend {
			continue
		}
		report := &project.Report{}
		operation := f.Operation(file, report)
		if operation == nil {
			return predict.Calls{}, report.Err()
		}
		return predict.Operation(of, plan, f, cmp.Or(operation.Name, "operation"), operation)
	}
	return predict.Calls{}, fmt.Errorf("there is no frontend %q; of these there are: %s", frontend, strings.Join(names, ", "))
}

// Routes returns which calls resolve the fields of each frontend of the project at root, by the frontends' names. It has
// the errors and the restrictions of [Plan].
func Routes(ctx context.Context, root string) (map[string][]plan.Route, error) {
	made, err := Plan(ctx, root)
	if err != nil {
		return nil, err
	}
	routes := map[string][]plan.Route{}
	for _, f := range made.Frontends {
		routes[f.Name] = f.Routes
	}
	return routes, nil
}

// Plan returns the plan of the project at root. It has the errors and the restrictions of [Generate], and writes nothing. A process that
// works in the project's Go module keeps its working directory.
func Plan(ctx context.Context, root string) (*plan.Plan, error) {
	r, err := newRun(root, nil)
	if err != nil {
		return nil, err
	}
	defer r.quiet()()
	_, made, err := r.plan(ctx)
	return made, err
}

// plan reads and plans the project.
func (r *run) plan(ctx context.Context) (_ *project.Project, _ *plan.Plan, err error) {
	report := &project.Report{}
	p, err := project.Read(r.root, report)
	if err != nil {
		return nil, nil, err
	}
	r.project = p
	r.step("read")
	wd, err := os.Getwd()
	if err != nil {
		return nil, nil, err
	}
	if moduleOf(wd) != moduleOf(r.root) { // gqlgen's packages are loaded from there
		if err := os.Chdir(r.root); err != nil {
			return nil, nil, err
		}
		defer func() {
			if back := os.Chdir(wd); err == nil {
				err = back
			}
		}()
	}
	out, err := plan.Make(ctx, p, report)
	if err != nil {
		return nil, nil, err
	}
	r.step("plan")
	return p, out, report.Err()
}

// shared generates what frontends have in common. protoc-gen-go runs beside the rest, since
// it takes as long.
func (r *run) shared(ctx context.Context, s *stage, p *plan.Plan) error {
	messages := make(chan error, 1)
	go func() { messages <- protos(ctx, s, p) }()
	err := r.models(s, p)
	if err == nil {
		r.step("models", r.changedModels(s)...)
		err = r.clients(s, p)
		r.step("clients")
	}
	err = errors.Join(err, <-messages)
	if err == nil && p.Protos.Request != nil {
		r.step("protos")
	}
	return err
}

// write generates into a stage and moves the files to their places.
func (r *run) write(ctx context.Context, p *plan.Plan) (err error) {
	s, err := newStage(r.root)
	if err != nil {
		return err
	}
	defer func() {
		if e := s.close(); err == nil {
			err = e
		}
	}()
	if err := r.shared(ctx, s, p); err != nil {
		return err
	}
	for i, f := range r.project.Frontends {
		if err := ctx.Err(); err != nil { // gqlgen can't be interrupted
			return err
		}
		if err := r.frontend(s, p, f, p.Frontends[i]); err != nil {
			return fmt.Errorf("frontend %s: %w", f.Name, err)
		}
		r.step(f.Name)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.commit()
}
