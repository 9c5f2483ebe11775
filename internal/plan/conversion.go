package plan

import (
	"go/types"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Conversion says how a value becomes a value of another type.
type Conversion struct {
	// From and To are the Go types.
	From, To types.Type
	// Scalar is the type of the value in a wrapper message such as
	// google.protobuf.StringValue, if From or To is one; else nil.
	Scalar types.Type
	// Func converts the value. If it is nil, and Enum, Object and Input are
	// too, Go converts it to To.
	Func *Func
	// Enum, Object, Choice and Input are converted by functions of the client.
	Enum   *Enum
	Object *Object
	Choice *Choice
	Input  *Input
	// Entries says that a list is sent as a map, and nothing else is set; nil for other
	// values.
	Entries *SentEntries
}

// Func is a function of one value.
type Func struct {
	Package string // import path
	Name    string
	Types   []types.Type // type arguments
	// Fails reports whether it returns an error too.
	Fails bool
}

// Fails reports whether the conversion can fail.
func (c Conversion) Fails() bool {
	return c.Func != nil && c.Func.Fails || c.Object != nil || c.Choice != nil || c.Input != nil || c.Enum != nil && !c.Sends()
}

// Sends reports whether a value of an enum of the schema becomes one of the
// service.
func (c Conversion) Sends() bool {
	return c.Enum != nil && TypeName(c.From) == TypeName(c.Enum.Model)
}

// Same reports whether the value stays as it is.
func (c Conversion) Same() bool {
	converts := c.Func != nil || c.Enum != nil || c.Scalar != nil
	composed := c.Object != nil || c.Choice != nil || c.Input != nil || c.Entries != nil
	return !converts && !composed && types.Identical(c.From, c.To)
}

func runtime(name string, args ...types.Type) *Func {
	return &Func{Package: GatewayPath + "/upstream", Name: name, Types: args}
}

// decoding returns a function of package decode that can fail.
func decoding(name string, args ...types.Type) *Func {
	return &Func{Package: GatewayPath + "/decode", Name: name, Types: args, Fails: true}
}

func failing(f *Func) *Func {
	f.Fails = true
	return f
}

// ident returns a type that protoc-gen-go generates.
func ident(id protogen.GoIdent, underlying types.Type) *types.Named {
	name := string(id.GoImportPath)
	return types.NewNamed(types.NewTypeName(0, types.NewPackage(name, name[strings.LastIndexByte(name, '/')+1:]), id.GoName, nil), underlying, nil)
}

// ProtoType returns the Go type of a field's value, or of an item of its list.
func ProtoType(f *protogen.Field) types.Type {
	kinds := map[protoreflect.Kind]types.BasicKind{
		protoreflect.BoolKind: types.Bool, protoreflect.StringKind: types.String,
		protoreflect.Int32Kind: types.Int32, protoreflect.Sint32Kind: types.Int32, protoreflect.Sfixed32Kind: types.Int32,
		protoreflect.Uint32Kind: types.Uint32, protoreflect.Fixed32Kind: types.Uint32,
		protoreflect.Int64Kind: types.Int64, protoreflect.Sint64Kind: types.Int64, protoreflect.Sfixed64Kind: types.Int64,
		protoreflect.Uint64Kind: types.Uint64, protoreflect.Fixed64Kind: types.Uint64,
		protoreflect.FloatKind: types.Float32, protoreflect.DoubleKind: types.Float64,
	}
	switch kind, ok := kinds[f.Desc.Kind()]; {
	case ok:
		return types.Typ[kind]
	case f.Desc.Kind() == protoreflect.BytesKind:
		return types.NewSlice(types.Universe.Lookup("byte").Type())
	case f.Enum != nil:
		return ident(f.Enum.GoIdent, types.Typ[types.Int32])
	}
	return messageType(f.Message)
}

// messageType returns the Go type of a message: a pointer.
func messageType(m *protogen.Message) types.Type {
	return types.NewPointer(ident(m.GoIdent, types.NewStruct(nil, nil)))
}

func isInteger(t types.Type) bool {
	kind, ok := Basic(t)
	return ok && IsPlain(t) && slices.Contains([]types.BasicKind{types.Int32, types.Int64, types.Uint32, types.Uint64}, kind)
}

func isKind(t types.Type, kinds ...types.BasicKind) bool {
	kind, ok := Basic(t)
	return ok && slices.Contains(kinds, kind)
}

func isBytes(t types.Type) bool {
	slice, ok := t.(*types.Slice)
	return ok && isKind(slice.Elem(), types.Uint8)
}

// fromProto plans how a field's value, or an item of its list, becomes a value
// of a GraphQL type. It returns false if it can't.
func (m *maker) fromProto(from reading, f *protogen.Field, name string) (Conversion, bool) {
	s := from.service
	def := m.union.Types[name]
	c := Conversion{From: ProtoType(f), To: m.models.Named(name)}
	if form := s.form(name, from.source); form.As != "" {
		if formed, ok := formFromProto(c, f, form); ok || from.source.Form.As != "" { // @service is about many fields
			return formed, ok
		}
	}
	switch {
	case def.Kind == ast.Object && f.Message != nil:
		c.Object = m.message(s, def, f.Message)
		return c, true
	case def.IsAbstractType() && f.Message != nil:
		c.Choice = m.choice(s, def, Protobuf, f.Message, from.pos)
		return c, true // what it lacks is reported
	case def.Kind == ast.Enum && f.Enum != nil:
		c.Enum = m.protoEnum(s, def, f.Enum)
		c.Enum.Read = true
		return c, true
	case def.Kind != ast.Scalar:
		return c, false
	case f.Message != nil:
		return fromWellKnown(f.Message, name, c)
	}
	return fromScalar(c, c.From, name)
}

// fromScalar plans how a scalar of type from becomes c.To. The scalar may be
// the value of a wrapper.
func fromScalar(c Conversion, from types.Type, name string) (Conversion, bool) {
	to := c.To
	switch {
	case isKind(from, types.Float32, types.Float64) && isKind(to, types.Float64) && IsPlain(to):
		c.Func = decoding("Finite", from)
	case isKind(from, types.Float32, types.Float64) && isKind(to, types.Float32, types.Float64) && (isKind(from, types.Float32) || isKind(to, types.Float64)):
		c.Func = decoding("FiniteAs", to, from)
	case widens(from, to):
	case isBytes(from) && isPlainString(to):
		c.Func = &Func{Package: GatewayPath + "/decode", Name: "Base64"}
	case isInteger(from) && name == "Int" && isKind(to, types.Int):
		c.Func = decoding("Small")
	case isKind(from, types.Uint64) && isKind(to, types.Int64) && IsPlain(to):
		c.Func = decoding("Signed")
	case isInteger(from) && isPlainString(to) && name != "String":
		c.Func = &Func{Package: GatewayPath + "/decode", Name: "Digits"}
	default:
		return c, false
	}
	return c, true
}

// widens reports whether Go converts every value of a field's type to the other
// type without loss.
func widens(from, to types.Type) bool {
	switch {
	case types.Identical(from, to):
		return true
	case !IsPlain(from):
		return false
	case IsString(from):
		return IsString(to)
	case isKind(from, types.Bool):
		return isKind(to, types.Bool)
	case isKind(from, types.Float32):
		return isKind(to, types.Float64)
	case isKind(from, types.Int32):
		return isKind(to, types.Int, types.Int64, types.Float64)
	case isKind(from, types.Uint32):
		return isKind(to, types.Int64, types.Float64)
	}
	return isKind(from, types.Int64) && isKind(to, types.Int64)
}

// fromWellKnown plans how a message of google.protobuf becomes a scalar.
func fromWellKnown(message *protogen.Message, name string, c Conversion) (Conversion, bool) {
	to := c.To
	if fn := wellKnown(string(message.Desc.FullName()), to); fn != "" {
		c.Func = decoding(fn)
		return c, true
	}
	switch {
	case message.Desc.FullName() == "google.protobuf.FieldMask" && isPlainString(to):
		c.Func = &Func{Package: GatewayPath + "/decode", Name: "Paths"}
		return c, true
	case isWrapper(message):
		c.Scalar = ProtoType(findField(message, "value"))
		return fromScalar(c, c.Scalar, name)
	case IsAny(to):
		c.Func = decoding("AnyMessage", c.From)
		return c, true
	}
	return c, false
}

// wellKnown returns the function that reads a message of google.protobuf; empty
// if there is none for the type.
func wellKnown(message string, to types.Type) string {
	text, anything := isPlainString(to), IsAny(to)
	switch strings.TrimPrefix(message, "google.protobuf.") {
	case "Timestamp":
		return choose(isTime(to), "Timestamp", text, "TimeText")
	case "Duration":
		return choose(TypeName(to) == "time.Duration", "Duration", text, "Seconds")
	case "Struct":
		return choose(anything, "AnyStruct", Nilable(to), "Struct")
	case "Value":
		return choose(anything, "AnyValue", false, "")
	case "ListValue":
		return choose(anything, "AnyList", false, "")
	}
	return ""
}

// scalarMessages returns the messages of google.protobuf, besides the wrappers, that are
// scalars of GraphQL.
func scalarMessages() []string {
	return []string{"Timestamp", "Duration", "FieldMask", "Struct", "Value", "ListValue", "Any"}
}

// choose returns the text of the first condition that holds; empty if none does.
func choose(a bool, first string, b bool, second string) string {
	switch {
	case a:
		return first
	case b:
		return second
	}
	return ""
}

// isWrapper reports whether m is a message that wraps a scalar, such as
// google.protobuf.StringValue.
func isWrapper(m *protogen.Message) bool {
	name := string(m.Desc.FullName())
	inner := findField(m, "value")
	return strings.HasPrefix(name, "google.protobuf.") && strings.HasSuffix(name, "Value") && inner != nil &&
		inner.Message == nil && inner.Enum == nil && !inner.Desc.IsList()
}

// intoProto plans how a Go value becomes the value of a field. Its GraphQL type
// is nil if it does not come from an argument. It returns false if it can't.
func (m *maker) intoProto(s *Service, field *protogen.Field, t types.Type, schema *ast.Type) (Conversion, bool) {
	var def *ast.Definition
	if schema != nil {
		def = m.union.Types[schema.Name()]
	}
	c := Conversion{From: t, To: ProtoType(field)}
	switch {
	case field.Message != nil:
		return m.intoMessage(s, field, def, c)
	case field.Enum == nil && def != nil && def.Kind == ast.Enum && IsString(c.To) && m.respelled(s, def):
		c.Enum = m.writtenEnum(s, def)
		return c, true
	case field.Enum == nil:
		return intoScalar(c, c.To, def)
	case def == nil || def.Kind != ast.Enum:
		return c, false
	}
	c.Enum = m.sentEnum(s, def, field.Enum)
	return c, true
}

// intoScalar plans how c.From becomes a scalar of type to, which may be the
// value of a wrapper.
func intoScalar(c Conversion, to types.Type, def *ast.Definition) (Conversion, bool) {
	t := c.From
	digits := isPlainString(t) && (def == nil || def.Name != "String")
	call := func(name string, args ...types.Type) (Conversion, bool) {
		c.Func = failing(runtime(name, args...))
		return c, true
	}
	switch {
	case sends(t, to):
		return c, true
	case isBytes(to) && isPlainString(t):
		return call("Bytes")
	case isKind(to, types.Int32, types.Int64) && digits:
		return call("ParseInt", to)
	case isKind(to, types.Uint32, types.Uint64) && digits:
		return call("ParseUint", to)
	case !IsPlain(t) || !isKind(t, types.Int, types.Int64):
		return c, false
	case isKind(to, types.Int32):
		return call("Int32")
	case isKind(to, types.Uint32):
		return call("Uint32")
	case isKind(to, types.Uint64):
		return call("Uint64")
	}
	return c, false
}

// sends reports whether Go converts every valid value of a Go type to a field's
// type.
func sends(from, to types.Type) bool {
	switch {
	case types.Identical(from, to):
		return true
	case !IsPlain(to):
		return false
	case IsString(to):
		return IsString(from)
	case isKind(to, types.Bool):
		return isKind(from, types.Bool)
	case isKind(to, types.Float32):
		return isKind(from, types.Float64)
	case isKind(to, types.Float64):
		return isKind(from, types.Int)
	}
	return isKind(to, types.Int64) && isKind(from, types.Int, types.Int32)
}

// intoMessage plans how a value becomes a message: an input object, or a
// message of google.protobuf.
func (m *maker) intoMessage(s *Service, field *protogen.Field, def *ast.Definition, c Conversion) (Conversion, bool) {
	call := func(f *Func) (Conversion, bool) {
		c.Func = f
		return c, true
	}
	t, full := c.From, string(field.Message.Desc.FullName())
	known := "google.golang.org/protobuf/types/known/"
	switch {
	case def != nil && def.Kind == ast.InputObject:
		if isWrapper(field.Message) || slices.Contains(scalarMessages(), strings.TrimPrefix(full, "google.protobuf.")) {
			return c, false
		}
		c.Input = m.input(s, def, field.Message)
		return c, true
	case full == "google.protobuf.Timestamp" && isTime(t):
		return call(&Func{Package: known + "timestamppb", Name: "New"})
	case full == "google.protobuf.Duration" && TypeName(t) == "time.Duration":
		return call(&Func{Package: known + "durationpb", Name: "New"})
	case full == "google.protobuf.Struct" && strings.HasPrefix(TypeName(t), "map[string]"):
		return call(&Func{Package: known + "structpb", Name: "NewStruct", Fails: true})
	case full == "google.protobuf.Duration" && isPlainString(t):
		return call(failing(runtime("Duration")))
	case IsAny(t) && slices.Contains([]string{"google.protobuf.Value", "google.protobuf.Struct", "google.protobuf.ListValue"}, full):
		return call(failing(runtime(string(field.Message.Desc.Name()))))
	case isWrapper(field.Message):
		c.Scalar = ProtoType(findField(field.Message, "value"))
		return intoScalar(c, c.Scalar, def)
	}
	return c, false
}
