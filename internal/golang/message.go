package golang

import (
	"fmt"
	"strings"

	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/portico-gateway/portico/internal/plan"
)

// message writes the function that reads a message of gRPC into a model.
func (c *client) message(of *plan.Object) string {
	o := c.newObject(of)
	for _, f := range of.Fields {
		switch {
		case f.Constant != nil:
			fmt.Fprintf(&o.before, "into.%s = %s\n", f.GoName, o.constant(f, f.Constant))
		case f.Converter != nil:
			var args []string
			for _, a := range f.Converter.Arguments {
				args = append(args, o.client.converted(a.Read.Into, c.getters("m", a.Read.Fields)))
			}
			o.call(f, args, nil)
		case f.Header != "":
			o.inHeader(f, "from")
		case len(f.Path) == 0:
			o.after.WriteString(o.messageObject(f.Read, "m", target{value: "into." + f.GoName, fault: o.fault(f, false)}))
		default:
			target := target{value: "into." + f.GoName, fault: o.fault(f, false)}
			o.after.WriteString(o.fromMessage(f.Read, "m", target))
		}
	}
	return fmt.Sprintf("// %s reads %s.\nfunc %s(from %s, m *%s, into *%s) error {\n", o.of(of), withArticle(of.Def.Name), o.of(of), o.decode("Source"),
		o.messageType(of.Message), o.typ(of.Model)) +
		fmt.Sprintf("if m == nil {\nerr := %s\n%s}\n", o.decode("ErrMissing"), o.whole("from")) +
		o.beginning() + o.end("from")
}

// messageType returns the Go type of a message. An entry of a map has none of its own.
func (c *client) messageType(m *protogen.Message) string {
	if !m.Desc.IsMapEntry() {
		return c.ident(m.GoIdent)
	}
	return fmt.Sprintf("%s[%s, %s]", c.decode("Entry"), c.typ(plan.ProtoType(m.Fields[0])), c.typ(plan.ProtoType(m.Fields[1])))
}

// target is where a value of a message goes: an expression for the value, and
// one for its error.
type target struct{ value, fault string }

// fromMessage writes the statements that read the value at the end of a path of
// fields that starts at root.
func (c *client) fromMessage(r *plan.Read, root string, to target) string {
	last, expr := r.Fields[len(r.Fields)-1], c.getters(root, r.Fields)
	both := func(call string) string { return fmt.Sprintf("%s, %s = %s\n", to.value, to.fault, call) }
	switch {
	case r.Item == nil && last.Desc.IsMap():
		return both(c.funcName(r.Into.Func) + "(" + expr + ")")
	case r.IsObject():
		return c.messageObject(r, expr, to)
	case r.Item == nil:
		return c.single(r, root, to)
	case plan.IsMask(last.Field) && !last.IsList():
		return fmt.Sprintf("%s = %s(%s.GetPaths())\n", to.value, c.decode("NotNil"), expr)
	case r.Entries:
		entries := "MapEntries"
		if last.Message.Fields[0].Desc.Kind() == protoreflect.BoolKind {
			entries = "BoolEntries"
		}
		return both(fmt.Sprintf("%s(from, %s(%s), %s)", c.decode("Messages"), c.decode(entries), expr, c.of(r.Item.Into.Object)))
	case r.Item.Into.Choice != nil || r.Item.Into.Object != nil:
		return both(c.messages(r.Item, expr))
	case r.Item.Into.Same() && plan.TypeName(r.Item.Model) == plan.TypeName(r.Item.Into.From):
		return fmt.Sprintf("%s = %s(%s)\n", to.value, c.decode("NotNil"), expr)
	case plan.IsPointer(r.Item.Model) && !plan.IsPointer(r.Item.Into.To):
		fn := fmt.Sprintf("func(item %s) (%s, error) { return %s(%s) }", c.typ(r.Item.Into.From), c.typ(r.Item.Model), c.decode("Pointer"),
			c.both(r.Item.Into, "item"))
		return both(fmt.Sprintf("%s(%s, %s)", c.decode("Each"), expr, fn))
	}
	if r.Item.Into.Fails() { // the type of the items is not written, so its package must not be imported
		return both(fmt.Sprintf("%s(%s, %s)", c.decode("Each"), expr, c.failing(r.Item.Into)))
	}
	return both(fmt.Sprintf("%s(%s, %s)", c.decode("Each"), expr, c.each(r.Item.Into, c.typ(r.Item.Into.From), "item")))
}

