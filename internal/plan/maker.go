package plan

import (
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/internal/project"
)

// maker makes one plan.
type maker struct {
	project    *project.Project
	union      *ast.Schema
	report     *project.Report
	plan       *Plan
	models     *Models
	converters converters
	signatures map[*project.Method]*signature
}

// resolved reports whether a method or a call resolves a field of a frontend.
func (m *maker) resolved(f *project.Frontend, typ, field string) bool {
	method, call := m.plan.Resolution(f, typ, field)
	return method != nil || call != nil
}

// suggest returns a suggestion of the nearest of names, or otherwise if none is
// near.
func suggest(name string, names []string, otherwise string) string {
	if near := project.DidYouMean(name, names); near != "" {
		return near
	}
	return otherwise
}
