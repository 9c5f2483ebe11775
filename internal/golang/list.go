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
	fmt.Fprintf(&b, "func New(services %s) (*Set, error) {\n", f.upstream("Clients"))
	fmt.Fprintf(&b, "var (\nset Set\nerrs [%d]error\n)\n", len(p.Clients))
	for i, name := range p.Clients {
		fmt.Fprintf(&b, "set.%s, errs[%d] = %s.New(services)\n", plan.GoName(name), i, f.use(path.Join(p.Module, "clients", name)))
	}
	fmt.Fprintf(&b, "return &set, %s.Join(errs[:]...)\n}\n", f.use("errors"))
	return f.formatted("// Package clients has the typed clients of all services, a package each.", b.String())
}

// registryFile writes the list of frontends, and what opens the project.
func registryFile(p *plan.Plan) ([]byte, error) {
	f := newFile(p, path.Join(p.Module, "graph"))
	set, frontend := f.use(path.Join(p.Module, "clients"))+".Set", f.gateway("execute", "Frontend")
	parameters, arguments := "services *"+set, "services"
	if p.Resolvers.Root {
		parameters, arguments = fmt.Sprintf("root *%s.Root, %s", f.use(path.Join(p.Module, "resolvers")), parameters), "root, services"
	}
	var b strings.Builder
	b.WriteString("// If this name is not defined, this code is of another version of Portico than the library in go.mod: run go tool portico generate.\n")
	fmt.Fprintf(&b, "const _ = %s\n\n", f.gateway("execute", "RunPorticoGenerate6"))
	b.WriteString("// Frontends returns the frontends of the project, sorted by name.\n")
	fmt.Fprintf(&b, "func Frontends(%s) []%s {\nreturn []%s{\n", parameters, frontend, frontend)
	for _, of := range p.Frontends {
		fmt.Fprintf(&b, "%s.New(%s),\n", f.use(path.Join(p.Module, "graph", of.Name)), arguments)
	}
	b.WriteString("}\n}\n")
	if p.Resolvers.Opens() {
		f.open(p, &b)
	}
	return f.formatted("// Package graph is generated from the schemas: the models, and an executable\n// schema for each frontend.", b.String())
}

// open writes Open, which main passes to the gateway.
func (f *file) open(p *plan.Plan, b *strings.Builder) {
	frontend, policy := f.gateway("execute", "Frontend"), f.gateway("access", "Policy")
	fmt.Fprintf(b, `
// Open returns the frontends of the project, which call services, and what decides @policy, by name. Its error names every
// service that portico.yaml lacks.
func Open(services %s) ([]%s, map[string]%s, error) {
set, err := %s.New(services)
if err != nil {
return nil, nil, err
}
`, f.upstream("Clients"), frontend, policy, f.use(path.Join(p.Module, "clients")))
	policies, arguments := "nil", "set"
	if p.Resolvers.Root {
		resolvers := f.use(path.Join(p.Module, "resolvers"))
		arguments = resolvers + ".New(set), set"
		if p.Resolvers.NewFails {
			fmt.Fprintf(b, "root, err := %s.New(set)\nif err != nil {\nreturn nil, nil, err\n}\n", resolvers)
			arguments = "root, set"
		}
		if p.Resolvers.Policies {
			policies = resolvers + ".Policies()"
		}
	}
	fmt.Fprintf(b, "return Frontends(%s), %s, nil\n}\n", arguments, policies)
}
