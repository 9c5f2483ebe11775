package input_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"github.com/portico-gateway/portico/gateway/input"
	"github.com/portico-gateway/portico/gateway/problem"
)

const schema = `
directive @constraint(min: Int, max: Int) on ARGUMENT_DEFINITION | INPUT_FIELD_DEFINITION
type Query {
  all(int: Int, float: Float, string: String, id: ID, boolean: Boolean, color: Color, date: Date, json: JSON): String
  required(int: Int! = 5, id: ID! = "x"): String
  lists(ints: [Int!], deep: [[Int!]!]): String
  order(input: Order, one: One): String
  page(first: Int = 10 @constraint(min: 1, max: 100), ratio: Float @constraint(min: 0)): String
}
input Order { items: [Item!]! note: String = "none" nick: String at: Date address: Address! = {} }
input Item { product: ID! quantity: Int! = 1 @constraint(min: 1, max: 9) }
input Address { city: String! = "Bern" tags: [String!]! = "home" }
input One @oneOf { a: Int b: Item }
enum Color { RED GREEN }
scalar Date
scalar JSON
`

// date is YYYY-MM-DD. A parser may say to callers what is wrong.
func date(_ context.Context, value any) (any, error) {
	switch value := value.(type) {
	case string:
		if len(value) == 10 && strings.Count(value, "-") == 2 {
			return value, nil
		}
		return nil, problem.New(problem.BadUserInput, "a Date is YYYY-MM-DD")
	case bool:
		panic("a parser that does not expect this")
	}
	return nil, errors.New("secret")
}

func schemaOf(t testing.TB, text string) *input.Schema {
	t.Helper()
	s, err := input.New(input.Config{Schema: gqlparser.MustLoadSchema(&ast.Source{Input: text}), Parsers: map[string]input.Parser{"Date": date}, Suggestions: true})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// compile returns the first operation of a document.
func compile(t testing.TB, text string) (*input.Operation, *ast.OperationDefinition, gqlerror.List) {
	t.Helper()
	loaded := gqlparser.MustLoadSchema(&ast.Source{Input: schema})
	s, err := input.New(input.Config{Schema: loaded, Parsers: map[string]input.Parser{"Date": date}, Suggestions: true})
	if err != nil {
		t.Fatal(err)
	}
	validation := rules.NewDefaultRules()
	validation.RemoveRule(rules.ValuesOfCorrectTypeRule.Name)
	doc, errs := gqlparser.LoadQueryWithRules(loaded, text, validation)
	if errs != nil {
		t.Fatal(errs)
	}
	compiled, errs := s.Compile(doc)
	if errs != nil {
		return nil, nil, errs
	}
	operation := compiled.Operation(doc.Operations[0])
	return operation, doc.Operations[0], nil
}

func decode(t testing.TB, text string) map[string]any {
	t.Helper()
	var out map[string]any
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&out); err != nil {
		t.Fatal(err)
	}
	return out
}

// arguments are those of the first field, as JSON.
func arguments(t testing.TB, document, variables string) (string, gqlerror.List) {
	t.Helper()
	operation, definition, errs := compile(t, document)
	if errs != nil {
		return "", errs
	}
	values, errs := operation.Coerce(context.Background(), decode(t, variables))
	if errs != nil {
		return "", errs
	}
	field := definition.SelectionSet[0].(*ast.Field)
	text, err := json.Marshal(field.ArgumentMap(values))
	if err != nil {
		t.Fatal(err)
	}
	return string(text), nil
}

