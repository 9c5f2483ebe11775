package plan

import (
	"go/types"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"google.golang.org/protobuf/compiler/protogen"

	"github.com/portico-gateway/portico/gateway/directive"
	"github.com/portico-gateway/portico/internal/binding"
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
	// Entries reports whether the items are the members of an object.
	Entries bool
	// Scalar is the method of package decode that reads a scalar from JSON or
	// XML, or one of its functions if the service writes it in a form of its own
	// (see [IsForm]); empty if the type has a decoder of its own.
	Scalar string
	// Zone is the time zone of times that the service writes without one.
	Zone string
	// UnknownIsNull reports whether a value that the enum does not have is null.
	UnknownIsNull bool
	// Fields are the path of the value in a message; nil in JSON and XML.
	Fields []MessageField
}

// Object returns how the value, or an item of it, is read if it is an object of one
// type; nil for others.
func (r *Read) Object() *Object {
	for r.Item != nil {
		r = r.Item
	}
	return r.Into.Object
}

// IsObject reports whether the value is one object, of one type or of several.
func (r *Read) IsObject() bool {
	return r.Item == nil && (r.Into.Object != nil || r.Into.Choice != nil)
}

// Object says how an object type is read from the answers of a service.
type Object struct {
	Def    *ast.Definition
	Model  types.Type
	Format Format
	// Message is the message that it is read from; nil in JSON and XML.
	Message *protogen.Message
	Fields  []*Field
	// Entry reports whether it is read from a member of an object: its name is key,
	// and its value is value.
	Entry bool
	// Faults is the field of the model that has the object's faults; empty if a
	// hand-written model has none.
	Faults string
}

