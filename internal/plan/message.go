package plan

import (
	"fmt"
	"go/types"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/portico-gateway/portico/gateway/directive"
	"github.com/portico-gateway/portico/internal/binding"
	"github.com/portico-gateway/portico/internal/project"
)

// GRPCMethod is a method of a gRPC service.
type GRPCMethod struct {
	Name          string // "/package.Service/Method"
	Input, Output *protogen.Message
}

// Message is a message that a call sends. Its members are set in order.
type Message struct {
	Type    *protogen.Message
	Members []MessageMember
}

// MessageMember is a field of a message that is sent. Exactly one of Message, Each,
// Consts, Text and Operand is set.
type MessageMember struct {
	Field   *protogen.Field
	Message *Message
	Each    *Message     // one for each key of a batch
	Consts  []*ast.Value // one, or the items of a list
	Text    directive.Text
	Operand *Operand
	Into    Conversion // of Operand
}

// rpc plans the method and the message of a call of gRPC. It leaves c.Method
// nil if there is a mistake, which is reported.
func (m *maker) rpc(s *Service, c *Call) {
	method := m.plan.Protos.method(c.GRPC.Method)
	if method == nil {
		m.report.At(c.GRPC.Pos, suggest(c.GRPC.Method, m.plan.Protos.methodNames(), "put its proto into "+project.ProtoFolder+"/"),
			"no proto has the method %s", c.GRPC.Method)
		return
	}
	streams := method.Desc.IsStreamingServer()
	switch {
	case method.Desc.IsStreamingClient():
		m.report.At(c.GRPC.Pos, "write a Go method", "%s takes a stream, which a field can't send", c.GRPC.Method)
		return
	case streams && !c.Stream():
		m.report.At(c.GRPC.Pos, "bind it to a field of Subscription", "%s returns a stream", c.GRPC.Method)
		return
	case !streams && c.Stream():
		m.report.At(c.GRPC.Pos, "bind it to a field of Query", "%s returns one answer, not a stream", c.GRPC.Method)
		return
	}
	c.Method = &GRPCMethod{Name: "/" + c.GRPC.Method, Input: method.Input, Output: method.Output}
	var members []binding.Member
	if c.GRPC.Request != nil {
		members = c.GRPC.Request.Object
	}
	c.Message = m.build(s, c, method.Input, members)
}

// build plans a message with the members of an object.
func (m *maker) build(s *Service, c *Call, message *protogen.Message, members []binding.Member) *Message {
	out := &Message{Type: message}
	set := map[string]bool{} // the Go fields that are set in every call
	for _, member := range members {
		field := findField(message, member.Name)
		if field == nil {
			m.report.At(member.Pos, noField(message, member.Name, ""), "the message %s has no field %s",
				message.Desc.FullName(), member.Name)
			continue
		}
		value, ok := m.messageValue(s, c, field, member.Value)
		if !ok {
			continue
		}
		if target := Target(field); m.always(c, value) {
			if set[target] {
				m.setTwice(member, field, message)
			}
			set[target] = true
		}
		out.Members = append(out.Members, value)
	}
	return out
}

// setTwice reports a field of a message that each call sets, or whose oneof each sets,
// after another member of the request has set it.
func (m *maker) setTwice(member binding.Member, field *protogen.Field, message *protogen.Message) {
	if oneof := field.Desc.ContainingOneof(); oneof != nil && !oneof.IsSynthetic() {
		m.report.At(member.Pos, fmt.Sprintf(`send arguments that may be null, such as %s: "{$args.%s}"`, member.Name, field.Desc.JSONName()),
			"each request sets two fields of the oneof %s of the message %s, which has at most one", oneof.Name(), message.Desc.FullName())
		return
	}
	m.report.At(member.Pos, "keep one", "%s of the message %s is set twice", field.Desc.Name(), message.Desc.FullName())
}

// Target returns the name of the Go field that holds a field of a message: that
// of its oneof, if it is in one.
func Target(field *protogen.Field) string {
	if InOneof(field) {
		return field.Oneof.GoName
	}
	return field.GoName
}

// InOneof reports whether the field belongs to a oneof of the proto. The oneof
// of a proto3 optional field does not count.
func InOneof(field *protogen.Field) bool {
	return field.Oneof != nil && !field.Oneof.Desc.IsSynthetic()
}

// always reports whether a member is set in every call.
func (m *maker) always(c *Call, v MessageMember) bool {
	vars := v.Text.Vars()
	if v.Operand != nil {
		vars = append(vars, v.Operand.Var)
	}
	for _, one := range vars {
		if o := c.Operands[one]; o == nil || c.MayLack(o) {
			return false
		}
	}
	return true
}

// MayLack reports whether a value can be absent from a call.
func (c *Call) MayLack(o *Operand) bool {
	switch o.Root {
	case directive.Headers:
		return true
	case directive.This:
		return len(c.Keys()) > 1
	case directive.Args:
		for _, step := range o.Steps {
			if step.Pointer {
				return true
			}
		}
		return o.Nilable()
	}
	return false
}

