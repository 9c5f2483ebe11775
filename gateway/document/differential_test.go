package document_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/coordinate"
	"github.com/portico-gateway/portico/gateway/document"
	"github.com/portico-gateway/portico/gateway/input"
	"github.com/portico-gateway/portico/gateway/problem"
	"github.com/portico-gateway/portico/internal/longtest"
)

// inputSchema has inputs of all kinds.
const inputSchema = `
type Query {
  scalars(int: Int, float: Float, string: String, id: ID, boolean: Boolean, color: Color, odd: Odd, json: JSON): String
  required(int: Int!, list: [Int!]!, color: Color!, odd: Odd!): String
  defaults(int: Int! = 7, list: [Int!]! = [1, 2], color: Color! = RED, tree: Tree! = {must: 1}, one: One = {a: 1}, matrix: [[Int]] = 5): String
  lists(a: [Int], b: [Int!], c: [[Int]], d: [[Int!]!], e: [Color!], f: [One!], g: [Tree], h: [JSON], i: [[String!]!]!): String
  tree(tree: Tree): String
  one(one: One, strict: One!): String
  nested: Query
  node: Node
  found: [Found]
}
input Tree {
  must: Int!
  name: String! = "leaf"
  id: ID
  count: Int = 3
  weights: [Float!] = [1.5]
  children: [Tree!]
  color: Color! = GREEN
  matrix: [[Int!]]
  one: One
  odd: Odd
  json: JSON
  parent: Tree
  twig: Twig! = {}
}
input Twig { length: Float! = 2 tags: [String!]! = "green" }
input One @oneOf { a: Int b: String c: Tree d: [Int!] }
enum Color { RED GREEN BLUE }
scalar Odd
scalar JSON
interface Node { id: ID! }
type A implements Node { id: ID! x(n: Int = 1): Int b: B }
type B implements Node { id: ID! y(n: Int = 1): String }
union Found = A | B
type Mutation { set(tree: Tree!, n: Int): String }
type Subscription { tick(n: Int! = 2): Int tock: Int }
`

// request is a document and its variables.
type request struct {
	Document  string         `json:"document"`
	Variables map[string]any `json:"variables"`
}

// outcome is what becomes of a request.
type outcome struct {
	Verdict   string                    `json:"verdict"` // syntax, invalid, input, ok
	Why       string                    `json:"why"`
	Arguments map[string]map[string]any `json:"arguments"` // of executed fields, by path
}

// Requests with random variables and literals are what graphql-js (npm) says
// they are, and fields are executed with the same arguments.
func TestInputsAreThoseOfGraphQLJS(t *testing.T) { compareInputs(t, 3000) }

// TestInputsLong is the same with more requests.
func TestInputsLong(t *testing.T) {
	longtest.Only(t)
	compareInputs(t, 20_000)
}

func compareInputs(t *testing.T, requests int) {
	t.Helper()
	list := make([]request, requests)
	for seed := range list {
		list[seed] = (&randomRequest{Rand: rand.New(rand.NewPCG(uint64(seed), 12))}).request()
	}
	compare(t, list, requests/3)
}

// Documents of which tokens were changed are what graphql-js says they are.
func TestDocumentsAreThoseOfGraphQLJS(t *testing.T) { compareDocuments(t, 3000) }

// TestDocumentsLong is the same with more documents.
func TestDocumentsLong(t *testing.T) {
	longtest.Only(t)
	compareDocuments(t, 20_000)
}

func compareDocuments(t *testing.T, requests int) {
	t.Helper()
	list := make([]request, requests)
	for seed := range list {
		list[seed] = request{Document: mutated(rand.New(rand.NewPCG(uint64(seed), 34)))}
	}
	compare(t, list, requests/30)
}

