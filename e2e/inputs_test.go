package e2e_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/portico-gateway/portico/demo/demotest"
)

// echo is a service that keeps what it is sent.
type echo struct {
	mu    sync.Mutex
	calls []string
}

// ServeHTTP answers every call.
func (e *echo) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.calls = append(e.calls, strings.TrimSpace(r.Method+" "+r.URL.RequestURI()+" "+string(body)))
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, `{"ok": "ok", "list": ["a"]}`)
}

// take returns the calls since it was called last.
func (e *echo) take() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	calls := e.calls
	e.calls = nil
	return calls
}

// Inputs are coerced by the GraphQL specification before anything is called:
// what a service is sent is what the schema says, or nothing.
func TestInputs(t *testing.T) {
	service := &echo{}
	server := httptest.NewServer(service)
	defer server.Close()
	d := demotest.Start(t)
	g := startExtended(t, d, loopback, map[string]string{"echo": server.URL})
	for name, c := range map[string]struct {
		document, variables string
		code                string   // of the first error
		message             string   // a part of it
		calls               []string // of the service
	}{
		"null for a default, in an argument": {`query ($id: ID = "p1") { sent(id: $id) }`, `{"id": null}`, "BAD_USER_INPUT", "The variable $id is null where a value of type ID! is required.", nil},
		"null for a default, of a variable":  {`query ($n: Int! = 20) { sent(n: $n) }`, `{"n": null}`, "BAD_USER_INPUT", "Variable $n: a value of type Int! must not be null.", nil},
		"null items":                         {`query ($t: [String!]) { sent(tags: $t) }`, `{"t": ["a", null]}`, "BAD_USER_INPUT", "Variable $t[1]: a value of type String! must not be null.", nil},
		"null items of items":                {`query ($m: [[Int!]!]) { sent(matrix: $m) }`, `{"m": [[1], [null]]}`, "BAD_USER_INPUT", "Variable $m[1][0]: ", nil},
		"null for an input field":            {`query ($f: Filter) { sent(filter: $f) }`, `{"f": {"limit": null}}`, "BAD_USER_INPUT", "Variable $f.limit: a value of type Int! must not be null.", nil},
		"null in a literal":                  {`query ($n: Int = 1) { sent(filter: {limit: $n}) }`, `{"n": null}`, "BAD_USER_INPUT", "The variable $n is null where", nil},
		"an enum's case":                     {`query ($c: Color) { sent(color: $c) }`, `{"c": "red"}`, "BAD_USER_INPUT", "Variable $c: the enum Color has no such value", nil},
		"an enum's case, second":             {`mutation ($f: Filter!) { patch(input: {nick: "a"}) choose(one: {filter: $f}) }`, `{"f": {"color": "Red"}}`, "BAD_USER_INPUT", "Variable $f.color: the enum Color has no such value", nil},
		"a DateTime, second":                 {`mutation ($at: DateTime) { patch(input: {nick: "a"}) store(at: $at) }`, `{"at": "2024-01-31"}`, "BAD_USER_INPUT", "Variable $at: expected a value of type DateTime.", nil},
		"an Int64, second":                   {`mutation ($b: Int64) { patch(input: {nick: "a"}) store(big: $b) }`, `{"b": "abc"}`, "BAD_USER_INPUT", "Variable $b: expected a value of type Int64.", nil},
		"an Int64 with a fraction":           {`mutation ($b: Int64) { patch(input: {nick: "a"}) store(big: $b) }`, `{"b": 5.5}`, "BAD_USER_INPUT", "Variable $b: expected a value of type Int64.", nil},
		"a Decimal, second":                  {`mutation ($a: Decimal) { patch(input: {nick: "a"}) store(amount: $a) }`, `{"a": {"a": 1}}`, "BAD_USER_INPUT", "Variable $a: expected a value of type Decimal.", nil},
		"a DateTime in a document":           {`mutation { patch(input: {nick: "a"}) store(at: "2024-01-31") }`, `{}`, "GRAPHQL_VALIDATION_FAILED", "Expected a value of type DateTime.", nil},
		"an object for an ID":                {`{ product(id: {}) { name } }`, `{}`, "GRAPHQL_VALIDATION_FAILED", "Expected an ID", nil},
		"an object for an Int":               {`{ listed(first: {}) }`, `{}`, "GRAPHQL_VALIDATION_FAILED", "Expected an Int", nil},
		"an object in an object":             {`{ sent(filter: {limit: {}}) }`, `{}`, "GRAPHQL_VALIDATION_FAILED", "Expected an Int", nil},
		"two members of a OneOf":             {`mutation ($o: One!) { choose(one: $o) }`, `{"o": {"id": 1, "filter": {}}}`, "BAD_USER_INPUT", "exactly one member", nil},
		"no member of a OneOf":               {`mutation ($o: One!) { choose(one: $o) }`, `{"o": {}}`, "BAD_USER_INPUT", "exactly one member", nil},
		"null in a OneOf":                    {`mutation ($o: One!) { choose(one: $o) }`, `{"o": {"id": null}}`, "BAD_USER_INPUT", "must not be null", nil},
		"one member of a OneOf":              {`mutation ($o: One!) { choose(one: $o) }`, `{"o": {"id": 7}}`, "", "", []string{`POST /choose {"id":"7"}`}},
		"skip: null, at the root":            {`query ($x: Boolean = true) { sent @skip(if: $x) }`, `{"x": null}`, "BAD_USER_INPUT", "The variable $x is null", nil},
		"skip: null, nested":                 {`query ($x: Boolean = true) { product(id: "p1") { name @include(if: $x) } }`, `{"x": null}`, "BAD_USER_INPUT", "The variable $x is null", nil},
		"skip: null, in a list":              {`query ($x: Boolean = true) { sent ...F } fragment F on Query { product(id: "p1") { name @skip(if: $x) } }`, `{"x": null}`, "BAD_USER_INPUT", "The variable $x is null", nil},
		"skip: null, in a mutation":          {`mutation ($x: Boolean = true) { patch(input: {nick: "a"}) choose(one: {id: 1}) @skip(if: $x) }`, `{"x": null}`, "BAD_USER_INPUT", "The variable $x is null", nil},
		"JSON literals":                      {`mutation { store(value: {list: [], a: {b: []}, big: 123456789012345678901234567890, f: 1.50}, amount: 12345678901234567.89) }`, `{}`, "", "", []string{`POST /store {"value":{"a":{"b":[]},"big":123456789012345678901234567890,"f":1.50,"list":[]},"amount":"12345678901234567.89"}`}},
		"an empty JSON list":                 {`mutation { store(value: []) }`, `{}`, "", "", []string{`POST /store {"value":[]}`}},
		"JSON variables":                     {`mutation ($v: JSON) { store(value: $v) }`, `{"v": [12345678901234567890.10, {"a": []}]}`, "", "", []string{`POST /store {"value":[12345678901234567890.10,{"a":[]}]}`}},
		"variables in a JSON":                {`mutation ($v: Int, $w: String) { store(value: {v: $v, w: [$w]}) }`, `{"v": 5}`, "", "", []string{`POST /store {"value":{"v":5,"w":[null]}}`}},
		"integral numbers":                   {`query ($n: Int!, $id: ID!) { sent(n: $n, id: $id) }`, `{"n": 1e2, "id": 1.0}`, "", "", []string{`POST /sent {"n":100,"id":"1"}`}},
		"large integers for an ID":           {`query ($id: ID!) { sent(id: $id) }`, `{"id": 12345678901234567890}`, "", "", []string{`POST /sent {"n":20,"id":"12345678901234567890"}`}},
		"lists at every depth":               {`query ($m: [[Int!]!], $f: Filter) { sent(tags: "a", matrix: $m, filter: $f) }`, `{"m": 5, "f": {"sizes": 3}}`, "", "", []string{`POST /sent {"n":20,"id":"x","tags":["a"],"matrix":[[5]],"filter":{"sizes":[3],"color":"RED","limit":5}}`}},
		"defaults at every level":            {`{ sent(filter: {}) }`, `{}`, "", "", []string{`POST /sent {"n":20,"id":"x","filter":{"sizes":[1],"color":"RED","limit":5}}`}},
		"null is sent":                       {`mutation { patch(input: {nick: null}) }`, `{}`, "", "", []string{`POST /patch {"nick":null,"name":"none"}`}},
		"null of a variable":                 {`mutation ($i: Patch!) { patch(input: $i) }`, `{"i": {"nick": null, "name": null, "tags": null, "owner": {"id": null}}}`, "", "", []string{`POST /patch {"nick":null,"name":null,"tags":null,"owner":{"id":null}}`}},
		"what is absent is not":              {`mutation ($i: Patch!, $n: String) { patch(input: $i) b: patch(input: {nick: $n, tags: []}) }`, `{"i": {}}`, "", "", []string{`POST /patch {"name":"none"}`, `POST /patch {"name":"none","tags":[]}`}},
		"negative lengths":                   {`{ listed(first: -10) }`, `{}`, "BAD_USER_INPUT", "The argument first must not be negative", nil},
		"negative, by a variable":            {`query ($n: Int) { listed(first: $n) }`, `{"n": -1}`, "BAD_USER_INPUT", "The argument first must not be negative", nil},
		"beyond a @constraint":               {`query ($n: Int) { product(id: "p1") { name } related: listed(first: $n) }`, `{"n": 3}`, "", "", []string{"GET /listed?first=3"}},
		"all mistakes at once":               {`query ($n: Int!, $f: Filter) { sent(n: $n, filter: $f) }`, `{"f": {"sizes": [1, "2"], "limit": 1.5}}`, "BAD_USER_INPUT", "Variable $n: a value of type Int! is required. Variable $f.sizes[1]: expected an Int, an integer of 32 bits, found a string. Variable $f.limit: expected an Int", nil},
	} {
		t.Run(name, func(t *testing.T) {
			d.Reset()
			service.take()
			body := fmt.Sprintf(`{"query": %q, "variables": %s}`, c.document, c.variables)
			a := g.do(t, http.MethodPost, "/graphql/inputs", map[string]string{"Content-Type": "application/json"}, strings.NewReader(body))
			var messages []string
			for _, e := range a.Errors {
				messages = append(messages, e.Message)
				if at, _ := e.Extensions["code"].(string); at == "" || len(e.Path) > 0 {
					t.Errorf("an error of the request without a code, or with a path: %s", a.body)
				}
			}
			if a.code() != c.code || !strings.Contains(strings.Join(messages, " "), c.message) || c.code != "" && a.Data != nil {
				t.Errorf("got %s, want %s %q", a.body, c.code, c.message)
			}
			if calls := service.take(); !slices.Equal(calls, c.calls) {
				t.Errorf("the service was sent %q, want %q", calls, c.calls)
			}
			if calls := g.calls(t); c.code != "" && calls != "" {
				t.Errorf("the demo was called: %s", calls)
			}
		})
	}
	subscription := `{"query": "subscription ($x: Boolean = true) { stockChanged(productId: \"p1\") { available @skip(if: $x) } }", "variables": {"x": null}}`
	d.Reset()
	a := g.do(t, http.MethodPost, "/graphql/web", map[string]string{"Content-Type": "application/json", "Accept": "application/json, text/event-stream;q=0.5"}, strings.NewReader(subscription))
	if calls := g.calls(t); a.code() != "BAD_USER_INPUT" || calls != "" {
		t.Errorf("a subscription: %s, calls %q", a.body, calls)
	}
	if log := g.log.String(); strings.Contains(log, "INTERNAL") || strings.Contains(log, "goroutine ") {
		t.Errorf("the log has what no caller may cause: %.2000s", log)
	}
}

