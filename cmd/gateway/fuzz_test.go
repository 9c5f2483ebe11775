package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/coder/websocket"

	"github.com/portico-gateway/portico/demo"
	"github.com/portico-gateway/portico/demo/demotest"
)

// mark returns a text that is in a log only if it has what is in that place of a request.
func mark(place string) string { return "zq7" + place + "zq" }

// logged are the places of a request which lines of the log may have in a field, as
// docs/observability.md says.
var logged = map[string]string{
	mark("name"): "operation", mark("client"): "client", mark("version"): "clientVersion", mark("id"): "request", mark("alias"): "path",
}

// answered matches the cause of an error that a service answered with, whose text can have what the
// service was sent.
var answered = regexp.MustCompile(`^service [a-z]+: (status [0-9]+|[A-Z][A-Za-z]+): "`)

// longestLine is the most bytes of a line with at most 50 calls.
const longestLine = 8 << 10

// secret is a request with marks.
type secret struct {
	method, path, body string
	header             []string
}

// secrets returns requests that have a text in all places where a caller can have one.
func secrets(text, token string) []secret {
	in := func(place string) string { return mark(place) + text + mark(place) }
	const post, web = http.MethodPost, "/graphql/web"
	name := func(place string) string { // as a name of GraphQL
		return mark(place) + strings.Map(func(r rune) rune {
			if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '_' {
				return r
			}
			return -1
		}, text)
	}
	product := func(header ...string) secret {
		return secret{post, web, query(`{ product(id: "p1") { id name } }`), header}
	}
	literal, _ := json.Marshal(in("literal"))
	segment := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"RS256","kid":"` + mark("kid") + `"}`))
	list := []secret{
		{post, web, query(`query($id: ID!, $t: String!) { product(id: $id) { id reviews(first: 1) { body } } search(text: $t) { __typename } }`,
			"variables", map[string]any{"id": in("variable"), "t": in("variable"), in("variable"): in("variable")}), nil},
		{post, web, query(`query($id: Int) { products(first: $id) { nodes { id } } }`, "variables", map[string]any{"id": in("variable")}), nil},
		{post, web, query(`{ product(id: ` + string(literal) + `) { id stock { available } } products(categoryId: ` + string(literal) + `) { nodes { id } } }`), nil},
		{post, web, query(`{ ` + name("field") + ` }`), nil},
		{post, web, query(`{ ` + in("document")), nil},
		{post, web, query(`{ ` + name("alias") + `: products(first: 2) { nodes { id reviews(first: 1) { rating } stock { available } } } }`), nil},
		{post, web, query(`query `+name("name")+` { product(id: "p1") { id } }`, "operationName", name("name")), nil},
		{post, web, query(`query A { product(id: "p1") { id } }`, "operationName", in("operationName")), nil},
		{post, web, query(`{ product(id: "p2") { id } }`, "extensions", map[string]any{in("extension"): in("extension"), "cost": in("extension")}), nil},
		{post, web, query(`{ product(id: "p2") { id } }`, "extensions", map[string]any{"persistedQuery": map[string]any{"version": 1, "sha256Hash": in("hash")}}), nil},
		{post, web, `{"documentId":` + string(literal) + `}`, nil},
		{post, web, `{"query` + in("body"), nil},
		{post, web, query(`mutation($p: ID!) { placeOrder(input: {items: [{productId: $p, quantity: 2}]}) { order { id } } }`,
			"variables", map[string]any{"p": in("variable")}), []string{"Authorization: Bearer " + token}},
		{post, web, "[" + query(`query($id: ID!) { product(id: $id) { id } }`, "variables", map[string]any{"id": in("variable")}) + "]", nil},
		{http.MethodGet, web + "?query=" + url.QueryEscape(`query($id: ID!) { product(id: $id) { id } }`) +
			"&variables=" + url.QueryEscape(`{"id":`+string(literal)+`}`) + "&" + url.QueryEscape(in("query")) + "=" + url.QueryEscape(in("query")), "",
			[]string{"GraphQL-Require-Preflight: 1"}},
		{http.MethodGet, "/graphql/" + url.PathEscape(in("path")), "", nil},
		{http.MethodGet, "/" + url.PathEscape(in("path")) + "?" + url.QueryEscape(in("query")), "", nil},
		{post, web, query(`subscription($id: ID!) { stockChanged(productId: $id) { available } }`, "variables", map[string]any{"id": in("variable")}),
			[]string{"Accept: text/event-stream"}},
		product("Authorization: Bearer " + segment + "." + segment + "." + segment),
		product("X-Request-Id: " + name("id")), product("X-Request-Id: " + in("id")),
		product("graphql-client-name: "+in("client"), "graphql-client-version: "+in("version")),
		product("apollographql-client-name: "+in("client"), "apollographql-client-version: "+in("version")),
	}
	for _, header := range []string{
		"Authorization: ", "Authorization: Bearer ", "Cookie: session=", "X-Api-Key: ", "Traceparent: ", "Tracestate: a=", "X-Forwarded-For: ", "User-Agent: ",
		"Referer: https://", "Origin: https://", "Accept: ", "Content-Type: ", "Accept-Encoding: ", "X-Other: ", "Host: ", "X-GraphQL-Frontend: ",
	} {
		list = append(list, product(header+in("header")))
	}
	return list
}

