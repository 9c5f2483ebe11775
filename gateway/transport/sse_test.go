package transport_test

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/portico-gateway/portico/gateway/transport"
)

const acceptEvents = "Accept: text/event-stream"

const complete = "event: complete\ndata:\n\n"

func next(payload string) string { return "event: next\ndata: " + payload + "\n\n" }

func TestStreamsEvents(t *testing.T) {
	g := serve(t, transport.Config{})
	for _, c := range []struct {
		name, body, want string
		headers          []string
	}{
		{"subscription", `{"query":"subscription{counter(to:2)}"}`, next(`{"data":{"counter":1}}`) + next(`{"data":{"counter":2}}`) + complete, []string{acceptEvents}},
		{"subscription, events as the last choice", `{"query":"subscription{counter(to:1)}"}`, next(`{"data":{"counter":1}}`) + complete, []string{"Accept: application/json, text/event-stream;q=0.1"}},
		{"subscription, any text", `{"query":"subscription{counter(to:1)}"}`, next(`{"data":{"counter":1}}`) + complete, []string{"Accept: text/*"}},
		{"subscription without events", `{"query":"subscription{counter(to:0)}"}`, complete, []string{acceptEvents}},
		{"query", `{"query":"{echo(text:\"a\\nb\")}"}`, next(`{"data":{"echo":"a\nb"}}`) + complete, []string{acceptEvents}},
		{"mutation", `{"query":"mutation{keep(text:\"a\")}"}`, next(`{"data":{"keep":"a"}}`) + complete, []string{acceptEvents}},
		{"wrong document", `{"query":"{"}`, next(`{"errors":[{"message":"Expected Name, found \u003cEOF\u003e","locations":[{"line":1,"column":2}],"extensions":{"code":"GRAPHQL_PARSE_FAILED"}}]}`) + complete, []string{acceptEvents}},
		{"refused by its resolver", `{"query":"subscription{refused}"}`, next(`{"errors":[{"message":"Something went wrong on our side.","path":["refused"],"locations":[{"line":1,"column":14}],"extensions":{"code":"INTERNAL_SERVER_ERROR","id":"*"}}]}`) + complete, []string{acceptEvents}},
		{"panic of its resolver", `{"query":"subscription{crashing}"}`, next(`{"errors":[{"message":"Something went wrong on our side.","path":["crashing"],"locations":[{"line":1,"column":14}],"extensions":{"code":"INTERNAL_SERVER_ERROR","id":"*"}}]}`) + complete, []string{acceptEvents}},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := g.post(t, c.body, c.headers...)
			if want := ":\n\n" + c.want; a.status != http.StatusOK || masked(a.body) != want {
				t.Errorf("%d %q\nwant %q", a.status, a.body, want)
			}
			for name, want := range map[string]string{"Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-cache", "X-Accel-Buffering": "no"} {
				if got := a.header.Get(name); got != want {
					t.Errorf("%s: %q, want %q", name, got, want)
				}
			}
		})
	}
}

func TestStreamsEventsByGet(t *testing.T) {
	g := serve(t, transport.Config{})
	const query = "/?query=subscription{counter(to:1)}"
	if a := g.send(t, http.MethodGet, query, "", acceptEvents); a.status != http.StatusForbidden {
		t.Errorf("from an EventSource of another site: %d", a.status)
	}
	a := g.send(t, http.MethodGet, query, "", acceptEvents, "Sec-Fetch-Site: same-origin")
	if want := ":\n\n" + next(`{"data":{"counter":1}}`) + complete; a.body != want {
		t.Errorf("%q", a.body)
	}
}

func TestRefusesWithoutAStreamWhatIsNotGraphQL(t *testing.T) {
	g := serve(t, transport.Config{MaxBodyBytes: 100})
	for body, status := range map[string]int{"": 400, "{": 400, strings.Repeat("x", 101): 413} {
		a := g.post(t, body, acceptEvents)
		if a.status != status || a.header.Get("Content-Type") != jsonType {
			t.Errorf("%q: %d %s", body, a.status, a.header.Get("Content-Type"))
		}
		checkErrors(t, a, "BAD_REQUEST")
	}
	a := g.send(t, http.MethodGet, "/?query=mutation{keep(text:%22a%22)}", "", acceptEvents, preflight)
	if a.status != http.StatusMethodNotAllowed {
		t.Errorf("mutation by GET: %d", a.status)
	}
}

