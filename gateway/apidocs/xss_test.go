package apidocs_test

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"github.com/yuin/goldmark"
	markdownhtml "github.com/yuin/goldmark/renderer/html"

	"github.com/portico-gateway/portico/gateway/apidocs"
	"github.com/portico-gateway/portico/gateway/execute"
)

// attacks are texts that must do nothing on a page.
var attacks = []string{
	`<script>alert(1)</script>`,
	"text\n\n<script>\nalert(1)\n</script>\n\nmore",
	`<img src=x onerror=alert(1)>`,
	"<div>\\<script>alert(1)</script>\n</div>",
	`\\<script>alert(1)</script>`,
	"`<script>` <script>alert(1)</script>",
	"```\n<script>alert(1)</script>",
	"    <script>alert(1)</script>",
	`[x](javascript:alert(1))`,
	`[x](JaVaScRiPt:alert(1))`,
	"[x](java\nscript:alert(1))",
	`[x](&#106;avascript:alert(1))`,
	`[x](data:text/html;base64,PHNjcmlwdD4=)`,
	`<javascript:alert(1)>`,
	"[x][y]\n\n[y]: javascript:alert(1)",
	`![x](javascript:alert(1))`,
	`![x](https://evil.example/pixel.png)`,
	`[x](https://evil.example/"onmouseover="alert(1))`,
	`[x](//evil.example)`,
	`"><script>alert(1)</script>`,
	`' onmouseover='alert(1)`,
	`</code></pre><script>alert(1)</script>`,
	"<!-- <script>alert(1)</script>",
	"<![CDATA[<script>alert(1)</script>]]>",
	"a | b | <script>alert(1)</script>",
}

// allowed are the elements that pages have.
var allowed = regexp.MustCompile(`^(!doctype|html|head|meta|title|link|script|body|div|a|header|h[1-4]|p|code|input|span|nav|details|summary|ul|ol|li|` +
	`main|section|dl|dt|dd|wbr|pre|button|table|thead|tbody|tr|th|td|strong|em|blockquote|br|hr)$`)

var (
	element   = regexp.MustCompile(`<(/?)([a-zA-Z!][a-zA-Z0-9]*)((?:[^>"]|"[^"]*")*)>`)
	attribute = regexp.MustCompile(`\s([a-zA-Z-]+)(?:="([^"]*)")?`)
)

// judge reports what a page has that could do something.
func judge(page string) (found []string) {
	for _, m := range element.FindAllStringSubmatch(page, -1) {
		name := strings.ToLower(m[2])
		if !allowed.MatchString(name) {
			found = append(found, m[0])
		}
		if name == "script" && m[1] == "" && !strings.Contains(m[3], `src="/docs/assets/docs.js"`) {
			found = append(found, m[0])
		}
		for _, a := range attribute.FindAllStringSubmatch(m[3], -1) {
			link := strings.ToLower(a[2])
			harmless := strings.HasPrefix(link, "#") || strings.HasPrefix(link, "/") && !strings.HasPrefix(link, "//") ||
				strings.HasPrefix(link, "https://") || strings.HasPrefix(link, "http://") || link == "data:,"
			switch at := strings.ToLower(a[1]); {
			case strings.HasPrefix(at, "on") || at == "style", (at == "href" || at == "src") && !harmless:
				found = append(found, m[0])
			}
		}
	}
	return found
}

