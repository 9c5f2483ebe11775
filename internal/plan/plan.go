// Package plan decides everything about the Go code of a project before any of it
// is written: who resolves each field, what each call of a service sends, and how
// its answer is read. All mistakes in a project are found here at the latest.
//
//	models → calls → for each call its arguments, request and answer → for each
//	frontend the adapters of its fields
//
// One type describes how a value is read of an answer, whether that is JSON, XML
// or a message of gRPC: [Read].
package plan

import (
	"context"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/internal/project"
)

// Plan is what the Go code of a project is written from. It does not change after
// [Make].
type Plan struct {
	// Module is the path of the project's Go module.
	Module string
	// Models are the Go types of the schemas' types.
	Models *Models
	// Services have a generated client, sorted by name.
	Services []*Service
	// Clients are the packages of all clients, generated or not, sorted.
	Clients []string
	// Frontends are sorted by name.
	Frontends []*Frontend
	// Protos are the project's protos; nil if there are none.
	Protos *Protos

	project *project.Project
	calls   *calls
}

// Make plans the Go code of a project. The mistakes in it go to the report; the
// plan is complete if there are none. The error is one of the file system or of
// the Go command.
func Make(ctx context.Context, p *project.Project, r *project.Report) (*Plan, error) {
	m := &maker{project: p, union: p.Union, report: r, plan: &Plan{Module: p.Module, project: p}}
	if p.Union != nil && !p.Mended {
		before := r.Len()
		if checkNames(p, r); r.Len() > before { // the names of calls could not be told apart
			return m.plan, nil
		}
	}
	if err := m.resolve(); err != nil || r.Len() > 0 {
		return m.plan, err
	}
	checkFiles(m.plan, r)
	if r.Len() > 0 {
		return m.plan, nil
	}
	var err error
	if m.plan.Protos, err = compileProtos(ctx, p, r); err != nil || r.Len() > 0 {
		return m.plan, err
	}
	if m.plan.Models, err = newModels(p, m.plan.ResolvedEverywhere); err != nil {
		return nil, err
	}
	m.models = m.plan.Models
	if err := m.readGo(); err != nil {
		return nil, err
	}
	m.services()
	for _, f := range p.Frontends {
		m.plan.Frontends = append(m.plan.Frontends, m.frontend(f)) //nolint:contextcheck // literals are parsed without a request
	}
	return m.plan, nil
}

// resolve finds what resolves each field. When the project is broken so that
// little can be said of it, it reports what is certain.
func (m *maker) resolve() error {
	p := m.project
	if p.Union == nil {
		return nil
	}
	m.plan.calls = collectCalls(p, m.report)
	if !p.Mended {
		if err := m.checkDocuments(); err != nil {
			return err
		}
		strays(p, m.report)
	}
	if !p.Methods.Incomplete {
		coverage(p, m.report)
	}
	return nil
}

// Resolution is what resolves a field of a frontend: a method, or else a call, or
// else its model.
func (p *Plan) Resolution(f *project.Frontend, typ, field string) (*project.Method, *Call) {
	if method := p.project.Methods.Find(f.Name, GoName(typ), GoName(field)); method != nil {
		return method, nil
	}
	return nil, p.calls.of(f, typ, field)
}

// ResolvedEverywhere reports whether no frontend takes a field from the model, so
// that models lack it.
func (p *Plan) ResolvedEverywhere(typ, field string) bool {
	union := p.project.Union
	if def := union.Types[typ]; def.Kind != ast.Object || def.BuiltIn || project.IsRoot(union, def) {
		return false
	}
	for _, f := range p.project.Frontends {
		own := f.Schema.Types[typ]
		if own == nil || own.Fields.ForName(field) == nil {
			continue
		}
		if method, call := p.Resolution(f, typ, field); method == nil && call == nil {
			return false
		}
	}
	return true
}

// services plans the clients.
func (m *maker) services() {
	for _, name := range m.plan.calls.services() {
		s := &Service{Name: name}
		for _, c := range m.plan.calls.list {
			if c.Service == name {
				s.Calls = append(s.Calls, c)
			}
		}
		m.service(s)
		m.plan.Services = append(m.plan.Services, s)
	}
	names := append(m.plan.calls.services(), m.project.Clients...)
	slices.Sort(names)
	m.plan.Clients = slices.Compact(names)
}
