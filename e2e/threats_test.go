package e2e_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/golang-jwt/jwt/v5"

	"github.com/portico-gateway/portico/demo/demotest"
)

// threat is a hostile request and what must become of it. The table of
// docs/threats.md is made of these: `go test ./e2e -run TestThreats -update`.
type threat struct {
	request string // what is sent
	why     string // the risk if it were accepted
	status  int    // HTTP, or the code that a WebSocket is closed with
	code    string // extensions.code, or ""
	send    func(h *hostile) (status int, code string)
}

// hostile is who sends hostile requests.
type hostile struct {
	*testing.T
	all    *testing.T // of all requests
	g      *gateway
	issuer *issuer
}

const strict = "application/graphql-response+json"

// request sends a request and returns its outcome. Nothing of it may come back.
func (h *hostile) request(method, path string, header http.Header, body []byte) (int, string) {
	h.Helper()
	ctx, cancel := context.WithTimeout(h.Context(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, h.g.url+path, bytes.NewReader(body))
	if err != nil {
		h.Fatal(err)
	}
	req.Header = header.Clone()
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		h.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		h.Fatal(err)
	}
	if len(text) > 20_000 || strings.Contains(string(text), secret) {
		h.Errorf("the answer tells too much, or has a part of the request: %.300s", text)
	}
	return resp.StatusCode, codeOf(text)
}

// codeOf is the code of the first error of an answer, or of the first of a
// batch.
func codeOf(text []byte) string {
	type response struct {
		Errors []struct {
			Extensions struct{ Code string }
		}
	}
	var one response
	var list []response
	if json.Unmarshal(text, &list) == nil && len(list) > 0 {
		one = list[0]
	} else {
		_ = json.Unmarshal(text, &one)
	}
	if len(one.Errors) == 0 {
		return ""
	}
	return one.Errors[0].Extensions.Code
}

// raw posts a body with headers, "Name: value".
func raw(body string, headers ...string) func(*hostile) (int, string) {
	return to("web", body, headers...)
}

func to(frontend, body string, headers ...string) func(*hostile) (int, string) {
	return func(h *hostile) (int, string) {
		header := http.Header{"Content-Type": {"application/json"}, "Accept": {strict}}
		for _, line := range headers {
			name, value, _ := strings.Cut(line, ": ")
			header.Set(name, value)
		}
		return h.request(http.MethodPost, "/graphql/"+frontend, header, []byte(body))
	}
}

// document posts a document.
func document(text string, headers ...string) func(*hostile) (int, string) {
	return raw(body(text, nil), headers...)
}

func body(text string, variables any) string {
	out, err := json.Marshal(map[string]any{"query": text, "variables": variables})
	if err != nil {
		panic(err)
	}
	return string(out)
}

// variables posts a document with variables.
func variables(text, values string) func(*hostile) (int, string) {
	return raw(body(text, json.RawMessage(values)))
}

// with sends a request whose token the issuer makes.
func with(text string, token func(h *hostile) string, headers ...string) func(*hostile) (int, string) {
	return func(h *hostile) (int, string) {
		return document(text, append([]string{"Authorization: Bearer " + token(h)}, headers...)...)(h)
	}
}

// claims makes a good token with another claim.
func claims(name string, value any) func(*hostile) string {
	return func(h *hostile) string { return h.issuer.token(h.T, map[string]any{name: value}) }
}

func other(method, path string, headers ...string) func(*hostile) (int, string) {
	return func(h *hostile) (int, string) {
		header := http.Header{}
		for _, line := range headers {
			name, value, _ := strings.Cut(line, ": ")
			header.Set(name, value)
		}
		return h.request(method, path, header, nil)
	}
}

// socket opens a WebSocket, sends messages, and returns the code that it is
// closed with; or the code of the first message with errors.
func socket(messages ...string) func(*hostile) (int, string) {
	return socketWith(&websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}}, func(*hostile) []string { return messages })
}

func socketWith(options *websocket.DialOptions, messages func(*hostile) []string) func(*hostile) (int, string) {
	return func(h *hostile) (int, string) {
		ctx, cancel := context.WithTimeout(h.Context(), patience)
		defer cancel()
		conn, resp, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(h.g.url, "http")+"/graphql/web", options)
		if err != nil {
			if resp == nil {
				h.Fatal(err)
			}
			text, _ := io.ReadAll(resp.Body)
			return resp.StatusCode, codeOf(text)
		}
		defer conn.CloseNow() //nolint:errcheck // it is closed
		for _, m := range messages(h) {
			if err := conn.Write(ctx, websocket.MessageText, []byte(m)); err != nil {
				break
			}
		}
		for {
			_, text, err := conn.Read(ctx)
			if err != nil {
				return int(websocket.CloseStatus(err)), ""
			}
			var m struct {
				Type    string
				Payload json.RawMessage
			}
			if json.Unmarshal(text, &m) == nil && m.Type == "error" {
				return 0, codeOf(fmt.Appendf(nil, `{"errors":%s}`, m.Payload))
			}
			if code := codeOf(m.Payload); m.Type == "next" && code != "" { // others are events of what is allowed
				return 0, code
			}
		}
	}
}

