package bindgen

import (
	"fmt"
	"go/types"
	"strconv"
	"strings"

	"github.com/99designs/gqlgen/codegen/config"
	"github.com/vektah/gqlparser/v2/ast"
)

// goTypes finds the Go types of GraphQL types, as gqlgen.yml and the generated
// models have them.
type goTypes struct {
	union  *ast.Schema
	binder *config.Binder
}

// of is the Go type of a GraphQL type. A list of input objects has pointers.
func (g *goTypes) of(t *ast.Type) (types.Type, error) {
	ref, err := g.binder.TypeReference(t, nil)
	if err != nil {
		return nil, fmt.Errorf("no Go type of %s: %w", t, err)
	}
	if def := g.union.Types[t.Name()]; def != nil && def.Kind == ast.Object {
		return pointed(ref.GO), nil
	}
	return ref.GO, nil
}

// pointed is the type with a pointer to the struct in it, which is how models
// have objects.
func pointed(t types.Type) types.Type {
	switch t := t.(type) {
	case *types.Slice:
		return types.NewSlice(pointed(t.Elem()))
	case *types.Pointer:
		return t
	}
	if nilable(t) {
		return t
	}
	return types.NewPointer(t)
}

// named is the Go type of one value that is not null.
func (g *goTypes) named(name string) (types.Type, error) {
	t, err := g.of(&ast.Type{NamedType: name, NonNull: true})
	if err != nil {
		return nil, err
	}
	return element(t), nil
}

// element is what a pointer points to, or the type itself.
func element(t types.Type) types.Type {
	if p, ok := t.(*types.Pointer); ok {
		return p.Elem()
	}
	return t
}

// omittable returns the type in a graphql.Omittable, and whether t is one: a
// field of an input object that can be absent.
func omittable(t types.Type) (types.Type, bool) {
	n, ok := t.(*types.Named)
	if !ok || n.TypeArgs().Len() != 1 || n.Obj().Pkg() == nil || n.Obj().Pkg().Path() != gqlgenPath || n.Obj().Name() != "Omittable" {
		return t, false
	}
	return n.TypeArgs().At(0), true
}

// gqlgenPath is the import path of gqlgen's runtime library.
const gqlgenPath = "github.com/99designs/gqlgen/graphql"

func isPointer(t types.Type) bool {
	_, ok := t.(*types.Pointer)
	return ok
}

// basic tells the kind of a type that is, or is defined as, a basic one.
func basic(t types.Type) (types.BasicKind, bool) {
	b, ok := t.Underlying().(*types.Basic)
	if !ok {
		return 0, false
	}
	return b.Kind(), true
}

// isString tells a type that is, or is defined as, string.
func isString(t types.Type) bool {
	kind, ok := basic(t)
	return ok && kind == types.String
}

// isPlain tells a basic type without a name of its own.
func isPlain(t types.Type) bool {
	_, ok := t.(*types.Basic)
	return ok
}

// textOf spells the text of a Go value; false when it has none that everyone
// would expect.
func textOf(t types.Type, expr string) (string, bool) {
	if typeName(t) == "time.Time" {
		return strings.TrimPrefix(expr, "*") + ".Format(" + imported("time") + ".RFC3339Nano)", true
	}
	kind, ok := basic(t)
	if !ok {
		return "", false
	}
	convert := func(to string) string {
		if isPlain(t) && typeName(t) == to {
			return expr
		}
		return to + "(" + expr + ")"
	}
	switch kind {
	case types.String:
		return convert("string"), true
	case types.Bool:
		return imported("strconv") + ".FormatBool(" + convert("bool") + ")", true
	case types.Int:
		return imported("strconv") + ".Itoa(" + convert("int") + ")", true
	case types.Int8, types.Int16, types.Int32, types.Int64:
		return imported("strconv") + ".FormatInt(" + convert("int64") + ", 10)", true
	case types.Uint, types.Uint8, types.Uint16, types.Uint32, types.Uint64:
		return imported("strconv") + ".FormatUint(" + convert("uint64") + ", 10)", true
	case types.Float32, types.Float64:
		return imported("strconv") + ".FormatFloat(" + convert("float64") + ", 'f', -1, 64)", true
	}
	return "", false
}

// literal spells a constant of the schema as a Go value of a type; false when
// it does not fit.
func literal(v *ast.Value, t types.Type) (string, bool) {
	kind, ok := basic(t)
	if !ok {
		return "", false
	}
	text := ""
	switch v.Kind {
	case ast.StringValue, ast.BlockValue, ast.EnumValue:
		if kind != types.String {
			return "", false
		}
		text = strconv.Quote(v.Raw)
	case ast.BooleanValue:
		if kind != types.Bool {
			return "", false
		}
		text = v.Raw
	case ast.IntValue:
		if info := t.Underlying().(*types.Basic).Info(); info&types.IsNumeric == 0 { //nolint:forcetypeassert // basic has seen it
			return "", false
		}
		text = v.Raw
	case ast.FloatValue:
		if kind != types.Float32 && kind != types.Float64 {
			return "", false
		}
		text = v.Raw
	default:
		return "", false
	}
	if isPlain(t) && (kind == types.String || kind == types.Bool || kind == types.Int) {
		return text, true
	}
	return spelled(t) + "(" + text + ")", true
}
