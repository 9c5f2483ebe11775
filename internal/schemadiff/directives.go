package schemadiff

import (
	"maps"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
)

// directives compares the definitions of directives that operations can use.
func (c *comparison) directives() {
	for _, name := range slices.Sorted(maps.Keys(c.old.Directives)) {
		before, after := c.old.Directives[name], c.new.Directives[name]
		at := "@" + name
		if len(executable(before)) == 0 {
			continue
		}
		if after == nil {
			c.add(DirectiveRemoved, was(at, before.Position, at), "the directive %s was removed", at)
			continue
		}
		c.description(is(at, after.Position), before.Description, after.Description)
		c.directive(at, before, after)
	}
	for _, name := range slices.Sorted(maps.Keys(c.new.Directives)) {
		if def := c.new.Directives[name]; c.old.Directives[name] == nil && len(executable(def)) > 0 {
			c.add(DirectiveAdded, is("@"+name, def.Position), "the directive @%s is new", name)
		}
	}
}

func (c *comparison) directive(at string, before, after *ast.DirectiveDefinition) {
	for _, location := range executable(before) {
		if !slices.Contains(after.Locations, location) {
			c.add(DirectiveLocationRemoved, is(at, after.Position, placed(at, location)), "%s can no longer be used on %s", at, location)
		}
	}
	for _, location := range executable(after) {
		if !slices.Contains(before.Locations, location) {
			c.add(DirectiveLocationAdded, is(at, after.Position), "%s can be used on %s now", at, location)
		}
	}
	switch {
	case before.IsRepeatable && !after.IsRepeatable:
		c.add(DirectiveRepeatableRemoved, is(at, after.Position, repeated(at)), "%s is no longer repeatable", at)
	case !before.IsRepeatable && after.IsRepeatable:
		c.add(DirectiveRepeatableAdded, is(at, after.Position), "%s is repeatable now", at)
	}
	codes := inputCodes{DirectiveArgumentRemoved, DirectiveArgumentTypeChanged, DirectiveArgumentMadeRequired, DirectiveArgumentTypeWidened,
		DirectiveArgumentDefaultChanged}
	for _, arg := range before.Arguments {
		if now := after.Arguments.ForName(arg.Name); now != nil {
			c.input(codes, argumentOf(at, arg), argumentOf(at, now))
			continue
		}
		coordinate := argument(at, arg.Name)
		c.add(DirectiveArgumentRemoved, was(coordinate, arg.Position, coordinate), "the argument %s of %s was removed", arg.Name, at)
	}
	for _, arg := range after.Arguments {
		if before.Arguments.ForName(arg.Name) != nil {
			continue
		}
		if in := argumentOf(at, arg); in.required() {
			c.add(RequiredDirectiveArgument, is(in.coordinate, arg.Position, at), "%s has the new argument %s, which is required", at, arg.Name)
		} else {
			c.add(DirectiveArgumentAdded, is(in.coordinate, arg.Position), "%s has the new argument %s", at, arg.Name)
		}
	}
}

// executable returns the locations of a directive in operations (GraphQL
// specification, section 3.13).
func executable(def *ast.DirectiveDefinition) []ast.DirectiveLocation {
	var list []ast.DirectiveLocation
	for _, location := range def.Locations {
		switch location {
		case ast.LocationQuery, ast.LocationMutation, ast.LocationSubscription, ast.LocationField, ast.LocationFragmentDefinition,
			ast.LocationFragmentSpread, ast.LocationInlineFragment, ast.LocationVariableDefinition:
			list = append(list, location)
		}
	}
	return list
}
