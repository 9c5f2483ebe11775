package cost_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"github.com/portico-gateway/portico/gateway/cost"
	"github.com/portico-gateway/portico/gateway/execute"
	"github.com/portico-gateway/portico/gateway/execute/executetest"
	"github.com/portico-gateway/portico/gateway/input"
)

const directives = `
directive @cost(weight: String!) on ARGUMENT_DEFINITION | ENUM | FIELD_DEFINITION | INPUT_FIELD_DEFINITION | OBJECT | SCALAR
directive @listSize(assumedSize: Int, slicingArguments: [String!], sizedFields: [String!], requireOneSlicingArgument: Boolean = true) on FIELD_DEFINITION
`

const shop = directives + `
type Query {
  product(id: ID!): Product
  products(first: Int = 20, last: Int, after: String): Connection! @listSize(slicingArguments: ["first", "last"], sizedFields: ["nodes"], requireOneSlicingArgument: false)
  strict(first: Int, last: Int): [Product!]! @listSize(slicingArguments: ["first", "last"])
  window(input: Window): [Product!]! @listSize(slicingArguments: ["input.first", "input.last"])
  page(input: Page): [Product!]! @listSize(slicingArguments: ["input.size"], assumedSize: 7, requireOneSlicingArgument: false)
  search(text: String @cost(weight: "3"), filter: Filter): [Found!]! @listSize(assumedSize: 4)
  dear: String @cost(weight: "5.5")
  cheap: Product @cost(weight: "-4")
  all: [Product]
  matrix: [[Product]]
  moods: [Mood]
  labels: [[Label]!]
}
input Window { first: Int last: Int }
input Page { size: Int = 9 }
input Filter { brand: String @cost(weight: 2) and: [Filter!] }
type Connection { nodes: [Product!]! total: Int }
type Product implements Node { id: ID! name: String reviews(first: Int = 3): [Review!]! @listSize(slicingArguments: ["first"]) mood: Mood }
type Review @cost(weight: "2") { body: String author: Product }
interface Node { id: ID! }
type Shelf implements Node { id: ID! label: Label products: [Product] @listSize(assumedSize: 2) }
union Found = Product | Shelf
scalar Label @cost(weight: "0.5")
enum Mood @cost(weight: "1.5") { GOOD }
type Mutation { buy(id: ID!): Product }
`

// operation is one of the schema shop, with its formula.
type operation struct {
	*cost.Formula

	schema *ast.Schema
	model  *cost.Model
	doc    *ast.QueryDocument
	inputs *input.Operation
}

func formula(t testing.TB, document string) operation {
	t.Helper()
	schema := gqlparser.MustLoadSchema(&ast.Source{Input: shop})
	doc, errs := gqlparser.LoadQueryWithRules(schema, document, nil)
	if errs != nil {
		t.Fatal(errs)
	}
	inputs, err := input.New(input.Config{Schema: schema})
	if err != nil {
		t.Fatal(err)
	}
	compiled, errs := inputs.Compile(doc)
	if errs != nil {
		t.Fatal(errs)
	}
	own := compiled.Operation(doc.Operations[0])
	model := cost.New(schema, 10)
	return operation{model.Formula(doc.Operations[0], own), schema, model, doc, own}
}

// coerce returns the values of a request.
func (o operation) coerce(t testing.TB, variables map[string]any) map[string]any {
	t.Helper()
	values, errs := o.inputs.Coerce(t.Context(), variables)
	if errs != nil {
		t.Fatal(errs)
	}
	return values
}

