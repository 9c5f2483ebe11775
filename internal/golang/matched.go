package golang

import (
	"fmt"

	"github.com/portico-gateway/portico/internal/binding"
	"github.com/portico-gateway/portico/internal/plan"
)

// matched reports whether the call is a batch whose values have no keys: they are
// matched by a map or by position.
func (f *function) matched() bool { return f.Key != nil && !f.Keyed() }

// failsByRow reports whether a value of a batch can have an error that is only that
// of its own key.
func (f *function) failsByRow() bool {
	return f.matched() || f.choice() != nil || f.several() && f.REST != nil
}

// matchedAnswer writes the reading of the values of a batch in JSON or XML.
func (f *function) matchedAnswer() {
	arguments, name := fmt.Sprintf("answer, %q", f.fieldName()), "Members"
	if f.Key.Match == binding.ByPosition {
		arguments, name = arguments+", keys", "Aligned"
	}
	read := fmt.Sprintf("%s(%s, %s)", f.decode(name), arguments, f.readMatched(f.Answer.Read.Item))
	f.line("if err := %s; err != nil {\nreturn nil, err\n}", f.readSelected("rows", "rows, rowKeys, rowErrs", read))
	f.match("rows", "")
}

// readMatched writes the function that reads a value of a batch, which is not null.
func (f *function) readMatched(r *plan.Read) string {
	if r.Into.Choice != nil && r.Item == nil {
		return f.of(r.Into.Choice)
	}
	read := f.readValue(r, "d", f.Format())
	if most := f.most(); most != "" {
		read = f.readList(r, "d", f.Format(), most)
	}
	return fmt.Sprintf("func(d %s) (%s, error) { return %s }", f.decoder(f.Format()), f.typ(r.Model), read)
}

// matchedMessage writes the reading of the values of a batch in a message.
func (f *function) matchedMessage() {
	r := f.Answer.Read
	of, read := f.getters("answer", r.Fields), f.readMatchedMessage(r.Item)
	if f.Key.Match == binding.ByPosition {
		f.line("rows, rowKeys, rowErrs, err := %s(from, %q, keys, %s, %s)", f.decode("AlignedValues"), f.fieldName(), of, read)
		f.line("if err != nil {\nreturn nil, err\n}")
	} else {
		key := "Digits"
		if plan.IsString(plan.ProtoType(r.Fields[len(r.Fields)-1].Message.Fields[0])) {
			key = "Text"
		}
		f.line("rows, rowKeys, rowErrs := %s(from, %q, %s, %s, %s)", f.decode("MapValues"), f.fieldName(), of, f.decode(key), read)
	}
	f.match("rows", "")
}

// readMatchedMessage writes the function that reads a value of a map or of a repeated
// field.
func (f *function) readMatchedMessage(r *plan.Read) string {
	into, pointer := r.Into, plan.IsPointer(r.Model) && !plan.IsPointer(r.Into.To)
	switch {
	case into.Object != nil:
		return fmt.Sprintf("%s(from, %s)", f.decode("RowOf"), f.of(into.Object))
	case into.Choice != nil:
		return fmt.Sprintf("%s(from, %s)", f.decode("ChoiceOf"), f.of(into.Choice))
	}
	value := f.both(into, "item")
	switch {
	case pointer && into.Fails() && !r.Type.NonNull:
		value = f.decode("Maybe") + "(" + value + ")"
	case pointer:
		value = f.decode("Pointer") + "(" + value + ")"
	case into.Fails() && !r.Type.NonNull:
		value = f.decode("OrNull") + "(" + value + ")"
	}
	return fmt.Sprintf("func(item %s) (%s, error) { return %s }", f.typ(into.From), f.typ(r.Model), value)
}
