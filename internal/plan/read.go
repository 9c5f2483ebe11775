package plan

import (
	"go/types"
	"slices"
	"strings"

	"github.com/99designs/gqlgen/codegen/templates"
	"github.com/vektah/gqlparser/v2/ast"
	"google.golang.org/protobuf/compiler/protogen"

	"github.com/portico-gateway/portico/gateway/directive"
	"github.com/portico-gateway/portico/internal/project"
)

// Format is the format of an answer.
type Format int

// The formats.
const (
	JSON Format = iota
	XML
	Protobuf
)

// Read says how a value of a GraphQL type is read from an answer: a list whose
// items Item reads, or an object, a scalar or an enum that Into converts.
type Read struct {
	Type *ast.Type
	// Model is the Go type of the value.
	Model types.Type
	Item  *Read
	Into  Conversion
	// Fields are the path of the value in a message. They are nil in a row,
	// where a [Place] has it.
	Fields []*protogen.Field
}

// Object returns how the value, or an item of it, is read if it is an object;
// nil for scalars and enums.
func (r *Read) Object() *Object {
	for r.Item != nil {
		r = r.Item
	}
	return r.Into.Object
}

// Decoded returns the Go type that the value is decoded into: a pointer, unless
// the type itself can be nil.
func (r *Read) Decoded() types.Type {
	if r.Item != nil {
		return types.NewSlice(r.Item.Decoded())
	}
	if Nilable(r.Into.From) {
		return r.Into.From
	}
	return types.NewPointer(r.Into.From)
}

// Object says how an object type is read from the answers of a service.
type Object struct {
	Def    *ast.Definition
	Model  types.Type
	Format Format
	// Message is the message that it is read from; nil in JSON and XML.
	Message *protogen.Message
	// Row is the struct that JSON and XML are decoded into; nil for a message.
	Row    *Shape
	Fields []*Field

	row     *types.Named // the Go type of Row
	settled int          // whether settle has started (1) or finished (2)
}

// order distinguishes the objects of one type.
func (o *Object) order() string {
	if o.Message != nil {
		return string(o.Message.Desc.FullName())
	}
	return ""
}

func (e *Enum) order() string {
	if e.Proto != nil {
		return string(e.Proto.Desc.FullName())
	}
	return ""
}

func (in *Input) order() string {
	if in.Message != nil {
		return string(in.Message.Desc.FullName())
	}
	return ""
}

// RowName returns the Go type that rows of an object type are decoded into.
func RowName(def *ast.Definition, format Format) string {
	if format == XML {
		return templates.LcFirst(GoName(def.Name)) + "XML"
	}
	return templates.LcFirst(GoName(def.Name)) + "Row"
}

// Field says how a field of an object is read.
type Field struct {
	// Name is the field's name in the schema, and GoName the model's.
	Name, GoName string
	Model        types.Type
	// Path is where the service has the value, for messages. It is empty for
	// the object itself.
	Path directive.Path
	// Exactly one of Constant, Converter and Read is set.
	Constant  *ast.Value
	Converter *Converter
	Read      *Read
	// Place is where the row has the value; nil in a message.
	Place *Place
	// Default replaces a value that is missing or null; nil without one.
	Default *ast.Value
}

// object plans how an object type is read from rows.
func (m *maker) object(s *Service, def *ast.Definition, format Format) *Object {
	for _, o := range s.Objects {
		if o.Def == def && o.Format == format {
			return o // also while it is planned: it may contain itself
		}
	}
	o := &Object{Def: def, Model: m.models.Named(def.Name), Format: format, Row: &Shape{}}
	o.row = types.NewNamed(types.NewTypeName(0, nil, RowName(def, format), nil), types.NewStruct(nil, nil), nil)
	s.Objects = append(s.Objects, o)
	for _, of := range m.members(s, def) {
		m.rowField(s, o, of)
	}
	return o
}

// message plans how an object type is read from a message.
func (m *maker) message(s *Service, def *ast.Definition, message *protogen.Message) *Object {
	for _, o := range s.Objects {
		if o.Def == def && o.Message == message {
			return o
		}
	}
	o := &Object{Def: def, Model: m.models.Named(def.Name), Format: Protobuf, Message: message}
	s.Objects = append(s.Objects, o)
	for _, of := range m.members(s, def) {
		m.messageField(s, o, of)
	}
	return o
}

