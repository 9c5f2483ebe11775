package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"github.com/portico-gateway/portico/demo"
	"github.com/portico-gateway/portico/demo/demotest"
	"github.com/portico-gateway/portico/graph"
)

var update = flag.Bool("update", false, "write the lines of the access log into testdata")

// golden are lines of the access log that are compared with a file.
type golden struct {
	*running
	t    *testing.T
	seen int // lines
	text strings.Builder
}

// varies finds what is another one in each run.
var varies = regexp.MustCompile(`"(time|subject)":"[^"]*"|"(ms|callsMs|fromMs|toMs)":[0-9.]+`)

// throttled finds the size of an answer that tells how much is left of a rate limit.
var throttled = regexp.MustCompile(`("status":429.*"bytes":)[0-9]+`)

// planned finds the calls of a plan.
var planned = regexp.MustCompile(`\{"service"[^}]*\}`)

// lines waits for so many lines of the access log that were not seen yet, and adds them.
func (g *golden) lines(name string, n int) {
	g.t.Helper()
	var got []string
	ok := g.log.find(func(log string) bool {
		got = slices.DeleteFunc(strings.SplitAfter(log, "\n"), func(line string) bool { return !strings.Contains(line, `"msg":"request"`) })
		return len(got) >= g.seen+n
	})
	if !ok {
		g.t.Fatalf("%s has no line:\n%s", name, g.log)
	}
	got = got[g.seen:]
	g.seen += len(got)
	for i, line := range got {
		line = throttled.ReplaceAllString(varies.ReplaceAllString(line, `"$1$2":…`), "$1…")
		calls := planned.FindAllString(line, -1) // those of a level are made at the same time
		slices.Sort(calls)
		got[i] = planned.ReplaceAllStringFunc(line, func(string) string {
			first := calls[0]
			calls = calls[1:]
			return "\n  " + first
		})
	}
	slices.Sort(got) // those of a batch
	g.text.WriteString("# " + name + "\n" + strings.Join(got, ""))
}

// idOf returns the id of a request.
func idOf(name string) string { return strings.ReplaceAll(name, " ", "-") }

// ask sends a request that has a line.
func (g *golden) ask(name, method, path, body string, header ...string) {
	g.t.Helper()
	if err := g.do(g.t.Context(), method, path, body, append(header, "X-Request-Id: "+idOf(name))...); err != nil {
		g.t.Fatal(err)
	}
	g.lines(name, 1)
}

// compare compares the lines with those of a file.
func (g *golden) compare(file string) {
	g.t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(g.text.String()), 0o600); err != nil {
			g.t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		g.t.Fatal(err)
	}
	if g.text.String() != string(want) {
		g.t.Errorf("the lines differ from %s (go test ./cmd/gateway -update writes it):\n%s", file, g.text.String())
	}
}

// Each example operation has its line: without the calls, and with them if it is slow.
func TestAccessLinesOfExamples(t *testing.T) {
	for file, slow := range map[string]string{"testdata/examples.log": "1h", "testdata/slow.log": "1ns"} {
		t.Run(file, func(t *testing.T) {
			g := &golden{running: start(t, "0", "routing:\n", "accessLog: {slow: "+slow+"}\nrouting:\n"), t: t}
			token := "Authorization: Bearer " + demotest.Token(t, g.demo, "u1", "orders:write")
			for _, f := range graph.Frontends(nil, nil) {
				for _, operation := range f.Operations {
					name := f.Name + "-" + operation.Name
					if strings.Contains(operation.Document, "subscription ") {
						g.events(name, f.Name, operation.Document)
						continue
					}
					g.ask(name, http.MethodPost, "/graphql/"+f.Name, query(operation.Document),
						token, "graphql-client-name: shop", "graphql-client-version: 1.2")
				}
			}
			g.compare(file)
		})
	}
}

// events subscribes, and leaves after the first event.
func (g *golden) events(name, frontend, document string) {
	g.t.Helper()
	ctx, cancel := context.WithCancel(g.t.Context())
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, g.url+"/graphql/"+frontend, strings.NewReader(query(document)))
	if err != nil {
		g.t.Fatal(err)
	}
	for header, value := range map[string]string{"Accept": "text/event-stream", "Content-Type": "application/json", "X-Request-Id": idOf(name)} {
		req.Header.Set(header, value)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		g.t.Fatal(err)
	}
	defer resp.Body.Close()
	for scanner := bufio.NewScanner(resp.Body); scanner.Scan() && !strings.HasPrefix(scanner.Text(), "data:"); {
		if scanner.Err() != nil {
			g.t.Fatal(scanner.Err())
		}
	}
	cancel()
	g.lines(name, 1)
}

