package golang

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/portico-gateway/portico/internal/plan"
)

// adapters writes the adapters of one frontend.
type adapters struct {
	*file
	plan     *plan.Plan
	frontend *plan.Frontend
	b        strings.Builder
	// unmarshal has the methods of gqlgen's executor by scalar or enum.
	unmarshal map[string]string
}

func (a *adapters) line(format string, args ...any) { fmt.Fprintf(&a.b, format+"\n", args...) }

// Adapters returns the file with the adapters of a frontend, resolvers.gen.go
// in its folder of graph/. The adapters call methods of gqlgen's executor:
// unmarshal has the names of the methods that unmarshal a scalar or an enum, by
// its name.
func Adapters(p *plan.Plan, f *plan.Frontend, unmarshal map[string]string) ([]byte, error) {
	a := &adapters{file: newFile(p, path.Join(p.Module, "graph", f.Name)), plan: p, frontend: f, unmarshal: unmarshal}
	a.constructor()
	a.parsers()
	a.routes()
	a.line(`// executionContext returns the context that gqlgen reads arguments with.
func (r *resolver) executionContext(ctx %s.Context) *executionContext {
	return newExecutionContext(%s.GetOperationContext(ctx), r.schema, nil)
}
`, a.use("context"), a.use(plan.GQLGenPath))
	for _, o := range f.Objects {
		a.object(o)
		if o.Below() {
			a.level(o)
		}
	}
	for _, abstract := range f.Abstract {
		a.abstract(abstract)
	}
	for _, fit := range f.Fits {
		a.knows(fit)
	}
	return a.formatted("// Package "+f.Name+" is the executable schema of the frontend "+f.Name+".", a.b.String())
}

func (a *adapters) execute(name string) string { return a.gateway("execute", name) }

func (a *adapters) resolvers() string { return a.use(path.Join(a.plan.Module, "resolvers")) }

func (a *adapters) clients() string { return a.use(path.Join(a.plan.Module, "clients")) }

// constructor writes New and the resolver.
func (a *adapters) constructor() {
	parameters, fields := fmt.Sprintf("services *%s.Set", a.clients()), "clients: services"
	if a.plan.Resolvers.Root {
		parameters, fields = fmt.Sprintf("root *%s.Root, %s", a.resolvers(), parameters), "root: root, "+fields
	}
	a.line(`// New returns the frontend %s, whose fields the project's methods and the
// clients of services resolve.
func New(%s) %s {
r := &resolver{%s}
r.schema = &executableSchema{Resolvers: r}
return %s{
Name: %q,
Schema: %s(r.schema, r.compiled()),`, a.frontend.Name, parameters, a.execute("Frontend"), fields, a.execute("Frontend"), a.frontend.Name,
		a.execute("Schema"))
	if len(a.frontend.Parsers) > 0 {
		a.line("Parsers: parsers(),")
	}
	if len(a.frontend.Receivers) > 0 {
		a.line("Receivers: []string{%s},", quoted(a.frontend.Receivers))
	}
	if len(a.frontend.Routes) > 0 {
		a.line("Routes: routes(),")
	}
	a.line("Operations: []%s{", a.execute("Operation"))
	for _, op := range a.frontend.Operations {
		a.line("{Name: %q, Document: %s},", op.Name, rawQuoted(op.Document))
	}
	a.line("},\n}\n}\n\n// resolver connects the schema to the project's methods and clients.\ntype resolver struct {")
	if a.plan.Resolvers.Root {
		a.line("root *%s.Root", a.resolvers())
	}
	a.line("clients *%s.Set\nschema *executableSchema\n}\n", a.clients())
}

// routes writes which calls resolve fields.
func (a *adapters) routes() {
	if len(a.frontend.Routes) == 0 {
		return
	}
	a.line("// routes returns which calls resolve the fields.\nfunc routes() []%s {\nreturn []%s{", a.execute("Route"), a.execute("Route"))
	for _, r := range a.frontend.Routes {
		a.line("{%s},", routeFields(r))
	}
	a.line("}\n}\n")
}

