package bindgen

import (
	"fmt"
	"go/types"
	"slices"
	"strconv"
	"strings"

	"github.com/99designs/gqlgen/codegen/templates"
	"github.com/vektah/gqlparser/v2/ast"
	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/portico-gateway/portico/gateway/directive"
)

// This file writes what makes models of the messages of a gRPC service.

// protoName spells a Go name of generated messages.
func protoName(id protogen.GoIdent) string {
	return imported(string(id.GoImportPath)) + "." + id.GoName
}

// findField finds a field of a message by its name, or by its name in JSON.
func findField(m *protogen.Message, name string) *protogen.Field {
	for _, f := range m.Fields {
		if string(f.Desc.Name()) == name {
			return f
		}
	}
	for _, f := range m.Fields {
		if f.Desc.JSONName() == name {
			return f
		}
	}
	return nil
}

func protoFieldNames(m *protogen.Message) []string {
	var names []string
	for _, f := range m.Fields {
		names = append(names, string(f.Desc.Name()))
	}
	return names
}

// protoPath finds the fields that a path leads through.
func (w *clientWriter) protoPath(m *protogen.Message, path directive.Path, pos *ast.Position) []*protogen.Field {
	var fields []*protogen.Field
	for i, name := range path {
		f := findField(m, name)
		if f == nil {
			w.report.at(pos, didYouMean(name, protoFieldNames(m)), "the message %s has no field %s", m.Desc.FullName(), name)
			return nil
		}
		fields = append(fields, f)
		if i == len(path)-1 {
			break
		}
		if f.Message == nil || f.Desc.IsList() || f.Desc.IsMap() {
			w.report.at(pos, "", "%s.%s is no message, so it has no field %s", m.Desc.FullName(), name, path[i+1])
			return nil
		}
		m = f.Message
	}
	return fields
}

// getters spells how Go reaches the last of fields.
func getters(expr string, fields []*protogen.Field) string {
	var b strings.Builder
	b.WriteString(expr)
	for _, f := range fields {
		b.WriteString(".Get" + f.GoName + "()")
	}
	return b.String()
}

// conversion makes one value of another.
type conversion struct {
	from string                    // Go's type of a value
	expr func(value string) string // nil when it may fail
	fn   string                    // a function of a value that returns the other and an error
}

func (c conversion) function(to string) string {
	if c.fn != "" {
		return c.fn
	}
	return fmt.Sprintf("func(item %s) (%s, error) { return %s, nil }", c.from, to, c.expr("item"))
}

func same(value string) string { return value }

func into(typ string) func(string) string {
	return func(value string) string { return typ + "(" + value + ")" }
}

// protoType spells the Go type of a field's value, or of an item of its list.
func protoType(f *protogen.Field) string {
	switch f.Desc.Kind() {
	case protoreflect.BoolKind:
		return "bool"
	case protoreflect.EnumKind:
		return protoName(f.Enum.GoIdent)
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind:
		return "int32"
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		return "uint32"
	case protoreflect.Int64Kind, protoreflect.Sint64Kind, protoreflect.Sfixed64Kind:
		return "int64"
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		return "uint64"
	case protoreflect.FloatKind:
		return "float32"
	case protoreflect.DoubleKind:
		return "float64"
	case protoreflect.StringKind:
		return "string"
	case protoreflect.BytesKind:
		return "[]byte"
	}
	return "*" + protoName(f.Message.GoIdent)
}

// functionName is the name of the function that is about a message or an enum:
// base, or when that is about another one, base and more.
func (w *clientWriter) functionName(base, more, about string) string {
	name := base
	for n := 1; w.messages[name] != "" && w.messages[name] != about; n++ {
		if name = base + more; n > 1 {
			name += strconv.Itoa(n)
		}
	}
	w.messages[name] = about
	return name
}