func TestCoerce(t *testing.T) {
	for name, c := range map[string]struct{ document, variables, want string }{
		"integral numbers":        {`query ($i: Int, $id: ID, $f: Float) { all(int: $i, id: $id, float: $f) }`, `{"i": 1.0, "id": 1e2, "f": 3}`, `{"float":3,"id":"100","int":1}`},
		"exponents":               {`query ($i: Int, $id: ID) { all(int: $i, id: $id) }`, `{"i": -12.50e1, "id": 12345678901234567890}`, `{"id":"12345678901234567890","int":-125}`},
		"zero":                    {`query ($i: Int) { all(int: $i) }`, `{"i": -0.0e5}`, `{"int":0}`},
		"absent and null":         {`query ($i: Int, $s: String) { all(int: $i, string: $s) }`, `{"s": null}`, `{"string":null}`},
		"defaults of arguments":   {`query ($i: Int) { required(int: $i) }`, `{}`, `{"id":"x","int":5}`},
		"exact numbers":           {`{ all(json: {big: 123456789012345678901234567890, exact: 12345678901234567.89, empty: [], nested: {a: []}}) }`, `{}`, `{"json":{"big":123456789012345678901234567890,"empty":[],"exact":12345678901234567.89,"nested":{"a":[]}}}`},
		"variables in a JSON":     {`query ($i: Int, $s: String) { all(json: {i: $i, s: [$s]}) }`, `{"i": 7}`, `{"json":{"i":7,"s":[null]}}`},
		"lists of one":            {`query ($d: [[Int!]!]) { lists(ints: 5, deep: $d) }`, `{"d": 7}`, `{"deep":[[7]],"ints":[5]}`},
		"lists of lists of one":   {`query ($d: [[Int!]!]) { lists(deep: $d) }`, `{"d": [1, [2, 3]]}`, `{"deep":[[1],[2,3]]}`},
		"defaults of objects":     {`query ($o: Order) { order(input: $o) }`, `{"o": {"items": {"product": 5}}}`, `{"input":{"address":{"city":"Bern","tags":["home"]},"items":[{"product":"5","quantity":1}],"note":"none"}}`},
		"null and absent members": {`query ($o: Order) { order(input: $o) }`, `{"o": {"items": [], "nick": null, "note": null, "address": {"city": "Chur"}}}`, `{"input":{"address":{"city":"Chur","tags":["home"]},"items":[],"nick":null,"note":null}}`},
		"literals with variables": {`query ($p: ID!, $n: String, $q: Int) { order(input: {items: {product: $p, quantity: $q}, nick: $n}) }`, `{"p": "a"}`, `{"input":{"address":{"city":"Bern","tags":["home"]},"items":[{"product":"a","quantity":1}],"note":"none"}}`},
		"default of a variable":   {`query ($o: Order = {items: {product: 1}}) { order(input: $o) }`, `{}`, `{"input":{"address":{"city":"Bern","tags":["home"]},"items":[{"product":"1","quantity":1}],"note":"none"}}`},
		"custom scalars":          {`query ($d: Date, $j: JSON) { all(date: $d, json: $j) }`, `{"d": "2024-01-31", "j": [1.50]}`, `{"date":"2024-01-31","json":[1.50]}`},
		"a OneOf":                 {`query ($o: One) { order(one: $o) }`, `{"o": {"b": {"product": 1}}}`, `{"one":{"b":{"product":"1","quantity":1}}}`},
		"one form of floats":      {`query ($f: Float, $g: Float) { all(float: $f) b: page(ratio: $g) }`, `{"f": 0.10e1, "g": 1.50}`, `{"float":1}`},
		"large floats":            {`{ all(float: 1.0e21, json: 1.0) }`, `{}`, `{"float":1e+21,"json":1.0}`},
		"skipped":                 {`query ($i: Int = 1, $b: Boolean!) { required(int: $i) @include(if: $b) }`, `{"i": null, "b": false}`, `{"id":"x","int":null}`},
		"others are left out":     {`query ($i: Int) { all(int: $i) }`, `{"i": 1, "other": [1, 2]}`, `{"int":1}`},
	} {
		t.Run(name, func(t *testing.T) {
			if got, errs := arguments(t, c.document, c.variables); got != c.want || errs != nil {
				t.Errorf("got  %s %v\nwant %s", got, errs, c.want)
			}
		})
	}
}

