package document_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/portico-gateway/portico/gateway/document"
)

// documents are made by hand: what a parser must accept, and what it must not.
// Values stand for the argument of a field.
func documents() []string {
	list := []string{
		// Documents and operations.
		"", " ", ",", "#", "# only a comment", "\ufeff", "\ufeff{ leaf }", "{ leaf }", "{ leaf } \ufeff", "{\ufeffleaf}", "{ le\ufeffaf }", "{leaf,,,}", ",{leaf}", "{leaf}{leaf}",
		"query { leaf }", "query Q { leaf }", "query query { leaf }", "query on { leaf }", "query true { leaf }", "query null { leaf }", "Query { leaf }", "mutation", "mutation { write }", "subscription { tick }",
		"query Q", "query Q {", "query {}", "{}", "{ a {} }", "{ a { leaf }", "{ leaf }}", "{", "}", "{ leaf", "query () { leaf }", "query Q() { leaf }", "{ a() { leaf } }", "{ leaf @include() }",
		"{ ... {} }", "{ ... }", "{ ...F() } fragment F on Query { leaf }", "{ ..F }", "{ .leaf }", "{ ....F }", "{ leaf: }", "{ :leaf }", "{ x:leaf }", "{ x : leaf }", "{ x::leaf }", "{ x: y: leaf }", "{ leaf; }", "{ leaf | leaf }", "{ leaf & leaf }", "{ leaf ! }", "{ $leaf }", "{ @leaf }", "{ 1leaf }", "{ leaf1 }", "{ _leaf }", "{ __typename }", "{ léaf }", "{ leaf-x }", "{ 'leaf' }", "{ \"leaf\" }", "{ `leaf` }", "{ true false null on query fragment }",
		"extend type Query { a: Int }", "type Query { a: Int }", "schema { query: Query }", "{ leaf } type A { a: Int }", "directive @a on FIELD",
		// Descriptions (September 2025, section 2.4).
		`"A description" query Q { leaf }`, `"""A description""" query Q { leaf }`, `"A description" { leaf }`, `{ leaf } "A description"`, `"A" "B" query Q { leaf }`, `"A" fragment F on Query { leaf } { ...F }`, `query Q("A" $x: Int) { a(x: $x) { leaf } }`, `query Q("A") { leaf }`,
		// Fragments.
		"{ ...F } fragment F on Query { leaf }", "{ ...on } fragment on on Query { leaf }", "fragment on on Query { leaf }", "{ ...on Query { leaf } }", "{ ... on Query }", "{ ...on }", "{ ...onQuery } fragment onQuery on Query { leaf }", "{ ...F } fragment F { leaf }", "{ ...F } fragment F on on { leaf }", "{ ...F } fragment F on Query {}", "{ ...F } fragment F on Query", "{ ...F } fragment on Query { leaf }",
		"{ ...F } fragment F($x: Int) on Query { leaf }", "{ ...F } fragment F($x: Int = 1) on Query { a(x: $x) { leaf } }", "{ ...F } fragment F() on Query { leaf }", "{ ...F(x: 1) } fragment F on Query { leaf }", "{ ... @include(if: true) { leaf } }", "{ ... @include(if: true) on Query { leaf } }", "{ ... on Query @include(if: true) { leaf } }", "{ ...F @include(if: true) } fragment F on Query @a { leaf }", "{ ...true } fragment true on Query { leaf }",
		// Variables and types.
		"query ($x: Int) { leaf }", "query ($x: Int,) { leaf }", "query ($x Int) { leaf }", "query (x: Int) { leaf }", "query ($: Int) { leaf }", "query ($x:) { leaf }", "query ($x: Int!) { leaf }", "query ($x: Int!!) { leaf }", "query ($x: !Int) { leaf }", "query ($x: [Int]) { leaf }", "query ($x: [Int!]!) { leaf }", "query ($x: [[Int]]) { leaf }", "query ($x: []) { leaf }", "query ($x: [Int Int]) { leaf }", "query ($x: [Int) { leaf }", "query ($x: Int]) { leaf }", "query ($x: Int = 1) { leaf }", "query ($x: Int = $y) { leaf }", "query ($x: [Int] = [$y]) { leaf }", "query ($x: In = {n: $y}) { leaf }", "query ($x: Int = ) { leaf }", "query ($x: Int @a) { leaf }", "query ($x: Int @a(b: 1)) { leaf }", "query ($x: Int @a(b: $y)) { leaf }", "query ($x: Int = 1 @a) { leaf }", "query ($x: Int @a = 1) { leaf }", "query ($x: Int, $x: Int) { leaf }", "query ($ x: Int) { leaf }", "query ($true: Int) { leaf }", "query ($on: Int) { leaf }",
		"query Q @a { leaf }", "query @a(b: $c) { leaf }", "query Q @ a { leaf }", "query Q @ { leaf }", "{ leaf @a @a }", "{ leaf @a(b: 1, b: 2) }", "{ leaf @a { leaf } }", "{ leaf @on }", "{ leaf @true }",
		// Arguments.
		"{ a(x: 1 s: \"\") { leaf } }", "{ a(x:1,) { leaf } }", "{ a(x) { leaf } }", "{ a(x:) { leaf } }", "{ a(x=1) { leaf } }", "{ a(: 1) { leaf } }", "{ a(x: 1) (s: \"\") { leaf } }", "{ a(true: 1 null: 2 on: 3) { leaf } }", "{ a(x: 1) }", "{ a { leaf } (x: 1) }", "{ leaf()@a }",
		// Comments.
		"{ leaf } # é 😀 \u2028", "{ leaf } # a\r{ leaf }", "{ leaf # }\n}", "#\n{ leaf }#", "{ #\r\n leaf #\n }", "{ leaf } # \x00\x01\x7f", "{ leaf(#\n) }", "{ # {\n leaf }", "{ leaf } #\ufeff", "#a\n#b\n\n#c\n{ #d\n leaf #e\n#f\n}",
		// Characters.
		"{ leaf\x00 }", "{ leaf\x07 }", "{ leaf\x7f }", "{ leaf\u00a0}", "{ leaf\u2003}", "{ leaf\v}", "{ leaf\f}", "{\tleaf\r\n}", "{ leaf \\ }", "{ leaf ? }", "{ leaf % }", "{ leaf }\u200b", "{ leaf / }", "{ leaf * }", "{ 😀 }",
	}
	for _, value := range values() {
		list = append(list, "{ any(x: "+value+") }")
	}
	return list
}

