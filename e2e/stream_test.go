package e2e_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/coder/websocket"

	"github.com/portico-gateway/portico/demo"
	"github.com/portico-gateway/portico/demo/demotest"
)

const stock = `subscription Stock { stockChanged(productId: "p1") { productId available } }`

// stream is a subscription by some protocol.
type stream interface {
	// next is the payload of the next event, or what ended the stream.
	next(t *testing.T) string
	close()
}

// An event comes at once, and one after every order; several subscriptions of
// one product share a stream of the service.
func TestSubscriptions(t *testing.T) {
	for name, open := range map[string]func(*testing.T, *gateway, string) stream{"WebSocket": openSocket, "server-sent events": openEvents} {
		t.Run(name, func(t *testing.T) {
			g := start(t)
			s := open(t, g, stock)
			defer s.close()
			other := open(t, g, stock)
			if got := s.next(t); got != `{"data":{"stockChanged":{"productId":"p1","available":100}}}` {
				t.Fatalf("the first event: %s", got)
			}
			other.next(t)
			if calls := g.calls(t); calls != "inventory WatchStock 1" {
				t.Errorf("two subscriptions made these calls: %s", calls)
			}
			other.close()
			token := "Bearer " + demotest.Token(t, g.demo, "u1", "orders:write")
			for want := 98; want > 94; want -= 2 {
				if a := g.query(t, "web", buy, nil, "Authorization", token); len(a.Errors) > 0 {
					t.Fatalf("buy: %s", a.body)
				}
				if got := s.next(t); got != fmt.Sprintf(`{"data":{"stockChanged":{"productId":"p1","available":%d}}}`, want) {
					t.Fatalf("after an order: %s", got)
				}
			}
		})
	}
}

// A stream that the service breaks, and that can't be resumed, ends with a problem,
// not in silence.
func TestSubscriptionThatBreaks(t *testing.T) {
	for name, open := range map[string]func(*testing.T, *gateway, string) stream{"WebSocket": openSocket, "server-sent events": openEvents} {
		t.Run(name, func(t *testing.T) {
			d := demotest.Start(t)
			config := loopback + authDemo(d) + "frontend: {errors: {services: true}}\n" + strings.ReplaceAll(services(d), "  inventory: {", "  inventory: {resume: 300ms, ")
			file := filepath.Join(t.TempDir(), "portico.yaml")
			write(t, file, config)
			g := startBeside(t, d, "..", binary, "-config", file)
			s := open(t, g, `subscription { stockChanged(productId: "p999") { available } }`)
			if got := s.next(t); !strings.Contains(got, "BAD_USER_INPUT") {
				t.Errorf("an unknown product: %s", got)
			}
			s.close()
			s = open(t, g, stock)
			defer s.close()
			s.next(t)
			if err := g.demo.Close(); err != nil {
				t.Fatal(err)
			}
			got := s.next(t)
			if !strings.Contains(got, "DOWNSTREAM_SERVICE_ERROR") || !strings.Contains(got, `"service":"inventory"`) {
				t.Errorf("a lost service: %s", got)
			}
			if strings.Contains(got, `"type":"error"`) { // over WebSocket, which ends the operation
				return
			}
			if got := s.next(t); !strings.Contains(got, "complete") {
				t.Errorf("after the problem: %s", got)
			}
		})
	}
}

// Queries and mutations can be sent over a stream as well, with the token in
// connection_init or in a header.
func TestMutationOverStreams(t *testing.T) {
	for name, open := range map[string]func(*testing.T, *gateway, string) stream{"WebSocket": openSocket, "server-sent events": openEvents} {
		t.Run(name, func(t *testing.T) {
			g := start(t)
			s := open(t, g, buy)
			defer s.close()
			if got := s.next(t); !strings.Contains(got, `"total":{"amount":"69.80"`) {
				t.Errorf("got %s", got)
			}
			if got := s.next(t); !strings.Contains(got, "complete") {
				t.Errorf("got %s", got)
			}
			if calls := g.calls(t); calls != "orders POST /orders 1" {
				t.Errorf("calls: %s", calls)
			}
		})
	}
}

// Streams end when the gateway stops, so that it does stop.
func TestStreamsEndWithTheGateway(t *testing.T) {
	g := start(t)
	socket, events := openSocket(t, g, stock), openEvents(t, g, stock)
	socket.next(t)
	events.next(t)
	if err := g.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if got := socket.next(t); !strings.Contains(got, "StatusGoingAway") {
		t.Errorf("the socket ended with %s", got)
	}
	if got := events.next(t); !strings.Contains(got, "EOF") && !strings.Contains(got, "ended") {
		t.Errorf("the events ended with %s", got)
	}
	if err := g.cmd.Wait(); err != nil {
		t.Errorf("the gateway ended with %v:\n%s", err, g.log)
	}
	g.check(t)
}

type socketStream struct {
	ctx  context.Context
	conn *websocket.Conn
}

func openSocket(t *testing.T, g *gateway, document string) stream {
	t.Helper()
	return openSocketOf(t, g, "web", document)
}