// messages writes the expression that reads messages as objects of one type or of
// several.
func (c *client) messages(item *plan.Read, expr string) string {
	if item.Into.Choice != nil {
		return fmt.Sprintf("%s(from, %s, %s, %t)", c.decode("Choices"), expr, c.of(item.Into.Choice), !item.Type.NonNull)
	}
	return fmt.Sprintf("%s(from, %s, %s)", c.decode("Messages"), expr, c.of(item.Into.Object))
}

// both writes an expression for the converted value and an error.
func (c *client) both(into plan.Conversion, expr string) string {
	if into.Fails() {
		return c.failing(into) + "(" + expr + ")"
	}
	return c.converted(into, expr) + ", nil"
}

// messageObject writes the reading of an object.
func (c *client) messageObject(r *plan.Read, expr string, to target) string {
	if r.Into.Choice != nil {
		call := fmt.Sprintf("%s(from, %s)", c.of(r.Into.Choice), expr)
		if !r.Type.NonNull {
			call = c.decode("OrNull") + "(" + call + ")"
		}
		return fmt.Sprintf("%s, %s = %s\n", to.value, to.fault, call)
	}
	if r.Type.NonNull {
		return fmt.Sprintf("%s = new(%s)\n%s = %s(from, %s, %s)\n", to.value, c.typ(plan.Element(r.Model)), to.fault, c.of(r.Into.Object), expr, to.value)
	}
	return fmt.Sprintf("%s, %s = %s(from, %s, %s)\n", to.value, to.fault, c.decode("Message"), expr, c.of(r.Into.Object))
}

// single writes the reading of a scalar or an enum.
func (c *client) single(r *plan.Read, root string, to target) string {
	last, expr, into := r.Fields[len(r.Fields)-1], c.getters(root, r.Fields), r.Into
	assign := c.assign(r, expr, to)
	switch {
	case last.IsItem() && r.Type.NonNull:
		return fmt.Sprintf("if !(%s) {\n%s = %s\n} else {\n%s}\n", c.presence(r.Fields, root), to.fault, c.decode("ErrMissing"), assign)
	case last.IsItem():
		return fmt.Sprintf("if %s {\n%s}\n", c.presence(r.Fields, root), assign)
	case last.Message != nil && r.Type.NonNull:
		return fmt.Sprintf("if %s == nil {\n%s = %s\n} else {\n%s}\n", expr, to.fault, c.decode("ErrMissing"), assign)
	case last.Message != nil || !r.Type.NonNull && last.Desc.HasPresence() && !last.Desc.ContainingMessage().IsMapEntry(): // an entry has both
		return fmt.Sprintf("if %s {\n%s}\n", c.presence(r.Fields, root), assign)
	case into.Enum == nil && !r.Type.NonNull && len(r.Fields) > 1: // absent with the message that has it
		return fmt.Sprintf("if %s != nil {\n%s}\n", c.getters(root, r.Fields[:len(r.Fields)-1]), assign)
	}
	return assign
}