func TestMistakes(t *testing.T) {
	for name, c := range map[string]struct {
		document, variables string
		want                []string // message, without its end
	}{
		"a path":                  {`query ($input: Order!) { order(input: $input) }`, `{"input": {"items": [{"product": "a", "quantity": "2"}]}}`, []string{"Variable $input.items[0].quantity: expected an Int, an integer of 32 bits, found a string."}},
		"all of them":             {`query ($input: Order!, $i: Int!) { order(input: $input) all(int: $i) }`, `{"input": {"items": [{}, {"product": true}]}}`, []string{"Variable $input.items[0].product: a value of type ID! is required.", "Variable $input.items[1].product: expected an ID", "Variable $i: a value of type Int! is required."}},
		"null items":              {`query ($l: [Int!]) { lists(ints: $l) }`, `{"l": [1, null]}`, []string{"Variable $l[1]: a value of type Int! must not be null."}},
		"nested null items":       {`query ($l: [[Int!]!]) { lists(deep: $l) }`, `{"l": [[1], [null], null]}`, []string{"Variable $l[1][0]:", "Variable $l[2]:"}},
		"null with a default":     {`query ($o: Order) { order(input: $o) }`, `{"o": {"items": [{"product": "a", "quantity": null}]}}`, []string{"Variable $o.items[0].quantity: a value of type Int! must not be null."}},
		"an unknown member":       {`query ($o: Order) { order(input: $o) }`, `{"o": {"items": [], "nik": 1}}`, []string{`Variable $o: a member is not defined by type Order. Did you mean "nick"?`}},
		"a fraction":              {`query ($i: Int) { all(int: $i) }`, `{"i": 1.5}`, []string{"Variable $i: expected an Int"}},
		"33 bits":                 {`query ($i: Int) { all(int: $i) }`, `{"i": 2147483648}`, []string{"Variable $i: expected an Int"}},
		"a huge exponent":         {`query ($i: Int, $id: ID, $f: Float) { all(int: $i, id: $id, float: $f) }`, `{"i": 1e999999999999, "id": 1e999, "f": 1e999}`, []string{"Variable $i", "Variable $id", "Variable $f"}},
		"a text for a number":     {`query ($f: Float) { all(float: $f) }`, `{"f": "1"}`, []string{"Variable $f: expected a Float, a finite number, found a string."}},
		"an enum's case":          {`query ($c: Color) { all(color: $c) }`, `{"c": "red"}`, []string{`Variable $c: the enum Color has no such value. Did you mean "RED"?`}},
		"an object for a scalar":  {`query ($s: String) { all(string: $s) }`, `{"s": {}}`, []string{"Variable $s: expected a value of type String, found an object."}},
		"a custom scalar":         {`query ($d: Date) { all(date: $d) }`, `{"d": "today"}`, []string{"Variable $d: a Date is YYYY-MM-DD."}},
		"a parser's own words":    {`query ($d: Date) { all(date: $d) }`, `{"d": 5}`, []string{"Variable $d: expected a value of type Date."}},
		"a parser that panics":    {`query ($d: Date) { all(date: $d) }`, `{"d": true}`, []string{"Variable $d: expected a value of type Date."}},
		"two members of a OneOf":  {`query ($o: One) { order(one: $o) }`, `{"o": {"a": 1, "b": {"product": 1}}}`, []string{"Variable $o: an input object of type One must have exactly one member."}},
		"no member of a OneOf":    {`query ($o: One) { order(one: $o) }`, `{"o": {}}`, []string{"Variable $o: an input object of type One must have exactly one member."}},
		"null in a OneOf":         {`query ($o: One) { order(one: $o) }`, `{"o": {"a": null}}`, []string{"Variable $o: the member of an input object of type One must not be null."}},
		"null where it can't be":  {`query ($i: Int = 1) { required(int: $i) }`, `{"i": null}`, []string{"The variable $i is null where a value of type Int! is required."}},
		"null in a literal":       {`query ($q: Int = 1) { order(input: {items: [{product: 1, quantity: $q}]}) }`, `{"q": null}`, []string{"The variable $q is null where a value of type Int! is required."}},
		"null for a condition":    {`query ($b: Boolean = true) { all @skip(if: $b) }`, `{"b": null}`, []string{"The variable $b is null where a value of type Boolean! is required."}},
		"null, and skipped":       {`query ($a: Boolean = true, $b: Boolean = true) { all @skip(if: $a) @include(if: $b) }`, `{"a": true, "b": null}`, []string{"The variable $b is null where a value of type Boolean! is required."}},
		"null, and not included":  {`query ($a: Boolean = true, $b: Boolean = true) { ... @skip(if: $a) @include(if: $b) { all } }`, `{"a": null, "b": false}`, []string{"The variable $a is null where a value of type Boolean! is required."}},
		"beyond 64 bits":          {`query ($f: Float) { all(float: $f) }`, `{"f": 1e309}`, []string{"Variable $f: expected a Float, a finite number, found one beyond 64 bits."}},
		"a scalar with variables": {`query ($s: Boolean) { all(date: {s: $s}) }`, `{"s": true}`, []string{"Expected a value of type Date."}},
		"a constraint":            {`query ($n: Int) { page(first: $n) }`, `{"n": 101}`, []string{"The value of first is out of range: it must be from 1 to 100."}},
		"one on one side":         {`query ($n: Float) { page(ratio: $n) }`, `{"n": -0.5}`, []string{"The value of ratio is out of range: it must be at least 0."}},
		"one in an object":        {`query ($o: Order) { order(input: $o) }`, `{"o": {"items": [{"product": 1, "quantity": 10}]}}`, []string{"Variable $o.items[0].quantity: it must be from 1 to 9."}},
		"one in a literal":        {`query ($q: Int!) { order(input: {items: [{product: 1, quantity: $q}]}) }`, `{"q": 0}`, []string{"The value of quantity is out of range: it must be from 1 to 9."}},
	} {
		t.Run(name, func(t *testing.T) {
			_, errs := arguments(t, c.document, c.variables)
			if len(errs) != len(c.want) {
				t.Fatalf("got %v, want %q", errs, c.want)
			}
			for i, err := range errs {
				if !strings.HasPrefix(err.Message, c.want[i]) || err.Extensions["code"] != "BAD_USER_INPUT" || len(err.Locations) != 1 || err.Path != nil {
					t.Errorf("got %+v, want %q", err, c.want[i])
				}
				if strings.Contains(err.Message, "secret") {
					t.Errorf("%s has what is not for callers", err.Message)
				}
			}
		})
	}
}