func values() []string {
	return []string{
		// Numbers.
		"0", "-0", "1", "-1", "- 1", "+1", "01", "-01", "00", "0x1", "0b1", "1_000", "1a", "1_", "1e", "1e1", "1E1", "1e+1", "1e-1", "1e1.0", "1e1a", "1.", "1.a", "1.0", "1.0a", "1.0.0", "1..2", ".5", "-.5", "-", "--1", "1.5e10", "1.5e", "1.5e+", "0.0", "0e0", "00.0", "-0.0e-0", "1-1", "1-", "1$x", "1\"\"", "[1 2]", "[1-2]", "[1,2]", "[1.2.3]", "[1[2]]", "{n:1n:2}", "1#\n", "99999999999999999999", "1e999", "0é", "1é", "1.5\u00a0", "0.", "0.e1", "Infinity", "NaN", "1n",
		// Names.
		"RED", "true", "false", "null", "True", "nulla", "on", "query", "fragment", "[true null false RED]", "$x", "$ x", "$", "$1", "$true", "[$x]", "{n: $x}",
		// Lists and objects.
		"[]", "{}", "[ , ]", "{ , }", "[[]]", "[[[[]]]]", "[1", "1]", "{n: 1", "{n}", "{n:}", "{1: 1}", "{\"n\": 1}", "{n: 1, n: 2}", "{n: 1,}", "{n = 1}", "{{}}", "[}", "{]", "{n: {}}", "{true: null}", "(1)", "@a", "...", "1 2", "|", "!",
		// Strings.
		`""`, `"a"`, `"\""`, `"\\"`, `"\/"`, `"\b\f\n\r\t"`, `"\a"`, `"\'"`, `"\0"`, `"\x41"`, `"\N"`, `"\`, `"`, `"a`, `"a\"`, "\"a\nb\"", "\"a\rb\"", "\"a\\\nb\"", "\"a\u2028b\"", "\"a\tb\"", "\"a\x00b\"", "\"a\x01b\"", "\"a\x1fb\"", "\"a\x7fb\"", "\"\u0080\u009f\"", `"é😀"`, "\"\ufeff\"", `"\ufeff"`, "'a'", `'`, `"a""b"`, `"a" "b"`,
		`"\u0041"`, `"\u00e9"`, `"\u00E9"`, `"\u004"`, `"\u00g0"`, `"\u"`, `"\u 041"`, `"\U0041"`, `"\u0000"`, `"\uffff"`, `"\ufffd"`, `"\ud7ff\ue000"`,
		`"\ud800"`, `"\udbff"`, `"\udc00"`, `"\udfff"`, `"\ud800\ud800"`, `"\udc00\ud800"`, `"\udc00\udc00"`, `"\ud83d\ude00"`, `"\uD83D\uDE00"`, `"\ud83d \ude00"`, `"\ud83d\n"`, `"\ud83d\u0041"`, `"\ud83dx"`, `"\ud83d`, `"\ud83d\`, `"\ud83d\u`, `"\ud83d\u{de00}"`, `"\u{d83d}\ude00"`, `"\u{d83d}\u{de00}"`, `"a\ud83d\ude00b\ud83d\ude00"`, `"\ud83d\ude00\ude00"`, `"\ud83d\ud83d\ude00"`, `"\\ud800"`, `"\\\ud800"`,
		`"\u{1F600}"`, `"\u{1f600}"`, `"\u{0}"`, `"\u{41}"`, `"\u{000041}"`, `"\u{00000041}"`, `"\u{000000041}"`, `"\u{}"`, `"\u{`, `"\u{41"`, `"\u{41`, `"\u{g}"`, `"\u{110000}"`, `"\u{10FFFF}"`, `"\u{FFFFFFFF}"`, `"\u{d800}"`, `"\u{dfff}"`, `"\u{ 41}"`, `"\u{-1}"`, `"\u{{41}}"`,
		// Block strings.
		`""""""`, `"""a"""`, `"""a""""`, `""" " """`, `""" "" """`, `"""""""`, `""""a"""`, `""""""a""""""`, `"""`, `"""a`, `"""a"`, `"""a""`, `"""\"""`, `"""\""""""`, `"""a\"""b"""`, `"""\\""""`, `"""\n\u0041\ud800"""`, `"""\"""`, `"""a\""""`, `"""\""" \""" """`, `"" ""`, "\"\"\"\x00\"\"\"", "\"\"\"\x1f\"\"\"", "\"\"\"\x7f\"\"\"", "\"\"\"é😀\ufeff\"\"\"", "\"\"\"a\"\"\"\"\"\"b\"\"\"", "[\"\"\"a\"\"\" \"\"\"b\"\"\"]",
		"\"\"\"\n  a\n    b\n  c\n\"\"\"", "\"\"\"a\n  b\n  c\"\"\"", "\"\"\"  a\n  b\"\"\"", "\"\"\"\r\n  a\r\n    b\r\n\"\"\"", "\"\"\"\r  a\r    b\r\"\"\"", "\"\"\"\n\ta\n  b\"\"\"", "\"\"\"\n\n\n  a\n\n\n  b\n\n\n\"\"\"", "\"\"\"\n   \n  \n a\n    \n\"\"\"", "\"\"\"   \"\"\"", "\"\"\"\n\"\"\"", "\"\"\"\n   é\n  ü\n\"\"\"", "\"\"\"\n\u00a0a\n\u00a0b\"\"\"", "\"\"\"\n  \\\"\"\"\n    b\n\"\"\"", "\"\"\"a\\\"\"\"\n   b\"\"\"", "\"\"\"\n  a\n \t\n   b\"\"\"", "\"\"\"\n  a\n\n   b\"\"\"", "\"\"\"\n  a \t\n  b  \"\"\"", "\"\"\"\n\u2028 a\n b\"\"\"",
	}
}

