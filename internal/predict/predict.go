// Package predict predicts which calls of services each operation of a project
// makes at worst, and compares them with the numbers that the project has
// accepted in operations/calls.json.
//
//	Operations  predict.go   all operations, and the fields that make a call for each item of a list
//	            walk.go      one operation: its fields, the calls that resolve them, how often
//	            length.go    how long lists can be (IBM's cost specification)
//	            node.go      objects by global ids
//	            peritem.go   N+1
//	            snapshot.go  operations/calls.json
package predict

import (
	"fmt"
	"maps"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/internal/plan"
	"github.com/portico-gateway/portico/internal/project"
)

// Options are the options of [Operations].
type Options struct {
	// MaxCalls is the most calls that an operation may make; 0 for no limit.
	MaxCalls int
	// Update writes the snapshot instead of comparing with it.
	Update bool
}

// Operations predicts the most calls that each operation can make, and compares
// them with operations/calls.json. It is a mistake if an operation makes more
// calls than before or than MaxCalls, if the snapshot is stale, or if a new
// field makes a call for each item of a list (N+1). The error is
// [project.Diagnostics] with the mistakes, or one of the file system. The calls
// are returned with either.
func Operations(of *project.Project, made *plan.Plan, options Options) ([]Calls, error) {
	r := &project.Report{}
	p := newPredictor(of, made)
	var all []Calls
	for _, f := range of.Frontends {
		for _, name := range slices.Sorted(maps.Keys(f.Documents)) {
			calls, complete := p.predict(f, name, f.Documents[name])
			if at := f.Documents[name].Position; !complete {
				r.At(at, "select less, or spread fragments less often", "%s has more than %d fields where its fragments are spread", calls.Operation,
					mostFields)
			}
			all = append(all, calls)
		}
	}
	perItem := p.perItem()
	now := snapshot{Operations: map[string]map[string]int{}, PerItem: []string{}}
	for _, c := range all {
		now.Operations[c.Operation] = c.ByService()
		if options.MaxCalls > 0 && c.Total() > options.MaxCalls {
			r.Add(project.Diagnostic{
				File: snapshotFile, Fix: "see above which fields make them",
				Message: fmt.Sprintf("%s makes %d calls at worst, and %d are allowed", c.Operation, c.Total(), options.MaxCalls),
			})
		}
	}
	for _, item := range perItem {
		now.PerItem = append(now.PerItem, item.Field)
	}
	if options.Update {
		if err := writeSnapshot(of.Root, now); err != nil {
			return all, err
		}
		return all, r.Err()
	}
	agreed, err := readSnapshot(of.Root)
	if err != nil {
		return all, err
	}
	compareSnapshots(agreed, now, perItem, r)
	return all, r.Err()
}

// Operation predicts the most calls that one operation of a frontend, which need not be among its own, can make.
// The error is [project.Diagnostics].
func Operation(of *project.Project, made *plan.Plan, f *project.Frontend, name string, operation *ast.OperationDefinition) (Calls, error) {
	r := &project.Report{}
	calls, complete := newPredictor(of, made).predict(f, name, operation)
	if !complete {
		r.At(operation.Position, "select less, or spread fragments less often", "%s has more than %d fields where its fragments are spread", calls.Operation,
			mostFields)
	}
	return calls, r.Err()
}