func TestLiterals(t *testing.T) {
	for document, want := range map[string]string{
		`{ all(int: 2147483648) }`:                   "GRAPHQL_VALIDATION_FAILED Expected an Int",
		`{ all(int: 1.0) }`:                          "GRAPHQL_VALIDATION_FAILED Expected an Int",
		`{ all(int: {}) }`:                           "GRAPHQL_VALIDATION_FAILED Expected an Int, an integer of 32 bits, found an object.",
		`{ all(id: {}) }`:                            "GRAPHQL_VALIDATION_FAILED Expected an ID",
		`{ all(string: RED) }`:                       "GRAPHQL_VALIDATION_FAILED Expected a value of type String, found a name.",
		`{ all(color: "RED") }`:                      `GRAPHQL_VALIDATION_FAILED Expected a value of the enum Color, found a string. Did you mean "RED"?`,
		`{ all(color: BLUE) }`:                       "GRAPHQL_VALIDATION_FAILED The enum Color has no value BLUE",
		`{ all(date: "today") }`:                     "GRAPHQL_VALIDATION_FAILED A Date is YYYY-MM-DD.",
		`{ required(int: null) }`:                    "GRAPHQL_VALIDATION_FAILED A value of type Int! must not be null.",
		`{ lists(ints: [1, null]) }`:                 "GRAPHQL_VALIDATION_FAILED A value of type Int! must not be null.",
		`{ order(input: {}) }`:                       "GRAPHQL_VALIDATION_FAILED The field items of the input object Order is required",
		`{ order(input: {items: [{product: {}}]}) }`: "GRAPHQL_VALIDATION_FAILED Expected an ID",
		`{ order(input: {items: [], nik: 1}) }`:      `GRAPHQL_VALIDATION_FAILED The input object Order has no field nik. Did you mean "nick"?`,
		`{ order(one: {a: 1, b: {product: 1}}) }`:    "GRAPHQL_VALIDATION_FAILED A value of the OneOf input object One must have exactly one field.",
		`{ order(one: {a: null}) }`:                  "GRAPHQL_VALIDATION_FAILED The field a of the OneOf input object One must not be null.",
		`query ($o: Order = {items: [{product: null}]}) { order(input: $o) }`: "GRAPHQL_VALIDATION_FAILED A value of type ID! must not be null.",
		`{ page(first: 0) }`: "BAD_USER_INPUT The value of first is out of range: it must be from 1 to 100.",
		`{ order(input: {items: [{product: 1, quantity: 10}]}) }`: "BAD_USER_INPUT The value of quantity is out of range: it must be from 1 to 9.",
		`{ all @skip(if: null) }`:                                 "GRAPHQL_VALIDATION_FAILED A value of type Boolean! must not be null.",
	} {
		_, _, errs := compile(t, document)
		if len(errs) != 1 || !strings.HasPrefix(fmt.Sprint(errs[0].Extensions["code"], " ", errs[0].Message), want) || len(errs[0].Locations) != 1 {
			t.Errorf("%s: %v, want %s", document, errs, want)
		}
	}
}