// field begins the plan of a field. done reports whether the plan is complete,
// or can't be completed because of a mistake, which is reported.
func (m *maker) field(o *Object, of member) (f *Field, done bool) {
	f = &Field{Name: of.Name, GoName: GoName(of.Name), Model: m.models.Of(of.Type), Path: of.source.Names[0]}
	switch {
	case of.source.Value != nil:
		if !Literal(of.source.Value, f.Model) {
			m.report.At(of.source.Value.Position, "", "%s is not a value of %s.%s, which is %s", of.source.Value, o.Def.Name, of.Name, of.Type)
			return f, true
		}
		f.Constant = of.source.Value
	case of.source.Convert != "":
		if f.Converter = m.converter(o, of, f.Model); f.Converter == nil {
			return f, true
		}
	default:
		return f, false
	}
	o.Fields = append(o.Fields, f)
	return f, true
}

// rowField plans a field of rows.
func (m *maker) rowField(s *Service, o *Object, of member) {
	for _, path := range of.source.Names {
		m.localNames(path, o.Format, of.pos)
	}
	f, done := m.field(o, of)
	if done {
		return
	}
	what := o.Def.Name + "." + of.Name
	if f.Read = m.read(s, of.Type, o.Format, of.Position, what); f.Read == nil {
		return
	}
	if len(f.Path) == 0 {
		if f.Read.Object() == nil || f.Read.Item != nil {
			m.report.At(of.Position, "", "$ is the object itself, so %s must be of an object type", what)
			return
		}
		f.Place = o.Row.embed(f.Read.Object(), of.pos)
		o.Fields = append(o.Fields, f)
		return
	}
	var err error
	if f.Place, err = o.Row.add(f.Path, f.Read.Decoded()); err != nil {
		m.report.At(of.Position, "give one of them another type, or a converter", "%s: %v", what, err)
		return
	}
	if f.Default = of.source.Default; f.Default != nil && (f.Read.Item != nil || !Literal(f.Default, f.Model)) {
		m.report.At(f.Default.Position, "", "%s is not a value of %s, which is %s", f.Default, what, of.Type)
		return
	}
	o.Fields = append(o.Fields, f)
}

// messageField plans a field of messages.
func (m *maker) messageField(s *Service, o *Object, of member) {
	f, done := m.field(o, of)
	if done {
		return
	}
	what := o.Def.Name + "." + of.Name
	if of.source.Default != nil {
		m.report.At(of.source.Default.Position, "remove it", "a field of a message already has a default")
		return
	}
	if len(f.Path) == 0 {
		def := m.union.Types[of.Type.Name()]
		if of.Type.Elem != nil || def.Kind != ast.Object {
			m.report.At(of.pos, "", "$ is the message itself, so %s must be of an object type", what)
			return
		}
		inner := m.message(s, def, o.Message)
		if m.contains(inner, o, 0) {
			m.report.At(of.pos, "use the object itself", "$ makes %s a part of itself", o.Def.Name)
			return
		}
		f.Read = &Read{Type: of.Type, Model: f.Model, Into: Conversion{Object: inner}}
		o.Fields = append(o.Fields, f)
		return
	}
	fields := m.protoPath(o.Message, f.Path, of.pos)
	if fields == nil {
		return
	}
	if f.Read = m.readMessage(s, of.Type, fields, of.pos, what); f.Read != nil {
		o.Fields = append(o.Fields, f)
	}
}

// contains reports whether o is part, or has it as a part.
func (m *maker) contains(o, part *Object, depth int) bool {
	if o == part {
		return true
	}
	return depth < len(m.union.Types) && slices.ContainsFunc(o.Fields, func(f *Field) bool {
		itself := f.Read != nil && len(f.Path) == 0
		return itself && m.contains(f.Read.Into.Object, part, depth+1)
	})
}

// localNames reports names that are not the local name of an XML element.
func (m *maker) localNames(path directive.Path, format Format, pos *ast.Position) {
	for _, name := range path {
		if i := strings.LastIndexAny(name, ":>"); format == XML && i >= 0 {
			m.report.At(pos, "write "+name[i+1:]+", which is found in every namespace", "the name %s is not the local name of an XML element", name)
		}
	}
}

