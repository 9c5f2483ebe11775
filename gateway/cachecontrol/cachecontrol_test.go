package cachecontrol_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator"

	"github.com/portico-gateway/portico/gateway/cachecontrol"
)

const directives = `
directive @cacheControl(maxAge: Int, scope: Scope, inheritMaxAge: Boolean, staleWhileRevalidate: Int, staleIfError: Int) on FIELD_DEFINITION | OBJECT | INTERFACE | UNION
enum Scope { PUBLIC PRIVATE }
directive @cacheTag(format: String!) repeatable on FIELD_DEFINITION | OBJECT | INTERFACE
directive @invalidates(tags: [String!]!) on FIELD_DEFINITION
`

func operation(t testing.TB, sdl, query string, defaults cachecontrol.Defaults) (*cachecontrol.Operation, *ast.OperationDefinition) {
	t.Helper()
	schema, err := gqlparser.LoadSchema(&ast.Source{Name: "s", Input: directives + sdl})
	if err != nil {
		t.Fatal(err)
	}
	doc, errs := gqlparser.LoadQueryWithRules(schema, query, nil)
	if errs != nil {
		t.Fatal(errs)
	}
	return cachecontrol.New(schema, defaults).Of(doc.Operations[0]), doc.Operations[0]
}

// The examples of Apollo's documentation, and what its implementation does
// where that says nothing
// (https://www.apollographql.com/docs/apollo-server/performance/caching).
func TestPolicies(t *testing.T) {
	const apollo = `
		type Query {
			book: Book
			cachedBook: Book @cacheControl(maxAge: 60)
			reader: Reader @cacheControl(maxAge: 40)
			n: Int
			inherited: Book @cacheControl(inheritMaxAge: true)
			aged: Aged
			agedOver: Aged @cacheControl(maxAge: 90)
			agedInherited: Aged @cacheControl(inheritMaxAge: true)
			private: Int @cacheControl(maxAge: 5, scope: PRIVATE)
			zero: Int @cacheControl(maxAge: 0)
			scoped: Aged @cacheControl(scope: PRIVATE)
			opened: Closed @cacheControl(scope: PUBLIC)
			closed: Closed
			node: Node @cacheControl(maxAge: 100)
			any: Any @cacheControl(maxAge: 100)
			plain: Any
			inheriting: Inheriting
		}
		type Book { title: String  cachedTitle: String @cacheControl(maxAge: 30)  author: Author  own: Author @cacheControl(inheritMaxAge: true) }
		type Author { name: String }
		type Reader { book: Book @cacheControl(inheritMaxAge: true)  short: Int @cacheControl(maxAge: 3)  later: Inheriting }
		type Inheriting @cacheControl(inheritMaxAge: true) { n: Int }
		type Aged @cacheControl(maxAge: 20) { n: Int }
		type Closed @cacheControl(maxAge: 20, scope: PRIVATE) { n: Int }
		interface Node { id: ID  deep: Aged }
		type One implements Node @cacheControl(maxAge: 50) { id: ID @cacheControl(maxAge: 7)  deep: Aged  own: Int }
		type Two implements Node { id: ID  deep: Aged @cacheControl(maxAge: 4) secret: Int @cacheControl(scope: PRIVATE) }
		union Any = One | Two | Closed
		type Mutation { book: Book @cacheControl(maxAge: 60) }
		type Subscription { n: Int @cacheControl(maxAge: 60) }`
	for query, want := range map[string]string{
		"{book{title}}":                   "0s PUBLIC",
		"{book{cachedTitle}}":             "0s PUBLIC",
		"{cachedBook{title}}":             "1m0s PUBLIC",
		"{cachedBook{title cachedTitle}}": "30s PUBLIC",
		"{cachedBook{author{name}}}":      "0s PUBLIC",
		"{cachedBook{own{name}}}":         "1m0s PUBLIC",
		"{reader{book{title}}}":           "40s PUBLIC",
		"{reader{book{cachedTitle}}}":     "30s PUBLIC",
		"{reader{short}}":                 "3s PUBLIC",
		"{reader{later{n}}}":              "40s PUBLIC",
		"{n}":                             "0s PUBLIC",
		"{n cachedBook{title}}":           "0s PUBLIC",
		"{inherited{title}}":              "0s PUBLIC", // a root field has nothing to inherit
		"{inheriting{n}}":                 "0s PUBLIC",
		"{aged{n}}":                       "20s PUBLIC",
		"{agedOver{n}}":                   "1m30s PUBLIC",
		"{agedInherited{n}}":              "20s PUBLIC",
		"{private}":                       "5s PRIVATE",
		"{private aged{n}}":               "5s PRIVATE",
		"{zero aged{n}}":                  "0s PUBLIC",
		"{scoped{n}}":                     "20s PRIVATE",
		"{closed{n}}":                     "20s PRIVATE",
		"{opened{n}}":                     "20s PUBLIC", // a field's hint goes before its type's
		"{__typename}":                    "0s PUBLIC",
		"{__typename aged{n __typename}}": "20s PUBLIC",
		"{aged @skip(if:true){n} n @include(if:false)}":                       "0s PUBLIC", // what could be selected counts
		"query Q{...F} fragment F on Query{aged{...G}} fragment G on Aged{n}": "20s PUBLIC",
		"{a:aged{n} b:agedOver{n}}":                                           "20s PUBLIC",
		"{node{__typename}}":                                                  "50s PUBLIC", // it can be a One
		"{node{id}}":                                                          "7s PUBLIC",
		"{node{deep{n}}}":                                                     "4s PUBLIC",
		"{node{...on Two{secret}}}":                                           "50s PRIVATE",
		"{any{__typename}}":                                                   "20s PRIVATE",
		"{plain{__typename}}":                                                 "0s PRIVATE",
		"mutation{book{title}}":                                               "0s PUBLIC",
		"subscription{n}":                                                     "0s PUBLIC",
		"{__schema{queryType{name}}}":                                         "1m0s PUBLIC",
		"{__type(name:\"One\"){name} aged{n}}":                                "20s PUBLIC",
		"{aged{n}...on Query{private}}":                                       "5s PRIVATE",
		"{reader{...on Reader{short ...on Reader{book{title}}}}}":             "3s PUBLIC",
	} {
		op, _ := operation(t, apollo, query, cachecontrol.Defaults{})
		scope := "PUBLIC"
		if op.Policy.Private {
			scope = "PRIVATE"
		}
		if got := fmt.Sprint(op.Policy.MaxAge, " ", scope); got != want {
			t.Errorf("%s: got %s, want %s", query, got, want)
		}
	}
}

