package golang

import (
	"fmt"
	"strings"

	"google.golang.org/protobuf/compiler/protogen"

	"github.com/portico-gateway/portico/internal/plan"
)

// message writes the function that converts a message to the model of an object
// type.
func (c *client) message(o *plan.Object) string {
	m := c.newModel(o)
	for _, f := range o.Fields {
		m.messageField(f)
	}
	return fmt.Sprintf("// %s returns a message as %s.\nfunc %s(m *%s) (*%s, error) {\n",
		c.of(o), withArticle(o.Def.Name), c.of(o), c.ident(o.Message.GoIdent), c.typ(o.Model)) + m.body()
}

// messageField writes the reading of a field.
func (m *model) messageField(f *plan.Field) {
	switch {
	case f.Constant != nil:
		m.init(f, m.constant(f, f.Constant))
		return
	case f.Converter != nil:
		m.init(f, m.convert(f))
		return
	case len(f.Path) == 0:
		m.init(f, m.try(f, m.of(f.Read.Into.Object)+"(m)"))
		return
	}
	at := site{
		name: func() string { return m.local(f.Name) },
		try:  func(call string) string { return m.try(f, call) },
		missing: func(condition string) {
			m.missing = append(m.missing, missing{condition, f.Path.String()})
		},
		statement: func(code string) { m.statements.WriteString(code) },
		failed:    fmt.Sprintf("return nil, %s(%q, err)", m.upstream("In"), f.Path),
	}
	m.init(f, m.fromMessage(f.Read, "m", at))
}

// site is the function in which a value of a message is converted: where
// statements go, and what happens on errors.
type site struct {
	name      func() string            // returns the name of a new variable
	try       func(call string) string // declares a variable with the result of a call that may fail
	missing   func(condition string)   // adds a condition under which a required value is missing
	statement func(code string)        // adds a statement
	failed    string                   // a statement that returns err
}

// fromMessage writes the value at the end of a path of fields that starts at
// root.
func (c *client) fromMessage(r *plan.Read, root string, at site) string {
	last, expr := r.Fields[len(r.Fields)-1], getters(root, r.Fields)
	switch {
	case r.Item == nil && last.Desc.IsMap():
		return at.try(c.funcName(r.Into.Func) + "(" + expr + ")")
	case r.Item == nil:
		return c.single(r, root, at)
	case plan.IsMask(last) && !last.Desc.IsList():
		return expr + ".GetPaths()"
	case r.Item.Into.Same() && plan.TypeName(r.Item.Model) == plan.TypeName(r.Item.Into.From):
		return expr
	case plan.IsPointer(r.Item.Model) && r.Item.Into.Object == nil && !plan.IsPointer(r.Item.Into.To):
		item := "new(" + c.converted(r.Item.Into, "item") + "), nil"
		return at.try(fmt.Sprintf("%s(%s, func(item %s) (%s, error) { return %s })", c.upstream("Values"), expr, c.typ(r.Item.Into.From),
			c.typ(r.Item.Model), item))
	}
	return at.try(fmt.Sprintf("%s(%s, %s)", c.upstream("Values"), expr, c.each(r.Item.Into, c.typ(r.Item.Into.From), "item")))
}

// single writes a value that is not a list.
func (c *client) single(r *plan.Read, root string, at site) string {
	last, expr, into := r.Fields[len(r.Fields)-1], getters(root, r.Fields), r.Into
	made := func(value string) string {
		if into.Fails() {
			return at.try(c.failing(into) + "(" + value + ")")
		}
		return c.converted(into, value)
	}
	switch {
	case last.Message != nil && r.Type.NonNull:
		at.missing(expr + " == nil")
		return made(expr)
	case into.Object != nil:
		return at.try(fmt.Sprintf("%s(%s, %s)", c.upstream("Row"), expr, c.failing(into)))
	case last.Message != nil && plan.Nilable(into.To): // google.protobuf.Struct and the like
		return c.whenPresent(into, expr+" != nil", expr, at)
	case last.Message == nil && r.Type.NonNull: // an absent scalar has the default of its type
		return made(expr)
	case last.Message != nil || last.Desc.HasPresence():
		return c.whenPresent(into, c.presence(r.Fields, root), expr, at)
	case plan.Nilable(into.To):
		return made(expr)
	case !into.Fails():
		return "new(" + c.converted(into, expr) + ")"
	case into.Enum != nil: // its value 0 means that it is absent
		return c.whenPresent(into, "theirs := "+expr+"; theirs != 0", "theirs", at)
	}
	name := at.try(c.failing(into) + "(" + expr + ")")
	return "&" + name
}

