package gatewaytest_test

import (
	"fmt"
	"net/http"

	"github.com/portico-gateway/portico/gateway/config"
	"github.com/portico-gateway/portico/gateway/gatewaytest"
	"github.com/portico-gateway/portico/graph"
)

// product answers for the catalog with a product.
func product(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"id": %q, "product_name": "Kettle"}`, r.PathValue("id"))
}

// The body of a test, whose *testing.T is t: a handler answers for a service, an answer is compared, and calls are counted.
func ExampleStart() {
	catalog := http.NewServeMux()
	catalog.HandleFunc("GET /products/{id}", product)
	gateway := gatewaytest.Start(t, graph.Open, gatewaytest.Service("catalog", catalog))

	gateway.Query("web", `query ($id: ID!) { product(id: $id) { name } }`, map[string]any{"id": "p7"}).
		JSON(`{"product": {"name": "Kettle"}}`) // or the test fails
	fmt.Println(gateway.Calls())
	// Output: [catalog: GET /products/p7]
}

// Mocks answer for the other services. Their values are made up, so the test is about calls and types.
func ExampleMocks() {
	catalog := http.NewServeMux()
	catalog.HandleFunc("GET /products/{id}", product)
	gateway := gatewaytest.Start(t, graph.Open, gatewaytest.Service("catalog", catalog), gatewaytest.Mocks(1))

	var data struct {
		Product struct {
			Stock   struct{ Available int }
			Reviews []struct{ Rating int }
		}
	}
	gateway.Query("web", `{ product(id: "p7") { stock { available } reviews(first: 2) { rating } } }`, nil).NoErrors().Decode(&data)
	fmt.Println(data.Product.Stock.Available > 0, len(data.Product.Reviews) > 0)
	fmt.Println(len(gateway.Calls()), "calls")
	// Output:
	// true true
	// 3 calls
}

// A test of errors compares their codes, which are stable, and not their messages.
func ExampleError_Code() {
	gateway := gatewaytest.Start(t, graph.Open, gatewaytest.Service("catalog", http.NotFoundHandler()))

	gateway.Query("web", `{ product(id: "p7") { name } }`, nil).JSON(`{"product": null}`) // 404 is null here
	for _, err := range gateway.Query("web", `{ me { name } }`, nil).Errors {
		fmt.Println(err.Path, err.Code())
	}
	// Output: [me] UNAUTHENTICATED
}

// Config changes a setting of portico.yaml for a test.
func ExampleConfig() {
	gateway := gatewaytest.Start(t, graph.Open, gatewaytest.Config(func(c *config.Config) {
		c.Frontend.Introspection = false
	}))

	answer := gateway.Query("web", `{ __schema { queryType { name } } }`, nil)
	fmt.Println(answer.Errors[0].Code())
	// Output: INTROSPECTION_DISABLED
}
