package plan

import (
	"slices"
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/internal/binding"
)

// maxAgeOf is how many seconds a loader's values are fresh for other requests, as a
// field that it resolves, or else its type, says; 0 when neither says anything.
func maxAgeOf(u callUser) int {
	places := []ast.DirectiveList{u.binding.Field.Directives}
	if of := u.frontend.Schema.Types[u.binding.Field.Type.Name()]; of != nil && of.IsCompositeType() {
		places = append(places, of.Directives)
	}
	for _, directives := range places {
		for _, d := range directives.ForNames(binding.CacheControlDirective) {
			if arg := d.Arguments.ForName("maxAge"); arg != nil {
				n, _ := strconv.Atoi(arg.Value.Raw) // another mistake has been reported
				return n
			}
		}
	}
	return 0
}

// Tag is a cache tag that each object of a level has.
type Tag []TagPart

// TagPart is a text as it is, or a value of the object.
type TagPart struct {
	Literal string
	Value   *Value // nil for a literal
}

// tags plans the tags that directives make of an object's fields. Those that
// arguments make are known without the object.
func (b *adapting) tags(a *Adapters, directives ...ast.DirectiveList) []Tag {
	var out []Tag
	for _, d := range slices.Concat(directives...).ForNames(binding.CacheTagDirective) {
		text, ok := ofObject(d)
		if !ok {
			continue
		}
		if tag := b.tag(a, d, text); tag != nil {
			out = append(out, tag)
		}
	}
	return out
}

// ofObject returns the text of a @cacheTag, and whether it is made of an object's
// fields.
func ofObject(d *ast.Directive) (binding.Text, bool) {
	text, err := binding.ParseText(d.Arguments.ForName("format").Value.Raw)
	return text, err == nil && slices.ContainsFunc(text.Vars(), func(v *binding.Var) bool { return v.Root == binding.This })
}

func (b *adapting) tag(a *Adapters, d *ast.Directive, text binding.Text) Tag {
	var tag Tag
	for _, part := range text {
		if part.Var == nil {
			tag = append(tag, TagPart{Literal: part.Literal})
			continue
		}
		at := *part.Var
		at.Pos = d.Position
		value, ok := b.value(a, &at)
		if !ok {
			return nil // reported
		}
		if !hasText(value.Type) {
			b.report.At(d.Position, "", "%s is %s in Go, which can't be a part of a tag", part.Var, shortType(value.Type))
			return nil
		}
		tag = append(tag, TagPart{Value: &value})
	}
	return tag
}

// tagsOf are the tags of an object type: its own, and those of its interfaces.
func (b *adapting) tagsOf(a *Adapters) []Tag {
	types := b.frontend.Schema.Types
	directives := []ast.DirectiveList{types[a.Name].Directives}
	for _, name := range types[a.Name].Interfaces {
		directives = append(directives, types[name].Directives)
	}
	return b.tags(a, directives...)
}

// tagsOfField are the tags of a field, and of the same field of interfaces.
func (b *adapting) tagsOfField(a *Adapters, f *ast.FieldDefinition) []Tag {
	types := b.frontend.Schema.Types
	directives := []ast.DirectiveList{types[a.Name].Fields.ForName(f.Name).Directives}
	for _, name := range types[a.Name].Interfaces {
		if same := types[name].Fields.ForName(f.Name); same != nil {
			directives = append(directives, same.Directives)
		}
	}
	return b.tags(a, directives...)
}

// tagged reports whether objects of a type have tags that are made of them.
func tagged(schema *ast.Schema, def *ast.Definition) bool {
	own := func(directives ast.DirectiveList) bool {
		return slices.ContainsFunc(directives.ForNames(binding.CacheTagDirective), func(d *ast.Directive) bool {
			_, ok := ofObject(d)
			return ok
		})
	}
	in := func(def *ast.Definition) bool {
		return own(def.Directives) || slices.ContainsFunc(def.Fields, func(f *ast.FieldDefinition) bool { return own(f.Directives) })
	}
	return in(def) || slices.ContainsFunc(def.Interfaces, func(name string) bool { return in(schema.Types[name]) })
}
