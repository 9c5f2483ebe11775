package schemadiff

import (
	"fmt"
	"maps"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
)

// Change is one difference between two schemas.
type Change struct {
	Code  Code
	Level Level
	// Coordinate is the schema coordinate of what changed (GraphQL
	// specification, section 3.14), such as "Product.reviews(first:)".
	Coordinate string
	// Message is a sentence without a full stop.
	Message string
	// At is the position in the new schema, or in the old one if InOld. Its zero
	// value is that of a definition which is in no file.
	At Place
	// InOld reports whether what changed is no longer in the new schema.
	InOld bool

	// Affected is set by [Check].
	Affected

	touches []string           // the uses of an operation that the change affects: see uses.go
	refuses func(float64) bool // the numbers that an argument or an input field no longer takes; nil for none
}

// Place is a position in a file. Line and Column count from 1.
type Place struct {
	File         string
	Line, Column int
}

// String returns "file:line:column".
func (p Place) String() string { return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column) }

func placeOf(pos *ast.Position) Place {
	if pos == nil || pos.Src == nil || pos.Src.BuiltIn {
		return Place{}
	}
	return Place{pos.Src.Name, pos.Line, pos.Column}
}

type comparison struct {
	old, new *ast.Schema
	levels   map[Code]Level
	returns  map[string][]string // the fields of the old schema that return a type
	takes    map[string][]string // its arguments and input fields of a type
	changes  []Change
}

// subject is what changed: its coordinate and its position in one of the schemas.
type subject struct {
	coordinate string
	at         *ast.Position
	inOld      bool
	touches    []string
}

// is returns a subject of the new schema. touches are the uses that changes of it
// affect.
func is(coordinate string, at *ast.Position, touches ...string) subject {
	return subject{coordinate: coordinate, at: at, touches: touches}
}

// was returns a subject of the old schema.
func was(coordinate string, at *ast.Position, touches ...string) subject {
	return subject{coordinate: coordinate, at: at, inOld: true, touches: touches}
}

func (c *comparison) add(code Code, s subject, format string, args ...any) {
	message := fmt.Sprintf(format, args...)
	c.changes = append(c.changes, Change{
		Code: code, Level: c.levels[code], Coordinate: s.coordinate, Message: message, At: placeOf(s.at), InOld: s.inOld, touches: s.touches,
	})
}

// returned returns the coordinates of the fields that return each type. A field of
// an interface returns what the same fields of its types return, too.
func returned(s *ast.Schema) map[string][]string {
	found := map[string][]string{}
	for _, name := range typeNames(s) {
		if def := s.Types[name]; def.Kind != ast.InputObject {
			for _, field := range def.Fields {
				of := field.Type.Name()
				found[of] = append(found[of], name+"."+field.Name)
				for _, parent := range def.Interfaces {
					if i := s.Types[parent]; i != nil && i.Fields.ForName(field.Name) != nil {
						found[of] = append(found[of], parent+"."+field.Name)
					}
				}
			}
		}
	}
	return found
}

// taken returns the coordinates of the arguments and input fields of each type.
func taken(s *ast.Schema) map[string][]string {
	found := map[string][]string{}
	for _, name := range typeNames(s) {
		def := s.Types[name]
		for _, field := range def.Fields {
			if def.Kind == ast.InputObject {
				found[field.Type.Name()] = append(found[field.Type.Name()], name+"."+field.Name)
			}
			for _, arg := range field.Arguments {
				found[arg.Type.Name()] = append(found[arg.Type.Name()], argument(name+"."+field.Name, arg.Name))
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Directives)) {
		for _, arg := range s.Directives[name].Arguments {
			found[arg.Type.Name()] = append(found[arg.Type.Name()], argument("@"+name, arg.Name))
		}
	}
	return found
}

// argument returns the coordinate of an argument of a field or of a directive.
func argument(of, name string) string { return of + "(" + name + ":)" }

// typeNames returns the names of the types that a schema defines, sorted.
func typeNames(s *ast.Schema) []string {
	var names []string
	for name, def := range s.Types {
		if !def.BuiltIn {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
