package coordinate_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"

	"github.com/portico-gateway/portico/gateway/coordinate"
)

const schema = `
directive @mask(with: Colour) on FIELD | QUERY | VARIABLE_DEFINITION
interface Node { id: ID! }
type Product implements Node { id: ID! name(upper: Boolean = false): String related(filter: Filter): [Product!] }
type Shop implements Node { id: ID! }
union Found = Product | Shop
input Filter { text: String colour: Colour and: [Filter!] price: Price data: Any }
input Price { from: Int to: Int day: Day }
enum Colour { RED BLUE }
scalar Any
scalar Day
type Query { product(id: ID!): Product node(id: ID!): Node find(filter: Filter, filters: [[Filter!]!], colour: Colour, day: Day): [Found!] }
type Mutation { paint(colour: Colour!): Product }
`

const filter = "Filter Filter.text Filter.colour Filter.and Filter.price Filter.data Colour Colour.RED Colour.BLUE Price Price.from Price.to Price.day Any Day"

// What operations use: fields by the type that they are selected of, what literals have, and
// what variables can have.
func TestOf(t *testing.T) {
	s := gqlparser.MustLoadSchema(&ast.Source{Input: schema})
	coordinates := coordinate.New(s)
	for _, c := range []struct{ text, want string }{
		{`{ __typename }`, "Query"},
		{`{ __schema { types { name } } __type(name: "Product") { name } }`, "Query"},
		{`{ product(id: 1) { name } }`, "Query Query.product Query.product(id:) Product.name"},
		{`query ($id: ID!) { product(id: $id) { n: name(upper: true) name } }`, "Query Query.product Query.product(id:) Product.name Product.name(upper:)"},
		{`{ node(id: 1) { id ... on Product { name } ... { id } } }`, "Query Query.node Query.node(id:) Node.id Product Product.name"},
		{`{ find { ... on Shop { __typename } ...P ...P } } fragment P on Product { name }`, "Query Query.find Shop Product Product.name"},
		{`{ find(colour: RED) { __typename } }`, "Query Query.find Query.find(colour:) Colour Colour.RED"},
		{`query ($c: Colour) { find(colour: $c) { __typename } }`, "Query Query.find Query.find(colour:) Colour Colour.RED Colour.BLUE"},
		{`{ find(filter: {}) { __typename } }`, "Query Query.find Query.find(filter:) Filter"},
		{`{ find(filter: {and: [{text: "a"}, {colour: null}], data: {x: [RED]}}) { __typename } }`,
			"Query Query.find Query.find(filter:) Filter Filter.and Filter.text Filter.colour Filter.data"},
		{`{ find(filters: [{text: "a"}]) { __typename } }`, "Query Query.find Query.find(filters:) Filter Filter.text"},
		{`query ($f: Filter) { find(filter: $f) { __typename } }`, "Query Query.find Query.find(filter:) " + filter},
		{`query ($f: [Filter!]! = [{text: "a"}], $d: Day) { find(filters: [$f], colour: RED, day: $d) { __typename } }`,
			"Query Query.find Query.find(filters:) Query.find(colour:) Query.find(day:) " + filter},
		{`query ($p: Price, $c: Colour) { find(filter: {price: $p, colour: $c}) { __typename } }`,
			"Query Query.find Query.find(filter:) Filter Filter.price Filter.colour Price Price.from Price.to Price.day Day Colour Colour.RED Colour.BLUE"},
		{`query Q($b: Boolean! @mask) @mask(with: BLUE) { node(id: 1) @include(if: $b) { id @mask(with: null) } }`,
			"Query @mask @mask(with:) Colour Colour.BLUE Query.node Query.node(id:) @include @include(if:) Node.id"},
		{`mutation { paint(colour: BLUE) { ... @defer { id } } }`, "Mutation Mutation.paint Mutation.paint(colour:) Colour Colour.BLUE @defer Product.id"},
	} {
		doc, err := parser.ParseQuery(&ast.Source{Input: c.text})
		if err != nil {
			t.Fatal(err)
		}
		if errs := validator.ValidateWithRules(s, doc, nil); errs != nil {
			t.Fatalf("%s: %v", c.text, errs)
		}
		got, want := slices.Sorted(coordinates.Of(doc.Operations[0]).All()), strings.Fields(c.want)
		if slices.Sort(want); !slices.Equal(got, want) {
			t.Errorf("%s uses\n%v, want\n%v", c.text, got, want)
		}
	}
}

// The coordinates of a type are in memory once, however many operations have a variable of it.
func TestSetsAreShared(t *testing.T) {
	s := gqlparser.MustLoadSchema(&ast.Source{Input: schema})
	coordinates := coordinate.New(s)
	last := func() []string {
		doc, err := parser.ParseQuery(&ast.Source{Input: `query ($f: Filter) { find(filter: $f) { __typename } }`})
		if err != nil {
			t.Fatal(err)
		}
		if errs := validator.ValidateWithRules(s, doc, nil); errs != nil {
			t.Fatal(errs)
		}
		set := coordinates.Of(doc.Operations[0])
		return set[len(set)-1]
	}
	if a, b := last(), last(); &a[0] != &b[0] {
		t.Error("each operation has lists of its own")
	}
}
