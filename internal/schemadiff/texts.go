package schemadiff

import "github.com/vektah/gqlparser/v2/ast"

// texts compares what is for people: descriptions and deprecations.
func (c *comparison) texts(s subject, oldText, newText string, oldDirectives, newDirectives ast.DirectiveList) {
	c.description(s, oldText, newText)
	before, after := deprecation(oldDirectives), deprecation(newDirectives)
	s.touches = nil
	switch {
	case before == nil && after == nil:
	case before == nil:
		c.add(Deprecated, s, "%s is deprecated: %s", s.coordinate, *after)
	case after == nil:
		c.add(DeprecationRemoved, s, "%s is not deprecated any more", s.coordinate)
	case *before != *after:
		c.add(DeprecationChanged, s, "the reason why %s is deprecated changed: %s", s.coordinate, *after)
	}
}

func (c *comparison) description(s subject, before, after string) {
	s.touches = nil
	if before != after {
		c.add(DescriptionChanged, s, "the description of %s changed", s.coordinate)
	}
}

// deprecation returns the reason of @deprecated; nil if there is none.
func deprecation(directives ast.DirectiveList) *string {
	d := directives.ForName("deprecated")
	if d == nil {
		return nil
	}
	reason := "No longer supported" // the default
	if arg := d.Arguments.ForName("reason"); arg != nil && arg.Value.Kind != ast.NullValue {
		reason = arg.Value.Raw
	}
	return &reason
}

// sinceDeprecated returns a note for a message that something was removed.
func sinceDeprecated(directives ast.DirectiveList) string {
	if reason := deprecation(directives); reason != nil {
		return " (it was deprecated: " + *reason + ")"
	}
	return ""
}