// presence writes the condition that a path of fields has a value.
func (c *client) presence(fields []*protogen.Field, root string) string {
	last := fields[len(fields)-1]
	owner := getters(root, fields[:len(fields)-1])
	switch {
	case last.Message != nil:
		return getters(root, fields) + " != nil"
	case plan.InOneof(last):
		return fmt.Sprintf("_, ok := %s.Get%s().(*%s); ok", owner, last.Oneof.GoName, c.ident(last.GoIdent))
	case len(fields) > 1:
		return fmt.Sprintf("%s != nil && %s.%s != nil", owner, owner, last.GoName)
	}
	return fmt.Sprintf("%s.%s != nil", owner, last.GoName)
}

// whenPresent declares a variable that is set under a condition: a pointer,
// unless the type itself can be nil.
func (c *client) whenPresent(into plan.Conversion, condition, value string, at site) string {
	name, typ, pointer := at.name(), c.typ(into.To), !plan.Nilable(into.To)
	if pointer {
		typ = "*" + typ
	}
	var assign string
	switch {
	case !into.Fails() && pointer:
		assign = fmt.Sprintf("%s = new(%s)", name, c.converted(into, value))
	case !into.Fails():
		assign = fmt.Sprintf("%s = %s", name, c.converted(into, value))
	case pointer:
		assign = fmt.Sprintf("known, err := %s(%s)\nif err != nil {\n%s\n}\n%s = &known", c.failing(into), value, at.failed, name)
	default:
		assign = fmt.Sprintf("var err error\nif %s, err = %s(%s); err != nil {\n%s\n}", name, c.failing(into), value, at.failed)
	}
	at.statement(fmt.Sprintf("var %s %s\nif %s {\n%s\n}\n", name, typ, condition, assign))
	return name
}

// enum writes the functions that read and write an enum.
func (c *client) enum(e *plan.Enum) string {
	if e.Proto != nil {
		return c.protoEnum(e)
	}
	return c.textEnum(e)
}

func (c *client) textEnum(e *plan.Enum) string {
	var b strings.Builder
	typ := c.typ(e.Model)
	if e.Read {
		fmt.Fprintf(&b, "// %s returns the value of %s for a text of the service.\n", c.of(e), e.Def.Name)
		fmt.Fprintf(&b, "func %s(text *string) (%s, error) {\nswitch *text {\n", c.of(e), typ)
		for _, v := range e.Values {
			if len(v.Texts) > 0 {
				fmt.Fprintf(&b, "case %s:\nreturn %q, nil\n", quoted(v.Texts), v.Name)
			}
		}
		fmt.Fprintf(&b, "}\nreturn \"\", %s(%q, *text)\n}\n\n", c.upstream("Unknown"), e.Def.Name)
	}
	if e.Written {
		name := c.of(textOf{e})
		fmt.Fprintf(&b, "// %s returns the service's text for a value of %s.\nfunc %s(value %s) string {\nswitch value {\n", name, e.Def.Name, name, typ)
		for _, v := range e.Values {
			if v.Respelled {
				fmt.Fprintf(&b, "case %q:\nreturn %q\n", v.Name, v.Sent)
			}
		}
		b.WriteString("}\nreturn string(value)\n}\n\n")
	}
	return b.String()
}

func (c *client) protoEnum(e *plan.Enum) string {
	var b strings.Builder
	typ, theirs := c.typ(e.Model), c.ident(e.Proto.GoIdent)
	if e.Read {
		fmt.Fprintf(&b, "// %s returns the value of %s for a value of the service.\n", c.of(e), e.Def.Name)
		fmt.Fprintf(&b, "func %s(value %s) (%s, error) {\nswitch value {\n", c.of(e), theirs, typ)
		for _, v := range e.Values {
			if v.Proto != nil {
				fmt.Fprintf(&b, "case %s:\nreturn %q, nil\n", c.ident(v.Proto.GoIdent), v.Name)
			}
		}
		fmt.Fprintf(&b, "}\nreturn \"\", %s(%q, value.String())\n}\n\n", c.upstream("Unknown"), e.Def.Name)
	}
	if e.Written {
		name := c.of(textOf{e})
		fmt.Fprintf(&b, "// %s returns the service's value for a value of %s.\nfunc %s(value %s) %s {\nswitch value {\n", name, e.Def.Name, name, typ, theirs)
		for _, v := range e.Values {
			if v.SentProto != nil {
				fmt.Fprintf(&b, "case %q:\nreturn %s\n", v.Name, c.ident(v.SentProto.GoIdent))
			}
		}
		b.WriteString("}\nreturn 0\n}\n\n")
	}
	return b.String()
}
