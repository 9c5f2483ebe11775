package golang

import (
	"fmt"
	"slices"
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
			c.note(planned, t)
		}
	}
	var cases strings.Builder
	for i, f := range o.Fields {
		if !c.can(o, f) {
			continue
		}
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

// note writes the tags of a level's objects.
func (c *compiled) note(o *plan.Adapters, t plan.Tag) {
	text := c.captured(func() { c.tag(o, t) })
	text = strings.Replace(text, c.execute("Tag")+"(level, ", c.execute("Noted")+"(x, objs, ", 1)
	c.b.WriteString(text)
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
func (c *compiled) levelField(o *Bound, f BoundField) string {
	return c.captured(func() {
		if w := c.walk(o, f); w != nil {
			for _, t := range w.Tags {
				c.note(c.planned[o.Def.Name], t)
			}
		}
		a := c.adapter(o, f)
		switch {
		case a != nil && a.Resolved():
			c.resolve(o, f, a)
		case c.schema.Types[f.Def.Type.Name()].IsCompositeType():
			c.line("level.Descend(i, func(x *%s, f *%s) *%s {\nvalues := %s(objs, func(obj %s) %s { %s })\nreturn %s\n})", c.execute("Run"),
				c.execute("Selected"),
				c.execute("Children"), c.execute("Get"), c.typ(o.Type), c.typ(f.Type), c.get(f, a), c.children(f.Def.Type))
		}
	})
}

// get writes the return of the value that an object has.
func (c *compiled) get(f BoundField, a *plan.Adapter) string {
	if a != nil { // its errors are added when it is written
		return fmt.Sprintf("value, _ := %s(obj.%s)\nreturn value", fitName(a), a.GoName)
	}
	return "return obj." + f.GoName
}

// resolve writes the resolution of a field for a level.
func (c *compiled) resolve(o *Bound, f BoundField, a *plan.Adapter) {
	parent, value := c.typ(o.Type), c.typ(f.Type)
	var values []string
	if len(a.Arguments) > 0 {
		c.line("args, err := c.r.executionContext(x.Context()).field_%s_%s_args(x.Context(), x.Arguments(f))", o.Def.Name, f.Def.Name)
		c.line("if err != nil {\n%s[%s](level, i, len(objs), err)\ncontinue\n}", c.execute("Fail"), value)
	}
	for _, arg := range a.Arguments {
		values = append(values, fmt.Sprintf("args[%q].(%s)", arg.Name, c.typ(arg.Type)))
	}
	var resolver string
	switch {
	case a.Level():
		resolver = fmt.Sprintf("c.r.%s(%s)", levelName(a), strings.Join(values, ", "))
		if a.Method != nil {
			resolver = c.execute("Distinct") + "(" + resolver + ")"
		}
	default: // a method of one parent
		for i, arg := range a.Arguments {
			c.line("%s := %s", Param(arg.Name), values[i])
		}
		resolver = fmt.Sprintf("%s(func(ctx %s.Context, obj %s) (%s, error) {\nreturn %s\n})", c.execute("Each"), c.use("context"), parent, value,
			c.fitted(a, c.call(a, "c.r", "obj")))
	}
	c.line("%s(level, i, objs, %s, %s)", c.execute("Resolve"), resolver, c.belowOf(f))
}

// belowOf writes the function that resolves what is below the values of a field;
// nil if they are scalars.
func (c *compiled) belowOf(f BoundField) string {
	if !c.schema.Types[f.Def.Type.Name()].IsCompositeType() {
		return "nil"
	}
	return fmt.Sprintf("func(x *%s, f *%s, values []%s) *%s {\nreturn %s\n}", c.execute("Run"), c.execute("Selected"), c.typ(f.Type), c.execute("Children"),
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
	return fmt.Sprintf("%s(x, f.Below(%d), %s, %s, c.%s)", c.execute(fn), c.ids[def.Name], values, name("faultsOf", def), name("level", def))
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
		if !c.can(o, f) || a == nil {
			continue
		}
		c.line("case %d: // %s", i+1, f.Def.Name)
		value := c.typ(f.Type)
		if stream {
			c.line("%s(level, i, %s[%s], %s)", c.execute("ResolveRoot"), c.execute("Event"), value, c.belowOf(f))
			continue
		}
		if len(a.Arguments) > 0 {
			c.line("args, err := c.r.executionContext(x.Context()).field_%s_%s_args(x.Context(), x.Arguments(f))", o.Def.Name, f.Def.Name)
			c.line("if err != nil {\n%s[%s](level, i, 1, err)\ncontinue\n}", c.execute("Fail"), value)
		}
		for _, p := range a.Parameters {
			if p.From != nil {
				c.line("%s := args[%q].(%s)", Param(p.From.Name), p.From.Name, c.typ(p.From.Type))
			}
		}
		if len(a.Arguments) > 0 && !slices.ContainsFunc(a.Parameters, func(p plan.Parameter) bool { return p.From != nil }) {
			c.line("_ = args")
		}
		c.line("%s(level, i, func(ctx %s.Context) (%s, error) {", c.execute("ResolveRoot"), c.use("context"), value)
		call := c.fitted(a, c.call(a, "c.r", ""))
		if mutation {
			c.line("value, err := %s\n%s(ctx)\nreturn value, err", call, c.execute("Reset"))
		} else {
			c.line("return %s", call)
		}
		c.line("}, %s)", c.belowOf(f))
		if mutation {
			c.line("level.Do() // one after the other")
		}
	}
	c.line("}\n}\nreturn level.Do()\n}\n")
}
