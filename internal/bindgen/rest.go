package bindgen

import (
	"fmt"
	"go/types"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/99designs/gqlgen/codegen/templates"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/directive"
	"github.com/portico-gateway/portico/internal/binding"
)

// restCall spells the body of a function that calls an HTTP service.
func (f *fetch) restCall() {
	if f.stream() {
		f.report.at(f.Pos, "bind it to a gRPC method that streams, or write a Go method", "@rest can't follow anything, as a field of %s does", f.Parent.Name)
		return
	}
	f.pageSetup()
	f.request()
	if f.done() {
		f.line("if err := c.Done(ctx, request); err != nil {")
		f.failed()
		f.line("}\nreturn %s, nil", f.success())
		return
	}
	f.answer()
}

// done tells whether the answer does not matter: the field is a Boolean that
// tells of success.
func (f *fetch) done() bool {
	return f.root() && f.Select == nil && f.Field.Type.NamedType == "Boolean"
}

func (f *fetch) success() string {
	if f.Field.Type.NonNull {
		return "true"
	}
	return "new(true)"
}

// request makes the variable request.
func (f *fetch) request() {
	var fields, after []string
	if f.REST.Method != http.MethodGet {
		fields = append(fields, "Method: "+imported("net/http")+".Method"+templates.UcFirst(strings.ToLower(f.REST.Method)))
	}
	fields = append(fields, "Path: []string{"+strings.Join(f.segments(), ", ")+"}")
	for _, part := range []struct {
		field, typ string
		params     []binding.Param
	}{
		{"Query", imported("net/url") + ".Values", f.REST.Query},
		{"Header", imported("net/http") + ".Header", f.REST.Headers},
	} {
		if len(part.params) == 0 {
			continue
		}
		fixed, conditional := f.split(part.field, part.params)
		fields = append(fields, fmt.Sprintf("%s: %s{%s}", part.field, part.typ, strings.Join(fixed, ", ")))
		after = append(after, conditional...)
	}
	body, condition := f.body()
	if body != "" && condition == "" {
		fields = append(fields, "Body: "+body)
	}
	f.line("request := %s{\n%s,\n}", f.upstream("Request"), strings.Join(fields, ",\n"))
	for _, code := range after {
		f.b.WriteString(code)
	}
	if condition != "" {
		f.line("if %s {\nrequest.Body = %s\n}", condition, body)
	}
}

// segments spell the segments of the path.
func (f *fetch) segments() []string {
	var out []string
	for _, segment := range f.REST.Path {
		out = append(out, f.concatenated(segment))
	}
	return out
}

// concatenated spells a text whose variables are there and are no lists.
func (f *fetch) concatenated(t directive.Text) string {
	var parts []string
	for _, part := range t {
		if part.Var == nil {
			parts = append(parts, strconv.Quote(part.Literal))
			continue
		}
		o := f.operand(part.Var)
		if part.Var.Joined && o.list {
			parts = append(parts, f.joined(part.Var, o))
		} else {
			parts = append(parts, f.text(part.Var, o.typ, o.value))
		}
	}
	if len(parts) == 0 {
		return `""`
	}
	return strings.Join(parts, " + ")
}

// split spells parameters that are always sent as entries of a literal, and the
// others as statements.
func (f *fetch) split(field string, params []binding.Param) (fixed, conditional []string) {
	nameOf := func(p binding.Param) string {
		if field == "Header" {
			return http.CanonicalHeaderKey(p.Name)
		}
		return p.Name
	}
	count := map[string]int{}
	for _, p := range params {
		count[nameOf(p)]++
	}
	for _, p := range params {
		name := nameOf(p)
		if list := f.texts(p.Text); list != "" && count[name] == 1 {
			fixed = append(fixed, fmt.Sprintf("%q: %s", name, list))
			continue
		}
		if count[name] == 1 && f.always(p.Text) {
			fixed = append(fixed, fmt.Sprintf("%q: {%s}", name, f.concatenated(p.Text)))
			continue
		}
		outer := f.b
		f.b = &strings.Builder{}
		f.param(field, p, count[name] == 1)
		conditional = append(conditional, f.b.String())
		f.b = outer
	}
	return fixed, conditional
}

