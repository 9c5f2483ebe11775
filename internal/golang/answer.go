package golang

import (
	"fmt"
	"go/types"
	"strings"

	"github.com/portico-gateway/portico/internal/binding"
	"github.com/portico-gateway/portico/internal/plan"
)

// httpAnswer writes the call of an HTTP service and the reading of its answer.
func (f *function) httpAnswer() {
	a := f.Answer
	name := f.result()
	f.line("answer, err := c.Get%s(ctx, request)\nif err != nil {", formatName(f.Call))
	if none := f.noRows(); none != "" {
		f.line("if %s(err) {\nreturn %s, nil\n}", f.upstream("IsEmpty"), none)
	}
	f.failed()
	f.line("}")
	if f.matched() {
		f.matchedAnswer()
		return
	}
	done := f.payload(name)
	if f.Key == nil && a.Page == nil {
		f.line("return %s, %s", name, done)
		return
	}
	f.line("if err := %s; err != nil {\nreturn %s, err\n}", done, f.zero)
	if f.Key != nil {
		f.match(name, f.rowKey())
		return
	}
	f.connection(name, "answer")
}

// noRows writes the values of the keys of a batch of lists whose answer has no content;
// empty for other calls, and for values that are matched by position.
func (f *function) noRows() string {
	switch {
	case f.Key == nil || f.Type.Elem == nil || f.Key.Match == binding.ByPosition:
		return ""
	case f.matched() && !f.Type.NonNull:
		return "nil"
	}
	return fmt.Sprintf("%s(keys, nil, %s(nil))", f.loader("Many"), f.typ(f.Result))
}

// httpStream writes the call of an HTTP service whose answer is a stream, and the
// reading of its events.
func (f *function) httpStream() {
	f.line("events, err := c.StreamJSON(ctx, request)\nif err != nil {")
	f.failed()
	f.line("}")
	f.line("return %s(events, func(answer *%s) (%s, error) {", f.upstream("Events"), f.decode("JSON"), f.typ(f.Result))
	done := f.payload("value")
	f.line("return value, %s\n}), nil", done)
}

// sharing returns the constant that says how subscribers share a stream.
func (f *function) sharing() string {
	if f.Sharing == "STATE" {
		return f.upstream("ShareState")
	}
	return f.upstream("ShareEvents")
}

// payload writes the reading of what select leads to in the variable answer, and
// returns the expression for the error of all that was read.
func (f *function) payload(name string) string {
	a := f.Answer
	read := f.readValue(a.Read, "answer", f.Format())
	if f.Key == nil {
		var most []string
		if n := f.most(); n != "" {
			most = []string{n}
		}
		switch {
		case a.Page != nil && (a.Page.Node != nil || a.Read.Item.Type.NonNull && a.Read.Item.Into.Object == nil):
			read = f.nodes(most...)
		case most != nil:
			read = f.readList(a.Read, "answer", f.Format(), most...)
			if !a.Read.Type.NonNull {
				read = f.decode("OrNull") + "(" + read + ")"
			}
		}
	}
	if f.Key != nil || a.Page != nil { // null is a list without rows
		read = f.decode("OrNull") + "(" + read + ")"
	}
	results := name
	switch {
	case f.several():
		read = f.keyedBy()
		results += ", rowKeys, rowErrs"
	case f.Key == nil || f.Answer.Key.Field != nil:
	case f.choice() != nil:
		read = fmt.Sprintf("%s(answer, %q, %s, %s)", f.decode("KeyedChoices"), f.fieldName(), f.of(f.choice()), quoted(f.Answer.Key.Path))
		results += ", rowKeys, rowErrs"
	default:
		read = fmt.Sprintf("%s(answer, %s, %s)", f.decode("Keyed"), f.of(a.Read.Object()), quoted(f.Answer.Key.Path))
		results += ", rowKeys"
	}
	return f.readSelected(name, results, read)
}

// readSelected writes the reading of what select leads to into results, of which name
// is the first. It returns the expression for the error of the answer.
func (f *function) readSelected(name, results, read string) string {
	errs := []string{"fault"}
	if f.Answer.Page != nil {
		errs[0] = f.pageError()
	}
	if len(f.Select) == 0 && f.Answer.Page == nil {
		f.line("%s, fault := %s", results, read)
	} else {
		errs = append(errs, f.selection(name, fmt.Sprintf("%s, fault = %s\n", results, read))...)
	}
	return fmt.Sprintf("answer.Done(%q, %s)", f.fieldName(), strings.Join(errs, ", "))
}

// choice returns how the rows of a batch are read if they are of several types; nil
// if they are not.
func (f *function) choice() *plan.Choice {
	if f.Answer.Read.Item == nil {
		return nil
	}
	return f.Answer.Read.Item.Into.Choice
}

