package project_test

import (
	"errors"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
	"golang.org/x/tools/txtar"

	"github.com/portico-gateway/portico/gateway/directive"
	"github.com/portico-gateway/portico/internal/binding"
	"github.com/portico-gateway/portico/internal/project"
)

// A field that pages by first and last needs no directive for its length.
func TestImpliedListSize(t *testing.T) {
	const connection = " type C { nodes: [Int] edges: [Int] others: [Int] } type N { id: ID nodes: Int }"
	for field, want := range map[string]string{
		"f(first: Int): [Int]":        "[first] [] ",
		"f(first: Int, last: Int): C": "[first last] [nodes edges] ",
		"f(first: Int @constraint(max: 50), last: Int @constraint(max: 10)): C":  "[first last] [nodes edges] 50",
		"f(first: Int @constraint(max: 10), last: Int! @constraint(max: 50)): C": "[first last] [nodes edges] 50",
		"f(first: Int @constraint(min: 1)): [Int]":                               "[first] [] ",
		"f(first: Int @constraint(max: -1)): [Int]":                              "[first] [] 0",
		"f(first: String, last: [Int]): [Int]":                                   "none",
		"f(limit: Int): [Int]":                                                   "none",
		"f(first: Int): N":                                                       "none",
		"f(first: Int): Int":                                                     "none",
		"f(first: Int): [Int] @listSize(assumedSize: 3)":                         "[] [] 3",
	} {
		api, err := project.Publish("type Query { " + field + " }" + connection)
		if err != nil {
			t.Errorf("%s: %v", field, err)
			continue
		}
		got := "none"
		if d := api.Query.Fields.ForName("f").Directives.ForName("listSize"); d != nil {
			got = "[" + texts(d, "slicingArguments") + "] [" + texts(d, "sizedFields") + "] " + texts(d, "assumedSize")
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", field, got, want)
		}
	}
}

// Callers see the definitions of the directives that are used, wherever they
// are, and of no others.
func TestDefinitionsOfWhatIsUsed(t *testing.T) {
	for sdl, want := range map[string]string{
		"type Query { a: Int }":                                                              "",
		"type Query { a: Int @authenticated }":                                               "authenticated",
		"type Query { a(b: Int @cost(weight: 1)): Int }":                                     "cost",
		"type Query { a(b: In): Int } input In { c: Int @cost(weight: 1) }":                  "cost",
		"type Query { a: Int } extend type Query @authenticated":                             "authenticated",
		"type Query { a: Int } scalar S @cost(weight: 1)":                                    "cost",
		"type Query { a: E } enum E @policy(policies: \"a\") { A }":                          "policy",
		"type Query { a: Int } directive @d(b: Int @cost(weight: 1)) on FIELD":               "cost d",
		"type Query { a(first: Int @constraint(max: 3)): [Int] }":                            "constraint listSize",
		"type Query { a: Int b: Int @inaccessible @authenticated }":                          "",
		"type Query { a: Int b: T @inaccessible } type T @authenticated { c: Int }":          "",
		"type Query { a: Int @source(name: \"b\") @rateLimit(max: 1, window: \"1s\") }":      "rateLimit",
		"type Query { a: Int @calls } interface I @requiresScopes(scopes: \"a\") { b: Int }": "requiresScopes",
	} {
		api, err := project.Publish(sdl)
		if err != nil {
			t.Errorf("%s: %v", sdl, err)
			continue
		}
		var got []string
		for name, d := range api.Directives {
			if !d.Position.Src.BuiltIn {
				got = append(got, name)
			}
		}
		if slices.Sort(got); strings.Join(got, " ") != want {
			t.Errorf("%s: got %v, want %s", sdl, got, want)
		}
	}
}

func texts(d *ast.Directive, name string) string {
	arg := d.Arguments.ForName(name)
	if arg == nil {
		return ""
	}
	var list []string
	for _, item := range directive.Items(arg.Value) {
		list = append(list, item.Raw)
	}
	return strings.Join(list, " ")
}

// FuzzPublish wants of every text that it is refused at a place in it, or that
// callers see a schema whose directives the gateway can read.
func FuzzPublish(f *testing.F) {
	files, err := filepath.Glob(filepath.Join("..", "bindgen", "testdata", "*", "polic*.txtar"))
	if err != nil || len(files) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for _, part := range archive.Files {
			if strings.HasSuffix(part.Name, ".graphqls") {
				f.Add(string(part.Data))
			}
		}
	}
	for _, seed := range []string{
		"type Query { x(first: Int): Unknown }",
		"type Query { a: T } type T @cost(weight: 1) { a: Int } extend type T @cost(weight: 2.50)",
		"directive @d(a: Int @cost(weight: -1.5e3)) on FIELD type Query { a: Int }",
		"directive @cost(weight: Int!) on OBJECT type Query @cost(weight: 1) { a: Int }",
		`type Query { a: Int @policy(policies: [["\u0007\"\\"]]) @deprecated(reason: """a "b" \""" """) }`,
		`type Query { a(i: In): [Int] @listSize(slicingArguments: ["i.a.b"], requireOneSlicingArgument: false, assumedSize: 3) } input In { a: In b: Int }`,
		`type Query { a(i: In): Int @rateLimit(max: 1, window: "1m", by: ["args.i.b", "address"]) } input In { a: In b: Int }`,
		"type Query { a: I @inaccessible b: Int } interface I { a(first: Int): [I] } union U = Query",
		"schema @authenticated { query: Q } type Q { a: Int @authenticated } enum E { A @authenticated }",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, sdl string) {
		api, err := project.Publish(sdl)
		checkOutcome(t, sdl, api, err)
	})
}

