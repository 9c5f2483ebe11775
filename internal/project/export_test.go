package project

import (
	"github.com/vektah/gqlparser/v2/ast"
)

// Publish checks a frontend that has one file and returns what callers would see:
// nil when there are mistakes.
func Publish(sdl string) (*ast.Schema, error) {
	f := &Frontend{Name: "web", sources: []*ast.Source{{Name: "schema/web/web.graphqls", Input: sdl}}}
	r := &Report{}
	p := &Project{Frontends: []*Frontend{f}}
	validate(p, f, r)
	if f.Schema != nil {
		readBindings(f, r)
		publish(p, f, r)
	}
	return f.API, r.Err()
}
