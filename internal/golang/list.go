package golang

import (
	"fmt"
	"path"
	"strings"

	"github.com/portico-gateway/portico/internal/plan"
)

// setFile writes the set of all clients, those that are generated and those of
// packages that have a function New.
func setFile(p *plan.Plan) ([]byte, error) {
	f := newFile(p, path.Join(p.Module, "clients"))
	var b strings.Builder
	b.WriteString("// Set has the clients of all services. They are safe for concurrent use.\ntype Set struct {\n")
	for _, name := range p.Clients {
		fmt.Fprintf(&b, "%s *%s.Client\n", plan.GoName(name), f.use(path.Join(p.Module, "clients", name)))
	}
	b.WriteString("}\n\n// New returns the clients. Its error names every service that portico.yaml\n// lacks.\n")
	fmt.Fprintf(&b, "func New(services *%s) (*Set, error) {\n", f.upstream("Services"))
	fmt.Fprintf(&b, "var (\nset Set\nerrs [%d]error\n)\n", len(p.Clients))
	for i, name := range p.Clients {
		fmt.Fprintf(&b, "set.%s, errs[%d] = %s.New(services)\n", plan.GoName(name), i, f.use(path.Join(p.Module, "clients", name)))
	}
	fmt.Fprintf(&b, "return &set, %s.Join(errs[:]...)\n}\n", f.use("errors"))
	return f.formatted("// Package clients has the typed clients of all services, a package each.", b.String())
}

// registryFile writes the list of frontends.
func registryFile(p *plan.Plan) ([]byte, error) {
	f := newFile(p, path.Join(p.Module, "graph"))
	root, set, frontend := f.use(path.Join(p.Module, "resolvers"))+".Root", f.use(path.Join(p.Module, "clients"))+".Set", f.gateway("execute", "Frontend")
	var b strings.Builder
	fmt.Fprintf(&b, "// Frontends returns the frontends of the project, sorted by name.\nfunc Frontends(root *%s, services *%s) []%s {\nreturn []%s{\n",
		root, set, frontend, frontend)
	for _, of := range p.Frontends {
		fmt.Fprintf(&b, "%s.New(root, services),\n", f.use(path.Join(p.Module, "graph", of.Name)))
	}
	b.WriteString("}\n}\n")
	return f.formatted("// Package graph is generated from the schemas: the models, and an executable\n// schema for each frontend.", b.String())
}