// socket subscribes over a WebSocket, and ends the subscription after the first event.
func (g *golden) socket(name, document string) {
	g.t.Helper()
	conn, resp, err := websocket.Dial(g.t.Context(), strings.Replace(g.url, "http", "ws", 1)+"/graphql/web", &websocket.DialOptions{
		Subprotocols: []string{"graphql-transport-ws"}, HTTPHeader: http.Header{"X-Request-Id": {idOf(name)}, "Graphql-Client-Name": {"shop"}},
	})
	if err != nil {
		g.t.Fatal(err)
	}
	if resp.Body != nil {
		_ = resp.Body.Close()
	}
	for _, message := range []string{`{"type":"connection_init"}`, `{"type":"subscribe","id":"1","payload":` + query(document) + `}`} {
		if err := conn.Write(g.t.Context(), websocket.MessageText, []byte(message)); err != nil {
			g.t.Fatal(err)
		}
		if _, _, err := conn.Read(g.t.Context()); err != nil {
			g.t.Fatal(err)
		}
	}
	if err := conn.Write(g.t.Context(), websocket.MessageText, []byte(`{"type":"complete","id":"1"}`)); err != nil {
		g.t.Fatal(err)
	}
	g.lines(name, 1)
	_ = conn.Close(websocket.StatusNormalClosure, "")
}

// left sends a request whose caller leaves while a service is called.
func (g *golden) left(name, document string) {
	g.t.Helper()
	demotest.Fault(g.t, g.demo, demo.Catalog, demo.Fault{Hang: true})
	g.demo.Reset()
	ctx, cancel := context.WithCancel(g.t.Context())
	done := make(chan error, 1)
	go func() {
		err := g.do(ctx, http.MethodPost, "/graphql/web", query(document), "X-Request-Id: "+idOf(name))
		done <- err
	}()
	for len(g.demo.Calls()[demo.Catalog]) == 0 {
		if g.t.Context().Err() != nil {
			g.t.Fatal("the service is not called")
		}
	}
	cancel()
	if err := <-done; err == nil {
		g.t.Error("it has an answer")
	}
	g.lines(name, 1)
}

// Requests of other kinds, and those that fail, have lines too.
func TestAccessLines(t *testing.T) {
	g := &golden{running: start(t, "1MiB",
		"  introspection: true\n", "  introspection: false\n  limits: {batch: 5}\n  documents: {automatic: true}\n  cost: {max: 5000}\n",
		"    limits: { depth: 10 }\n", "    limits: { depth: 10 }\n    cost: {max: 150}\n    rateLimit: {anonymous: {capacity: 150, refill: 1}}\n"), t: t}
	const post, web = http.MethodPost, "/graphql/web"
	g.ask("a syntax error", post, web, query("query Broken {"))
	g.ask("a field that there is not", post, web, query("query Wrong { nothing }"))
	g.ask("a variable of another type", post, web, query("query Typed($n: Int) { products(first: $n) { nodes { id } } }", "variables", map[string]any{"n": "x"}))
	g.ask("too much cost", post, web, query("query Much { products(first: 100) { nodes { related(first: 50) { related(first: 50) { id } } } } }"))
	g.ask("a missing right", post, web, query("query Mine { me { id } }"))
	g.ask("introspection", post, web, query("{ __schema { queryType { name } } }"))
	const many = "query Many { products(first: 100) { nodes { id } } }"
	g.ask("what a rate limit permits", post, "/graphql/mobile", query(many))
	g.ask("a rate limit", post, "/graphql/mobile", query(many))
	g.ask("a refused credential", post, web, query("{ categories { id } }"), "Authorization: Bearer nothing")
	g.ask("a trace", post, web, query("query Traced { __typename }"), "Traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	g.ask("no JSON", post, web, `{"query`)
	g.ask("no operation", http.MethodGet, "/nothing", "")
	g.ask("no frontend", post, "/graphql/tv", query("{ __typename }"))

	const document = "query Shelves { categories { id name } }"
	sum := sha256.Sum256([]byte(document))
	persisted := map[string]any{"persistedQuery": map[string]any{"version": 1, "sha256Hash": hex.EncodeToString(sum[:])}}
	g.ask("an unknown persisted document", post, web, `{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"`+hex.EncodeToString(sum[:])+`"}}}`)
	g.ask("a document to persist", post, web, query(document, "extensions", persisted))
	g.ask("a GET of a persisted document", http.MethodGet,
		web+"?extensions="+url.QueryEscape(`{"persistedQuery":{"version":1,"sha256Hash":"`+hex.EncodeToString(sum[:])+`"}}`), "", "GraphQL-Require-Preflight: 1")

	if err := g.do(t.Context(), post, web, "["+query("query One { __typename }")+","+query("query Two { nothing }")+"]", "X-Request-Id: batch"); err != nil {
		t.Fatal(err)
	}
	g.lines("a batch", 2)
	const stock = `subscription Stock { stockChanged(productId: "p1") { available } }`
	g.events("a subscription over SSE", "web", stock)
	g.socket("a subscription over WebSocket", stock)

	demotest.Fault(t, g.demo, demo.Reviews, demo.Fault{ErrorRate: 1})
	g.ask("a part that fails", post, web, query("query Half { products(first: 2) { nodes { id reviews(first: 1) { rating } } } }"))
	g.left("a caller who left", "query Slow { search(text: \"tea\") { __typename } }")
	g.compare("testdata/access.log")
}