func TestRequested(t *testing.T) {
	for name, c := range map[string]struct {
		document  string
		variables map[string]any
		want      float64
	}{
		"an object":                 {`{ product(id: 1) { id name } }`, nil, 1},
		"a leaf":                    {`{ dear }`, nil, 5.5},
		"introspection":             {`{ __schema { types { name } } __typename a: __type(name: "X") { name } b: __type(name: "X") { fields { name } } }`, nil, 120},
		"a mutation":                {`mutation { buy(id: 1) { id } }`, nil, 11},
		"a default length":          {`{ all { id } }`, nil, 10},
		"lists of lists":            {`{ matrix { id } }`, nil, 100},
		"sized fields":              {`{ products(first: 5) { nodes { id } total } }`, nil, 6},
		"a default argument":        {`{ products { nodes { id } } }`, nil, 21},
		"the largest argument":      {`{ products(first: 5, last: 8) { nodes { id } } }`, nil, 9},
		"a variable":                {`query ($n: Int) { products(first: $n) { nodes { id } } }`, map[string]any{"n": json.Number("7")}, 8},
		"a variable that is absent": {`query ($n: Int) { products(first: $n) { nodes { id } } }`, nil, 21},
		"nested lists":              {`{ products(first: 5) { nodes { reviews(first: 2) { author { id } } } } }`, nil, 1 + 5*(1+2*(2+1))},
		"sized through a fragment":  {`{ products(first: 5) { ...F } } fragment F on Connection { nodes { id } }`, nil, 6},
		"one fragment, two sizes":   {`{ a: products(first: 5) { ...F } b: products(first: 2) { ...F } } fragment F on Connection { nodes { id } }`, nil, 9},
		"assumed size":              {`{ search { ... on Product { id } } }`, nil, 4},
		"the dearest type":          {`{ search { ... on Product { reviews(first: 1) { body } } ... on Shelf { label } } }`, nil, 4 * (1 + 2)},
		"the dearest type, other":   {`{ search { ... on Product { mood } ... on Shelf { products { id } label } } }`, nil, 4 * (1 + 2.5)},
		"an interface in a union":   {`{ search { ... on Node { id } ... on Shelf { label } } }`, nil, 4 * 1.5},
		"an argument":               {`{ search(text: "a") { __typename } }`, nil, 7},
		"an argument that is null":  {`query ($t: String) { search(text: $t) { __typename } }`, nil, 4},
		"members of an argument":    {`{ search(filter: {brand: "a", and: [{brand: "b"}, {}]}) { __typename } }`, nil, 8},
		"members of a variable":     {`query ($f: Filter) { search(filter: $f) { __typename } }`, map[string]any{"f": map[string]any{"brand": "a", "and": []any{map[string]any{"brand": "b"}}}}, 8},
		"never below 0":             {`{ cheap { id } dear }`, nil, 5.5},
		"a nested slicing argument": {`{ page(input: {size: 3}) { id } }`, nil, 3},
		"its default":               {`{ page(input: {}) { id } }`, nil, 9},
		"without it":                {`{ page { id } }`, nil, 7},
		"a variable inside":         {`query ($n: Int) { page(input: {size: $n}) { id } }`, map[string]any{"n": json.Number("4")}, 4},
		"inside of a variable":      {`query ($i: Page) { page(input: $i) { id } }`, map[string]any{"i": map[string]any{"size": json.Number("6")}}, 6},
		"skipped":                   {`{ dear @skip(if: true) product(id: 1) { id } }`, nil, 1},
		"skipped by a variable":     {`query ($b: Boolean!) { dear @skip(if: $b) }`, map[string]any{"b": true}, 0},
		"not skipped":               {`query ($b: Boolean!) { dear @skip(if: $b) }`, map[string]any{"b": false}, 5.5},
		"a fragment that is not":    {`query ($b: Boolean!) { ...F @include(if: $b) } fragment F on Query { dear }`, map[string]any{"b": false}, 0},
		"twice":                     {`{ dear dear }`, nil, 11},
		"enums and scalars":         {`{ product(id: 1) { mood } }`, nil, 2.5},
		"more than can be told":     {`{ products(first: 2147483647) { nodes { reviews(first: 2147483647) { author { id } } } } }`, nil, 1e12},
	} {
		t.Run(name, func(t *testing.T) {
			f := formula(t, c.document)
			if got := f.Requested(f.coerce(t, c.variables)); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestSlicingArguments(t *testing.T) {
	for document, ok := range map[string]bool{
		`{ strict { id } }`:                                        false,
		`{ strict(first: 1, last: 1) { id } }`:                     false,
		`{ strict(first: null) { id } }`:                           false,
		`{ strict(first: 1) { id } }`:                              true,
		`query ($n: Int!) { strict(last: $n) { id } }`:             true,
		`{ window(input: {first: 3}) { id } }`:                     true,
		`{ window(input: {first: 3, last: 3}) { id } }`:            false,
		`{ window(input: {}) { id } }`:                             false,
		`{ window { id } }`:                                        false,
		`query ($w: Window) { window(input: $w) { id } }`:          true, // it may be in there
		`query ($n: Int) { window(input: {last: $n}) { id } }`:     true,
		`{ products { total } }`:                                   true,
		`{ product(id: 1) { reviews { body } } }`:                  true, // it has a default
		`{ product(id: 1) { ...F } } fragment F on Product { id }`: true,
	} {
		var validation rules.Rules
		schema := gqlparser.MustLoadSchema(&ast.Source{Input: shop})
		rule := cost.New(schema, 10).Rule()
		validation.AddRule(rule.Name, rule.RuleFunc)
		if _, errs := gqlparser.LoadQueryWithRules(schema, document, &validation); (errs == nil) != ok || len(errs) > 1 {
			t.Errorf("%s: %v", document, errs)
		}
	}
}

func TestNegativeSlicingArguments(t *testing.T) {
	for _, c := range []struct {
		document  string
		variables map[string]any
		negative  bool
	}{
		{`{ products(first: -5) { nodes { id } } }`, nil, true},
		{`{ products(first: 0) { nodes { id } } }`, nil, false},
		{`{ products(first: -5) { total } }`, nil, true},
		{`{ all { reviews(first: -5) { body } } }`, nil, true},
		{`{ products(first: -5) @skip(if: true) { total } }`, nil, false},
		{`query ($b: Boolean!) { product(id: 1) { ...F @include(if: $b) } } fragment F on Product { reviews(first: -5) { body } }`, map[string]any{"b": false}, false},
		{`query ($b: Boolean!) { product(id: 1) { ...F @include(if: $b) } } fragment F on Product { reviews(first: -5) { body } }`, map[string]any{"b": true}, true},
		{`query ($n: Int) { products(first: $n) { nodes { id } } }`, map[string]any{"n": json.Number("-1")}, true},
		{`query ($n: Int) { products(first: $n) { nodes { id } } }`, map[string]any{"n": nil}, false},
		{`query ($n: Int) { products(first: $n) { nodes { id } } }`, nil, false},
		{`{ page(input: {size: -3}) { id } }`, nil, true},
		{`query ($n: Int) { page(input: {size: $n}) { id } }`, map[string]any{"n": json.Number("-4")}, true},
		{`query ($i: Page) { page(input: $i) { id } }`, map[string]any{"i": map[string]any{"size": json.Number("-6")}}, true},
		{`query ($i: Page) { page(input: $i) { id } }`, map[string]any{"i": map[string]any{}}, false},
	} {
		f := formula(t, c.document)
		err := f.Check(f.coerce(t, c.variables))
		if (err != nil) != c.negative || err != nil && (err.Extensions["code"] != "BAD_USER_INPUT" || len(err.Locations) != 1) {
			t.Errorf("%s: %v", c.document, err)
		}
	}
}

func TestActual(t *testing.T) {
	for name, c := range map[string]struct {
		document, data string
		want           float64
	}{
		"fewer items":        {`{ products(first: 50) { nodes { id reviews(first: 3) { body } } } }`, `{"products":{"nodes":[{"id":"a","reviews":[{"body":"x"}]},{"id":"b","reviews":[]}]}}`, 1 + 2 + 2},
		"null":               {`{ product(id: 1) { id reviews(first: 5) { body } } }`, `{"product":null}`, 1},
		"a null list":        {`{ all { id } }`, `{"all":null}`, 0},
		"null items":         {`{ all { id } }`, `{"all":[null,{"id":"1"}]}`, 1},
		"lists of lists":     {`{ matrix { id } }`, `{"matrix":[[{"id":"1"},null],null,[{"id":"2"},{"id":"3"}]]}`, 3},
		"a mutation":         {`mutation { buy(id: 1) { id } }`, `{"buy":{"id":"1"}}`, 11},
		"aliases":            {`{ a: dear b: dear }`, `{"dear":"}"}`, 11},
		"types":              {`{ search { __typename ... on Product { id mood } ... on Shelf { id label } } }`, `{"search":[{"__typename":"Product","id":"1","mood":"GOOD"},{"__typename":"Shelf","id":"2","label":{"any":["thing"]}}]}`, 2.5 + 1.5},
		"a type's weight":    {`{ search { ... on Node { id } ... on Shelf { label } } }`, `{"search":[{"__typename":"Product","id":"1"}]}`, 1},
		"arguments":          {`{ search(text: "a", filter: {brand: "x", and: [{brand: "y"}]}) { __typename } }`, `{"search":[{"__typename":"Shelf"}]}`, 3 + 4 + 1},
		"arguments of none":  {`{ search(text: "a") { __typename } }`, `{"search":[]}`, 3},
		"leaves in a list":   {`{ moods }`, `{"moods":["GOOD",null,"GOOD"]}`, 4.5},
		"no list of leaves":  {`{ moods }`, `{"moods":null}`, 1.5},
		"leaves of lists":    {`{ labels }`, `{"labels":[["a",{"b":[1,2]}],[],["c"]]}`, 1.5},
		"introspection":      {`{ __schema { types { name } } __type(name: "X") { name } dear }`, `{"dear":"x"}`, 115.5},
		"never more":         {`{ search { __typename } }`, `{"search":[{"__typename":"Shelf"},{"__typename":"Shelf"},{"__typename":"Shelf"},{"__typename":"Shelf"},{"__typename":"Shelf"}]}`, 4},
		"never below 0":      {`{ cheap { id } dear }`, `{"cheap":{"id":"1"},"dear":"x"}`, 5.5},
		"merged selections":  {`{ product(id: 1) { id } product(id: 1) { mood } }`, `{"product":{"id":"1","mood":"GOOD"}}`, 2.5},
		"what is left out":   {`{ dear @skip(if: true) product(id: 1) { id } }`, `{"dear":"x","product":{"id":"1"}}`, 1},
		"a list cut off":     {`{ strict(first: 3) { id mood } dear }`, `{"strict":[{"id":"1","mood":"GOOD"},{"id":null,"mood":"GOOD"}],"dear":"x"}`, 0},
		"an object cut off":  {`{ all { id mood } dear }`, `{"all":[{"id":"1","mood":"GOOD"},{"id":null,"mood":"GOOD"}],"dear":"x"}`, 2.5 + 5.5},
		"an object lost":     {`{ product(id: 1) { mood reviews { author { id } body } id } }`, `{"product":{"mood":"GOOD","reviews":[{"author":{"id":"1"}}],"id":null}}`, 1},
		"a mutation's error": {`mutation { buy(id: 1) { id mood } }`, `{"buy":{"id":null,"mood":"GOOD"}}`, 11},
	} {
		t.Run(name, func(t *testing.T) {
			f := formula(t, c.document)
			if got := f.Actual(f.execute(t, c.data), f.Requested(f.coerce(t, nil))); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

// execute returns the cost of the data of the answer, by the values of root fields.
func (o operation) execute(t *testing.T, data string) float64 {
	t.Helper()
	var roots map[string]any
	if err := json.Unmarshal([]byte(data), &roots); err != nil {
		t.Fatal(err)
	}
	fields := map[string]executetest.Field{}
	for name, value := range roots {
		fields[name] = func(context.Context, map[string]any) (any, error) { return objects(value), nil }
	}
	counted := 0.0
	weigh := func(object *ast.Definition, f *ast.Field) (float64, func(map[string]any) float64) {
		return o.model.Weigh(object, f, o.inputs)
	}
	ctx := execute.Start(t.Context(), execute.Options{Plans: &execute.Plans{Weigh: weigh}, Cost: &counted})
	ctx = graphql.WithOperationContext(ctx, &graphql.OperationContext{Doc: o.doc, Operation: o.doc.Operations[0], Variables: o.coerce(t, nil)})
	ctx = graphql.WithResponseContext(ctx, graphql.DefaultErrorPresenter, graphql.DefaultRecover)
	resp := executetest.Schema(o.schema, fields, nil).Exec(ctx)(ctx)
	t.Logf("%s %v", resp.Data, graphql.GetErrors(ctx))
	return counted
}

// objects returns a value of JSON with its objects as executetest takes them.
func objects(value any) any {
	switch v := value.(type) {
	case map[string]any:
		out := executetest.Object{}
		for name, member := range v {
			out[name] = objects(member)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = objects(v[i])
		}
		return out
	}
	return value
}

func BenchmarkRequested(b *testing.B) {
	f := formula(b, `query ($n: Int) { products(first: $n) { nodes { id reviews(first: 3) { body author { id name } } } } }`)
	variables := f.coerce(b, map[string]any{"n": json.Number("50")})
	b.ReportAllocs()
	for b.Loop() {
		f.Requested(variables)
	}
	if n := testing.AllocsPerRun(100, func() { f.Requested(variables) }); n != 0 {
		b.Errorf("%v allocations", n)
	}
}