const twoLengths = "POST /graphql/web HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n18\r\n" + plainQuery + "\r\n0\r\n\r\n"

// wire sends requests as they are on one connection, each after the answer to
// the one before, and returns the outcome of the last: it must be the end.
func wire(requests ...string) func(*hostile) (int, string) {
	return func(h *hostile) (status int, code string) {
		conn, err := new(net.Dialer).DialContext(h.Context(), "tcp", strings.TrimPrefix(h.g.url, "http://"))
		if err != nil {
			h.Fatal(err)
		}
		defer conn.Close()
		if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
			h.Fatal(err)
		}
		reader := bufio.NewReader(conn)
		for _, text := range requests {
			if _, err := io.WriteString(conn, text); err != nil {
				h.Fatal(err)
			}
			resp, err := http.ReadResponse(reader, nil)
			if err != nil {
				h.Fatal(err)
			}
			answer, err := io.ReadAll(resp.Body)
			if err != nil {
				h.Fatal(err)
			}
			status, code = resp.StatusCode, codeOf(answer)
		}
		if rest, _ := io.ReadAll(reader); len(rest) > 0 {
			h.Errorf("the connection goes on: %q", rest)
		}
		return status, code
	}
}

func packed(text string) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(text))
	_ = z.Close()
	return b.Bytes()
}

const (
	initMessage = `{"type":"connection_init"}`
	plainQuery  = `{"query":"{__typename}"}`
)

func subscribe(id, text string) string {
	return fmt.Sprintf(`{"type":"subscribe","id":%q,"payload":%s}`, id, body(text, nil))
}

func nested(n int) string { return strings.Repeat(`{"in":`, n) + "1" + strings.Repeat("}", n) }

func doublingFragments(levels int) string {
	var b strings.Builder
	b.WriteString(`{ product(id: "p1") { ...F0 } }`)
	for i := range levels {
		fmt.Fprintf(&b, " fragment F%d on Product { related { ...F%d } also: related { ...F%d } }", i, i+1, i+1)
	}
	return b.String() + fmt.Sprintf(" fragment F%d on Product { id }", levels)
}

func manyAliases(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, " a%d: __typename", i)
	}
	return "{" + b.String() + " }"
}

type group struct {
	title   string
	threats []threat
}