// attacked is a source in which a text is wherever a text can be.
func attacked(t *testing.T, text string) apidocs.Source {
	t.Helper()
	s := apidocs.Source{
		Frontend: "web", Endpoint: "/graphql/web", ListSize: 10,
		Links: apidocs.Links{Assets: "/docs/assets/", Index: "/docs", Markdown: "/docs/web.md", Playground: "/playground/", Run: "/graphql/web"},
		Schema: schemaOf(t, `
"d" type Query @cacheTag(format: "t") { "d" f("d" a: String = "x" @deprecated(reason: "x")): U @deprecated(reason: "x") "d" e: E i(a: I): S @requiresScopes(scopes: [["x"]]) }
"d" union U = Query "d" enum E { "d" A @deprecated(reason: "x") } "d" input I { "d" a: String = "x" } "d" scalar S @specifiedBy(url: "x")`),
		Operations: []execute.Operation{{Name: "Example", Document: "# x\nquery Example { f(a: \"x\") { __typename } }"}, {Name: text, Document: text}},
		Routes:     []execute.Route{{Field: "Query.f", Service: text, Call: text}},
		Limits:     []apidocs.Limit{{Setting: text, Value: text, Meaning: text}},
		Answers:    map[string]apidocs.Answer{"Example": {Text: text, Note: text}},
		Changes:    &apidocs.Changes{Since: text, List: []apidocs.Change{{Level: text, Coordinate: text, Message: text}}},
	}
	s.Operations[0].Document = "# " + strings.ReplaceAll(text, "\n", "\n# ") + "\n" + s.Operations[0].Document
	s.Schema.Description = text
	for _, def := range s.Schema.Types {
		if def.BuiltIn {
			continue
		}
		def.Description = text
		for _, d := range def.Directives {
			d.Arguments[0].Value.Raw = text
		}
		for _, v := range def.EnumValues {
			v.Description, v.Directives[0].Arguments[0].Value.Raw = text, text
		}
		for _, f := range def.Fields {
			f.Description = text
			if f.DefaultValue != nil {
				f.DefaultValue.Raw = text
			}
			if d := f.Directives.ForName("deprecated"); d != nil {
				d.Arguments[0].Value.Raw = text
			}
			if d := f.Directives.ForName("requiresScopes"); d != nil {
				d.Arguments[0].Value.Children[0].Value.Children[0].Value.Raw = text
			}
			for _, arg := range f.Arguments {
				if arg.Description = text; arg.DefaultValue != nil {
					arg.DefaultValue.Raw, arg.Directives[0].Arguments[0].Value.Raw = text, text
				}
			}
		}
	}
	return s
}

// No text of a schema, an example or a configuration is HTML or a script on a page.
func TestAttacks(t *testing.T) {
	for _, text := range attacks {
		page := html(t, attacked(t, text))
		if found := judge(page); found != nil {
			t.Errorf("%q: the page has %q", text, found)
		}
		if strings.Count(page, "<script") != 1 {
			t.Errorf("%q: the page has other scripts", text)
		}
		if n := strings.Count(page, "alert(1)"); strings.Contains(text, ">alert(1)<") && n < 10 {
			t.Errorf("%q: the text is shown only %d times", text, n)
		}
	}
}

// The judge of the test above knows what is dangerous.
func TestJudge(t *testing.T) {
	for _, bad := range []string{`<script>`, `<img src="/x">`, `<a href="javascript:x">`, `<p onclick="x">`, `<a href="//x">`, `<p style="x">`, `<iframe>`} {
		if judge(bad) == nil {
			t.Errorf("%s is not found", bad)
		}
	}
}

// Nor does what a renderer makes of the Markdown, even one that lets HTML through.
func TestAttacksOfMarkdown(t *testing.T) {
	renderer := goldmark.New(goldmark.WithRendererOptions(markdownhtml.WithUnsafe()))
	for _, text := range attacks {
		source := markdown(t, attacked(t, text))
		var page bytes.Buffer
		if err := renderer.Convert([]byte(source), &page); err != nil {
			t.Fatal(err)
		}
		if found := judge(page.String()); found != nil {
			t.Errorf("%q: the Markdown has %q\n%s", text, found, source)
		}
		if !strings.Contains(page.String(), "<h2>Examples</h2>") || !strings.Contains(page.String(), "<h2>Limits</h2>") {
			t.Errorf("%q: it swallows what is after it:\n%s", text, source)
		}
	}
}

// Whatever a text is, it does nothing on a page, nor in what is made of the Markdown.
func FuzzTexts(f *testing.F) {
	for _, text := range attacks {
		f.Add(text)
	}
	renderer := goldmark.New(goldmark.WithRendererOptions(markdownhtml.WithUnsafe()))
	f.Fuzz(func(t *testing.T, text string) {
		s := attacked(t, text)
		if found := judge(html(t, s)); found != nil {
			t.Errorf("the page has %q", found)
		}
		var page bytes.Buffer
		if err := renderer.Convert([]byte(markdown(t, s)), &page); err != nil {
			t.Fatal(err)
		}
		if found := judge(page.String()); found != nil {
			t.Errorf("the Markdown has %q", found)
		}
	})
}
