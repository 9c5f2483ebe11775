package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/portico-gateway/portico/demo"
	"github.com/portico-gateway/portico/demo/demotest"
)

// secret is in every bad body: no answer may have it.
const secret = "hunter2"

// Bad input gets a clear problem, and nothing of it comes back.
func TestBadRequests(t *testing.T) {
	g := shared(t)
	const (
		plain   = "application/json"
		graphql = "application/graphql-response+json"
	)
	for name, c := range map[string]struct {
		method, path, contentType, accept, body string
		status                                  int
		code                                    string
	}{
		"malformed JSON":           {body: `{"query": "` + secret, status: 400, code: "BAD_REQUEST"},
		"not an object":            {body: `"` + secret + `"`, status: 400, code: "BAD_REQUEST"},
		"a number":                 {body: `7`, status: 400, code: "BAD_REQUEST"},
		"empty body":               {body: ``, status: 400, code: "BAD_REQUEST"},
		"only spaces":              {body: "  \n ", status: 400, code: "BAD_REQUEST"},
		"null":                     {body: `null`, status: 400, code: "BAD_REQUEST"},
		"no query":                 {body: `{"operationName":"` + secret + `"}`, status: 400, code: "BAD_REQUEST"},
		"empty query":              {body: `{"query":""}`, status: 400, code: "BAD_REQUEST"},
		"query of a wrong type":    {body: `{"query":{"` + secret + `":1}}`, status: 400, code: "BAD_REQUEST"},
		"variables of wrong type":  {body: `{"query":"{a}","variables":["` + secret + `"]}`, status: 400, code: "BAD_REQUEST"},
		"extensions of wrong type": {body: `{"query":"{a}","extensions":"` + secret + `"}`, status: 400, code: "BAD_REQUEST"},
		"something after":          {body: `{"query":"{__typename}"} ` + secret, status: 400, code: "BAD_REQUEST"},
		"a batch":                  {body: `[{"query":"{__typename}"}]`, status: 400, code: "BAD_REQUEST"},
		"a body of 10 MB":          {body: `{"query":"` + strings.Repeat("a", 10<<20) + `"}`, status: 413, code: "BAD_REQUEST"},
		"deep JSON":                {body: `{"query":"{__typename}","variables":` + strings.Repeat(`{"a":`, 20000) + `1` + strings.Repeat(`}`, 20000) + `}`, status: 400, code: "MAX_INPUT_LIMIT"},
		"invalid UTF-8":            {body: "{\"query\":\"{ \xff }\"}", status: 400, code: "BAD_REQUEST"},
		"another content type":     {contentType: "text/plain", body: `{"query":"{__typename}"}`, status: 415, code: "BAD_REQUEST"},
		"a form":                   {contentType: "application/x-www-form-urlencoded", body: `query={__typename}`, status: 415, code: "BAD_REQUEST"},
		"multipart":                {contentType: "multipart/form-data; boundary=x", body: "--x--", status: 415, code: "BAD_REQUEST"},
		"another charset":          {contentType: "application/json; charset=utf-16", body: `{"query":"{__typename}"}`, status: 415, code: "BAD_REQUEST"},
		"nothing acceptable":       {accept: "image/png", body: `{"query":"{__typename}"}`, status: 406, code: "BAD_REQUEST"},
		"PUT":                      {method: "PUT", body: `{"query":"{__typename}"}`, status: 405, code: "BAD_REQUEST"},
		"DELETE":                   {method: "DELETE", body: ``, status: 405, code: "BAD_REQUEST"},
		"a GET of another site":    {method: "GET", path: "/graphql?query={__typename}", contentType: "text/plain", status: 403, code: "CSRF_BLOCKED"},
		"a mutation by GET":        {method: "GET", path: "/graphql?query=mutation{placeOrder(input:{items:[]}){order{id}}}", status: 405, code: "BAD_REQUEST"},
		"a GET without a query":    {method: "GET", path: "/graphql?a=" + secret, status: 400, code: "BAD_REQUEST"},
		"variables that are wrong": {method: "GET", path: "/graphql?query={__typename}&variables=" + secret, status: 400, code: "BAD_REQUEST"},
		"a malformed URL":          {method: "GET", path: "/graphql?query=%zz", status: 400, code: "BAD_REQUEST"},
		"syntax error":             {body: `{"query":"{ product("}`, status: 200, code: "GRAPHQL_PARSE_FAILED"},
		"syntax error, strictly":   {accept: graphql, body: `{"query":"{ product("}`, status: 400, code: "GRAPHQL_PARSE_FAILED"},
		"unknown field":            {accept: graphql, body: `{"query":"{ nothing }"}`, status: 400, code: "GRAPHQL_VALIDATION_FAILED"},
		"unknown operation":        {accept: graphql, body: `{"query":"query A {__typename} query B {__typename}","operationName":"C"}`, status: 400, code: "GRAPHQL_VALIDATION_FAILED"},
		"no operation named":       {accept: graphql, body: `{"query":"query A {__typename} query B {__typename}"}`, status: 400, code: "GRAPHQL_VALIDATION_FAILED"},
		"only a fragment":          {accept: graphql, body: `{"query":"fragment A on Query {__typename}"}`, status: 400, code: "GRAPHQL_VALIDATION_FAILED"},
		"missing variable":         {accept: graphql, body: `{"query":"query ($id: ID!) { product(id: $id) { id } }"}`, status: 400, code: "BAD_USER_INPUT"},
		"wrong variable":           {accept: graphql, body: `{"query":"query ($n: Int) { products(first: $n) { nodes { id } } }","variables":{"n":"` + secret + `"}}`, status: 400, code: "BAD_USER_INPUT"},
		"too many tokens":          {accept: graphql, body: `{"query":"{ ` + strings.Repeat("a ", 5000) + `}"}`, status: 400, code: "MAX_TOKENS_LIMIT"},
		"subscription by POST":     {body: `{"query":"subscription { stockChanged(productId: \"p1\") { available } }"}`, status: 406, code: "BAD_REQUEST"},
		"an argument out of range": {body: `{"query":"{ products(first: 1000) { nodes { id } } }"}`, status: 200, code: "BAD_USER_INPUT"},
		"a path as an id":          {body: `{"query":"{ product(id: \"..\") { id } }"}`, status: 200, code: "BAD_USER_INPUT"},
		"an unknown path":          {method: "GET", path: "/nothing", status: 404, code: "BAD_REQUEST"},
	} {
		t.Run(name, func(t *testing.T) {
			if c.method == "" {
				c.method = http.MethodPost
			}
			if c.path == "" {
				c.path = "/graphql"
			}
			if c.contentType == "" {
				c.contentType = plain
			}
			headers := map[string]string{"Content-Type": c.contentType}
			if c.accept != "" {
				headers["Accept"] = c.accept
			}
			a := g.do(t, c.method, c.path, headers, strings.NewReader(c.body))
			if a.status != c.status || a.code() != c.code || a.Errors[0].Message == "" {
				t.Errorf("status %d, want %d; code %s, want %s: %.300s", a.status, c.status, a.code(), c.code, a.body)
			}
			if strings.Contains(string(a.body), secret) {
				t.Errorf("the answer has a part of the request: %.300s", a.body)
			}
			if len(a.body) > 2000 {
				t.Errorf("the answer has %d bytes", len(a.body))
			}
		})
	}
	if a := g.query(t, "web", `{ product(id: "p1") { id } }`, nil); a.status != 200 || len(a.Errors) > 0 {
		t.Errorf("afterwards: %s", a.body)
	}
}

