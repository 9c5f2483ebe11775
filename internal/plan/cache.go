package plan

import (
	"slices"
	"time"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/directive"
)

// maxAgeOf returns for how many seconds a loader's values may be kept for other
// requests: the maxAge of the field, or else of its type; 0 if neither has one, or
// if headers of the answer are the caller's.
func maxAgeOf(u callUser) int {
	if u.binding.IsPassing() {
		return 0
	}
	hint := directive.CacheControlOf(u.binding.Field.Directives)
	if of := u.frontend.Schema.Types[u.binding.Field.Type.Name()]; of != nil && of.IsCompositeType() {
		hint = hint.Or(directive.CacheControlOf(of.Directives))
	}
	if hint.MaxAge == nil {
		return 0
	}
	return int(*hint.MaxAge / time.Second)
}

// Tag is a cache tag that each object of a level has, as the texts that it is
// concatenated from.
type Tag []TagPart

// TagPart is a literal, or a value of the object.
type TagPart struct {
	Literal string
	Value   *Value // nil for a literal
}

// tags plans the tags that are made of an object's fields. Tags that are made
// of arguments need no object; package provenance adds them.
func (b *adapting) tags(a *Adapters, directives ...ast.DirectiveList) []Tag {
	var out []Tag
	for _, text := range directive.Tags(slices.Concat(directives...)) {
		if !text.Uses(directive.This) {
			continue
		}
		if tag := b.tag(a, text); tag != nil {
			out = append(out, tag)
		}
	}
	return out
}

func (b *adapting) tag(a *Adapters, text directive.Text) Tag {
	var tag Tag
	for _, part := range text {
		if part.Var == nil {
			tag = append(tag, TagPart{Literal: part.Literal})
			continue
		}
		value, ok := b.value(a, part.Var)
		if !ok {
			return nil // reported
		}
		if !hasText(value.Type) {
			b.report.At(part.Var.Pos, "", "%s is %s in Go, which can't be a part of a tag", part.Var, shortType(value.Type))
			return nil
		}
		tag = append(tag, TagPart{Value: &value})
	}
	return tag
}

// tagsOf returns the tags of an object type and of its interfaces.
func (b *adapting) tagsOf(a *Adapters) []Tag {
	types := b.frontend.Schema.Types
	directives := []ast.DirectiveList{types[a.Name].Directives}
	for _, name := range types[a.Name].Interfaces {
		directives = append(directives, types[name].Directives)
	}
	return b.tags(a, directives...)
}

// tagsOfField returns the tags of a field, and of the same field of interfaces.
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
