package bindgen

import (
	"fmt"
	"go/types"
	"strconv"
	"strings"

	"github.com/99designs/gqlgen/codegen/templates"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/directive"
	"github.com/portico-gateway/portico/internal/binding"
)

// fetch writes the function that makes one call.
type fetch struct {
	*clientWriter
	*call
	b       *strings.Builder
	zero    string                    // what it returns beside an error
	scalars int                       // variables that it made
	headers map[*directive.Var]string // variables with headers
	// keyCheck is a function that tells which keys can be sent; empty when all
	// can.
	keyCheck string
}

func (f *fetch) line(format string, args ...any) { fmt.Fprintf(f.b, format+"\n", args...) }

// call spells the functions of a call: a method for a root field; for a field
// with parents, a method that gives the loader, and what the loader fetches by.
func (w *clientWriter) call(c *call) string {
	result, err := w.types.of(c.Field.Type)
	if err != nil {
		w.report.at(c.Pos, "", "%v", err)
		return ""
	}
	f := &fetch{clientWriter: w, call: c, zero: zeroOf(result), b: &strings.Builder{}}
	f.needDefault()
	if c.root() {
		f.method(result)
	} else {
		f.loaderMethod()
		f.fetcher(result)
	}
	return f.b.String()
}

// what is the call in a few words, for comments.
func (f *fetch) what() string {
	if f.GRPC != nil {
		return f.GRPC.Method
	}
	var path strings.Builder
	for _, segment := range f.REST.Path {
		path.WriteByte('/')
		for _, part := range segment {
			if part.Var != nil {
				path.WriteString("{" + part.Var.String() + "}")
			}
			path.WriteString(part.Literal)
		}
	}
	if path.Len() == 0 {
		path.WriteByte('/')
	}
	return f.REST.Method + " " + path.String()
}

// method spells the method of a root field.
func (f *fetch) method(result types.Type) {
	params := f.params()
	if f.stream() {
		f.line("// %s follows %s: %s. A failure before the first value is\n// returned; a later one is the last pair.", f.Name, f.fields(), f.what())
		f.line("func (c *Client) %s(%s) (%s.Seq2[%s, error], error) {", f.Name, params, imported("iter"), spelled(result))
		f.zero = "nil"
	} else {
		f.line("// %s is %s: %s.", f.Name, f.fields(), f.what())
		f.line("func (c *Client) %s(%s) (%s, error) {", f.Name, params, spelled(result))
	}
	f.one()
	f.line("}\n")
}

func (f *fetch) params() string {
	params := []string{"ctx " + imported("context") + ".Context"}
	for _, arg := range f.arguments() {
		params = append(params, f.paramName(arg.Name)+" "+spelled(f.argType(arg)))
	}
	return strings.Join(params, ", ")
}

func (f *fetch) argType(arg *ast.ArgumentDefinition) types.Type {
	t, err := f.types.of(arg.Type)
	if err != nil {
		f.report.at(arg.Position, "", "%v", err)
		return types.Typ[types.Invalid]
	}
	return t
}

// one spells the body of a function that makes the call for one value.
func (f *fetch) one() {
	if f.GRPC != nil {
		f.grpcCall()
		return
	}
	f.restCall()
}

// loaderName is the member of the client.
func (w *clientWriter) loaderName(c *call) string { return templates.LcFirst(c.Name) }

func (w *clientWriter) valueType(c *call) string {
	t, err := w.types.of(c.Field.Type)
	if err != nil {
		return "any" // reported
	}
	return spelled(t)
}

// keyType is what a parent is found by: a text, or several in a struct.
func (c *call) keyType() string {
	if len(c.keys()) == 1 {
		return "string"
	}
	return c.Name + "Key"
}

func (w *clientWriter) argsType(c *call) string { return templates.LcFirst(c.Name) + "Args" }

// loaderType is the type of the member without its pointer.
func (w *clientWriter) loaderType(c *call) string {
	if len(c.arguments()) > 0 {
		return fmt.Sprintf("%s[%s, %s, %s]", w.loader("Family"), w.argsType(c), c.keyType(), w.valueType(c))
	}
	return fmt.Sprintf("%s[%s, %s]", w.loader("Loader"), c.keyType(), w.valueType(c))
}

// newLoader spells what makes the loader.
func (w *clientWriter) newLoader(c *call) string {
	limit := w.loader("Unlimited")
	if c.Key != nil {
		limit = "c.MaxBatch()"
		if c.Max > 0 {
			limit = fmt.Sprintf("min(%d, c.MaxBatch())", c.Max)
		}
	}
	name := "New"
	if len(c.arguments()) > 0 {
		name = "NewFamily"
	}
	maxAge := ""
	if n := c.maxAge(); n > 0 {
		maxAge = fmt.Sprintf(", MaxAge: %d * %s.Second", n, imported("time"))
	}
	return fmt.Sprintf("%s(%s, c.fetch%s).Keep(%s{Store: c.Store(), Service: %q, Name: %q%s})", w.loader(name), limit, c.Name, w.loader("Keeping"), c.Service, c.Name, maxAge)
}