// FuzzSecrets sends requests whose places have texts that must not be in logs and metrics, however a service fails.
func FuzzSecrets(f *testing.F) {
	f.Add("", uint8(0))
	f.Add("hunter2", uint8(1))
	f.Add("\"\\\n\x00\u2028\xff", uint8(2))
	f.Add(strings.Repeat("long", 5000), uint8(3))
	g := start(f, "1MiB", "  introspection: true\n", "  introspection: true\n  limits: {batch: 5}\n  documents: {automatic: true}\n",
		"routing:\n", "accessLog: {slow: 1ns}\nrouting:\n")
	token := demotest.Token(f, g.demo, "u1", "orders:write")
	seen := 0
	f.Fuzz(func(t *testing.T, text string, failing uint8) {
		for i, service := range demo.Names()[1:] {
			fault := demo.Fault{ErrorRate: float64(failing >> i & 1)}
			fault.HTML = failing >= 1<<7 && service != demo.Reviews && service != demo.Inventory
			if err := g.demo.SetFault(service, fault); err != nil {
				t.Fatal(err)
			}
		}
		for _, s := range secrets(text, token) {
			_ = g.do(t.Context(), s.method, s.path, s.body, s.header...) // what the client can't send is no request
		}
		g.initWith(t, mark("init")+text)
		if err := g.do(t.Context(), http.MethodGet, "/nothing", "", fmt.Sprintf("X-Request-Id: end-%d", seen)); err != nil {
			t.Fatal(err)
		}
		end := fmt.Sprintf(`"request":"end-%d"`, seen)
		if !g.log.find(func(log string) bool { return strings.Contains(log[seen:], end) }) {
			t.Fatal("the gateway ended")
		}
		log := g.log.String()[seen:]
		log = log[:strings.LastIndex(log, "\n")+1]
		seen += len(log)
		check(t, log)
		g.checkMetrics(t)
	})
}

// initWith begins a WebSocket with a text as a token, and in the path.
func (g *running) initWith(t *testing.T, text string) {
	t.Helper()
	conn, resp, err := websocket.Dial(t.Context(), strings.Replace(g.url, "http", "ws", 1)+"/graphql/web?"+url.QueryEscape(text), &websocket.DialOptions{
		Subprotocols: []string{"graphql-transport-ws"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if resp.Body != nil {
		_ = resp.Body.Close()
	}
	defer func() { _ = conn.CloseNow() }()
	message, _ := json.Marshal(map[string]any{"type": "connection_init", "payload": map[string]any{"Authorization": "Bearer " + text, text: text}})
	if err := conn.Write(t.Context(), websocket.MessageText, message); err != nil {
		t.Fatal(err)
	}
	_, _, _ = conn.Read(t.Context()) // it is refused
}

// check checks the lines of a log.
func check(t *testing.T, log string) {
	t.Helper()
	for line := range strings.Lines(log) {
		var fields map[string]any
		if err := json.Unmarshal([]byte(line), &fields); err != nil || !utf8.ValidString(line) {
			t.Errorf("the line is no JSON: %v: %q", err, line)
		}
		if len(line) > longestLine {
			t.Errorf("the line has %d bytes: %.300s", len(line), line)
		}
		for name, value := range fields {
			text := fmt.Sprint(value)
			for found, field := range logged {
				if name == field {
					text = without(text, found)
				}
			}
			if name == "cause" && answered.MatchString(text) {
				text = without(without(strings.TrimSuffix(text, `"`), mark("variable")), mark("literal"))
			}
			if strings.Contains(strings.ToLower(text), mark("")[:3]) {
				t.Errorf("%s has what is secret: %.1000s", name, line)
			}
		}
	}
}

// without returns a text without a mark, the last one of which can be cut.
func without(text, mark string) string {
	text = strings.ReplaceAll(text, mark, "")
	for n := len(mark) - 1; n > 0; n-- {
		if whole, found := strings.CutSuffix(text, mark[:n]); found {
			return whole
		}
	}
	return text
}

// checkMetrics checks that metrics have nothing of a request.
func (g *running) checkMetrics(t *testing.T) {
	t.Helper()
	resp, err := http.Get(g.admin + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatal(resp.StatusCode, err)
	}
	for line := range strings.Lines(string(text)) {
		if strings.Contains(strings.ToLower(line), mark("")[:3]) {
			t.Errorf("a metric has what is secret: %s", line)
		}
	}
}