// events is an open stream of a subscription that waits.
type events struct {
	*bufio.Reader
	proto int
	leave func()
}

func (g *gateway) open(t *testing.T) *events {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, g.URL, strings.NewReader(`{"query":"subscription{waiting}"}`))
	if err != nil {
		t.Fatal(err)
	}
	setHeaders(r, []string{sendJSON, acceptEvents})
	resp, err := g.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	leave := func() { _ = resp.Body.Close() }
	t.Cleanup(leave)
	return &events{bufio.NewReader(resp.Body), resp.ProtoMajor, leave}
}

func (e *events) expect(t *testing.T, want ...string) {
	t.Helper()
	for _, line := range want {
		got, err := e.ReadString('\n')
		if err != nil || got != line+"\n" {
			t.Fatalf("line %q, %v; want %q", got, err, line)
		}
	}
}

func TestKeepsAStreamAlive(t *testing.T) {
	g := serve(t, transport.Config{KeepAlive: time.Millisecond})
	lines := g.open(t)
	comments := 0
	for event := false; !event || comments < 3; {
		line, err := lines.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		event = event || line == "event: next\n"
		if event && line == ":\n" {
			comments++
		}
	}
}

func TestCancelsTheStreamWhenTheClientLeaves(t *testing.T) {
	g := serve(t, transport.Config{})
	lines := g.open(t)
	lines.expect(t, ":", "", "event: next", `data: {"data":{"waiting":1}}`, "")
	lines.leave()
	await(t, "ends", g.resolvers.Ended)
}

// TestCutsAStreamThatIsNotRead: a client that does not read must not hold the
// operation for ever.
func TestCutsAStreamThatIsNotRead(t *testing.T) {
	g := serveWithin(t, timeouts{write: 50 * time.Millisecond}, transport.Config{})
	conn, err := net.Dial("tcp", g.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	const body = `{"query":"{large(bytes:50000000)}"}`
	fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAccept: text/event-stream\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	first := make([]byte, 1)
	if _, err := conn.Read(first); err != nil { // it has begun
		t.Fatal(err)
	}
	g.shutdown(t) // waits until it has ended, which no reading helps
}

func TestEndsStreamsOnShutdown(t *testing.T) {
	g := serve(t, transport.Config{})
	lines := g.open(t)
	lines.expect(t, ":", "", "event: next", `data: {"data":{"waiting":1}}`, "")
	g.shutdown(t)
	if rest, err := io.ReadAll(lines); err != nil || len(rest) > 0 {
		t.Errorf("%q, %v; want the end without complete, so that the client comes again", rest, err)
	}
	await(t, "ends", g.resolvers.Ended)
	a := g.post(t, `{"query":"subscription{waiting}"}`, acceptEvents)
	if a.status != http.StatusServiceUnavailable {
		t.Errorf("after Shutdown: %d", a.status)
	}
	if a := g.post(t, `{"query":"{__typename}"}`); a.status != http.StatusOK {
		t.Errorf("a query after Shutdown: %d", a.status)
	}
	g.shutdown(t)
}

func TestAnswersAPanicBeforeAStream(t *testing.T) {
	g := serve(t, transport.Config{}, panics)
	a := g.post(t, `{"query":"subscription{waiting}"}`, acceptEvents)
	if a.status != http.StatusInternalServerError {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestStreamsOverHTTP2(t *testing.T) {
	g := serve(t, transport.Config{KeepAlive: time.Millisecond})
	server := httptest.NewUnstartedServer(g.handler)
	server.EnableHTTP2 = true
	server.TLS = &tls.Config{MinVersion: tls.VersionTLS13}
	server.StartTLS()
	defer server.Close()
	plain := g.Server
	g.Server = server
	lines := g.open(t)
	if lines.proto != 2 {
		t.Errorf("HTTP/%d", lines.proto)
	}
	lines.expect(t, ":", "")
	await(t, "begins", g.resolvers.Began)
	lines.leave()
	await(t, "ends", g.resolvers.Ended)
	g.Server = plain
}