// checkOutcome wants mistakes at places in the schema, or else a schema that
// the gateway can read.
func checkOutcome(t *testing.T, sdl string, api *ast.Schema, err error) {
	t.Helper()
	if err != nil {
		var found project.Diagnostics
		if !errors.As(err, &found) {
			t.Fatalf("%q: %v", sdl, err)
		}
		for _, d := range found {
			if d.File != "schema/web/web.graphqls" || d.Message == "" {
				t.Errorf("%q: %+v has no place in the schema", sdl, d)
			}
		}
		return
	}
	if api == nil {
		t.Fatalf("%q has no mistakes, but callers see nothing", sdl)
	}
	for name, def := range api.Types {
		checkPublished(t, name, def.Directives)
		for _, field := range def.Fields {
			checkPublished(t, name+"."+field.Name, field.Directives)
			for _, arg := range field.Arguments {
				checkPublished(t, name+"."+field.Name+"."+arg.Name, arg.Directives)
			}
		}
	}
}

// checkPublished wants what the gateway relies on.
func checkPublished(t *testing.T, where string, directives ast.DirectiveList) {
	t.Helper()
	for _, d := range directives {
		if binding.Private(d.Name) {
			t.Errorf("%s: callers see @%s", where, d.Name)
		}
		if d.Name == "cost" {
			weight := d.Arguments.ForName("weight").Value
			n, err := strconv.ParseFloat(weight.Raw, 64)
			if err != nil || math.IsNaN(n) || math.IsInf(n, 0) || weight.Kind != ast.StringValue {
				t.Errorf("%s: the weight %s", where, weight)
			}
		}
		if size := d.Arguments.ForName("assumedSize"); d.Name == "listSize" && size != nil {
			if n, err := strconv.Atoi(size.Value.Raw); err != nil || n < 0 {
				t.Errorf("%s: the size %s", where, size.Value)
			}
		}
	}
}

// vocabulary makes schemas that parse, most of them with mistakes.
func vocabulary() (arguments, types, directives []string) {
	arguments = []string{"", "(first: Int)", "(first: Int = 3, last: Int @constraint(max: 9))", "(in: In)", "(in: In! = {first: 1})", "(first: Unknown)", "(first: String @cost(weight: 2))", "(in: [In] @cost(weight: \"x\"))"}
	types = []string{"Int", "[Int!]!", "Page", "[Page]", "Abstract", "Unknown", "[Unknown]", "[[Page]]", "Level", "Either"}
	directives = []string{
		"", "@authenticated", `@requiresScopes(scopes: [["a"], ["b"]])`, "@requiresScopes(scopes: [])", `@policy(policies: "a")`, "@policy(policies: [null])",
		"@cost(weight: 1)", `@cost(weight: "1.5")`, "@cost(weight: null)", "@cost(weight: [1])", "@cost", "@inaccessible",
		"@listSize", "@listSize(assumedSize: 3)", "@listSize(assumedSize: null)", `@listSize(slicingArguments: "first")`,
		`@listSize(slicingArguments: ["in.first", "in.in.first"])`, `@listSize(assumedSize: 1, sizedFields: ["nodes"])`, `@listSize(assumedSize: -1, sizedFields: [null, "hidden", 1])`,
		`@rateLimit(max: 1, window: "1m", by: ["args.first", "args.in.first"])`, `@rateLimit(max: 0, window: "", by: null)`, "@rateLimit(max: {}, window: [])",
	}
	return arguments, types, directives
}

// FuzzPolicies wants the same as FuzzPublish of schemas that are made of
// directives.
func FuzzPolicies(f *testing.F) {
	f.Add([]byte{1, 1, 15, 2, 2, 17, 6, 1, 6, 7, 0, 0})
	f.Add([]byte{5, 5, 13, 3, 9, 16, 12, 20, 21, 22, 4, 4})
	arguments, types, directives := vocabulary()
	f.Fuzz(func(t *testing.T, picks []byte) {
		pick := func(list []string) string {
			if len(picks) == 0 {
				return list[0]
			}
			text := list[int(picks[0])%len(list)]
			picks = picks[1:]
			return text
		}
		field := func(name string) string {
			return name + pick(arguments) + ": " + pick(types) + " " + pick(directives) + " " + pick(directives) + "\n"
		}
		sdl := "type Query { ok: Int " + field("a") + field("b") + field("c") + "}\n" +
			"type Page implements Abstract " + pick(directives) + " { id: ID nodes: [Int] hidden: [Int] @inaccessible " + field("next") + "}\n" +
			"extend type Page " + pick(directives) + " { more: Int }\n" +
			"interface Abstract " + pick(directives) + " { id: ID " + pick(directives) + " }\n" +
			"input In " + pick(directives) + " { first: Int " + pick(directives) + " in: In other: Unknown }\n" +
			"enum Level " + pick(directives) + " { A }\nunion Either = Page\n" +
			"directive @own(of: Int " + pick(directives) + ") on FIELD\n"
		if pick([]string{"", "x"}) == "" {
			sdl = strings.ReplaceAll(strings.ReplaceAll(sdl, "other: Unknown", ""), "Unknown", "Int")
		}
		api, err := project.Publish(sdl)
		checkOutcome(t, sdl, api, err)
	})
}
