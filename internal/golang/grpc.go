package golang

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/portico-gateway/portico/gateway/directive"
	"github.com/portico-gateway/portico/internal/binding"
	"github.com/portico-gateway/portico/internal/plan"
)

// grpcCall writes the body of a function that calls a gRPC service.
func (f *function) grpcCall() {
	f.page()
	f.build("request", f.Message)
	input, output, name := f.ident(f.Method.Input.GoIdent), f.ident(f.Method.Output.GoIdent), strconv.Quote(f.Method.Name)
	if f.Stream() {
		follow, sharing := f.upstream("Follow"), ""
		if f.Sharing != "" {
			follow, sharing = f.upstream("FollowShared"), f.sharing()+", "
		}
		f.line("events, err := %s[%s, %s](ctx, c.GRPC, %s%s, request)\nif err != nil {", follow, input, output, sharing, name)
		f.failed()
		f.line("}\nreturn %s(events, func(event *%s) (%s, error) {", f.upstream("Events"), output, f.typ(f.Result))
		f.line("from := c.Source(%q)", f.At())
		f.variableOf("value", f.typ(f.Answer.Read.Model))
		f.line("var fault error")
		f.b.WriteString(f.fromAnswer("event", target{"value", "fault"}))
		if object := f.Answer.Read.Into.Object; object != nil && object.Faults != "" && f.Answer.Read.Type.NonNull && len(f.Select) > 0 {
			f.line("if err := value.%s.Whole(); err != nil {\nreturn nil, err\n}", object.Faults)
		}
		f.line("return value, from.Malformed(%q, fault)\n}), nil", f.fieldName())
		return
	}
	f.line("answer := &%s{}", output)
	head := "nil"
	if f.ReadsHeader() {
		f.line("var head map[string][]string")
		head = "&head"
	}
	invoke := fmt.Sprintf("c.Call(ctx, %s, request, answer, %s)", name, head)
	if conditions := f.conditions(); conditions != "" {
		f.line("conditions := %s", conditions)
		invoke = fmt.Sprintf("%s(c.GRPC, %s, answer, conditions)", f.upstream("Accepted"), invoke)
	}
	f.line("if err := %s; err != nil {", invoke)
	f.failed()
	f.line("}")
	if f.Done() {
		f.line("return %s, nil", f.success())
		return
	}
	f.messageAnswer()
}

// build declares a variable with a message.
func (f *function) build(name string, m *plan.Message) {
	var fixed []string
	var conditional strings.Builder
	for _, member := range m.Members {
		field := member.Field
		guard, code, expr := f.member(member)
		target, value := plan.Target(field), expr
		switch {
		case plan.InOneof(field):
			value = fmt.Sprintf("&%s{%s: %s}", f.ident(field.GoIdent), field.GoName, expr)
		case byPointer(field):
			value = "new(" + expr + ")"
		}
		if guard == "" {
			f.b.WriteString(code)
			fixed = append(fixed, target+": "+value)
			continue
		}
		code = f.onlyOne(name, m, member) + code
		fmt.Fprintf(&conditional, "if %s {\n%s%s.%s = %s\n}\n", guard, code, name, target, value)
	}
	if len(fixed) == 0 {
		f.line("%s := &%s{}", name, f.ident(m.Type.GoIdent))
	} else {
		f.line("%s := &%s{\n%s,\n}", name, f.ident(m.Type.GoIdent), strings.Join(fixed, ",\n"))
	}
	f.b.WriteString(conditional.String())
}

// onlyOne writes the check that no other field of a oneof is set in the message name,
// if one of its members before can be.
func (f *function) onlyOne(name string, m *plan.Message, member plan.MessageMember) string {
	var names []string
	isAfter := false
	for _, other := range m.Members {
		if plan.InOneof(other.Field) && other.Field.Oneof == member.Field.Oneof {
			isAfter = isAfter || other.Field != member.Field && len(names) == 0
			names = append(names, f.memberName(other))
		}
	}
	return f.oneOf(name, member.Field, isAfter, names)
}

