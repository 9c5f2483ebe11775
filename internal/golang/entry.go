package golang

import (
	"fmt"

	"google.golang.org/protobuf/compiler/protogen"

	"github.com/portico-gateway/portico/internal/plan"
)

// entry writes the function that reads an object from a member of an object: its name
// is in the variable key, and the reader is at its value.
func (o *object) entry(tree *node) string {
	read := ""
	for _, m := range tree.members { // there is only the value
		read = m.value(o.file, "d")
	}
	return fmt.Sprintf("// %s reads %s from a member of an object.\nfunc %s(d %s, key string, into *%s) error {\n%s%s%s", o.of(o.Object),
		withArticle(o.Def.Name), o.of(o.Object), o.decoder(o.Format), o.typ(o.Model), o.beginning(), read, o.end("d"))
}

// key adds the reading of a field that has the name of the member.
func (o *object) key(f *plan.Field) {
	r, model := f.Read, plan.Element(f.Model)
	call := "key, error(nil)"
	switch {
	case r.Into.Enum != nil:
		call = o.of(r.Into.Enum) + "(key, nil)"
	case r.Scalar == "Int":
		call = o.decode("ParseInt") + "(key)"
	case r.Scalar == "Int64":
		call = o.decode("ParseInt64") + "(key)"
	}
	pointer := plan.IsPointer(f.Model)
	if call == "key, error(nil)" {
		value := "key"
		if plan.TypeName(model) != "string" {
			value = o.typ(model) + "(key)"
		}
		if pointer {
			value = "new(" + value + ")"
		}
		o.fault(f, false)
		fmt.Fprintf(&o.before, "into.%s = %s\n", f.GoName, value)
		return
	}
	if have := scalarType(r.Scalar); have != "" && have != plan.TypeName(model) {
		call = o.as(have, model, call)
	}
	if pointer {
		call = o.decode("Pointer") + "(" + call + ")"
	}
	fmt.Fprintf(&o.before, "into.%s, %s = %s\n", f.GoName, o.fault(f, false), call)
}

// sentEntries writes a list of input objects as the object that the service expects.
func (c *client) sentEntries(e *plan.SentEntries, expr string) (typ, value string) {
	key := c.textOf(e.Key.Model, "item."+e.Key.Field)
	if e.Key.Leaf.Enum != nil {
		key = c.of(textOf{e.Key.Leaf.Enum}) + "(item." + e.Key.Field + ")"
	}
	typ, value = c.sentMember(e.Value.Schema, e.Value.Model, "item."+e.Value.Field, e.Value.Leaf)
	entry := fmt.Sprintf("func(item *%s) (string, %s) { return %s, %s }", c.typ(e.Model), typ, key, value)
	return c.upstream("Entries") + "[" + typ + "]", fmt.Sprintf("%s(%s, %s)", c.upstream("Object"), expr, entry)
}

// mapOf writes a list of input objects as the map of a message, and returns the map. Entries
// without a value are left out.
func (f *function) mapOf(v value, field *protogen.Field, e *plan.SentEntries, zero string) string {
	name, item := f.variable(f.namer.variable(lastOf(v), "")+"Map"), f.variable("item")
	parts := field.Message.Fields
	f.line("%s := make(map[%s]%s, len(%s))\nfor _, %s := range %s {", name, f.typ(plan.ProtoType(parts[0])), f.typ(plan.ProtoType(parts[1])), v.expr,
		item, v.expr)
	if !v.Schema.Elem.NonNull {
		f.line("if %s == nil {\ncontinue\n}", item)
	}
	_, keyCode, keyExpr := f.messageMember(e.Key, item, zero)
	there, code, expr := f.messageMember(e.Value, item, zero)
	f.guarded(there, keyCode+code+fmt.Sprintf("if err := %s(%s, %s, %s); err != nil {\nreturn %s, err\n}\n", f.upstream("AddEntry"), name, keyExpr,
		expr, zero))
	f.line("}")
	return name
}
