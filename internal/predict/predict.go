// Package predict says which calls of services each operation of a project makes at
// worst, and compares them with those that the project has agreed to.
package predict

import (
	"fmt"
	"maps"
	"slices"

	"github.com/portico-gateway/portico/internal/plan"
	"github.com/portico-gateway/portico/internal/project"
)

// Options say what [Operations] compares.
type Options struct {
	// MaxCalls is the most calls that an operation may make; 0 for no limit.
	MaxCalls int
	// Update writes the snapshot in place of comparing with it.
	Update bool
}

// Operations predicts the calls that each operation document can make at worst. It
// compares them with operations/calls.json: an operation that got more expensive,
// a snapshot that is stale and a new field that makes a call for each item of a
// list (N+1) are mistakes. The error is [project.Diagnostics] with these, or one of
// the file system; the calls are there even with mistakes.
func Operations(of *project.Project, made *plan.Plan, options Options) ([]Calls, error) {
	r := &project.Report{}
	p := &predictor{project: of, plan: made, services: services(of.Root)}
	var all []Calls
	for _, f := range of.Frontends {
		for _, name := range slices.Sorted(maps.Keys(f.Documents)) {
			all = append(all, p.predict(f, name, f.Documents[name]))
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