// texts spells a text that is one list of strings, which is always there; empty
// for others.
func (f *fetch) texts(t directive.Text) string {
	v := t.Alone()
	if v == nil || v.Joined || v.Root != directive.Batch && v.Root != directive.Args {
		return ""
	}
	if o := f.operand(v); o.list && o.there == "" && o.items == "item" && isString(o.typ) && isPlain(o.typ) {
		return o.value
	}
	return ""
}

// always tells whether a text has neither a list nor what can be absent, nor
// needs a statement of its own.
func (f *fetch) always(t directive.Text) bool {
	for _, v := range t.Vars() {
		if v.Root == directive.Headers {
			return false
		}
		if o := f.operand(v); o.there != "" || o.list && !v.Joined {
			return false
		}
	}
	return true
}

// there is the condition that all variables of a text are there; empty when
// they always are.
func (f *fetch) there(t directive.Text) string {
	var guards []string
	for _, v := range t.Vars() {
		if o := f.operand(v); o.there != "" && !slices.Contains(guards, o.there) {
			guards = append(guards, o.there)
		}
	}
	return strings.Join(guards, " && ")
}

// param spells the statements that send a parameter if it is there. An only one
// shares its name with no other.
func (f *fetch) param(field string, p binding.Param, only bool) {
	if guard := f.there(p.Text); guard != "" {
		f.line("if %s {", guard)
		defer f.line("}")
	}
	v := p.Text.Alone()
	if v == nil || v.Joined {
		f.line("request.%s.Add(%q, %s)", field, p.Name, f.concatenated(p.Text))
		return
	}
	o := f.operand(v)
	switch {
	case !o.list:
		f.line("request.%s.Add(%q, %s)", field, p.Name, f.text(v, o.typ, o.value))
	case only && isString(o.typ) && isPlain(o.typ) && o.items == "item":
		f.line("request.%s[%q] = %s", field, p.Name, o.value)
	default:
		f.line("for _, item := range %s {", o.value)
		if o.isNull != "" {
			f.line("if %s {\ncontinue\n}", o.isNull)
		}
		f.line("request.%s.Add(%q, %s)\n}", field, p.Name, f.text(v, o.typ, o.items))
	}
}

// body spells the body, and the condition under which there is one.
func (f *fetch) body() (expr, condition string) {
	v := f.REST.Body
	if v == nil {
		return "", ""
	}
	if one := v.Text.Alone(); one != nil {
		o := f.operand(one)
		_, expr := f.present(one, o)
		return expr, o.there
	}
	_, expr = f.value(v, templates.LcFirst(f.Name)+"Body")
	return expr, ""
}

// value spells a part of a body and its type. An object's type gets the name.
func (f *fetch) value(v *binding.Value, name string) (typ, expr string) {
	switch {
	case v.Text != nil:
		return f.textValue(v.Text)
	case v.Const != nil:
		return constant(v.Const)
	case v.Object != nil:
		return f.object(v.Object, name)
	}
	var items []string
	typ = ""
	for _, item := range v.List {
		t, expr := f.value(item, name+"Item") // object gives the next one another name
		if typ != "" && typ != t {
			t = "any"
		}
		typ = t
		items = append(items, expr)
	}
	if typ == "" {
		typ = "any"
	}
	return "[]" + typ, "[]" + typ + "{" + strings.Join(items, ", ") + "}"
}