func TestStalenessAndDefaults(t *testing.T) {
	const sdl = `type Query {
		n: Int
		a: Int @cacheControl(maxAge: 10, staleWhileRevalidate: 5)
		b: Int @cacheControl(maxAge: 20, staleIfError: 7)
		c: Int @cacheControl(maxAge: 30, staleIfError: 3, staleWhileRevalidate: 1)
		huge: Int @cacheControl(maxAge: 2147483647)
		o: O @cacheControl(maxAge: 9, staleIfError: 2)
	}
	type O { n: Int o: O @cacheControl(inheritMaxAge: true) }`
	second := time.Second
	defaults := cachecontrol.Defaults{MaxAge: 100 * second, StaleWhileRevalidate: 2 * second, StaleIfError: 60 * second}
	for query, want := range map[string]cachecontrol.Policy{
		"{n}":         {MaxAge: 100 * second, StaleWhileRevalidate: 2 * second, StaleIfError: 60 * second},
		"{a}":         {MaxAge: 10 * second, StaleWhileRevalidate: 5 * second, StaleIfError: 60 * second},
		"{b}":         {MaxAge: 20 * second, StaleWhileRevalidate: 2 * second, StaleIfError: 7 * second},
		"{a b c}":     {MaxAge: 10 * second, StaleWhileRevalidate: second, StaleIfError: 3 * second},
		"{o{n}}":      {MaxAge: 9 * second, StaleWhileRevalidate: 2 * second, StaleIfError: 2 * second},
		"{o{o{n}}}":   {MaxAge: 9 * second, StaleWhileRevalidate: 2 * second, StaleIfError: 2 * second},
		"{huge}":      {MaxAge: 2147483647 * second, StaleWhileRevalidate: 2 * second, StaleIfError: 60 * second},
		"{huge o{n}}": {MaxAge: 9 * second, StaleWhileRevalidate: 2 * second, StaleIfError: 2 * second},
	} {
		if op, _ := operation(t, sdl, query, defaults); op.Policy != want {
			t.Errorf("%s: got %v, want %v", query, op.Policy, want)
		}
	}
}