// verdict is what graphql-js says of a document.
type verdict struct {
	Error   string
	Strings []string
}

// graphqlJS parses documents with graphql-js.
func graphqlJS(t *testing.T, documents []string) []verdict {
	t.Helper()
	input, err := json.Marshal(documents)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "node", "syntax.mjs")
	cmd.Dir, cmd.Stdin = "../../e2e/clients", bytes.NewReader(input)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("node: %v (make test-setup installs it): %s", err, stderr.Bytes())
	}
	var verdicts []verdict
	if err := json.Unmarshal(out, &verdicts); err != nil || len(verdicts) != len(documents) {
		t.Fatalf("%d verdicts: %v", len(verdicts), err)
	}
	return verdicts
}

// mutants are documents of which some characters are others.
func mutants(of []string, count int) []string {
	r := rand.New(rand.NewPCG(1, 2))
	pieces := []string{
		"", "", "{", "}", "(", ")", "[", "]", ":", "=", "!", "|", "&", "$", "@", "...", "..", ".", "\"", "\"\"", "\"\"\"", "\\", "\\\"\"\"", "#", "\n", "\r", "\r\n", " ", ",", "\t", "\x00", "\ufeff", "é", "😀",
		"0", "1", "-", "1.5", "e", "e5", "a", "_", "on", "true", "null", "fragment", "query", "\\u", "\\ud83d", "\\ude00", "\\u{1F600}", "\\n", "\\x",
	}
	var list []string
	for range count {
		text := []rune(of[r.IntN(len(of))])
		for range 1 + r.IntN(3) {
			at := r.IntN(len(text) + 1)
			end := min(len(text), at+r.IntN(3))
			text = slices.Concat(text[:at], []rune(pieces[r.IntN(len(pieces))]), text[end:])
		}
		list = append(list, string(text))
	}
	return list
}