// read plans how a value is read from a row. It returns nil if it can't, which
// is reported.
func (m *maker) read(s *Service, t *ast.Type, format Format, pos *ast.Position, what string) *Read {
	r := &Read{Type: t, Model: m.models.Of(t)}
	if t.Elem != nil {
		if format == XML && t.Elem.Elem != nil {
			m.report.At(pos, "use a list, or a converter", "%s is %s, and XML has no lists of lists", what, t)
			return nil
		}
		if r.Item = m.read(s, t.Elem, format, pos, what); r.Item == nil {
			return nil
		}
		return r
	}
	named := m.models.Named(t.NamedType)
	r.Into = Conversion{From: named, To: named}
	switch def := m.union.Types[t.NamedType]; def.Kind {
	case ast.Object:
		r.Into.Object = m.object(s, def, format)
		r.Into.From = r.Into.Object.row
	case ast.Enum:
		r.Into.Enum = m.textEnum(s, def)
		r.Into.Enum.Read = true
		r.Into.From = types.Typ[types.String]
	case ast.Scalar:
		if format == XML && Nilable(named) {
			m.report.At(pos, "use a scalar that is a text or a number, or a converter", "%s is %s, which can't be read from XML", what, t)
			return nil
		}
		r.Into.From = decodedScalar(t.NamedType, named)
	default:
		m.report.At(pos, "resolve it with a Go method", "%s is %s, and a binding can't know the type of a row", what, project.Article(def.Kind))
		return nil
	}
	return r
}

// decodedScalar returns the Go type that a scalar is decoded into. An Int has
// 32 bits (GraphQL specification, section 3.5.1), and an ID may be a number.
func decodedScalar(name string, model types.Type) types.Type {
	switch {
	case IsAny(model):
		return runtimeType("Any", types.NewStruct(nil, nil))
	case isKind(model, types.Int) && name == "Int":
		return types.Typ[types.Int32]
	case isPlainString(model) && name != "String":
		return runtimeType("Text", types.Typ[types.String])
	}
	return model
}

// readMessage plans how a value is read from the end of a path in a message. It
// returns nil if it can't, which is reported.
func (m *maker) readMessage(s *Service, t *ast.Type, fields []*protogen.Field, pos *ast.Position, what string) *Read {
	last := fields[len(fields)-1]
	r := &Read{Type: t, Model: m.models.Of(t), Fields: fields}
	fits := false
	switch {
	case last.Desc.IsMap():
		fits = m.readMap(r, last)
	case IsMask(last) && !last.Desc.IsList() && t.Elem != nil:
		text := types.Typ[types.String]
		r.Item = &Read{Type: t.Elem, Model: text, Into: Conversion{From: text, To: text}}
		fits = t.Elem.NamedType == "String" && t.Elem.NonNull
	case last.Desc.IsList() != (t.Elem != nil):
	case t.Elem == nil:
		r.Into, fits = m.fromProto(s, last, t.NamedType)
	default:
		fits = m.readRepeated(s, r, last)
	}
	if !fits {
		m.report.At(pos, "", "%s is %s, which %s (%s) does not fit", what, t, last.Desc.FullName(), describe(last))
		return nil
	}
	if item := t.Elem; item != nil && !item.NonNull && m.union.Types[item.NamedType].Kind != ast.Object {
		m.report.At(pos, "write ["+item.NamedType+"!]", "the items of %s are never null", last.Desc.FullName())
		return nil
	}
	return r
}

// readMap plans how a map is read: as JSON. It returns false if it can't.
func (m *maker) readMap(r *Read, field *protogen.Field) bool {
	r.Into = Conversion{From: r.Model, To: r.Model, Func: failing(runtime("Object"))}
	value := field.Message.Fields[1]
	return r.Type.Elem == nil && value.Message == nil && value.Enum == nil && IsAny(r.Model)
}

// readRepeated plans how the items of a repeated field are read. It returns
// false if they can't.
func (m *maker) readRepeated(s *Service, r *Read, field *protogen.Field) bool {
	slice, ok := r.Model.(*types.Slice)
	if !ok || r.Type.Elem.Elem != nil {
		return false
	}
	into, ok := m.fromProto(s, field, r.Type.Elem.NamedType)
	r.Item = &Read{Type: r.Type.Elem, Model: slice.Elem(), Into: into}
	return ok
}

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