// threats are all of them.
func threats() []group {
	const (
		deniedMe = `{ me { id } }`
		order    = `mutation { placeOrder(input: {items: [{productId: "p1", quantity: 1}]}) { order { id } } }`
	)
	return []group{
		{"HTTP", []threat{
			{"`PUT`", "unsupported methods could have side effects", 405, "BAD_REQUEST", other("PUT", "/graphql/web")},
			{"`TRACE`", "a page could read headers with tokens back", 405, "BAD_REQUEST", other("TRACE", "/graphql/web")},
			{"an unknown frontend", "a request could reach a frontend that was not named", 404, "FRONTEND_NOT_FOUND", other("GET", "/graphql/"+secret)},
			{"an unknown path", "internal pages, such as those for operators, would be public", 404, "BAD_REQUEST", other("GET", "/admin/readyz")},
			{"the schema where introspection is off", "the schema shows an attacker what to attack", 404, "BAD_REQUEST", other("GET", "/graphql/web/schema.graphql")},
			{"`routes.json` where explanations are off", "fields, calls, addresses and health of services would be public", 404, "BAD_REQUEST", other("GET", "/graphql/web/routes.json")},
			{"`routes.json` without the required scope", "the same, for every caller", 404, "BAD_REQUEST", other("GET", "/graphql/mobile/routes.json")},
			{"`documents.json` where introspection is off", "trusted documents would reveal the schema, and ids of private operations", 404, "BAD_REQUEST", other("GET", "/graphql/web/documents.json")},
			{"the same where only trusted documents are executed", "the list of what can be executed would be public", 404, "BAD_REQUEST", other("GET", "/graphql/listed/documents.json")},
			{"`documents.json` without the required scope", "the same, for every caller", 404, "BAD_REQUEST", other("GET", "/graphql/mobile/documents.json")},
			{"`GET` by a page of another site", "CSRF: the browser adds the user's cookies", 403, "CSRF_BLOCKED", other("GET", "/graphql/web?query={__typename}")},
			{"such a `GET` with `Content-Type: text/plain`", "CSRF: a page of another site can send it without a preflight", 403, "CSRF_BLOCKED", other("GET", "/graphql/web?query={__typename}", "Content-Type: text/plain")},
			{"a mutation by `GET`", "links and prefetching could change data", 405, "BAD_REQUEST", other("GET", "/graphql/web?query="+url.QueryEscape(order), "GraphQL-Require-Preflight: 1")},
			{"`POST` as `text/plain`", "CSRF: a form of another site can send it", 415, "BAD_REQUEST", raw(plainQuery, "Content-Type: text/plain")},
			{"`POST` of a form", "CSRF: a form of another site can send it", 415, "BAD_REQUEST", raw("query={__typename}", "Content-Type: application/x-www-form-urlencoded")},
			{"`POST` as `multipart/form-data`", "CSRF: a form of another site can send it; upload maps have made servers panic", 415, "BAD_REQUEST", raw("--x\r\n\r\n--x--", "Content-Type: multipart/form-data; boundary=x")},
			{"JSON in UTF-16", "a WAF would read a different text", 415, "BAD_REQUEST", raw(plainQuery, "Content-Type: application/json; charset=utf-16")},
			{"an unsupported `Accept`, `image/png`", "the client would get a type that it does not accept", 406, "BAD_REQUEST", raw(plainQuery, "Accept: image/png")},
			{"a body of 2 MiB", "memory exhaustion", 413, "BAD_REQUEST", raw(`{"query":"` + strings.Repeat(" ", 2<<20) + `"}`)},
			{"a body of 10 kB that inflates to 10 MiB", "memory exhaustion (zip bomb)", 413, "BAD_REQUEST", func(h *hostile) (int, string) {
				return raw(string(packed(`{"query":"`+strings.Repeat(" ", 10<<20)+`"}`)), "Content-Encoding: gzip")(h)
			}},
			{"a body declared as gzip that is not", "a partial body could be executed", 400, "BAD_REQUEST", raw(plainQuery, "Content-Encoding: gzip")},
			{"a body compressed with Brotli", "compressed bytes would be parsed as JSON", 415, "BAD_REQUEST", raw(plainQuery, "Content-Encoding: br")},
			{"`Content-Length` and `Transfer-Encoding`", "request smuggling: proxy and gateway see different requests", 400, "", wire(twoLengths)},
			{"the same after a valid request", "smuggling on a connection that is already trusted", 400, "", wire("GET /graphql/web?query={__typename} HTTP/1.1\r\nHost: x\r\nGraphQL-Require-Preflight: 1\r\n\r\n", twoLengths)},
			{"a body that is never sent", "slow callers could exhaust connections and memory", 408, "BAD_REQUEST", wire("POST /graphql/web HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{")},
			{"a batch of 6 operations where 5 are allowed", "batches would bypass per-request limits", 400, "BAD_REQUEST", raw("[" + strings.Repeat(plainQuery+",", 5) + plainQuery + "]")},
			{"an empty batch", "an answer without a response breaks clients", 400, "BAD_REQUEST", raw("[]")},
			{"a subscription in a batch", "the batch would never end", 200, "BAD_REQUEST", raw("[" + body(`subscription { stockChanged(productId: "p1") { available } }`, nil) + "]")},
		}},
		{"JSON", []threat{
			{"an empty body", "the parser could fail in unexpected ways", 400, "BAD_REQUEST", raw("")},
			{"an incomplete object", "the error could echo the request", 400, "BAD_REQUEST", raw(`{"query":"` + secret)},
			{"a string instead of an object", "the error could echo it", 400, "BAD_REQUEST", raw(`"` + secret + `"`)},
			{"two objects", "a WAF could check the other one", 400, "BAD_REQUEST", raw(plainQuery + plainQuery)},
			{"20,000 nested objects", "stack exhaustion", 400, "MAX_INPUT_LIMIT", raw(`{"query":"{__typename}","variables":` + strings.Repeat(`{"a":`, 20000) + `1` + strings.Repeat(`}`, 20000) + `}`)},
			{"bytes that are not UTF-8", "logs and services would read a different text", 400, "BAD_REQUEST", raw("{\"query\":\"{ \xff }\"}")},
			{"`query` that is a list", "an unexpected type; the error could echo it", 400, "BAD_REQUEST", raw(`{"query":["` + secret + `"]}`)},
			{"`variables` that are a list", "an unexpected type; the error could echo it", 400, "BAD_REQUEST", raw(`{"query":"{__typename}","variables":["` + secret + `"]}`)},
			{"330,000 empty lists in `extensions`: 1 MB", "decoded, it takes fifty times the memory; it is rejected after some kilobytes", 400, "MAX_INPUT_LIMIT", raw(`{"query":"{__typename}","extensions":{"a":[` + strings.Repeat("[],", 330_000) + `[]]}}`)},
			{"the same in unknown members", "unknown members are decoded, too", 400, "MAX_INPUT_LIMIT", raw(`{"query":"{__typename}"` + strings.Repeat(`,"x":1`, 2000) + `}`)},
			{"a duplicate `query`", "a WAF could check the other one", 400, "BAD_REQUEST", raw(`{"query":"{__typename}","query":"{__typename}"}`)},
			{"a duplicate variable", "a WAF could check the other one", 400, "BAD_REQUEST", variables(`query ($id: ID!) { product(id: $id) { id } }`, `{"id":"p1","id":"p2"}`)},
			{"the same, with an escape", "a bypass of the check above", 400, "BAD_REQUEST", raw(`{"query":"query ($id: ID!) { product(id: $id) { id } }","variables":{"id":"p1","\u0069d":"p2"}}`)},
			{"an unpaired surrogate", "services would read a different text", 400, "BAD_REQUEST", raw(`{"query":"{__typename}","variables":{"a":"\ud800"}}`)},
			{"no `query`", "the error could echo other members", 400, "BAD_REQUEST", raw(`{"operationName":"` + secret + `"}`)},
		}},
		{"Documents", []threat{
			{"a syntax error", "the parser could fail without a position", 400, "GRAPHQL_PARSE_FAILED", document(`{ product(`)},
			{"an unpaired surrogate in a string", "services would read a different text", 400, "GRAPHQL_PARSE_FAILED", document(`{ product(id: "\ud800") { id } }`)},
			{"a fragment with its own variables", "its meaning is not specified", 400, "GRAPHQL_PARSE_FAILED", document(`{ ...F } fragment F($x: ID) on Query { product(id: $x) { id } }`)},
			{"a subscription with two aliases of a field", "two event streams where one is expected", 400, "GRAPHQL_VALIDATION_FAILED", document(`subscription { a: stockChanged(productId: "p1") { available } b: stockChanged(productId: "p2") { available } }`)},
			{"a subscription whose field is skipped", "a stream that never has events", 400, "GRAPHQL_VALIDATION_FAILED", document(`subscription { stockChanged(productId: "p1") @skip(if: true) { available } }`)},
			{"5,000 tokens", "time and memory for parsing", 400, "MAX_TOKENS_LIMIT", document("{ " + strings.Repeat("a ", 5000) + "}")},
			{"25 levels of fields", "each level causes calls to services", 400, "MAX_DEPTH_LIMIT", document(`{ product(id: "p1") ` + strings.Repeat("{ related ", 24) + "{ id }" + strings.Repeat(" }", 25))},
			{"30 fragments that each spread the next one twice: a billion fields in 2 kB", "exponential time: minutes in other servers' cost analysis", 400, "MAX_DEPTH_LIMIT", document(doublingFragments(30))},
			{"the same with 15 levels: 33,000 fields", "exponential time", 400, "MAX_ALIASES_LIMIT", document(doublingFragments(15))},
			{"600 aliases of a field", "one request causes the work of 600", 400, "MAX_ALIASES_LIMIT", document(manyAliases(600))},
			{"4,000 aliases of a field", "quadratic validation took 1.9 s", 400, "MAX_TOKENS_LIMIT", document(manyAliases(4000))},
			{"30 root fields", "one request causes the work of 30", 400, "MAX_ROOT_FIELDS_LIMIT", document("{ " + strings.Repeat("__typename ", 30) + "}")},
			{"a field selected 15 times in one place", "quadratic validation", 400, "MAX_RESPONSE_KEYS_LIMIT", document(`{ product(id: "p1") { ` + strings.Repeat("id ", 15) + "} }")},
			{"60 directives", "validation time", 400, "MAX_DIRECTIVES_LIMIT", document("{ __typename " + strings.Repeat("@include(if: true) ", 60) + "}")},
			{"120 spreads of a fragment", "validation time", 400, "MAX_FRAGMENTS_LIMIT", document(`{ product(id: "p1") { ` + strings.Repeat("...F ", 120) + "} } fragment F on Product { id }")},
			{"a fragment that spreads itself", "an endless loop", 400, "GRAPHQL_VALIDATION_FAILED", document(`{ product(id: "p1") { ...F } } fragment F on Product { related { ...F } }`)},
			{"a literal nested 20 levels deep", "stack exhaustion", 400, "MAX_INPUT_LIMIT", document(`{ product(id: ` + strings.Repeat("[", 20) + strings.Repeat("]", 20) + `) { id } }`)},
			{"`__schema` where introspection is off", "the schema shows an attacker what to attack", 400, "INTROSPECTION_DISABLED", document(`{ __schema { types { name } } }`)},
			{"`__type` in a fragment, with an alias", "a bypass of the check above", 400, "INTROSPECTION_DISABLED", document(`{ ...F } fragment F on Query { x: __type(name: "Query") { name } }`)},
			{"`__schema` over WebSocket", "a bypass through another transport", 0, "INTROSPECTION_DISABLED", socket(initMessage, subscribe("1", `{ __schema { types { name } } }`))},
			{"a misspelled field", "a suggestion would reveal the right name", 400, "GRAPHQL_VALIDATION_FAILED", document(`{ prodct(id: "p1") { id } }`)},
			{"a field that only bindings may use", "it would reveal internal data of services", 400, "GRAPHQL_VALIDATION_FAILED", document(`{ product(id: "p1") { categoryId } }`)},
			{"an operation that is not in the document", "another operation would be executed", 400, "GRAPHQL_VALIDATION_FAILED", raw(`{"query":"query A {__typename} query B {__typename}","operationName":"` + secret + `"}`)},
			{"`@defer` without multipart support", "the client would get a partial answer", 200, "", document(`{ ... @defer { product(id: "p1") { id } } }`)},
		}},
		{"Variables", []threat{
			{"a string for an `Int`", "it could be echoed in an error or sent to a service", 400, "BAD_USER_INPUT", variables(`query ($n: Int) { products(first: $n) { nodes { id } } }`, `{"n":"`+secret+`"}`)},
			{"an `Int` of more than 32 bits", "an overflow in a service", 400, "BAD_USER_INPUT", variables(`query ($n: Int) { products(first: $n) { nodes { id } } }`, `{"n":4294967297}`)},
			{"the same as a literal", "a bypass of the check above", 400, "GRAPHQL_VALIDATION_FAILED", document(`{ products(first: 4294967297) { nodes { id } } }`)},
			{"`\"5\"` for an `Int`", "a WAF would see a string", 400, "BAD_USER_INPUT", variables(`query ($n: Int) { products(first: $n) { nodes { id } } }`, `{"n":"5"}`)},
			{"a missing required variable", "a service would get null where it does not expect it", 400, "BAD_USER_INPUT", document(`query ($id: ID!) { product(id: $id) { id } }`)},
			{"a variable nested 20 levels deep", "stack exhaustion", 400, "MAX_INPUT_LIMIT", variables(`query ($id: ID!) { product(id: $id) { id } }`, nested(20))},
			{"a list of 5,000 items", "a service would get as many", 400, "MAX_INPUT_LIMIT", variables(`mutation ($i: PlaceOrderInput!) { placeOrder(input: $i) { order { id } } }`, `{"i":{"items":[`+strings.Repeat(`{"productId":"p1","quantity":1},`, 5000)+`{"productId":"p1","quantity":1}]}}`)},
			{"a number outside the schema's `@constraint`", "a service would have to handle it", 400, "BAD_USER_INPUT", document(`{ products(first: 500) { nodes { id } } }`)},
			{"`..` as an id", "path traversal to another path of the service", 200, "BAD_USER_INPUT", document(`{ product(id: "..") { id } }`)},
			{"CR and LF in an id", "injection of headers or requests to the service", 200, "", variables(`query ($id: ID!) { product(id: $id) { id } }`, `{"id":"p1\r\nX-User-Id: admin"}`)},
		}},
		{"Cost", []threat{
			{"an operation with an estimated cost of 20,101 points, of 5,000", "services would do the work", 400, "COST_ESTIMATED_TOO_EXPENSIVE", document(`{ products(first: 100) { nodes { related(first: 100) { id } } } }`)},
			{"the same with variables", "a bypass with a document that looks cheap", 400, "COST_ESTIMATED_TOO_EXPENSIVE", variables(`query ($n: Int, $m: Int) { products(first: $n) { nodes { related(first: $m) { id } } } }`, `{"n":100,"m":100}`)},
			{"the same with `null`, estimated as the schema's maximum", "a bypass of the default", 400, "COST_ESTIMATED_TOO_EXPENSIVE", document(`{ products(first: null) { nodes { related(first: null) { id } } } }`)},
			{"the same with numbers that overflow", "an overflow to a negative cost", 400, "BAD_USER_INPUT", document(`{ products(first: 2147483647) { nodes { related(first: 2147483647) { related(first: 2147483647) { id } } } } }`)},
			{"30 operations of 400 points from one address, with a bucket of 5,000 and 10 a second", "one caller could use the capacity of all", 429, "THROTTLED", func(h *hostile) (status int, code string) {
				for range 30 {
					if status, code = to("mobile", `{"query":"{ products(first: 99) { nodes { id topReview { authorName } price { amount } stock { available } } } }"}`)(h); status != 200 {
						break
					}
				}
				return status, code
			}},
			{"the same with a forged `X-Forwarded-For` each time", "each request would get its own bucket", 429, "THROTTLED", func(h *hostile) (status int, code string) {
				for i := range 30 {
					if status, code = to("mobile", `{"query":"{ products(first: 99) { nodes { id topReview { authorName } price { amount } stock { available } } } }"}`, fmt.Sprintf("X-Forwarded-For: 192.0.2.%d", i))(h); status != 200 {
						break
					}
				}
				return status, code
			}},
			{"35 orders in a minute, where the schema allows 30", "automated abuse", 429, "THROTTLED", func(h *hostile) (status int, code string) {
				token := h.issuer.token(h.T, map[string]any{"sub": "u3"})
				for range 35 {
					if status, code = document(`mutation { placeOrder(input: {items: [{productId: "p13", quantity: 1}]}) { order { id } } }`, "Authorization: Bearer "+token)(h); status != 200 {
						break
					}
				}
				return status, code
			}},
			{"the same with 20 aliases in two operations", "a bypass with aliases", 429, "THROTTLED", func(h *hostile) (status int, code string) {
				token := h.issuer.token(h.T, map[string]any{"sub": "u4"})
				var b strings.Builder
				for i := range 20 {
					fmt.Fprintf(&b, ` a%d: placeOrder(input: {items: [{productId: "p13", quantity: 1}]}) { order { id } }`, i)
				}
				for range 2 {
					status, code = document("mutation {"+b.String()+" }", "Authorization: Bearer "+token)(h)
				}
				return status, code
			}},
		}},
		{"Authentication", []threat{
			{"a malformed token", "the token parser could fail", 401, "UNAUTHENTICATED", document(deniedMe, "Authorization: Bearer "+secret)},
			{"a token with `alg: none`", "anyone could impersonate anyone", 401, "UNAUTHENTICATED", with(deniedMe, func(h *hostile) string {
				return h.issuer.sign(h.T, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, nil)
			})},
			{"a token signed by HMAC with the issuer's public key", "anyone could sign tokens with the public key", 401, "UNAUTHENTICATED", with(deniedMe, func(h *hostile) string {
				public, err := x509.MarshalPKIXPublicKey(&h.issuer.key.PublicKey)
				if err != nil {
					h.Fatal(err)
				}
				return h.issuer.sign(h.T, jwt.SigningMethodHS256, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}), nil)
			})},
			{"a token with another token's claims", "anyone could impersonate anyone", 401, "UNAUTHENTICATED", with(deniedMe, func(h *hostile) string {
				mine, theirs := strings.Split(claims("sub", "u1")(h), "."), strings.Split(claims("sub", "u2")(h), ".")
				return mine[0] + "." + theirs[1] + "." + mine[2]
			})},
			{"an expired token", "revoked access would continue", 401, "UNAUTHENTICATED", with(deniedMe, claims("exp", time.Now().Add(-time.Minute).Unix()))},
			{"a token that never expires", "a stolen token would be valid forever", 401, "UNAUTHENTICATED", with(deniedMe, claims("exp", nil))},
			{"a token that is not valid yet", "access before the allowed time", 401, "UNAUTHENTICATED", with(deniedMe, claims("nbf", time.Now().Add(time.Hour).Unix()))},
			{"a token of another issuer", "anyone could issue tokens", 401, "UNAUTHENTICATED", with(deniedMe, claims("iss", "https://evil.example"))},
			{"a token for another audience", "another site could use its user's token here", 401, "UNAUTHENTICATED", with(deniedMe, claims("aud", "bank"))},
			{"a token of 9 kB", "CPU time", 401, "UNAUTHENTICATED", with(deniedMe, claims("x", strings.Repeat("x", 9000)))},
			{"an invalid token for a public field", "clients would not notice that they are signed out", 401, "UNAUTHENTICATED", document(`{ __typename }`, "Authorization: Bearer x")},
			{"Basic authentication", "passwords would be forwarded to services", 401, "UNAUTHENTICATED", document(deniedMe, "Authorization: Basic dTE6cGFzcw==")},
			{"an unknown API key", "keys could be guessed; the comparison takes constant time", 401, "UNAUTHENTICATED", document(deniedMe, "X-Api-Key: "+secret)},
			{"a token and an API key", "the scopes of one would apply to the other", 401, "UNAUTHENTICATED", func(h *hostile) (int, string) {
				return document(deniedMe, "Authorization: Bearer "+h.issuer.token(h.T, nil), "X-Api-Key: good")(h)
			}},
		}},
		{"Authorisation", []threat{
			{"`me` without a token", "access to a user's data", 200, "UNAUTHENTICATED", document(deniedMe)},
			{"the same with an alias in a fragment", "a bypass of a check by name", 200, "UNAUTHENTICATED", document(`{ ...F } fragment F on Query { x: me { ... on Viewer { id } } }`)},
			{"the same in a batch", "a bypass if only the first operation is checked", 200, "UNAUTHENTICATED", raw("[" + body(deniedMe, nil) + "," + plainQuery + "]")},
			{"the same over WebSocket", "a bypass through another transport", 0, "UNAUTHENTICATED", socket(initMessage, subscribe("1", deniedMe))},
			{"the same with `Connection: authorization`, which makes the token hop-by-hop", "a token not meant for the gateway would be used", 200, "UNAUTHENTICATED", with(deniedMe, claims("sub", "u1"), "Connection: authorization")},
			{"a forged header with the subject, which services trust", "anyone could impersonate anyone", 200, "UNAUTHENTICATED", document(deniedMe, "X-User-Id: u1")},
			{"an order without the scope", "a read-only token could write", 200, "FORBIDDEN", with(order, claims("scope", "orders:read"))},
			{"an order with a scope that has the required one as its prefix", "a bypass by prefix matching", 200, "FORBIDDEN", with(order, claims("scope", "orders:writer"))},
			{"an order of 1,000 pieces, which a policy forbids", "rules beyond scopes would not apply", 200, "FORBIDDEN", with(strings.Replace(order, "quantity: 1", "quantity: 1000", 1), claims("sub", "u1"))},
			{"the same with a variable in the input", "a bypass of a check of literals", 200, "FORBIDDEN", func(h *hostile) (int, string) {
				return raw(body(`mutation ($n: Int!) { placeOrder(input: {items: [{productId: "p1", quantity: $n}]}) { order { id } } }`, map[string]int{"n": 1000}),
					"Authorization: Bearer "+h.issuer.token(h.T, nil))(h)
			}},
			{"introspection without the required scope", "the schema shows an attacker what to attack", 400, "INTROSPECTION_DISABLED", to("mobile", body(`{ __schema { types { name } } }`, nil))},
		}},
		{"Persisted documents", []threat{
			{"a document that is not in the list", "any document could be executed", 400, "PERSISTED_QUERY_NOT_IN_LIST", to("listed", body(`{ product(id: "p2") { id } }`, nil))},
			{"a listed document with an additional space", "a similar document could be executed", 400, "PERSISTED_QUERY_NOT_IN_LIST", to("listed", body(`{ product(id: "p1")  { id } }`, nil))},
			{"an unknown id", "the id could be echoed", 200, "PERSISTED_QUERY_NOT_FOUND", to("listed", `{"documentId":"`+secret+`"}`)},
			{"an id with another document", "the log would name a different document than the executed one", 400, "PERSISTED_QUERY_HASH_MISMATCH", to("listed", `{"documentId":"one","query":"{ product(id: \"p2\") { id } }"}`)},
			{"a hash of another document", "cache poisoning: other callers of the hash would get this document", 400, "PERSISTED_QUERY_HASH_MISMATCH", raw(`{"query":"{ __typename }","extensions":{"persistedQuery":{"version":1,"sha256Hash":"` + strings.Repeat("0", 64) + `"}}}`)},
			{"an invalid document with its hash, then the hash", "the store could be filled with useless documents", 200, "PERSISTED_QUERY_NOT_FOUND", func(h *hostile) (int, string) {
				sum := sha256.Sum256([]byte("{ nothing }"))
				extensions := `"extensions":{"persistedQuery":{"version":1,"sha256Hash":"` + hex.EncodeToString(sum[:]) + `"}}}`
				raw(`{"query":"{ nothing }",` + extensions)(h)
				return raw("{" + extensions)(h)
			}},
			{"`persistedQuery` that is a list", "an unexpected type", 400, "BAD_REQUEST", raw(`{"extensions":{"persistedQuery":["` + secret + `"]}}`)},
		}},
		{"WebSocket", []threat{
			{"another subprotocol", "messages would have a different meaning", 4406, "", socketWith(&websocket.DialOptions{Subprotocols: []string{"graphql-ws"}}, func(*hostile) []string { return nil })},
			{"a page of another site", "CSRF: browsers send cookies without a preflight", 403, "CSRF_BLOCKED", socketWith(&websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}, HTTPHeader: http.Header{"Origin": {"https://evil.example"}}}, func(*hostile) []string { return nil })},
			{"an operation before `connection_init`", "execution before authentication", 4401, "", socket(subscribe("1", "{__typename}"))},
			{"a second `connection_init`", "a connection could change its principal", 4429, "", socket(initMessage, initMessage)},
			{"an invalid token in `connection_init`", "anyone could impersonate anyone", 4401, "", socket(`{"type":"connection_init","payload":{"Authorization":"Bearer x"}}`)},
			{"an invalid token in the handshake", "anyone could impersonate anyone", 401, "UNAUTHENTICATED", socketWith(&websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}, HTTPHeader: http.Header{"Authorization": {"Bearer x"}}}, func(*hostile) []string { return nil })},
			{"a duplicate operation id", "the first operation could not be stopped", 4409, "", socket(initMessage, subscribe("1", `subscription { stockChanged(productId: "p1") { available } }`), subscribe("1", `subscription { stockChanged(productId: "p1") { available } }`))},
			{"two `authorization` members with different case", "one could be checked and the other used", 4401, "", socket(`{"type":"connection_init","payload":{"Authorization":"Bearer x","authorization":"Bearer y"}}`)},
			{"an operation id of 257 bytes", "each of its messages repeats the id", 4400, "", socket(initMessage, subscribe(strings.Repeat("x", 257), "{__typename}"))},
			{"5,000 empty lists in a message", "memory exhaustion", 4400, "", socket(initMessage, `{"type":"subscribe","id":"1","payload":{"query":"{__typename}","extensions":{"a":[`+strings.Repeat("[],", 5000)+`[]]}}}`)},
			{"a malformed message", "the parser could fail, or a broken client could go on", 4400, "", socket(secret)},
			{"a message of 2 MiB", "memory exhaustion", 1009, "", socket(initMessage, subscribe("1", strings.Repeat(" ", 2<<20)))},
			{"101 operations at once", "memory and streams to services", 0, "BAD_REQUEST", socketWith(&websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}}, func(*hostile) []string {
				list := []string{initMessage}
				for i := range 101 {
					list = append(list, subscribe(fmt.Sprint("s", i), `subscription { stockChanged(productId: "p2") { available } }`))
				}
				return list
			})},
			{"an operation that is too expensive", "a bypass of limits through another transport", 0, "COST_ESTIMATED_TOO_EXPENSIVE", socket(initMessage, subscribe("1", `{ products(first: 100) { nodes { related(first: 100) { id } } } }`))},
			{"30 levels of fields", "a bypass of limits through another transport", 0, "MAX_DEPTH_LIMIT", socket(initMessage, subscribe("1", `{ product(id: "p1") `+strings.Repeat("{ related ", 29)+"{ id }"+strings.Repeat(" }", 30)))},
			{"the 41st WebSocket of a caller, of 40", "memory, and a bypass of limits per WebSocket", 429, "THROTTLED", func(h *hostile) (status int, code string) {
				var held []func() error
				defer func() {
					for _, end := range held {
						_ = end()
					}
				}()
				for range 40 {
					conn, resp, err := websocket.Dial(h.Context(), "ws"+strings.TrimPrefix(h.g.url, "http")+"/graphql/web", &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}})
					if err != nil {
						if resp == nil {
							h.Fatal(err)
						}
						break // those of other tests may not have ended yet
					}
					held = append(held, conn.CloseNow)
				}
				return socket()(h)
			}},
		}},
	}
}

