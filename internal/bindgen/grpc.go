package bindgen

import (
	"fmt"
	"go/types"
	"slices"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/portico-gateway/portico/gateway/directive"
	"github.com/portico-gateway/portico/internal/binding"
)

// grpcCall spells the body of a function that calls a gRPC service.
func (f *fetch) grpcCall() {
	method := f.protos.methods[f.GRPC.Method]
	if method == nil {
		f.report.at(f.GRPC.Pos, suggest(f.GRPC.Method, f.protos.methodNames(), "put its proto into "+protoFolder+"/"), "no proto has the method %s", f.GRPC.Method)
		return
	}
	streams := method.Desc.IsStreamingServer()
	switch {
	case method.Desc.IsStreamingClient():
		f.report.at(f.GRPC.Pos, "write a Go method", "callers of %s send a stream, which a field can't", f.GRPC.Method)
		return
	case streams && !f.stream():
		f.report.at(f.GRPC.Pos, "bind it to a field of Subscription", "%s streams", f.GRPC.Method)
		return
	case !streams && f.stream():
		f.report.at(f.GRPC.Pos, "bind it to a field of Query", "%s gives one answer and does not stream", f.GRPC.Method)
		return
	}
	f.pageSetup()
	var members []binding.Member
	if f.GRPC.Request != nil {
		members = f.GRPC.Request.Object
	}
	f.build("request", method.Input, members)
	name := strconv.Quote("/" + f.GRPC.Method)
	if streams {
		f.followStream(method, name)
		return
	}
	f.line("answer := &%s{}\nif err := c.Invoke(ctx, %s, request, answer); err != nil {", protoName(method.Output.GoIdent), name)
	f.failed()
	f.line("}")
	if f.done() {
		f.line("return %s, nil", f.success())
		return
	}
	f.messageAnswer(method.Output)
}

// followStream spells a subscription.
func (f *fetch) followStream(method *protogen.Method, name string) {
	f.line("events, err := %s[%s, %s](ctx, c.GRPC, %s, request)\nif err != nil {", f.upstream("Follow"), protoName(method.Input.GoIdent), protoName(method.Output.GoIdent), name)
	f.failed()
	f.line("}")
	f.line("return %s(events, func(event *%s) (%s, error) {", f.upstream("Events"), protoName(method.Output.GoIdent), f.valueType(f.call))
	if expr, ok := f.messageValue(method.Output, "event"); ok {
		f.line("return %s, nil", expr)
	}
	f.line("}), nil")
}

// messageValue spells the field's value of what select leads to in a message.
func (f *fetch) messageValue(m *protogen.Message, root string) (string, bool) {
	t := f.Field.Type
	result, err := f.types.of(t)
	if err != nil {
		return "", false
	}
	zero := zeroOf(result)
	try := func(call string) string {
		f.line("value, err := %s\nif err != nil {\nreturn %s, c.Malformed(err)\n}", call, zero)
		return "value"
	}
	def := f.union.Types[t.Name()]
	if len(f.Select) == 0 {
		if t.Elem != nil || def.Kind != ast.Object {
			f.report.at(f.Pos, "add select", "%s.%s is %s, but the answer is a message", f.Parent.Name, f.Field.Name, t)
			return "", false
		}
		return try(fmt.Sprintf("%s(%s)", f.message(def, m), root)), true
	}
	fields := f.protoPath(m, f.Select, f.Pos)
	if fields == nil {
		return "", false
	}
	return f.fromMessage(t, fields, root, messageSite{
		what: f.Parent.Name + "." + f.Field.Name, pos: f.Pos, name: "value", try: try,
		missing: func(condition string) {
			f.line("if %s {\nreturn %s, c.Malformed(%s(%q))\n}", condition, zero, f.upstream("Missing"), f.Select)
		},
		statement: func(code string) { f.b.WriteString(code) },
		failed:    fmt.Sprintf("return %s, c.Malformed(%s(%q, err))", zero, f.upstream("In"), f.Select),
	})
}

