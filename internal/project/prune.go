package project

import (
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// prune leaves the invalid parts found so far out of a document, so that the
// validator goes on to the next mistake.
func (c *sdlCheck) prune(doc *ast.SchemaDocument) {
	for _, list := range []*ast.DefinitionList{&doc.Definitions, &doc.Extensions} {
		*list = slices.DeleteFunc(*list, func(d *ast.Definition) bool { return c.gone(d.Position) })
		for _, def := range *list {
			c.pruneDefinition(def)
		}
	}
	doc.Directives = slices.DeleteFunc(doc.Directives, func(d *ast.DirectiveDefinition) bool { return c.gone(d.Position) })
}

func (c *sdlCheck) gone(pos *ast.Position) bool { return c.removed[placeOf(pos)] }

func (c *sdlCheck) pruneDefinition(def *ast.Definition) {
	c.pruneDirectives(&def.Directives)
	def.EnumValues = slices.DeleteFunc(def.EnumValues, func(v *ast.EnumValueDefinition) bool { return c.gone(v.Position) })
	for _, value := range def.EnumValues {
		c.pruneDirectives(&value.Directives)
	}
	def.Fields = slices.DeleteFunc(def.Fields, func(f *ast.FieldDefinition) bool { return c.gone(f.Position) })
	for _, field := range def.Fields {
		c.pruneDirectives(&field.Directives)
		c.pruneType(field.Type)
		field.Arguments = slices.DeleteFunc(field.Arguments, func(a *ast.ArgumentDefinition) bool { return c.gone(a.Position) })
		for _, arg := range field.Arguments {
			c.pruneDirectives(&arg.Directives)
			c.pruneType(arg.Type)
		}
	}
	def.Interfaces = slices.DeleteFunc(def.Interfaces, func(name string) bool {
		return c.broken[name] || c.unrelated[[2]string{def.Name, name}]
	})
	if slices.ContainsFunc(def.Types, func(name string) bool { return c.broken[name] }) {
		def.Types, def.TypePositions = slices.DeleteFunc(def.Types, func(name string) bool { return c.broken[name] }), nil
	}
}

func (c *sdlCheck) pruneDirectives(list *ast.DirectiveList) {
	*list = slices.DeleteFunc(*list, func(d *ast.Directive) bool { return c.gone(d.Position) })
}

func (c *sdlCheck) pruneType(t *ast.Type) {
	if !c.retyped[placeOf(t.Position)] {
		return
	}
	for t.Elem != nil {
		t = t.Elem
	}
	t.NamedType = "String"
}

// orphans reports extensions of types that are not defined, which the validator
// takes for definitions.
func (c *sdlCheck) orphans(doc *ast.SchemaDocument) {
	doc.Extensions = slices.DeleteFunc(doc.Extensions, func(ext *ast.Definition) bool {
		if doc.Definitions.ForName(ext.Name) != nil {
			return false
		}
		if !c.broken[ext.Name] && !c.removed[placeOf(ext.Position)] {
			fix := "define it, in schema/shared/ or in the frontend's folder"
			if near := DidYouMean(ext.Name, definedNames(doc)); near != "" {
				fix = near
			}
			c.At(ext.Position, fix, "this frontend has no type %s to extend", ext.Name)
		}
		c.removed[placeOf(ext.Position)] = true
		return true
	})
}

func definedNames(doc *ast.SchemaDocument) []string {
	var names []string
	for _, def := range doc.Definitions {
		if !strings.HasPrefix(def.Name, "__") {
			names = append(names, def.Name)
		}
	}
	return names
}
