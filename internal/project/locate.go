package project

import (
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
)

// located is the part of a document at a place: the type of a field or an argument, the
// smallest part of the document that can be left out, or a definition.
type located struct {
	typ  *ast.Position
	part *ast.Position
	def  *ast.Definition
}

func locate(doc *ast.SchemaDocument, at place) located {
	definitions := slices.Concat(doc.Definitions, doc.Extensions)
	for _, def := range definitions {
		if found := locateIn(def, at); found != (located{}) {
			found.def = def
			return found
		}
	}
	for _, def := range definitions {
		if placeOf(def.Position) == at {
			return located{def: def}
		}
	}
	for _, dir := range doc.Directives {
		if placeOf(dir.Position) == at {
			return located{part: dir.Position}
		}
		for _, arg := range dir.Arguments {
			if placeOf(arg.Position) == at || placeOf(arg.Type.Position) == at || holds(arg.DefaultValue, at) {
				return located{part: dir.Position}
			}
		}
	}
	return located{}
}

func locateIn(def *ast.Definition, at place) located {
	if part := inDirectives(def.Directives, at); part != nil {
		return located{part: part}
	}
	for _, value := range def.EnumValues {
		if part := inDirectives(value.Directives, at); part != nil {
			return located{part: part}
		}
		if placeOf(value.Position) == at {
			return located{part: value.Position}
		}
	}
	for _, field := range def.Fields {
		if found := locateInput(field.Position, field.Type, field.Directives, field.DefaultValue, at); found != (located{}) {
			return found
		}
		for _, arg := range field.Arguments {
			if found := locateInput(arg.Position, arg.Type, arg.Directives, arg.DefaultValue, at); found != (located{}) {
				return found
			}
		}
	}
	return located{}
}

// locateInput looks into a field or an argument.
func locateInput(pos *ast.Position, typ *ast.Type, dirs ast.DirectiveList, value *ast.Value, at place) located {
	if part := inDirectives(dirs, at); part != nil {
		return located{part: part}
	}
	if placeOf(typ.Position) == at {
		return located{typ: typ.Position, part: pos}
	}
	if placeOf(pos) == at || holds(value, at) {
		return located{part: pos}
	}
	return located{}
}

// inDirectives returns the position of the directive that the place is in.
func inDirectives(dirs ast.DirectiveList, at place) *ast.Position {
	for _, dir := range dirs {
		if placeOf(dir.Position) == at {
			return dir.Position
		}
		for _, arg := range dir.Arguments {
			if placeOf(arg.Position) == at || holds(arg.Value, at) {
				return dir.Position
			}
		}
	}
	return nil
}

// holds reports whether the place is in a value.
func holds(value *ast.Value, at place) bool {
	if value == nil {
		return false
	}
	if placeOf(value.Position) == at {
		return true
	}
	return slices.ContainsFunc(value.Children, func(child *ast.ChildValue) bool {
		return placeOf(child.Position) == at || holds(child.Value, at)
	})
}