func TestTags(t *testing.T) {
	const sdl = `
		type Query {
			item(id: ID, ids: [ID!], in: In, n: Int = 7, e: E): Item @cacheTag(format: "item-{$args.id}") @cacheTag(format: "ids-{$args.ids}-{$args.n}") @cacheTag(format: "deep-{$args.in.list.id}") @cacheTag(format: "e-{$args.e}")
			node: Node
			any: Any
			bad: Int @cacheTag(format: "this-{$this.id}") @cacheTag(format: "open-{$args.id") @cacheTag(format: "{x}")
		}
		interface Node @cacheTag(format: "nodes") { id: ID }
		type Item implements Node @cacheTag(format: "items") @cacheTag(format: "item-{$this.id}") { id: ID  other: Other }
		type Other { n: Int }
		type Last implements Node { id: ID }
		union Any = Other | Last
		input In { list: [In2!] } input In2 { id: ID }
		enum E { RED }
		type Mutation {
			one(id: ID): Int @invalidates(tags: ["item-{$args.id}", "type:Item"])
			two: Other @invalidates(tags: "single")
			none: Int
		}`
	for _, c := range []struct {
		query     string
		variables map[string]any
		want      string
	}{
		{`{item(id: "1"){id}}`, nil, "type:Item item-1 items nodes"},
		{`{item(id: "a b,c%"){id}}`, nil, "type:Item item-a%20b%2Cc%25 items nodes"},
		{`{item{id}}`, nil, "type:Item items nodes"},
		{`{item(id: null){id}}`, nil, "type:Item items nodes"},
		{`{item(ids: ["1","2"], e: RED){id}}`, nil, "type:Item ids-1-7 ids-2-7 e-RED items nodes"},
		{`query($v: [ID!], $in: In){item(ids: $v, in: $in){id}}`, map[string]any{"v": []any{"x"}, "in": map[string]any{"list": []any{map[string]any{"id": "d"}, map[string]any{"id": nil}}}},
			"type:Item ids-x-7 deep-d items nodes"},
		{`{item{other{n}}}`, nil, "type:Item type:Other items nodes"},
		{`{node{id}}`, nil, "type:Item type:Last nodes items nodes nodes"},
		{`{any{__typename}}`, nil, "type:Last type:Other nodes"},
		{`{bad}`, nil, "{x}"},
		{`{a: item(id: "1"){id} b: item(id: "2"){id}}`, nil, "type:Item item-1 items nodes item-2 items nodes"},
	} {
		op, definition := operation(t, sdl, c.query, cachecontrol.Defaults{})
		schema, _ := gqlparser.LoadSchema(&ast.Source{Input: directives + sdl})
		variables, err := validator.VariableValues(schema, definition, c.variables)
		if err != nil {
			t.Fatal(err)
		}
		got := op.Tags(variables)
		want := strings.Fields(c.want)
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(slices.Compact(got), slices.Compact(want)) {
			t.Errorf("%s: got %q, want %q", c.query, got, want)
		}
	}
	for query, want := range map[string]string{
		`mutation{one(id:"1")}`: "item-1 type:Item",
		`mutation{one two{n}}`:  "type:Item single",
		`mutation{none}`:        "",
		`mutation{...F} fragment F on Mutation{none two{n}}`: "single",
		`{item(id:"1"){id}}`: "",
	} {
		op, definition := operation(t, sdl, query, cachecontrol.Defaults{})
		if got := strings.Join(op.Invalidated(nil, nil), " "); got != want {
			t.Errorf("%s: got %s, want %s", query, got, want)
		}
		if field, ok := definition.SelectionSet[0].(*ast.Field); ok {
			denied := map[*ast.Field]error{field: errors.New("denied")}
			if got := strings.Join(op.Invalidated(nil, denied), " "); strings.Contains(got, "item") {
				t.Errorf("%s: what is denied invalidates %s", query, got)
			}
		}
	}
}

// A format never panics, whatever it is and whatever arguments it meets.
func FuzzFormat(f *testing.F) {
	for _, seed := range []string{"a-{$args.x}", "{", "}", "{$args.}", "{$args.x.y}", "a{b}c", "{$this.x}", "{$args.x}{$args.x}", "{{$args.x}}", ""} {
		f.Add(seed, "v")
	}
	f.Fuzz(func(t *testing.T, text, value string) {
		schema := gqlparser.MustLoadSchema(&ast.Source{Input: directives + `type Query { f(x: [String]): Int }`})
		schema.Query.Fields.ForName("f").Directives = ast.DirectiveList{{Name: "cacheTag", Arguments: ast.ArgumentList{{Name: "format", Value: &ast.Value{Kind: ast.StringValue, Raw: text}}}}}
		doc := gqlparser.MustLoadQueryWithRules(schema, `query($x: [String]){f(x: $x)}`, nil)
		op := cachecontrol.New(schema, cachecontrol.Defaults{}).Of(doc.Operations[0])
		for _, tag := range op.Tags(map[string]any{"x": []any{value, nil, value}}) {
			if !strings.Contains(text, " ") && strings.Contains(tag, " ") {
				t.Errorf("%q with %q gives %q", text, value, tag)
			}
		}
	})
}