func routeFields(r plan.Route) string {
	var fields []string
	for _, field := range []struct{ name, value string }{{"Field", r.Coordinate}, {"Service", r.Service}, {"Call", r.What}, {"Route", r.Name}} {
		if field.value != "" {
			fields = append(fields, fmt.Sprintf("%s: %q", field.name, field.value))
		}
	}
	if r.Each {
		fields = append(fields, "Each: true")
	}
	return strings.Join(fields, ", ")
}

// rawQuoted writes a text between back quotes if they can contain it.
func rawQuoted(text string) string {
	if strconv.CanBackquote(strings.ReplaceAll(text, "\n", "")) {
		return "`" + text + "`"
	}
	return strconv.Quote(text)
}

// parsers writes the parsers of scalars and enums.
func (a *adapters) parsers() {
	if len(a.frontend.Parsers) == 0 {
		return
	}
	parser := a.gateway("input", "Parser")
	a.line("// parsers returns the parsers of the scalars and enums in inputs.\nfunc parsers() map[string]%s {", parser)
	if slices.ContainsFunc(a.frontend.Parsers, func(p plan.Parser) bool { return p.Input == "" }) {
		a.line("ec := newExecutionContext(&%s.OperationContext{}, &executableSchema{}, nil)", a.use(plan.GQLGenPath))
	}
	a.line("return map[string]%s{", parser)
	for _, p := range a.frontend.Parsers {
		if p.Input != "" {
			a.line("%q: %s,", p.Name, a.gateway("input", p.Input))
			continue
		}
		a.line("%q: func(ctx %s.Context, value any) (any, error) {\n_, err := ec.%s(ctx, value)\nreturn value, err\n},", p.Name, a.use("context"),
			a.unmarshal[p.Name])
	}
	a.line("}\n}\n")
}

// object writes the adapters of an object type.
func (a *adapters) object(o *plan.Adapters) {
	if len(o.Fields) == 0 {
		return
	}
	upper, typ := upperFirst(o.Name), lowerFirst(o.Name)+"Resolver"
	a.line("// %s implements ResolverRoot.\nfunc (r *resolver) %s() %sResolver { return %s{r} }\n\ntype %s struct{ r *resolver }\n", upper, upper,
		upper, typ, typ)
	for _, f := range o.Fields {
		if f.Adapts() {
			a.fit(f)
		}
		if f.Fallback != nil {
			a.fallbackOf(f)
		}
		a.field(o, f, typ)
	}
	if o.Node != nil {
		a.nodeLoader(o)
	}
}

// fit writes the function that converts a raw value of a field.
func (a *adapters) fit(f *plan.Adapter) {
	a.line("// %s converts a value of %s.%s to what this frontend has.\nfunc %s(value %s) (%s, error) {\n%s\n}\n",
		fitName(f), f.Object.Name, f.Name, fitName(f), a.typ(f.Raw), a.typ(f.Type), a.fitBody(f))
}

// field writes the adapter of a field.
func (a *adapters) field(o *plan.Adapters, f *plan.Adapter, typ string) {
	head := "func (q " + typ + ") " + f.GoName + a.signature(o, f)
	switch {
	case !f.Resolved():
		a.line("%s {\nreturn %s(obj.%s)\n}\n", head, fitName(f), f.GoName)
	case o.Stream:
		a.line("// %s calls %s.\n%s {\nevents, err := %s\nif err != nil {\nreturn nil, err\n}", f.GoName, methodName(f), head, a.call(f, "q.r", ""))
		events := "events"
		if f.Adapts() {
			events = fmt.Sprintf("%s(events, %s)", a.execute("FitEach"), fitName(f))
		}
		a.line("return %s(ctx, %s, %s), nil\n}\n", a.execute("Stream"), events, a.below("q.r", f.Below))
	case o.Root:
		a.rootField(o, f, head)
	case f.Level():
		a.levelField(o, f, head)
	default:
		a.line("// %s calls %s.\n%s {\nreturn %s\n}\n", f.GoName, methodName(f), head, a.fitted(f, a.call(f, "q.r", "obj")))
	}
}

