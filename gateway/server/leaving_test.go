package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"github.com/portico-gateway/portico/gateway/config"
)

// leaving is a gateway whose callers leave while their operations are executed.
type leaving struct {
	*testing.T
	server *httptest.Server
	begun  chan string       // names of fields
	ended  chan error        // why set ended; nil if it was not cancelled
	open   chan struct{}     // lets set end
	gone   chan struct{}     // the gateway knows that a caller has left
	value  func() (n string) // what {n} answers
}

func openLeaving(t *testing.T, cancels bool) *leaving {
	t.Helper()
	l := &leaving{
		T: t, begun: make(chan string, 2), ended: make(chan error, 1), open: make(chan struct{}), gone: make(chan struct{}, 2),
	}
	version := 0
	const schema = `type Query { n: Int @cacheControl(maxAge: 60) @cacheTag(format: "n") slow: Int } type Mutation { set: Int @invalidates(tags: ["n"]) }`
	l.server, _ = cachingGateway(t, schema, map[string]field{
		"n": func(context.Context, map[string]any) (any, error) { return version, nil },
		"slow": func(ctx context.Context, _ map[string]any) (any, error) {
			l.begun <- "slow"
			<-ctx.Done()
			l.gone <- struct{}{}
			return nil, ctx.Err()
		},
		"set": func(ctx context.Context, _ map[string]any) (any, error) {
			l.begun <- "set"
			select {
			case <-l.open:
			case <-ctx.Done():
			}
			version = 1 // the service may have done it also if the call was cancelled
			l.ended <- ctx.Err()
			return 1, nil
		},
	}, func(c *config.Config) { c.Frontend.CancelMutations = cancels })
	handler := l.server.Config.Handler
	l.server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Leaves") != "" {
			defer context.AfterFunc(r.Context(), func() { l.gone <- struct{}{} })()
		}
		handler.ServeHTTP(w, r)
	})
	l.value = func() string { return ask(t, l.server, http.MethodPost, "{n}").body }
	return l
}

// request sends a mutation over HTTP and leaves.
func (l *leaving) request(accept string) {
	ctx, cancel := context.WithCancel(l.Context())
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, l.server.URL+"/graphql/toy", strings.NewReader(`{"query": "mutation {set}"}`))
	if err != nil {
		l.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", accept)
	req.Header.Set("X-Leaves", "1")
	left := make(chan struct{})
	go func() {
		defer close(left)
		resp, err := http.DefaultClient.Do(req)
		if err == nil {
			<-ctx.Done()
			resp.Body.Close()
		}
	}()
	<-l.begun
	cancel()
	<-left
	<-l.gone
}

// socket sends a mutation and a query, whose answer proves that the gateway has the mutation when
// the caller leaves.
func (l *leaving) socket(leave func(conn *websocket.Conn)) {
	conn, _, err := websocket.Dial(l.Context(), l.server.URL+"/graphql/toy", &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}})
	if err != nil {
		l.Fatal(err)
	}
	l.Cleanup(func() { _ = conn.CloseNow() })
	l.write(conn, `{"type": "connection_init"}`)
	if _, text, err := conn.Read(l.Context()); err != nil || !strings.Contains(string(text), "connection_ack") {
		l.Fatal(string(text), err)
	}
	for id, query := range []string{"mutation {set}", "{slow}"} {
		l.write(conn, fmt.Sprintf(`{"type": "subscribe", "id": "%d", "payload": {"query": %q}}`, id, query))
	}
	<-l.begun
	<-l.begun
	leave(conn)
	<-l.gone
}

func (l *leaving) write(conn *websocket.Conn, text string) {
	if err := conn.Write(l.Context(), websocket.MessageText, []byte(text)); err != nil {
		l.Fatal(err)
	}
}

// A mutation whose caller leaves goes on, or is cancelled, as the configuration says.
// It invalidates in either case.
func TestMutationsOfCallersWhoLeave(t *testing.T) {
	for name, leave := range map[string]func(l *leaving){
		"HTTP":               func(l *leaving) { l.request("application/json") },
		"server-sent events": func(l *leaving) { l.request("text/event-stream") },
		"WebSocket, closed":  func(l *leaving) { l.socket(func(conn *websocket.Conn) { _ = conn.CloseNow() }) },
		"WebSocket, completed": func(l *leaving) {
			l.socket(func(conn *websocket.Conn) {
				l.write(conn, `{"type": "complete", "id": "0"}`)
				l.write(conn, `{"type": "complete", "id": "1"}`)
			})
		},
	} {
		for _, cancels := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, cancels: %t", name, cancels), func(t *testing.T) {
				l := openLeaving(t, cancels)
				if got := l.value(); got != `{"data":{"n":0}}` {
					t.Fatal(got)
				}
				leave(l)
				if !cancels {
					close(l.open)
				}
				if err := <-l.ended; errors.Is(err, context.Canceled) != cancels {
					t.Errorf("the mutation ended with %v", err)
				}
				await(t, "it has invalidated", func() bool { return l.value() == `{"data":{"n":1}}` })
			})
		}
	}
}
