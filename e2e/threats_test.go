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
	why     string // what would happen otherwise
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
			{"`PUT`", "only two methods mean something", 405, "BAD_REQUEST", other("PUT", "/graphql/web")},
			{"`TRACE`", "headers, with tokens, could be read back by a page", 405, "BAD_REQUEST", other("TRACE", "/graphql/web")},
			{"an unknown frontend", "names are not guessed", 404, "FRONTEND_NOT_FOUND", other("GET", "/graphql/"+secret)},
			{"an unknown path", "nothing is served that is not meant to be", 404, "BAD_REQUEST", other("GET", "/admin/readyz")},
			{"the schema where introspection is off", "the schema tells an attacker what to ask for", 404, "BAD_REQUEST", other("GET", "/graphql/web/schema.graphql")},
			{"`GET` by a page of another site", "the answer depends on who is asked: CSRF", 403, "CSRF_BLOCKED", other("GET", "/graphql/web?query={__typename}")},
			{"such a `GET` with `Content-Type: text/plain`", "a form of another site can send it: CSRF", 403, "CSRF_BLOCKED", other("GET", "/graphql/web?query={__typename}", "Content-Type: text/plain")},
			{"a mutation by `GET`", "links and prefetching would change data", 405, "BAD_REQUEST", other("GET", "/graphql/web?query="+url.QueryEscape(order), "GraphQL-Require-Preflight: 1")},
			{"`POST` as `text/plain`", "a form of another site can send it: CSRF", 415, "BAD_REQUEST", raw(plainQuery, "Content-Type: text/plain")},
			{"`POST` of a form", "a form of another site can send it: CSRF", 415, "BAD_REQUEST", raw("query={__typename}", "Content-Type: application/x-www-form-urlencoded")},
			{"`POST` as `multipart/form-data`", "a form of another site can send it: CSRF; maps of uploads have made servers panic", 415, "BAD_REQUEST", raw("--x\r\n\r\n--x--", "Content-Type: multipart/form-data; boundary=x")},
			{"JSON in UTF-16", "filters before the gateway would read another text", 415, "BAD_REQUEST", raw(plainQuery, "Content-Type: application/json; charset=utf-16")},
			{"an answer as `image/png`", "nobody guesses what was meant", 406, "BAD_REQUEST", raw(plainQuery, "Accept: image/png")},
			{"a body of 2 MiB", "memory", 413, "BAD_REQUEST", raw(`{"query":"` + strings.Repeat(" ", 2<<20) + `"}`)},
			{"a body of 10 kB that inflates to 10 MiB", "memory", 413, "BAD_REQUEST", func(h *hostile) (int, string) {
				return raw(string(packed(`{"query":"`+strings.Repeat(" ", 10<<20)+`"}`)), "Content-Encoding: gzip")(h)
			}},
			{"a body that says gzip and is not", "half of something is nothing", 400, "BAD_REQUEST", raw(plainQuery, "Content-Encoding: gzip")},
			{"a body packed by brotli", "what can't be read is not guessed", 415, "BAD_REQUEST", raw(plainQuery, "Content-Encoding: br")},
			{"`Content-Length` and `Transfer-Encoding`", "a proxy would see another request in it: one that the gateway takes for the next", 400, "", wire(twoLengths)},
			{"the same after another request", "a connection that was good stays good", 400, "", wire("GET /graphql/web?query={__typename} HTTP/1.1\r\nHost: x\r\nGraphQL-Require-Preflight: 1\r\n\r\n", twoLengths)},
			{"a body that does not come", "callers could hold connections and memory", 408, "BAD_REQUEST", wire("POST /graphql/web HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{")},
			{"a batch of 6 operations, where 5 are allowed", "limits for one request would be for none", 400, "BAD_REQUEST", raw("[" + strings.Repeat(plainQuery+",", 5) + plainQuery + "]")},
			{"an empty batch", "an answer without a response breaks clients", 400, "BAD_REQUEST", raw("[]")},
			{"a subscription in a batch", "the batch would never end", 200, "BAD_REQUEST", raw("[" + body(`subscription { stockChanged(productId: "p1") { available } }`, nil) + "]")},
		}},
		{"JSON", []threat{
			{"nothing", "a parser that reads nothing can fail in any way", 400, "BAD_REQUEST", raw("")},
			{"half of an object", "the error must not have what was read so far", 400, "BAD_REQUEST", raw(`{"query":"` + secret)},
			{"a text in place of an object", "the error must not have it", 400, "BAD_REQUEST", raw(`"` + secret + `"`)},
			{"two objects", "filters before the gateway could read the other one", 400, "BAD_REQUEST", raw(plainQuery + plainQuery)},
			{"20,000 objects in each other", "the stack", 400, "MAX_INPUT_LIMIT", raw(`{"query":"{__typename}","variables":` + strings.Repeat(`{"a":`, 20000) + `1` + strings.Repeat(`}`, 20000) + `}`)},
			{"bytes that are not UTF-8", "logs and services would read another text", 400, "BAD_REQUEST", raw("{\"query\":\"{ \xff }\"}")},
			{"`query` that is a list", "a type that nobody expected; the error must not have it", 400, "BAD_REQUEST", raw(`{"query":["` + secret + `"]}`)},
			{"`variables` that are a list", "a type that nobody expected; the error must not have it", 400, "BAD_REQUEST", raw(`{"query":"{__typename}","variables":["` + secret + `"]}`)},
			{"330,000 empty lists in `extensions`: 1 MB", "decoded, it takes fifty times the memory; it is refused after some kilobytes", 400, "MAX_INPUT_LIMIT", raw(`{"query":"{__typename}","extensions":{"a":[` + strings.Repeat("[],", 330_000) + `[]]}}`)},
			{"the same of members that nobody knows", "they are decoded, too", 400, "MAX_INPUT_LIMIT", raw(`{"query":"{__typename}"` + strings.Repeat(`,"x":1`, 2000) + `}`)},
			{"`query` twice", "filters before the gateway would read the other one", 400, "BAD_REQUEST", raw(`{"query":"{__typename}","query":"{__typename}"}`)},
			{"a variable twice", "filters before the gateway would read the other one", 400, "BAD_REQUEST", variables(`query ($id: ID!) { product(id: $id) { id } }`, `{"id":"p1","id":"p2"}`)},
			{"the same by an escape", "the same, by another way", 400, "BAD_REQUEST", raw(`{"query":"query ($id: ID!) { product(id: $id) { id } }","variables":{"id":"p1","\u0069d":"p2"}}`)},
			{"half of a surrogate pair", "services would read another text", 400, "BAD_REQUEST", raw(`{"query":"{__typename}","variables":{"a":"\ud800"}}`)},
			{"no `query`", "the error must not have what was there", 400, "BAD_REQUEST", raw(`{"operationName":"` + secret + `"}`)},
		}},
		{"Documents", []threat{
			{"no GraphQL", "the parser must tell a place, and not fail", 400, "GRAPHQL_PARSE_FAILED", document(`{ product(`)},
			{"half of a surrogate pair in a string", "services would read another text", 400, "GRAPHQL_PARSE_FAILED", document(`{ product(id: "\ud800") { id } }`)},
			{"a fragment with variables of its own", "what it means is nowhere defined", 400, "GRAPHQL_PARSE_FAILED", document(`{ ...F } fragment F($x: ID) on Query { product(id: $x) { id } }`)},
			{"a subscription with two aliases of a field", "two streams of events where one is expected", 400, "GRAPHQL_VALIDATION_FAILED", document(`subscription { a: stockChanged(productId: "p1") { available } b: stockChanged(productId: "p2") { available } }`)},
			{"a subscription whose field is skipped", "a stream without events", 400, "GRAPHQL_VALIDATION_FAILED", document(`subscription { stockChanged(productId: "p1") @skip(if: true) { available } }`)},
			{"5,000 tokens", "time and memory to parse it", 400, "MAX_TOKENS_LIMIT", document("{ " + strings.Repeat("a ", 5000) + "}")},
			{"25 levels of fields", "calls follow the depth", 400, "MAX_DEPTH_LIMIT", document(`{ product(id: "p1") ` + strings.Repeat("{ related ", 24) + "{ id }" + strings.Repeat(" }", 25))},
			{"30 fragments, each of which spreads the next twice: a billion fields in 2 kB", "time: minutes in others' cost limits", 400, "MAX_DEPTH_LIMIT", document(doublingFragments(30))},
			{"the same, 15 levels: 33,000 fields", "time", 400, "MAX_ALIASES_LIMIT", document(doublingFragments(15))},
			{"600 aliases of a field", "one request does the work of 600", 400, "MAX_ALIASES_LIMIT", document(manyAliases(600))},
			{"4,000 aliases of a field", "comparing each with each took 1.9 s", 400, "MAX_TOKENS_LIMIT", document(manyAliases(4000))},
			{"30 fields at the root", "one request does the work of 30", 400, "MAX_ROOT_FIELDS_LIMIT", document("{ " + strings.Repeat("__typename ", 30) + "}")},
			{"a field 15 times in one place", "comparing each with each", 400, "MAX_RESPONSE_KEYS_LIMIT", document(`{ product(id: "p1") { ` + strings.Repeat("id ", 15) + "} }")},
			{"60 directives", "time to check them", 400, "MAX_DIRECTIVES_LIMIT", document("{ __typename " + strings.Repeat("@include(if: true) ", 60) + "}")},
			{"120 spreads of a fragment", "time", 400, "MAX_FRAGMENTS_LIMIT", document(`{ product(id: "p1") { ` + strings.Repeat("...F ", 120) + "} } fragment F on Product { id }")},
			{"a fragment that spreads itself", "a loop without end", 400, "GRAPHQL_VALIDATION_FAILED", document(`{ product(id: "p1") { ...F } } fragment F on Product { related { ...F } }`)},
			{"a literal nested 20 deep", "the stack", 400, "MAX_INPUT_LIMIT", document(`{ product(id: ` + strings.Repeat("[", 20) + strings.Repeat("]", 20) + `) { id } }`)},
			{"`__schema` where introspection is off", "the schema tells an attacker what to ask for", 400, "INTROSPECTION_DISABLED", document(`{ __schema { types { name } } }`)},
			{"`__type` in a fragment, with an alias", "the same, by a way round", 400, "INTROSPECTION_DISABLED", document(`{ ...F } fragment F on Query { x: __type(name: "Query") { name } }`)},
			{"`__schema` over WebSocket", "the same, by another transport", 0, "INTROSPECTION_DISABLED", socket(initMessage, subscribe("1", `{ __schema { types { name } } }`))},
			{"a field that is nearly right", "a suggestion would tell its name", 400, "GRAPHQL_VALIDATION_FAILED", document(`{ prodct(id: "p1") { id } }`)},
			{"a field for bindings only", "it tells of services", 400, "GRAPHQL_VALIDATION_FAILED", document(`{ product(id: "p1") { categoryId } }`)},
			{"an operation that is not in the document", "another one would be executed", 400, "GRAPHQL_VALIDATION_FAILED", raw(`{"query":"query A {__typename} query B {__typename}","operationName":"` + secret + `"}`)},
			{"`@defer`, whose parts nobody waits for", "half of an answer", 200, "", document(`{ ... @defer { product(id: "p1") { id } } }`)},
		}},
		{"Variables", []threat{
			{"a text for an `Int`", "it comes back in an error, or goes on to a service", 400, "BAD_USER_INPUT", variables(`query ($n: Int) { products(first: $n) { nodes { id } } }`, `{"n":"`+secret+`"}`)},
			{"an `Int` of more than 32 bits", "it overflows somewhere", 400, "BAD_USER_INPUT", variables(`query ($n: Int) { products(first: $n) { nodes { id } } }`, `{"n":4294967297}`)},
			{"such a literal", "the same, by another way", 400, "GRAPHQL_VALIDATION_FAILED", document(`{ products(first: 4294967297) { nodes { id } } }`)},
			{"`\"5\"` for an `Int`", "filters before the gateway would read a text", 400, "BAD_USER_INPUT", variables(`query ($n: Int) { products(first: $n) { nodes { id } } }`, `{"n":"5"}`)},
			{"no value for a variable that needs one", "null where a service expects none", 400, "BAD_USER_INPUT", document(`query ($id: ID!) { product(id: $id) { id } }`)},
			{"a variable nested 20 deep", "the stack", 400, "MAX_INPUT_LIMIT", variables(`query ($id: ID!) { product(id: $id) { id } }`, nested(20))},
			{"a list of 5,000 items", "a service would get as many", 400, "MAX_INPUT_LIMIT", variables(`mutation ($i: PlaceOrderInput!) { placeOrder(input: $i) { order { id } } }`, `{"i":{"items":[`+strings.Repeat(`{"productId":"p1","quantity":1},`, 5000)+`{"productId":"p1","quantity":1}]}}`)},
			{"a number out of the bounds of the schema", "a service would have to answer it", 400, "BAD_USER_INPUT", document(`{ products(first: 500) { nodes { id } } }`)},
			{"`..` as an id", "another path of the service", 200, "BAD_USER_INPUT", document(`{ product(id: "..") { id } }`)},
			{"CR and LF in an id", "another request to the service", 200, "", variables(`query ($id: ID!) { product(id: $id) { id } }`, `{"id":"p1\r\nX-User-Id: admin"}`)},
		}},
		{"Cost", []threat{
			{"an operation that could cost 20,101 points, of 5,000", "services do the work", 400, "COST_ESTIMATED_TOO_EXPENSIVE", document(`{ products(first: 100) { nodes { related(first: 100) { id } } } }`)},
			{"the same by variables", "the same, with a document that looks cheap", 400, "COST_ESTIMATED_TOO_EXPENSIVE", variables(`query ($n: Int, $m: Int) { products(first: $n) { nodes { related(first: $m) { id } } } }`, `{"n":100,"m":100}`)},
			{"the same by `null`, which gets the schema's maximum", "the default would not be asked for", 400, "COST_ESTIMATED_TOO_EXPENSIVE", document(`{ products(first: null) { nodes { related(first: null) { id } } } }`)},
			{"the same with numbers that overflow", "a negative cost", 400, "BAD_USER_INPUT", document(`{ products(first: 2147483647) { nodes { related(first: 2147483647) { related(first: 2147483647) { id } } } } }`)},
			{"30 operations of 400 points from one address, of 5,000 and 10 a second", "one caller uses what is for all", 429, "THROTTLED", func(h *hostile) (status int, code string) {
				for range 30 {
					if status, code = to("mobile", `{"query":"{ products(first: 99) { nodes { id topReview { authorName } price { amount } stock { available } } } }"}`)(h); status != 200 {
						break
					}
				}
				return status, code
			}},
			{"the same with a made-up `X-Forwarded-For` each time", "every request has a bucket of its own", 429, "THROTTLED", func(h *hostile) (status int, code string) {
				for i := range 30 {
					if status, code = to("mobile", `{"query":"{ products(first: 99) { nodes { id topReview { authorName } price { amount } stock { available } } } }"}`, fmt.Sprintf("X-Forwarded-For: 192.0.2.%d", i))(h); status != 200 {
						break
					}
				}
				return status, code
			}},
			{"35 orders in a minute, of 30 that the schema allows", "what a person would never do", 429, "THROTTLED", func(h *hostile) (status int, code string) {
				token := h.issuer.token(h.T, map[string]any{"sub": "u3"})
				for range 35 {
					if status, code = document(`mutation { placeOrder(input: {items: [{productId: "p13", quantity: 1}]}) { order { id } } }`, "Authorization: Bearer "+token)(h); status != 200 {
						break
					}
				}
				return status, code
			}},
			{"the same by 20 aliases in two operations", "an alias for each order", 429, "THROTTLED", func(h *hostile) (status int, code string) {
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
		{"Who calls", []threat{
			{"a token that is garbage", "the parser of tokens must not fail", 401, "UNAUTHENTICATED", document(deniedMe, "Authorization: Bearer "+secret)},
			{"a token with `alg: none`", "anybody could be anybody", 401, "UNAUTHENTICATED", with(deniedMe, func(h *hostile) string {
				return h.issuer.sign(h.T, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, nil)
			})},
			{"a token signed by HMAC with the issuer's public key", "the key is public", 401, "UNAUTHENTICATED", with(deniedMe, func(h *hostile) string {
				public, err := x509.MarshalPKIXPublicKey(&h.issuer.key.PublicKey)
				if err != nil {
					h.Fatal(err)
				}
				return h.issuer.sign(h.T, jwt.SigningMethodHS256, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}), nil)
			})},
			{"a token with another's claims", "anybody could be anybody", 401, "UNAUTHENTICATED", with(deniedMe, func(h *hostile) string {
				mine, theirs := strings.Split(claims("sub", "u1")(h), "."), strings.Split(claims("sub", "u2")(h), ".")
				return mine[0] + "." + theirs[1] + "." + mine[2]
			})},
			{"an expired token", "what was taken back counts on", 401, "UNAUTHENTICATED", with(deniedMe, claims("exp", time.Now().Add(-time.Minute).Unix()))},
			{"a token that never expires", "what is stolen once is stolen for ever", 401, "UNAUTHENTICATED", with(deniedMe, claims("exp", nil))},
			{"a token that is not valid yet", "it counts before its time", 401, "UNAUTHENTICATED", with(deniedMe, claims("nbf", time.Now().Add(time.Hour).Unix()))},
			{"a token of another issuer", "anybody can issue tokens", 401, "UNAUTHENTICATED", with(deniedMe, claims("iss", "https://evil.example"))},
			{"a token for another audience", "another site that a user signed in to could be that user here", 401, "UNAUTHENTICATED", with(deniedMe, claims("aud", "bank"))},
			{"a token of 9 kB", "time", 401, "UNAUTHENTICATED", with(deniedMe, claims("x", strings.Repeat("x", 9000)))},
			{"a bad token for an open field", "clients would not notice that they are signed out", 401, "UNAUTHENTICATED", document(`{ __typename }`, "Authorization: Bearer x")},
			{"a user and a password", "services would be asked with them", 401, "UNAUTHENTICATED", document(deniedMe, "Authorization: Basic dTE6cGFzcw==")},
			{"an unknown API key", "keys could be guessed: the time that it takes tells nothing", 401, "UNAUTHENTICATED", document(deniedMe, "X-Api-Key: "+secret)},
			{"a token and an API key", "the scopes of the one with the name of the other", 401, "UNAUTHENTICATED", func(h *hostile) (int, string) {
				return document(deniedMe, "Authorization: Bearer "+h.issuer.token(h.T, nil), "X-Api-Key: good")(h)
			}},
		}},
		{"Who may have what", []threat{
			{"`me` without a token", "data of somebody", 200, "UNAUTHENTICATED", document(deniedMe)},
			{"the same by an alias in a fragment", "a check by name would not see it", 200, "UNAUTHENTICATED", document(`{ ...F } fragment F on Query { x: me { ... on Viewer { id } } }`)},
			{"the same in a batch", "a check of the first would not see the second", 200, "UNAUTHENTICATED", raw("[" + body(deniedMe, nil) + "," + plainQuery + "]")},
			{"the same over WebSocket", "a check of HTTP would not see it", 0, "UNAUTHENTICATED", socket(initMessage, subscribe("1", deniedMe))},
			{"the same with a token that is for the connection only", "the token was not meant for the gateway", 200, "UNAUTHENTICATED", with(deniedMe, claims("sub", "u1"), "Connection: authorization")},
			{"the subject in a header that services believe", "anybody could be anybody", 200, "UNAUTHENTICATED", document(deniedMe, "X-User-Id: u1")},
			{"an order without the scope", "a token that reads could write", 200, "FORBIDDEN", with(order, claims("scope", "orders:read"))},
			{"an order with a scope that begins alike", "scopes are compared in whole", 200, "FORBIDDEN", with(order, claims("scope", "orders:writer"))},
			{"an order of 1,000 pieces, which a policy forbids", "a rule that the scopes can't say", 200, "FORBIDDEN", with(strings.Replace(order, "quantity: 1", "quantity: 1000", 1), claims("sub", "u1"))},
			{"the same by a variable in the input", "a check of the text would not see it", 200, "FORBIDDEN", func(h *hostile) (int, string) {
				return raw(body(`mutation ($n: Int!) { placeOrder(input: {items: [{productId: "p1", quantity: $n}]}) { order { id } } }`, map[string]int{"n": 1000}),
					"Authorization: Bearer "+h.issuer.token(h.T, nil))(h)
			}},
			{"introspection without its scope", "the schema tells an attacker what to ask for", 400, "INTROSPECTION_DISABLED", to("mobile", body(`{ __schema { types { name } } }`, nil))},
		}},
		{"Persisted documents", []threat{
			{"a document that is not in the list", "any document can be executed", 400, "PERSISTED_QUERY_NOT_IN_LIST", to("listed", body(`{ product(id: "p2") { id } }`, nil))},
			{"one with another space in it", "nearly a trusted document is another one", 400, "PERSISTED_QUERY_NOT_IN_LIST", to("listed", body(`{ product(id: "p1")  { id } }`, nil))},
			{"an unknown id", "the id must not come back, nor be looked for elsewhere", 200, "PERSISTED_QUERY_NOT_FOUND", to("listed", `{"documentId":"`+secret+`"}`)},
			{"an id with another document", "the id would be logged, the other executed", 400, "PERSISTED_QUERY_HASH_MISMATCH", to("listed", `{"documentId":"one","query":"{ product(id: \"p2\") { id } }"}`)},
			{"a hash that another document has", "what others ask by it is answered otherwise", 400, "PERSISTED_QUERY_HASH_MISMATCH", raw(`{"query":"{ __typename }","extensions":{"persistedQuery":{"version":1,"sha256Hash":"` + strings.Repeat("0", 64) + `"}}}`)},
			{"an invalid document with its hash, then the hash", "the store is filled with what is never executed", 200, "PERSISTED_QUERY_NOT_FOUND", func(h *hostile) (int, string) {
				sum := sha256.Sum256([]byte("{ nothing }"))
				extensions := `"extensions":{"persistedQuery":{"version":1,"sha256Hash":"` + hex.EncodeToString(sum[:]) + `"}}}`
				raw(`{"query":"{ nothing }",` + extensions)(h)
				return raw("{" + extensions)(h)
			}},
			{"`persistedQuery` that is a list", "a type that nobody expected", 400, "BAD_REQUEST", raw(`{"extensions":{"persistedQuery":["` + secret + `"]}}`)},
		}},
		{"WebSocket", []threat{
			{"another subprotocol", "messages would mean something else", 4406, "", socketWith(&websocket.DialOptions{Subprotocols: []string{"graphql-ws"}}, func(*hostile) []string { return nil })},
			{"a page of another site", "browsers send cookies and ask nobody", 403, "CSRF_BLOCKED", socketWith(&websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}, HTTPHeader: http.Header{"Origin": {"https://evil.example"}}}, func(*hostile) []string { return nil })},
			{"an operation before `connection_init`", "before it is known who calls", 4401, "", socket(subscribe("1", "{__typename}"))},
			{"`connection_init` twice", "a connection would change its principal", 4429, "", socket(initMessage, initMessage)},
			{"a bad token in `connection_init`", "anybody could be anybody", 4401, "", socket(`{"type":"connection_init","payload":{"Authorization":"Bearer x"}}`)},
			{"a bad token in the handshake", "anybody could be anybody", 401, "UNAUTHENTICATED", socketWith(&websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}, HTTPHeader: http.Header{"Authorization": {"Bearer x"}}}, func(*hostile) []string { return nil })},
			{"an id that is in use", "the first could not be ended", 4409, "", socket(initMessage, subscribe("1", `subscription { stockChanged(productId: "p1") { available } }`), subscribe("1", `subscription { stockChanged(productId: "p1") { available } }`))},
			{"two `authorization` members, in other letters", "the first could be checked and the second counted", 4401, "", socket(`{"type":"connection_init","payload":{"Authorization":"Bearer x","authorization":"Bearer y"}}`)},
			{"an operation whose id has 257 bytes", "every message of it has them", 4400, "", socket(initMessage, subscribe(strings.Repeat("x", 257), "{__typename}"))},
			{"5,000 empty lists in a message", "memory", 4400, "", socket(initMessage, `{"type":"subscribe","id":"1","payload":{"query":"{__typename}","extensions":{"a":[`+strings.Repeat("[],", 5000)+`[]]}}}`)},
			{"garbage", "the parser must not fail, and a client with a mistake must stop", 4400, "", socket(secret)},
			{"a message of 2 MiB", "memory", 1009, "", socket(initMessage, subscribe("1", strings.Repeat(" ", 2<<20)))},
			{"101 operations at once", "memory and streams of services", 0, "BAD_REQUEST", socketWith(&websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}}, func(*hostile) []string {
				list := []string{initMessage}
				for i := range 101 {
					list = append(list, subscribe(fmt.Sprint("s", i), `subscription { stockChanged(productId: "p2") { available } }`))
				}
				return list
			})},
			{"an operation that costs too much", "another transport has no limits", 0, "COST_ESTIMATED_TOO_EXPENSIVE", socket(initMessage, subscribe("1", `{ products(first: 100) { nodes { related(first: 100) { id } } } }`))},
			{"30 levels of fields", "another transport has no limits", 0, "MAX_DEPTH_LIMIT", socket(initMessage, subscribe("1", `{ product(id: "p1") `+strings.Repeat("{ related ", 29)+"{ id }"+strings.Repeat(" }", 30)))},
			{"the 41st WebSocket of a caller, of 40", "memory, and operations that no limit counts together", 429, "THROTTLED", func(h *hostile) (status int, code string) {
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

// checkThreatsFile wants docs/threats.md to tell of the same requests.
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
		fmt.Fprintf(&b, "\n## %s\n\n| request | answer | otherwise |\n|---|---|---|\n", group.title)
		for _, c := range group.threats {
			if c.why == "" {
				t.Errorf("%s: nothing says why", c.request)
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
		t.Errorf("%s tells of other requests: run go test ./e2e -run TestThreats -update", file)
	}
}
