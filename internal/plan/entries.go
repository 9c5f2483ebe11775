package plan

import (
	"go/types"

	"github.com/vektah/gqlparser/v2/ast"
	"google.golang.org/protobuf/compiler/protogen"
)

// The names that the parts of an entry have in @source.
const (
	entryKey   = "key"
	entryValue = "value"
)

// entriesAnswer plans an answer whose rows are the members of an object.
func (m *maker) entriesAnswer(s *Service, c *Call, a *Answer, t *ast.Type) {
	if c.Key != nil || c.Page != nil {
		m.report.At(c.Pos, "remove ->entries", "->entries is neither for a batch nor for a page")
		return
	}
	a.Read = m.entries(reading{service: s, format: c.Format(), pos: c.Pos, what: c.Parent.Name + "." + c.Field.Name}, t)
}

// entriesField plans a field whose items are the members of an object.
func (m *maker) entriesField(s *Service, o *Object, of member) {
	f := &Field{Name: of.Name, GoName: GoName(of.Name), Model: m.models.Of(of.Type), Path: of.source.Names[0]}
	if !m.assignable(o, of, f) {
		return
	}
	m.localNames(f.Path, o.Format, of.pos)
	if len(f.Path) == 0 {
		m.report.At(of.pos, "read it from a member, or bind the field with select", "%s.%s can't have the entries of the object itself", o.Def.Name, of.Name)
		return
	}
	if f.Read = m.entries(reading{s, o.Format, of.pos, o.Def.Name + "." + of.Name, of.source}, of.Type); f.Read != nil {
		o.Fields = append(o.Fields, f)
	}
}

// entries plans how the members of an object are read as a list. It returns nil if
// they can't, which is reported.
func (m *maker) entries(from reading, t *ast.Type) *Read {
	if from.format == XML {
		m.report.At(from.pos, "use a list of elements", "->entries can't be used with XML")
		return nil
	}
	if t.Elem == nil || t.Elem.Elem != nil || m.union.Types[t.Name()].Kind != ast.Object {
		m.report.At(from.pos, "make it a list of an object type with fields key and value", "%s is %s, which can't have the entries of an object", from.what, t)
		return nil
	}
	def := m.union.Types[t.Name()]
	return &Read{
		Type: t, Model: m.models.Of(t), Entries: true,
		Item: &Read{Type: t.Elem, Model: m.models.Of(t.Elem), Into: Conversion{Object: m.entry(from.service, def, from.format)}},
	}
}

// entry plans how an object type is read from an entry.
func (m *maker) entry(s *Service, def *ast.Definition, format Format) *Object {
	for _, o := range s.Objects {
		if o.Def == def && o.Format == format && o.Entry {
			return o // also while it is planned: it may contain itself
		}
	}
	o := m.newObject(def, format)
	o.Entry = true
	s.Objects = append(s.Objects, o)
	for _, of := range m.members(s, def) {
		for i, path := range of.source.Names {
			if of.source.Value == nil && !m.partOfEntry(o, of, i, len(path)) {
				return o
			}
		}
		m.rowField(s, o, of)
	}
	for _, f := range o.Fields {
		if f.Read != nil && len(f.Path) == 1 && f.Path[0].Name == entryKey && !keyable(f) {
			m.report.At(def.Position, "make it an ID, a String, an Int or an enum", "%s.%s is %s, which the key of an entry can't be",
				def.Name, f.Name, f.Read.Type)
		}
	}
	return o
}

// partOfEntry reports whether a path of a field begins with the key or the value of an
// entry. Else it reports the mistake.
func (m *maker) partOfEntry(o *Object, of member, i, length int) bool {
	path := of.source.Names[i]
	if length > 0 && path[0].Name == entryValue || length == 1 && path[0].Name == entryKey && of.source.Convert == "" && of.source.Default == nil {
		return true
	}
	m.report.At(of.pos, `write @source(name: "key"), @source(name: "value") or @source(name: "value.name")`,
		"%s.%s is read from %s, but an entry has a key and a value", o.Def.Name, of.Name, path)
	return false
}

// keyable reports whether a field can have the key of an entry, which is a text.
func keyable(f *Field) bool {
	r := f.Read
	return r.Item == nil && (r.Into.Enum != nil || r.Scalar == "String" || r.Scalar == "Text" || r.Scalar == "Int" || r.Scalar == "Int64")
}