// order distinguishes the objects of one type.
func (o *Object) order() string {
	switch {
	case o.Message != nil:
		return string(o.Message.Desc.FullName())
	case o.Entry:
		return "entry"
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

// Field says how a field of an object is read.
type Field struct {
	// Name is the field's name in the schema, and GoName the model's.
	Name, GoName string
	Model        types.Type
	// Path is where the service has the value. It is empty for the object
	// itself.
	Path directive.Path
	// Exactly one of Constant, Converter and Read is set.
	Constant  *ast.Value
	Converter *Converter
	Read      *Read
	// Default replaces a value that is missing or null; nil without one.
	Default *ast.Value
	// Header is the field of the answer's header that has the value, spelled as the
	// format has it; empty for a value of the content. Read reads it as from XML.
	Header string
}

func (m *maker) newObject(def *ast.Definition, format Format) *Object {
	return &Object{Def: def, Model: m.models.Named(def.Name), Format: format, Faults: m.models.Faults(def)}
}

// object plans how an object type is read from rows.
func (m *maker) object(s *Service, def *ast.Definition, format Format) *Object {
	for _, o := range s.Objects {
		if o.Def == def && o.Format == format && !o.Entry {
			return o // also while it is planned: it may contain itself
		}
	}
	o := m.newObject(def, format)
	s.Objects = append(s.Objects, o)
	for _, of := range m.members(s, def) {
		m.rowField(s, o, of)
	}
	m.oneShape(o)
	return o
}

// oneShape reports an object some of whose fields are read from an object and others
// from a list.
func (m *maker) oneShape(o *Object) {
	var first *Field
	for _, f := range o.Fields {
		switch {
		case len(f.Path) == 0 || f.Constant != nil || f.Header != "":
		case first == nil:
			first = f
		case f.Path[0].IsItem() != first.Path[0].IsItem():
			m.report.At(o.Def.Position, "use names, or numbers of items, for all of its fields",
				"%[1]s.%[2]s is read from %[3]s and %[1]s.%[4]s from %[5]s, but what the service has for %[1]s is an object or a list",
				o.Def.Name, f.Name, f.Path, first.Name, first.Path)
			return
		}
	}
}

// field begins the plan of a field. done reports whether the plan is complete,
// or can't be completed because of a mistake, which is reported.
func (m *maker) field(s *Service, o *Object, of member) (f *Field, done bool) {
	f = &Field{Name: of.Name, GoName: GoName(of.Name), Model: m.models.Of(of.Type), Path: of.source.Names[0]}
	switch {
	case !m.assignable(o, of, f):
		return f, true
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
	case of.source.Header != "":
		if f.Read = m.inHeader(s, o, of, f); f.Read == nil {
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
	if of.source.Entries {
		m.entriesField(s, o, of)
		return
	}
	if of.source.Header == "" {
		for _, path := range of.source.Names {
			m.localNames(path, o.Format, of.pos)
		}
	}
	f, done := m.field(s, o, of)
	if done {
		return
	}
	what := o.Def.Name + "." + of.Name
	if f.Read = m.read(reading{s, o.Format, of.pos, what, of.source}, of.Type); f.Read == nil {
		return
	}
	if len(f.Path) == 0 {
		if !f.Read.IsObject() {
			m.report.At(of.Position, "", "$ is the object itself, so %s must be of an object type", what)
			return
		}
		m.itself(o, of, f)
		return
	}
	if f.Default = of.source.Default; f.Default != nil && (f.Read.Item != nil || !Literal(f.Default, f.Model)) {
		m.report.At(f.Default.Position, "", "%s is not a value of %s, which is %s", f.Default, what, of.Type)
		return
	}
	o.Fields = append(o.Fields, f)
}

// itself adds a field that is read from the object itself, which must not make it a
// part of itself.
func (m *maker) itself(o *Object, of member, f *Field) {
	if m.contains(f.Read, o, 0) {
		m.report.At(of.pos, "use the object itself", "$ makes %s a part of itself", o.Def.Name)
		return
	}
	o.Fields = append(o.Fields, f)
}

// contains reports whether what is read is an object, or has it as a part that is
// read from the same value.
func (m *maker) contains(r *Read, part *Object, depth int) bool {
	itself := []*Object{r.Into.Object}
	if r.Into.Choice != nil {
		itself = r.Into.Choice.itself()
	}
	return slices.ContainsFunc(itself, func(o *Object) bool {
		return o == part || depth < len(m.union.Types) && slices.ContainsFunc(o.Fields, func(f *Field) bool {
			return f.Read != nil && len(f.Path) == 0 && m.contains(f.Read, part, depth+1)
		})
	})
}

// localNames reports names that are not the local name of an XML element.
func (m *maker) localNames(path directive.Path, format Format, pos *ast.Position) {
	for _, step := range path {
		name := step.Name
		if i := strings.LastIndexAny(name, ":>"); format == XML && i >= 0 {
			m.report.At(pos, "write "+name[i+1:]+", which is found in every namespace", "the name %s is not the local name of an XML element", name)
		}
	}
}

// reading is what values are read from.
type reading struct {
	service *Service
	format  Format
	pos     *ast.Position
	what    string // the field, for messages
	source  binding.Source
}

// read plans how a value is read from a row. It returns nil if it can't, which
// is reported.
func (m *maker) read(from reading, t *ast.Type) *Read {
	r := &Read{Type: t, Model: m.models.Of(t)}
	if !m.mayBeUnknown(from, t) {
		return nil
	}
	if t.Elem != nil {
		if from.format == XML && t.Elem.Elem != nil {
			m.report.At(from.pos, "use a list, or a converter", "%s is %s, and XML has no lists of lists", from.what, t)
			return nil
		}
		if r.Item = m.read(from, t.Elem); r.Item == nil {
			return nil
		}
		return r
	}
	s, format := from.service, from.format
	named := m.models.Named(t.NamedType)
	r.Into = Conversion{From: named, To: named}
	switch def := m.union.Types[t.NamedType]; def.Kind {
	case ast.Object:
		r.Into.Object = m.object(s, def, format)
	case ast.Enum:
		r.Into.Enum = m.textEnum(s, def)
		r.Into.Enum.Read = true
		r.Into.From = types.Typ[types.String]
		r.UnknownIsNull = from.source.Nullable
	case ast.Scalar:
		r.Scalar = scalarReader(t.NamedType, named)
		if form := s.form(t.NamedType, from.source); form.As != "" {
			if r.Scalar, r.Zone = formReader(form, r.Scalar), form.Zone; r.Scalar == "" {
				m.badForm(from, t, form)
				return nil
			}
		}
		if format == XML && !inXML(r.Scalar, named) {
			m.report.At(from.pos, "use a scalar that is a text or a number, or a converter", "%s is %s, which can't be read from XML", from.what, t)
			return nil
		}
	default:
		if r.Into.Choice = m.choice(s, def, format, nil, from.pos); r.Into.Choice == nil {
			return nil
		}
	}
	return r
}

// mayBeUnknown reports whether a value of a type can be null because it is unknown, if
// its source says so. Else it reports the mistake.
func (m *maker) mayBeUnknown(from reading, t *ast.Type) bool {
	if !from.source.Nullable {
		return true
	}
	switch of := m.union.Types[t.Name()]; {
	case of.Kind != ast.Enum || t.Elem != nil && from.format == Protobuf:
		m.report.At(from.pos, "remove unknown", "%s is %s, and only a value of an enum can be unknown", from.what, t)
		return false
	case t.Elem == nil && t.NonNull:
		m.report.At(from.pos, "make it nullable", "%s is %s, which an unknown value can't make null", from.what, t)
		return false
	}
	return true
}

// scalarReader returns the method of package decode that reads a scalar; empty
// if the Go type has a decoder of its own. An Int has 32 bits (GraphQL
// specification, section 3.5.1), and an ID may be a number.
func scalarReader(name string, model types.Type) string {
	switch {
	case IsAny(model):
		return "Any"
	case isTime(model):
		return "Time"
	case TypeName(model) == "encoding/json.Number":
		return "Text"
	case isBytes(model):
		return "Bytes"
	case decodes(model):
		return ""
	case isKind(model, types.Int) && name == "Int":
		return "Int"
	case isPlainString(model) && name != "String":
		return "Text"
	}
	return basicReader(model)
}

// inXML reports whether a value can be read from XML, where all values are text.
func inXML(scalar string, model types.Type) bool {
	if scalar == "" {
		return types.NewMethodSet(types.NewPointer(model)).Lookup(nil, "UnmarshalText") != nil
	}
	return scalar != "Any"
}

// basicReader returns the method that reads a basic type; empty for others.
func basicReader(t types.Type) string {
	kind, ok := Basic(t)
	if !ok {
		return ""
	}
	switch types.Typ[kind].Info() {
	case types.IsString:
		return "String"
	case types.IsBoolean:
		return "Bool"
	case types.IsFloat:
		return "Float"
	case types.IsInteger:
		return "Int64"
	case types.IsInteger | types.IsUnsigned:
		return "Uint64"
	}
	return ""
}

// decodes reports whether a type decodes itself.
func decodes(t types.Type) bool {
	set := types.NewMethodSet(types.NewPointer(t))
	for _, name := range []string{"UnmarshalJSON", "UnmarshalJSONFrom", "UnmarshalText"} {
		if set.Lookup(nil, name) != nil {
			return true
		}
	}
	return false
}