// assign writes the reading of a value that the message has.
func (c *client) assign(r *plan.Read, expr string, to target) string {
	into, pointer := r.Into, plan.IsPointer(r.Model) && !plan.IsPointer(r.Into.To)
	switch {
	case r.UnknownIsNull && pointer:
		return fmt.Sprintf("%s, %s = %s(%s(%s(%s)))\n", to.value, to.fault, c.decode("Maybe"), c.decode("KnownOrMissing"), c.failing(into), expr)
	case into.Fails() && !r.Type.NonNull && pointer:
		return fmt.Sprintf("%s, %s = %s(%s(%s))\n", to.value, to.fault, c.decode("Maybe"), c.failing(into), expr)
	case into.Fails() && pointer:
		return fmt.Sprintf("%s, %s = %s(%s(%s))\n", to.value, to.fault, c.decode("Pointer"), c.failing(into), expr)
	case into.Fails() && !r.Type.NonNull:
		return fmt.Sprintf("%s, %s = %s(%s(%s))\n", to.value, to.fault, c.decode("OrNull"), c.failing(into), expr)
	case into.Fails():
		return fmt.Sprintf("%s, %s = %s(%s)\n", to.value, to.fault, c.failing(into), expr)
	case pointer:
		return fmt.Sprintf("%s = new(%s)\n", to.value, c.converted(into, expr))
	}
	return fmt.Sprintf("%s = %s\n", to.value, c.converted(into, expr))
}

// presence writes the condition that a path of fields has a value.
func (c *client) presence(fields []plan.MessageField, root string) string {
	last := fields[len(fields)-1]
	owner := c.getters(root, fields[:len(fields)-1])
	switch {
	case last.IsItem():
		return fmt.Sprintf("len(%s.Get%s()) > %d", owner, last.GoName, last.Item)
	case last.Message != nil:
		return c.getters(root, fields) + " != nil"
	case plan.InOneof(last.Field):
		return fmt.Sprintf("_, ok := %s.Get%s().(*%s); ok", owner, last.Oneof.GoName, c.ident(last.GoIdent))
	case len(fields) > 1:
		return fmt.Sprintf("%s != nil && %s.%s != nil", owner, owner, last.GoName)
	}
	return fmt.Sprintf("%s.%s != nil", owner, last.GoName)
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
		fmt.Fprintf(&b, "// %s returns the value of %s for a text of the service, or the error of the text.\n", c.of(e), e.Def.Name)
		fmt.Fprintf(&b, "func %s(text string, err error) (%s, error) {\nif err != nil {\nreturn \"\", err\n}\nswitch text {\n", c.of(e), typ)
		for _, v := range e.Values {
			if len(v.Texts) > 0 {
				fmt.Fprintf(&b, "case %s:\nreturn %q, nil\n", quoted(v.Texts), v.Name)
			}
		}
		b.WriteString("}\n" + c.unknown(e, "text"))
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

// unknown writes the end of a function that reads an enum: the return for a value that
// it does not have.
func (c *client) unknown(e *plan.Enum, text string) string {
	if e.Other != "" {
		return fmt.Sprintf("return %q, nil\n}\n\n", e.Other)
	}
	return fmt.Sprintf("return \"\", %s(%q, %s)\n}\n\n", c.decode("Unknown"), e.Def.Name, text)
}

func (c *client) protoEnum(e *plan.Enum) string {
	var b strings.Builder
	typ, theirs := c.typ(e.Model), c.ident(e.Proto.GoIdent)
	if e.Read {
		fmt.Fprintf(&b, "// %s returns the value of %s for a value of the service.\n", c.of(e), e.Def.Name)
		fmt.Fprintf(&b, "func %s(value %s) (%s, error) {\nswitch value {\n", c.of(e), theirs, typ)
		zero := false
		for _, v := range e.Values {
			if v.Proto != nil {
				zero = zero || v.Proto.Desc.Number() == 0
				fmt.Fprintf(&b, "case %s:\nreturn %q, nil\n", c.ident(v.Proto.GoIdent), v.Name)
			}
		}
		if !zero { // by convention it says that there is no value
			fmt.Fprintf(&b, "case 0:\nreturn \"\", %s\n", c.decode("ErrMissing"))
		}
		b.WriteString("}\n" + c.unknown(e, "value.String()"))
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