// emptyIsNull reports whether an answer without content makes the value null: of
// a batch, those of all keys.
func (f *function) emptyIsNull() bool {
	return f.Answer != nil && f.GRPC == nil && !f.Stream() && !f.Type.NonNull && (f.Key == nil || f.Type.Elem == nil)
}

// selection writes the reading of the value that select leads to, and of those
// beside it. It returns the variables for the errors of these that have no place
// in the models.
func (f *function) selection(name, read string) []string {
	a, tree := f.Answer, &node{}
	empty := absentIsEmpty(a.Read, f.Format()) && !f.matched()
	if empty && a.Read.Type.NonNull {
		f.line("%s := %s{}", name, f.typ(a.Read.Model))
	} else {
		f.variableOf(name, f.typ(a.Read.Model))
	}
	if f.Key != nil && (a.Key == nil || a.Key.Field == nil) {
		f.variableOf("rowKeys", f.rowKeysType())
		if f.failsByRow() {
			f.variableOf("rowErrs", "[]error")
		}
	}
	required := a.Read.Type.NonNull && !empty
	if required {
		f.line("fault := %s", f.decode("ErrMissing"))
	} else {
		f.variableOf("fault", "error")
	}
	tree.add(f.Select, leaf{read, "fault", required})
	f.rowCursors(tree, name)
	errs := f.pageValues(tree)
	f.b.WriteString(tree.value(f.file, "answer"))
	return errs
}

// most writes the number of rows that are read, one more if the call requests it,
// and declares the variable for it; empty for all of them.
func (f *function) most() string {
	switch {
	case f.Answer.Page != nil && f.Answer.Page.OneMore:
		return "page.Limit+1"
	case f.Answer.Page != nil && f.Answer.Page.Limited:
		return "page.Limit"
	case len(f.Slices) == 0:
		return ""
	}
	var args []string
	for _, arg := range f.Slices {
		name := f.params[arg.Name]
		if !plan.IsPointer(arg.Type) {
			name = "&" + name
		}
		args = append(args, name)
	}
	f.line("most := %s(%s)", f.upstream("Most"), strings.Join(args, ", "))
	return "most"
}

// fieldName returns the first field that the call is for, with the place of its value in
// the answer, for the log.
func (f *function) fieldName() string {
	name := f.Parent.Name + "." + f.Field.Name
	if len(f.Select) > 0 {
		name += " (" + f.Select.String() + ")"
	}
	return name
}

// result returns the variable for the value of the answer.
func (f *function) result() string {
	switch {
	case f.Key != nil:
		return "rows"
	case f.Answer.Page != nil:
		return "nodes"
	}
	return "value"
}

// variableOf writes the declaration of a variable of a type.
func (f *function) variableOf(name, typ string) { f.line("var %s %s", name, typ) }

// rowKey writes the function that returns the key of a model; empty if the keys
// are read beside the models.
func (f *function) rowKey() string {
	key, object := f.Answer.Key, f.Answer.Read.Object()
	if key == nil || key.Field == nil {
		return ""
	}
	expr := "row." + key.Field.GoName
	var none []string
	if object.Faults != "" {
		none = append(none, fmt.Sprintf("row.%s.Cause(%q) != nil", object.Faults, key.Field.Name))
	}
	if plan.IsPointer(key.Field.Model) {
		none = append(none, expr+" == nil")
		expr = "*" + expr
	}
	text := "return " + f.rowKeyText(key.Type, expr)
	if len(none) > 0 {
		text = fmt.Sprintf("if %s {\nreturn \"\"\n}\n%s", strings.Join(none, " || "), text)
	}
	return fmt.Sprintf("func(row *%s) string {\n%s\n}", f.typ(object.Model), text)
}

// rowKeyText writes a row's key, and declares the variable that it needs.
func (f *function) rowKeyText(t types.Type, expr string) string {
	text, numeric := f.keyText(t, expr)
	if numeric {
		f.variableOf("texts", f.loader("Texts"))
	}
	return text
}