// fitted writes a call whose result is converted or checked if it has to be, and has a
// fallback if there is one.
func (a *adapters) fitted(f *plan.Adapter, call string) string {
	if f.Adapts() {
		call = a.execute("Fit") + "(" + fitName(f) + ")(" + call + ")"
	}
	return a.orFallback(f, call)
}

func (a *adapters) rootField(o *plan.Adapters, f *plan.Adapter, head string) {
	if f.Nodes != nil {
		a.nodes(f, head)
		return
	}
	a.line("// %s calls %s.\n%s {", f.GoName, methodName(f), head)
	if f.Below == nil && !f.Adapts() && !o.Mutation {
		a.line("return %s\n}\n", a.orFallback(f, a.call(f, "q.r", "")))
		return
	}
	a.line("value, err := %s", a.fitted(f, a.call(f, "q.r", "")))
	if o.Mutation {
		a.line("%s(ctx)", a.execute("Reset"))
	}
	if f.Below != nil {
		a.line("if err == nil {\n%s(ctx, value, %s)\n}", a.execute("Root"), a.below("q.r", f.Below))
	}
	a.line("return value, err\n}\n")
}

// levelField writes a field that is resolved for all objects of a level at
// once.
func (a *adapters) levelField(o *plan.Adapters, f *plan.Adapter, head string) {
	parent, value := a.typ(o.Type), a.typ(f.Type)
	var names, decls []string
	for _, arg := range f.Arguments {
		names = append(names, Param(arg.Name))
		decls = append(decls, Param(arg.Name)+" "+a.typ(arg.Type))
	}
	a.line("// %s returns the value that was resolved for its level.\n%s {\nif value, ok, err := %s[%s, %s](ctx, obj); ok {\nreturn value, err\n}", f.GoName,
		head, a.execute("Resolved"), parent, value)
	a.line("return %s(ctx, obj, q.r.%s(%s), %s)\n}\n", a.execute("Alone"), levelName(f), strings.Join(names, ", "), a.below("q.r", f.Below))
	a.levelResolver(o, f, decls)
}

// levelResolver writes the method that resolves a field for all objects of a level.
func (a *adapters) levelResolver(o *plan.Adapters, f *plan.Adapter, decls []string) {
	parent, value := a.typ(o.Type), a.typ(f.Type)
	if f.Call != nil {
		a.keyOf(f)
	}
	if canFault(f) {
		a.faultOf(f)
	}
	ctx := a.use("context")
	a.line("// %s resolves %s.%s with %s.\nfunc (r *resolver) %s(%s) %s[%s, %s] {", levelName(f), o.Name, f.Name, methodName(f), levelName(f),
		strings.Join(decls, ", "), a.execute("Resolver"), parent, value)
	raw := a.typ(f.Raw)
	resolve := fmt.Sprintf("%s(func(ctx %s.Context, obj %s) (%s, error) {\nreturn %s\n})", a.execute("Each"), ctx, parent, raw, a.call(f, "r", "obj"))
	if f.Batch() {
		resolve = fmt.Sprintf("func(ctx %s.Context, objs []%s) ([]%s, error) {\nreturn %s\n}", ctx, parent, raw, a.call(f, "r", "objs"))
	}
	if canFault(f) {
		resolve = fmt.Sprintf("%s(%s, %s)", a.execute("Check"), resolve, faultName(f))
	}
	if f.Adapts() {
		resolve = fmt.Sprintf("%s(%s, %s)", a.execute("Adapt"), resolve, fitName(f))
	}
	if f.Fallback != nil {
		resolve = fmt.Sprintf("%s(%q, %s, %s)", a.execute("Fallback"), o.Name+"."+f.Name, resolve, fallbackName(f))
	}
	a.line("return %s\n}\n", resolve)
}