// message returns the function that makes an object type of a message.
func (w *clientWriter) message(def *ast.Definition, m *protogen.Message) string {
	name := templates.LcFirst(goName(def.Name)) + "Of"
	name = w.functionName(name, m.GoIdent.GoName, string(m.Desc.FullName()))
	if w.functions[name] != "" {
		return name
	}
	w.functions[name] = "pending" // it may have itself in it
	row := &rowType{def: def}
	for _, member := range w.membersOf(def) {
		w.messageMember(row, m, member)
	}
	model := spelled(w.modelType(def))
	var b strings.Builder
	fmt.Fprintf(&b, "// %s is the %s that a message stands for.\nfunc %s(m *%s) (*%s, error) {\n", name, def.Name, name, protoName(m.GoIdent), model)
	writeSteps(&b, w, row.steps)
	fmt.Fprintf(&b, "return &%s{\n", model)
	for _, init := range row.inits {
		b.WriteString(init + ",\n")
	}
	b.WriteString("}, nil\n}\n\n")
	w.functions[name] = b.String()
	return name
}

// messageMember adds a field of an object type to the model of a message.
func (w *clientWriter) messageMember(row *rowType, m *protogen.Message, member typeMember) {
	field, src, pos := member.FieldDefinition, member.src, member.pos
	model, err := w.types.of(field.Type)
	if err != nil {
		w.report.at(pos, "", "%s.%s: %v", row.def.Name, field.Name, err)
		return
	}
	switch {
	case src.Value != nil:
		w.constant(row, field, src.Value, model)
		return
	case src.Convert != "":
		w.convertedMessage(row, m, member, model)
		return
	case src.Default != nil:
		w.report.at(src.Default.Position, "leave it out", "a field of a message has a default already")
		return
	}
	init := func(expr string) { row.inits = append(row.inits, goName(field.Name)+": "+expr) }
	if len(src.Names[0]) == 0 {
		def := w.union.Types[field.Type.Name()]
		if field.Type.Elem != nil || def.Kind != ast.Object {
			w.report.at(pos, "", "$ is the message itself, so %s.%s must be of an object type", row.def.Name, field.Name)
			return
		}
		name := w.local(field.Name)
		row.steps = append(row.steps, step{code: fmt.Sprintf("%s, err := %s(m)\nif err != nil {\nreturn nil, err\n}\n", name, w.message(def, m))})
		init(name)
		return
	}
	fields := w.protoPath(m, src.Names[0], pos)
	if fields == nil {
		return
	}
	try := func(call string) string {
		name := w.local(field.Name)
		row.steps = append(row.steps, step{code: fmt.Sprintf("%s, err := %s\nif err != nil {\nreturn nil, %s(%q, err)\n}\n", name, call, w.upstream("In"), src.Names[0])})
		return name
	}
	missing := func(condition string) {
		row.steps = append(row.steps, step{condition: condition, path: src.Names[0].String()})
	}
	statement := func(code string) { row.steps = append(row.steps, step{code: code}) }
	if expr, ok := w.fromMessage(field.Type, fields, "m", messageSite{row.def.Name + "." + field.Name, pos, w.local(field.Name), try, missing, statement,
		fmt.Sprintf("return nil, %s(%q, err)", w.upstream("In"), fields[len(fields)-1].Desc.Name())}); ok {
		init(expr)
	}
}

// messageSite is where a value of a message is made a model.
type messageSite struct {
	what      string
	pos       *ast.Position
	name      string
	try       func(call string) string // a call that may fail, for the variable with its result
	missing   func(condition string)   // what must not be
	statement func(code string)
	failed    string // a statement that returns err
}

