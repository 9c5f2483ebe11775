package project

import (
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/formatter"
	"github.com/vektah/gqlparser/v2/parser"
)

// TestBackquotes writes schemas with backquotes in their strings: they have none, and say the same.
func TestBackquotes(t *testing.T) {
	for _, schema := range []string{
		"type A { b: Int }",
		"\"has `one`\"\ntype A {\n  \"\"\"\n  has `two`\n    indented \\\"\"\" \"quoted\" \\\\ <tag>\n\n  lines\n  \"\"\"\n  b(\"and `one`\" c: String = \"`d`\"): Int @deprecated(reason: \"use `e`\")\n}",
		"\"\"\"\nplain\n\"\"\"\ntype A { b: Int }\n\"`\"\nenum B { \"`c`\" C }",
	} {
		doc, err := parser.ParseSchema(&ast.Source{Input: schema})
		if err != nil {
			t.Fatal(err)
		}
		var text strings.Builder
		formatter.NewFormatter(&text, formatter.WithIndent("  ")).FormatSchemaDocument(doc)
		got := withoutBackquotes(text.String())
		if strings.Contains(got, "`") {
			t.Errorf("there are backquotes:\n%s", got)
		}
		again, err := parser.ParseSchema(&ast.Source{Input: got})
		if err != nil {
			t.Fatalf("%v\n%s", err, got)
		}
		var formatted strings.Builder
		formatter.NewFormatter(&formatted, formatter.WithIndent("  ")).FormatSchemaDocument(again)
		if formatted.String() != text.String() {
			t.Errorf("it says something else:\n%s\nwant\n%s", formatted.String(), text.String())
		}
	}
}