// messageAnswer spells what makes the field's value of the answer.
func (f *fetch) messageAnswer(m *protogen.Message) {
	if f.Key == nil && f.Page == nil {
		if expr, ok := f.messageValue(m, "answer"); ok {
			f.line("return %s, nil", expr)
		}
		return
	}
	t := f.rowsType()
	fields := f.protoPath(m, f.Select, f.Pos)
	if len(fields) == 0 {
		if len(f.Select) == 0 {
			f.report.at(f.Pos, `add select: "items", where the rows are`, "the answer %s is a message and no list", m.Desc.FullName())
		}
		return
	}
	last := fields[len(fields)-1]
	def := f.union.Types[t.Name()]
	if !last.Desc.IsList() || last.Message == nil || def.Kind != ast.Object {
		f.report.at(f.Pos, "", "%s must be a list of messages for objects of type %s", last.Desc.FullName(), t.Name())
		return
	}
	rows := getters("answer", fields)
	if f.Key != nil {
		f.matchMessages(rows, last.Message, def)
		return
	}
	f.line("nodes, err := %s(%s, %s)\nif err != nil {\nreturn %s, c.Malformed(err)\n}", f.upstream("Values"), rows, f.message(def, last.Message), f.zero)
	f.connection("nodes", f.messagePage(m))
}

// messagePage makes variables of what page names.
func (f *fetch) messagePage(m *protogen.Message) pageExprs {
	out := pageExprs{known: func(string) string { return "" }}
	for _, p := range []struct {
		path directive.Path
		into *string
		name string
		wrap string
	}{
		{f.Page.Next, &out.next, "nextPage", "%s"},
		{f.Page.Total, &out.total, "total", "int64(%s)"},
		{f.Page.More, &out.more, "hasMore", "%s"},
	} {
		if p.path == nil {
			continue
		}
		fields := f.protoPath(m, p.path, f.Page.Pos)
		if fields == nil {
			continue
		}
		f.line("%s := %s", p.name, fmt.Sprintf(p.wrap, getters("answer", fields)))
		*p.into = p.name
		if p.into == &out.next {
			*p.into = "&" + p.name
		}
	}
	return out
}

// matchMessages spells what matches rows to the keys of parents.
func (f *fetch) matchMessages(rows string, m *protogen.Message, def *ast.Definition) {
	fields := f.protoPath(m, f.Key.Row, f.Key.Pos)
	if len(fields) == 0 {
		return
	}
	key, typ := getters("row", fields), protoType(fields[len(fields)-1])
	switch typ {
	case "string":
	case "int32", "int64":
		key = imported("strconv") + ".FormatInt(int64(" + key + "), 10)"
	case "uint32", "uint64":
		key = imported("strconv") + ".FormatUint(uint64(" + key + "), 10)"
	default:
		f.report.at(f.Key.Pos, "use a text or a whole number", "the key %s is %s", f.Key.Row, typ)
	}
	row := protoName(m.GoIdent)
	f.line("toModel := func(row *%s) (*%s, error) {\nvalue, err := %s(row)\nreturn value, c.Malformed(err)\n}", row, spelled(f.modelType(def)), f.message(def, m))
	match := fmt.Sprintf("%s, func(row *%s) string { return %s }, toModel)", rows, row, key)
	if f.Field.Type.Elem != nil {
		f.line("return %s(keys, %s", f.loader("Many"), match)
		return
	}
	f.perKey(f.loader("One") + "(" + match)
}

// build makes a variable with a message.
func (f *fetch) build(name string, m *protogen.Message, members []binding.Member) {
	var fixed, conditional []string
	set := map[string]bool{} // the Go fields that are set in any case
	for _, member := range members {
		field := findField(m, member.Name)
		if field == nil {
			f.report.at(member.Pos, didYouMean(member.Name, protoFieldNames(m)), "the message %s has no field %s", m.Desc.FullName(), member.Name)
			continue
		}
		guard, code, expr := f.protoValue(field, member.Value)
		target, value := field.GoName, expr
		if field.Oneof != nil && !field.Oneof.Desc.IsSynthetic() {
			target = field.Oneof.GoName
			value = fmt.Sprintf("&%s{%s: %s}", protoName(field.GoIdent), field.GoName, expr)
		} else if byPointer(field) {
			value = "new(" + expr + ")"
		}
		if guard == "" {
			if set[target] {
				f.report.at(member.Pos, "keep one", "%s of the message %s is set already", target, m.Desc.FullName())
			}
			set[target] = true
			f.b.WriteString(code)
			fixed = append(fixed, target+": "+value)
			continue
		}
		conditional = append(conditional, fmt.Sprintf("if %s {\n%s%s.%s = %s\n}\n", guard, code, name, target, value))
	}
	if len(fixed) == 0 {
		f.line("%s := &%s{}", name, protoName(m.GoIdent))
	} else {
		f.line("%s := &%s{\n%s,\n}", name, protoName(m.GoIdent), strings.Join(fixed, ",\n"))
	}
	for _, code := range conditional {
		f.b.WriteString(code)
	}
}