// fromMessage spells the model of what fields of the message root lead to.
func (w *clientWriter) fromMessage(t *ast.Type, fields []*protogen.Field, root string, at messageSite) (string, bool) {
	last := fields[len(fields)-1]
	expr := getters(root, fields)
	misfit := func() (string, bool) {
		w.report.at(at.pos, "", "%s is %s, which %s (%s) does not fit", at.what, t, last.Desc.FullName(), describe(last))
		return "", false
	}
	if last.Desc.IsMap() {
		model, err := w.types.of(t)
		if value := last.Message.Fields[1]; err != nil || t.Elem != nil || value.Message != nil || value.Enum != nil || !isAny(model) {
			return misfit()
		}
		return at.try(w.upstream("Object") + "(" + expr + ")"), true
	}
	if last.Desc.IsList() != (t.Elem != nil) && !isMask(last) {
		return misfit()
	}
	named := t
	if t.Elem != nil {
		named = t.Elem
		if named.Elem != nil {
			return misfit()
		}
	}
	if isMask(last) && t.Elem != nil {
		if named.NamedType != "String" || !named.NonNull {
			return misfit()
		}
		return expr + ".GetPaths()", true
	}
	c, ok := w.fromProto(last, named.NamedType)
	if !ok {
		return misfit()
	}
	model, err := w.types.of(&ast.Type{NamedType: named.NamedType, NonNull: true})
	if err != nil {
		return misfit()
	}
	switch {
	case t.Elem != nil && !named.NonNull && w.union.Types[named.NamedType].Kind != ast.Object:
		w.report.at(at.pos, "write ["+named.NamedType+"!]", "the items of %s are never null", last.Desc.FullName())
		return "", false
	case t.Elem != nil && c.fn == "" && c.expr("x") == "x":
		return expr, true
	case t.Elem != nil && w.pointerItems(t) && c.expr != nil:
		return at.try(fmt.Sprintf("%s(%s, func(item %s) (*%s, error) { return new(%s), nil })", w.upstream("Values"), expr, c.from, spelled(model), c.expr("item"))), true
	case t.Elem != nil:
		return at.try(fmt.Sprintf("%s(%s, %s)", w.upstream("Values"), expr, c.function(spelled(model)))), true
	}
	return w.single(protoRead{t, fields, root, c, model}, at), true
}

// protoRead is a value that is read of a message.
type protoRead struct {
	t      *ast.Type
	fields []*protogen.Field // that lead to it
	root   string            // the message's variable
	c      conversion
	model  types.Type // Go's, of a value that is not null
}

// isAny tells the type any.
func isAny(t types.Type) bool {
	i, ok := t.Underlying().(*types.Interface)
	return ok && i.Empty()
}

func isMask(f *protogen.Field) bool {
	return f.Message != nil && f.Message.Desc.FullName() == "google.protobuf.FieldMask"
}

// single spells the model of a value that is no list.
func (w *clientWriter) single(v protoRead, at messageSite) string {
	t, c, model := v.t, v.c, v.model
	last, expr := v.fields[len(v.fields)-1], getters(v.root, v.fields)
	object := w.union.Types[t.NamedType].Kind == ast.Object
	switch {
	case last.Message != nil && t.NonNull:
		at.missing(expr + " == nil")
		if c.expr != nil {
			return c.expr(expr)
		}
		return at.try(c.fn + "(" + expr + ")")
	case object:
		return at.try(fmt.Sprintf("%s(%s, %s)", w.upstream("Row"), expr, c.fn))
	case last.Message != nil && nilable(model) && c.expr == nil:
		at.statement(fmt.Sprintf("var %s %s\nif %s != nil {\nvar err error\nif %s, err = %s(%s); err != nil {\n%s\n}\n}\n",
			at.name, spelled(model), expr, at.name, c.fn, expr, at.failed))
		return at.name
	case last.Message != nil && nilable(model): // google.protobuf.Struct and the like
		at.statement(fmt.Sprintf("var %s %s\nif %s != nil {\n%s = %s\n}\n", at.name, spelled(model), expr, at.name, c.expr(expr)))
		return at.name
	case last.Message != nil || w.present(last):
		return w.whenPresent(v, at)
	case c.expr != nil && t.NonNull || nilable(model):
		return c.expr(expr)
	case c.expr != nil:
		return "new(" + c.expr(expr) + ")"
	case t.NonNull:
		return at.try(c.fn + "(" + expr + ")")
	}
	// An enum: its value 0 stands for none.
	at.statement(fmt.Sprintf("var %s *%s\nif theirs := %s; theirs != 0 {\nknown, err := %s(theirs)\nif err != nil {\n%s\n}\n%s = &known\n}\n",
		at.name, spelled(model), expr, c.fn, at.failed, at.name))
	return at.name
}