// What is a document, and what its strings are, is what graphql-js says.
func TestSyntax(t *testing.T) {
	list := documents()
	list = append(list, mutants(list, 5000)...)
	s := store(t, document.Config{})
	accepted, compared := 0, 0
	for i, theirs := range graphqlJS(t, list) {
		doc, errs := s.Get(list[i])
		parsed := len(errs) == 0 || errs[0].Extensions["code"] != "GRAPHQL_PARSE_FAILED"
		if parsed != (theirs.Error == "") && !quoteAfterBlock(errs) {
			t.Errorf("%q: accepted: %t; graphql-js: %q; %v", list[i], parsed, theirs.Error, errs)
		}
		if !parsed {
			checkLocation(t, list[i], errs[0])
			continue
		}
		accepted++
		if doc == nil {
			continue
		}
		tree, err := document.ParseText(list[i], limits().Tokens)
		if err != nil {
			t.Fatal(err)
		}
		if got := stringsOf(tree); !slices.Equal(got, theirs.Strings) {
			t.Errorf("%q: strings %q; graphql-js: %q", list[i], got, theirs.Strings)
		}
		compared += len(theirs.Strings)
	}
	t.Logf("%d documents, %d of them accepted; %d strings", len(list), accepted, compared)
}

// quoteAfterBlock is where the gateway is stricter: """a""""" is two strings,
// which gqlparser's lexer can't tell apart.
func quoteAfterBlock(errs gqlerror.List) bool {
	return len(errs) == 1 && errs[0].Message == "A block string must not be followed by a quote."
}

