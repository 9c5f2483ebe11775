package golang

import (
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/portico-gateway/portico/internal/plan"
)

// adapters writes the adapters of one frontend: how its fields are resolved.
type adapters struct {
	*file
	plan     *plan.Plan
	frontend *plan.Frontend
	values   *values
	b        strings.Builder
}

func (a *adapters) line(format string, args ...any) { fmt.Fprintf(&a.b, format+"\n", args...) }

// Frontend returns the files of a frontend, in its folder of graph/: its schema, how its fields
// are resolved, the compiled execution, and how values are read and written.
func Frontend(p *plan.Plan, f *plan.Frontend, b *Binding) ([]File, error) {
	v := newValues(p, f, b)
	var files []File
	for _, part := range []struct {
		name string
		text func() ([]byte, error)
	}{
		{"schema", func() ([]byte, error) { return schemaFile(p, f, b) }},
		{"resolvers", func() ([]byte, error) { return adaptersFile(p, f, b, v) }},
		{"compiled", func() ([]byte, error) { return compiledFile(p, f, b, v) }},
		{"values", v.text}, // last, as the others decide what is in it
	} {
		text, err := part.text()
		if err != nil {
			return nil, fmt.Errorf("%s of %s: %w", part.name, f.Name, err)
		}
		if text != nil {
			files = append(files, File{path.Join("graph", f.Name, part.name+".gen.go"), text})
		}
	}
	return files, nil
}

// schemaFile writes the file with the schema of a frontend.
func schemaFile(p *plan.Plan, f *plan.Frontend, b *Binding) ([]byte, error) {
	a := &adapters{file: newFile(p, path.Join(p.Module, "graph", f.Name))}
	a.line("// parsed returns the schema of the frontend.\nfunc parsed() *%s.Schema {\nreturn %s(", a.use(astPath), a.execute("Parse"))
	for _, s := range b.Sources {
		a.line("&%s.Source{Name: %q, Input: %s},", a.use(astPath), s.Name, rawQuoted(s.Input))
	}
	a.line(")\n}")
	return a.formatted("", a.b.String())
}

const astPath = "github.com/vektah/gqlparser/v2/ast"

// adaptersFile writes the file with the adapters of a frontend.
func adaptersFile(p *plan.Plan, f *plan.Frontend, b *Binding, v *values) ([]byte, error) {
	a := &adapters{file: newFile(p, path.Join(p.Module, "graph", f.Name)), plan: p, frontend: f, values: v}
	a.constructor()
	a.parsers(b)
	a.routes()
	for _, o := range f.Objects {
		a.object(o)
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
return %s{
Name: %q,
Schema: %s(parsed(), r.compiled()),`, a.frontend.Name, parameters, a.execute("Frontend"), fields, a.execute("Frontend"), a.frontend.Name,
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
	a.line("},\n}\n}\n\n// resolver has the project's methods and clients.\ntype resolver struct {")
	if a.plan.Resolvers.Root {
		a.line("root *%s.Root", a.resolvers())
	}
	a.line("clients *%s.Set\n}\n", a.clients())
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
func (a *adapters) parsers(b *Binding) {
	if len(a.frontend.Parsers) == 0 {
		return
	}
	parser := a.gateway("input", "Parser")
	a.line("// parsers returns the parsers of the scalars and enums in inputs.\nfunc parsers() map[string]%s {\nreturn map[string]%s{", parser, parser)
	for _, p := range a.frontend.Parsers {
		if p.Input != "" {
			a.line("%q: %s,", p.Name, a.gateway("input", p.Input))
			continue
		}
		a.line("%q: func(ctx %s.Context, value any) (any, error) {\n_, err := %s(ctx, value)\nreturn value, err\n},", p.Name, a.use("context"),
			a.values.read(b.Leaves[p.Name]))
	}
	a.line("}\n}\n")
}

// object writes the adapters of an object type.
func (a *adapters) object(o *plan.Adapters) {
	for _, f := range o.Fields {
		if f.Adapts() {
			a.fit(f)
		}
		if f.Fallback != nil {
			a.fallbackOf(f)
		}
		switch {
		case f.Nodes != nil:
			a.nodes(f)
		case f.Level():
			a.levelResolver(o, f)
		}
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

// fitted writes a call whose result is converted or checked if it has to be, and has a
// fallback if there is one.
func (a *adapters) fitted(f *plan.Adapter, call string) string {
	if f.Adapts() {
		call = a.execute("Fit") + "(" + fitName(f) + ")(" + call + ")"
	}
	return a.orFallback(f, call)
}

// levelResolver writes the method that resolves a field for all objects of a level.
func (a *adapters) levelResolver(o *plan.Adapters, f *plan.Adapter) {
	parent, value := a.typ(o.Type), a.typ(f.Type)
	var decls []string
	for _, arg := range f.Arguments {
		decls = append(decls, Param(arg.Name)+" "+a.typ(arg.Type))
	}
	if f.Call != nil {
		a.keyOf(f)
	}
	checked := canFault(f) || a.failsWithoutKey(f)
	if checked {
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
	if checked {
		resolve = fmt.Sprintf("%s(%s, %s)", a.execute("Check"), resolve, faultName(f))
	}
	if f.List() && f.NonNull() && f.Result == plan.Present && a.canLackKey(f) {
		resolve = fmt.Sprintf("%s(%s, func(obj %s) bool { return %s })", a.execute("OrEmpty"), resolve, parent, a.lacksKey(f))
	}
	if f.Adapts() {
		resolve = fmt.Sprintf("%s(%s, %s)", a.execute("Adapt"), resolve, fitName(f))
	}
	if f.Fallback != nil {
		resolve = fmt.Sprintf("%s(%q, %s, %s)", a.execute("Fallback"), o.Name+"."+f.Name, resolve, fallbackName(f))
	}
	a.line("return %s\n}\n", resolve)
}

// Param returns the name in Go of an argument of a field, as adapters have it.
func Param(name string) string {
	name = plan.GoParam(name)
	if isLocal(name) || isPackage(name) || isPredeclared(name) || name == "_" {
		return name + "Arg"
	}
	return name
}

func fitName(f *plan.Adapter) string { return "fit" + upperFirst(f.Func) }

// levelName returns the name of the method that resolves a field for a level.
func levelName(f *plan.Adapter) string { return lowerFirst(f.Func) }

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
