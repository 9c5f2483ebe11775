package golang

import (
	"go/types"

	"github.com/99designs/gqlgen/codegen/config"
	"github.com/vektah/gqlparser/v2/ast"
)

// Binding is the schema of a frontend as gqlgen binds it to Go types.
type Binding struct {
	Schema  *ast.Schema
	Sources []*ast.Source
	Objects []*Bound
	Inputs  []*Input
	// Leaves are the references to scalars and enums in inputs, by their names.
	Leaves map[string]*config.TypeReference
}

// Bound is an object type.
type Bound struct {
	Def *ast.Definition
	// Type is the Go type of an object: a pointer, an interface or a map.
	Type types.Type
	// Implements are the names of its interfaces and unions.
	Implements []string
	Fields     []*BoundField
}

// BoundField is a field of a [Bound].
type BoundField struct {
	Def *ast.FieldDefinition
	// Ref is the type of the value.
	Ref *config.TypeReference
	// Args are the types of the arguments by their names.
	Args map[string]*config.TypeReference
	// Own is how an object has the value; nil if an adapter resolves the field.
	Own *Own
	// Leaf is the method of execute.Writer that writes one scalar or enum of the value;
	// empty if there is none.
	Leaf string
}

// Own is how a Go type has the value of a field.
type Own struct {
	// Expr is the value in the object obj: a field, a method, or the value of a map.
	Expr        string
	Method, Map bool
	// Has is a method that reports whether there is a value; empty for none.
	Has string
	// Context reports whether the method has a context. Fails and OK report whether it also
	// returns an error, or whether there is a value.
	Context, Fails, OK bool
}

// maybe reports whether there may be no value, whatever its type is.
func (o *Own) maybe() bool { return o.Map || o.OK || o.Has != "" }

// Input is an input object type.
type Input struct {
	Name   string
	Type   types.Type
	Map    bool // Type is a map
	Fields []InputField
}

// InputField is a field of an [Input].
type InputField struct {
	Name, GoName string
	Ref          *config.TypeReference
}