// present tells whether a scalar can be told from its zero value.
func (w *clientWriter) present(f *protogen.Field) bool {
	return f.Desc.HasPresence() && f.Message == nil
}

// whenPresent spells a scalar, a wrapper or a timestamp that can be absent.
func (w *clientWriter) whenPresent(v protoRead, at messageSite) string {
	t, fields, root, c, model := v.t, v.fields, v.root, v.c, v.model
	last := fields[len(fields)-1]
	owner := getters(root, fields[:len(fields)-1])
	condition, value := getters(root, fields)+" != nil", getters(root, fields)
	switch {
	case last.Message != nil:
	case last.Oneof != nil && !last.Oneof.Desc.IsSynthetic():
		condition = fmt.Sprintf("_, ok := %s.Get%s().(*%s); ok", owner, last.Oneof.GoName, protoName(last.GoIdent))
	case len(fields) > 1:
		condition = fmt.Sprintf("%s != nil && %s.%s != nil", owner, owner, last.GoName)
	default:
		condition = fmt.Sprintf("%s.%s != nil", owner, last.GoName)
	}
	if t.NonNull {
		// A message that does not tell the value has the default of its type.
		if c.expr != nil {
			return c.expr(value)
		}
		return at.try(c.fn + "(" + value + ")")
	}
	if c.expr != nil {
		at.statement(fmt.Sprintf("var %s *%s\nif %s {\n%s = new(%s)\n}\n", at.name, spelled(model), condition, at.name, c.expr(value)))
		return at.name
	}
	at.statement(fmt.Sprintf("var %s *%s\nif %s {\nknown, err := %s(%s)\nif err != nil {\n%s\n}\n%s = &known\n}\n",
		at.name, spelled(model), condition, c.fn, value, at.failed, at.name))
	return at.name
}

// fromProto is how a field's value, or an item of its list, becomes a value of
// a GraphQL type; false when it can't.
func (w *clientWriter) fromProto(f *protogen.Field, name string) (conversion, bool) {
	def := w.union.Types[name]
	c := conversion{from: protoType(f)}
	switch def.Kind {
	case ast.Object:
		if f.Message == nil {
			return c, false
		}
		c.fn = w.message(def, f.Message)
		return c, true
	case ast.Enum:
		if f.Enum == nil {
			return c, false
		}
		c.fn = w.protoEnum(def, f.Enum)
		return c, true
	case ast.Scalar:
		model, err := w.types.of(&ast.Type{NamedType: name, NonNull: true})
		if err != nil {
			return c, false
		}
		if f.Message != nil {
			return w.fromWellKnown(f, name, model, c)
		}
		return w.fromScalar(c, name, model, "")
	}
	return c, false
}

