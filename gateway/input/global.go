package input

import (
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/portico-gateway/portico/gateway/directive"
	"github.com/portico-gateway/portico/gateway/globalid"
	"github.com/portico-gateway/portico/gateway/problem"
)

// global is the directive @globalID: which global ids a position takes.
type global struct {
	typ   string          // of the objects; empty for any of types
	types map[string]bool // those of the schema that have global ids
}

// nodesOf returns the names of the object types that implement Node.
func nodesOf(schema *ast.Schema) map[string]bool {
	nodes := map[string]bool{}
	for _, t := range schema.PossibleTypes["Node"] {
		nodes[t.Name] = t.Kind == ast.Object
	}
	return nodes
}

func (s *Schema) globalOf(directives ast.DirectiveList) *global {
	d := directive.GlobalIDOf(directives)
	if d == nil {
		return nil
	}
	return &global{typ: d.Type, types: s.nodes}
}

// local returns a coerced value with the ids of services in place of the global
// ids, if these are of one type. Lists are copied. If an id is not one that the
// position takes, it returns the item of a list that is wrong, as "[1]".
func (g *global) local(value any) (out any, wrong *string) {
	switch value := value.(type) {
	case []any:
		items := make([]any, len(value))
		for i, item := range value {
			if items[i], wrong = g.local(item); wrong != nil {
				return nil, new("[" + strconv.Itoa(i) + "]" + *wrong)
			}
		}
		return items, nil
	case string:
		typ, id, ok := globalid.Parse(value)
		switch {
		case !ok || g.typ == "" && !g.types[typ] || g.typ != "" && g.typ != typ:
			return nil, new("")
		case g.typ == "":
			return value, nil
		}
		return id, nil
	}
	return value, nil
}

// describe names what the position takes.
func (g *global) describe() string {
	if g.typ == "" {
		return "a global id"
	}
	return "the global id of an object of type " + g.typ
}

// global returns the value of an input field with @globalID.
func (c *coercion) global(g *global, value any) any {
	out, wrong := g.local(value)
	if wrong == nil {
		return out
	}
	last := &c.path[len(c.path)-1].name
	name := *last
	*last += *wrong
	c.wrong("expected " + g.describe())
	*last = name
	return nil
}

// global reads a literal with @globalID.
func (r *reader) global(p position, constant any, at *ast.Position) expression {
	out, wrong := p.global.local(constant)
	if wrong != nil {
		return r.wrong(at, problem.BadUserInput, "The value of "+p.name+" is not "+p.global.describe())
	}
	return expression{value: out}
}

// notGlobal returns an error if the value of the variable is not what the position
// takes.
func (l *limited) notGlobal(value any) *gqlerror.Error {
	if _, wrong := l.global.local(value); wrong != nil {
		path := "$" + l.value.name + *wrong
		return badInput("The value of "+l.name+" is not "+l.global.describe()+".", path, locations(l.at))
	}
	return nil
}
