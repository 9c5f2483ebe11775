package importer

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// definition is a type of the draft. The roots are definitions too.
type definition struct {
	kind        string // type, input, enum or scalar
	extend      bool
	name        string
	description string
	fields      []field // the values of an enum have no type
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

func rootNames() []string { return []string{"Query", "Mutation", "Subscription"} }

func isRoot(name string) bool { return slices.Contains(rootNames(), name) }

// draft collects what is imported. Both importers write into it.
type draft struct {
	service string
	project *visible
	roots   map[string]*definition
	types   []*definition // in the order in which they are reached
	taken   map[string]bool
	scalars map[string]bool
	leftOut []string
}

func newDraft(o Options, project *visible) *draft {
	return &draft{service: o.Service, project: project, roots: map[string]*definition{}, taken: map[string]bool{}, scalars: map[string]bool{}}
}

// scalarDescriptions are the scalars that an import can need.
func scalarDescriptions() map[string]string {
	return map[string]string{
		"DateTime": `A point in time, RFC 3339: "2026-11-23T12:00:00Z".`,
		"Int64":    "A whole number of up to 64 bits.",
		"JSON":     "Any JSON value.",
	}
}

// prune leaves the types that the roots lead to, notes the scalars that are used
// and finishes the enums.
func (d *draft) prune() {
	byName := map[string]*definition{}
	for _, def := range d.types {
		byName[def.name] = def
	}
	reached, sent := map[string]bool{}, map[string]bool{} // sent are those of arguments
	var reach func(fields []field, seen map[string]bool)
	reach = func(fields []field, seen map[string]bool) {
		for _, f := range fields {
			name := strings.Trim(f.typ, "[]!")
			if _, own := scalarDescriptions()[name]; own {
				d.scalars[name] = true
			}
			if byName[name] != nil && !seen[name] {
				seen[name] = true
				reach(byName[name].fields, seen)
			}
			reach(f.args, sent)
		}
	}
	for _, root := range d.roots {
		reach(root.fields, reached)
	}
	d.types = slices.DeleteFunc(d.types, func(def *definition) bool { return !reached[def.name] && !sent[def.name] })
	for _, def := range d.types {
		def.tellSpellings(sent[def.name])
	}
}

// tellSpellings adds what the service calls the values of an enum. What is read
// can be spelled in the usual ways; what is sent is the value's own name.
func (d *definition) tellSpellings(sent bool) {
	for i, f := range d.fields {
		lower := strings.ToLower(f.name)
		usual := []string{f.name, lower, strings.ReplaceAll(f.name, "_", "-"), strings.ReplaceAll(lower, "_", "-")}
		if f.spelling != "" && (sent && f.spelling != f.name || !slices.Contains(usual, f.spelling)) {
			d.fields[i].directives = []directive{sourceDirective(f.spelling)}
		}
	}
}

// reservedTypes have a meaning already: in GraphQL, in gqlgen's configuration
// and in the gateway's directives. They are in lower case, as Go names of
// types that differ only in case would clash.
const reservedTypes = " query mutation subscription int float string boolean id datetime int64 json map any time upload uint uint64 int32 " +
	"bindingpage bindingerror bindingformat bindingvalue cachecontrolscope "

// typeName is a free name for a type, the wanted one if possible.
func (d *draft) typeName(want string) string {
	free := func(name string) bool {
		lower := strings.ToLower(name)
		return !d.taken[lower] && !d.project.types[lower] && !strings.Contains(reservedTypes, " "+lower+" ")
	}
	name := want
	if !free(name) {
		name = pascal(d.service) + want
	}
	name = numbered(name, free)
	d.taken[strings.ToLower(name)] = true
	return name
}

// fieldName is a free name for a field of a root: one of the wanted ones, or
// the first with the service's name.
func (d *draft) fieldName(root string, want ...string) string {
	key := func(name string) string { return strings.ToLower(root + "." + name) }
	free := func(name string) bool { return !d.taken[key(name)] && !d.project.fields[key(name)] }
	want = append(want, d.service+pascal(want[0]))
	name := want[len(want)-1]
	if i := slices.IndexFunc(want, free); i >= 0 {
		name = want[i]
	}
	name = numbered(name, free)
	d.taken[key(name)] = true
	return name
}

// numbered is the name, with the first number that makes it free if it is not.
func numbered(name string, free func(string) bool) string {
	if free(name) {
		return name
	}
	for i := 2; ; i++ {
		if next := name + strconv.Itoa(i); free(next) {
			return next
		}
	}
}

// uniqueName is a name that differs from those in used, where it is put.
func uniqueName(used map[string]bool, want string) string {
	name := numbered(want, func(n string) bool { return !used[strings.ToLower(n)] })
	used[strings.ToLower(name)] = true
	return name
}

// uniqueNames are names of fields for what a service calls its own. One that
// can stay as it is stays.
func uniqueNames(service []string) map[string]string {
	used, names := map[string]bool{}, map[string]string{}
	for _, stays := range []bool{true, false} {
		for _, name := range service {
			if (camel(name) == name) == stays {
				names[name] = uniqueName(used, camel(name))
			}
		}
	}
	return names
}

// add adds a field to Query, Mutation or Subscription.
func (d *draft) add(root string, f field) {
	if d.roots[root] == nil {
		d.roots[root] = &definition{kind: "type", name: root, extend: d.project.roots[root]}
	}
	d.roots[root].fields = append(d.roots[root].fields, f)
}

func (d *draft) leaveOut(what, why string) {
	d.leftOut = append(d.leftOut, what+": "+why)
}

// render is the SDL. Its first line tells where it comes from.
func (d *draft) render(origin string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# A draft that portico import made of %s. Change it as the frontends need it: another import shows\n# what it would change before it writes.\n", strings.ToValidUTF8(strings.Join(strings.Fields(origin), " "), ""))
	var all []*definition
	for _, name := range slices.Sorted(maps.Keys(d.scalars)) {
		if !d.project.scalars[name] {
			all = append(all, &definition{kind: "scalar", name: name, description: scalarDescriptions()[name]})
		}
	}
	for _, name := range rootNames() {
		if root := d.roots[name]; root != nil {
			all = append(all, root)
		}
	}
	for _, def := range append(all, d.types...) {
		b.WriteByte('\n')
		def.write(&b)
	}
	return b.String()
}

// lineWidth is where lines are broken.
const lineWidth = 120

func (d *definition) write(b *strings.Builder) {
	writeDescription(b, "", d.description)
	if d.extend {
		b.WriteString("extend ")
	}
	b.WriteString(d.kind + " " + d.name)
	if d.kind == "scalar" {
		b.WriteByte('\n')
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
