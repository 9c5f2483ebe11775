// Package project reads a project: the schemas of its frontends with their
// bindings, its operations, and the names of its hand-written Go code. The
// [Project] that it returns is validated, and its frontends are merged into one
// schema.
//
//	readFiles            files.go      the folders of the project
//	validate             sdl.go        each frontend's SDL; found.go, prune.go: go on after a mistake
//	readBindings         bindings.go   @rest, @grpc, @source and the directives of policy
//	publish              publish.go    what callers see; privacy.go, cost.go, node.go: directives that it adds
//	scanMethods          method.go     hand-written resolvers; gofiles.go: clients
//	readOperations       operation.go  operations and persisted documents
//	merge                merge.go      the union of the frontends, from which the models are made
//
// Mistakes go to a [Report], each with its position; a step goes on with what
// is valid, so that one run reports them all. To add a check of the SDL, add a
// step to [Read]; a check that needs Go types belongs in package plan.
//
// No other package reads the files of the schema.
package project

import (
	"slices"
)

// Read reads the project at root, an absolute path. Mistakes in the project go
// to r, and the returned project then lacks what is invalid: see
// [Project.Mended] and [Frontend.Schema]. The error is one of the file system.
func Read(root string, r *Report) (*Project, error) {
	p, err := readFiles(root, r)
	if err != nil {
		return nil, err
	}
	for _, f := range p.Frontends {
		validate(p, f, r)
	}
	p.receivers = callerServices(p)
	for _, f := range p.Frontends {
		if f.Schema != nil {
			readBindings(f, r)
			publish(p, f, r)
		}
	}
	p.Mended = len(r.list) > 0
	if p.Methods, err = scanMethods(p, r); err != nil {
		return nil, err
	}
	if p.Clients, err = scanClients(p); err != nil {
		return nil, err
	}
	if !p.Mended {
		if err := readOperations(p, r); err != nil {
			return nil, err
		}
	}
	if !slices.ContainsFunc(p.Frontends, func(f *Frontend) bool { return f.Schema == nil }) {
		p.Union, p.Widened = merge(p.Frontends, r)
	}
	return p, nil
}