// hostileConfig is closed but for what is attacked.
const hostileConfig = `
server: {listen: "127.0.0.1:0", readTimeout: 2s}
admin: {listen: "127.0.0.1:0"}
routing: {default: web}
auth:
  issuers:
    - {issuer: %[1]q, jwks: %[1]q, audiences: [portico]}
  keys: "[{sha256: %[2]s, principal: cron}]"
frontend:
  limits: {batch: 5, sockets: 40}
  documents: {automatic: true}
  cors: {origins: ["https://shop.example"], credentials: true}
frontends:
  mobile:
    introspection: true
    introspectionScope: schema:read
    explain: true
    explainScope: routes:read
    rateLimit: {anonymous: {capacity: 5000, refill: 10}}
  listed:
    documents: {automatic: false, mode: only, manifest: %[3]q}
`

// Every hostile request gets its answer, and afterwards the gateway works as
// before.
func TestThreats(t *testing.T) {
	all, groups := t, append(threats(), group{"Connections and TLS", tlsThreats()})
	checkThreatsFile(t, groups)
	manifest := filepath.Join(t.TempDir(), "listed.json")
	write(t, manifest, `{"format":"apollo-persisted-query-manifest","version":1,"operations":[{"id":"one","name":"One","type":"query","body":"{ product(id: \"p1\") { id } }"}]}`)
	d, i := demotest.Start(t), startIssuer(t)
	key := sha256.Sum256([]byte("good"))
	g := startExtended(t, d, fmt.Sprintf(hostileConfig, i.URL, hex.EncodeToString(key[:]), manifest), nil)
	for _, group := range groups {
		for _, c := range group.threats {
			t.Run(group.title+"/"+c.request, func(t *testing.T) {
				status, code := c.send(&hostile{t, all, g, i})
				if status != c.status || code != c.code {
					t.Errorf("got %d %s, want %d %s", status, code, c.status, c.code)
				}
			})
		}
	}
	if a := g.query(t, "web", `{ product(id: "p1") { id } }`, nil); a.status != 200 || len(a.Errors) > 0 {
		t.Errorf("afterwards: %s", a.body)
	}
	if a := g.query(t, "listed", ``, nil); a.code() != "BAD_REQUEST" {
		t.Errorf("nothing: %s", a.body)
	}
	if strings.Contains(g.log.String(), secret) || strings.Contains(g.log.String(), "eyJ") {
		t.Error("the log has a secret, or a token")
	}
}