// An error of syntax has one location, in the document.
func checkLocation(t *testing.T, text string, err *gqlerror.Error) {
	t.Helper()
	lines := strings.Split(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text), "\n")
	if len(err.Locations) != 1 {
		t.Errorf("%q: locations %v: %v", text, err.Locations, err)
		return
	}
	at := err.Locations[0]
	if at.Line < 1 || at.Line > len(lines) || at.Column < 1 || at.Column > utf8.RuneCountInString(lines[at.Line-1])+1 {
		t.Errorf("%q: location %v: %v", text, at, err)
	}
}

// stringsOf are the values of the strings of arguments, in their order.
func stringsOf(tree *ast.QueryDocument) []string {
	list := []string{}
	var value func(*ast.Value)
	value = func(v *ast.Value) {
		if v.Kind == ast.StringValue || v.Kind == ast.BlockValue {
			list = append(list, v.Raw)
		}
		for _, child := range v.Children {
			value(child.Value)
		}
	}
	var selections func(ast.SelectionSet)
	selections = func(set ast.SelectionSet) {
		for _, selection := range set {
			if field, ok := selection.(*ast.Field); ok {
				for _, a := range field.Arguments {
					value(a.Value)
				}
				selections(field.SelectionSet)
			}
		}
	}
	for _, operation := range tree.Operations {
		selections(operation.SelectionSet)
	}
	return list
}