// byPointer tells whether the Go field of a scalar is a pointer. Bytes are nil
// when they are absent.
func byPointer(f *protogen.Field) bool {
	return f.Desc.HasPresence() && f.Message == nil && f.Desc.Kind() != protoreflect.BytesKind
}

// protoValue spells a value of a field: the condition that it is there, the
// statements that make it, and the expression.
func (f *fetch) protoValue(field *protogen.Field, v *binding.Value) (guard, code, expr string) {
	outer := f.b
	f.b = &strings.Builder{}
	var before strings.Builder
	defer func() {
		code = f.b.String()
		f.b = outer
		f.b.WriteString(before.String())
	}()
	misfit := func(what string) {
		f.report.at(v.Pos, "", "%s (%s) can't be %s", field.Desc.FullName(), describe(field), what)
	}
	switch {
	case v.Object != nil:
		if field.Message == nil || field.Desc.IsList() || field.Desc.IsMap() {
			misfit("an object")
			return "", "", "nil"
		}
		name := f.variable(f.paramName(string(field.Desc.Name())) + "Message")
		f.build(name, field.Message, v.Object)
		return "", "", name
	case v.Const != nil:
		return "", "", f.protoConstant(field, v.Const)
	case v.List != nil:
		var items []string
		for _, item := range v.List {
			if item.Const == nil || !field.Desc.IsList() {
				misfit("a list")
				return "", "", "nil"
			}
			items = append(items, f.protoItem(field, item.Const))
		}
		return "", "", "[]" + protoType(field) + "{" + strings.Join(items, ", ") + "}"
	}
	one := v.Text.Alone()
	if one == nil || one.Joined {
		if protoType(field) != "string" || field.Desc.IsList() {
			misfit("a text")
		}
		guard := f.there(v.Text)
		before.WriteString(f.b.String()) // the guard needs the variables
		f.b.Reset()
		return guard, "", f.concatenated(v.Text)
	}
	o := f.operand(one)
	if one.Root == directive.Headers {
		before.WriteString(f.b.String()) // the guard needs the variable
		f.b.Reset()
	}
	expr, ok := f.toProto(field, one, o)
	if !ok {
		misfit(fmt.Sprintf("%s, which is %s in Go", one, shortType(goText(o))))
	}
	return o.there, "", expr
}

func goText(o operand) string {
	if o.list {
		return "[]" + typeName(o.typ)
	}
	return typeName(o.typ)
}

func describe(field *protogen.Field) string {
	kind := field.Desc.Kind().String()
	switch {
	case field.Desc.IsMap():
		return "a map"
	case field.Message != nil:
		kind = string(field.Message.Desc.FullName())
	case field.Enum != nil:
		kind = string(field.Enum.Desc.FullName())
	}
	if field.Desc.IsList() {
		kind = "repeated " + kind
	}
	return kind
}

func (f *fetch) protoConstant(field *protogen.Field, v *ast.Value) string {
	if field.Desc.IsList() || field.Desc.IsMap() {
		f.report.at(v.Position, "write a list", "%s is a list", field.Desc.FullName())
		return "nil"
	}
	return f.protoItem(field, v)
}