func openSocketOf(t *testing.T, g *gateway, frontend, document string) stream {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	conn, resp, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(g.url, "http")+"/graphql/"+frontend, &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}})
	if err != nil {
		t.Fatal(err)
	}
	if resp.Body != nil {
		defer resp.Body.Close()
	}
	s := &socketStream{ctx, conn}
	token, err := g.demo.Token("u1", "orders:write")
	if err != nil {
		t.Fatal(err)
	}
	s.send(t, map[string]any{"type": "connection_init", "payload": map[string]any{"Authorization": "Bearer " + token}})
	if _, text, err := conn.Read(ctx); err != nil || string(text) != `{"type":"connection_ack"}` {
		t.Fatalf("got %s, %v", text, err)
	}
	s.send(t, map[string]any{"type": "subscribe", "id": "1", "payload": map[string]any{"query": document}})
	return s
}

func (s *socketStream) send(t *testing.T, message any) {
	t.Helper()
	text, err := json.Marshal(message)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.conn.Write(s.ctx, websocket.MessageText, text); err != nil {
		t.Fatal(err)
	}
}

func (s *socketStream) next(t *testing.T) string {
	t.Helper()
	_, text, err := s.conn.Read(s.ctx)
	if err != nil {
		return err.Error()
	}
	var m struct {
		Type    string
		Payload json.RawMessage
	}
	if err := json.Unmarshal(text, &m); err != nil {
		t.Fatal(err)
	}
	if m.Type == "next" {
		return string(m.Payload)
	}
	return string(text)
}

func (s *socketStream) close() { _ = s.conn.CloseNow() }

type eventStream struct {
	body  *http.Response
	lines *bufio.Scanner
}

func openEvents(t *testing.T, g *gateway, document string) stream {
	t.Helper()
	return openEventsOf(t, g, "web", document)
}

func openEventsOf(t *testing.T, g *gateway, frontend, document string) stream {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	body, err := json.Marshal(map[string]any{"query": document})
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, g.url+"/graphql/"+frontend, strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	token, err := g.demo.Token("u1", "orders:write")
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "text/event-stream")
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK || !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/event-stream") {
		t.Fatalf("status %d, %v", resp.StatusCode, resp.Header)
	}
	return &eventStream{resp, bufio.NewScanner(resp.Body)}
}

func (s *eventStream) next(t *testing.T) string {
	t.Helper()
	event := ""
	for s.lines.Scan() {
		line := s.lines.Text()
		switch {
		case strings.HasPrefix(line, "event: "):
			event = strings.TrimPrefix(line, "event: ")
		case strings.HasPrefix(line, "data:") && event == "next":
			return strings.TrimSpace(strings.TrimPrefix(line, "data:"))
		case strings.HasPrefix(line, "data:"):
			return event
		}
	}
	return fmt.Sprint("the stream ended: ", s.lines.Err())
}

func (s *eventStream) close() { _ = s.body.Body.Close() }

// link is a TCP proxy whose connections a test can cut.
type link struct {
	url   string
	mu    sync.Mutex
	conns []net.Conn
}

// linkTo runs a link to the host of a URL.
func linkTo(t *testing.T, target string) *link {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	scheme, host, _ := strings.Cut(target, "://")
	l := &link{url: scheme + "://" + listener.Addr().String()}
	var group sync.WaitGroup
	group.Go(func() {
		for {
			from, err := listener.Accept()
			if err != nil { // it is closed
				return
			}
			to, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", host)
			if err != nil {
				_ = from.Close()
				continue
			}
			l.mu.Lock()
			l.conns = append(l.conns, from, to)
			l.mu.Unlock()
			group.Go(func() { _, _ = io.Copy(to, from) })
			group.Go(func() { _, _ = io.Copy(from, to) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		l.cut()
		group.Wait()
	})
	return l
}

// cut closes all connections. New ones can be made.
func (l *link) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, conn := range l.conns {
		_ = conn.Close()
	}
	l.conns = nil
}

// A stream whose connection is lost goes on with the current state, without an
// error, and with one stream of the service for all.
func TestSubscriptionThatIsResumed(t *testing.T) {
	d := demotest.Start(t)
	inventory := linkTo(t, d.URL(demo.Inventory))
	file := filepath.Join(t.TempDir(), "portico.yaml")
	write(t, file, loopback+authDemo(d)+"cache: {size: 0}\n"+strings.ReplaceAll(services(d), d.URL(demo.Inventory), inventory.url))
	g := startBeside(t, d, "..", binary, "-config", file)
	all := []stream{openEvents(t, g, stock), openSocket(t, g, stock), openEvents(t, g, stock)}
	want := func(available int) {
		t.Helper()
		for _, s := range all {
			if got := s.next(t); got != fmt.Sprintf(`{"data":{"stockChanged":{"productId":"p1","available":%d}}}`, available) {
				t.Fatalf("got %s, want %d", got, available)
			}
		}
	}
	want(100)
	g.calls(t)
	inventory.cut()
	want(100)
	token := "Bearer " + demotest.Token(t, d, "u1", "orders:write")
	if a := g.query(t, "web", buy, nil, "Authorization", token); len(a.Errors) > 0 {
		t.Fatalf("buy: %s", a.body)
	}
	want(98)
	if calls := g.calls(t); strings.Count(calls, "WatchStock 2") != 1 {
		t.Errorf("calls: %s", calls)
	}
	for _, s := range all {
		s.close()
	}
}
