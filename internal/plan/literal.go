package plan

import (
	"go/constant"
	"go/token"
	"go/types"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// Literal reports whether a constant of the schema is a value of a Go type, or
// of the type that it points to.
func Literal(v *ast.Value, t types.Type) bool {
	t = Element(t)
	kind, ok := Basic(t)
	if !ok {
		return false
	}
	switch v.Kind {
	case ast.StringValue, ast.BlockValue, ast.EnumValue:
		return kind == types.String
	case ast.BooleanValue:
		return kind == types.Bool
	case ast.IntValue:
		return fits(v.Raw, t)
	case ast.FloatValue:
		return slices.Contains([]types.BasicKind{types.Float32, types.Float64}, kind)
	}
	return false
}

// fits reports whether an integer literal is a value of a numeric Go type.
func fits(raw string, t types.Type) bool {
	basic, ok := t.Underlying().(*types.Basic)
	if !ok || basic.Info()&types.IsNumeric == 0 {
		return false
	}
	value := constant.MakeFromLiteral(raw[signs(raw):], token.INT, 0)
	if signs(raw) > 0 {
		value = constant.UnaryOp(token.SUB, value, 0)
	}
	bits := map[types.BasicKind]int{
		types.Int: 64, types.Int64: 64, types.Int32: 32, types.Int16: 16, types.Int8: 8,
		types.Uint: 64, types.Uint64: 64, types.Uint32: 32, types.Uint16: 16, types.Uint8: 8,
	}[basic.Kind()]
	switch {
	case bits == 0: // a floating-point number
		return true
	case basic.Info()&types.IsUnsigned != 0:
		return constant.Sign(value) >= 0 && constant.BitLen(value) <= bits
	case constant.Sign(value) < 0: // the least number has a bit more
		return constant.BitLen(constant.BinaryOp(value, token.ADD, constant.MakeInt64(1))) < bits
	}
	return constant.BitLen(value) < bits
}

// signs returns the number of characters of a literal's sign.
func signs(raw string) int {
	if strings.HasPrefix(raw, "-") {
		return 1
	}
	return 0
}
