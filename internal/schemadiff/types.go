package schemadiff

import (
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// roots compares which operations there are. A root type that is removed or new is
// one of the changes of types.
func (c *comparison) roots() {
	for _, root := range []struct {
		what     string
		old, new *ast.Definition
	}{
		{"queries", c.old.Query, c.new.Query},
		{"mutations", c.old.Mutation, c.new.Mutation},
		{"subscriptions", c.old.Subscription, c.new.Subscription},
	} {
		switch {
		case root.old == nil && root.new == nil:
		case root.old == nil:
			if c.old.Types[root.new.Name] == nil {
				continue
			}
			c.add(RootTypeAdded, is(root.new.Name, root.new.Position), "there are %s now", root.what)
		case root.new == nil:
			if c.new.Types[root.old.Name] == nil {
				continue
			}
			c.add(RootTypeRemoved, was(root.old.Name, root.old.Position, root.old.Name), "there are no %s any more", root.what)
		case root.old.Name != root.new.Name:
			c.add(RootTypeChanged, is(root.new.Name, root.new.Position, root.old.Name), "the type of %s changed from %s to %s", root.what, root.old.Name,
				root.new.Name)
		}
	}
}

func (c *comparison) types() {
	for _, name := range typeNames(c.old) {
		before, after := c.old.Types[name], c.new.Types[name]
		switch {
		case after == nil:
			c.add(TypeRemoved, was(name, before.Position, name), "%s %s was removed", kindName(before.Kind), name)
		case before.Kind != after.Kind:
			touches := slices.Concat([]string{name}, c.returns[name], c.takes[name])
			c.add(TypeKindChanged, is(name, after.Position, touches...), "%s was %s and is %s now", name, article(before.Kind), article(after.Kind))
		default:
			c.definition(before, after)
		}
	}
	for _, name := range typeNames(c.new) {
		if def := c.new.Types[name]; c.old.Types[name] == nil {
			c.add(TypeAdded, is(name, def.Position), "%s %s is new", kindName(def.Kind), name)
		}
	}
}

// definition compares two definitions of the same kind.
func (c *comparison) definition(before, after *ast.Definition) {
	c.description(is(after.Name, after.Position), before.Description, after.Description)
	c.typePolicy(before, after)
	switch after.Kind {
	case ast.Scalar:
		c.specification(before, after)
	case ast.Enum:
		c.values(before, after)
	case ast.Union:
		c.members(before, after)
	case ast.InputObject:
		c.oneOf(before, after)
		c.inputFields(before, after)
	default:
		c.interfaces(before, after)
		c.fields(before, after)
	}
}

func (c *comparison) specification(before, after *ast.Definition) {
	url := func(def *ast.Definition) string {
		if d := def.Directives.ForName("specifiedBy"); d != nil && d.Arguments.ForName("url") != nil {
			return d.Arguments.ForName("url").Value.Raw
		}
		return "none"
	}
	if old, now := url(before), url(after); old != now {
		touches := slices.Concat([]string{after.Name}, c.returns[after.Name], c.takes[after.Name])
		c.add(ScalarSpecificationChanged, is(after.Name, after.Position, touches...), "the specification of %s changed from %s to %s", after.Name, old, now)
	}
}

func (c *comparison) values(before, after *ast.Definition) {
	for _, value := range before.EnumValues {
		coordinate := before.Name + "." + value.Name
		now := after.EnumValues.ForName(value.Name)
		if now == nil {
			c.add(EnumValueRemoved, was(coordinate, value.Position, coordinate), "the value %s of %s was removed", value.Name, before.Name)
			continue
		}
		c.texts(is(coordinate, now.Position), value.Description, now.Description, value.Directives, now.Directives)
	}
	for _, value := range after.EnumValues {
		if before.EnumValues.ForName(value.Name) == nil {
			c.add(EnumValueAdded, is(after.Name+"."+value.Name, value.Position, c.returns[after.Name]...), "%s has the new value %s", after.Name, value.Name)
		}
	}
}

func (c *comparison) members(before, after *ast.Definition) {
	for i, name := range before.Types {
		if !slices.Contains(after.Types, name) {
			s := was(before.Name, member(before, i), spread(before.Name, name), spread(name, before.Name))
			c.add(UnionMemberRemoved, s, "%s is no longer a member of %s", name, before.Name)
		}
	}
	for i, name := range after.Types {
		if !slices.Contains(before.Types, name) {
			c.add(UnionMemberAdded, is(after.Name, member(after, i), c.returns[after.Name]...), "%s is a new member of %s", name, after.Name)
		}
	}
}

// member returns the position of a member of a union.
func member(def *ast.Definition, i int) *ast.Position {
	if i < len(def.TypePositions) {
		return def.TypePositions[i]
	}
	return def.Position
}

func (c *comparison) interfaces(before, after *ast.Definition) {
	for _, name := range before.Interfaces {
		if !slices.Contains(after.Interfaces, name) {
			s := is(after.Name, after.Position, spread(name, after.Name), spread(after.Name, name))
			c.add(InterfaceRemoved, s, "%s no longer implements %s", after.Name, name)
		}
	}
	for _, name := range after.Interfaces {
		if !slices.Contains(before.Interfaces, name) {
			c.add(InterfaceAdded, is(after.Name, after.Position, c.returns[name]...), "%s implements %s now", after.Name, name)
		}
	}
}

func (c *comparison) fields(before, after *ast.Definition) {
	for _, field := range before.Fields {
		if isMeta(field) {
			continue
		}
		coordinate := before.Name + "." + field.Name
		now := after.Fields.ForName(field.Name)
		if now == nil {
			c.add(FieldRemoved, was(coordinate, field.Position, coordinate), "%s was removed%s", coordinate, sinceDeprecated(field.Directives))
			continue
		}
		s := is(coordinate, now.Position, coordinate)
		switch {
		case field.Type.String() == now.Type.String():
		case narrows(field.Type, now.Type):
			c.add(FieldTypeNarrowed, s, "the type of %s changed from %s to %s", coordinate, field.Type, now.Type)
		default:
			c.add(FieldTypeChanged, s, "the type of %s changed from %s to %s", coordinate, field.Type, now.Type)
		}
		c.texts(s, field.Description, now.Description, field.Directives, now.Directives)
		first := len(c.changes)
		c.arguments(coordinate, field, now)
		c.fieldPolicy(coordinate, field, now)
		c.alsoOf(before, field, c.changes[first:])
	}
	for _, field := range after.Fields {
		if coordinate := after.Name + "." + field.Name; !isMeta(field) && before.Fields.ForName(field.Name) == nil {
			c.add(FieldAdded, is(coordinate, field.Position), "%s is new", coordinate)
		}
	}
}

// alsoOf makes changes of a type's field affect operations that select it by an
// interface of the type, too.
func (c *comparison) alsoOf(def *ast.Definition, field *ast.FieldDefinition, changes []Change) {
	own := def.Name + "." + field.Name
	for _, name := range def.Interfaces {
		parent := c.old.Types[name]
		if parent == nil || parent.Fields.ForName(field.Name) == nil {
			continue
		}
		for i := range changes {
			for _, touch := range changes[i].touches {
				if rest, ok := strings.CutPrefix(touch, own); ok {
					changes[i].touches = append(changes[i].touches, name+"."+field.Name+rest)
				}
			}
		}
	}
}

// isMeta reports whether a field is one of introspection, which gqlparser adds.
func isMeta(field *ast.FieldDefinition) bool { return len(field.Name) > 1 && field.Name[:2] == "__" }

// narrows reports whether every value of the new type of a field is one of its old
// type for clients that know only the old one: they may differ in nullability.
func narrows(before, after *ast.Type) bool {
	if before.NonNull && !after.NonNull || (before.Elem == nil) != (after.Elem == nil) {
		return false
	}
	if before.Elem != nil {
		return narrows(before.Elem, after.Elem)
	}
	return before.NamedType == after.NamedType
}

func kindName(kind ast.DefinitionKind) string {
	switch kind {
	case ast.Object:
		return "the type"
	case ast.InputObject:
		return "the input type"
	case ast.Interface:
		return "the interface"
	case ast.Enum:
		return "the enum"
	case ast.Union:
		return "the union"
	default:
		return "the scalar"
	}
}

func article(kind ast.DefinitionKind) string {
	switch kind {
	case ast.Object:
		return "an object type"
	case ast.InputObject:
		return "an input type"
	case ast.Interface:
		return "an interface"
	case ast.Enum:
		return "an enum"
	case ast.Union:
		return "a union"
	default:
		return "a scalar"
	}
}
