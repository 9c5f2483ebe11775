package golang

import (
	"fmt"
	"go/types"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/internal/plan"
)

// levelOf writes the function that resolves a level of objects.
func (c *compiled) levelOf(o *Bound) {
	c.line("// %s resolves what is selected of objs, and of the objects below them.", name("level", o.Def))
	c.line("func (c compiled) %s(x *%s, selected *%s, objs []%s) *%s {\nlevel := x.Level(selected)", name("level", o.Def), c.execute("Run"),
		c.execute("Object"),
		c.typ(o.Type), c.execute("Results"))
	planned := c.planned[o.Def.Name]
	if planned != nil {
		for _, t := range planned.Tags {
			c.tag(planned, t)
		}
	}
	var cases strings.Builder
	for i, f := range o.Fields {
		if code := c.levelField(o, f); code != "" {
			fmt.Fprintf(&cases, "case %d: // %s\n%s", i+1, f.Def.Name, code)
		}
	}
	if cases.Len() == 0 {
		c.line("return level\n}\n")
		return
	}
	c.line("for i := range selected.Fields {\nf := &selected.Fields[i]\nif x.Denied(f) {\ncontinue\n}\nswitch f.ID {\n%s}\n}\nreturn level.Do()\n}\n",
		cases.String())
}

// captured returns what do writes.
func (c *compiled) captured(do func()) string {
	outer := c.b.String()
	c.b.Reset()
	do()
	text := c.b.String()
	c.b.Reset()
	c.b.WriteString(outer)
	return text
}

// levelField writes what a level does with a field; empty for nothing.
func (c *compiled) levelField(o *Bound, f *BoundField) string {
	return c.captured(func() {
		for _, t := range c.tags(o, f) {
			c.tag(c.planned[o.Def.Name], t)
		}
		a := c.adapter(o, f)
		switch {
		case a != nil && a.Resolved():
			c.resolve(f, a)
		case c.reads(o, f):
			c.read(o, f)
		case c.composite(f):
			c.line("level.Descend(i, func(x *%s, f *%s) *%s {\nvalues := %s(objs, func(obj %s) %s { %s })\nreturn %s\n})", c.execute("Run"),
				c.execute("Selected"),
				c.execute("Children"), c.execute("Map"), c.typ(o.Type), c.typ(f.Ref.GO), c.get(f, a), c.children(f.Def.Type))
		}
	})
}

// composite reports whether the values of a field are objects.
func (c *compiled) composite(f *BoundField) bool {
	return c.schema.Types[f.Def.Type.Name()].IsCompositeType()
}

// get writes the return of the value that an object has.
func (c *compiled) get(f *BoundField, a *plan.Adapter) string {
	if a != nil { // its errors are added when it is written
		return fmt.Sprintf("value, _ := %s(obj.%s)\nreturn value", fitName(a), a.GoName)
	}
	return "return " + f.Own.Expr
}

// arguments writes the reading of arguments into variables, each of its own name, and what
// happens if one of them is invalid.
func (c *compiled) arguments(f *BoundField, names []string, invalid string) {
	if len(names) == 0 {
		return
	}
	c.line("args := x.Arguments(f)")
	for _, name := range names {
		c.line("%s := %s(args, %q, %s)", Param(name), c.execute("Argument"), name, c.values.read(f.Args[name]))
	}
	c.line("if args.Err != nil {\n%s\n}", invalid)
}

// fail writes that a field fails for all objects of a level.
func (c *compiled) fail(f *BoundField, objects string) string {
	return fmt.Sprintf("%s[%s](level, i, %s, args.Err)\ncontinue", c.execute("Fail"), c.typ(f.Ref.GO), objects)
}

// resolve writes the resolution of a field for a level.
func (c *compiled) resolve(f *BoundField, a *plan.Adapter) {
	var names, values []string
	for _, arg := range a.Arguments {
		names, values = append(names, arg.Name), append(values, Param(arg.Name))
	}
	c.arguments(f, names, c.fail(f, "len(objs)"))
	resolver := fmt.Sprintf("c.r.%s(%s)", levelName(a), strings.Join(values, ", "))
	if a.Method != nil {
		resolver = c.execute("Distinct") + "(" + resolver + ")"
	}
	c.line("%s(level, i, objs, %s, %s)", c.execute("Resolve"), resolver, c.belowOf(f, f.Ref.GO))
}

