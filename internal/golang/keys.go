package golang

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/portico-gateway/portico/gateway/directive"
	"github.com/portico-gateway/portico/internal/plan"
)

// several reports whether the call is a batch whose keys have several values.
func (f *function) several() bool { return f.Key != nil && len(f.Key.Parts) > 1 }

// check notes an expression for a function that reports whether the value of a key can
// be sent.
func (f *function) check(v *directive.Var, expr string) {
	if f.keyChecks == nil {
		f.keyChecks = map[string]string{}
	}
	f.keyChecks[plan.KeyMember(v)] = expr
}

// keyCheck writes a function that reports whether a key can be sent.
func (f *function) keyCheck() string {
	names := slices.Sorted(maps.Keys(f.keyChecks))
	if !f.several() {
		return f.keyChecks[names[0]]
	}
	var b strings.Builder
	fmt.Fprintf(&b, "func(key %s) error {\n", f.keyType(f.Call))
	for _, name := range names[:len(names)-1] {
		fmt.Fprintf(&b, "if err := %s(key.%s); err != nil {\nreturn err\n}\n", f.keyChecks[name], name)
	}
	last := names[len(names)-1]
	fmt.Fprintf(&b, "return %s(key.%s)\n}", f.keyChecks[last], last)
	return b.String()
}

// readColumns declares variables for the values of keys that have several. They are
// aligned: those at one position are of one key.
func (f *function) readColumns() {
	f.columns = map[string]string{}
	if !f.several() {
		return
	}
	for _, v := range f.Vars() {
		if v.Root != directive.Batch || f.columns[v.String()] != "" || f.Operands[v].Repeated || !f.Sends(v) {
			continue
		}
		name := f.variable(f.namer.variable(v.Path[len(v.Path)-1], "") + "Column")
		f.columns[v.String()] = name
		f.line("%s := %s", name, f.column("keys", v))
	}
}

// column writes the values of keys for a variable of the binding.
func (f *function) column(keys string, v *directive.Var) string {
	return fmt.Sprintf("%s(%s, func(key %s) string { return key.%s })", f.upstream("Map"), keys, f.keyType(f.Call), plan.KeyMember(v))
}

// rowKeysType returns the type of the variable rowKeys.
func (f *function) rowKeysType() string { return "[]" + f.keyType(f.Call) }

// keyedBy writes the reading of rows with keys that have several values.
func (f *function) keyedBy() string {
	r := f.Answer.Read.Item
	read := ""
	if r.Into.Choice != nil {
		read = f.of(r.Into.Choice)
	} else {
		read = fmt.Sprintf("func(d %s) (%s, error) { return %s(d, %s) }", f.decoder(f.Format()), f.typ(r.Model), f.decode("Required"), f.of(r.Into.Object))
	}
	var members, paths []string
	for i, part := range f.Key.Parts {
		members = append(members, fmt.Sprintf("%s: values[%d]", plan.KeyMember(part.Batch), i))
		paths = append(paths, "[]string{"+quoted(f.Answer.Parts[i].Path)+"}")
	}
	key := fmt.Sprintf("func(values []string) %s { return %s{%s} }", f.keyType(f.Call), f.keyType(f.Call), strings.Join(members, ", "))
	return fmt.Sprintf("%s(answer, %q, %s, %s, %s)", f.decode("KeyedBy"), f.fieldName(), read, key, strings.Join(paths, ", "))
}

// messageKeys writes the body of a function that returns the key of a message, which
// has several values; the zero value if the message lacks one of them.
func (f *function) messageKeys() string {
	var members []string
	for i, part := range f.Key.Parts {
		key := f.Answer.Parts[i]
		text, numeric := f.keyText(key.Type, f.getters("row", key.Fields))
		if numeric {
			text = f.textOf(key.Type, f.getters("row", key.Fields))
		}
		members = append(members, plan.KeyMember(part.Batch)+": "+text)
	}
	typ := f.keyType(f.Call)
	body := fmt.Sprintf("return %s{%s}\n", typ, strings.Join(members, ", "))
	conditional := false
	for _, key := range f.Answer.Parts {
		last := key.Fields[len(key.Fields)-1]
		switch {
		case last.IsItem() || last.Desc.HasPresence():
			body = fmt.Sprintf("if %s {\n%s}\n", f.presence(key.Fields, "row"), body)
		case len(key.Fields) > 1:
			body = fmt.Sprintf("if %s != nil {\n%s}\n", f.getters("row", key.Fields[:len(key.Fields)-1]), body)
		default:
			continue
		}
		conditional = true
	}
	if conditional {
		body += "return " + typ + "{}\n"
	}
	return body
}