// An id stays one segment of the path, whatever is in it.
func TestInjection(t *testing.T) {
	g := shared(t)
	for _, id := range []string{"../categories", "p1/../../categories", "%2e%2e", "a?ids=p1", "a#b", "p1\r\nX: y", "p1;x", strings.Repeat("p", 64<<10)} {
		a := g.query(t, "web", `query ($id: ID!) { product(id: $id) { id } }`, map[string]any{"id": id})
		if string(a.Data) != `{"product":null}` {
			t.Errorf("id %.40q: %.300s", id, a.body)
		}
	}
	if calls := g.calls(t); !strings.HasPrefix(calls, "catalog GET /products/{id} ") || strings.Contains(calls, ",") {
		t.Errorf("calls: %s", calls)
	}
}

// A service that fails, in whatever way, is a problem of the fields that need
// it; the others keep their data.
func TestFaults(t *testing.T) {
	t.Parallel()
	g := start(t)
	const document = `{ product(id: "p1") { id name stock { available } reviews(first: 2) { rating author { name } } category { name } } }`
	for name, c := range map[string]struct {
		service string
		fault   demo.Fault
		path    string // of the first error
		code    string
		data    string
	}{
		"inventory down":        {demo.Inventory, demo.Fault{ErrorRate: 1}, "[product stock]", "DOWNSTREAM_SERVICE_ERROR", `"stock":null`},
		"inventory hangs":       {demo.Inventory, demo.Fault{Hang: true}, "[product stock]", "DOWNSTREAM_TIMEOUT", `"stock":null`},
		"accounts down":         {demo.Accounts, demo.Fault{ErrorRate: 1}, "[product reviews 0 author]", "DOWNSTREAM_SERVICE_ERROR", `"author":null`},
		"accounts answers HTML": {demo.Accounts, demo.Fault{HTML: true}, "[product reviews 0 author]", "DOWNSTREAM_SERVICE_ERROR", `"author":null`},
		"reviews slow":          {demo.Reviews, demo.Fault{Delay: 5 * time.Second}, "[product reviews]", "DOWNSTREAM_TIMEOUT", `"product":null`},
		"catalog down":          {demo.Catalog, demo.Fault{ErrorRate: 1}, "[product]", "DOWNSTREAM_SERVICE_ERROR", `"product":null`},
	} {
		t.Run(name, func(t *testing.T) {
			demotest.Fault(t, g.demo, c.service, c.fault)
			a := g.query(t, "web", document, nil)
			if a.status != 200 || len(a.Errors) == 0 {
				t.Fatalf("status %d: %s", a.status, a.body)
			}
			if path := fmt.Sprint(a.Errors[0].Path); path != c.path || a.code() != c.code || a.Errors[0].Extensions["service"] != c.service {
				t.Errorf("path %s, want %s; code %s, want %s: %s", path, c.path, a.code(), c.code, a.body)
			}
			if !strings.Contains(string(a.Data), c.data) {
				t.Errorf("data %s, want %s", a.Data, c.data)
			}
			if strings.Contains(string(a.body), "127.0.0.1") || strings.Contains(string(a.body), "<html") {
				t.Errorf("the answer tells too much: %s", a.body)
			}
			if c.data == `"stock":null` && !strings.Contains(string(a.Data), `"author":{"name"`) {
				t.Errorf("a sibling lost its data: %s", a.Data)
			}
		})
	}
	if a := g.query(t, "web", document, nil); len(a.Errors) > 0 {
		t.Errorf("after the faults: %s", a.body)
	}
}