// fromScalar makes a scalar of Go type c.from one of a GraphQL scalar; suffix
// is what gets the value out of a wrapper.
func (w *clientWriter) fromScalar(c conversion, name string, model types.Type, suffix string) (conversion, bool) {
	from := c.from
	if suffix != "" {
		from = strings.TrimPrefix(suffix, "\x00")
	}
	get := func(expr func(string) string) func(string) string {
		if suffix == "" {
			return expr
		}
		return func(value string) string { return expr(value + ".GetValue()") }
	}
	number := slices.Contains([]string{"int32", "int64", "uint32", "uint64"}, from)
	kind, isBasic := basic(model)
	to := spelled(model)
	switch {
	case from == "[]byte" && to == "string":
		c.expr = get(func(value string) string {
			return imported("encoding/base64") + ".StdEncoding.EncodeToString(" + value + ")"
		})
	case from == to:
		c.expr = get(same)
	case from == "string" && isString(model), from == "bool" && isBasic && kind == types.Bool:
		c.expr = get(into(to))
	case from == "int32" && kind == types.Int && isBasic:
		c.expr = get(into("int"))
	case number && name == "Int" && kind == types.Int:
		c.fn = wrapped(c, suffix, to, w.upstream("Small"))
	case from == "uint64" && kind == types.Int64 && isPlain(model):
		c.fn = wrapped(c, suffix, to, w.upstream("Signed"))
	case number && isString(model) && name != "String":
		text := "FormatInt(int64("
		if from[0] == 'u' {
			text = "FormatUint(uint64("
		}
		c.expr = get(func(value string) string { return imported("strconv") + "." + text + value + "), 10)" })
		if !isPlain(model) {
			return c, false
		}
	case (from == "int32" || from == "int64" || from == "uint32") && kind == types.Int64 && isBasic,
		from == "float32" && kind == types.Float64, (from == "int32" || from == "uint32") && kind == types.Float64:
		c.expr = get(into(to))
	default:
		return c, false
	}
	return c, true
}

// wrapped is a function of a number, or of the wrapper that has it.
func wrapped(c conversion, suffix, to, fn string) string {
	if suffix == "" {
		return fn
	}
	return fmt.Sprintf("func(value %s) (%s, error) { return %s(value.GetValue()) }", c.from, to, fn)
}

// fromWellKnown makes a message of google.protobuf a scalar.
func (w *clientWriter) fromWellKnown(f *protogen.Field, name string, model types.Type, c conversion) (conversion, bool) {
	method := func(call string) (conversion, bool) {
		c.expr = func(value string) string { return value + call }
		return c, true
	}
	to := typeName(model)
	switch f.Message.Desc.FullName() {
	case "google.protobuf.Timestamp":
		if to == "time.Time" {
			return method(".AsTime()")
		}
		if isString(model) && isPlain(model) {
			return method(".AsTime().Format(" + imported("time") + ".RFC3339Nano)")
		}
	case "google.protobuf.Duration":
		if to == "time.Duration" {
			return method(".AsDuration()")
		}
		if isString(model) && isPlain(model) {
			c.expr = func(value string) string { return w.upstream("Seconds") + "(" + value + ".AsDuration())" }
			return c, true
		}
	case "google.protobuf.Struct":
		if nilable(model) {
			return method(".AsMap()")
		}
	case "google.protobuf.Value":
		if to == "any" || to == "interface{}" {
			return method(".AsInterface()")
		}
	case "google.protobuf.ListValue":
		if to == "any" || to == "interface{}" {
			return method(".AsSlice()")
		}
	case "google.protobuf.FieldMask":
		if isString(model) && isPlain(model) {
			c.expr = func(value string) string { return imported("strings") + ".Join(" + value + ".GetPaths(), \",\")" }
			return c, true
		}
	}
	if strings.HasPrefix(string(f.Message.Desc.FullName()), "google.protobuf.") && strings.HasSuffix(string(f.Message.Desc.Name()), "Value") {
		if inner := findField(f.Message, "value"); inner != nil && inner.Message == nil && inner.Enum == nil && !inner.Desc.IsList() {
			return w.fromScalar(c, name, model, "\x00"+protoType(inner))
		}
	}
	if isAny(model) {
		c.fn = w.upstream("JSON") + "[" + c.from + "]"
		return c, true
	}
	return c, false
}

