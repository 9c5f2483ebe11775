package plan

import (
	"go/types"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/internal/binding"
	"github.com/portico-gateway/portico/internal/nearest"
)

// Constant is a value of the schema in Go.
type Constant struct {
	// Type is that of the value, with its pointer.
	Type types.Type
	// Scalar is a literal of a scalar or an enum; nil for other values.
	Scalar *ast.Value
	// Items are those of a list, and Fields those of an object. Both are nil for a scalar
	// and for null.
	Items  []Constant
	Fields []ConstantField
}

// IsNull reports whether the value is null.
func (c Constant) IsNull() bool { return c.Scalar == nil && c.Items == nil && c.Fields == nil }

// ConstantField is a field of an object.
type ConstantField struct {
	GoName string
	Value  Constant
}

// fallback plans the value of a field whose service is not available. It returns nil
// without one, and after a mistake, which is reported.
func (b *adapting) fallback(a *Adapter, own *binding.Binding) *Constant {
	v := own.Fallback
	if v == nil {
		return nil
	}
	if own.Page != nil && v.Kind == ast.ListValue {
		if len(v.Children) > 0 {
			b.report.At(v.Children[0].Value.Position, "write []", "the fallback of a connection is an empty page, or null")
			return nil
		}
		v = b.emptyPage(own.Field.Type.Name(), v.Position)
	}
	out, ok := b.constant(v, own.Field.Type, a.Type, own.Parent.Name+"."+own.Field.Name)
	if !ok {
		return nil
	}
	return &out
}

// emptyPage returns the object of a page without rows. What is not known of the page is
// null, if it can be.
func (b *adapting) emptyPage(connection string, pos *ast.Position) *ast.Value {
	value := func(kind ast.ValueKind, raw string) *ast.Value {
		return &ast.Value{Kind: kind, Raw: raw, Position: pos}
	}
	object := value(ast.ObjectValue, "")
	set := func(in *ast.Value, name string, v *ast.Value) {
		in.Children = append(in.Children, &ast.ChildValue{Name: name, Value: v, Position: pos})
	}
	for _, field := range b.frontend.Schema.Types[connection].Fields {
		switch {
		case field.Name == "nodes" || field.Name == "edges":
			set(object, field.Name, value(ast.ListValue, ""))
		case field.Name == "totalCount" && field.Type.NonNull:
			set(object, field.Name, value(ast.IntValue, "0"))
		case field.Name == "pageInfo":
			info := value(ast.ObjectValue, "")
			for _, flag := range b.frontend.Schema.Types[field.Type.Name()].Fields {
				if flag.Name == "hasNextPage" || flag.Name == "hasPreviousPage" {
					set(info, flag.Name, value(ast.BooleanValue, "false"))
				}
			}
			set(object, field.Name, info)
		}
	}
	return object
}

// constant plans a value of a type, whose name for a message is given. It returns false
// after a mistake, which is reported.
func (b *adapting) constant(v *ast.Value, t *ast.Type, goType types.Type, name string) (Constant, bool) {
	out := Constant{Type: goType}
	def := b.frontend.Schema.Types[t.Name()]
	slice, isSlice := goType.(*types.Slice)
	switch {
	case v.Kind == ast.NullValue && t.NonNull:
		b.report.At(v.Position, instead(t), "%s is %s, which can't be null", name, t)
	case v.Kind == ast.NullValue && Nilable(goType):
		return out, true
	case t.Elem != nil && v.Kind != ast.ListValue:
		b.report.At(v.Position, "write a list, such as []", "%s is %s, but its fallback is %s", name, t, v)
	case t.Elem != nil && isSlice:
		out.Items = []Constant{}
		for _, child := range v.Children {
			item, ok := b.constant(child.Value, t.Elem, slice.Elem(), "an item of "+name)
			if !ok {
				return out, false
			}
			out.Items = append(out.Items, item)
		}
		return out, true
	case def.IsAbstractType():
		b.report.At(v.Position, "write null or [], or a method", "%s is %s, of which @fallback can have no object: its type would not be known", name, t)
	case def.Kind == ast.Object:
		return b.constantObject(v, def, goType, name)
	case b.fitsLeaf(v, def, goType):
		out.Scalar = v
		return out, true
	default:
		b.report.At(v.Position, leafFix(def, goType), "%s is %s (%s in Go), which can't be %s", name, t, shortType(Element(goType)), v)
	}
	return out, false
}

