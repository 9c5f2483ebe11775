package apidocs

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/portico-gateway/portico/gateway/problem"
)

// WriteMarkdown writes a reference as Markdown (CommonMark with tables). Descriptions are block quotes, so that
// nothing in one, such as a block of code without an end, reaches what is after it.
func WriteMarkdown(w io.Writer, r *Reference) error {
	m := &markdownWriter{Writer: bufio.NewWriter(w), describer: newDescriber()}
	m.printf("# %s API\n\nEndpoint: %s\n", plain(r.Frontend), code(r.Endpoint))
	m.description(r.Description, "")
	for _, section := range r.Sections {
		m.printf("\n## %s\n", section.Title)
		for _, t := range section.Types {
			m.typ(t)
		}
	}
	m.examples(r.Examples)
	m.limits(r.Limits)
	m.codes(r.Codes)
	m.changes(r.Changes)
	return m.Flush()
}

// markdownWriter writes Markdown. Its first error is that of Flush.
type markdownWriter struct {
	*bufio.Writer
	describer describer
}

func (m *markdownWriter) printf(format string, args ...any) {
	fmt.Fprintf(m.Writer, format, args...)
}

// description writes a description as a block quote, which may be in a list.
func (m *markdownWriter) description(text, indent string) {
	if text = strings.TrimSpace(text); text == "" {
		return
	}
	if !m.describer.safe(text) {
		text = plain(text)
	}
	m.printf("\n")
	for line := range strings.Lines(text) {
		m.printf("%s\n", strings.TrimRight(indent+"> "+line, " \r\n"))
	}
}

func (m *markdownWriter) typ(t Type) {
	m.printf("\n### %s\n\n%s\n", t.Name, code(t.Keyword+" "+t.Name))
	m.notes(t.Notes)
	m.description(t.Description, "")
	if len(t.Interfaces) > 0 {
		m.printf("\nImplements %s.\n", typeLinks(t.Interfaces))
	}
	if len(t.Members) > 0 && t.Keyword == "union" {
		m.printf("\nOne of %s.\n", typeLinks(t.Members))
	} else if len(t.Members) > 0 {
		m.printf("\nImplemented by %s.\n", typeLinks(t.Members))
	}
	if t.SpecifiedBy != "" {
		m.printf("\nSpecified by %s.\n", code(t.SpecifiedBy))
	}
	for _, f := range t.Fields {
		m.field(f)
	}
	m.inputs(t.Inputs)
	for i, v := range t.Values {
		if i == 0 {
			m.printf("\n")
		}
		m.printf("- %s%s\n", code(v.Name), inline(v.Notes))
		m.inList(v.Description)
	}
}

func (m *markdownWriter) field(f Field) {
	var signature strings.Builder
	signature.WriteString(f.Name)
	for i, arg := range f.Arguments {
		signature.WriteString([]string{"(", ", "}[min(i, 1)])
		signature.WriteString(declared(arg))
	}
	if len(f.Arguments) > 0 {
		signature.WriteString(")")
	}
	m.printf("\n#### %s\n\n%s%s\n", f.ID, code(signature.String()+": "+f.Type.String()), ofType(f.Type))
	m.notes(f.Notes)
	m.description(f.Description, "")
	m.inputs(f.Arguments)
	for i, route := range f.Routes {
		if i == 0 {
			m.printf("\n")
		}
		what := code(route.Call)
		if route.Service != "" {
			what = plain(route.Service) + ": " + what
		}
		if route.Each {
			what += ", one call for each object"
		}
		m.printf("Resolved by %s.\n", what)
	}
	if len(f.Examples) > 0 {
		m.printf("\nExamples: %s.\n", plain(strings.Join(f.Examples, ", ")))
	}
	if len(f.Codes) > 0 {
		m.printf("\nError codes: %s.\n", codeList(f.Codes))
	}
}

func codeList(codes []problem.Code) string {
	list := make([]string, len(codes))
	for i, c := range codes {
		list[i] = code(string(c))
	}
	return strings.Join(list, ", ")
}

func declared(in Input) string {
	text := in.Name + ": " + in.Type.String()
	if in.Default != "" {
		text += " = " + in.Default
	}
	return text
}

func (m *markdownWriter) inputs(list []Input) {
	for i, in := range list {
		if i == 0 {
			m.printf("\n")
		}
		m.printf("- %s%s%s\n", code(declared(in)), ofType(in.Type), inline(in.Notes))
		m.inList(in.Description)
	}
}

// inList writes the description of an item of a list.
func (m *markdownWriter) inList(description string) {
	if strings.TrimSpace(description) != "" {
		m.description(description, "  ")
		m.printf("\n")
	}
}

func (m *markdownWriter) notes(notes []Note) {
	if text := strings.TrimPrefix(inline(notes), ". "); text != "" {
		m.printf("\n%s.\n", text)
	}
}

