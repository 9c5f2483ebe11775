package plan

import (
	"go/types"
	"strings"

	"github.com/99designs/gqlgen/codegen/templates"
)

// The import paths of the libraries whose types generated code has.
const (
	// GQLGenPath is the import path of gqlgen's runtime.
	GQLGenPath = "github.com/99designs/gqlgen/graphql"
	ScalarPath = GatewayPath + "/scalar"
	// GatewayPath is the import path of the runtime library.
	GatewayPath = "github.com/portico-gateway/portico/gateway"
)

// GoName returns the exported Go name that gqlgen uses for a name of the schema.
func GoName(name string) string { return templates.ToGo(name) }

// GoParam returns the Go name that gqlgen uses for an argument.
func GoParam(name string) string { return templates.ToGoPrivate(name) }

// TypeName returns the name of a type with full import paths. It is the same
// however its packages were loaded.
func TypeName(t types.Type) string { return types.TypeString(t, nil) }

// shortType returns the name of a type for a message.
func shortType(t types.Type) string {
	return types.TypeString(t, func(p *types.Package) string { return p.Name() })
}

// pointed returns the type with a pointer to the struct in it, as models have
// objects.
func pointed(t types.Type) types.Type {
	switch t := t.(type) {
	case *types.Slice:
		return types.NewSlice(pointed(t.Elem()))
	case *types.Pointer:
		return t
	}
	if Nilable(t) {
		return t
	}
	return types.NewPointer(t)
}

// Element returns the type that a pointer points to, or t if it is not a
// pointer.
func Element(t types.Type) types.Type {
	if p, ok := t.(*types.Pointer); ok {
		return p.Elem()
	}
	return t
}

// Omittable returns the type argument of a graphql.Omittable, the type of an
// input field that can be absent. It returns t and false for other types.
func Omittable(t types.Type) (types.Type, bool) {
	n, ok := t.(*types.Named)
	if !ok || n.TypeArgs().Len() != 1 || n.Obj().Pkg() == nil || n.Obj().Pkg().Path() != GQLGenPath || n.Obj().Name() != "Omittable" {
		return t, false
	}
	return n.TypeArgs().At(0), true
}

// IsPointer reports whether t is a pointer.
func IsPointer(t types.Type) bool {
	_, ok := t.(*types.Pointer)
	return ok
}

// Nilable reports whether nil is a value of t.
func Nilable(t types.Type) bool {
	switch t.Underlying().(type) {
	case *types.Pointer, *types.Slice, *types.Map, *types.Interface, *types.Chan, *types.Signature:
		return true
	}
	return false
}

// Basic returns the kind of a type whose underlying type is basic. It returns
// false for other types.
func Basic(t types.Type) (types.BasicKind, bool) {
	b, ok := t.Underlying().(*types.Basic)
	if !ok {
		return 0, false
	}
	return b.Kind(), true
}

// IsString reports whether the underlying type of t is string.
func IsString(t types.Type) bool {
	kind, ok := Basic(t)
	return ok && kind == types.String
}

// IsPlain reports whether t is a predeclared basic type.
func IsPlain(t types.Type) bool {
	_, ok := t.(*types.Basic)
	return ok
}

func isPlainString(t types.Type) bool { return IsString(t) && IsPlain(t) }

// IsAny reports whether t is the type any.
func IsAny(t types.Type) bool {
	i, ok := t.Underlying().(*types.Interface)
	return ok && i.Empty()
}

func isStruct(t types.Type) bool {
	_, ok := t.Underlying().(*types.Struct)
	return ok
}

func isTime(t types.Type) bool { return TypeName(t) == "time.Time" }

// hasText reports whether values of t have one obvious text.
func hasText(t types.Type) bool {
	kind, ok := Basic(t)
	return isTime(t) || ok && kind != types.Complex64 && kind != types.Complex128 && kind != types.UnsafePointer && kind != types.Invalid
}

// structField finds a field of a Go type that is a struct; nil if there is none.
// A hand-written type may have the name in other letters, as gqlgen allows.
func structField(t types.Type, name string) *types.Var {
	s, ok := Element(t).Underlying().(*types.Struct)
	if !ok {
		return nil
	}
	var near *types.Var
	for field := range s.Fields() {
		if field.Name() == name {
			return field
		}
		if field.Exported() && strings.EqualFold(field.Name(), name) && near == nil {
			near = field
		}
	}
	return near
}