// messageValue plans the value of a field. It returns false if the field can't
// have it, which is reported.
func (m *maker) messageValue(s *Service, c *Call, field *protogen.Field, v *binding.Value) (MessageMember, bool) {
	out := MessageMember{Field: field}
	misfit := func(what string) (MessageMember, bool) {
		m.report.At(v.Pos, fitting(field), "%s (%s) can't be %s", field.Desc.FullName(), describe(field), what)
		return out, false
	}
	many := field.Desc.IsList() || field.Desc.IsMap()
	switch {
	case v.Object != nil:
		if field.Message == nil || many {
			return misfit("an object")
		}
		out.Message = m.build(s, c, field.Message, v.Object)
		return out, true
	case v.Const != nil:
		if many {
			m.report.At(v.Const.Position, "write a list", "%s is a list", field.Desc.FullName())
			return out, false
		}
		out.Consts = []*ast.Value{v.Const}
		return out, m.constant(field, v.Const)
	case v.List != nil:
		if !field.Desc.IsList() {
			return misfit("a list")
		}
		if object := c.Repeated(v); object != nil && field.Message != nil {
			out.Each = m.build(s, c, field.Message, object.Object)
			return out, true
		}
		if slices.ContainsFunc(v.List, func(item *binding.Value) bool { return item.Const == nil }) {
			return misfit("a list")
		}
		var ok bool
		out.Consts, ok = m.constants(field, v.List)
		return out, ok
	}
	one := v.Text.Alone()
	if one == nil || one.Joined {
		if field.Desc.Kind() != protoreflect.StringKind || many {
			return misfit("a text")
		}
		m.texts(s, c, v.Text)
		out.Text = v.Text
		return out, true
	}
	if out.Operand = c.Operands[one]; out.Operand == nil {
		return out, false // reported
	}
	if !m.operandInto(s, &out) {
		return misfit(fmt.Sprintf("%s, which is %s in Go", one, shortType(goType(out.Operand))))
	}
	return out, true
}

// constants returns the constants of a list that are values of a field. It returns false
// if one is not, which is reported.
func (m *maker) constants(field *protogen.Field, list []*binding.Value) ([]*ast.Value, bool) {
	values := make([]*ast.Value, 0, len(list))
	for _, item := range list {
		if !m.constant(field, item.Const) {
			return nil, false
		}
		values = append(values, item.Const)
	}
	return values, true
}

// operandInto plans how a variable becomes the value of a field. It returns
// false if it can't.
func (m *maker) operandInto(s *Service, v *MessageMember) bool {
	o := v.Operand
	switch {
	case v.Field.Desc.IsMap():
		return m.sentMap(s, v)
	case IsMask(v.Field) && o.List:
		return isPlainString(o.Item) && !o.ItemNull && !o.ItemPointer
	case v.Field.Desc.IsList() != o.List || o.List && o.ItemNull || o.List && o.Schema != nil && o.Schema.Elem.Elem != nil:
		return false
	}
	var ok bool
	v.Into, ok = m.intoProto(s, v.Field, o.Item, o.Schema)
	return ok
}

func goType(o *Operand) types.Type {
	if o.List {
		return types.NewSlice(o.Item)
	}
	return o.Item
}

// messageMember plans how a field of an input object becomes a field of a
// message. It returns false if it can't, which is reported.
func (m *maker) messageMember(s *Service, in *Input, of member, out *InputMember) bool {
	fields := m.protoPath(in.Message, of.source.Names[0], of.pos)
	if fields == nil {
		return false
	}
	field := fields[0].Field
	if of.source.Entries && !field.Desc.IsMap() || !m.inputMember(s, out, field) {
		m.report.At(of.Position, fitting(field), "%s.%s is %s, which %s (%s) does not fit",
			in.Def.Name, of.Name, of.Type, field.Desc.FullName(), describe(field))
		return false
	}
	return true
}

// inputMember plans how a field of an input object, whose type and model are known,
// becomes a field of a message. It returns false if it can't.
func (m *maker) inputMember(s *Service, out *InputMember, field *protogen.Field) bool {
	inner, _ := Omittable(out.Model) // a message has no null: null and absent are the same
	out.Proto, out.Value = field, &Operand{Var: &directive.Var{Root: directive.Args}, Schema: out.Schema, Type: inner}
	m.complete(out.Value)
	value := MessageMember{Field: field, Operand: out.Value}
	if !m.operandInto(s, &value) {
		return false
	}
	out.Into = value.Into
	return true
}

// constant reports a constant of the schema that is not a value of a field or
// of an item of its list. It returns whether it is one.
func (m *maker) constant(field *protogen.Field, v *ast.Value) bool {
	kind := field.Desc.Kind()
	text := v.Kind == ast.StringValue || v.Kind == ast.BlockValue
	ok := false
	switch kind {
	case protoreflect.StringKind:
		ok = text
	case protoreflect.BoolKind:
		ok = v.Kind == ast.BooleanValue
	case protoreflect.EnumKind:
		ok = (text || v.Kind == ast.EnumValue) && EnumConstant(field, v) != nil
	case protoreflect.DoubleKind, protoreflect.FloatKind:
		ok = v.Kind == ast.IntValue || v.Kind == ast.FloatValue
	case protoreflect.MessageKind, protoreflect.GroupKind, protoreflect.BytesKind:
	default:
		ok = v.Kind == ast.IntValue && fits(v.Raw, ProtoType(field))
	}
	if !ok {
		m.report.At(v.Position, "", "%s (%s) can't be %s", field.Desc.FullName(), describe(field), v)
	}
	return ok
}

// EnumConstant returns the value of the field's enum that a constant names; nil
// if there is none.
func EnumConstant(field *protogen.Field, v *ast.Value) *protogen.EnumValue {
	for _, value := range field.Enum.Values {
		if string(value.Desc.Name()) == v.Raw {
			return value
		}
	}
	return nil
}
