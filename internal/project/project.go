// Package project reads a project: the schemas of its frontends with their
// bindings, its operations, and the names of its hand-written Go code. What it
// returns is validated, and merged into the schema that all frontends share.
//
//	read files → validate each frontend's SDL → read its bindings → publish what
//	callers see → find methods and clients → merge
//
// Mistakes go to a [Report], each with its position. Nothing below this package
// reads a file of the schema again.
package project

import (
	"slices"
)

// Read reads the project at root, an absolute path. The mistakes in it go to the
// report; the error is one of the file system.
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
