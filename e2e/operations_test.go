package e2e_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/portico-gateway/portico/demo"
	"github.com/portico-gateway/portico/demo/demotest"
)

var update = flag.Bool("update", false, "write answers into testdata")

// The operations of the demo, word for word as frontends have them.
const (
	productPage = `query ProductPage($id: ID!) { product(id: $id) { id name description price { amount currency } category { id name } stock { available }
  reviews(first: 5) { rating body author { id name avatarUrl } } related(first: 4) { id name price { amount currency } } } }`
	catalogue = `query Catalogue { products(first: 50) { nodes { id name reviews(first: 3) { rating author { id name } } stock { available } } pageInfo { hasNextPage endCursor } } }`
	me        = `query Me { me { id name email orders(first: 3) { id status total { amount currency } items { quantity product { id name } } shipping { carrier eta } } } }`
	search    = `query Search($text: String!) { search(text: $text, first: 8) { __typename ... on Category { id name } ... on Product { id name price { amount currency } } } }`
	shelf     = `query Shelf($categoryId: ID!, $after: String) { products(categoryId: $categoryId, first: 5, after: $after) { edges { cursor node { id name price { amount currency } } } pageInfo { hasNextPage endCursor } } }`
	buy       = `mutation Buy { placeOrder(input: {items: [{productId: "p1", quantity: 2}]}) { order { id status total { amount currency } } } }`
	home      = `query Home { products(first: 20) { nodes { id name thumbnailUrl price { amount currency } rating } pageInfo { hasNextPage endCursor } } }`
	screen    = `query Screen($id: ID!) { product(id: $id) { id name thumbnailUrl price { amount currency } rating stock { available } topReview { rating body authorName } } }`
)

// Every operation has the expected answer, byte for byte, and makes the calls
// that its depth asks for: the number of rows does not matter.
func TestOperations(t *testing.T) {
	g := shared(t)
	token := "Bearer " + demotest.Token(t, g.demo, "u1", "orders:write")
	id := map[string]any{"id": "p1"}
	few := strings.Replace(catalogue, "first: 50", "first: 5", 1)
	for _, c := range []struct {
		name, frontend, document string
		variables                map[string]any
		calls                    string
	}{
		{"ProductPage", "web", productPage, id, "accounts GET /users 1, catalog GET /categories 1, catalog GET /products 1, catalog GET /products/{id} 1, inventory GetStock 1, reviews ListByProducts 1"},
		{"Catalogue", "web", catalogue, nil, "accounts GET /users 1, catalog GET /products 1, inventory GetStock 1, reviews ListByProducts 1"},
		{"CatalogueOfFive", "web", few, nil, "accounts GET /users 1, catalog GET /products 1, inventory GetStock 1, reviews ListByProducts 1"},
		{"Me", "web", me, nil, "accounts GET /me 1, catalog GET /products 1, orders GET /orders 1, shipping GET /rates 1"},
		{"Search", "web", search, map[string]any{"text": "coffee"}, "catalog GET /search 1"},
		{"Shelf", "web", shelf, map[string]any{"categoryId": "c1"}, "catalog GET /products 1"},
		{"Buy", "web", buy, nil, "orders POST /orders 1"},
		{"Home", "mobile", home, nil, "catalog GET /products 1, reviews ListByProducts 1"},
		{"Screen", "mobile", screen, id, "accounts GET /users 1, catalog GET /products/{id} 1, inventory GetStock 1, reviews ListByProducts 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			g.demo.Reset()
			a := g.query(t, c.frontend, c.document, c.variables, "Authorization", token)
			if a.status != 200 || len(a.Errors) > 0 {
				t.Fatalf("status %d: %s", a.status, a.body)
			}
			if calls := g.calls(t); calls != c.calls {
				t.Errorf("calls\n got %s\nwant %s", calls, c.calls)
			}
			golden(t, c.name, a.body)
		})
	}
}

