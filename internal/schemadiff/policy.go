package schemadiff

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/directive"
)

// typePolicy compares the directives of policy of a type, but for rights.
func (c *comparison) typePolicy(before, after *ast.Definition) {
	s := is(after.Name, after.Position, c.returns[after.Name]...)
	if after.Kind != ast.InputObject {
		c.weight(s, typeWeight(before), typeWeight(after))
	}
	c.cacheControl(s, before.Directives, after.Directives)
}

// fieldPolicy compares the directives of policy of a field, but for rights.
func (c *comparison) fieldPolicy(coordinate string, before, after *ast.FieldDefinition) {
	s := is(coordinate, after.Position, coordinate)
	old, had := directive.Weight(before.Directives)
	now, has := directive.Weight(after.Directives)
	if had || has {
		if of := c.old.Types[before.Type.Name()]; !had && of != nil {
			old = typeWeight(of)
		}
		if of := c.new.Types[after.Type.Name()]; !has && of != nil {
			now = typeWeight(of)
		}
		c.weight(s, old, now)
	}
	c.listSize(s, directive.ListSizeOf(before.Directives), directive.ListSizeOf(after.Directives))
	c.rateLimit(s, directive.RateLimitOf(before.Directives), directive.RateLimitOf(after.Directives))
	c.cacheControl(s, before.Directives, after.Directives)
}

// typeWeight returns the weight of a type's values (IBM's cost specification): by
// default 0 for leaves, and 1 for objects.
func typeWeight(def *ast.Definition) float64 {
	if weight, ok := directive.Weight(def.Directives); ok {
		return weight
	}
	if def.IsLeafType() {
		return 0
	}
	return 1
}

func (c *comparison) weight(s subject, before, after float64) {
	switch {
	case after > before:
		c.add(CostRaised, s, "the cost of %s rose from %g to %g", s.coordinate, before, after)
	case after < before:
		c.add(CostLowered, s, "the cost of %s fell from %g to %g", s.coordinate, before, after)
	}
}

func (c *comparison) listSize(s subject, before, after *directive.ListSize) {
	need := func(l *directive.ListSize) bool { return l != nil && l.RequireOne && len(l.SlicingArguments) > 0 }
	switch {
	case need(after) && !need(before):
		one := s
		if paths := after.SlicingArguments; len(paths) == 1 && len(paths[0]) == 1 {
			one.touches = []string{omitted(argument(s.coordinate, paths[0][0]))}
		}
		c.add(SlicingArgumentRequired, one, "operations must give %s to %s now", slicing(after), s.coordinate)
	case need(before) && !need(after):
		c.add(SlicingArgumentOptional, s, "operations need not give %s to %s any more", slicing(before), s.coordinate)
	}
	if after == nil {
		after = &directive.ListSize{}
	}
	if before == nil {
		before = &directive.ListSize{}
	}
	if old, now := before.AssumedSize, after.AssumedSize; now != nil && (old == nil || *old < *now) {
		c.add(ListSizeRaised, s, "%s is assumed to have %d items now", s.coordinate, *now)
	} else if old != nil && (now == nil || *now < *old) {
		c.add(ListSizeLowered, s, "%s is no longer assumed to have %d items", s.coordinate, *old)
	}
	for _, path := range before.SlicingArguments {
		if !slices.ContainsFunc(after.SlicingArguments, func(p directive.ArgumentPath) bool { return slices.Equal(p, path) }) {
			c.add(ListSizeRaised, s, "%s no longer limits the length of %s", strings.Join(path, "."), s.coordinate)
		}
	}
}

func slicing(l *directive.ListSize) string {
	names := make([]string, len(l.SlicingArguments))
	for i, path := range l.SlicingArguments {
		names[i] = strings.Join(path, ".")
	}
	if len(names) == 1 {
		return names[0]
	}
	return "one of " + strings.Join(names, ", ")
}

func (c *comparison) rateLimit(s subject, before, after *directive.RateLimit) {
	switch {
	case reflect.DeepEqual(before, after):
	case after == nil:
		c.add(RateLimitRelaxed, s, "%s has no rate limit any more", s.coordinate)
	case before == nil:
		c.add(RateLimitTightened, s, "%s may be requested %s now", s.coordinate, often(after))
	case after.Max >= before.Max && after.Window <= before.Window && reflect.DeepEqual(before.By, after.By):
		c.add(RateLimitRelaxed, s, "%s may be requested %s; it was %s", s.coordinate, often(after), often(before))
	default:
		c.add(RateLimitTightened, s, "%s may be requested %s; it was %s", s.coordinate, often(after), often(before))
	}
}

// often returns a rate limit for a message: 5 times in 1m for each principal.
func often(l *directive.RateLimit) string {
	by := make([]string, len(l.By))
	for i, b := range l.By {
		by[i] = b.Text
	}
	return times(l.Max) + " in " + l.Window.Round(time.Second).String() + " for each " + strings.Join(by, " and ")
}

func (c *comparison) cacheControl(s subject, before, after ast.DirectiveList) {
	s.touches = nil
	if !reflect.DeepEqual(directive.CacheControlOf(before), directive.CacheControlOf(after)) {
		c.add(CacheControlChanged, s, "answers with %s are cached differently (@cacheControl)", s.coordinate)
	}
}

// inputPolicy compares the directives of policy of an argument or an input field.
func (c *comparison) inputPolicy(before, after input) {
	s := is(after.coordinate, after.at, after.coordinate)
	old, _ := directive.Weight(before.directives)
	now, _ := directive.Weight(after.directives)
	c.weight(s, old, now)
	c.constraint(s, directive.ConstraintOf(before.directives), directive.ConstraintOf(after.directives))
	if had, has := directive.GlobalIDOf(before.directives), directive.GlobalIDOf(after.directives); !reflect.DeepEqual(had, has) {
		c.add(GlobalIDChanged, s, "%s takes %s; it took %s", s.coordinate, ids(has), ids(had))
	}
}

func ids(id *directive.GlobalID) string {
	switch {
	case id == nil:
		return "ids that are not global"
	case id.Type == "":
		return "global ids"
	default:
		return "global ids of " + id.Type
	}
}

func (c *comparison) constraint(s subject, before, after *directive.Constraint) {
	if before == nil {
		before = &directive.Constraint{}
	}
	if after == nil {
		after = &directive.Constraint{}
	}
	s.touches = []string{bound(s.coordinate)}
	more := func(a, b *float64) bool { return a != nil && (b == nil || *a > *b) }
	less := func(a, b *float64) bool { return a != nil && (b == nil || *a < *b) }
	switch {
	case more(after.Min, before.Min):
		c.add(ConstraintNarrowed, s, "%s must be at least %g now", s.coordinate, *after.Min)
		c.changes[len(c.changes)-1].refuses = func(n float64) bool { return n < *after.Min }
	case more(before.Min, after.Min):
		c.add(ConstraintWidened, s, "%s may be less than %g", s.coordinate, *before.Min)
	}
	switch {
	case less(after.Max, before.Max):
		c.add(ConstraintNarrowed, s, "%s must be at most %g now", s.coordinate, *after.Max)
		c.changes[len(c.changes)-1].refuses = func(n float64) bool { return n > *after.Max }
	case less(before.Max, after.Max):
		c.add(ConstraintWidened, s, "%s may be more than %g", s.coordinate, *before.Max)
	}
}

// times returns "once" or "5 times".
func times(n int) string {
	if n == 1 {
		return "once"
	}
	return strconv.Itoa(n) + " times"
}
