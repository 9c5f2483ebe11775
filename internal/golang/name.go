package golang

import (
	"go/types"
	"slices"
	"strconv"

	"github.com/99designs/gqlgen/codegen/templates"

	"github.com/portico-gateway/portico/internal/plan"
)

func lowerFirst(name string) string { return templates.LcFirst(name) }

func upperFirst(name string) string { return templates.UcFirst(name) }

// isLocal reports whether generated functions have a variable of this name.
func isLocal(name string) bool {
	return slices.Contains([]string{
		"c", "ctx", "request", "answer", "page", "key", "keys", "err", "service", "services", "value", "row", "rows", "r", "m", "args", "item",
		"nodes", "edges", "edge", "node", "i", "n", "next", "more", "start", "end", "events", "event", "raw", "ok", "in", "total",
		"hasMore", "count", "header", "head", "cursors",
		"d", "into", "faults", "fault", "from", "at", "rowKeys", "texts", "conditions",
		"nextErr", "totalErr", "moreErr", "most", "joined", "text", "theirs", "q", "obj", "objs", "level", "field", "ec", "set", "errs",
	}, name)
}

// isPackage reports whether generated functions use a package of this name.
func isPackage(name string) bool {
	return slices.Contains([]string{
		"context", "iter", "model", "upstream", "decode", "loader", "strconv", "strings", "time", "http", "url", "base64", "codes", "timestamppb", "durationpb",
		"structpb", "wrapperspb", "fieldmaskpb", "graphql", "ast", "execute", "provenance", "resolvers", "clients", "errors", "zone",
	}, name)
}

// isPredeclared reports whether Go predeclares the name, such as string, len
// and nil. A variable of this name would hide it.
func isPredeclared(name string) bool { return types.Universe.Lookup(name) != nil }

// namer chooses names for variables and declarations.
type namer struct {
	packages map[string]bool // names of packages that this project has
	declared map[string]bool // names of package-level declarations
	names    map[any]string
}

func newNamer(p *plan.Plan) *namer {
	n := &namer{packages: map[string]bool{}, declared: map[string]bool{}, names: map[any]string{}}
	if p.Protos != nil {
		for _, pkg := range p.Protos.Packages {
			n.packages[pkg.Name] = true
		}
	}
	for _, pkg := range p.Models.Packages() {
		n.packages[pkg.Name] = true
	}
	return n
}

// declare names a declaration as no other one is named: want, or else want
// and more, or else that with a number.
func (n *namer) declare(of any, want, more string) {
	name := want
	if n.declared[name] || isPredeclared(name) {
		name = want + more
	}
	for base, i := name, 2; n.declared[name] || isPredeclared(name); i++ {
		name = base + strconv.Itoa(i)
	}
	n.declared[name] = true
	n.names[of] = name
}

// of returns the name of a declaration.
func (n *namer) of(what any) string { return n.names[what] }

// variable returns a Go variable for a name of the schema, with the suffix if
// the name is taken.
func (n *namer) variable(name, suffix string) string {
	name = plan.GoParam(name)
	if isLocal(name) || isPackage(name) || isPredeclared(name) || n.packages[name] || n.declared[name] || name == "_" {
		return name + suffix
	}
	return name
}
