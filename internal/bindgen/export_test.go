package bindgen

import (
	"github.com/vektah/gqlparser/v2/ast"
)

// Publish checks a frontend that has one file and returns what callers would
// see: nil when there are mistakes.
func Publish(sdl string) (*ast.Schema, error) {
	f := &frontend{name: "web", sources: []*ast.Source{{Name: "schema/web/web.graphqls", Input: sdl}}}
	r := &report{}
	validate(&project{frontends: []*frontend{f}}, f, r)
	if f.schema != nil {
		readBindings(f, r)
		publish(&project{frontends: []*frontend{f}}, f, r)
	}
	return f.api, r.err()
}
