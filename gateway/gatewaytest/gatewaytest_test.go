package gatewaytest_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"testing"

	"github.com/portico-gateway/portico/gateway/config"
	"github.com/portico-gateway/portico/gateway/gatewaytest"
	"github.com/portico-gateway/portico/graph"
	"github.com/portico-gateway/portico/internal/record"
)

// catalog has one product.
func catalog(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/products/p7" {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"id": "p7", "product_name": "Kettle"})
}

// A handler for one service of this project, and mocks of the protos of others.
func TestStart(t *testing.T) {
	gateway := gatewaytest.Start(t, graph.Open, gatewaytest.Service("catalog", http.HandlerFunc(catalog)), gatewaytest.Mocks(1))
	const document = `query ($id: ID!) { product(id: $id) { name stock { available } } }`
	var answers [2]struct {
		Product struct {
			Name  string
			Stock struct{ Available int }
		}
	}
	for i := range answers {
		gateway.Query("web", document, map[string]any{"id": "p7"}, "Cache-Control: no-cache").NoErrors().Decode(&answers[i])
	}
	if answers[0] != answers[1] || answers[0].Product.Name != "Kettle" || answers[0].Product.Stock.Available == 0 {
		t.Errorf("the answers are %+v", answers)
	}
	calls := gateway.Calls()
	var texts []string
	for _, call := range calls {
		texts = append(texts, call.String())
	}
	for _, want := range []string{"catalog: GET /products/p7", "inventory: POST /inventory.v1.InventoryService/GetStock"} {
		if !slices.Contains(texts, want) {
			t.Errorf("the calls are %q, want %q", texts, want)
		}
	}
	if again := gateway.Calls(); len(again) != 0 {
		t.Errorf("calls are returned twice: %v", again)
	}
	gateway.Query("web", document, map[string]any{"id": "none"}).JSON(`{"product": null}`)
	gateway.Query("mobile", `{ product(id: "p7") { name } }`, nil).JSON(`{"product": {"name": "Kettle"}}`)
}

// Mocks of services without documents answer what the bindings of this project read: in batches, pages and XML.
func TestMocksOfBindings(t *testing.T) {
	gateway := gatewaytest.Start(t, graph.Open, gatewaytest.Mocks(1), gatewaytest.Config(func(c *config.Config) { c.Auth.Issuers = nil }))
	type product struct {
		ID       string
		Name     string
		Price    struct{ Amount, Currency string }
		Category struct{ ID, Name string }
		Reviews  []struct{ Author struct{ Name string } }
	}
	const fields = `{ id name price { amount currency } category { id name } reviews { author { name } } }`
	var one struct{ Product product }
	gateway.Query("web", `{ product(id: "7") `+fields+` }`, nil).NoErrors().Decode(&one)
	if p := one.Product; p.ID != "7" || p.Name == "" || p.Price.Amount == "" || p.Price.Currency == "" || p.Category.Name == "" || p.Reviews[0].Author.Name == "" {
		t.Errorf("%+v: want the whole product 7", p)
	}
	var page struct {
		Products struct {
			Edges []struct {
				Cursor string
				Node   product
			}
			PageInfo struct {
				HasNextPage bool
				EndCursor   string
			}
		}
	}
	gateway.Query("web", `{ products(first: 3, after: "5") { edges { cursor node `+fields+` } pageInfo { hasNextPage endCursor } } }`, nil).NoErrors().Decode(&page)
	edges := page.Products.Edges
	if len(edges) != 3 || edges[1].Node.ID != "7" || edges[1].Node.Price != one.Product.Price || edges[2].Cursor != page.Products.PageInfo.EndCursor || !page.Products.PageInfo.HasNextPage {
		t.Errorf("%+v: want three products after the fifth, one of which is %+v", page, one.Product)
	}
	gateway.Query("mobile", `{ product(id: "7") { id name } }`, nil).JSON(`{"product": {"id": "7", "name": "` + one.Product.Name + `"}}`)
}

// What is wrong has its code; a service that the test does not give refuses.
func TestErrors(t *testing.T) {
	gateway := gatewaytest.Start(t, graph.Open, gatewaytest.Config(func(c *config.Config) { c.Frontend.Introspection = false }))
	for document, code := range map[string]string{
		`{ nothing }`:                    "GRAPHQL_VALIDATION_FAILED",
		`{ me { name } }`:                "UNAUTHENTICATED",
		`{ product(id: "p7") { name } }`: "DOWNSTREAM_SERVICE_ERROR",
	} {
		if answer := gateway.Query("web", document, nil); len(answer.Errors) != 1 || answer.Errors[0].Code() != code {
			t.Errorf("%s: %s; want %s", document, answer.Body, code)
		}
	}
}

// A recording answers in place of services; what was not recorded is an error.
func TestRecordings(t *testing.T) {
	dir := t.TempDir()
	service := httptest.NewServer(http.HandlerFunc(catalog))
	at, err := url.Parse(service.URL)
	if err != nil {
		t.Fatal(err)
	}
	recorder := record.NewRecorder(filepath.Join(dir, "catalog"), at, http.DefaultTransport, func(err error) { t.Error(err) })
	const document = `query ($id: ID!) { product(id: $id) { name } }`
	recorded := gatewaytest.Start(t, graph.Open, gatewaytest.Service("catalog", recorder))
	recorded.Query("web", document, map[string]any{"id": "p7"}).JSON(`{"product": {"name": "Kettle"}}`)
	service.Close()
	gateway := gatewaytest.Start(t, graph.Open, gatewaytest.Recordings(dir))
	gateway.Query("web", document, map[string]any{"id": "p7"}).JSON(`{"product": {"name": "Kettle"}}`)
	answer := gateway.Query("web", document, map[string]any{"id": "p8"})
	if len(answer.Errors) != 1 || answer.Errors[0].Code() != "DOWNSTREAM_SERVICE_ERROR" {
		t.Errorf("what was not recorded is answered: %s", answer.Body)
	}
}
