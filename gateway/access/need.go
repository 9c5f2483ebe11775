package access

import (
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
)

// The directives.
type kind int

const (
	authenticated kind = iota
	scopes
	policies
)

// clause is one directive.
type clause struct {
	kind kind
	any  [][]string // of these lists, one must be fulfilled in whole
	at   *ast.Directive
}

// need is what must all be fulfilled.
type need struct{ clauses []clause }

func (n need) none() bool { return len(n.clauses) == 0 }

// and is both. Directives that are in both are there once.
func (n need) and(other need) need {
	out := need{slices.Clip(n.clauses)}
	for _, c := range other.clauses {
		if !out.has(c) {
			out.clauses = append(out.clauses, c)
		}
	}
	return out
}

func (n need) has(c clause) bool {
	for _, have := range n.clauses {
		if have.at == c.at || have.kind == authenticated && c.kind == authenticated {
			return true
		}
	}
	return false
}

func readNeed(directives ast.DirectiveList) need {
	var n need
	for _, d := range directives {
		switch d.Name {
		case "authenticated":
			n.clauses = append(n.clauses, clause{kind: authenticated, at: d})
		case "requiresScopes":
			n.clauses = append(n.clauses, clause{kind: scopes, any: lists(d.Arguments.ForName("scopes")), at: d})
		case "policy":
			n.clauses = append(n.clauses, clause{kind: policies, any: lists(d.Arguments.ForName("policies")), at: d})
		}
	}
	return n
}

// lists reads [["a", "b"], ["c"]]. One value stands for a list of it (GraphQL
// specification, section 3.11). Without lists, nobody has the field.
func lists(argument *ast.Argument) [][]string {
	if argument == nil || argument.Value == nil {
		return nil
	}
	if argument.Value.Kind != ast.ListValue {
		return [][]string{{argument.Value.Raw}}
	}
	var out [][]string
	for _, child := range argument.Value.Children {
		if child.Value.Kind != ast.ListValue {
			out = append(out, []string{child.Value.Raw})
			continue
		}
		all := make([]string, 0, len(child.Value.Children))
		for _, grandchild := range child.Value.Children {
			all = append(all, grandchild.Value.Raw)
		}
		if len(all) > 0 {
			out = append(out, all)
		}
	}
	return out
}