// memberName returns what a caller sees of a field of a request: the name of the
// argument or the input field.
func (f *function) memberName(m plan.MessageMember) string {
	if m.Operand != nil && len(m.Operand.Path) > 0 {
		return m.Operand.Path[len(m.Operand.Path)-1]
	}
	return string(m.Field.Desc.Name())
}

// oneOf writes the check that a oneof is not set in the message name yet, if that can
// be. names are those of the members that set it.
func (f *function) oneOf(name string, field *protogen.Field, isAfter bool, names []string) string {
	if !plan.InOneof(field) || !isAfter {
		return ""
	}
	return fmt.Sprintf("if %s.%s != nil {\nreturn %s, %s(%s)\n}\n", name, field.Oneof.GoName, f.zero, f.upstream("OneOf"), quoted(names))
}

// buildEach declares a variable with a message for each key.
func (f *function) buildEach(name string, m *plan.Message) {
	f.line("%s, err := %s(keys, func(key %s) (*%s, error) {", name, f.upstream("Values"), f.keyType(f.Call), f.ident(m.Type.GoIdent))
	one := f.variable("message")
	f.build(one, m)
	f.line("return %s, nil\n})\nif err != nil {\nreturn %s, err\n}", one, f.zero)
}

// byPointer reports whether the Go field of a scalar is a pointer. Bytes are nil
// when they are absent.
func byPointer(f *protogen.Field) bool {
	return f.Desc.HasPresence() && f.Message == nil && f.Desc.Kind() != protoreflect.BytesKind
}

// member writes the value of a field: the condition under which it is set, the
// statements before it, and the expression.
func (f *function) member(m plan.MessageMember) (guard, code, expr string) {
	switch {
	case m.Message != nil:
		name := f.variable(f.namer.variable(string(m.Field.Desc.Name()), "") + "Message")
		return "", f.captured(func() { f.build(name, m.Message) }), name
	case m.Each != nil:
		name := f.variable(f.namer.variable(string(m.Field.Desc.Name()), "") + "Messages")
		return "", f.captured(func() { f.buildEach(name, m.Each) }), name
	case m.Consts != nil && m.Field.Desc.IsList():
		var items []string
		for _, item := range m.Consts {
			items = append(items, f.constant(m.Field, item))
		}
		return "", "", "[]" + f.typ(plan.ProtoType(m.Field)) + "{" + strings.Join(items, ", ") + "}"
	case m.Consts != nil:
		return "", "", f.constant(m.Field, m.Consts[0])
	case m.Text != nil:
		code = f.captured(func() { expr = f.concatenated(m.Text) })
		return f.there(m.Text), code, expr
	}
	v := f.value(m.Operand.Var)
	code = f.captured(func() { expr = f.into(v, m.Field, m.Into, f.zero) })
	return v.there, code, expr
}

// into writes a value as the value of a field.
func (f *function) into(v value, field *protogen.Field, c plan.Conversion, zero string) string {
	checked := func(call string) string {
		name := f.variable(f.namer.variable(lastOf(v), "") + "Value")
		f.line("%s, err := %s\nif err != nil {\nreturn %s, err\n}", name, call, zero)
		return name
	}
	switch {
	case c.Entries != nil:
		return f.mapOf(v, field, c.Entries, zero)
	case v.List && plan.IsMask(field):
		return fmt.Sprintf("&%s{Paths: %s}", f.ident(field.Message.GoIdent), v.expr)
	case v.List && c.Same() && v.item == "item":
		return v.expr
	case v.List:
		if v.Root == directive.Batch && c.Fails() {
			f.check(v.Var, fmt.Sprintf("%s(%s)", f.upstream("Parses"), f.failing(c)))
		}
		return checked(fmt.Sprintf("%s(%s, %s)", f.upstream("Values"), v.expr, f.each(c, f.itemType(v), v.item)))
	case c.Fails():
		if v.Repeated {
			f.check(v.Var, fmt.Sprintf("%s(%s)", f.upstream("Parses"), f.failing(c)))
		}
		expr := v.expr
		if c.Input != nil {
			expr = address(expr)
		}
		return checked(f.failing(c) + "(" + expr + ")")
	}
	return f.converted(c, v.expr)
}