// A policy decides about the same values that the service is sent, however they
// came.
func TestPoliciesSeeWhatIsSent(t *testing.T) {
	g := shared(t)
	token := "Bearer " + demotest.Token(t, g.demo, "u1", "orders:write")
	const order = "{ order { id } } }"
	for name, c := range map[string]struct {
		document, variables, code string
	}{
		"a literal object for a list": {`mutation { placeOrder(input: {items: {productId: "p1", quantity: 50}}) ` + order, `{}`, "FORBIDDEN"},
		"a literal list":              {`mutation { placeOrder(input: {items: [{productId: "p1", quantity: 50}]}) ` + order, `{}`, "FORBIDDEN"},
		"through $input":              {`mutation ($input: PlaceOrderInput!) { placeOrder(input: $input) ` + order, `{"input": {"items": {"productId": "p1", "quantity": 50}}}`, "FORBIDDEN"},
		"through $items":              {`mutation ($items: [OrderItemInput!]!) { placeOrder(input: {items: $items}) ` + order, `{"items": {"productId": "p1", "quantity": 5e1}}`, "FORBIDDEN"},
		"through $item":               {`mutation ($item: OrderItemInput!) { placeOrder(input: {items: [$item]}) ` + order, `{"item": {"productId": "p1", "quantity": 50.0}}`, "FORBIDDEN"},
		"through $quantity":           {`mutation ($n: Int!) { placeOrder(input: {items: {productId: "p1", quantity: $n}}) ` + order, `{"n": 50}`, "FORBIDDEN"},
		"as a default":                {`mutation ($input: PlaceOrderInput! = {items: {productId: "p1", quantity: 50}}) { placeOrder(input: $input) ` + order, `{}`, "FORBIDDEN"},
		"what clients send":           {`mutation ($input: PlaceOrderInput!) { placeOrder(input: $input) ` + order, `{"input": {"items": [{"productId": "p1", "quantity": 1}]}}`, ""},
		"one that is allowed":         {`mutation ($item: OrderItemInput!) { placeOrder(input: {items: [$item]}) ` + order, `{"item": {"productId": "p1", "quantity": 1.0}}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			g.demo.Reset()
			body := fmt.Sprintf(`{"query": %q, "variables": %s}`, c.document, c.variables)
			a := g.do(t, http.MethodPost, "/graphql/web", map[string]string{"Content-Type": "application/json", "Authorization": token}, strings.NewReader(body))
			want := "orders POST /orders 1"
			if c.code != "" {
				want = ""
			}
			if calls := g.calls(t); a.code() != c.code || calls != want {
				t.Errorf("%s, calls %q, want %q %q", a.body, calls, c.code, want)
			}
			if c.code == "" && !json.Valid(a.Data) {
				t.Errorf("no data: %s", a.body)
			}
		})
	}
}

// The error of docs/inputs.md is what the gateway answers.
func TestGuideOfInputs(t *testing.T) {
	text, err := os.ReadFile("../docs/inputs.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "```graphql\n")
	document, rest, _ := strings.Cut(rest, "```")
	_, rest, _ = strings.Cut(rest, "```json\n")
	variables, rest, _ := strings.Cut(rest, "```")
	_, rest, _ = strings.Cut(rest, "```json\n")
	want, _, _ := strings.Cut(rest, "```")
	g := shared(t)
	body := fmt.Sprintf(`{"query": %q, "variables": %s}`, document, variables)
	a := g.do(t, http.MethodPost, "/graphql/web", map[string]string{"Content-Type": "application/json"}, strings.NewReader(body))
	if compact(string(a.body)) != compact(want) {
		t.Errorf("got %s, want %s", a.body, want)
	}
}