func (f *fetch) protoItem(field *protogen.Field, v *ast.Value) string {
	kind := field.Desc.Kind()
	text := v.Kind == ast.StringValue || v.Kind == ast.BlockValue
	switch {
	case kind == protoreflect.StringKind && text:
		return strconv.Quote(v.Raw)
	case kind == protoreflect.BoolKind && v.Kind == ast.BooleanValue:
		return v.Raw
	case kind == protoreflect.EnumKind && (text || v.Kind == ast.EnumValue):
		for _, value := range field.Enum.Values {
			if string(value.Desc.Name()) == v.Raw {
				return protoName(value.GoIdent)
			}
		}
	case field.Message == nil && kind != protoreflect.EnumKind && kind != protoreflect.StringKind && kind != protoreflect.BoolKind && kind != protoreflect.BytesKind &&
		(v.Kind == ast.IntValue || v.Kind == ast.FloatValue && (kind == protoreflect.DoubleKind || kind == protoreflect.FloatKind)):
		return protoType(field) + "(" + v.Raw + ")"
	}
	f.report.at(v.Position, "", "%s (%s) can't be %s", field.Desc.FullName(), describe(field), v)
	return "nil"
}

// toProto spells a variable as the field takes it.
func (f *fetch) toProto(field *protogen.Field, v *directive.Var, o operand) (string, bool) {
	if field.Desc.IsMap() {
		return "", false
	}
	if isMask(field) && o.list && isString(o.typ) && isPlain(o.typ) && o.isNull == "" {
		return fmt.Sprintf("&%s{Paths: %s}", protoName(field.Message.GoIdent), o.value), true
	}
	if field.Desc.IsList() != o.list {
		return "", false
	}
	gql := ""
	if v.Root == directive.Args {
		if t := binding.TypeOf(f.frontend.schema, f.Binding, v); t != nil {
			gql = t.Name()
		}
	}
	c, ok := f.intoProto(field, o.typ, gql)
	if !ok {
		return "", false
	}
	switch {
	case o.list && o.isNull != "":
		return "", false
	case o.list && c.fn == "" && c.expr(o.items) == "item":
		return o.value, true
	case o.list:
		if v.Root == directive.Batch && c.fn != "" {
			f.keyCheck = fmt.Sprintf("%s(%s)", f.upstream("Parses"), c.fn)
		}
		return f.checked(v, fmt.Sprintf("%s(%s, %s)", f.upstream("Values"), o.value, f.itemFunction(o, c, protoType(field)))), true
	case c.fn != "":
		value := o.value
		if strings.HasPrefix(c.fn, "new") { // of an input object, by pointer
			value = address(value)
		}
		return f.checked(v, c.fn+"("+value+")"), true
	}
	return c.expr(o.value), true
}

// itemFunction spells a function that converts the items of a list.
func (f *fetch) itemFunction(o operand, c conversion, to string) string {
	switch {
	case c.fn != "" && o.items == "item":
		return c.fn
	case c.fn != "":
		return fmt.Sprintf("func(item %s) (%s, error) { return %s(%s) }", f.itemType(o), to, c.fn, o.items)
	}
	return fmt.Sprintf("func(item %s) (%s, error) { return %s, nil }", f.itemType(o), to, c.expr(o.items))
}

// checked makes a variable of a call that may fail, for what callers give.
func (f *fetch) checked(v *directive.Var, call string) string {
	name := f.variable(f.paramName(v.Path[len(v.Path)-1]) + "Value")
	f.line("%s, err := %s\nif err != nil {\nreturn %s, err\n}", name, call, f.zero)
	return name
}

// intoProto is how a Go value, of a GraphQL type if it comes from an argument,
// becomes one of a field; false when it can't.
func (w *clientWriter) intoProto(field *protogen.Field, t types.Type, gql string) (conversion, bool) {
	c := conversion{from: spelled(t)}
	def := w.union.Types[gql]
	to := protoType(field)
	kind, isBasic := basic(t)
	convert := func(fn string) (conversion, bool) { c.fn = fn; return c, true }
	switch {
	case field.Message != nil:
		return w.intoMessage(field, t, def, c)
	case field.Enum != nil:
		if def == nil || def.Kind != ast.Enum {
			return c, false
		}
		c.expr = func(value string) string { return w.enumToProto(def, field.Enum) + "(" + value + ")" }
		return c, true
	case c.from == to:
		c.expr = same
	case to == "string" && isString(t), to == "float32" && isBasic && kind == types.Float64, to == "bool" && isBasic && kind == types.Bool,
		to == "int64" && isBasic && (kind == types.Int || kind == types.Int32), to == "float64" && isBasic && kind == types.Int:
		c.expr = into(to)
	case to == "[]byte" && isString(t) && isPlain(t):
		return convert(w.upstream("Bytes"))
	case to == "int32" && isBasic && (kind == types.Int || kind == types.Int64) && isPlain(t):
		return convert(w.upstream("Int32"))
	case to == "uint32" && isBasic && (kind == types.Int || kind == types.Int64) && isPlain(t):
		return convert(w.upstream("Uint32"))
	case to == "uint64" && isBasic && (kind == types.Int || kind == types.Int64) && isPlain(t):
		return convert(w.upstream("Uint64"))
	case (to == "int32" || to == "int64") && isString(t) && isPlain(t) && gql != "String":
		return convert(w.upstream("ParseInt") + "[" + to + "]")
	case (to == "uint32" || to == "uint64") && isString(t) && isPlain(t) && gql != "String":
		return convert(w.upstream("ParseUint") + "[" + to + "]")
	default:
		return c, false
	}
	return c, true
}

