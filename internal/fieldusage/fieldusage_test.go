package fieldusage_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/usage"
	"github.com/portico-gateway/portico/internal/fieldusage"
)

const schema = `
interface Node { id: ID! created: Int }
type Product implements Node {
  id: ID!
  created: Int
  name: String
  price(old: Boolean @deprecated, currency: String): Float
  cost: Float @deprecated(reason: "Use price.")
  weight: Int @deprecated
}
input Filter { text: String, words: String @deprecated(reason: "Use text.") }
enum Order { NAME, RANK @deprecated(reason: "Use NAME.") }
type Query { node(id: ID!): Node products(filter: Filter, order: Order): [Product!] }
`

// report returns the report of usage of these coordinates, each as a client, a colon and a
// coordinate.
func report(t *testing.T, used ...string) fieldusage.Report {
	t.Helper()
	var file strings.Builder
	file.WriteString(`{"version":1,"from":"2026-11-01","to":"2026-11-26"}` + "\n")
	for i, of := range append(used, ":Query") {
		client, coordinate, _ := strings.Cut(of, ":")
		fmt.Fprintf(&file, `{"frontend":"web","client":%q,"coordinate":%q,"count":%d,"first":"2026-11-02","last":"2026-11-03"}`+"\n", client, coordinate, i+1)
	}
	u, err := usage.Read(strings.NewReader(file.String()), usage.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return fieldusage.Of(gqlparser.MustLoadSchema(&ast.Source{Name: "a.graphqls", Input: schema}), u.Frontend("web", ""))
}

func inShort(parts []fieldusage.Part) []string {
	var list []string
	for _, p := range parts {
		text := []string{fmt.Sprintf("%d %s", p.At.Line, p.Coordinate)}
		if p.Reason != "" {
			text = append(text, "("+p.Reason+")")
		}
		for _, c := range p.Clients {
			text = append(text, fmt.Sprintf("%s:%d", c.Name, c.Count))
		}
		list = append(list, strings.Join(text, " "))
	}
	return list
}

func TestOf(t *testing.T) {
	for _, c := range []struct{ used, unused, deprecated []string }{
		{
			used: nil,
			unused: []string{
				"2 Node.id", "2 Node.created", "4 Product.id", "5 Product.created", "6 Product.name", "7 Product.price", "8 Product.cost (Use price.)",
				"9 Product.weight (No longer supported)", "13 Query.node", "13 Query.products",
			},
		},
		{
			used: []string{
				"a:Query.products", "a:Product.name", "a:Product.cost", "b:Product.cost", "a:Node.id", "b:Product.created", "b:Product.price", "b:Product.price(old:)",
				"b:Query.products(filter:)", "b:Filter", "b:Filter.words", "b:Filter.text", "a:Order", "a:Order.NAME",
			},
			unused:     []string{"2 Node.created", "9 Product.weight (No longer supported)", "13 Query.node"},
			deprecated: []string{"7 Product.price(old:) (No longer supported) b:8", "8 Product.cost (Use price.) a:3 b:4", "11 Filter.words (Use text.) b:11"},
		},
		{
			used:       []string{"a:Query.node", "a:Node.id", "a:Node.created", "a:Product.name", "a:Product.price", "a:Product.weight", "a:Query.products", "b:Order", "b:Order.RANK"},
			unused:     []string{"8 Product.cost (Use price.)"},
			deprecated: []string{"9 Product.weight (No longer supported) a:6", "12 Order.RANK (Use NAME.) b:9"},
		},
	} {
		r := report(t, c.used...)
		if got := inShort(r.Unused); !slices.Equal(got, c.unused) {
			t.Errorf("%v: unused\n%s", c.used, strings.Join(got, "\n"))
		}
		if got := inShort(r.Deprecated); !slices.Equal(got, c.deprecated) {
			t.Errorf("%v: deprecated\n%s", c.used, strings.Join(got, "\n"))
		}
		if r.Fields != 10 {
			t.Errorf("%d fields", r.Fields)
		}
	}
}