// belowOf writes the function that resolves what is below the values of a field;
// nil if they are scalars.
func (c *compiled) belowOf(f *BoundField, value types.Type) string {
	if !c.composite(f) {
		return "nil"
	}
	return fmt.Sprintf("func(x *%s, f *%s, values []%s) *%s {\nreturn %s\n}", c.execute("Run"), c.execute("Selected"), c.typ(value), c.execute("Children"),
		c.children(f.Def.Type))
}

// children writes the expression for what is below the variable values.
func (c *compiled) children(t *ast.Type) string {
	values := "values"
	def := c.schema.Types[t.Name()]
	lists := 0
	for ; t.Elem != nil; t = t.Elem {
		lists++
	}
	for ; lists > 1; lists-- {
		values = c.execute("Flatten") + "(" + values + ")"
	}
	if def.IsAbstractType() {
		if lists == 0 {
			values = c.execute("Single") + "(" + values + ")"
		}
		return fmt.Sprintf("%s(x, f, %s, c.%s)", c.execute("Abstract"), values, name("split", def))
	}
	fn := "One"
	if lists == 1 {
		fn = "Many"
	}
	return fmt.Sprintf("%s(x, f.Below(%d), %s, %s, c.%s)", c.execute(fn), c.ids[def.Name], values, name("is", def), name("level", def))
}

// rootLevel writes the function that resolves the root fields. Those of a
// subscription are events.
func (c *compiled) rootLevel(o *Bound) {
	mutation, stream := o.Def == c.schema.Mutation, o.Def == c.schema.Subscription
	c.line("// %s resolves the root fields, and what is below them.\nfunc (c compiled) %s(x *%s, selected *%s) *%s {\nlevel := x.Level(selected)",
		name("level", o.Def),
		name("level", o.Def), c.execute("Run"), c.execute("Object"), c.execute("Results"))
	c.line("for i := range selected.Fields {\nf := &selected.Fields[i]\nif x.Denied(f) {\ncontinue\n}\nswitch f.ID {")
	for i, f := range o.Fields {
		a := c.adapter(o, f)
		if a == nil {
			continue // of introspection
		}
		c.line("case %d: // %s", i+1, f.Def.Name)
		value := c.typ(f.Ref.GO)
		if stream {
			c.line("%s(level, i, %s[%s], %s)", c.execute("ResolveRoot"), c.execute("Event"), value, c.belowOf(f, f.Ref.GO))
			continue
		}
		c.arguments(f, passed(a), c.fail(f, "1"))
		c.line("%s(level, i, func(ctx %s.Context) (%s, error) {", c.execute("ResolveRoot"), c.use("context"), value)
		call := c.fitted(a, c.call(a, "c.r", ""))
		if mutation {
			c.line("value, err := %s\n%s(ctx)\nreturn value, err", call, c.execute("Reset"))
		} else {
			c.line("return %s", call)
		}
		c.line("}, %s)", c.belowOf(f, f.Ref.GO))
		if mutation {
			c.line("level.Do() // one after the other")
		}
	}
	c.line("}\n}\nreturn level.Do()\n}\n")
	if stream {
		c.subscribe(o)
	}
}

// passed returns the names of the arguments that a root field passes on.
func passed(a *plan.Adapter) []string {
	var names []string
	for _, p := range a.Parameters {
		if p.From != nil {
			names = append(names, p.From.Name)
		}
	}
	return names
}

// subscribe writes the function that opens the streams of subscriptions.
func (c *compiled) subscribe(o *Bound) {
	c.line("// subscribe opens the stream of a root field.")
	c.line("func (c compiled) subscribe(ctx %s.Context, x *%s, f *%s) (%s, error) {\nswitch f.ID {", c.use("context"), c.execute("Run"),
		c.execute("Selected"), c.execute("Events"))
	for i, f := range o.Fields {
		a := c.adapter(o, f)
		if a == nil {
			continue
		}
		c.line("case %d: // %s", i+1, f.Def.Name)
		c.arguments(f, passed(a), "return nil, args.Err")
		events := "events"
		if a.Adapts() {
			events = fmt.Sprintf("%s(events, %s)", c.execute("FitEach"), fitName(a))
		}
		c.line("events, err := %s\nif err != nil {\nreturn nil, err\n}\nreturn %s(%s), nil", c.call(a, "c.r", ""), c.execute("Stream"), events)
	}
	c.line("}\nreturn nil, nil\n}\n")
}
