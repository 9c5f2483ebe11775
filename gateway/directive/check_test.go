package directive_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/directive"
)

// mistakes returns the mistakes in a schema as "column: message [fix]", sorted.
func mistakes(t *testing.T, in directive.Checked) []string {
	t.Helper()
	in.Suggest = func(name string, names []string) string { return fmt.Sprintf("%s is not in %v", name, names) }
	var all []string
	directive.Check(in, func(pos *ast.Position, fix, format string, args ...any) {
		text := fmt.Sprintf("%d: %s", pos.Column, fmt.Sprintf(format, args...))
		if fix != "" {
			text += " [" + fix + "]"
		}
		all = append(all, text)
	})
	slices.Sort(all)
	return all
}

// Every message and position is in internal/bindgen/testdata/mistakes.
func TestCheck(t *testing.T) {
	for name, c := range map[string]struct{ sdl, want string }{
		"nothing": {`type Query { f: Int }`, ""},
		"all right": {`type Query { f(first: Int @constraint(min: 1, max: 9)): [Int] @cost(weight: "2") @listSize(slicingArguments: "first")
			@requiresScopes(scopes: [["a"]]) @cacheControl(maxAge: 5) @cacheTag(format: "f-{$args.first}") @rateLimit(max: 1, window: "1s", by: "args.first") }`, ""},
		"a weight": {`type Query { f: Int @cost(weight: "much") }`, `36: weight can't be "much" [write a number, such as "2.5"]`},
		"a weight of extensions": {
			`type Query @cost(weight: 1) { f: Int } extend type Query @cost(weight: 2)`,
			`72: Query has the weight 2 here, but 1 elsewhere [keep one of them]`,
		},
		"a weight of a directive": {
			`type Query { f: Int } directive @d(x: Int @cost(weight: "x")) on FIELD`,
			`58: weight can't be "x" [write a number, such as "2.5"]`,
		},
		"lists": {
			`type Query { f: Int @requiresScopes(scopes: ["a", "b"]) }`,
			`45: it is unclear whether all scopes are required or one of them [write [["a", "b"]] for all of them, or [["a"], ["b"]] for one of them]`,
		},
		"null":                   {`type Query { f: Int @cacheControl(maxAge: null) }`, `43: maxAge must not be null [remove it]`},
		"a type":                 {`type Query { f: Int @cacheControl(maxAge: "5") }`, `44: maxAge must be a whole number, but is "5"`},
		"an enum":                {`type Query { f: Int @cacheControl(scope: MINE) }`, `42: scope can't be MINE [MINE is not in [PUBLIC PRIVATE]]`},
		"a size":                 {`type Query { f: Int @listSize(assumedSize: 1) }`, `22: f is not a list`},
		"an argument":            {`type Query { f(a: Int): [Int] @listSize(slicingArguments: "b") }`, `60: f has no argument b [b is not in [a]]`},
		"a constraint":           {`type Query { f(a: Int @constraint(min: 2, max: 1)): Int }`, `24: min is more than max`},
		"a constraint of a text": {`type Query { f(a: String @constraint(min: 2)): Int }`, `27: @constraint is for Int and Float, but this is String`},
		"a window": {
			`type Query { f: Int @rateLimit(max: 1, window: "1ms") }`,
			`49: the window can't be "1ms" [write a time such as "10s", "1m" or "24h", from a second to a day]`,
		},
		"by": {
			`type Query { f(a: Int): Int @rateLimit(max: 1, window: "1s", by: "b") }`,
			`67: "b" does not distinguish callers [b is not in [principal address args.a]]`,
		},
		"a tag": {`type Query { f: Int @cacheTag(format: "{$args.a}") }`, `40: f has no argument a`},
		"a purge by a query": {
			`type Query { f: Int @invalidates(tags: "a") }`,
			`22: Query.f is not a mutation, so it changes nothing [write it at the mutation]`,
		},
		"a cached mutation": {
			`type Query { f: Int } type Mutation { m: Int @cacheControl(maxAge: 1) }`,
			`47: Mutation.m is a mutation: only queries are cached [remove it]`,
		},
	} {
		if got := strings.Join(mistakes(t, directive.Checked{Schema: load(t, c.sdl)}), "\n"); got != c.want {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, c.want)
		}
	}
}

// What stands for a missing type, or no frontend sees, is known elsewhere.
func TestCheckWithWhatIsKnown(t *testing.T) {
	in := directive.Checked{Schema: load(t, `type Query { f: Missing @listSize(assumedSize: 1) }
type Missing { a: [Int] }
type Page { hidden: [Int] }
extend type Query { page: Page @listSize(assumedSize: 1, sizedFields: "hidden") }`)}
	if got := mistakes(t, in); len(got) != 1 || !strings.Contains(got[0], "f is not a list") {
		t.Errorf("got %q", got)
	}
	in.StandIn = func(typ *ast.Type) bool { return typ.Name() == "Missing" }
	in.Inaccessible = func(field *ast.FieldDefinition) bool { return field.Name == "hidden" }
	if got := mistakes(t, in); len(got) != 1 || !strings.Contains(got[0], "Page.hidden is @inaccessible") {
		t.Errorf("got %q", got)
	}
}

func TestCheckArguments(t *testing.T) {
	schema := load(t, `directive @d(in: In, list: [Boolean!], any: Any) on FIELD_DEFINITION
scalar Any
input In { need: Int! text: String in: In }
type Query {
  good: Int @d(in: {need: 1, in: {need: 2}}, list: true, any: {a: [1, "x"]})
  absent: Int @d(in: {text: "t"})
  unknown: Int @d(in: {need: 1, more: 2})
  deep: Int @d(in: {need: 1, in: {need: "x"}})
  object: Int @d(in: 5)
  item: Int @d(list: [true, null, 1])
  large: Int @d(in: {need: 2147483648})
}`)
	for field, want := range map[string]string{
		"good":    "",
		"absent":  "in has no need",
		"unknown": "in has no more",
		"deep":    `in.in.need must be a whole number, but is "x"`,
		"object":  "in must be an object, but is 5",
		"item":    "list must not be null, list must be true or false, but is 1",
		"large":   "in.need must be a whole number, but is 2147483648",
	} {
		var got []string
		d := schema.Query.Fields.ForName(field).Directives.ForName("d")
		ok := directive.CheckArguments(directive.Checked{Schema: schema}, d, func(_ *ast.Position, _, format string, args ...any) {
			got = append(got, fmt.Sprintf(format, args...))
		})
		if strings.Join(got, ", ") != want || ok != (want == "") {
			t.Errorf("%s: got %q, %v; want %q", field, got, ok, want)
		}
	}
}