func TestSchemas(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"a default":            {`type Query { a(x: Int = "no"): Int }`, "the default of Query.a(x:)"},
		"a default of a field": {`type Query { a(x: In): Int } input In { x: [Int!] = [null] }`, "the default of In.x"},
		"a cycle":              {`type Query { a(x: A): Int } input A { b: B = {} } input B { a: A = {} }`, "contains itself"},
		"itself":               {`type Query { a(x: A): Int } input A { a: [A] = [{}] }`, "contains itself"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := input.New(input.Config{Schema: gqlparser.MustLoadSchema(&ast.Source{Input: c.text})})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
	schemaOf(t, `type Query { a(x: A): Int } input A { b: B = {a: null} } input B { a: A = {b: null} }`) // no cycle: both are given
}

// Keys tell values apart, and nothing but values.
func TestAppendKey(t *testing.T) {
	operation, _, errs := compile(t, `query ($j: JSON, $k: JSON, $o: Order) { all(json: $j) b: all(json: $k) order(input: $o) page(first: 3) }`)
	if errs != nil {
		t.Fatal(errs)
	}
	key := func(variables string) string {
		values, errs := operation.Coerce(context.Background(), decode(t, variables))
		if errs != nil {
			t.Fatal(errs)
		}
		return string(operation.AppendKey(nil, values))
	}
	different := []string{
		`{}`, `{"j": null}`, `{"k": null}`, `{"j": 1}`, `{"j": "1"}`, `{"j": [1]}`, `{"j": {"1": 1}}`, `{"j": {"1": "1"}}`, `{"j": true}`, `{"j": "true"}`, `{"j": "t"}`,
		`{"j": "a", "k": "b"}`, `{"j": "ab"}`, `{"j": ["a", "b"]}`, `{"j": [["a"], "b"]}`, `{"j": [["a", "b"]]}`, `{"j": []}`, `{"j": {}}`, `{"j": {"a": null}}`, `{"j": 1.0}`,
		`{"o": {"items": []}}`, `{"o": {"items": [], "nick": null}}`,
		`{"j": "` + strings.Repeat("x", 5000) + `"}`, `{"j": "` + strings.Repeat("x", 4999) + `y"}`, `{"j": "` + strings.Repeat("x", 5001) + `"}`,
	}
	seen := map[string]string{}
	for _, variables := range different {
		if other, ok := seen[key(variables)]; ok {
			t.Errorf("%s and %s have one key", variables, other)
		}
		seen[key(variables)] = variables
	}
	for one, other := range map[string]string{
		`{"o": {"items": []}}`: `{"o": {"items": [], "note": "none", "address": {}}}`, `{"j": {"a": 1, "b": 2}}`: `{"j": {"b": 2, "a": 1}, "x": 1}`,
	} {
		if key(one) != key(other) {
			t.Errorf("%s and %s have different keys", one, other)
		}
	}
}

// Arguments are bounded as they are with all variables and defaults, before
// anything is made of them.
func TestLimits(t *testing.T) {
	loaded := gqlparser.MustLoadSchema(&ast.Source{Input: schema})
	asked := 0
	s, err := input.New(input.Config{Schema: loaded, Limits: input.Limits{Items: 100, Depth: 6, Bytes: 1000}, Parsers: map[string]input.Parser{"Date": func(_ context.Context, value any) (any, error) {
		asked++
		return value, nil
	}}})
	if err != nil {
		t.Fatal(err)
	}
	items := strings.Repeat(`{"product": 1, "quantity": 1}, `, 9) + `{"product": 1, "quantity": 1}`
	for name, c := range map[string]struct {
		document, variables string
		beyond              bool
	}{
		"once":              {`query ($i: [Item!]!) { order(input: {items: $i}) }`, `{"i": [` + items + `]}`, false},
		"twice":             {`query ($i: [Item!]!) { order(input: {items: $i}) b: order(input: {items: $i}) }`, `{"i": [` + items + `]}`, false},
		"in many fields":    {`query ($i: [Item!]!) { ` + strings.Repeat(`...F `, 5) + `} fragment F on Query { order(input: {items: $i}) }`, `{"i": [` + items + `]}`, true},
		"in a list":         {`query ($j: JSON) { all(json: [` + strings.Repeat("$j ", 20) + `]) }`, `{"j": [1, 2, 3, 4, 5]}`, true},
		"a text in a list":  {`query ($j: JSON) { all(json: [` + strings.Repeat("$j ", 20) + `]) }`, `{"j": "` + strings.Repeat("x", 60) + `"}`, true},
		"defaults":          {`query ($o: [Order!]) { all(json: $o) }`, `{"o": [` + strings.Repeat(`{"items": []}, `, 24) + `{"items": []}]}`, true},
		"depth":             {`query ($j: JSON) { all(json: [[[$j]]]) }`, `{"j": [[[[1]]]]}`, true},
		"less depth":        {`query ($j: JSON) { all(json: [[[$j]]]) }`, `{"j": [[[1]]]}`, false},
		"literals, spread":  {`{ ` + strings.Repeat("...F ", 6) + ` } fragment F on Query { all(json: [1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20]) }`, `{}`, true},
		"default, variable": {`query ($o: [Order!] = [` + strings.Repeat(`{items: []} `, 25) + `]) { all(json: $o) }`, `{}`, true},
		"fallbacks":         {`query ($n: String) { order(input: {items: []}) ` + strings.Repeat("...F ", 4) + ` } fragment F on Query { all(json: [` + strings.Repeat("{a: $n} ", 20) + `]) }`, `{}`, true},
		"no parser":         {`query ($d: Date) { ` + strings.Repeat("...F ", 120) + ` } fragment F on Query { all(date: {a: $d}) }`, `{"d": "2024-01-31"}`, true},
	} {
		doc, errs := gqlparser.LoadQueryWithRules(loaded, c.document, rules.NewRules())
		if errs != nil {
			t.Fatal(errs)
		}
		compiled, errs := s.Compile(doc)
		if errs != nil {
			t.Fatal(errs)
		}
		asked = 0
		_, errs = compiled.Operation(doc.Operations[0]).Coerce(t.Context(), decode(t, c.variables))
		if (errs != nil) != c.beyond || errs != nil && errs[0].Extensions["code"] != string(problem.MaxInputLimit) || asked > 1 {
			t.Errorf("%s: %v, %d parsed", name, errs, asked)
		}
	}
}

// A parser is given the request's context; one that needs it is asked for literals
// with each request.
func TestContextOfParsers(t *testing.T) {
	type key struct{}
	loaded := gqlparser.MustLoadSchema(&ast.Source{Input: schema})
	var log strings.Builder
	s, err := input.New(input.Config{Schema: loaded, Log: slog.New(slog.NewTextHandler(&log, nil)), Parsers: map[string]input.Parser{"Date": func(ctx context.Context, value any) (any, error) {
		if ctx.Value(key{}).(string) != value {
			return nil, problem.New(problem.BadUserInput, "another date")
		}
		return value, nil
	}}})
	if err != nil {
		t.Fatal(err)
	}
	for document, ok := range map[string]bool{`query ($d: Date) { all(date: $d) }`: true, `{ all(date: "today") }`: true, `{ all(date: "tomorrow") }`: false, `{ all(date: "tomorrow") @skip(if: true) }`: true} {
		doc, errs := gqlparser.LoadQueryWithRules(loaded, document, rules.NewRules())
		if errs != nil {
			t.Fatal(errs)
		}
		compiled, errs := s.Compile(doc)
		if errs != nil {
			t.Fatalf("%s: %v", document, errs)
		}
		operation := compiled.Operation(doc.Operations[0])
		if _, errs := operation.Coerce(context.WithValue(t.Context(), key{}, "today"), map[string]any{"d": "today"}); (errs == nil) != ok {
			t.Errorf("%s: %v", document, errs)
		}
		log.Reset()
		if _, errs := operation.Coerce(t.Context(), map[string]any{"d": "today"}); errs == nil && !strings.Contains(document, "@skip") || errs != nil && !strings.Contains(log.String(), "panicked") {
			t.Errorf("%s: a panic is %v, log %s", document, errs, log.String())
		}
	}
}

// What an operation has by itself is not changed by requests.
func TestRequestsShareNothing(t *testing.T) {
	for _, document := range []string{`query ($o: Order = {items: []}) { order(input: $o) }`, `{ order(input: {items: []}) }`, `query ($n: String) { order(input: {items: [], nick: $n}) }`} {
		sharesNothing(t, document)
	}
}

func sharesNothing(t *testing.T, document string) {
	t.Helper()
	operation, definition, errs := compile(t, document)
	if errs != nil {
		t.Fatal(errs)
	}
	arguments := func() map[string]any {
		values, errs := operation.Coerce(context.Background(), nil)
		if errs != nil {
			t.Fatal(errs)
		}
		return definition.SelectionSet[0].(*ast.Field).ArgumentMap(values)
	}
	first := arguments()
	first["input"].(map[string]any)["address"].(map[string]any)["city"] = "changed"
	if got := arguments()["input"].(map[string]any)["address"]; !reflect.DeepEqual(got, map[string]any{"city": "Bern", "tags": []any{"home"}}) {
		t.Errorf("got %v", got)
	}
}

// members is an input object with ten members on two levels.
const members = `{"o": {"note": "n", "nick": "x", "at": "2024-01-31", "address": {"city": "Bern", "tags": ["a"]}, "items": [{"product": "p1", "quantity": 2}, {"product": "p2", "quantity": 3}]}}`

// Coercing the variables of a document that was seen before costs less than 5
// allocations: values are coerced in place.
func BenchmarkCoerce(b *testing.B) {
	operation, _, errs := compile(b, `query ($o: Order!) { order(input: $o) }`)
	if errs != nil {
		b.Fatal(errs)
	}
	variables := decode(b, members)
	b.ReportAllocs()
	for b.Loop() {
		if _, errs := operation.Coerce(context.Background(), variables); errs != nil {
			b.Fatal(errs)
		}
	}
	if n := testing.AllocsPerRun(100, func() { _, _ = operation.Coerce(context.Background(), variables) }); n > 5 {
		b.Errorf("%v allocations", n)
	}
}

// Whatever a request has, it is coerced or refused, and what was coerced is
// canonical: coercing it again changes nothing.
func FuzzCoerce(f *testing.F) {
	for _, text := range []string{members, `{"o": null, "j": {"a": [1e5]}}`, `{"one": {"a": 1}}`, `{"i": 1.0, "l": [[1]]}`} {
		f.Add(text)
	}
	operation, _, errs := compile(f, `query ($o: Order, $one: One, $i: Int, $id: ID, $f: Float, $c: Color, $d: Date, $j: JSON, $l: [[Int!]!]) { order(input: $o, one: $one) all(int: $i, id: $id, float: $f, color: $c, date: $d, json: $j) lists(deep: $l) }`)
	if errs != nil {
		f.Fatal(errs)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var variables map[string]any
		decoder := json.NewDecoder(strings.NewReader(text))
		decoder.UseNumber()
		if decoder.Decode(&variables) != nil {
			return
		}
		values, errs := operation.Coerce(context.Background(), variables)
		if errs != nil {
			return
		}
		before := fmt.Sprintf("%#v", values)
		again, errs := operation.Coerce(context.Background(), values)
		if errs != nil || fmt.Sprintf("%#v", again) != before {
			t.Errorf("%s: %v\n%s\n%#v", text, errs, before, again)
		}
	})
}

