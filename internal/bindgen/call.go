package bindgen

import (
	"cmp"
	"fmt"
	"go/types"
	"slices"
	"strings"

	"github.com/99designs/gqlgen/codegen/templates"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/directive"
	"github.com/portico-gateway/portico/internal/binding"
)

// call is a call of a service that generated code makes: what a binding asks
// for, or several that ask for the same.
type call struct {
	*binding.Binding // the first of them

	Name     string // Go's: ProductReviews
	frontend *frontend
	users    []callUser
}

// callUser is a field that a call resolves.
type callUser struct {
	frontend *frontend
	binding  *binding.Binding
}

// root tells whether the call is for a root field: it has no parents.
func (c *call) root() bool { return isRoot(c.frontend.schema, c.Parent) }

// stream tells whether the call is for a field of Subscription.
func (c *call) stream() bool { return c.Parent == c.frontend.schema.Subscription }

// fields are the fields that the call resolves, for a comment.
func (c *call) fields() string {
	var names []string
	for _, u := range c.users {
		names = append(names, u.binding.Parent.Name+"."+u.binding.Field.Name)
	}
	slices.Sort(names)
	return strings.Join(slices.Compact(names), ", ")
}

// keys are the variables of the parents that the call is made for, distinct.
func (c *call) keys() []*directive.Var { return parentVars(c.Binding) }

func parentVars(b *binding.Binding) []*directive.Var {
	var vars []*directive.Var
	for _, v := range b.Vars() {
		if (v.Root == directive.This || v.Root == directive.Batch) &&
			!slices.ContainsFunc(vars, func(have *directive.Var) bool { return have.String() == v.String() }) {
			vars = append(vars, v)
		}
	}
	return vars
}

// arguments are those that the call uses, in the order of the field.
func (c *call) arguments() []*ast.ArgumentDefinition { return usedArguments(c.Binding) }

func usedArguments(b *binding.Binding) []*ast.ArgumentDefinition {
	used := map[string]bool{}
	for _, v := range b.Vars() {
		switch v.Root {
		case directive.Args:
			used[v.Path[0]] = true
		case directive.Paging:
			used["first"], used["after"] = true, true
		}
	}
	var args []*ast.ArgumentDefinition
	for _, arg := range b.Field.Arguments {
		if used[arg.Name] {
			args = append(args, arg)
		}
	}
	return args
}

// calls are all calls of a project.
type calls struct {
	list  []*call // sorted by service and name
	byUse map[*binding.Binding]*call
}

// of returns the call that resolves a field of a frontend, or nil.
func (c *calls) of(f *frontend, typ, field string) *call { return c.byUse[f.bindings[typ][field]] }

