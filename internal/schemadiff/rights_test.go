package schemadiff_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/directive"
	"github.com/portico-gateway/portico/internal/longtest"
	"github.com/portico-gateway/portico/internal/schemadiff"
)

// randomRights returns directives for a type, a field or an interface.
func randomRights(r *rand.Rand) string {
	lists := func() string {
		var all []string
		for range 1 + r.IntN(2) {
			var list []string
			for range 1 + r.IntN(2) {
				list = append(list, fmt.Sprintf("%q", string("abc"[r.IntN(3)])))
			}
			all = append(all, "["+strings.Join(list, ", ")+"]")
		}
		return "[" + strings.Join(all, ", ") + "]"
	}
	switch r.IntN(6) {
	case 0:
		return " @authenticated"
	case 1:
		return " @requiresScopes(scopes: " + lists() + ")"
	case 2:
		return " @policy(policies: " + lists() + ")"
	}
	return ""
}

// caller is a caller with scopes and policies that allow it.
type caller struct {
	authenticated    bool
	scopes, policies []string
}

func (c caller) has(rights directive.Rights) bool {
	for _, right := range rights {
		have := c.scopes
		switch right.Kind {
		case directive.Authenticated:
			if !c.authenticated {
				return false
			}
			continue
		case directive.Policies:
			have = c.policies
		}
		if !slices.ContainsFunc(right.AnyOf, func(all []string) bool {
			return !slices.ContainsFunc(all, func(s string) bool { return !slices.Contains(have, s) })
		}) {
			return false
		}
	}
	return true
}

// callers are all callers of the scopes and policies a, b and c. Anonymous ones have
// no scopes.
func callers() []caller {
	var list []caller
	sets := [][]string{nil, {"a"}, {"b"}, {"c"}, {"a", "b"}, {"a", "c"}, {"b", "c"}, {"a", "b", "c"}}
	for _, policies := range sets {
		list = append(list, caller{policies: policies})
		for _, scopes := range sets {
			list = append(list, caller{true, scopes, policies})
		}
	}
	return list
}

// A field requires more if and only if a caller loses it.
func TestRights(t *testing.T) { testRights(t, 300) }

func TestRightsLong(t *testing.T) {
	longtest.Only(t)
	testRights(t, 5000)
}

func testRights(t *testing.T, pairs int) {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	lost, kept := 0, 0
	for range pairs {
		pair := [2]*ast.Schema{}
		for i := range pair {
			pair[i] = load(t, "schema", fmt.Sprintf("type Query { p: P } interface N%s { x: Int%s } type P implements N%s { x: Int%s y: Int }",
				randomRights(r), randomRights(r), randomRights(r), randomRights(r)))
		}
		affected := map[string]bool{}
		changes := schemadiff.Compare(pair[0], pair[1])
		doc := &ast.Source{Name: "op", Input: "query X { p { x } } query Y { p { y } } query Z { p { ... on N { x } } }"}
		schemadiff.Check(changes, pair[0], pair[1], schemadiff.Known{Documents: []schemadiff.Document{{Source: doc}}})
		for _, c := range changes {
			if c.Level == schemadiff.Breaking {
				for _, op := range c.Operations {
					affected[op.Name] = true
				}
			}
		}
		for name, fields := range map[string][]string{"X": {"Query.p", "P.x"}, "Y": {"Query.p", "P.y"}, "Z": {"Query.p", "N.x"}} {
			loses := false
			for _, coordinate := range fields {
				of, field, _ := strings.Cut(coordinate, ".")
				rights := [2]directive.Rights{}
				for i, s := range pair {
					rights[i] = directive.RightsOf(s, s.Types[of], s.Types[of].Fields.ForName(field))
				}
				loses = loses || slices.ContainsFunc(callers(), func(c caller) bool { return c.has(rights[0]) && !c.has(rights[1]) })
			}
			if loses {
				lost++
			} else {
				kept++
			}
			if loses != affected[name] {
				t.Fatalf("%s loses a caller: %t, affected: %t\n%v\n%+v\n%+v", name, loses, affected[name], changes, pair[0].Types["P"].Directives, pair[1].Types["P"])
			}
		}
	}
	if lost < pairs/6 || kept < pairs/6 {
		t.Errorf("%d lost, %d kept", lost, kept)
	}
}