// Literals of any text are compiled or refused.
func FuzzCompile(f *testing.F) {
	for _, text := range []string{`1`, `{items: [{product: $p}]}`, `[[1], null]`, `"""a"""`, `{a: $p, b: {c: [RED, 1.5e3]}}`} {
		f.Add(text)
	}
	loaded := gqlparser.MustLoadSchema(&ast.Source{Input: schema})
	s := schemaOf(f, schema)
	f.Fuzz(func(t *testing.T, text string) {
		doc, errs := gqlparser.LoadQueryWithRules(loaded, "query ($p: ID) { order(input: "+text+") all(json: "+text+", date: "+text+") lists(deep: "+text+") }", rules.NewRules())
		if errs != nil {
			return
		}
		if errs := validator.ValidateWithRules(loaded, doc, rules.NewRules()); errs != nil {
			t.Fatal(errs)
		}
		compiled, errs := s.Compile(doc)
		if errs != nil {
			return
		}
		operation := compiled.Operation(doc.Operations[0])
		values, errs := operation.Coerce(context.Background(), map[string]any{"p": "x"})
		if errs != nil {
			return
		}
		for _, selection := range doc.Operations[0].SelectionSet {
			if field, ok := selection.(*ast.Field); ok && field.Definition != nil {
				field.ArgumentMap(values)
			}
		}
	})
}