// intoMessage is how a value becomes a message: an input object, or one of
// google.protobuf.
func (w *clientWriter) intoMessage(field *protogen.Field, t types.Type, def *ast.Definition, c conversion) (conversion, bool) {
	call := func(fn string) (conversion, bool) {
		c.expr = func(value string) string { return fn + "(" + value + ")" }
		return c, true
	}
	name := field.Message.Desc.FullName()
	if def != nil && def.Kind == ast.InputObject {
		if strings.HasPrefix(string(name), "google.protobuf.") {
			return c, false
		}
		c.fn = w.inputMessage(def, field.Message)
		return c, true
	}
	from := typeName(t)
	switch {
	case name == "google.protobuf.Timestamp" && from == "time.Time":
		return call(imported("google.golang.org/protobuf/types/known/timestamppb") + ".New")
	case name == "google.protobuf.Duration" && from == "time.Duration":
		return call(imported("google.golang.org/protobuf/types/known/durationpb") + ".New")
	case name == "google.protobuf.Struct" && strings.HasPrefix(from, "map[string]"):
		c.fn = imported("google.golang.org/protobuf/types/known/structpb") + ".NewStruct"
		return c, true
	case name == "google.protobuf.Duration" && isString(t) && isPlain(t):
		c.fn = w.upstream("Duration")
		return c, true
	case isAny(t) && slices.Contains([]protoreflect.FullName{"google.protobuf.Value", "google.protobuf.Struct", "google.protobuf.ListValue"}, name):
		c.fn = w.upstream(string(name.Name()))
		return c, true
	case strings.HasPrefix(string(name), "google.protobuf.") && strings.HasSuffix(string(name), "Value") && findField(field.Message, "value") != nil:
		return w.intoWrapper(field, t, def, c)
	}
	return c, false
}

// intoWrapper is how a value becomes a wrapper, such as
// google.protobuf.StringValue.
func (w *clientWriter) intoWrapper(field *protogen.Field, t types.Type, def *ast.Definition, c conversion) (conversion, bool) {
	inner := findField(field.Message, "value")
	if inner.Message != nil || inner.Enum != nil || inner.Desc.IsList() {
		return c, false
	}
	gql := ""
	if def != nil {
		gql = def.Name
	}
	of, ok := w.intoProto(inner, t, gql)
	if !ok {
		return c, false
	}
	name := strings.TrimSuffix(string(field.Message.Desc.Name()), "Value")
	constructor := imported("google.golang.org/protobuf/types/known/wrapperspb") + "." + name
	if of.fn == "" {
		c.expr = func(value string) string { return constructor + "(" + of.expr(value) + ")" }
		return c, true
	}
	c.fn = fmt.Sprintf("func(value %s) (*%s, error) {\nraw, err := %s(value)\nreturn %s(raw), err\n}", c.from, protoName(field.Message.GoIdent), of.fn, constructor)
	return c, true
}

