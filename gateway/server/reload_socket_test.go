package server

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/portico-gateway/portico/gateway/config"
	"github.com/portico-gateway/portico/gateway/endpoint"
	"github.com/portico-gateway/portico/gateway/upstream"
)

// openSocket opens a WebSocket until the test ends.
func openSocket(t *testing.T, server *httptest.Server, header http.Header) *websocket.Conn {
	t.Helper()
	conn, resp, err := websocket.Dial(t.Context(), strings.Replace(server.URL, "http", "ws", 1)+"/graphql/toy", &websocket.DialOptions{
		Subprotocols: []string{"graphql-transport-ws"}, HTTPHeader: header,
	})
	if err != nil {
		t.Fatal(err)
	}
	if resp.Body != nil {
		_ = resp.Body.Close()
	}
	t.Cleanup(func() { _ = conn.CloseNow() })
	if err := conn.Write(t.Context(), websocket.MessageText, []byte(`{"type":"connection_init"}`)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := conn.Read(t.Context()); err != nil {
		t.Fatal(err)
	}
	return conn
}

// askSocket executes an operation on a WebSocket, and returns its answer.
func askSocket(t *testing.T, conn *websocket.Conn, query string) (string, error) {
	t.Helper()
	message := fmt.Sprintf(`{"type":"subscribe","id":"1","payload":{"query":%q}}`, query)
	if err := conn.Write(t.Context(), websocket.MessageText, []byte(message)); err != nil {
		t.Fatal(err)
	}
	_, text, err := conn.Read(t.Context())
	if err == nil {
		_, _, err = conn.Read(t.Context()) // complete
	}
	return string(text), err
}

// An operation of an open WebSocket gets the versions of services that the rules of the moment
// give it: a version that was taken back gets no calls.
func TestReloadOfRulesOnWebSockets(t *testing.T) {
	r := openReloadable(t, map[string]field{"n": func(ctx context.Context, _ map[string]any) (any, error) {
		return len(upstream.CallerOf(ctx).Versions), nil
	}})
	percent := func(percent float64) func(*config.Config) {
		return func(c *config.Config) {
			c.Services = map[string]config.Service{"s": {
				URL: "http://127.0.0.1:1", Timeout: config.Duration(time.Second), MaxBatch: 1, MaxResponse: 1,
				Versions: map[string]config.Version{"v2": {URLs: []endpoint.Target{{URL: "http://127.0.0.1:2"}}}},
				Canary:   config.Rules{{To: "v2", Percent: &percent}},
			}}
		}
	}
	conn := openSocket(t, r.server, nil)
	for i, want := range []int{0, 1, 0, 1} {
		r.must(percent(float64(100 * want)))
		got, err := askSocket(t, conn, fmt.Sprintf("query Q%d{n}", i))
		if err != nil || !strings.Contains(got, fmt.Sprintf(`"n":%d`, want)) {
			t.Errorf("%d %%: %s %v", 100*want, got, err)
		}
	}
}

// A message of an open WebSocket is bounded by the limit of the moment.
func TestReloadOfBodiesOnWebSockets(t *testing.T) {
	var calls atomic.Int64
	r := openReloadable(t, map[string]field{"n": counter(&calls)})
	conn := openSocket(t, r.server, nil)
	long := "{n" + strings.Repeat(" ", 10_000) + "}"
	if got, err := askSocket(t, conn, long); err != nil || !strings.Contains(got, `"n":`) {
		t.Fatalf("before: %s %v", got, err)
	}
	r.must(func(c *config.Config) { c.Frontend.Limits.Body = 1000 })
	if got, err := askSocket(t, conn, long); websocket.CloseStatus(err) != websocket.StatusMessageTooBig {
		t.Errorf("after: %s %v", got, err)
	}
}

// The WebSocket of a page whose origin is not allowed any more ends.
func TestReloadOfOriginsOnWebSockets(t *testing.T) {
	var calls atomic.Int64
	r := openReloadable(t, map[string]field{"n": counter(&calls)})
	origins := func(origins ...string) {
		r.must(func(c *config.Config) { c.Frontend.CORS.Origins = origins })
	}
	origins("https://a.example", "https://b.example")
	a := openSocket(t, r.server, http.Header{"Origin": {"https://a.example"}})
	b := openSocket(t, r.server, http.Header{"Origin": {"https://b.example"}})
	none := openSocket(t, r.server, nil)
	origins("https://b.example")
	if got, err := askSocket(t, a, "{n}"); websocket.CloseStatus(err) != 4401 {
		t.Errorf("whose origin is gone: %s %v", got, err)
	}
	for _, conn := range []*websocket.Conn{b, none} {
		if got, err := askSocket(t, conn, "{n}"); err != nil || !strings.Contains(got, `"n":`) {
			t.Errorf("others: %s %v", got, err)
		}
	}
}