// What needs a token says so; what a token does not allow is refused.
func TestTokens(t *testing.T) {
	g := start(t)
	order := `mutation { placeOrder(input: {items: [{productId: "%s", quantity: %d}]}) { order { id } } }`
	reader := "Bearer " + demotest.Token(t, g.demo, "u1", "orders:read")
	buyer := "Bearer " + demotest.Token(t, g.demo, "u1", "orders:write")
	for name, c := range map[string]struct{ document, token, code string }{
		"me without":            {me, "", "UNAUTHENTICATED"},
		"buy without":           {buy, "", "UNAUTHENTICATED"},
		"buy without the scope": {buy, reader, "FORBIDDEN"},
		"out of stock":          {fmt.Sprintf(order, "p13", 1), buyer, "OUT_OF_STOCK"},
		"no such product":       {fmt.Sprintf(order, "p999", 1), buyer, "BAD_USER_INPUT"},
		"none of it":            {fmt.Sprintf(order, "p1", 0), buyer, "BAD_USER_INPUT"},
		"nothing":               {`mutation { placeOrder(input: {items: []}) { order { id } } }`, buyer, "BAD_USER_INPUT"},
	} {
		t.Run(name, func(t *testing.T) {
			a := g.query(t, "web", c.document, nil, "Authorization", c.token)
			if a.status != 200 || a.code() != c.code {
				t.Errorf("status %d, code %s, want %s: %s", a.status, a.code(), c.code, a.body)
			}
		})
	}
	a := g.query(t, "web", fmt.Sprintf(order, "p13", 1), nil, "Authorization", buyer)
	if a.Errors[0].Extensions["productId"] != "p13" || a.Errors[0].Extensions["available"] != 0.0 {
		t.Errorf("what is out of stock: %s", a.body)
	}
	if strings.Contains(g.log.String(), strings.TrimPrefix(buyer, "Bearer ")) {
		t.Error("the log has a token")
	}
}