// compare fails for requests of which graphql-js thinks otherwise. At least so
// many requests must be executed, or the others are too simple.
func compare(t *testing.T, list []request, atLeast int) {
	t.Helper()
	want, s := theirs(t, list), inputStore(t)
	counts := map[string]int{}
	for i, r := range list {
		got := ours(t, s, r)
		counts[want[i].Verdict]++
		if section := known(got, want[i]); section != "" {
			counts["known difference, "+section]++
			continue
		}
		if got.Verdict != want[i].Verdict {
			t.Errorf("%s\n%s\n\tgot  %s (%s)\n\twant %s (%s)", r.Document, encoded(r.Variables), got.Verdict, got.Why, want[i].Verdict, want[i].Why)
		} else if got.Verdict == "ok" && encoded(got.Arguments) != encoded(want[i].Arguments) {
			t.Errorf("%s\n%s\n\tgot  %s\n\twant %s", r.Document, encoded(r.Variables), encoded(got.Arguments), encoded(want[i].Arguments))
		}
	}
	t.Logf("%d requests compared with graphql-js: %v", len(list), counts)
	if counts["ok"] < atLeast || counts["invalid"] < 100 {
		t.Errorf("the requests are too simple: %v", counts)
	}
}

// known returns the section of the specification (September 2025) that decides
// where graphql-js differs from it; empty if there is no such difference.
func known(got, want outcome) string {
	if want.Verdict != "invalid" && strings.Contains(got.Why, "must be non-nullable to be used for OneOf Input Object") {
		return "5.8.5" // graphql-js does not see it where the OneOf input object is non-null
	}
	if want.Verdict == "ok" && strings.Contains(got.Why, "is null where a value of type Boolean! is required") {
		return "6.3.2" // @include is not evaluated where @skip leaves out; gqlgen evaluates both
	}
	return ""
}

// encoded is JSON in which equal numbers are equal.
func encoded(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	var plain any
	if err := json.Unmarshal(text, &plain); err != nil {
		return err.Error()
	}
	plain = withoutNegativeZero(plain)
	text, err = json.Marshal(plain)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// withoutNegativeZero has 0 for -0, which JavaScript's JSON does not have.
func withoutNegativeZero(value any) any {
	switch value := value.(type) {
	case float64:
		return value + 0
	case []any:
		for i, item := range value {
			value[i] = withoutNegativeZero(item)
		}
	case map[string]any:
		for name, member := range value {
			value[name] = withoutNegativeZero(member)
		}
	}
	return value
}

func theirs(t *testing.T, list []request) []outcome {
	t.Helper()
	text, err := json.Marshal(map[string]any{"sdl": inputSchema, "cases": list})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "node", "inputs.mjs")
	cmd.Dir = "../../e2e/clients"
	cmd.Stdin = bytes.NewReader(text)
	var out, failed bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &failed
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v (make test installs what it needs)\n%s", err, failed.String())
	}
	var outcomes []outcome
	if err := json.Unmarshal(out.Bytes(), &outcomes); err != nil || len(outcomes) != len(list) {
		t.Fatalf("%v: %.1000s", err, out.String())
	}
	return outcomes
}

