package plan

import (
	"cmp"
	"go/types"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
	"google.golang.org/protobuf/compiler/protogen"

	"github.com/portico-gateway/portico/gateway/directive"
	"github.com/portico-gateway/portico/internal/binding"
)

// Sent is a part of the JSON body of a request. Exactly one of its parts is set.
type Sent struct {
	Const   *ast.Value
	Text    directive.Text // more than one variable
	Operand *Operand       // one variable, which keeps its type
	Leaf    Leaf           // of Operand
	Object  []SentMember   // not nil
	List    []*Sent        // not nil
	Each    []SentMember   // an object for each key of a batch; not nil
}

// SentMember is a field of an object that is sent.
type SentMember struct {
	Name  string
	Value *Sent
}

// Leaf says how a value is converted before it is sent: an input object, or an
// enum whose values have other names in the service. The zero value sends it as
// Go has it.
type Leaf struct {
	Input *Input
	Enum  *Enum
	// Form is how the service writes a scalar.
	Form binding.Form
	// Entries says that a list is sent as an object; nil for others.
	Entries *SentEntries
}

// Input says how an input object is sent to a service.
type Input struct {
	Def   *ast.Definition
	Model types.Type
	// Message is the type of the message; nil for JSON.
	Message *protogen.Message
	Members []InputMember
}

// InputMember is a field of an input object.
type InputMember struct {
	Schema *ast.Type
	// Field is the name of the Go field, and Model its type.
	Field string
	Model types.Type
	// Name is the name in the service's JSON.
	Name string
	Leaf Leaf
	// Proto is the field of the message, Value the operand that it is set to,
	// and Into the conversion of that.
	Proto *protogen.Field
	Value *Operand
	Into  Conversion
}

// body plans the body of a request.
func (m *maker) body(s *Service, c *Call) {
	if c.REST.Body == nil {
		return
	}
	c.Body = m.sent(s, c, c.REST.Body)
}

func (m *maker) sent(s *Service, c *Call, v *binding.Value) *Sent {
	switch {
	case v.Const != nil:
		return &Sent{Const: v.Const}
	case v.Object != nil:
		out := &Sent{Object: []SentMember{}}
		for _, member := range v.Object {
			out.Object = append(out.Object, SentMember{member.Name, m.sent(s, c, member.Value)})
		}
		return out
	case v.Text == nil && c.Repeated(v) != nil:
		return &Sent{Each: m.sent(s, c, c.Repeated(v)).Object}
	case v.Text == nil:
		out := &Sent{List: []*Sent{}}
		for _, item := range v.List {
			out.List = append(out.List, m.sent(s, c, item))
		}
		return out
	}
	one := v.Text.Alone()
	if one == nil || one.Joined {
		m.texts(s, c, v.Text)
		return &Sent{Text: v.Text}
	}
	out := &Sent{Operand: c.Operands[one]}
	if out.Operand == nil {
		return out // reported
	}
	if out.Operand.Schema != nil {
		out.Leaf = m.leaf(reading{service: s, pos: one.Pos, what: one.String()}, out.Operand.Schema)
	}
	if one.Number {
		out.Leaf = Leaf{Form: binding.Form{As: binding.Number}}
		if t := out.Operand.Schema; !IsString(out.Operand.Item) || t != nil && m.union.Types[t.Name()].Kind != ast.Scalar {
			m.report.At(one.Pos, "remove ->number", "%s is %s, and only a text can become a number", one, shortType(out.Operand.Item))
		}
	}
	return out
}

// leaf plans how one value of a type is sent as JSON.
func (m *maker) leaf(of reading, t *ast.Type) Leaf {
	s := of.service
	form := s.form(t.Name(), of.source)
	switch def := m.union.Types[t.Name()]; {
	case form.As != "":
		method := scalarReader(t.Name(), m.models.Named(t.Name()))
		switch {
		case def.Kind != ast.Scalar || formReader(form, method) == "":
			m.badForm(of, t, form)
		case formReader(form, method) != method || form.As == binding.Number: // else it is written so anyway
			return Leaf{Form: form}
		}
	case def.Kind == ast.InputObject:
		return Leaf{Input: m.input(s, def, nil)}
	case def.Kind == ast.Enum && m.respelled(s, def):
		return Leaf{Enum: m.writtenEnum(s, def)}
	}
	return Leaf{}
}