// constantObject is constant for an object.
func (b *adapting) constantObject(v *ast.Value, def *ast.Definition, goType types.Type, name string) (Constant, bool) {
	out := Constant{Type: goType, Fields: []ConstantField{}}
	if v.Kind != ast.ObjectValue {
		b.report.At(v.Position, "write an object with its fields", "%s is %s, which can't be %s", name, def.Name, v)
		return out, false
	}
	if !isStruct(Element(goType)) {
		b.report.At(v.Position, "write null or [], or a method", "%s is %s in Go, which is no struct", name, shortType(goType))
		return out, false
	}
	before := b.report.Len()
	given := map[string]bool{}
	for _, child := range v.Children {
		field, full := def.Fields.ForName(child.Name), def.Name+"."+child.Name
		switch variable := structField(goType, GoName(child.Name)); {
		case field == nil || strings.HasPrefix(child.Name, "__"):
			b.report.At(child.Position, nearest.Hint(child.Name, fieldsOf(def)), "%s has no field %s", def.Name, child.Name)
		case b.resolved(b.frontend, def.Name, child.Name):
			b.report.At(child.Position, "remove it", "%s has a binding or a method, which resolves it for the fallback too", full)
		case variable == nil:
			b.report.At(child.Position, "remove it, or write a method", "the Go type %s has no field for %s", shortType(Element(goType)), full)
		default:
			if value, ok := b.constant(child.Value, field.Type, variable.Type(), full); ok {
				out.Fields = append(out.Fields, ConstantField{variable.Name(), value})
			}
		}
		given[child.Name] = true
	}
	for _, field := range def.Fields {
		if field.Type.NonNull && !given[field.Name] && !strings.HasPrefix(field.Name, "__") && !b.resolved(b.frontend, def.Name, field.Name) {
			b.report.At(v.Position, "add "+field.Name, "the fallback of %s has no %s, which can't be null", name, field.Name)
		}
	}
	return out, b.report.Len() == before
}

// instead returns what would fix null.
func instead(t *ast.Type) string {
	if t.Elem != nil {
		return "write a list, such as []"
	}
	return "write a value, or make it nullable"
}

// leafFix returns what would fix a literal of a scalar or an enum.
func leafFix(def *ast.Definition, goType types.Type) string {
	if def.Kind == ast.Enum {
		var names []string
		for _, v := range def.EnumValues {
			names = append(names, v.Name)
		}
		return "write a value of the enum: " + strings.Join(names, ", ")
	}
	if _, ok := Basic(Element(goType)); !ok {
		return "write null: only a scalar that is a string, a number or a Boolean in Go can have another fallback"
	}
	return ""
}

func fieldsOf(def *ast.Definition) []string {
	var names []string
	for _, f := range def.Fields {
		if !strings.HasPrefix(f.Name, "__") {
			names = append(names, f.Name)
		}
	}
	return names
}

// fitsLeaf reports whether a literal is a value of a scalar or an enum (GraphQL
// specification, section 3.5 and 3.9), and of its Go type.
func (b *adapting) fitsLeaf(v *ast.Value, def *ast.Definition, goType types.Type) bool {
	kinds := map[string][]ast.ValueKind{
		"Int": {ast.IntValue}, "Float": {ast.IntValue, ast.FloatValue}, "Boolean": {ast.BooleanValue},
		"String": {ast.StringValue, ast.BlockValue}, "ID": {ast.StringValue, ast.BlockValue, ast.IntValue},
	}[def.Name]
	switch {
	case def.Kind == ast.Enum:
		if v.Kind != ast.EnumValue || def.EnumValues.ForName(v.Raw) == nil {
			return false
		}
	case v.Kind == ast.EnumValue || kinds != nil && !slices.Contains(kinds, v.Kind):
		return false
	}
	if def.Name == "ID" && v.Kind == ast.IntValue && IsString(Element(goType)) {
		return true
	}
	if kind, _ := Basic(Element(goType)); v.Kind == ast.IntValue || v.Kind == ast.FloatValue {
		bits := 64
		if kind == types.Float32 {
			bits = 32
		}
		if _, err := strconv.ParseFloat(v.Raw, bits); err != nil {
			return false // it is too large for Go's compiler
		}
	}
	if n, err := strconv.ParseInt(v.Raw, 10, 64); def.Name == "Int" && (err != nil || n > math.MaxInt32 || n < math.MinInt32) {
		return false
	}
	return Literal(v, goType)
}