// loaderMethod spells the method that gives the loader, and its types.
func (f *fetch) loaderMethod() {
	if len(f.keys()) > 1 {
		f.line("// %s is what %s is loaded by.\ntype %s struct {", f.keyType(), f.fields(), f.keyType())
		for _, v := range f.keys() {
			f.line("%s string", keyMember(v))
		}
		f.line("}\n")
	}
	args := f.arguments()
	loaderType := fmt.Sprintf("%s[%s, %s]", f.loader("Loader"), f.keyType(), f.valueType(f.call))
	var by []string
	for _, v := range f.keys() {
		by = append(by, v.Path[len(v.Path)-1])
	}
	comment := fmt.Sprintf("// %s loads %s by %s: %s.", f.Name, f.fields(), strings.Join(by, " and "), f.what())
	if len(args) == 0 {
		f.line("%s\nfunc (c *Client) %s() *%s { return c.%s }\n", comment, f.Name, loaderType, f.loaderName(f.call))
		return
	}
	var params, values []string
	f.line("type %s struct {", f.argsType(f.call))
	for _, arg := range args {
		t := f.argType(arg)
		if _, ok := basic(element(t)); !ok {
			f.report.at(arg.Position, "use scalars and enums, or write a Go method", "the argument %s is %s, by which a batch can't be told from others", arg.Name, arg.Type)
		}
		name := f.paramName(arg.Name)
		params = append(params, name+" "+spelled(t))
		if isPointer(t) {
			f.line("%s %s[%s]", goName(arg.Name), f.loader("Opt"), spelled(element(t)))
			values = append(values, goName(arg.Name)+": "+f.loader("Some")+"("+name+")")
		} else {
			f.line("%s %s", goName(arg.Name), spelled(t))
			values = append(values, goName(arg.Name)+": "+name)
		}
	}
	f.line("}\n")
	f.line("%s\nfunc (c *Client) %s(%s) *%s {\nreturn c.%s.For(%s{%s})\n}\n", comment, f.Name, strings.Join(params, ", "), loaderType,
		f.loaderName(f.call), f.argsType(f.call), strings.Join(values, ", "))
}

// keyMember is the name of a variable in a key of several.
func keyMember(v *directive.Var) string {
	var name strings.Builder
	for _, part := range v.Path {
		name.WriteString(goName(part))
	}
	return name.String()
}

// fetcher spells what the loader fetches by.
func (f *fetch) fetcher(result types.Type) {
	params := "ctx " + imported("context") + ".Context"
	if len(f.arguments()) > 0 {
		params += ", args " + f.argsType(f.call)
	}
	f.line("func (c *Client) fetch%s(%s, keys []%s) (map[%s]%s, error) {", f.Name, params, f.keyType(), f.keyType(), spelled(result))
	if f.Key != nil {
		f.zero = "nil"
		f.unpackArgs()
		f.batch(result)
		f.line("}\n")
		return
	}
	bound := f.Max
	if bound == 0 {
		bound = concurrentCalls
	}
	f.line("return %s(%d, func(ctx %s.Context, key %s) (%s, error) {", f.loader("OneByOne"), bound, imported("context"), f.keyType(), spelled(result))
	f.unpackArgs()
	f.one()
	f.line("})(ctx, keys)\n}\n")
}

// batch spells the body of a function that makes the call for several keys.
// Where not any text can be one, those that can't are sorted out.
func (f *fetch) batch(result types.Type) {
	outer := f.b
	f.b = &strings.Builder{}
	f.one()
	body := f.b.String()
	f.b = outer
	if f.keyCheck == "" {
		f.b.WriteString(body)
		return
	}
	f.line("return %s(keys, %s, func(keys []string) (map[string]%s, error) {\n%s})", f.loader("Checked"), f.keyCheck, spelled(result), body)
}

// concurrentCalls is how many calls of a service run at once for the parents of
// a field, when the binding does not tell.
const concurrentCalls = 8

// unpackArgs makes variables of the arguments, as a method has them.
func (f *fetch) unpackArgs() {
	for _, arg := range f.arguments() {
		expr := "args." + goName(arg.Name)
		if isPointer(f.argType(arg)) {
			expr += ".Pointer()"
		}
		f.line("%s := %s", f.paramName(arg.Name), expr)
	}
}