// inline returns notes behind a text.
func inline(notes []Note) string {
	var b strings.Builder
	for i, note := range notes {
		b.WriteString([]string{". ", "; "}[min(i, 1)])
		b.WriteString("**" + plain(strings.Join(strings.Fields(note.Text), " ")) + "**")
	}
	return b.String()
}

func (m *markdownWriter) examples(list []Example) {
	if len(list) > 0 {
		m.printf("\n## Examples\n")
	}
	for _, e := range list {
		m.printf("\n### Example %s\n", plain(e.Name))
		if e.Comment != "" {
			m.printf("\n%s\n", plain(e.Comment))
		}
		m.printf("\n%s", fenced(e.Document, "graphql"))
		if e.Cost != nil {
			m.printf("\nCosts at most %s %s.\n", number(*e.Cost), points(*e.Cost))
		}
		if e.Restricted {
			m.printf("\nNot every caller may have all of its fields.\n")
		}
		if e.Answer == nil {
			continue
		}
		if e.Answer.Note != "" {
			m.printf("\n%s.\n", plain(strings.ToUpper(e.Answer.Note[:1])+e.Answer.Note[1:]))
		}
		if e.Answer.Text != "" {
			m.printf("\nAnswer:\n\n%s", fenced(e.Answer.Text, "json"))
		}
	}
}

func (m *markdownWriter) limits(list []Limit) {
	if len(list) > 0 {
		m.printf("\n## Limits\n\n| setting | value | meaning |\n|---|---|---|\n")
	}
	for _, l := range list {
		m.printf("| %s | %s | %s |\n", cell(code(l.Setting)), cell(plain(l.Value)), cell(plain(l.Meaning)))
	}
}

func (m *markdownWriter) codes(list []problem.Description) {
	if len(list) > 0 {
		m.printf("\n## Error codes\n\nEach error has its code in `extensions.code`. Services can have codes of their own.\n\n" +
			"| code | when | HTTP |\n|---|---|---|\n")
	}
	for _, d := range list {
		m.printf("| %s | %s | %s |\n", code(string(d.Code)), cell(d.When), cell(d.HTTP))
	}
}

func (m *markdownWriter) changes(c *Changes) {
	if c == nil {
		return
	}
	m.printf("\n## Changes since %s\n\n", plain(c.Since))
	if len(c.List) == 0 {
		m.printf("None.\n")
		return
	}
	m.printf("| level | what | change |\n|---|---|---|\n")
	for _, change := range c.List {
		m.printf("| %s | %s | %s |\n", cell(plain(change.Level)), cell(code(change.Coordinate)), cell(plain(change.Message)))
	}
}

// typeLinks returns links to the headings of types.
func typeLinks(names []string) string {
	list := make([]string, len(names))
	for i, name := range names {
		list[i] = typeLink(name)
	}
	return strings.Join(list, ", ")
}

// typeLink returns a link to the heading of a type, whose id is what GitHub and others make of it.
func typeLink(name string) string { return "[" + plain(name) + "](#" + strings.ToLower(name) + ")" }

// ofType returns a link to a type behind a signature; nothing for types that every schema has.
func ofType(t TypeRef) string {
	if !t.Linked {
		return ""
	}
	return " → " + typeLink(t.Name)
}

// plain returns a text in which nothing is Markdown or HTML.
func plain(text string) string {
	var b strings.Builder
	for _, c := range text {
		switch {
		case c == '<':
			b.WriteString("&lt;") // not every reader of Markdown knows \<
		case c == '&':
			b.WriteString("&amp;")
		case strings.ContainsRune("\\`*_[]#|~>", c):
			b.WriteRune('\\')
			b.WriteRune(c)
		default:
			b.WriteRune(c)
		}
	}
	return b.String()
}

// code returns a text as code within a line. The fence is longer than what the text has of it.
func code(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	fence := strings.Repeat("`", longest(text)+1)
	if strings.HasPrefix(text, "`") || strings.HasSuffix(text, "`") {
		text = " " + text + " "
	}
	return fence + text + fence
}

// fenced returns a block of code.
func fenced(text, language string) string {
	fence := strings.Repeat("`", max(longest(text)+1, 3))
	return fence + language + "\n" + strings.TrimRight(text, "\n") + "\n" + fence + "\n"
}

// longest returns the length of the longest run of backquotes in a text.
func longest(text string) int {
	most, run := 0, 0
	for _, c := range text {
		if c != '`' {
			run = 0
			continue
		}
		run++
		most = max(most, run)
	}
	return most
}

// cell returns what stands in a cell of a table, in which a bar must be escaped even in code.
func cell(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	return strings.ReplaceAll(strings.ReplaceAll(text, `\|`, "|"), "|", `\|`)
}