// checkThreatsFile checks that docs/threats.md lists the same requests.
func checkThreatsFile(t *testing.T, groups []group) {
	t.Helper()
	const file = "../docs/threats.md"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	const mark = "<!-- The tables below are written by `go test ./e2e -run TestThreats -update`. -->\n"
	head, _, found := strings.Cut(string(text), mark)
	if !found {
		t.Fatalf("%s has no line %s", file, mark)
	}
	var b strings.Builder
	b.WriteString(head + mark)
	count := 0
	for _, group := range groups {
		fmt.Fprintf(&b, "\n## %s\n\n| request | answer | risk |\n|---|---|---|\n", group.title)
		for _, c := range group.threats {
			if c.why == "" {
				t.Errorf("%s: there is no risk", c.request)
			}
			answer := strings.TrimSpace(fmt.Sprint(c.status, " ", c.code))
			if c.status == 0 {
				answer = c.code
			}
			fmt.Fprintf(&b, "| %s | %s | %s |\n", c.request, answer, c.why)
			count++
		}
	}
	if count < 60 {
		t.Errorf("%d requests, want at least 60", count)
	}
	if *update {
		write(t, file, b.String())
	} else if b.String() != string(text) {
		t.Errorf("%s lists other requests: run go test ./e2e -run TestThreats -update", file)
	}
}