// needDefault reports a page whose size nothing tells.
func (f *fetch) needDefault() {
	if !f.Uses(directive.Paging) {
		return
	}
	first := f.Field.Arguments.ForName("first")
	if !first.Type.NonNull && first.DefaultValue == nil {
		f.report.at(first.Position, "write first: Int = 20", "the argument first needs a default: it tells how many rows a page has")
	}
	if after := f.Field.Arguments.ForName("after"); after == nil || after.Type.NonNull || after.Type.Name() != "String" {
		f.report.at(f.Field.Position, "add after: String", "a connection that the gateway pages needs an argument after: String")
	}
}

// pageSetup makes the variable page when the call uses it.
func (f *fetch) pageSetup() {
	if !f.Uses(directive.Paging) {
		return
	}
	first := f.Field.Arguments.ForName("first")
	otherwise, given := "0", f.paramName("first")
	if first.DefaultValue != nil {
		otherwise = first.DefaultValue.Raw
	}
	if first.Type.NonNull {
		given = "&" + given
	}
	f.line("page, err := %s(%s, %s, %s)\nif err != nil {\nreturn %s, err\n}", f.upstream("PageOf"), given, otherwise, f.paramName("after"), f.zero)
}

// operand is a variable's value in Go.
type operand struct {
	typ    types.Type // of one value
	value  string     // when it is there
	there  string     // the condition that it is; empty when it always is
	list   bool
	items  string // "*item", or "item"
	isNull string // the condition that an item is null, or empty

	// Of a field of an input object that can be absent: the field, its type and
	// the condition that the input object is there.
	omittable string
	model     types.Type
	gql       *ast.Type
	within    string
}

// operand evaluates a variable. The statement that reads a header is written
// the first time, in a place that all uses see.
func (f *fetch) operand(v *directive.Var) operand {
	text := types.Typ[types.String]
	switch v.Root {
	case directive.This, directive.Batch:
		if t := binding.TypeOf(f.frontend.schema, f.Binding, v); t != nil && f.respelled(f.union.Types[t.Name()]) {
			f.report.at(v.Pos, "make the field a String", "%s is of the enum %s, whose values the service %s calls otherwise", v, t.Name(), f.service)
		}
		if f.Key != nil {
			return operand{typ: text, value: "keys", list: true, items: "item"}
		}
		if len(f.keys()) > 1 {
			expr := "key." + keyMember(v)
			return operand{typ: text, value: expr, there: expr + ` != ""`}
		}
		return operand{typ: text, value: "key"}
	case directive.Headers:
		name, known := f.headers[v]
		if !known {
			name = f.variable("header")
			f.line("%s := %s(ctx, %q)", name, f.upstream("Header"), v.Path[0])
			if f.headers == nil {
				f.headers = map[*directive.Var]string{}
			}
			f.headers[v] = name
		}
		return operand{typ: text, value: name, there: name + ` != ""`}
	case directive.Config:
		return operand{typ: text, value: fmt.Sprintf("c.Value(%q)", v.Path[0])}
	case directive.Paging:
		return operand{typ: types.Typ[types.Int], value: f.paging(v)}
	}
	return f.argument(v)
}

func (f *fetch) variable(base string) string {
	f.scalars++
	if f.scalars == 1 {
		return base
	}
	return base + strconv.Itoa(f.scalars)
}

func (f *fetch) paging(v *directive.Var) string {
	switch v.Path[0] {
	case "offset":
		return "page.Offset"
	case "number":
		return fmt.Sprintf("page.Number(%d)", f.pageStart())
	}
	if f.oneMore() {
		return "page.Limit + 1"
	}
	return "page.Limit"
}

func (f *fetch) pageStart() int {
	if f.Page != nil {
		return f.Page.Start
	}
	return 1
}

// oneMore tells whether a row more is asked for, to see whether there is one.
func (f *fetch) oneMore() bool {
	if f.Page == nil || f.Page.Total != nil || f.Page.More != nil || f.Page.Next != nil {
		return false
	}
	limit, offset := false, false
	for _, v := range f.Vars() {
		limit = limit || v.Root == directive.Paging && v.Path[0] == "limit"
		offset = offset || v.Root == directive.Paging && v.Path[0] == "offset"
	}
	return limit && offset
}

// argument evaluates {$args.x}, and {$args.x.y} through input objects.
func (f *fetch) argument(v *directive.Var) operand {
	arg := f.Field.Arguments.ForName(v.Path[0])
	t, expr := f.argType(arg), f.paramName(arg.Name)
	var guards []string
	gql := arg.Type
	whole, model, can := "", types.Type(nil), false
	for _, name := range v.Path[1:] {
		if isPointer(t) {
			guards = append(guards, expr+" != nil")
		}
		field := structField(element(t), goName(name))
		if field == nil {
			f.report.at(v.Pos, "", "the Go type %s has no field %s", shortType(typeName(t)), goName(name))
			return operand{typ: types.Typ[types.Invalid]}
		}
		t, expr = field.Type(), expr+"."+goName(name)
		whole, model = expr, t
		if t, can = omittable(t); can {
			expr += ".Value()"
		}
		gql = f.union.Types[gql.NamedType].Fields.ForName(name).Type
	}
	o := f.operandOf(t, expr, guards, gql)
	if can {
		o.omittable, o.model, o.gql, o.within = whole, model, gql, strings.Join(guards, " && ")
	}
	return o
}