// signature writes the parameters and results that gqlgen's interface has.
func (a *adapters) signature(o *plan.Adapters, f *plan.Adapter) string {
	params := []string{"ctx " + a.use("context") + ".Context"}
	if !o.Root {
		params = append(params, "obj "+a.typ(o.Type))
	}
	for _, arg := range f.Arguments {
		params = append(params, Param(arg.Name)+" "+a.typ(arg.Type))
	}
	result := a.typ(f.Type)
	if o.Stream {
		result = "<-chan " + result
	}
	return "(" + strings.Join(params, ", ") + ") (" + result + ", error)"
}

// Param returns the name in Go of an argument of a field, as adapters have it.
func Param(name string) string {
	name = plan.GoParam(name)
	if isLocal(name) || isPackage(name) || isPredeclared(name) || name == "_" {
		return name + "Arg"
	}
	return name
}

func fitName(f *plan.Adapter) string { return "fit" + upperFirst(f.Object.Name) + f.GoName }

// levelName returns the name of the method that resolves a field for a level.
func levelName(f *plan.Adapter) string { return lowerFirst(f.Object.Name) + f.GoName }

// keyName returns the name of the function that returns a parent's key, or its keys.
func keyName(f *plan.Adapter) string {
	if f.KeyLists() {
		return "keysOf" + upperFirst(levelName(f))
	}
	return "keyOf" + upperFirst(levelName(f))
}

func methodName(f *plan.Adapter) string {
	if f.Call != nil {
		return f.Call.Service + ".Client." + f.Call.Name
	}
	return path.Base(f.Method.Package) + "." + f.Method.Receiver + "." + f.Method.Name
}

// call writes the call of a method or a client. parent is the variable with the
// parent or the parents; it is empty for a root field.
func (a *adapters) call(f *plan.Adapter, resolver, parent string) string {
	if f.Nodes != nil {
		return fmt.Sprintf("%s.%s(ctx, %s)", resolver, levelName(f), Param(f.Arguments[0].Name))
	}
	var args []string
	for _, p := range f.Parameters {
		switch {
		case p.From == nil:
			args = append(args, "nil")
		case p.Address:
			args = append(args, "&"+Param(p.From.Name))
		default:
			args = append(args, Param(p.From.Name))
		}
	}
	if f.Call != nil {
		target := resolver + ".clients." + plan.GoName(f.Call.Service) + "." + f.Call.Name
		if f.Call.Root() {
			ctx := "ctx"
			if !f.Object.Mutation && !f.Object.Stream {
				ctx = a.gateway("cache", "Shared") + "(ctx)"
			}
			return target + "(" + strings.Join(append([]string{ctx}, args...), ", ") + ")"
		}
		name := "ResolveKeys"
		switch {
		case f.KeyLists() && f.NonNullItem():
			name = "ResolvePresent"
		case f.KeyLists():
			name = "ResolveLists"
		}
		return fmt.Sprintf("%s(ctx, %s(%s), %s, %s%s)", a.loader(name), target, strings.Join(args, ", "), parent, keyName(f), a.most(f))
	}
	before := []string{"ctx"}
	if parent != "" {
		before = append(before, parent)
	}
	return fmt.Sprintf("(&%s.%s{Root: %s.root}).%s(%s)", a.use(f.Method.Package), f.Method.Receiver, resolver, f.Method.Name,
		strings.Join(append(before, args...), ", "))
}

// most writes a further argument with the length of the lists of what several keys name;
// empty if they have no limit.
func (a *adapters) most(f *plan.Adapter) string {
	var args []string
	for _, arg := range f.Slices {
		name := Param(arg.Name)
		if !plan.IsPointer(arg.Type) {
			name = "&" + name
		}
		args = append(args, name)
	}
	if len(args) == 0 {
		return ""
	}
	return ", " + a.gateway("upstream", "Most") + "(" + strings.Join(args, ", ") + ")"
}

// below writes the function that resolves the fields of values; nil for none.
func (a *adapters) below(resolver string, b *plan.Below) string {
	if b == nil {
		return "nil"
	}
	fn := resolver + ".below" + upperFirst(b.Type)
	for range b.Lists {
		fn = a.execute("Flat") + "(" + fn + ")"
	}
	return fn
}
