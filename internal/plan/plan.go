// Package plan decides everything about the Go code of a project before any of
// it is written: what resolves each field, what each call of a service sends,
// and how its answer is read. It reports every mistake that package project did
// not find.
//
//	resolve   collect.go, coverage.go  a method or a call for each field; equal bindings share a [Call]
//	          document.go, openapi.go  bindings are checked against OpenAPI documents
//	protos    protofile.go, proto.go   the messages and methods of gRPC services: [Protos]
//	models    models.go, gotype.go     the Go types that gqlgen will generate: [Models]
//	readGo    gopackage.go, method.go  the signatures of hand-written methods and converters
//	services  answer.go, call.go       the clients of services: [Service]; for each [Call],
//	          operand.go, body.go, message.go   what is sent
//	          read.go, readmessage.go, member.go, enum.go, choice.go   how the answer is read into models
//	          converter.go, literal.go          functions and constants of @source
//	          conversion.go, page.go            messages of gRPC, connections
//	          condition.go                      the values of rules for errors
//	          faults.go                         the fields of models with faults
//	frontend  frontend.go, adapter.go  the adapters of a frontend's fields: [Frontend]; method.go
//	          fit.go, cache.go         their signatures, values of other frontends, cache tags
//	          fallback.go              the values of fields whose services are not available
//
// One type says how a value is read from an answer, whether that is JSON, XML
// or a message of gRPC: [Read]. One says how a value becomes another:
// [Conversion].
//
// A feature of bindings starts in package binding; here it becomes a decision,
// a field of [Call] or below; package golang writes it.
package plan

import (
	"context"
	"maps"
	"path"
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
	// Clients are the folders of all clients, generated or not, sorted.
	Clients []string
	// Packages are hand-written packages of the project.
	Packages []Package
	// Frontends are sorted by name.
	Frontends []*Frontend
	// Resolvers describes what generated code uses of resolvers/.
	Resolvers Resolvers
	// Protos are the project's protos; nil if there are none.
	Protos *Protos

	project *project.Project
	calls   *calls
}

// Make plans the Go code of a project. Mistakes in the project go to the
// report, and the plan is then incomplete. The error is one of the file system
// or of the Go command, or [project.Diagnostics] with mistakes in gqlgen.yml.
func Make(ctx context.Context, p *project.Project, r *project.Report) (*Plan, error) {
	m := &maker{project: p, union: p.Union, report: r, plan: &Plan{Module: p.Module, project: p}}
	if p.Union != nil && !p.Mended {
		before := r.Len()
		if checkNames(p, r); r.Len() > before { // calls could have the same name
			return m.plan, nil
		}
	}
	if m.resolve(ctx); r.Len() > 0 {
		return m.plan, nil
	}
	m.findResolvers(r)
	checkFiles(m.plan, r)
	if r.Len() > 0 {
		return m.plan, nil
	}
	var err error
	if m.plan.Protos, err = compileProtos(ctx, p, r); err != nil || r.Len() > 0 {
		return m.plan, err
	}
	if m.plan.Models, err = newModels(p, m.plan.Protos, m.plan.ResolvedEverywhere); err != nil {
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

// resolve finds what resolves each field. In a project with mistakes it reports
// only what is certain.
func (m *maker) resolve(ctx context.Context) {
	p := m.project
	if p.Union == nil {
		return
	}
	m.plan.calls = collectCalls(p, m.report)
	if !p.Mended {
		m.checkDocuments(ctx)
		strays(p, m.report)
	}
	if !p.Methods.Incomplete {
		coverage(p, m.report)
	}
}

// Resolution returns what resolves a field of a frontend: a method, or else a
// call. Both are nil for a field that the model has.
func (p *Plan) Resolution(f *project.Frontend, typ, field string) (*project.Method, *Call) {
	if method := p.project.Methods.Find(f.Name, GoName(typ), GoName(field)); method != nil {
		return method, nil
	}
	return nil, p.calls.of(f, typ, field)
}

// ResolvedEverywhere reports whether a method or a call resolves the field in
// every frontend, so that models do not have it.
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
	names := slices.AppendSeq(m.plan.calls.services(), maps.Keys(m.project.Clients))
	slices.Sort(names)
	m.plan.Clients = slices.Compact(names)
	for folder, name := range m.project.Clients {
		m.plan.Packages = append(m.plan.Packages, Package{Path: path.Join(m.project.Module, project.ClientsFolder, folder), Name: name})
	}
	for _, method := range m.project.Methods.All() {
		m.plan.Packages = append(m.plan.Packages, Package{Path: method.Package.Path, Name: method.Package.Name()})
	}
}
