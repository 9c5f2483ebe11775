package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/directive"
	"github.com/portico-gateway/portico/internal/binding"
	"github.com/portico-gateway/portico/internal/project"
)

// calls are all calls of a project.
type calls struct {
	list  []*Call // sorted by service and name
	byUse map[*binding.Binding]*Call
}

// of returns the call that resolves a field of a frontend, or nil.
func (c *calls) of(f *project.Frontend, typ, field string) *Call {
	return c.byUse[f.Bindings[typ][field]]
}

// services returns the names of the services that are called, sorted.
func (c *calls) services() []string {
	var names []string
	for _, call := range c.list {
		names = append(names, call.Service)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// collectCalls collects the calls of all bindings. Bindings that make the same
// call share one.
func collectCalls(p *project.Project, r *project.Report) *calls {
	out := &calls{byUse: map[*binding.Binding]*Call{}}
	byShape := map[string]*Call{}
	ages := leastAges(p)
	for _, f := range p.Frontends {
		for _, name := range project.TypeNames(f.Schema) {
			for _, field := range f.Schema.Types[name].Fields {
				b := f.Bindings[name][field.Name]
				if b == nil {
					continue
				}
				needArguments(b, r)
				shape := shapeOf(f, b)
				age := ages[f][shape]
				shape += fmt.Sprintf(" age %d", age)
				c := byShape[shape]
				if c == nil {
					c = &Call{Binding: b, frontend: f, MaxAge: age}
					byShape[shape] = c
					out.list = append(out.list, c)
				}
				c.use(f, b)
				out.byUse[b] = c
			}
		}
	}
	nameCalls(out.list)
	slices.SortFunc(out.list, func(a, b *Call) int {
		return cmp.Or(cmp.Compare(a.Service, b.Service), cmp.Compare(a.Name, b.Name))
	})
	return out
}

// leastAges returns the maxAge of calls in seconds, by frontend and shape: the
// least of their fields. Frontends with different ages have calls of their own,
// so that none changes what another one caches.
func leastAges(p *project.Project) map[*project.Frontend]map[string]int {
	ages := map[*project.Frontend]map[string]int{}
	for _, f := range p.Frontends {
		ages[f] = map[string]int{}
		for _, byField := range f.Bindings {
			for _, b := range byField {
				shape, age := shapeOf(f, b), maxAgeOf(callUser{f, b})
				if have, ok := ages[f][shape]; ok {
					age = min(have, age)
				}
				ages[f][shape] = age
			}
		}
	}
	return ages
}

// use adds a field that the call resolves. Its type is nullable if that of one is.
func (c *Call) use(f *project.Frontend, b *binding.Binding) {
	c.users = append(c.users, callUser{f, b})
	t := valueType(b)
	if c.Type == nil || c.Type.NonNull && !t.NonNull {
		c.Type = t
	}
	name := b.Parent.Name + "." + b.Field.Name
	if !slices.Contains(c.fields, name) {
		c.fields = append(c.fields, name)
		slices.Sort(c.fields)
	}
}

// valueType returns the type of what a call has for one key: that of the field, or if
// each parent has several keys, that of an item, which may be missing.
func valueType(b *binding.Binding) *ast.Type {
	if b.Key == nil || !b.Key.List {
		return b.Field.Type
	}
	t := *b.Field.Type.Elem
	t.NonNull = false
	return &t
}

// needArguments reports arguments that a binding does not use.
func needArguments(b *binding.Binding, r *project.Report) {
	used := usedArguments(b)
	for _, arg := range b.Field.Arguments {
		if !slices.Contains(used, arg) {
			r.At(arg.Position, "use {$args."+arg.Name+"} in the binding, or remove the argument",
				"the binding of %s.%s does not use the argument %s", b.Parent.Name, b.Field.Name, arg.Name)
		}
	}
}

// nameCalls names calls after their fields. Where two calls of a service would
// have the same name, because frontends bind a field differently or two types
// have a field of the same name, it adds detail.
func nameCalls(list []*Call) {
	detail := map[*Call]int{}
	for {
		byName := map[string][]*Call{}
		for _, c := range list {
			c.Name = c.named(detail[c])
			byName[c.Service+" "+c.Name] = append(byName[c.Service+" "+c.Name], c)
		}
		unique := true
		for _, same := range byName {
			if len(same) > 1 {
				unique = false
				for i, c := range same { // the names of types and fields can be the same text: then numbers distinguish them
					if detail[c] < mostDetail {
						detail[c]++
					} else {
						detail[c] += i
					}
				}
			}
		}
		if unique {
			return
		}
	}
}

// mostDetail is the detail from which on names have numbers.
const mostDetail = 4

// named returns the name of a call, with more detail for larger numbers.
func (c *Call) named(detail int) string {
	full := GoName(c.Parent.Name) + GoName(c.Field.Name)
	short := full
	if c.Root() {
		short = GoName(c.Field.Name)
	}
	if slices.Contains([]string{"Call", "Batches", "MaxBatch", "Need", "Value", "Malformed", "Done", "Store", "HTTP", "GRPC",
		"Source", "Expect", "GetJSON", "GetXML", "StreamJSON"}, short) {
		short += "Call" // clients have something of this name
	}
	names := []string{short, GoName(c.frontend.Name) + short, full, GoName(c.frontend.Name) + full}
	if detail < mostDetail {
		return names[detail]
	}
	return fmt.Sprintf("%s%d", names[len(names)-1], detail-mostDetail+1)
}

// shapeOf returns a text that is equal for bindings that make the same call.
// The field of the parent that is the key does not matter, nor whether the
// field is nullable, unless a rule for errors returns another value then.
func shapeOf(f *project.Frontend, b *binding.Binding) string {
	var s strings.Builder
	if project.IsRoot(f.Schema, b.Parent) {
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
			fmt.Fprintf(&s, "{%s %t %t %q}", name, part.Var.Joined, part.Var.Number, part.Var.Separator)
		}
		s.WriteByte(';')
	}
	// Without select, a Boolean is whether the call succeeded; with $, the answer.
	nullable := *valueType(b)
	nullable.NonNull = false
	fmt.Fprintf(&s, "%s %s %v %t %t %d %s", b.Service, &nullable, b.Select, b.Select == nil, b.Entries, b.Max, b.Sharing)
	if b.REST != nil {
		fmt.Fprintf(&s, " %s %t %t %t %t %q %q %q ", b.REST.Method, b.REST.Slash, b.REST.Idempotent, b.REST.XML, b.REST.Form,
			b.REST.ContentTypes, b.REST.Events, b.REST.Passes.Names())
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
	writeKeyShape(&s, b.Key)
	if b.Page != nil {
		fmt.Fprintf(&s, " page %s", b.Page)
	}
	writeErrorShapes(&s, b)
	for _, arg := range usedArguments(b) {
		fmt.Fprintf(&s, " arg %s %s", arg.Name, arg.Type)
		if arg.DefaultValue != nil {
			s.WriteString(arg.DefaultValue.String())
		}
	}
	return s.String()
}

// writeErrorShapes writes the rules for errors of a binding.
func writeErrorShapes(s *strings.Builder, b *binding.Binding) {
	for _, e := range b.Errors {
		fmt.Fprintf(s, " error %s %q %q %t %s %q", e.Status, e.Value, e.Is, e.Null, e.Code, e.Message)
		for _, x := range e.Extensions {
			fmt.Fprintf(s, " %s %q", x.Name, x.Path)
		}
		if e.Null && valueType(b).Elem != nil {
			fmt.Fprintf(s, " %t", b.Field.Type.NonNull) // it is an empty list, and not null
		}
	}
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

func writeKeyShape(s *strings.Builder, key *binding.Key) {
	if key == nil {
		return
	}
	fmt.Fprintf(s, " key %s", key.Match)
	for _, part := range key.Parts {
		fmt.Fprintf(s, " %v", part.Row)
		if len(key.Parts) > 1 {
			s.WriteString("=" + part.Batch.String())
		}
	}
}