// services are the names of the services that are called, sorted.
func (c *calls) services() []string {
	var names []string
	for _, call := range c.list {
		names = append(names, call.Service)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// collectCalls finds the calls of all bindings. Those that are alike are one.
func collectCalls(p *project, r *report) *calls {
	out := &calls{byUse: map[*binding.Binding]*call{}}
	byShape := map[string]*call{}
	for _, f := range p.frontends {
		for _, name := range typeNames(f.schema) {
			for _, field := range f.schema.Types[name].Fields {
				b := f.bindings[name][field.Name]
				if b == nil {
					continue
				}
				needArguments(b, r)
				shape := shapeOf(f, b)
				c := byShape[shape]
				if c == nil {
					c = &call{Binding: b, frontend: f}
					byShape[shape] = c
					out.list = append(out.list, c)
				}
				c.users = append(c.users, callUser{f, b})
				out.byUse[b] = c
			}
		}
	}
	nameCalls(out.list)
	slices.SortFunc(out.list, func(a, b *call) int {
		return cmp.Or(cmp.Compare(a.Service, b.Service), cmp.Compare(a.Name, b.Name))
	})
	return out
}

// needArguments reports arguments that a binding does nothing with.
func needArguments(b *binding.Binding, r *report) {
	used := usedArguments(b)
	for _, arg := range b.Field.Arguments {
		if !slices.Contains(used, arg) {
			r.at(arg.Position, "use {$args."+arg.Name+"} in the binding, or remove the argument", "the binding of %s.%s does nothing with the argument %s", b.Parent.Name, b.Field.Name, arg.Name)
		}
	}
}

// nameCalls names calls after their fields. Where two of a service would have
// the same name, because frontends bind a field in different ways or two types
// have such fields, the names tell more.
func nameCalls(list []*call) {
	detail := map[*call]int{}
	for {
		byName := map[string][]*call{}
		for _, c := range list {
			c.Name = c.named(detail[c])
			byName[c.Service+" "+c.Name] = append(byName[c.Service+" "+c.Name], c)
		}
		unique := true
		for _, same := range byName {
			if len(same) > 1 {
				unique = false
				for _, c := range same {
					detail[c]++
				}
			}
		}
		if unique {
			return
		}
	}
}

// named is the name of a call in more and more detail.
func (c *call) named(detail int) string {
	full := goName(c.Parent.Name) + goName(c.Field.Name)
	short := full
	if c.root() {
		short = goName(c.Field.Name)
	}
	if slices.Contains([]string{"Invoke", "NewStream", "MaxBatch", "Need", "Value", "Malformed", "Done", "Store", "HTTP", "GRPC"}, short) {
		short += "Call" // clients have something of this name
	}
	names := []string{short, goName(c.frontend.name) + short, full, goName(c.frontend.name) + full}
	if detail < len(names) {
		return names[detail]
	}
	return fmt.Sprintf("%s%d", names[len(names)-1], detail)
}

// shapeOf is equal for bindings that make the same call: which field of the
// parent is the key does not matter.
func shapeOf(f *frontend, b *binding.Binding) string {
	var s strings.Builder
	if isRoot(f.schema, b.Parent) {
		s.WriteString(b.Parent.Name)
	}
	key := ""
	if vars := parentVars(b); len(vars) == 1 {
		key = vars[0].String()
	}
	text := func(t directive.Text) {
		for _, part := range t {
			if part.Var == nil {
				fmt.Fprintf(&s, "%q", part.Literal)
				continue
			}
			name := part.Var.String()
			if name == key {
				name = "$" + string(part.Var.Root)
			}
			fmt.Fprintf(&s, "{%s %t %q}", name, part.Var.Joined, part.Var.Separator)
		}
		s.WriteByte(';')
	}
	// Without select, a Boolean tells of success; with $ it is the answer.
	fmt.Fprintf(&s, "%s %s %v %t %d", b.Service, b.Field.Type, b.Select, b.Select == nil, b.Max)
	if b.REST != nil {
		fmt.Fprintf(&s, " %s %t ", b.REST.Method, b.REST.XML)
		for _, t := range b.REST.Path {
			text(t)
		}
		for i, params := range [][]binding.Param{b.REST.Query, b.REST.Headers} {
			for _, p := range params {
				fmt.Fprintf(&s, " %d %s=", i, p.Name)
				text(p.Text)
			}
		}
		writeShape(&s, b.REST.Body, text)
	}
	if b.GRPC != nil {
		s.WriteString(b.GRPC.Method)
		writeShape(&s, b.GRPC.Request, text)
	}
	if b.Key != nil {
		fmt.Fprintf(&s, " key %v", b.Key.Row)
	}
	if b.Page != nil {
		fmt.Fprintf(&s, " page %v %v %v %d", b.Page.Next, b.Page.Total, b.Page.More, b.Page.Start)
	}
	for _, e := range b.Errors {
		fmt.Fprintf(&s, " error %s %t %s %q %v", e.Status, e.Null, e.Code, e.Message, e.Extensions)
	}
	for _, arg := range usedArguments(b) {
		fmt.Fprintf(&s, " arg %s %s", arg.Name, arg.Type)
		if arg.DefaultValue != nil {
			s.WriteString(arg.DefaultValue.String())
		}
	}
	return s.String()
}

func writeShape(s *strings.Builder, v *binding.Value, text func(directive.Text)) {
	switch {
	case v == nil:
	case v.Text != nil:
		text(v.Text)
	case v.Const != nil:
		s.WriteString(v.Const.String())
	case v.Object != nil:
		for _, m := range v.Object {
			fmt.Fprintf(s, "{%s:", m.Name)
			writeShape(s, m.Value, text)
			s.WriteByte('}')
		}
	default:
		for _, item := range v.List {
			s.WriteByte('[')
			writeShape(s, item, text)
			s.WriteByte(']')
		}
	}
}

// reserved tells a name that generated functions use themselves, for a variable
// or a package.
func reserved(name string) bool {
	return predeclared(name) || slices.Contains([]string{
		"c", "ctx", "request", "answer", "page", "key", "keys", "err", "service", "services", "value", "row", "r", "m", "args", "item", "nodes", "edges",
		"next", "more", "start", "end", "events", "event", "toModel", "known", "raw", "ok", "in", "total", "nextPage", "hasMore", "count", "found", "header", "joined", "text", "theirs",
		"context", "iter", "model", "upstream", "loader", "strconv", "strings", "time", "http", "url", "base64", "codes", "timestamppb", "durationpb", "structpb", "wrapperspb",
	}, name)
}

// predeclared tells a name that Go itself has, such as string, len and nil: a
// variable of this name would hide it from the code that follows.
func predeclared(name string) bool { return types.Universe.Lookup(name) != nil }

// paramName is an argument's name in Go.
func (w *clientWriter) paramName(name string) string {
	name = templates.ToGoPrivate(name)
	if reserved(name) || w.packageName(name) {
		return name + "Arg"
	}
	return name
}
