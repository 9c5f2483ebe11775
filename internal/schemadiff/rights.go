package schemadiff

import (
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/directive"
)

// rights compares the rights that fields require. A directive at a type applies
// to many fields: it is one change, which affects those that require more.
func (c *comparison) rights() {
	more, less := map[*ast.Directive][]string{}, map[*ast.Directive][]string{}
	kinds := map[*ast.Directive]directive.Right{}
	var order []*ast.Directive
	note := func(found map[*ast.Directive][]string, right directive.Right, coordinate string) {
		if kinds[right.Directive].Directive == nil {
			kinds[right.Directive] = right
			order = append(order, right.Directive)
		}
		found[right.Directive] = append(found[right.Directive], coordinate)
	}
	for _, name := range typeNames(c.old) {
		before, after := c.old.Types[name], c.new.Types[name]
		if after == nil || after.Kind != ast.Object && after.Kind != ast.Interface {
			continue
		}
		for _, field := range before.Fields {
			now := after.Fields.ForName(field.Name)
			if now == nil || isMeta(field) {
				continue
			}
			coordinate := name + "." + field.Name
			had, has := directive.RightsOf(c.old, before, field), directive.RightsOf(c.new, after, now)
			for _, right := range has {
				if !implied(right, had) {
					note(more, right, coordinate)
				}
			}
			for _, right := range had {
				if !implied(right, has) {
					note(less, right, coordinate)
				}
			}
		}
	}
	oldOwners, newOwners := owners(c.old), owners(c.new)
	for _, d := range order {
		if fields := more[d]; fields != nil {
			s := is(newOwners[d], d.Position, fields...)
			c.add(rightCode(kinds[d].Kind), s, "%s requires %s now", s.coordinate, describe(kinds[d]))
		} else {
			s := was(oldOwners[d], d.Position)
			c.add(RightsRelaxed, s, "%s no longer requires %s", s.coordinate, describe(kinds[d]))
		}
	}
}

func rightCode(kind directive.RightKind) Code {
	switch kind {
	case directive.Scopes:
		return ScopesRequired
	case directive.Policies:
		return PolicyRequired
	default:
		return AuthenticationRequired
	}
}

// mostCombinations bounds how many combinations of scopes, or of policies, are
// compared. Beyond it, each directive is compared by itself, which reports more.
const mostCombinations = 1000

// implied reports whether all callers with some rights have another right.
func implied(right directive.Right, by directive.Rights) bool {
	if right.Kind == directive.Authenticated {
		// An anonymous caller has no scopes; policies may allow one.
		return slices.ContainsFunc(by, func(have directive.Right) bool { return have.Kind != directive.Policies })
	}
	enough := func(combinations [][]string) bool {
		return !slices.ContainsFunc(combinations, func(all []string) bool {
			return !slices.ContainsFunc(right.AnyOf, func(need []string) bool { return subset(need, all) })
		})
	}
	combined, found := [][]string{nil}, false // what a caller has at least, with all directives so far
	for _, have := range by {
		if have.Kind != right.Kind {
			continue
		}
		if enough(have.AnyOf) {
			return true
		}
		found = true
		if len(combined)*len(have.AnyOf) > mostCombinations {
			continue
		}
		var more [][]string
		for _, all := range combined {
			for _, list := range have.AnyOf {
				more = append(more, slices.Concat(all, list))
			}
		}
		combined = more
	}
	return found && enough(combined)
}

func subset(need, have []string) bool {
	return !slices.ContainsFunc(need, func(s string) bool { return !slices.Contains(have, s) })
}

// describe returns a right for a message: the scopes "a" and "b", or "c".
func describe(right directive.Right) string {
	if right.Kind == directive.Authenticated {
		return "an authenticated caller"
	}
	lists := make([]string, len(right.AnyOf))
	for i, all := range right.AnyOf {
		lists[i] = strings.Join(all, " and ")
	}
	word := "the scopes "
	if right.Kind == directive.Policies {
		word = "the policies "
	}
	return word + strings.Join(lists, ", or ")
}

// owners returns the coordinates of the types and fields that have directives.
func owners(s *ast.Schema) map[*ast.Directive]string {
	found := map[*ast.Directive]string{}
	for _, def := range s.Types {
		for _, d := range def.Directives {
			found[d] = def.Name
		}
		for _, field := range def.Fields {
			for _, d := range field.Directives {
				found[d] = def.Name + "." + field.Name
			}
		}
	}
	return found
}