// input plans an input object that is sent as JSON, or as a message.
func (m *maker) input(s *Service, def *ast.Definition, message *protogen.Message) *Input {
	for _, have := range s.Inputs {
		if have.Def == def && have.Message == message {
			return have // also while it is planned: it may contain itself
		}
	}
	in := &Input{Def: def, Model: m.models.Named(def.Name), Message: message}
	s.Inputs = append(s.Inputs, in)
	for _, of := range m.members(s, def) {
		if len(of.source.Names) != 1 || len(of.source.Names[0]) != 1 || of.source.Names[0][0].IsItem() {
			m.report.At(of.pos, "", "an input field must have one name, which can't be a path")
			continue
		}
		if name := of.source.Names[0][0].Name; message == nil && !binding.SendableName(name) {
			m.report.At(of.pos, "", "the name %q can't be sent: it must not have quotes, commas or backslashes", name)
			continue
		}
		field := structField(in.Model, GoName(of.Name))
		if field == nil {
			m.report.At(of.Position, "", "the Go type %s has no field %s", shortType(in.Model), GoName(of.Name))
			continue
		}
		member := InputMember{Schema: of.Type, Field: field.Name(), Model: field.Type(), Name: of.source.Names[0][0].Name}
		if m.sendable(s, in, of, &member) {
			in.Members = append(in.Members, member)
		}
	}
	return in
}

// sendable plans how the value of a field of an input object is sent. It returns false
// if it can't be, which is reported.
func (m *maker) sendable(s *Service, in *Input, of member, out *InputMember) bool {
	switch {
	case in.Message != nil:
		return m.messageMember(s, in, of, out)
	case of.source.Entries:
		out.Leaf.Entries = m.sentEntries(s, in, of)
		return out.Leaf.Entries != nil
	}
	out.Leaf = m.leaf(reading{service: s, pos: of.pos, what: in.Def.Name + "." + of.Name, source: of.source}, of.Type)
	return true
}

// texts plans how the variables of a text are written.
func (m *maker) texts(s *Service, c *Call, t directive.Text) {
	for _, v := range t.Vars() {
		o := c.Operands[v]
		if o == nil {
			continue // reported
		}
		if v.Number {
			m.report.At(v.Pos, "remove ->number", "%s is a part of a text here, and ->number is for a whole value in a body", v)
		}
		if o.Schema != nil {
			leaf := m.leaf(reading{service: s, pos: v.Pos, what: v.String()}, o.Schema)
			if o.Enum = leaf.Enum; leaf.Input == nil {
				o.Form = leaf.Form
			}
		}
		if o.Enum == nil && !hasText(o.Item) {
			m.report.At(v.Pos, "", "%s is %s in Go, which can't be written as a text", v, shortType(o.Item))
		}
	}
}

// queryObject plans a parameter of the URL that is an input object, or a list of
// them. It returns false for others.
func (m *maker) queryObject(s *Service, c *Call, p binding.Param) bool {
	one := p.Text.Alone()
	if one == nil || c.Operands[one] == nil {
		return false
	}
	o := c.Operands[one]
	object := o.Schema != nil && m.union.Types[o.Schema.Name()].Kind == ast.InputObject
	if object && (p.Name != "" || o.Schema.Elem == nil) {
		if c.Objects == nil {
			c.Objects = map[*directive.Var]Leaf{}
		}
		c.Objects[one] = m.leaf(reading{service: s, pos: one.Pos, what: one.String()}, o.Schema)
		return true
	}
	if p.Name == "" {
		m.report.At(p.Pos, `write "name={`+one.String()+`}"`, "%s is not an input object, whose fields could be parameters", one)
		return true
	}
	return false
}

// http plans the path, query, headers and body of an HTTP request.
func (m *maker) http(s *Service, c *Call) {
	for _, segment := range c.REST.Path {
		m.texts(s, c, segment)
	}
	for _, p := range c.REST.Query {
		if !m.queryObject(s, c, p) {
			m.texts(s, c, p.Text)
		}
	}
	for _, p := range c.REST.Headers {
		m.texts(s, c, p.Text)
	}
	m.body(s, c)
}

func (s *Service) sort() {
	slices.SortFunc(s.Objects, func(a, b *Object) int {
		return cmp.Or(cmp.Compare(a.Def.Name, b.Def.Name), cmp.Compare(a.order(), b.order()))
	})
	slices.SortFunc(s.Choices, func(a, b *Choice) int {
		return cmp.Or(cmp.Compare(a.Def.Name, b.Def.Name), cmp.Compare(a.order(), b.order()))
	})
	slices.SortFunc(s.Enums, func(a, b *Enum) int {
		return cmp.Or(cmp.Compare(a.Def.Name, b.Def.Name), cmp.Compare(a.order(), b.order()))
	})
	slices.SortFunc(s.Inputs, func(a, b *Input) int {
		return cmp.Or(cmp.Compare(a.Def.Name, b.Def.Name), cmp.Compare(a.order(), b.order()))
	})
}