func (f *fetch) object(members []binding.Member, typ string) (_, expr string) {
	typ = f.typeName(typ)
	var fields, values []string
	taken := &shape{}
	for _, m := range members {
		t, expr := f.value(m.Value, typ+goName(m.Name))
		tag := m.Name
		if strings.HasPrefix(t, "*") || strings.HasPrefix(t, "[]") || strings.Contains(t, ".Omittable[") {
			tag += ",omitzero"
		}
		name, _ := taken.add(directive.Path{m.Name}, t)
		fields = append(fields, fmt.Sprintf("%s %s `json:%q`", name, t, tag))
		values = append(values, name+": "+expr)
	}
	f.functions[typ] = fmt.Sprintf("// %s is what %s is sent.\ntype %s struct {\n%s\n}\n\n", typ, f.what(), typ, strings.Join(fields, "\n"))
	return typ, typ + "{\n" + strings.Join(values, ",\n") + ",\n}"
}

// typeName is a name for a type that no other has.
func (w *clientWriter) typeName(name string) string {
	for base, n := name, 2; w.functions[name] != ""; n++ {
		name = base + strconv.Itoa(n)
	}
	w.functions[name] = "pending"
	return name
}

func constant(v *ast.Value) (typ, expr string) {
	switch v.Kind {
	case ast.IntValue:
		return "int64", v.Raw
	case ast.FloatValue:
		return "float64", v.Raw
	case ast.BooleanValue:
		return "bool", v.Raw
	case ast.NullValue:
		return "any", "nil"
	}
	return "string", strconv.Quote(v.Raw)
}

// textValue spells a text in a body: one variable keeps its type.
func (f *fetch) textValue(t directive.Text) (typ, expr string) {
	v := t.Alone()
	if v == nil || v.Joined {
		guard := f.there(t)
		if guard == "" {
			return "string", f.concatenated(t)
		}
		name := f.variable("text")
		f.line("var %s *string\nif %s {", name, guard)
		f.line("%s = new(%s)\n}", name, f.concatenated(t))
		return "*string", name
	}
	o := f.operand(v)
	if o.omittable != "" {
		return f.omittableValue(v, o)
	}
	typ, expr = f.present(v, o)
	if o.there == "" || strings.HasPrefix(typ, "[]") && !strings.Contains(o.there, "&&") {
		return typ, expr
	}
	if pointer, ok := strings.CutPrefix(expr, "*"); ok && !strings.Contains(o.there, "&&") {
		return "*" + typ, pointer
	}
	name := f.variable(f.paramName(v.Path[len(v.Path)-1]) + "Value")
	pointer := strings.HasPrefix(typ, "*") || strings.HasPrefix(typ, "[]")
	if !pointer {
		typ = "*" + typ
		expr = "new(" + expr + ")"
	}
	f.line("var %s %s\nif %s {\n%s = %s\n}", name, typ, o.there, name, expr)
	return typ, name
}

// omittableValue spells a member of a body that is null, absent or a value, as
// the field of the input object is.
func (f *fetch) omittableValue(v *directive.Var, o operand) (typ, expr string) {
	typ, expr = f.sentMember(o.gql, o.model, o.omittable)
	if o.within == "" {
		return typ, expr
	}
	name := f.variable(f.paramName(v.Path[len(v.Path)-1]) + "Value")
	f.line("var %s %s\nif %s {\n%s = %s\n}", name, typ, o.within, name, expr)
	return typ, name
}