func inputStore(t testing.TB) *document.Store[struct{}] {
	t.Helper()
	schema := gqlparser.MustLoadSchema(&ast.Source{Input: inputSchema})
	inputs, err := input.New(input.Config{Schema: schema, Parsers: map[string]input.Parser{"Odd": odd}})
	if err != nil {
		t.Fatal(err)
	}
	const high = 1 << 20
	s, err := document.New(document.Config{
		Schema: schema, Inputs: inputs, Memory: 1,
		Limits: document.Limits{
			Bytes: high, Tokens: high, Depth: high, Fields: high, Aliases: high, RootFields: high, PerKey: high, Directives: high, Spreads: high, SpreadDepth: high,
			InputDepth: high, InputItems: high,
		},
	}, func(*ast.OperationDefinition, *input.Operation, coordinate.Set) struct{} { return struct{}{} })
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func odd(_ context.Context, value any) (any, error) {
	if n, ok := input.Number(value); ok && n == float64(int64(n)) && int64(n)%2 != 0 {
		return value, nil
	}
	return nil, errors.New("not odd")
}

func ours(t *testing.T, s *document.Store[struct{}], r request) outcome {
	t.Helper()
	doc, errs := s.Get(r.Document)
	if len(errs) > 0 {
		out := outcome{Verdict: "invalid", Why: errs.Error()}
		if errs[0].Extensions["code"] == string(problem.ParseFailed) {
			out.Verdict = "syntax"
		}
		return out
	}
	operation := doc.Operation(doc.AST.Operations[0].Name)
	if operation == nil { // graphql-js is not given a name either
		return outcome{Verdict: "input", Why: "several operations"}
	}
	var variables map[string]any
	decoder := json.NewDecoder(strings.NewReader(sent(t, r.Variables)))
	decoder.UseNumber()
	if err := decoder.Decode(&variables); err != nil {
		t.Fatal(err)
	}
	values, errs := operation.Inputs.Coerce(t.Context(), variables)
	if len(errs) > 0 {
		for _, err := range errs {
			if err.Extensions["code"] != "BAD_USER_INPUT" || len(err.Locations) == 0 {
				t.Errorf("%s: %v has the code %v and %d locations", r.Document, err, err.Extensions["code"], len(err.Locations))
			}
		}
		return outcome{Verdict: "input", Why: errs.Error()}
	}
	out := outcome{Verdict: "ok", Arguments: map[string]map[string]any{}}
	executed(operation.Definition.SelectionSet, "", values, out.Arguments)
	return out
}

func sent(t *testing.T, variables map[string]any) string {
	t.Helper()
	if variables == nil {
		return "{}"
	}
	text, err := json.Marshal(variables)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// executed collects the arguments of the fields of the root types.
func executed(selections ast.SelectionSet, path string, values map[string]any, into map[string]map[string]any) {
	for _, selection := range selections {
		switch s := selection.(type) {
		case *ast.Field:
			if !included(s.Directives, values) || s.Name == "__typename" || s.ObjectDefinition.Name[0] == '_' || strings.HasPrefix(s.Name, "__") {
				continue
			}
			if _, ok := into[path+s.Alias]; !ok {
				into[path+s.Alias] = s.ArgumentMap(values)
			}
			if s.Definition.Type.Name() == "Query" {
				executed(s.SelectionSet, path+s.Alias+".", values, into)
			}
		case *ast.InlineFragment:
			if included(s.Directives, values) {
				executed(s.SelectionSet, path, values, into)
			}
		case *ast.FragmentSpread:
			if included(s.Directives, values) {
				executed(s.Definition.SelectionSet, path, values, into)
			}
		}
	}
}

func included(directives ast.DirectiveList, values map[string]any) bool {
	for _, d := range directives {
		value, err := d.Arguments.ForName("if").Value.Value(values)
		if err != nil || value != (d.Name == "include") {
			return false
		}
	}
	return true
}

// randomRequest makes an operation with variables and literals, some of which
// are wrong.
type randomRequest struct {
	*rand.Rand

	definitions []string
	variables   map[string]any
	careful     bool // literals fit their types
}

// inputFields are the types of the fields of input objects.
var inputFields = map[string]map[string]string{
	"Tree": {
		"must": "Int!", "name": "String!", "id": "ID", "count": "Int", "weights": "[Float!]", "children": "[Tree!]", "color": "Color!", "matrix": "[[Int!]]",
		"one": "One", "odd": "Odd", "json": "JSON", "parent": "Tree", "twig": "Twig!",
	},
	"Twig": {"length": "Float!", "tags": "[String!]!"},
	"One":  {"a": "Int", "b": "String", "c": "Tree", "d": "[Int!]"},
}

var arguments = map[string]map[string]string{
	"scalars":  {"int": "Int", "float": "Float", "string": "String", "id": "ID", "boolean": "Boolean", "color": "Color", "odd": "Odd", "json": "JSON"},
	"required": {"int": "Int!", "list": "[Int!]!", "color": "Color!", "odd": "Odd!"},
	"defaults": {"int": "Int!", "list": "[Int!]!", "color": "Color!", "tree": "Tree!", "one": "One", "matrix": "[[Int]]"},
	"lists":    {"a": "[Int]", "b": "[Int!]", "c": "[[Int]]", "d": "[[Int!]!]", "e": "[Color!]", "f": "[One!]", "g": "[Tree]", "h": "[JSON]", "i": "[[String!]!]!"},
	"tree":     {"tree": "Tree"},
	"one":      {"one": "One", "strict": "One!"},
}

func (r *randomRequest) oneIn(n int) bool { return r.IntN(n) == 0 }

func (r *randomRequest) request() request {
	r.variables = map[string]any{}
	r.careful = !r.oneIn(4)
	var fields []string
	for i := range 1 + r.IntN(2) {
		names := slices.Sorted(maps.Keys(arguments))
		fields = append(fields, fmt.Sprintf("f%d: %s", i, r.field(names[r.IntN(len(names))])))
	}
	body := "{ " + strings.Join(fields, " ") + " }"
	if r.oneIn(6) {
		body = "{ nested" + r.condition() + " " + body + " ...F } fragment F on Query { f: nested { " + r.field("scalars") + " } }"
	}
	head := ""
	if len(r.definitions) > 0 {
		head = "query (" + strings.Join(r.definitions, ", ") + ") "
	}
	return request{head + body, r.variables}
}

func (r *randomRequest) field(name string) string {
	var list []string
	for _, argument := range slices.Sorted(maps.Keys(arguments[name])) {
		typ := arguments[name][argument]
		required := typ[len(typ)-1] == '!' && name != "defaults" && (r.careful || !r.oneIn(12))
		if !required && r.oneIn(2) {
			continue
		}
		list = append(list, argument+": "+r.literal(typ, 0))
	}
	if len(list) == 0 {
		return name + r.condition()
	}
	return name + "(" + strings.Join(list, ", ") + ")" + r.condition()
}

func (r *randomRequest) condition() string {
	if !r.oneIn(12) {
		return ""
	}
	one := func(name string) string { return " @" + name + "(if: " + r.literal("Boolean!", 0) + ")" }
	switch r.IntN(4) {
	case 0:
		return one("skip") + one("include")
	case 1:
		return one("include") + one("skip")
	case 2:
		return one("skip")
	}
	return one("include")
}

// variable defines a variable that fits a type, mostly, and may give it a value.
func (r *randomRequest) variable(typ string) string {
	name := "v" + strconv.Itoa(len(r.definitions))
	own, nullable := typ, false
	switch {
	case !r.careful && r.oneIn(3):
		own = strings.TrimSuffix(own, "!")
	case r.oneIn(4) && !strings.HasSuffix(own, "!"):
		own += "!"
	case r.careful && r.oneIn(4) && strings.HasSuffix(own, "!"):
		nullable = true
		own = strings.TrimSuffix(own, "!")
	case !r.careful && r.oneIn(30):
		own = "[" + own + "]"
	}
	text := "$" + name + ": " + own
	r.definitions = append(r.definitions, "")
	if nullable { // it fits by its default only
		text += " = " + (&randomRequest{Rand: r.Rand, careful: r.careful}).constant(own+"!", 1)
	} else if r.oneIn(3) {
		text += " = " + (&randomRequest{Rand: r.Rand, careful: r.careful}).constant(own, 1)
	}
	r.definitions[len(r.definitions)-1] = text
	if !r.oneIn(5) {
		r.variables[name] = r.value(own, 0)
	}
	return "$" + name
}

// literal is one of a type, as text of a document.
func (r *randomRequest) literal(typ string, depth int) string {
	if r.variables != nil && r.oneIn(3) {
		return r.variable(typ)
	}
	return r.constant(typ, depth)
}

func (r *randomRequest) constant(typ string, depth int) string {
	bare, required := strings.CutSuffix(typ, "!")
	switch {
	case !r.careful && r.oneIn(25):
		return []string{"null", "1", "1.5", `"text"`, "RED", "true", "[]", "{}", "[null]", "[[1]]", "{a: 1}", "{a: 1, b: null}", `"""block"""`, "2147483648", "-0", "1e3"}[r.IntN(16)]
	case !required && r.oneIn(8):
		return "null"
	case bare[0] == '[':
		elem := bare[1 : len(bare)-1]
		if r.oneIn(5) {
			return r.literal(elem, depth+1)
		}
		var items []string
		for range r.IntN(3) {
			items = append(items, r.literal(elem, depth+1))
		}
		return "[" + strings.Join(items, ", ") + "]"
	case inputFields[bare] != nil:
		return r.object(bare, depth)
	}
	options := map[string][]string{
		"Int": {"0", "7", "-5", "2147483647"}, "Float": {"1", "1.5", "-2e3", "0.1"}, "String": {`"a"`, `""`, `"é\n\u00e9"`, `"""two"""`}, "ID": {`"x"`, "5", "-7", `""`},
		"Boolean": {"true", "false"}, "Color": {"RED", "GREEN", "BLUE", "red", `"RED"`}, "Odd": {"1", "-3", "2", `"x"`, "5.5"},
		"JSON": {`"s"`, "1", "[]", "{a: [], b: {c: 1.5}}", "RED", "null", "[1, [2, {d: null}]]", "true"},
	}[bare]
	if bare == "JSON" && r.variables != nil && r.oneIn(4) {
		return "{v: " + r.variable("Int") + ", w: [" + r.variable("Tree") + "]}"
	}
	if fitting := map[string]int{"Color": 3, "Odd": 2}[bare]; r.careful && fitting > 0 {
		options = options[:fitting]
	}
	return options[r.IntN(len(options))]
}

func (r *randomRequest) object(name string, depth int) string {
	var list []string
	for _, field := range slices.Sorted(maps.Keys(inputFields[name])) {
		typ := inputFields[name][field]
		if !r.has(name, field, depth) {
			continue
		}
		list = append(list, field+": "+r.literal(typ, depth+1))
		if name == "One" && (r.careful || !r.oneIn(15)) {
			break
		}
	}
	if !r.careful && r.oneIn(60) {
		list = append(list, "unknown: 1")
	}
	return "{" + strings.Join(list, ", ") + "}"
}

func (r *randomRequest) has(object, field string, depth int) bool {
	deep := depth > 2 && slices.Contains([]string{"children", "parent", "one", "c"}, field)
	switch {
	case object == "Tree" && field == "must":
		return r.careful || !r.oneIn(20)
	case object == "One":
		return !deep && (field == "d" || r.oneIn(3))
	}
	return !deep && r.oneIn(3)
}

// value is one of a type, of a request.
func (r *randomRequest) value(typ string, depth int) any {
	bare, required := strings.CutSuffix(typ, "!")
	switch {
	case r.oneIn(60):
		return []any{nil, 1, 1.5, "text", "RED", "red", true, []any{}, map[string]any{}, []any{nil}, []any{[]any{1}}, map[string]any{"a": 1}, map[string]any{"a": 1, "b": nil}, 2147483648, json.RawMessage("1.0"), json.RawMessage("1e2"), json.RawMessage("-0")}[r.IntN(17)]
	case !required && r.oneIn(8):
		return nil
	case bare[0] == '[':
		elem := bare[1 : len(bare)-1]
		if r.oneIn(5) {
			return r.value(elem, depth+1)
		}
		items := []any{}
		for range r.IntN(3) {
			items = append(items, r.value(elem, depth+1))
		}
		return items
	case inputFields[bare] != nil:
		object := map[string]any{}
		for _, field := range slices.Sorted(maps.Keys(inputFields[bare])) {
			if r.has(bare, field, depth) {
				object[field] = r.value(inputFields[bare][field], depth+1)
				if bare == "One" && !r.oneIn(15) {
					break
				}
			}
		}
		if r.oneIn(60) {
			object["unknown"] = 1
		}
		return object
	}
	options := map[string][]any{
		"Int": {0, 7, -5, 2147483647, -2147483648}, "Float": {1, 1.5, -2e3, 0.1}, "String": {"a", "", "é\n"}, "ID": {"x", 5, -7, ""},
		"Boolean": {true, false}, "Color": {"RED", "GREEN", "BLUE"}, "Odd": {1, -3, 7, 9, 11, 13, 15, 17, 19, 2, "x", 5.5},
		"JSON": {"s", 1, []any{}, map[string]any{"a": []any{}}, nil, true, []any{1, []any{2}}},
	}[bare]
	return options[r.IntN(len(options))]
}

// originals are what others are made of.
var originals = []string{
	`query Q($a: Int = 1, $t: Tree!, $c: [Color!]) @skip(if: false) { f: scalars(int: $a, color: RED) tree(tree: $t) lists(e: $c, i: [["x"]]) ...F }
	 fragment F on Query { nested { ... on Query @include(if: true) { tree(tree: {must: 2, children: [{must: 1}]}) } } }`,
	`{ node { id ... on A { x(n: 2) b { y } } ... on B { y(n: 3) __typename } } found { ... on Node { id } ... on A { a: x x } } }`,
	`query ($o: One!, $i: Int) { one(one: {a: 1}, strict: $o) defaults(int: 3, list: [$i], matrix: [[1], null]) __schema { types { name } } __type(name: "A") { name } }`,
	`mutation M($t: Tree!) { a: set(tree: $t, n: 1) b: set(tree: {must: 3}) }`,
	`subscription S($n: Int! = 3) { tick(n: $n) }`,
	`query A { nested { required(int: 1, list: 2, color: GREEN, odd: 3) } } query B($x: Boolean!) { nested @skip(if: $x) { __typename } found { ...G } } fragment G on Found { ... on B { id y } }`,
	`{ scalars(string: """ block
	   text """, id: 5, json: {a: [1, "b", {c: null}], d: ENUM}) required(int: -1, list: [], color: BLUE, odd: 1) nested { nested { nested { one(strict: {b: "x"}) } } } }`,
}

// mutated is a document in which some tokens were changed, mostly for others of
// the same kind.
func mutated(r *rand.Rand) string {
	tokens := tokenize(originals[r.IntN(len(originals))])
	for range 1 + r.IntN(2) {
		i := r.IntN(len(tokens))
		if r.IntN(12) > 0 {
			for !isWord(tokens[i][0]) && tokens[i][0] != '$' && tokens[i][0] != '"' {
				i = r.IntN(len(tokens))
			}
		}
		switch r.IntN(14) {
		case 0:
			tokens = slices.Delete(tokens, i, i+1)
		case 1:
			tokens = slices.Insert(tokens, i, extra[r.IntN(len(extra))])
		case 2:
			tokens[i] = extra[r.IntN(len(extra))]
		default:
			tokens[i] = similar(r, tokens[i])
		}
	}
	return strings.Join(tokens, " ")
}

func similar(r *rand.Rand, token string) string {
	kinds := [][]string{
		{"$a", "$t", "$c", "$o", "$i", "$n", "$x"},
		{"1", "-1", "1.5", "null", "true", "RED", `"s"`, "[1]", "{a: 1}", "{must: 1}", "{}", "[]", "[null]", "2147483648", "$i", "$t", `"""b"""`, "-0"},
		{"id", "x", "y", "n", "a", "b", "nested", "tree", "one", "strict", "scalars", "required", "defaults", "node", "found", "int", "list", "must", "children", "__typename", "set", "tick", "tock", "string", "json"},
		{"Int", "Tree", "One", "Color", "Query", "A", "B", "Node", "Found", "Mutation", "String", "Odd", "JSON", "Boolean", "Int!", "[Int]", "Tree!", "__Type", "Twig"},
		{"query", "mutation", "subscription"}, {"F", "G", "Q", "S", "M", "on"}, {"skip", "include", "deprecated", "oneOf", "specifiedBy", "unknown"},
	}
	for _, kind := range kinds {
		if slices.Contains(kind, token) {
			return kind[r.IntN(len(kind))]
		}
	}
	kind := kinds[r.IntN(len(kinds))]
	return kind[r.IntN(len(kind))]
}

var extra = []string{
	"{", "}", "(", ")", "[", "]", ":", "=", "!", "$", "@", "...", "&", "|", "on", "query", "fragment", "...F", "...G", "... on A {id}", "... on Query {__typename}", "alias: id", "x: y", "# comment\n", "{ id }", "(n: 1)",
	"@include(if: true)", "@skip(if: $x)", "@skip(if: false) @skip(if: false)", "@deprecated", "@oneOf", "@unknown", "@include", "@include(if: null)", "if: true", "id", "id", "int: 1", "n: 2", "tree: {must: 1}",
	"{}", "()", "$x: Int", "input", "type", "schema", "extend", ",", "nested { ...F }", "query Z { node { id } }", "fragment Z on A { id }", "fragment F on B { id }",
}

func tokenize(text string) []string {
	var tokens []string
	for text = strings.TrimSpace(text); text != ""; text = strings.TrimLeft(text, " \t\n") {
		end := 1
		switch {
		case strings.HasPrefix(text, `"""`):
			end = 6 + strings.Index(text[3:], `"""`)
		case text[0] == '"':
			end = 2 + strings.IndexByte(text[1:], '"')
		case strings.HasPrefix(text, "..."):
			end = 3
		default:
			for end < len(text) && (text[0] == '$' || isWord(text[0])) && isWord(text[end]) {
				end++
			}
		}
		tokens, text = append(tokens, text[:end]), text[end:]
	}
	return tokens
}

func isWord(c byte) bool {
	return c == '_' || c == '-' || c == '.' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
