package golang

import (
	"fmt"

	"github.com/portico-gateway/portico/internal/plan"
)

// answerType writes the struct that an answer is decoded into; empty if there
// is none.
func (c *client) answerType(call *plan.Call) string {
	if call.Answer == nil || call.Answer.Shape == nil {
		return ""
	}
	name := c.of(answerOf{call})
	return fmt.Sprintf("// %s is the answer of %s.\ntype %s %s\n\n", name, call.What(), name, c.shape(call.Answer.Shape, call.Format()))
}

// httpAnswer writes the call of an HTTP service and the reading of its answer.
func (f *function) httpAnswer() {
	a := f.Answer
	typ, expr := f.typ(a.Read.Decoded()), "answer"
	if a.Shape != nil {
		typ, expr = f.of(answerOf{f.Call}), "answer."+a.Place.String()
	}
	format := "JSON"
	if f.REST.XML {
		format = "XML"
	}
	f.line("answer, err := %s[%s](ctx, c.HTTP, request)\nif err != nil {", f.upstream("Get"+format), typ)
	f.failed()
	f.line("}")
	if a.Read.Type.NonNull && (a.Read.Item == nil || !f.REST.XML) {
		f.line("if %s == nil {\nreturn %s, c.Malformed(%s(%q))\n}", expr, f.zero, f.upstream("Missing"), f.selected())
	}
	if f.Key != nil {
		f.matchRows(expr)
		return
	}
	value := f.rowValue(a.Read, expr, func(call string) string {
		name := "value"
		if a.Page != nil {
			name = "nodes"
		}
		f.line("%s, err := %s\nif err != nil {\nreturn %s, c.Malformed(err)\n}", name, call, f.zero)
		return name
	})
	if a.Page == nil {
		f.line("return %s, nil", value)
		return
	}
	f.connection(value)
}

// selected returns the path that is read, for an error.
func (f *function) selected() string {
	if len(f.Select) == 0 {
		return "the answer"
	}
	return f.Select.String()
}

// matchRows writes the matching of rows to the keys of parents.
func (f *function) matchRows(rows string) {
	object, key := f.Answer.Read.Object(), f.Answer.Key
	row := f.of(object)
	f.line("toModel := func(row *%s) (*%s, error) {\nvalue, err := row.model()\nreturn value, c.Malformed(err)\n}", row, f.typ(object.Model))
	text := f.upstream("Key")
	if !plan.IsString(key.Type) {
		text = f.upstream("KeyInt")
	}
	f.match(rows, row, text+"(row."+key.Place.String()+")")
}

// match writes the return of the rows of each key.
func (f *function) match(rows, row, key string) {
	f.line("key := func(row *%s) string { return %s }", row, key)
	f.line("rows := %s(c.expect.%s, keys, %s, key)", f.upstream("Matching"), loaderName(f.Call), rows)
	if f.Type.Elem != nil {
		f.line("return %s(keys, rows, key, toModel)", f.loader("Many"))
		return
	}
	found := f.loader("One") + "(rows, key, toModel)"
	if !f.Type.NonNull {
		f.line("return %s", found)
		return
	}
	// A key without a row is the service's fault.
	f.line("found, err := %s", found)
	f.line("return %s(keys, found, err, c.Malformed(%s(\"the row of a key\")))", f.loader("Every"), f.upstream("Missing"))
}

// messageAnswer writes how a message becomes the field's value.
func (f *function) messageAnswer() {
	a := f.Answer
	switch {
	case f.Key != nil:
		f.matchMessages()
	case a.Page != nil:
		rows := getters("answer", a.Read.Fields)
		f.line("nodes, err := %s(%s, %s)\nif err != nil {\nreturn %s, c.Malformed(err)\n}", f.upstream("Values"), rows, f.of(a.Read.Object()), f.zero)
		f.connection("nodes")
	default:
		f.messageValue("answer")
	}
}

// messageValue writes the return of the value that select leads to in a
// message.
func (f *function) messageValue(root string) {
	a := f.Answer
	zero := f.zeroOf(f.Result)
	at := site{
		name: func() string { return "value" },
		try: func(call string) string {
			f.line("value, err := %s\nif err != nil {\nreturn %s, c.Malformed(err)\n}", call, zero)
			return "value"
		},
		missing: func(condition string) {
			f.line("if %s {\nreturn %s, c.Malformed(%s(%q))\n}", condition, zero, f.upstream("Missing"), f.Select)
		},
		statement: func(code string) { f.b.WriteString(code) },
		failed:    fmt.Sprintf("return %s, c.Malformed(%s(%q, err))", zero, f.upstream("In"), f.Select),
	}
	if len(f.Select) == 0 {
		f.line("return %s, nil", at.try(f.of(a.Read.Object())+"("+root+")"))
		return
	}
	f.line("return %s, nil", f.fromMessage(a.Read, root, at))
}

// matchMessages writes the matching of messages to the keys of parents.
func (f *function) matchMessages() {
	object := f.Answer.Read.Object()
	row := f.ident(object.Message.GoIdent)
	f.line("toModel := func(row *%s) (*%s, error) {\nvalue, err := %s(row)\nreturn value, c.Malformed(err)\n}", row, f.typ(object.Model), f.of(object))
	f.match(getters("answer", f.Answer.Read.Fields), row, f.textOf(f.Answer.Key.Type, getters("row", f.Answer.Key.Fields)))
}