// present spells a value that is there, as JSON has it.
func (f *fetch) present(v *directive.Var, o operand) (typ, expr string) {
	def := (*ast.Definition)(nil)
	if v.Root == directive.Args {
		if t := binding.TypeOf(f.frontend.schema, f.Binding, v); t != nil {
			def = f.union.Types[t.Name()]
		}
	}
	switch {
	case def != nil && def.Kind == ast.InputObject && o.list:
		name, fn := f.input(def)
		return "[]*" + name, fmt.Sprintf("%s(%s, %s)", f.upstream("Map"), o.value, fn)
	case def != nil && def.Kind == ast.InputObject:
		name, fn := f.input(def)
		return "*" + name, fn + "(" + address(o.value) + ")"
	case def != nil && def.Kind == ast.Enum && f.enumWriter(def.Name) != "" && o.isNull != "":
		return "[]*string", f.optionalTexts(def, o.value)
	case def != nil && def.Kind == ast.Enum && f.enumWriter(def.Name) != "" && o.list:
		return "[]string", fmt.Sprintf("%s(%s, func(item %s) string { return %s(%s) })", f.upstream("Map"), o.value, f.itemType(o), f.enumWriter(def.Name), o.items)
	case def != nil && def.Kind == ast.Enum && f.enumWriter(def.Name) != "":
		return "string", f.enumWriter(def.Name) + "(" + o.value + ")"
	case o.list:
		return "[]" + f.itemType(o), o.value
	}
	return spelled(o.typ), o.value
}

// optionalTexts spells the texts of a list of an enum's values that may be null.
func (w *clientWriter) optionalTexts(def *ast.Definition, expr string) string {
	return fmt.Sprintf("%s(%s, func(item *%s) *string { return %s(item, %s) })", w.upstream("Map"), expr, spelled(w.modelType(def)), w.upstream("Apply"), w.enumWriter(def.Name))
}

func address(expr string) string {
	if pointer, ok := strings.CutPrefix(expr, "*"); ok {
		return pointer
	}
	return "&" + expr
}

// input returns the type that an input object is sent as, and the function that
// makes it.
func (w *clientWriter) input(def *ast.Definition) (typ, fn string) {
	fn = "new" + goName(def.Name) + "Body"
	if typ = w.inputs[fn]; typ != "" {
		return typ, fn // which may have itself in it
	}
	typ = w.typeName(templates.LcFirst(goName(def.Name)) + "Body")
	w.inputs[fn] = typ
	model := w.modelType(def)
	var fields, values []string
	taken := &shape{}
	for _, m := range w.membersOf(def) {
		field, src := m.FieldDefinition, m.src
		if len(src.Names) != 1 || len(src.Names[0]) != 1 {
			w.report.at(m.pos, "", "an input field has one name, which is no path")
			continue
		}
		member := structField(model, goName(field.Name))
		if member == nil {
			w.report.at(field.Position, "", "the Go type %s has no field %s", shortType(typeName(model)), goName(field.Name))
			continue
		}
		t, expr := w.sentMember(field.Type, member.Type(), "in."+goName(field.Name))
		tag := src.Names[0][0]
		if !field.Type.NonNull {
			tag += ",omitzero"
		}
		name, _ := taken.add(src.Names[0], t)
		fields = append(fields, fmt.Sprintf("%s %s `json:%q`", name, t, tag))
		values = append(values, name+": "+expr)
	}
	w.functions[typ] = "\n" // it is written beside its function
	w.functions[fn] = fmt.Sprintf("// %s is %s as the service takes it.\ntype %s struct {\n%s\n}\n\nfunc %s(in *%s) *%s {\nif in == nil {\nreturn nil\n}\nreturn &%s{\n%s,\n}\n}\n\n",
		typ, withArticle(def.Name), typ, strings.Join(fields, "\n"), fn, spelled(model), typ, typ, strings.Join(values, ",\n"))
	return typ, fn
}

// sentMember spells a field of an input object as it is sent, which can be
// absent.
func (w *clientWriter) sentMember(t *ast.Type, model types.Type, expr string) (typ, value string) {
	inner, ok := omittable(model)
	if !ok {
		return w.inputMember(t, model, expr)
	}
	typ, value = w.inputMember(t, inner, "value")
	if value == "value" {
		return spelled(model), expr
	}
	fn, isCall := strings.CutSuffix(value, "(value)")
	if !isCall {
		fn = fmt.Sprintf("func(value %s) %s { return %s }", spelled(inner), typ, value)
	}
	return imported(gqlgenPath) + ".Omittable[" + typ + "]", fmt.Sprintf("%s(%s, %s)", w.upstream("MapOmittable"), expr, fn)
}

