package plan

import (
	"go/types"

	"github.com/vektah/gqlparser/v2/ast"
	"google.golang.org/protobuf/compiler/protogen"
)

// message plans how an object type is read from a message.
func (m *maker) message(s *Service, def *ast.Definition, message *protogen.Message) *Object {
	for _, o := range s.Objects {
		if o.Def == def && o.Message == message {
			return o
		}
	}
	o := m.newObject(def, Protobuf)
	o.Message = message
	s.Objects = append(s.Objects, o)
	for _, of := range m.members(s, def) {
		m.messageField(s, o, of)
	}
	return o
}

// messageField plans a field of messages.
func (m *maker) messageField(s *Service, o *Object, of member) {
	f, done := m.field(s, o, of)
	if done {
		return
	}
	what := o.Def.Name + "." + of.Name
	if of.source.Default != nil {
		m.report.At(of.source.Default.Position, "remove it", "a field of a message already has a default")
		return
	}
	if len(f.Path) == 0 {
		if of.Type.Elem != nil || !m.isObject(of.Type) {
			m.report.At(of.pos, "", "$ is the message itself, so %s must be of an object type", what)
			return
		}
		if !m.mayBeUnknown(reading{s, Protobuf, of.pos, what, of.source}, of.Type) {
			return
		}
		if f.Read = m.readWhole(s, of.Type, o.Message, of.pos); f.Read != nil {
			m.itself(o, of, f)
		}
		return
	}
	fields := m.protoPath(o.Message, f.Path, of.pos)
	if fields == nil {
		return
	}
	if f.Read = m.readMessage(reading{s, Protobuf, of.pos, what, of.source}, of.Type, fields); f.Read != nil {
		o.Fields = append(o.Fields, f)
	}
}

// readWhole plans how a message as a whole is read, as an object of one type or of
// several. It returns nil if it can't be, which is reported.
func (m *maker) readWhole(s *Service, t *ast.Type, message *protogen.Message, pos *ast.Position) *Read {
	def := m.union.Types[t.Name()]
	r := &Read{Type: t, Model: m.models.Of(t)}
	if def.Kind == ast.Object {
		r.Into.Object = m.message(s, def, message)
		return r
	}
	if r.Into.Choice = m.choice(s, def, Protobuf, message, pos); r.Into.Choice == nil {
		return nil
	}
	return r
}

// readMessage plans how a value is read from the end of a path in a message. It
// returns nil if it can't, which is reported.
func (m *maker) readMessage(from reading, t *ast.Type, fields []MessageField) *Read {
	pos, what := from.pos, from.what
	last := fields[len(fields)-1]
	if !m.mayBeUnknown(from, t) {
		return nil
	}
	r := &Read{Type: t, Model: m.models.Of(t), Fields: fields, UnknownIsNull: from.source.Nullable}
	fits := false
	switch {
	case last.Desc.IsMap() && t.Elem != nil:
		fits = m.readEntries(from, r, last.Field)
	case from.source.Entries:
	case last.Desc.IsMap():
		fits = m.readMap(r, last.Field)
	case IsMask(last.Field) && !last.IsList() && t.Elem != nil:
		text := types.Typ[types.String]
		r.Item = &Read{Type: t.Elem, Model: text, Into: Conversion{From: text, To: text}}
		fits = t.Elem.NamedType == "String" && t.Elem.NonNull
	case last.IsList() != (t.Elem != nil):
	case t.Elem == nil:
		r.Into, fits = m.fromProto(from, last.Field, t.NamedType)
	default:
		fits = m.readRepeated(from, r, last.Field)
	}
	if !fits {
		m.report.At(pos, "", "%s is %s, which %s (%s) does not fit", what, t, last.Desc.FullName(), last.describe())
		return nil
	}
	if item := t.Elem; item != nil && !item.NonNull && !m.isObject(item) {
		m.report.At(pos, "write ["+item.NamedType+"!]", "the items of %s are never null", last.Desc.FullName())
		return nil
	}
	return r
}

// readMap plans how a map is read: as JSON. It returns false if it can't.
func (m *maker) readMap(r *Read, field *protogen.Field) bool {
	r.Into = Conversion{From: r.Model, To: r.Model, Func: decoding("AnyMap")}
	value := field.Message.Fields[1]
	return r.Type.Elem == nil && value.Message == nil && value.Enum == nil && IsAny(r.Model)
}

// readRepeated plans how the items of a repeated field are read. It returns
// false if they can't.
func (m *maker) readRepeated(from reading, r *Read, field *protogen.Field) bool {
	slice, ok := r.Model.(*types.Slice)
	if !ok || r.Type.Elem.Elem != nil {
		return false
	}
	into, ok := m.fromProto(from, field, r.Type.Elem.NamedType)
	r.Item = &Read{Type: r.Type.Elem, Model: slice.Elem(), Into: into}
	return ok
}