// The values are those of dedentBlockStringLines of graphql-js.
func TestBlockStrings(t *testing.T) {
	for name, c := range map[string]struct{ source, want string }{
		"empty":                              {"", ""},
		"one line":                           {"abc", "abc"},
		"one line keeps its indent":          {"  abc  ", "  abc  "},
		"only whitespace":                    {" \n\t\n  ", ""},
		"the first line has no indent":       {"a\n  b\n    c\n  d", "a\nb\n  c\nd"},
		"the first line has more":            {"      a\n  b\n    c", "      a\nb\n  c"},
		"uniform":                            {"\n    Hello,\n      World!\n\n    Yours,\n      GraphQL.\n  ", "Hello,\n  World!\n\nYours,\n  GraphQL."},
		"blank lines around":                 {"\n\n  \n    a\n\n  \n", "a"},
		"blank lines within":                 {"\n  a\n\n \n      \n  b\n", "a\n\n\n    \nb"},
		"trailing spaces of a line":          {"\n  a  \n  b \n", "a  \nb "},
		"tabs count as one":                  {"\n\ta\n  b\n", "a\n b"},
		"other whitespace is text":           {"\n\u00a0a\n \u00a0b\n", "\u00a0a\n \u00a0b"},
		"characters of many bytes":           {"\n   é\n  ü😀\n", " é\nü😀"},
		"CRLF":                               {"\r\n  a\r\n    b\r\n", "a\n  b"},
		"CR":                                 {"\r  a\r    b\r", "a\n  b"},
		"CR CRLF LF":                         {"a\r\r\n\n  b", "a\n\n\nb"},
		"no escapes":                         {`\n\u0041\` + " ", `\n\u0041\ `},
		"escaped quotes":                     {`a\"""b`, `a"""b`},
		"escaped quotes are no line":         {"\n  \\\"\"\"\n    b\n", "\"\"\"\n  b"},
		"escaped quotes on the first line":   {"\\\"\"\"\n   b", "\"\"\"\nb"},
		"quotes within":                      {` "a" ""b"" `, ` "a" ""b"" `},
		"ends with an escaped quote":         {`\"""`, `"""`},
		"a backslash and two quotes":         {`a\"" `, `a\"" `},
		"control characters":                 {"\n  a\x00\n  \x01b", "a\x00\n\x01b"},
		"no line has text but the first one": {"a\n   \n     ", "a"},
	} {
		t.Run(name, func(t *testing.T) {
			text := `query ($x: Any = """` + c.source + `""") { any(x: {in: ["""` + c.source + `""", $x]}) @include(if: true) ...F }` +
				` fragment F on Query { b: any(x: """` + c.source + `""") }`
			tree, err := document.ParseText(text, limits().Tokens)
			if err != nil {
				t.Fatal(err)
			}
			operation := tree.Operations[0]
			for where, value := range map[string]*ast.Value{
				"default":     operation.VariableDefinitions[0].DefaultValue,
				"in a list":   operation.SelectionSet[0].(*ast.Field).Arguments[0].Value.Children[0].Value.Children[0].Value,
				"in fragment": tree.Fragments[0].SelectionSet[0].(*ast.Field).Arguments[0].Value,
			} {
				if value.Raw != c.want {
					t.Errorf("%s: got %q, want %q", where, value.Raw, c.want)
				}
			}
		})
	}
}

// Strings of directives are read as others are.
func TestBlockStringOfDirective(t *testing.T) {
	const text = "query @text(is: \"\"\"a\n  b\"\"\") { leaf @text(is: \"\"\"a\n  b\"\"\") ... @text(is: \"\"\"a\n  b\"\"\") { leaf } ...F @text(is: \"\"\"a\n  b\"\"\") }" +
		"fragment F on Query @text(is: \"\"\"a\n  b\"\"\") { leaf }"
	doc, errs := store(t, document.Config{}).Get(text)
	if errs != nil {
		t.Fatal(errs)
	}
	operation := doc.AST.Operations[0]
	for _, d := range []ast.DirectiveList{
		operation.Directives, operation.SelectionSet[0].(*ast.Field).Directives, operation.SelectionSet[1].(*ast.InlineFragment).Directives,
		operation.SelectionSet[2].(*ast.FragmentSpread).Directives, doc.AST.Fragments[0].Directives,
	} {
		if got := d[0].Arguments[0].Value.Raw; got != "a\nb" {
			t.Errorf("got %q", got)
		}
	}
}

// Errors tell where in the document they are.
func TestLocationsOfSyntax(t *testing.T) {
	for text, want := range map[string]string{
		"": "1:1",
		"{ leaf }\n fragment F($x: Int) on Query { leaf }": "2:13",
		"{\n  any(x: \"\\ud800\") }":                       "2:11",
		"{\n  any(x: \"é\\udc00\") }":                      "2:12",
		"{ any(x: \"a\nb\") }":                             "1:12",
		"{\r\n any(x: \"\"\"a\n\n":                         "4:1",
		"{ any(x: 1a) }":                                   "1:11",
		"{\r{\r\n é\xff }":                                 "3:3",
		"{ any(x: \"\"\"\"\"\"\"\") }":                     "1:16",
		"query ($x: Int @text(is: $y)) { leaf }":           "1:26",
	} {
		_, errs := store(t, document.Config{}).Get(text)
		if len(errs) != 1 || errs[0].Extensions["code"] != "GRAPHQL_PARSE_FAILED" || len(errs[0].Locations) != 1 {
			t.Errorf("%q: %v", text, errs)
			continue
		}
		if got := fmt.Sprintf("%d:%d", errs[0].Locations[0].Line, errs[0].Locations[0].Column); got != want {
			t.Errorf("%q: at %s, want %s", text, got, want)
		}
	}
	// That of a string is its first quote, wherever it ends.
	_, errs := store(t, document.Config{}).Get("{\n\n a(x: \"\"\"a\n\n b\"\"\") { leaf } }")
	if len(errs) == 0 || errs[0].Locations[0] != (gqlerror.Location{Line: 3, Column: 7}) {
		t.Errorf("%v", errs)
	}
}

func FuzzSyntax(f *testing.F) {
	for _, text := range documents() {
		f.Add(text)
	}
	s := store(f, document.Config{})
	f.Fuzz(func(t *testing.T, text string) {
		_, errs := s.Get(text)
		if len(errs) > 0 && errs[0].Extensions["code"] == "GRAPHQL_PARSE_FAILED" {
			checkLocation(t, text, errs[0])
		}
	})
}
