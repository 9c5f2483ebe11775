package importer

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// definition is a type of the draft. The roots are definitions too.
type definition struct {
	kind        string // type, input, enum, union or scalar
	extend      bool
	name        string
	description string
	fields      []field     // the values of an enum have no type
	members     []string    // of a union
	property    string      // of a union: where the service's objects say of which type they are
	directives  []directive // of a union
	omitted     []string
}

// field is a field, an argument, an input field or the value of an enum.
type field struct {
	name        string
	description string
	comments    []string // what the reader of the draft should know
	args        []field
	typ         string
	value       string // the default, written as GraphQL; "" for none
	spelling    string // the value of an enum as the service writes it
	directives  []directive
}

// sourcePath returns where the value of the field is in the service's object.
func (f *field) sourcePath() string {
	for _, d := range f.directives {
		if d.name == "source" {
			if path, err := strconv.Unquote(d.args[0].value); err == nil {
				return path
			}
		}
	}
	return f.name
}

// directive is written on one line when it fits there.
type directive struct {
	name string
	args []argument
}

// argument is one of a directive. It is a list or an object when items is not
// nil.
type argument struct {
	name   string
	value  string
	items  []string
	object bool
}

// write writes an argument, with each item after the separator if it has any.
func (a argument) write(separator, end string) string {
	if a.items == nil {
		return a.name + ": " + a.value
	}
	brackets := "[]"
	if a.object {
		brackets = "{}"
	}
	items := strings.Join(a.items, separator)
	if end != "" {
		items = separator + items + end
	}
	return a.name + ": " + brackets[:1] + items + brackets[1:]
}

// text is the argument name: "value".
func text(name, value string) argument { return argument{name: name, value: quote(value)} }

// texts is the argument name: ["value", …].
func texts(name string, values []string) argument {
	items := make([]string, len(values))
	for i, v := range values {
		items[i] = quote(v)
	}
	return argument{name: name, items: items}
}

func sourceDirective(name string) directive {
	return directive{"source", []argument{text("name", name)}}
}

// deprecated says no reason, as documents have none.
func deprecated() directive { return directive{name: "deprecated"} }

func rootNames() []string { return []string{rootQuery, rootMutation, rootSubscription} }

// The roots of operations.
const (
	rootQuery        = "Query"
	rootMutation     = "Mutation"
	rootSubscription = "Subscription"
)

func isRoot(name string) bool { return slices.Contains(rootNames(), name) }

// lineWidth is where lines are broken.
const lineWidth = 120

func (d *definition) write(b *strings.Builder) {
	writeDescription(b, "", d.description)
	if d.extend {
		b.WriteString("extend ")
	}
	b.WriteString(d.kind + " " + d.name)
	switch d.kind {
	case "scalar":
		b.WriteByte('\n')
		return
	case "union":
		for _, of := range d.directives {
			short := of.short()
			if len(short) > lineWidth-20 {
				short = of.long("")
			}
			b.WriteString(" " + short)
		}
		b.WriteString(" = " + strings.Join(d.members, " | ") + "\n")
		return
	}
	b.WriteString(" {\n")
	for i, f := range d.fields {
		if i > 0 && isRoot(d.name) {
			b.WriteByte('\n') // fields with bindings are long
		}
		f.write(b, "  ")
	}
	writeComments(b, "  ", d.omitted)
	b.WriteString("}\n")
}

func (f field) write(b *strings.Builder, indent string) {
	writeComments(b, indent, f.comments)
	writeDescription(b, indent, f.description)
	line := indent + f.name + f.arguments(indent)
	if f.typ != "" {
		line += ": " + f.typ
	}
	if f.value != "" {
		line += " = " + f.value
	}
	b.WriteString(line)
	width := len(line) - strings.LastIndexByte(line, '\n') - 1
	for _, d := range f.directives {
		short := d.short()
		if width += 1 + len(short); width <= lineWidth {
			b.WriteString(" " + short)
			continue
		}
		if len(indent)+2+len(short) > lineWidth {
			short = d.long(indent + "  ")
		}
		b.WriteString("\n" + indent + "  " + short)
		width = lineWidth
	}
	b.WriteByte('\n')
}

// arguments are on one line if they fit and have nothing to say.
func (f field) arguments(indent string) string {
	if len(f.args) == 0 {
		return ""
	}
	var short []string
	fits := true
	for _, a := range f.args {
		var b strings.Builder
		a.write(&b, "")
		short = append(short, strings.TrimSuffix(b.String(), "\n"))
		fits = fits && !strings.Contains(short[len(short)-1], "\n")
	}
	if line := "(" + strings.Join(short, ", ") + ")"; fits && len(line) < lineWidth-40 {
		return line
	}
	var b strings.Builder
	b.WriteString("(\n")
	for _, a := range f.args {
		a.write(&b, indent+"  ")
	}
	b.WriteString(indent + ")")
	return b.String()
}

func (d directive) short() string {
	if len(d.args) == 0 {
		return "@" + d.name
	}
	args := make([]string, len(d.args))
	for i, a := range d.args {
		args[i] = a.write(", ", "")
	}
	return "@" + d.name + "(" + strings.Join(args, ", ") + ")"
}

func (d directive) long(indent string) string {
	var b strings.Builder
	b.WriteString("@" + d.name + "(\n")
	for _, a := range d.args {
		line := a.write(", ", "")
		if len(indent)+2+len(line) > lineWidth {
			line = a.write("\n"+indent+"    ", "\n"+indent+"  ")
		}
		b.WriteString(indent + "  " + line + "\n")
	}
	b.WriteString(indent + ")")
	return b.String()
}

func writeComments(b *strings.Builder, indent string, comments []string) {
	for _, c := range comments {
		// Whatever comes from a document must not end the comment.
		fmt.Fprintf(b, "%s# %s\n", indent, strings.Join(strings.Fields(clean(c)), " "))
	}
}

func writeDescription(b *strings.Builder, indent, description string) {
	description = clean(description)
	switch {
	case description == "":
	case !strings.Contains(description, "\n") && len(indent)+len(description) < lineWidth:
		b.WriteString(indent + quote(description) + "\n")
	default:
		b.WriteString(indent + `"""` + "\n")
		for line := range strings.SplitSeq(strings.ReplaceAll(description, `"""`, `\"""`), "\n") {
			b.WriteString(strings.TrimRight(indent+line, " \t") + "\n")
		}
		b.WriteString(indent + `"""` + "\n")
	}
}

// clean makes a text of a document fit for SDL: one kind of line end, no
// characters that GraphQL does not have, nothing around it.
func clean(s string) string {
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u2028", "\n", "\u2029", "\n").Replace(strings.ToValidUTF8(s, "\uFFFD"))
	s = strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && (unicode.IsControl(r) || r == '\uFEFF') {
			return -1
		}
		return r
	}, s)
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRightFunc(line, unicode.IsSpace)
	}
	return strings.TrimSpace(strings.Join(lines, "\n"))
}

// quote writes a GraphQL string on one line.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range strings.ToValidUTF8(s, "\uFFFD") {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < 0xFFFF && (unicode.IsControl(r) || r == '\uFEFF'):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