// readEntries plans how a map is read as a list of objects. It returns false if it
// can't.
func (m *maker) readEntries(from reading, r *Read, field *protogen.Field) bool {
	item := r.Type.Elem
	slice, ok := r.Model.(*types.Slice)
	if !ok || item.Elem != nil || m.union.Types[item.NamedType].Kind != ast.Object {
		return false
	}
	r.Entries = true
	r.Item = &Read{Type: item, Model: slice.Elem(), Into: Conversion{Object: m.message(from.service, m.union.Types[item.NamedType], field.Message)}}
	return true
}

// SentEntries says how a list of input objects is sent as an object or a map: Key is the
// name of a member, and Value its value.
type SentEntries struct {
	Model      types.Type // of an item, without the pointer
	Key, Value InputMember
}

// sentEntries plans how a list of input objects is sent as an object. It returns nil if
// it can't, which is reported.
func (m *maker) sentEntries(s *Service, in *Input, of member) *SentEntries {
	def := m.union.Types[of.Type.Name()]
	if !m.isEntries(of.Type) {
		m.report.At(of.pos, "make it a list of an input type with fields key and value",
			"%s.%s is %s, which can't be sent as the entries of an object", in.Def.Name, of.Name, of.Type)
		return nil
	}
	out := m.sentEntry(s, def)
	if out == nil {
		return nil
	}
	for _, part := range m.members(s, def) {
		into := out.part(part)
		into.Leaf = m.leaf(reading{service: s, pos: part.pos, what: def.Name + "." + part.Name, source: part.source}, part.Type)
	}
	if !hasText(out.Key.Model) {
		m.notEntry(def)
		return nil
	}
	return out
}

// isEntries reports whether a type is a list of input objects.
func (m *maker) isEntries(t *ast.Type) bool {
	return t.Elem != nil && t.Elem.Elem == nil && m.union.Types[t.Name()].Kind == ast.InputObject
}

// sentEntry plans which fields of an input object are the key and the value of an entry,
// and nothing else. It returns nil if it is none, which is reported.
func (m *maker) sentEntry(s *Service, def *ast.Definition) *SentEntries {
	out := &SentEntries{Model: m.models.Named(def.Name)}
	for _, part := range m.members(s, def) {
		into, field := out.part(part), structField(out.Model, GoName(part.Name))
		if into == nil || field == nil {
			m.report.At(part.pos, `write @source(name: "key") or @source(name: "value")`, "%s.%s is neither the key nor the value of an entry",
				def.Name, part.Name)
			return nil
		}
		*into = InputMember{Schema: part.Type, Field: field.Name(), Model: field.Type(), Name: part.Name}
	}
	if out.Key.Schema == nil || out.Value.Schema == nil || !out.Key.Schema.NonNull {
		m.notEntry(def)
		return nil
	}
	return out
}

// part returns the part of an entry that a field is; nil for another field.
func (e *SentEntries) part(of member) *InputMember {
	switch of.source.Names[0].String() {
	case entryKey:
		return &e.Key
	case entryValue:
		return &e.Value
	}
	return nil
}

func (m *maker) notEntry(def *ast.Definition) {
	m.report.At(def.Position, "give it key: ID!, or another text or number, and value", "%s is not an entry of an object", def.Name)
}

// sentMap plans how a list of input objects is sent as a map. It returns false if it is no
// such list. What else does not fit is reported.
func (m *maker) sentMap(s *Service, v *MessageMember) bool {
	t := v.Operand.Schema
	if t == nil || !m.isEntries(t) {
		return false
	}
	def := m.union.Types[t.Name()]
	entries := m.sentEntry(s, def)
	if entries == nil {
		return true
	}
	v.Into = Conversion{Entries: entries}
	for _, part := range m.members(s, def) {
		into, field := entries.part(part), v.Field.Message.Fields[1]
		if into == &entries.Key {
			field = v.Field.Message.Fields[0]
		}
		if !m.inputMember(s, into, field) {
			m.report.At(part.Position, "", "%s.%s is %s, which %s (%s) does not fit", def.Name, part.Name, part.Type, field.Desc.FullName(), describe(field))
		}
	}
	return true
}
