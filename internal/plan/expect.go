package plan

import (
	"slices"
	"strings"

	"github.com/portico-gateway/portico/gateway/directive"
	"github.com/portico-gateway/portico/internal/binding"
	"github.com/portico-gateway/portico/internal/project"
)

// Expects reports whether answers of the call are checked at run time for names
// and keys that never appear.
func (c *Call) Expects() bool {
	return c.Answer != nil && (c.Key != nil || len(c.Expected()) > 0)
}

// Expected returns the paths of the names that the call reads from an answer in
// JSON, sorted. It leaves out the cursor of the next page and fields with a
// default, which services may omit.
func (c *Call) Expected() []string {
	if c.REST == nil || c.REST.XML || c.Answer == nil {
		return nil
	}
	e := &expecting{seen: map[*Object]bool{}}
	e.path(c.Select, nil)
	rows := c.Select
	if c.Page != nil {
		rows = slices.Concat(rows, c.Page.Node)
		e.path(rows, nil)
		e.path(c.Select, c.Page.Cursor)
	}
	if object := c.Answer.Read.Object(); object != nil && (c.Key == nil || c.Key.Match != binding.ByMap) { // any key may be a name in a map
		e.object(object, rows)
	}
	if c.Keyed() {
		for _, part := range c.Key.Parts {
			e.path(c.Select, part.Row)
		}
	}
	if p := c.Answer.Page; p != nil {
		for _, value := range []*PageValue{p.Total, p.More} {
			if value != nil {
				e.path(nil, value.Path)
			}
		}
	}
	slices.Sort(e.paths)
	return slices.Compact(e.paths)
}

// expecting collects the paths of [Call.Expected].
type expecting struct {
	paths []string
	seen  map[*Object]bool // an object can contain itself
}

// path adds the names on a path. Items of lists are left out: an answer is looked
// through for the names in all of them.
func (e *expecting) path(prefix, path directive.Path) {
	var names []string
	for _, step := range slices.Concat(prefix, path) {
		if strings.Contains(step.Name, ".") {
			break // [upstream.Expectation] would take it for two
		}
		if !step.IsItem() {
			names = append(names, step.Name)
		}
	}
	if len(names) > 0 {
		e.paths = append(e.paths, strings.Join(names, "."))
	}
}

func (e *expecting) object(o *Object, prefix directive.Path) {
	if e.seen[o] || o.Entry { // the names of members are not known
		return
	}
	e.seen[o] = true
	for _, f := range o.Fields {
		switch {
		case f.Constant != nil || f.Default != nil || f.Header != "":
		case f.Converter != nil:
			for _, a := range f.Converter.Arguments {
				e.path(prefix, a.Path)
			}
		default:
			e.path(prefix, f.Path)
			if inner := f.Read.Object(); inner != nil {
				e.object(inner, slices.Concat(prefix, f.Path))
			}
		}
	}
}

// At returns the position of the call's binding: file:line:column.
func (c *Call) At() string { return project.Where(c.Pos) }
