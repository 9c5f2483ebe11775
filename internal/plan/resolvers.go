package plan

import (
	"path"

	"github.com/portico-gateway/portico/internal/project"
)

// Resolvers describes what generated code uses of resolvers/. The zero value is that of a project without
// hand-written methods.
type Resolvers struct {
	// Root reports whether there is a type Root, which methods resolve with.
	Root bool
	// New reports whether func New(*clients.Set) *Root makes it, and NewFails whether that also returns an
	// error. If neither is there, the project's own code makes it, and calls Frontends.
	New, NewFails bool
	// Policies reports whether func Policies() decides @policy.
	Policies bool
}

// findResolvers finds what there is of resolvers/. It is a mistake if there is Go code and no Root.
func (m *maker) findResolvers(r *project.Report) {
	of := m.project.ResolverPackage()
	if of == nil {
		return
	}
	m.plan.Resolvers.Root = of.HasType("Root")
	if !m.plan.Resolvers.Root {
		r.Add(project.Diagnostic{
			File: path.Join(project.ResolversFolder, "root.go"), Line: 1, Column: 1, Message: "there is no type Root in " + project.ResolversFolder + "/",
			Fix: "write: package resolvers; type Root struct{ Clients *clients.Set }; docs/project.md has the whole file",
		})
	}
	switch of.Signature("New") {
	case "func(*clients.Set) *Root":
		m.plan.Resolvers.New = true
	case "func(*clients.Set) (*Root, error)":
		m.plan.Resolvers.New, m.plan.Resolvers.NewFails = true, true
	}
	m.plan.Resolvers.Policies = of.Signature("Policies") == "func() map[string]access.Policy"
}

// Opens reports whether generated code can open the project by itself.
func (r Resolvers) Opens() bool { return !r.Root || r.New }