// inputMember spells a field of an input object as it is sent.
func (w *clientWriter) inputMember(t *ast.Type, model types.Type, expr string) (typ, value string) {
	def := w.union.Types[t.Name()]
	switch {
	case def.Kind == ast.InputObject && t.Elem != nil:
		name, fn := w.input(def)
		return "[]*" + name, fmt.Sprintf("%s(%s, %s)", w.upstream("Map"), expr, fn)
	case def.Kind == ast.InputObject:
		name, fn := w.input(def)
		if !isPointer(model) {
			expr = "&" + expr
		}
		return "*" + name, fn + "(" + expr + ")"
	case def.Kind == ast.Enum && w.enumWriter(def.Name) != "":
		fn := w.enumWriter(def.Name)
		switch {
		case t.Elem != nil && !t.Elem.NonNull:
			return "[]*string", w.optionalTexts(def, expr)
		case t.Elem != nil:
			return "[]string", fmt.Sprintf("%s(%s, %s)", w.upstream("Map"), expr, fn)
		case isPointer(model):
			return "*string", fmt.Sprintf("%s(%s, %s)", w.upstream("Apply"), expr, fn)
		}
		return "string", fn + "(" + expr + ")"
	}
	return spelled(model), expr
}

// failed spells what follows on an error of the call.
func (f *fetch) failed() {
	t := f.Field.Type
	single := t.Elem == nil && !t.NonNull && f.Key == nil && f.Parent != f.frontend.schema.Mutation
	var nulls, rules []string
	explicit := false
	for _, rule := range f.Errors {
		explicit = explicit || rule.Status == "404" || rule.Status == "NOT_FOUND"
		test := f.isError(rule.Status)
		if rule.Null {
			nulls = append(nulls, test)
			continue
		}
		rules = append(rules, fmt.Sprintf("case %s:\nreturn %s, %s(err, %q, %q%s)\n", test, f.zero, f.upstream("Explain"), rule.Code, rule.Message, f.details(rule)))
	}
	if single && !explicit && !f.stream() {
		nulls = append([]string{f.upstream("IsNotFound") + "(err)"}, nulls...)
	}
	if len(nulls) > 0 {
		f.line("if %s {\nreturn nil, nil\n}", strings.Join(nulls, " || "))
	}
	switch len(rules) {
	case 0:
	case 1:
		f.b.WriteString(strings.Replace(strings.Replace(rules[0], "case ", "if ", 1), ":\n", " {\n", 1) + "}\n")
	default:
		f.line("switch {\n%s}", strings.Join(rules, ""))
	}
	f.line("return %s, err", f.zero)
}

func (f *fetch) isError(status string) string {
	if f.GRPC != nil {
		return fmt.Sprintf("%s(err, %s.%s)", f.upstream("IsCode"), imported("google.golang.org/grpc/codes"), grpcCodeName(status))
	}
	return fmt.Sprintf("%s(err, %s)", f.upstream("IsStatus"), status)
}

// grpcCodeName is how package codes calls INVALID_ARGUMENT.
func grpcCodeName(status string) string {
	if status == "CANCELLED" {
		return "Canceled"
	}
	var name strings.Builder
	for word := range strings.SplitSeq(strings.ToLower(status), "_") {
		name.WriteString(templates.UcFirst(word))
	}
	return name.String()
}

func (f *fetch) details(rule binding.ErrorRule) string {
	var out strings.Builder
	for _, e := range rule.Extensions {
		var names []string
		for _, name := range e.Path {
			names = append(names, strconv.Quote(name))
		}
		fmt.Fprintf(&out, ",\n%s{Name: %q, Path: []string{%s}}", f.upstream("Detail"), e.Name, strings.Join(names, ", "))
	}
	return out.String()
}