// enumToProto returns the function that makes a service's value of one of an
// enum.
func (w *clientWriter) enumToProto(def *ast.Definition, e *protogen.Enum) string {
	name := w.functionName("to"+e.GoIdent.GoName, goName(def.Name), def.Name+" "+string(e.Desc.FullName()))
	if w.functions[name] != "" {
		return name
	}
	var b strings.Builder
	fmt.Fprintf(&b, "// %s is what the service calls a value of %s.\nfunc %s(value %s) %s {\nswitch value {\n", name, def.Name, name, spelled(w.modelType(def)), protoName(e.GoIdent))
	for _, v := range def.EnumValues {
		theirs := w.enumValue(e, def, v)
		if theirs == nil {
			w.report.at(v.Position, `add @source(name: "…", service: "`+w.service+`"), or remove the value`, "the enum %s has no value for %s", e.Desc.FullName(), v.Name)
			continue
		}
		fmt.Fprintf(&b, "case %q:\nreturn %s\n", v.Name, protoName(theirs.GoIdent))
	}
	b.WriteString("}\nreturn 0\n}\n\n")
	w.functions[name] = b.String()
	return name
}

// inputMessage returns the function that makes a message of an input object.
func (w *clientWriter) inputMessage(def *ast.Definition, m *protogen.Message) string {
	name := "new" + goName(def.Name) + "Message"
	name = w.functionName(name, m.GoIdent.GoName, string(m.Desc.FullName()))
	if w.functions[name] != "" {
		return name
	}
	w.functions[name] = "pending" // it may have itself in it
	f := &fetch{clientWriter: w, zero: "nil", b: &strings.Builder{}}
	model := w.modelType(def)
	f.line("// %s is the message that the service takes for %s.\nfunc %s(in *%s) (*%s, error) {\nif in == nil {\nreturn nil, nil\n}\nm := &%s{}", name, withArticle(def.Name), name, spelled(model), protoName(m.GoIdent), protoName(m.GoIdent))
	for _, member := range w.membersOf(def) {
		f.inputMessageMember(def, m, member, model)
	}
	f.line("return m, nil\n}\n")
	w.functions[name] = f.b.String()
	return name
}

func (f *fetch) inputMessageMember(def *ast.Definition, m *protogen.Message, input typeMember, model types.Type) {
	field, src := input.FieldDefinition, input.src
	theirs := f.protoPath(m, src.Names[0], input.pos)
	member := structField(model, goName(field.Name))
	if len(theirs) != 1 || member == nil {
		if len(theirs) > 1 {
			f.report.at(input.pos, "", "an input field has one name, which is no path")
		}
		return
	}
	to := theirs[0]
	typ, expr := member.Type(), "in."+goName(field.Name)
	if inner, ok := omittable(typ); ok { // a message does not tell null from absent
		typ, expr = inner, expr+".Value()"
	}
	o := f.operandOf(typ, expr, nil, field.Type)
	if isMask(to) && o.list && o.isNull == "" {
		f.line("m.%s = &%s{Paths: %s}", to.GoName, protoName(to.Message.GoIdent), o.value)
		return
	}
	c, ok := f.intoProto(to, o.typ, field.Type.Name())
	object := f.union.Types[field.Type.Name()].Kind == ast.InputObject
	if !ok || to.Desc.IsMap() || to.Desc.IsList() != o.list || o.isNull != "" {
		f.report.at(field.Position, "", "%s.%s is %s, which %s (%s) does not fit", def.Name, field.Name, field.Type, to.Desc.FullName(), describe(to))
		return
	}
	if o.there != "" {
		f.line("if %s {", o.there)
		defer f.line("}")
	}
	value := o.value
	switch {
	case o.list && c.fn == "" && c.expr(o.items) == "item":
	case o.list:
		f.line("value, err := %s(%s, %s)\nif err != nil {\nreturn nil, err\n}", f.upstream("Values"), o.value, f.itemFunction(o, c, protoType(to)))
		value = "value"
	case c.fn != "":
		if object {
			value = address(value)
		}
		name := f.local(field.Name)
		f.line("%s, err := %s(%s)\nif err != nil {\nreturn nil, err\n}", name, c.fn, value)
		value = name
	default:
		value = c.expr(value)
	}
	switch {
	case to.Oneof != nil && !to.Oneof.Desc.IsSynthetic():
		f.line("m.%s = &%s{%s: %s}", to.Oneof.GoName, protoName(to.GoIdent), to.GoName, value)
	case byPointer(to):
		f.line("m.%s = new(%s)", to.GoName, value)
	default:
		f.line("m.%s = %s", to.GoName, value)
	}
}