// match writes the return of the rows of each key, which a function of a row
// returns.
func (f *function) match(rows, key string) {
	if key != "" {
		f.line("rowKeys := %s(rows, %s)", f.decode("Keys"), key)
	}
	if v := f.Key.Parts[0].Batch; f.several() {
		f.line("c.expect.%s.Matching(%s, %s)", loaderName(f.Call), f.column("keys", v), f.column("rowKeys", v))
	} else {
		f.line("c.expect.%s.Matching(keys, rowKeys)", loaderName(f.Call))
	}
	one := fmt.Sprintf("%s(rowKeys, %s)", f.loader("One"), rows)
	switch {
	case f.Type.Elem == nil || f.matched() && !f.Type.NonNull:
	case f.matched():
		one = fmt.Sprintf("%s(keys, %s)", f.loader("Filled"), one)
	default:
		arguments := "keys, rowKeys, " + rows
		if most := f.most(); most != "" {
			arguments += ", " + most
		}
		one = fmt.Sprintf("%s(%s)", f.loader("Many"), arguments)
	}
	every := f.Type.Elem == nil && f.Type.NonNull // a key without a row is the service's fault
	switch {
	case f.failsByRow() && every:
		f.line("values, failed := %s(rowKeys, rowErrs, %s)", f.loader("Failing"), one)
		f.line("return %s(keys, values, %s, failed)", f.loader("Every"), f.missingRow())
	case f.failsByRow():
		f.line("return %s(rowKeys, rowErrs, %s)", f.loader("Failing"), one)
	case every:
		f.line("return %s(keys, %s, %s)", f.loader("Every"), one, f.missingRow())
	default:
		f.line("return %s, nil", one)
	}
}

// missingRow writes the error of a key without a row.
func (f *function) missingRow() string {
	return fmt.Sprintf("c.Source(%q).Malformed(%q, %s)", f.At(), f.fieldName(), f.decode("ErrMissing"))
}

// messageAnswer writes how a message becomes the field's value.
func (f *function) messageAnswer() {
	a, name := f.Answer, f.result()
	f.line("from := c.Source(%q)", f.At())
	if f.ReadsHeader() {
		f.line("from.Header = head")
	}
	if f.matched() {
		f.matchedMessage()
		return
	}
	if f.choice() != nil && f.Key != nil {
		f.line("%s, rowErrs := %s(from, %q, %s, %s)", name, f.decode("ChoiceRows"), f.fieldName(), f.getters("answer", a.Read.Fields), f.of(f.choice()))
		f.messageKey()
		f.match(name, "")
		return
	}
	if a.Page != nil {
		f.line("%s, fault := %s", name, f.pageMessages())
	} else {
		f.variableOf(name, f.typ(a.Read.Model))
		f.line("var fault error")
		f.b.WriteString(f.fromAnswer("answer", target{name, "fault"}))
	}
	if a.Read.Item != nil && f.Key == nil {
		if most := f.most(); most != "" {
			f.line("%s = %s(%s, %s)", name, f.decode("Cut"), name, most)
		}
	}
	if f.Key == nil && a.Page == nil {
		f.line("return %s, from.Malformed(%q, fault)", name, f.fieldName())
		return
	}
	if f.Key != nil {
		f.line("if fault != nil {\nreturn %s, from.Malformed(%q, fault)\n}", f.zero, f.fieldName())
		f.messageKey()
		f.match(name, "")
		return
	}
	f.pageFails()
	f.besidesOfMessage()
	f.connection(name, "from")
}

// fromAnswer writes the statements that read what select leads to in a message.
func (f *function) fromAnswer(root string, to target) string {
	switch {
	case len(f.Select) > 0:
		return f.fromMessage(f.Answer.Read, root, to)
	case f.Answer.Read.IsObject():
		return f.messageObject(f.Answer.Read, root, to)
	}
	return f.assign(f.Answer.Read, root, to)
}

// messageKey writes the statement that declares the keys of messages, which are
// not in the models.
func (f *function) messageKey() {
	key := f.Answer.Key
	if f.several() {
		f.line("rowKeys := %s(%s, func(row *%s) %s {\n%s})", f.decode("Keys"), f.getters("answer", f.Answer.Read.Fields),
			f.ident(f.Answer.Read.Fields[len(f.Answer.Read.Fields)-1].Message.GoIdent), f.keyType(f.Call), f.messageKeys())
		return
	}
	text := "return " + f.rowKeyText(key.Type, f.getters("row", key.Fields))
	last := key.Fields[len(key.Fields)-1]
	switch {
	case last.IsItem() || last.Desc.HasPresence():
		text = fmt.Sprintf("if %s {\n%s\n}\nreturn \"\"", f.presence(key.Fields, "row"), text)
	case len(key.Fields) > 1:
		text = fmt.Sprintf("if %s == nil {\nreturn \"\"\n}\n%s", f.getters("row", key.Fields[:len(key.Fields)-1]), text)
	}
	f.line("rowKeys := %s(%s, func(row *%s) string {\n%s\n})", f.decode("Keys"), f.getters("answer", f.Answer.Read.Fields),
		f.ident(f.Answer.Read.Fields[len(f.Answer.Read.Fields)-1].Message.GoIdent), text)
}
