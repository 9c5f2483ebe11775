package e2e_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/portico-gateway/portico/demo/demotest"
	"github.com/portico-gateway/portico/gateway/globalid"
)

// nodesSchema has objects with global ids.
const nodesSchema = `
interface Node { id: ID! }
extend type Product implements Node @node(field: "self") {
  self: Product @inaccessible @rest(service: "catalog", get: "/products/{$this.id}")
  dear: Stock
    @cost(weight: "9")
    @authenticated
    @grpc(service: "inventory", method: "inventory.v1.InventoryService/GetStock", request: { product_ids: "{$batch.id}" }, select: "stocks", key: "product_id")
}
type User implements Node @node(field: "self") {
  id: ID!
  self: User @inaccessible @rest(service: "accounts", get: "/users", query: "ids={$batch.id->join(\",\")}", select: "users", key: "id")
}
extend type Query {
  node(id: ID!): Node
  nodes(ids: [ID!]!): [Node]!
  known(id: ID! @globalID(type: "Product")): Product @rest(service: "catalog", get: "/products/{$args.id}")
}
`

// Objects are loaded by their global ids, and the directives at their fields hold.
func TestNodes(t *testing.T) {
	d := demotest.Start(t)
	g := startExtended(t, d, loopback+authDemo(d), nil)
	token := "Bearer " + demotest.Token(t, g.demo, "u1")
	p1, p2, u1, none := globalid.Of("Product", "p1"), globalid.Of("Product", "p2"), globalid.Of("User", "u1"), globalid.Of("Product", "none")
	ask := func(query, id, token string) *answer {
		t.Helper()
		g.demo.Reset()
		return g.query(t, "nodes", query, map[string]any{"id": id}, "Authorization", token)
	}
	for _, c := range []struct{ query, id, token, want, calls string }{
		{`query($id: ID!) { node(id: $id) { id ... on Product { name dear { available } } } }`, p1, token,
			`{"node":{"id":"` + p1 + `","name":"Stovetop Espresso Maker, 6 Cups","dear":{"available":`, "catalog GET /products/{id} 1, inventory GetStock 1"},
		{`query($id: ID!) { node(id: $id) { id } known(id: $id) { id } }`, p1, "", `{"node":{"id":"` + p1 + `"},"known":{"id":"` + p1 + `"}}`,
			"catalog GET /products/{id} 1"},
		{`query($id: ID!) { node(id: $id) { id } }`, none, "", `{"node":null}`, "catalog GET /products/{id} 1"},
		{`query($id: ID!) { nodes(ids: [$id, "` + p2 + `", "` + u1 + `", "` + none + `"]) { id } }`, p1, token,
			`{"nodes":[{"id":"` + p1 + `"},{"id":"` + p2 + `"},{"id":"` + u1 + `"},null]}`, "accounts GET /users 1, catalog GET /products/{id} 3"},
	} {
		a := ask(c.query, c.id, c.token)
		if len(a.Errors) > 0 || !strings.HasPrefix(string(a.Data), c.want) {
			t.Errorf("%s: %s", c.query, a.body)
		}
		if calls := g.calls(t); calls != c.calls {
			t.Errorf("%s: calls %q, want %q", c.query, calls, c.calls)
		}
	}
	for _, c := range []struct{ query, id, code, calls string }{
		{`query($id: ID!) { node(id: $id) { ... on Product { dear { available } } } }`, p1, "UNAUTHENTICATED", "catalog GET /products/{id} 1"},
		{`query($id: ID!) { node(id: $id) { id } }`, "p1", "BAD_USER_INPUT", ""},
		{`query($id: ID!) { known(id: $id) { id } }`, u1, "BAD_USER_INPUT", ""},
		{`query($id: ID!) { known(id: $id) { id } node(id: "x") { id } }`, p1, "BAD_USER_INPUT", ""},
	} {
		if a := ask(c.query, c.id, ""); a.code() != c.code {
			t.Errorf("%s: %s", c.query, a.body)
		}
		if calls := g.calls(t); calls != c.calls {
			t.Errorf("%s: calls %q, want %q", c.query, calls, c.calls)
		}
	}
	// The weight of a field counts.
	costOf := func(selection string) float64 {
		t.Helper()
		payload, err := json.Marshal(map[string]any{
			"query":      `{ node(id: "` + p1 + `") { ... on Product { ` + selection + ` } } }`,
			"extensions": map[string]any{"cost": true},
		})
		if err != nil {
			t.Fatal(err)
		}
		header := map[string]string{"Content-Type": "application/json", "Authorization": token}
		a := g.do(t, http.MethodPost, "/graphql/nodes", header, strings.NewReader(string(payload)))
		var got struct {
			Extensions struct {
				Cost struct{ RequestedQueryCost float64 }
			}
		}
		if err := json.Unmarshal(a.body, &got); err != nil {
			t.Fatal(err)
		}
		return got.Extensions.Cost.RequestedQueryCost
	}
	if name, dear := costOf("name"), costOf("dear { available }"); name == 0 || dear != name+9 {
		t.Errorf("costs %v and %v", name, dear)
	}
}
