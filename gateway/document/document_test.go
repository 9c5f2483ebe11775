package document_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/coordinate"
	"github.com/portico-gateway/portico/gateway/document"
	"github.com/portico-gateway/portico/gateway/input"
)

const schema = `
directive @defer(if: Boolean = true, label: String) on FRAGMENT_SPREAD | INLINE_FRAGMENT
directive @text(is: String) on QUERY | FIELD | INLINE_FRAGMENT | FRAGMENT_SPREAD | FRAGMENT_DEFINITION | VARIABLE_DEFINITION
type Query { a(x: Int, s: String, in: In): Query b: Query list: [Query] leaf: Int named(enum: Colour): String any(x: Any): Int }
input In { n: Int list: [Int] in: In f: Float id: ID b: Boolean s: String custom: Any }
scalar Any
enum Colour { RED }
type Mutation { write: Int }
type Subscription { tick: Int event: Query }
`

func limits() document.Limits {
	return document.Limits{
		Bytes: 300 << 10, Tokens: 2000, Depth: 20, Fields: 1000, Aliases: 50, RootFields: 20, PerKey: 10, Directives: 50, Spreads: 100, SpreadDepth: 10, InputDepth: 10, InputItems: 1000,
	}
}

func store(t testing.TB, config document.Config) *document.Store[string] {
	t.Helper()
	config.Schema = gqlparser.MustLoadSchema(&ast.Source{Input: schema})
	if config.Limits == (document.Limits{}) {
		config.Limits = limits()
	}
	if config.Memory == 0 {
		config.Memory = 1 << 20
	}
	inputs, err := input.New(input.Config{Schema: config.Schema, Suggestions: config.Suggestions})
	if err != nil {
		t.Fatal(err)
	}
	config.Inputs = inputs
	s, err := document.New(config, func(operation *ast.OperationDefinition, _ *input.Operation, _ coordinate.Set) string {
		return "facts of " + operation.Name
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// doubling has levels of fragments each of which spreads the next one twice.
func doubling(levels int) string {
	var b strings.Builder
	b.WriteString("{ ...F0 }")
	for i := range levels {
		fmt.Fprintf(&b, " fragment F%d on Query { a { ...F%d } b { ...F%d } }", i, i+1, i+1)
	}
	fmt.Fprintf(&b, " fragment F%d on Query { leaf }", levels)
	return b.String()
}

// aliases has one field many times.
func aliases(n int) string {
	var b strings.Builder
	b.WriteString("{")
	for i := range n {
		fmt.Fprintf(&b, " a%d: leaf", i)
	}
	return b.String() + " }"
}

func TestLimits(t *testing.T) {
	const wide = "{ a { leaf b { leaf list { leaf } } } b { leaf b { leaf list { leaf } } } list { leaf b { leaf list { leaf } } } leaf }"
	deep := func(n int) string { return strings.Repeat("{ a ", n) + "{ leaf }" + strings.Repeat(" }", n) }
	for name, c := range map[string]struct{ text, code string }{
		"nothing":               {"", "GRAPHQL_PARSE_FAILED"},
		"no GraphQL":            {"{ a(", "GRAPHQL_PARSE_FAILED"},
		"only a fragment":       {"fragment F on Query { leaf }", "GRAPHQL_VALIDATION_FAILED"},
		"bytes":                 {"{ leaf } #" + strings.Repeat("x", 300<<10), "MAX_TOKENS_LIMIT"},
		"tokens":                {strings.Repeat("{ leaf } ", 900), "MAX_TOKENS_LIMIT"},
		"depth":                 {deep(20), "MAX_DEPTH_LIMIT"},
		"depth, just":           {deep(19), ""},
		"depth in fragments":    {"{ ...F } fragment F on Query " + deep(20), "MAX_DEPTH_LIMIT"},
		"depth of the schema":   {"{ __schema { queryType { ofType " + strings.Repeat("{ ofType ", 25) + "{ name }" + strings.Repeat(" }", 27) + " }", ""},
		"lists of the schema":   {"{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }", "GRAPHQL_VALIDATION_FAILED"},
		"depth, inline":         {"{ ... on Query " + deep(20) + " }", "MAX_DEPTH_LIMIT"},
		"fields":                {"{ a { ...G } b { ...G } list { ...G } } fragment G on Query { a { ...H } b { ...H } list { ...H } } fragment H on Query { a { ...F } b { ...F } list { ...F } } fragment F on Query { a " + wide + " b " + wide + " }", "MAX_FIELDS_LIMIT"},
		"fragments that double": {doubling(30), "MAX_DEPTH_LIMIT"},
		"spreads":               {"{ a { ...F ...F ...F } } fragment F on Query { ...G ...G ...G ...G ...G ...G ...G ...G ...G ...G ...G ...G ...G ...G ...G ...G ...G ...G ...G ...G ...G ...G ...G ...G ...G ...G ...G ...G ...G ...G ...G ...G ...G } fragment G on Query { leaf }", "MAX_FRAGMENTS_LIMIT"},
		"spreads of operations": {"query A { ...F } " + strings.Repeat("query B { ...F } ", 100) + "fragment F on Query { leaf }", "MAX_FRAGMENTS_LIMIT"},
		"spreads in spreads": {"{ ...F0 }" + func() string {
			var b strings.Builder
			for i := range 11 {
				fmt.Fprintf(&b, " fragment F%d on Query { ...F%d }", i, i+1)
			}
			return b.String() + " fragment F11 on Query { leaf }"
		}(), "MAX_FRAGMENTS_LIMIT"},
		"4,000 aliases":        {aliases(600), "MAX_ALIASES_LIMIT"},
		"aliases in fragments": {"{ a { ...F } b { ...F } list { ...F } } fragment F on Query " + aliases(17), "MAX_ALIASES_LIMIT"},
		"aliases, just":        {"{ b " + aliases(50) + " }", ""},
		"root fields":          {"{ a { leaf } b { leaf } " + strings.Repeat("leaf ", 19) + "}", "MAX_ROOT_FIELDS_LIMIT"},
		"root fields, spread":  {"{ ...F ... { ...F } ...F } fragment F on Query { leaf a {leaf} b {leaf} list {leaf} x: leaf y: leaf z: leaf }", "MAX_ROOT_FIELDS_LIMIT"},
		"one key":              {"{ b { " + strings.Repeat("leaf ", 11) + "} }", "MAX_RESPONSE_KEYS_LIMIT"},
		"one key, merged":      {"{ b { b { leaf leaf leaf leaf } b { leaf leaf leaf leaf } } b { b { leaf leaf leaf } } }", "MAX_RESPONSE_KEYS_LIMIT"},
		"one key, in fragment": {"{ b { leaf leaf leaf leaf leaf ...F } } fragment F on Query { leaf leaf leaf leaf leaf leaf }", "MAX_RESPONSE_KEYS_LIMIT"},
		"one key, elsewhere":   {"{ b { leaf leaf leaf leaf leaf leaf } a { leaf leaf leaf leaf leaf leaf } }", ""},
		"directives":           {"{ leaf " + strings.Repeat("@include(if: true) ", 51) + "}", "MAX_DIRECTIVES_LIMIT"},
		"directives, unknown":  {"query " + strings.Repeat("@a ", 51) + "{ leaf }", "MAX_DIRECTIVES_LIMIT"},
		"values, nested":       {"{ a(in: " + strings.Repeat("{in: ", 11) + "{n: 1}" + strings.Repeat("}", 11) + ") { leaf } }", "MAX_INPUT_LIMIT"},
		"values, many":         {"{ a(in: {list: [" + strings.Repeat("1 ", 1001) + "]}) { leaf } }", "MAX_INPUT_LIMIT"},
		"defaults, nested":     {"query ($x: In = " + strings.Repeat("[", 11) + strings.Repeat("]", 11) + ") { a(in: $x) { leaf } }", "MAX_INPUT_LIMIT"},
		"a cycle":              {"{ ...F } fragment F on Query { a { ...G } } fragment G on Query { b { ...F } }", "GRAPHQL_VALIDATION_FAILED"},
		"itself":               {"{ ...F } fragment F on Query { ...F }", "GRAPHQL_VALIDATION_FAILED"},
		"no such fragment":     {"{ ...F }", "GRAPHQL_VALIDATION_FAILED"},
		"no such field":        {"{ nothing }", "GRAPHQL_VALIDATION_FAILED"},
		"Int of 33 bits":       {"{ a(x: 2147483648) { leaf } }", "GRAPHQL_VALIDATION_FAILED"},
		"Int of 32 bits":       {"{ a(x: -2147483648) { leaf } }", ""},
		"Int in an object":     {"{ a(in: {list: [1, 2147483648]}) { leaf } }", "GRAPHQL_VALIDATION_FAILED"},
		"a large number":       {"{ a(in: {f: 2147483648}) { leaf } }", ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, errs := store(t, document.Config{}).Get(c.text)
			code := ""
			if len(errs) > 0 {
				code, _ = errs[0].Extensions["code"].(string)
			}
			if code != c.code {
				t.Errorf("got %q, want %q: %v", code, c.code, errs)
			}
		})
	}
}

// What grows faster than the document is refused before it is validated, and
// nothing of a long line or of many strings is looked at again and again.
func TestCostOfRefusing(t *testing.T) {
	l := limits()
	l.Tokens, l.Depth = 20_000, 100
	for name, text := range map[string]string{
		"fragments that double": doubling(30), "aliases": aliases(4000),
		"strings":       "{ any(x: [" + strings.Repeat(`"é"`, 200_000) + "]) }",
		"block strings": "{ any(x: [" + strings.Repeat(`"""é""" `, 100_000) + "]) }",
		"lines":         "{ any(x: [" + strings.Repeat("\r\n\"\x00\"", 150_000) + "]) }",
		"comments":      strings.Repeat("#\x00\r\n", 200_000) + "{",
		"not UTF-8":     strings.Repeat("é\r\n", 200_000) + "\xff",
	} {
		s := store(t, document.Config{Limits: l})
		least := time.Hour
		for range 5 {
			start := time.Now()
			if _, errs := s.Get(text); len(errs) == 0 {
				t.Fatal("not refused")
			}
			least = min(least, time.Since(start))
		}
		t.Logf("%s: %v", name, least)
		if n := testing.AllocsPerRun(3, func() { _, _ = s.Get(text) }); n > float64(10*l.Tokens) {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func BenchmarkRefusing(b *testing.B) {
	l := limits()
	l.Tokens, l.Depth = 20_000, 100
	for name, text := range map[string]string{"30 doubling fragments": doubling(30), "4000 aliases": aliases(4000)} {
		b.Run(name, func(b *testing.B) {
			s := store(b, document.Config{Limits: l})
			for b.Loop() {
				if _, errs := s.Get(text); len(errs) == 0 {
					b.Fatal("not refused")
				}
			}
		})
	}
}

func TestDocument(t *testing.T) {
	s := store(t, document.Config{})
	const text = "query A { leaf ...F } query B { ...F } fragment F on Query { a { leaf } }"
	doc, errs := s.Get(text)
	if errs != nil {
		t.Fatal(errs)
	}
	again, _ := s.Get(text)
	if doc != again {
		t.Error("the document is not kept")
	}
	if got := doc.Operation("B"); got == nil || got.Facts != "facts of B" || got.Definition.Name != "B" {
		t.Errorf("operation B: %+v", got)
	}
	if doc.Operation("") != nil || doc.Operation("C") != nil {
		t.Error("an operation that is none")
	}
	single, _ := s.Get("query A { leaf }")
	if single.Operation("") == nil || single.Operation("A") == nil {
		t.Error("the only operation is not found")
	}
	large := "{ leaf } #" + strings.Repeat("x", 256<<10)
	first, _ := s.Get(large)
	if second, _ := s.Get(large); first == nil || first == second {
		t.Error("a large document is kept")
	}
}

// A mistake has one error, and not others for what follows from it.
func TestErrorsThatFollow(t *testing.T) {
	for _, suggestions := range []bool{true, false} {
		s := store(t, document.Config{Suggestions: suggestions})
		for text, want := range map[string][]string{
			"query { leaf } { leaf }":                                    {"This anonymous operation must be the only defined operation.", "This anonymous operation must be the only defined operation."},
			"query A { leaf } query A { leaf }":                          {`There can be only one operation named "A".`},
			"query ($a: Int, $a: Int) { leaf @include(if: true) }":       {`Variable "$a" is never used.`, `There can be only one variable named "$a".`, `Variable "$a" is never used.`},
			"query Q($b: Boolean!, $b: Boolean!) { leaf @skip(if: $b) }": {`There can be only one variable named "$b".`},
			"{ ...F } fragment F on In { id }":                           {`Fragment "F" cannot condition on non composite type "In".`},
			"{ ... on In { id } }":                                       {`Fragment cannot condition on non composite type "In".`},
			"{ leaf { x } }":                                             {`Field "leaf" must not have a selection since type "Int" has no subfields.`},
			"{ a { nope } }":                                             {`Cannot query field "nope" on type "Query".`},
		} {
			_, errs := s.Get(text)
			var got []string
			for _, err := range errs {
				got = append(got, err.Message)
			}
			slices.Sort(got)
			if slices.Sort(want); !slices.Equal(got, want) {
				t.Errorf("%s: got %q, want %q", text, got, want)
			}
		}
	}
}

func TestSuggestions(t *testing.T) {
	for _, told := range []bool{false, true} {
		s := store(t, document.Config{Suggestions: told})
		for _, text := range []string{"{ laef }", "{ a(y: 1) { leaf } }", "{ a(in: {lisd: 1}) { leaf } }", "{ named(enum: REDD) }", "{ a }"} {
			_, errs := s.Get(text)
			if len(errs) == 0 || strings.Contains(errs.Error(), "Did you mean") != told {
				t.Errorf("%s: %v", text, errs)
			}
		}
	}
}

func FuzzGet(f *testing.F) {
	for _, text := range []string{doubling(3), aliases(5), "query ($x: In = {n: 1}) { a(in: $x) @skip(if: false) { ...F @defer } } fragment F on Query { leaf }", "{ ...F } fragment F on Query { ...F }"} {
		f.Add(text)
	}
	s := store(f, document.Config{})
	f.Fuzz(func(t *testing.T, text string) {
		doc, errs := s.Get(text)
		if (doc == nil) == (len(errs) == 0) {
			t.Fatalf("%v, %v", doc, errs)
		}
		for _, err := range errs {
			if err.Extensions["code"] == nil {
				t.Errorf("%v has no code", err)
			}
		}
	})
}