func lastOf(v value) string {
	if len(v.Path) == 0 {
		return "field"
	}
	return v.Path[len(v.Path)-1]
}

// constant writes a constant of the schema as a value of a field.
func (f *function) constant(field *protogen.Field, v *ast.Value) string {
	switch field.Desc.Kind() {
	case protoreflect.StringKind:
		return strconv.Quote(v.Raw)
	case protoreflect.BoolKind:
		return v.Raw
	case protoreflect.EnumKind:
		return f.ident(plan.EnumConstant(field, v).GoIdent)
	}
	return f.typ(plan.ProtoType(field)) + "(" + v.Raw + ")"
}

// inputMessage writes the function that converts an input object to a message.
func (c *client) inputMessage(in *plan.Input) string {
	f := &function{client: c, Call: &plan.Call{Binding: &binding.Binding{}}, zero: "nil", b: &strings.Builder{}, used: map[string]bool{}}
	message := c.ident(in.Message.GoIdent)
	f.line("// %s returns the message for %s, or nil for nil.\nfunc %s(in *%s) (*%s, error) {\nif in == nil {\nreturn nil, nil\n}\nm := &%s{}",
		c.of(in), withArticle(in.Def.Name), c.of(in), c.typ(in.Model), message, message)
	for _, m := range in.Members {
		f.inputMember(in, m)
	}
	f.line("return m, nil\n}\n")
	return f.b.String()
}

// inputMember writes the statements that set a field of a message.
func (f *function) inputMember(in *plan.Input, m plan.InputMember) {
	there, code, value := f.messageMember(m, "in", "nil")
	switch {
	case plan.InOneof(m.Proto):
		code += fmt.Sprintf("m.%s = &%s{%s: %s}\n", m.Proto.Oneof.GoName, f.ident(m.Proto.GoIdent), m.Proto.GoName, value)
	case byPointer(m.Proto):
		code += fmt.Sprintf("m.%s = new(%s)\n", m.Proto.GoName, value)
	default:
		code += fmt.Sprintf("m.%s = %s\n", m.Proto.GoName, value)
	}
	f.guarded(there, f.onlyOneInput(in, m)+code)
}

// messageMember writes the value of a field of an input object, as [function.member] does.
func (f *function) messageMember(m plan.InputMember, object, zero string) (guard, code, expr string) {
	path := object + "." + m.Field
	if _, omittable := plan.Omittable(m.Model); omittable {
		path += ".Value()"
	}
	v := pathValue(m.Value, path)
	v.Operand = named(v.Operand, m.Name)
	code = f.captured(func() { expr = f.into(v, m.Proto, m.Into, zero) })
	return v.there, code, expr
}

// guarded writes statements under a condition; empty for none.
func (f *function) guarded(condition, code string) {
	if condition == "" {
		f.b.WriteString(code)
		return
	}
	f.line("if %s {\n%s}", condition, code)
}

// onlyOneInput is like onlyOne for a field of an input object.
func (f *function) onlyOneInput(in *plan.Input, m plan.InputMember) string {
	var names []string
	isAfter := false
	for _, other := range in.Members {
		if plan.InOneof(other.Proto) && other.Proto.Oneof == m.Proto.Oneof {
			isAfter = isAfter || other.Proto != m.Proto && len(names) == 0
			names = append(names, other.Name)
		}
	}
	return f.oneOf("m", m.Proto, isAfter && in.Def.Directives.ForName("oneOf") == nil, names)
}

// named returns an operand whose variable has a name.
func named(o *plan.Operand, name string) *plan.Operand {
	copied := *o
	copied.Var = &directive.Var{Root: directive.Args, Path: []string{name}}
	return &copied
}