// operandOf makes an operand of a Go value that is there when guards hold.
func (f *fetch) operandOf(t types.Type, expr string, guards []string, gql *ast.Type) operand {
	out := operand{typ: t, value: expr}
	if slice, ok := t.(*types.Slice); ok && gql.Elem != nil {
		out.list, out.items, out.typ = true, "item", slice.Elem()
		if isPointer(slice.Elem()) && f.union.Types[gql.Name()].Kind != ast.InputObject {
			out.items, out.typ = "*item", element(slice.Elem())
			if !gql.Elem.NonNull {
				out.isNull = "item == nil"
			}
		}
		if !gql.NonNull {
			guards = append(guards, expr+" != nil")
		}
	} else if isPointer(t) {
		guards = append(guards, expr+" != nil")
		out.value, out.typ = "*"+expr, element(t)
	} else if nilable(t) && !gql.NonNull {
		guards = append(guards, expr+" != nil")
	}
	out.there = strings.Join(guards, " && ")
	return out
}

// text spells a value as a text of the service.
func (f *fetch) text(v *directive.Var, t types.Type, expr string) string {
	if name := f.enumName(v); name != "" {
		if fn := f.enumWriter(name); fn != "" {
			return fn + "(" + expr + ")"
		}
	}
	text, ok := textOf(t, expr)
	if !ok {
		f.report.at(v.Pos, "", "%s is %s in Go, which can't be written as a text", v, shortType(typeName(t)))
	}
	return text
}

// enumName is the enum that an argument is of, or empty.
func (f *fetch) enumName(v *directive.Var) string {
	if v.Root != directive.Args {
		return ""
	}
	t := binding.TypeOf(f.frontend.schema, f.Binding, v)
	if t == nil || f.union.Types[t.Name()].Kind != ast.Enum {
		return ""
	}
	return t.Name()
}

// enumWriter returns the function that writes a value of an enum as the service
// does; empty when it writes the names of the schema.
func (w *clientWriter) enumWriter(enum string) string {
	def := w.union.Types[enum]
	var cases strings.Builder
	for _, v := range def.EnumValues {
		if text, ok := w.enumText(def, v.Name); ok {
			fmt.Fprintf(&cases, "case %q:\nreturn %q\n", v.Name, text)
		}
	}
	if cases.Len() == 0 {
		return ""
	}
	name := templates.LcFirst(goName(enum)) + "Text"
	if w.functions[name] == "" {
		w.functions[name] = fmt.Sprintf("// %s is what the service calls a value of %s.\nfunc %s(value %s) string {\nswitch value {\n%s}\nreturn string(value)\n}\n\n",
			name, enum, name, spelled(w.modelType(def)), cases.String())
	}
	return name
}

// joined spells the items of a list as one text.
func (f *fetch) joined(v *directive.Var, o operand) string {
	if v.Root == directive.Batch {
		f.keyCheck = fmt.Sprintf("%s(%q)", f.upstream("Joinable"), v.Separator)
	}
	if o.isNull != "" { // a text has no null in it
		o.value, o.items, o.isNull = f.upstream("Present")+"("+o.value+")", "item", ""
	}
	list := o.value
	if !isString(o.typ) || !isPlain(o.typ) || o.items != "item" || f.enumName(v) != "" {
		list = fmt.Sprintf("%s(%s, func(item %s) string { return %s })", f.upstream("Map"), o.value, f.itemType(o), f.text(v, o.typ, o.items))
	}
	name := f.variable("joined")
	f.line("%s, err := %s(%s, %q)\nif err != nil {\nreturn %s, err\n}", name, f.upstream("Join"), list, v.Separator, f.zero)
	return name
}

func (f *fetch) itemType(o operand) string {
	if o.items == "*item" {
		return "*" + spelled(o.typ)
	}
	return spelled(o.typ)
}

// zeroOf spells the zero value of a type.
func zeroOf(t types.Type) string {
	if nilable(t) {
		return "nil"
	}
	switch kind, _ := basic(t); {
	case isString(t):
		return `""`
	case kind == types.Bool:
		return "false"
	case kind != 0:
		return "0"
	}
	return "*new(" + spelled(t) + ")"
}
