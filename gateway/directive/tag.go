package directive

import (
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// TypePrefix begins the tags that every answer has for the types of its
// objects.
const TypePrefix = "type:"

// Tags returns the formats of all @cacheTag in one place. Variables have the
// position of their directive. Invalid formats are left out.
func Tags(directives ast.DirectiveList) []Text { return formats(directives, NameCacheTag, "format") }

// Invalidates returns the formats of the tags that a mutation invalidates, in
// the form of [Tags].
func Invalidates(directives ast.DirectiveList) []Text {
	return formats(directives, NameInvalidates, "tags")
}

func formats(directives ast.DirectiveList, name, argument string) []Text {
	var out []Text
	for _, d := range directives.ForNames(name) {
		for _, item := range items(d, argument) {
			text, err := ParseText(item.Raw)
			if err != nil {
				continue
			}
			for _, v := range text.Vars() {
				v.Pos = d.Position
			}
			out = append(out, text)
		}
	}
	return out
}

// tagged is the place of a tag.
type tagged struct {
	def   *ast.Definition
	field *ast.FieldDefinition // nil at a type
	root  bool                 // the field belongs to the query
	purge bool                 // the directive is @invalidates
}

// tagsOfType checks the tags of a type.
func (c checker) tagsOfType(def *ast.Definition) {
	for _, d := range def.Directives.ForNames(NameCacheTag) {
		c.tags(d, "format", tagged{def: def})
	}
}

// tagsOfField checks the tags that a field has and those that it invalidates.
func (c checker) tagsOfField(def *ast.Definition, field *ast.FieldDefinition) {
	in := tagged{def: def, field: field, root: def == c.Schema.Query}
	for _, d := range field.Directives.ForNames(NameCacheTag) {
		c.tags(d, "format", in)
	}
	in.purge = true
	for _, d := range field.Directives.ForNames(NameInvalidates) {
		if def != c.Schema.Mutation {
			c.report(d.Position, "write it at the mutation", "%s.%s is not a mutation, so it changes nothing", def.Name, field.Name)
			continue
		}
		c.tags(d, "tags", in)
	}
}

// tags checks the formats of one directive.
func (c checker) tags(d *ast.Directive, name string, in tagged) {
	if !c.literals(d) {
		return
	}
	list := items(d, name)
	if len(list) == 0 {
		c.report(d.Position, "", "%s is empty", name)
	}
	for _, item := range list {
		text, err := ParseText(item.Raw)
		if err != nil {
			c.report(item.Position, "", "%s", err.Error())
			continue
		}
		if strings.TrimSpace(item.Raw) == "" || strings.ContainsAny(text.literals(), ", \t\r\n") {
			c.report(item.Position, `write a tag such as "products" or "product-{$this.id}"`,
				"%s is not a valid tag: it must not be empty and must not have spaces or commas", strconv.Quote(item.Raw))
			continue
		}
		c.typeTag(item, in)
		c.variables(text, item, in)
	}
}

// typeTag checks a tag with [TypePrefix].
func (c checker) typeTag(item *ast.Value, in tagged) {
	name, ok := strings.CutPrefix(item.Raw, TypePrefix)
	switch {
	case !ok:
	case !in.purge:
		c.report(item.Position, "remove it", "every answer already has the tags %s of its types", TypePrefix)
	case c.Schema.Types[name] == nil || c.Schema.Types[name].Kind != ast.Object:
		var have []string
		for _, def := range c.Schema.Types {
			if def.Kind == ast.Object && !def.BuiltIn {
				have = append(have, def.Name)
			}
		}
		c.report(item.Position, c.hint(name, have), "there is no object type %s", name)
	}
}

// variables checks the variables of a tag.
func (c checker) variables(text Text, item *ast.Value, in tagged) {
	for _, v := range text.Vars() {
		switch {
		case v.Joined:
			c.report(item.Position, "remove ->join: a list makes a tag for each item", "%s has ->join, which a tag can't have", v)
		case v.Root == Args && in.field != nil:
			c.argumentOfTag(v, item, in.field)
		case v.Root == This && !in.purge && !in.root:
			c.fieldOfTag(v, item, in.def)
		default:
			c.report(item.Position, allowed(in), "%s is not available here", v)
		}
	}
	if text.Uses(Args) && text.Uses(This) {
		c.report(item.Position, "write two tags", "a tag is made of $this or of $args, not of both")
	}
}

func allowed(in tagged) string {
	switch {
	case in.field == nil:
		return "use {$this.x}, a field of " + in.def.Name
	case in.purge || in.root:
		return "use {$args.x}, an argument of " + in.field.Name
	}
	return "use {$this.x}, a field of " + in.def.Name + ", or {$args.x}, an argument of " + in.field.Name
}

// argumentOfTag checks that a variable is an argument, or a path through input
// objects and lists, that ends at a scalar or an enum.
func (c checker) argumentOfTag(v *Var, item *ast.Value, field *ast.FieldDefinition) {
	arg := field.Arguments.ForName(v.Path[0])
	if arg == nil {
		c.report(item.Position, c.hint(v.Path[0], argumentNames(field)), "%s has no argument %s", field.Name, v.Path[0])
		return
	}
	typ := arg.Type
	for _, name := range v.Path[1:] {
		if c.standsIn(typ) {
			return
		}
		def := c.Schema.Types[typ.Name()]
		member := def.Fields.ForName(name)
		if def.Kind != ast.InputObject || member == nil {
			c.report(item.Position, c.hint(name, fieldNames(def)), "%s has no field %s", def.Name, name)
			return
		}
		typ = member.Type
	}
	if !c.standsIn(typ) && !c.Schema.Types[typ.Name()].IsLeafType() {
		c.report(item.Position, "", "%s is an object: a tag is made of scalars and enums", v)
	}
}

// fieldOfTag checks that a variable is a field of the object, or of an object in
// it, that is a scalar or an enum.
func (c checker) fieldOfTag(v *Var, item *ast.Value, def *ast.Definition) {
	for i, name := range v.Path {
		field := def.Fields.ForName(name)
		if field == nil {
			c.report(item.Position, c.hint(name, fieldNames(def)), "%s has no field %s", def.Name, name)
			return
		}
		if c.standsIn(field.Type) {
			return
		}
		def = c.Schema.Types[field.Type.Name()]
		last := i == len(v.Path)-1
		if field.Type.Elem != nil || last != def.IsLeafType() {
			c.report(item.Position, "", "%s has the type %s: a tag is made of scalars and enums", v, field.Type)
			return
		}
	}
}
