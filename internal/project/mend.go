package project

import (
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// mend changes a document so that what was found so far is not found again.
func (c *sdlCheck) mend(doc *ast.SchemaDocument) {
	for _, list := range []*ast.DefinitionList{&doc.Definitions, &doc.Extensions} {
		*list = slices.DeleteFunc(*list, func(d *ast.Definition) bool { return c.gone(d.Position) })
		for _, def := range *list {
			c.mendDefinition(def)
		}
	}
	doc.Directives = slices.DeleteFunc(doc.Directives, func(d *ast.DirectiveDefinition) bool { return c.gone(d.Position) })
}

func (c *sdlCheck) gone(pos *ast.Position) bool { return c.removed[placeOf(pos)] }

func (c *sdlCheck) mendDefinition(def *ast.Definition) {
	c.mendDirectives(&def.Directives)
	def.EnumValues = slices.DeleteFunc(def.EnumValues, func(v *ast.EnumValueDefinition) bool { return c.gone(v.Position) })
	for _, value := range def.EnumValues {
		c.mendDirectives(&value.Directives)
	}
	def.Fields = slices.DeleteFunc(def.Fields, func(f *ast.FieldDefinition) bool { return c.gone(f.Position) })
	for _, field := range def.Fields {
		c.mendDirectives(&field.Directives)
		c.mendType(field.Type)
		field.Arguments = slices.DeleteFunc(field.Arguments, func(a *ast.ArgumentDefinition) bool { return c.gone(a.Position) })
		for _, arg := range field.Arguments {
			c.mendDirectives(&arg.Directives)
			c.mendType(arg.Type)
		}
	}
	def.Interfaces = slices.DeleteFunc(def.Interfaces, func(name string) bool {
		return c.broken[name] || c.unrelated[[2]string{def.Name, name}]
	})
	if slices.ContainsFunc(def.Types, func(name string) bool { return c.broken[name] }) {
		def.Types, def.TypePositions = slices.DeleteFunc(def.Types, func(name string) bool { return c.broken[name] }), nil
	}
}

func (c *sdlCheck) mendDirectives(list *ast.DirectiveList) {
	*list = slices.DeleteFunc(*list, func(d *ast.Directive) bool { return c.gone(d.Position) })
}

func (c *sdlCheck) mendType(t *ast.Type) {
	if !c.retyped[placeOf(t.Position)] {
		return
	}
	for t.Elem != nil {
		t = t.Elem
	}
	t.NamedType = "String"
}

// orphans reports extensions of types that are not defined: the validator
// takes them for definitions.
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