// calls spells what the demo's control counts: GET /calls.
func (g *gateway) calls(t *testing.T) string {
	t.Helper()
	_, _, body := get(t, g.demo.URL(demo.Control)+"/calls")
	var counted struct{ Calls map[string]map[string]int }
	if err := json.Unmarshal([]byte(body), &counted); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	var list []string
	for service, routes := range counted.Calls {
		for route, n := range routes {
			list = append(list, fmt.Sprintf("%s %s %d", service, route, n))
		}
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name+".json")
	if *update {
		if err := os.WriteFile(file, append(got, '\n'), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != string(got)+"\n" {
		t.Errorf("the answer differs from %s (go test ./e2e -update writes it):\n%s", file, got)
	}
}

// What one frontend has, another does not know.
func TestFrontendsDiffer(t *testing.T) {
	g := shared(t)
	for _, c := range []struct{ frontend, document, field string }{
		{"web", `{ product(id: "p1") { thumbnailUrl } }`, "thumbnailUrl"},
		{"web", `{ product(id: "p1") { rating } }`, "rating"},
		{"mobile", `{ product(id: "p1") { description } }`, "description"},
		{"mobile", `{ me { email } }`, "me"},
		{"mobile", `{ search(text: "tea") { __typename } }`, "search"},
		{"mobile", `{ products { edges { cursor } } }`, "edges"},
		{"mobile", `{ product(id: "p1") { topReview { avatarUrl } } }`, "avatarUrl"},
		{"mobile", `{ products(search: "x") { nodes { id } } }`, "search"},
		{"mobile", `mutation { placeOrder(input: {items: []}) { order { id } } }`, "mutation"},
	} {
		a := g.query(t, c.frontend, c.document, nil)
		if a.code() != "GRAPHQL_VALIDATION_FAILED" || !strings.Contains(a.Errors[0].Message, c.field) || a.Data != nil {
			t.Errorf("%s %s: %s", c.frontend, c.document, a.body)
		}
	}
	if calls := g.calls(t); calls != "" {
		t.Errorf("wrong documents made calls: %s", calls)
	}
}

// The path, the header, the host and the default name the frontend, in this
// order.
func TestChoiceOfFrontend(t *testing.T) {
	g := shared(t)
	webOnly := `{"query":"{ categories { id } }"}`
	for _, c := range []struct {
		path, header string
		web          bool
	}{
		{"/graphql", "", true},
		{"/graphql", "web", true},
		{"/graphql", "mobile", false},
		{"/graphql/web", "mobile", true},
		{"/graphql/mobile", "web", false},
	} {
		headers := map[string]string{"Content-Type": "application/json"}
		if c.header != "" {
			headers["X-Frontend"] = c.header
		}
		a := g.do(t, "POST", c.path, headers, strings.NewReader(webOnly))
		if isWeb := len(a.Errors) == 0; isWeb != c.web {
			t.Errorf("%s, header %q: %s", c.path, c.header, a.body)
		}
	}
	for path, header := range map[string]string{"/graphql/desktop": "", "/graphql": "desktop"} {
		a := g.do(t, "POST", path, map[string]string{"Content-Type": "application/json", "X-Frontend": header}, strings.NewReader(webOnly))
		if a.status != 404 || a.code() != "FRONTEND_NOT_FOUND" || !strings.Contains(a.Errors[0].Message, "mobile, web") {
			t.Errorf("%s %q: %d %s", path, header, a.status, a.body)
		}
	}
}

// Pages follow each other without a gap.
func TestPages(t *testing.T) {
	g := shared(t)
	const document = `query ($after: String) { products(first: 70, after: $after) { nodes { id } pageInfo { hasNextPage endCursor } } }`
	seen := map[string]bool{}
	for after, more := any(nil), true; more; {
		a := g.query(t, "web", document, map[string]any{"after": after})
		var data struct {
			Products struct {
				Nodes    []struct{ ID string }
				PageInfo struct {
					HasNextPage bool
					EndCursor   *string
				}
			}
		}
		if err := json.Unmarshal(a.Data, &data); err != nil {
			t.Fatalf("%v: %s", err, a.body)
		}
		for _, node := range data.Products.Nodes {
			if seen[node.ID] {
				t.Fatalf("%s came twice", node.ID)
			}
			seen[node.ID] = true
		}
		after, more = data.Products.PageInfo.EndCursor, data.Products.PageInfo.HasNextPage
	}
	if len(seen) != 200 {
		t.Errorf("%d products, want 200", len(seen))
	}
}

// A page can begin behind any row, as Relay's clients ask for it: at the cursor of its
// edge.
func TestPageBehindAnEdge(t *testing.T) {
	g := shared(t)
	page := func(after any) []struct {
		Cursor string
		Node   struct{ ID string }
	} {
		a := g.query(t, "web", shelf, map[string]any{"categoryId": "c2", "after": after})
		var data struct {
			Products struct {
				Edges []struct {
					Cursor string
					Node   struct{ ID string }
				}
			}
		}
		if err := json.Unmarshal(a.Data, &data); err != nil || len(data.Products.Edges) != 5 {
			t.Fatalf("%v: %s", err, a.body)
		}
		return data.Products.Edges
	}
	first := page(nil)
	for i, edge := range first[:4] {
		if following := page(edge.Cursor); !slices.Equal(following[:4-i], first[i+1:]) {
			t.Errorf("behind %v: %v", edge, following)
		}
	}
}