// protoEnum returns the function that makes a value of an enum of one of the
// service's.
func (w *clientWriter) protoEnum(def *ast.Definition, e *protogen.Enum) string {
	name := templates.LcFirst(goName(def.Name)) + "Of"
	name = w.functionName(name, e.GoIdent.GoName, string(e.Desc.FullName()))
	if w.functions[name] != "" {
		return name
	}
	var b strings.Builder
	fmt.Fprintf(&b, "// %s is the value of %s that the service calls value.\nfunc %s(value %s) (%s, error) {\nswitch value {\n", name, def.Name, name, protoName(e.GoIdent), spelled(w.modelType(def)))
	taken := map[protoreflect.EnumNumber]bool{}
	for _, v := range def.EnumValues {
		if theirs := w.enumValue(e, def, v); theirs != nil && !taken[theirs.Desc.Number()] {
			taken[theirs.Desc.Number()] = true
			fmt.Fprintf(&b, "case %s:\nreturn %q, nil\n", protoName(theirs.GoIdent), v.Name)
		}
	}
	fmt.Fprintf(&b, "}\nreturn \"\", %s(%q, value.String())\n}\n\n", w.upstream("Unknown"), def.Name)
	w.functions[name] = b.String()
	return name
}

// enumValue is the service's value for one of ours: what @source says, or the
// one with the same name, the enum's name before it stripped.
func (w *clientWriter) enumValue(e *protogen.Enum, def *ast.Definition, v *ast.EnumValueDefinition) *protogen.EnumValue {
	name, told := w.enumText(def, v.Name)
	if !told {
		name = v.Name
	}
	for _, theirs := range e.Values {
		if string(theirs.Desc.Name()) == name || !told && strings.EqualFold(strings.TrimPrefix(string(theirs.Desc.Name()), enumPrefix(e)), name) {
			return theirs
		}
	}
	return nil
}

// enumPrefix is what values of OrderStatus begin with: ORDER_STATUS_.
func enumPrefix(e *protogen.Enum) string {
	var b strings.Builder
	name := string(e.Desc.Name())
	for i, r := range name {
		if i > 0 && r >= 'A' && r <= 'Z' && (name[i-1] < 'A' || name[i-1] > 'Z') {
			b.WriteByte('_')
		}
		b.WriteRune(r)
	}
	return strings.ToUpper(b.String()) + "_"
}

// convertedMessage adds a field whose value a Go function makes of a message's
// values.
func (w *clientWriter) convertedMessage(row *rowType, m *protogen.Message, member typeMember, model types.Type) {
	field, src := member.FieldDefinition, member.src
	fn := w.converters[src.Convert]
	if fn == nil {
		return // reported
	}
	sig := fn.Signature()
	if sig.Params().Len() != len(src.Names) || sig.Variadic() {
		w.report.at(src.Pos, fmt.Sprintf("name %d fields of the message", sig.Params().Len()), "%s takes %d values, but %s.%s gives it %d", src.Convert, sig.Params().Len(), row.def.Name, field.Name, len(src.Names))
		return
	}
	var args []string
	for i, path := range src.Names {
		fields := w.protoPath(m, path, src.Pos)
		if fields == nil {
			return
		}
		last := fields[len(fields)-1]
		have, want := protoType(last), spelled(sig.Params().At(i).Type())
		if last.Desc.IsList() {
			have = "[]" + have
		}
		expr := getters("m", fields)
		_, number := basic(sig.Params().At(i).Type())
		switch {
		case have == want:
		case number && !last.Desc.IsList() && last.Message == nil && (have == "string") == isString(sig.Params().At(i).Type()) && have != "[]byte" && have != "bool":
			expr = want + "(" + expr + ")"
		default:
			w.report.at(src.Pos, "", "%s takes %s, but %s is %s", src.Convert, want, last.Desc.FullName(), have)
			return
		}
		args = append(args, expr)
	}
	call := imported(fn.Pkg().Path()) + "." + fn.Name() + "(" + strings.Join(args, ", ") + ")"
	expr, ok := w.converterResult(row, member, call, sig, model)
	if !ok {
		w.report.at(src.Pos, "", "%s returns %s, but %s.%s is %s", src.Convert, shortType(sig.Results().String()), row.def.Name, field.Name, shortType(typeName(model)))
		return
	}
	row.inits = append(row.inits, goName(field.Name)+": "+expr)
}
