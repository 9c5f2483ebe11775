package transport_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/portico-gateway/portico/gateway/transport"
)

// client is a WebSocket that only sends and compares texts.
type client struct {
	*testing.T
	conn *websocket.Conn
}

// dial tries to open a WebSocket and returns the status of the answer.
func (g *gateway) dial(t *testing.T, options *websocket.DialOptions) (*client, int) {
	t.Helper()
	conn, resp, err := websocket.Dial(t.Context(), "ws"+strings.TrimPrefix(g.URL, "http"), options)
	if resp == nil {
		t.Fatal(err)
	}
	if err != nil {
		_ = resp.Body.Close()
		return nil, resp.StatusCode
	}
	c := &client{t, conn}
	t.Cleanup(c.vanish)
	conn.SetReadLimit(-1)
	return c, resp.StatusCode
}

// vanish breaks the connection.
func (c *client) vanish() { _ = c.conn.CloseNow() }

// connect opens a WebSocket, and begins a connection on it if told so.
func (g *gateway) connect(t *testing.T, begun bool) *client {
	t.Helper()
	c, status := g.dial(t, &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}})
	if c == nil {
		t.Fatal(status)
	}
	if begun {
		c.send(`{"type":"connection_init"}`)
		c.expect(`{"type":"connection_ack"}`)
	}
	return c
}

func (c *client) send(text string) {
	c.Helper()
	if err := c.conn.Write(c.Context(), websocket.MessageText, []byte(text)); err != nil {
		c.Fatal(err)
	}
}

func (c *client) receive() (string, error) {
	ctx, cancel := context.WithTimeout(c.Context(), patience)
	defer cancel()
	_, data, err := c.conn.Read(ctx)
	return string(data), err
}

func (c *client) expect(want ...string) {
	c.Helper()
	for _, text := range want {
		got, err := c.receive()
		if err != nil || masked(got) != text {
			c.Fatalf("received %s, %v\nwant %s", got, err, text)
		}
	}
}

// expectClose wants nothing more to come but the end.
func (c *client) expectClose(code websocket.StatusCode, reason string) {
	c.Helper()
	got, err := c.receive()
	closed, _ := errors.AsType[websocket.CloseError](err)
	if closed.Code != code || closed.Reason != reason {
		c.Fatalf("received %q, %v; want the end with %d %q", got, err, code, reason)
	}
}

func subscribe(id, query string) string {
	return fmt.Sprintf(`{"type":"subscribe","id":%q,"payload":{"query":%q}}`, id, query)
}

func TestAnswersOverWebSocket(t *testing.T) {
	g := serve(t, transport.Config{})
	c := g.connect(t, true)
	for _, q := range []struct {
		name, query string
		want        []string
	}{
		{"query", `{echo(text:"a")}`, []string{`{"type":"next","id":"1","payload":{"data":{"echo":"a"}}}`, `{"type":"complete","id":"1"}`}},
		{"mutation", `mutation{keep(text:"a")}`, []string{`{"type":"next","id":"1","payload":{"data":{"keep":"a"}}}`, `{"type":"complete","id":"1"}`}},
		{"subscription", `subscription{counter(to:2)}`, []string{`{"type":"next","id":"1","payload":{"data":{"counter":1}}}`, `{"type":"next","id":"1","payload":{"data":{"counter":2}}}`, `{"type":"complete","id":"1"}`}},
		{"field error", `{fail}`, []string{
			`{"type":"next","id":"1","payload":{"errors":[{"message":"Something went wrong on our side.","path":["fail"],"locations":[{"line":1,"column":2}],"extensions":{"code":"INTERNAL_SERVER_ERROR","id":"*"}}],"data":{"fail":null}}}`,
			`{"type":"complete","id":"1"}`}},
		{"wrong document", `{nope}`, []string{
			`{"type":"error","id":"1","payload":[{"message":"Cannot query field \"nope\" on type \"Query\".","locations":[{"line":1,"column":2}],"extensions":{"code":"GRAPHQL_VALIDATION_FAILED"}}]}`}},
		{"wrong variable", `query($n:Int!){number(n:$n)}`, []string{
			`{"type":"error","id":"1","payload":[{"message":"Variable $n: a value of type Int! is required.","locations":[{"line":1,"column":7}],"extensions":{"code":"BAD_USER_INPUT","variable":"$n"}}]}`}},
		{"refused", `subscription{refused}`, []string{
			`{"type":"error","id":"1","payload":[{"message":"Something went wrong on our side.","path":["refused"],"locations":[{"line":1,"column":14}],"extensions":{"code":"INTERNAL_SERVER_ERROR","id":"*"}}]}`}},
	} {
		t.Log(q.name)
		c.send(subscribe("1", q.query)) // the id is free again each time
		c.expect(q.want...)
	}
}

func TestPingsAreAnswered(t *testing.T) {
	c := serve(t, transport.Config{}).connect(t, false)
	c.send(`{"type":"ping"}`) // even before connection_init
	c.expect(`{"type":"pong"}`)
	c.send(`{"type":"ping","payload":{"a":[1, 2]}}`)
	c.expect(`{"type":"pong","payload":{"a":[1, 2]}}`)
	c.send(`{"type":"pong"}`) // unasked
	c.send(`{"type":"connection_init","payload":null}`)
	c.expect(`{"type":"connection_ack"}`)
}

func TestClosesWhatBreaksTheProtocol(t *testing.T) {
	g := serve(t, transport.Config{MaxBodyBytes: 1000})
	const invalid = "Invalid message received"
	for _, c := range []struct {
		name   string
		begun  bool
		send   string
		code   websocket.StatusCode
		reason string
	}{
		{"no JSON", true, `hello`, 4400, invalid},
		{"nothing", true, ``, 4400, invalid},
		{"a list", true, `[]`, 4400, invalid},
		{"null", true, `null`, 4400, invalid},
		{"two messages", true, `{"type":"ping"}{"type":"ping"}`, 4400, invalid},
		{"no UTF-8", true, "{\"type\":\"ping\",\"payload\":{\"a\":\"\xff\"}}", 4400, invalid},
		{"a member twice", true, `{"type":"ping","type":"ping"}`, 4400, invalid},
		{"a variable twice", true, `{"type":"subscribe","id":"1","payload":{"query":"{__typename}","variables":{"a":1,"a":1}}}`, 4400, invalid},
		{"an unpaired surrogate", true, `{"type":"subscribe","id":"1","payload":{"query":"{__typename}","variables":{"a":"\ud800"}}}`, 4400, invalid},
		{"no type", true, `{"id":"1"}`, 4400, invalid},
		{"type a number", true, `{"type":1}`, 4400, invalid},
		{"type in capitals", true, `{"type":"PING"}`, 4400, invalid},
		{"member in capitals", true, `{"TYPE":"ping"}`, 4400, invalid},
		{"unknown type", true, `{"type":"start","id":"1"}`, 4400, invalid},
		{"a server's type", true, `{"type":"next","id":"1","payload":{}}`, 4400, invalid},
		{"ack from the client", true, `{"type":"connection_ack"}`, 4400, invalid},
		{"subscribe without id", true, `{"type":"subscribe","payload":{"query":"{__typename}"}}`, 4400, invalid},
		{"subscribe with an empty id", true, `{"type":"subscribe","id":"","payload":{"query":"{__typename}"}}`, 4400, invalid},
		{"id a number", true, `{"type":"subscribe","id":1,"payload":{"query":"{__typename}"}}`, 4400, invalid},
		{"subscribe without payload", true, `{"type":"subscribe","id":"1"}`, 4400, invalid},
		{"payload a text", true, `{"type":"subscribe","id":"1","payload":"{__typename}"}`, 4400, invalid},
		{"payload a batch", true, `{"type":"subscribe","id":"1","payload":[]}`, 4400, invalid},
		{"payload without query", true, `{"type":"subscribe","id":"1","payload":{}}`, 4400, invalid},
		{"variables a list", true, `{"type":"subscribe","id":"1","payload":{"query":"{__typename}","variables":[]}}`, 4400, invalid},
		{"complete without id", true, `{"type":"complete"}`, 4400, invalid},
		{"ping with a list", true, `{"type":"ping","payload":[]}`, 4400, invalid},
		{"init with a text", false, `{"type":"connection_init","payload":"x"}`, 4400, invalid},
		{"subscribe too early", false, subscribe("1", "{__typename}"), 4401, "Unauthorized"},
		{"init twice", true, `{"type":"connection_init"}`, 4429, "Too many initialisation requests"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := g.connect(t, c.begun)
			s.send(c.send)
			s.expectClose(c.code, c.reason)
		})
	}
	t.Run("binary", func(t *testing.T) {
		s := g.connect(t, true)
		if err := s.conn.Write(t.Context(), websocket.MessageBinary, []byte(`{"type":"ping"}`)); err != nil {
			t.Fatal(err)
		}
		s.expectClose(4400, invalid)
	})
	t.Run("too large", func(t *testing.T) {
		s := g.connect(t, true)
		s.send(subscribe("1", strings.Repeat("x", 2000)))
		if _, err := s.receive(); websocket.CloseStatus(err) != websocket.StatusMessageTooBig {
			t.Errorf("%v, want 1009", err)
		}
	})
}

func TestClosesOnALiveID(t *testing.T) {
	g := serve(t, transport.Config{})
	c := g.connect(t, true)
	c.send(subscribe("1", "subscription{waiting}"))
	c.expect(`{"type":"next","id":"1","payload":{"data":{"waiting":1}}}`)
	c.send(subscribe("1", "{__typename}"))
	c.expectClose(4409, "Subscriber for this id already exists")
	await(t, "ends", g.resolvers.Ended)
}

func TestCompleteCancelsTheOperation(t *testing.T) {
	g := serve(t, transport.Config{})
	c := g.connect(t, true)
	c.send(`{"type":"complete","id":"never begun"}`)
	c.send(subscribe("1", "subscription{waiting}"))
	c.expect(`{"type":"next","id":"1","payload":{"data":{"waiting":1}}}`)
	await(t, "begins", g.resolvers.Began)
	c.send(`{"type":"complete","id":"1"}`)
	c.send(`{"type":"complete","id":"1"}`)
	c.send(subscribe("1", "{__typename}")) // free at once
	c.expect(`{"type":"next","id":"1","payload":{"data":{"__typename":"Query"}}}`, `{"type":"complete","id":"1"}`)
	await(t, "ends", g.resolvers.Ended)

	c.send(subscribe("q", "{slow}"))
	await(t, "begins", g.resolvers.Began)
	c.send(`{"type":"complete","id":"q"}`)
	await(t, "ends", g.resolvers.Ended)
	c.send(`{"type":"ping"}`)
	c.expect(`{"type":"pong"}`) // and no answer to the query
}

func TestBoundsTheOperationsOfAConnection(t *testing.T) {
	g := serve(t, transport.Config{MaxOperations: 2})
	c := g.connect(t, true)
	for _, id := range []string{"1", "2"} {
		c.send(subscribe(id, "subscription{waiting}"))
		c.expect(`{"type":"next","id":"` + id + `","payload":{"data":{"waiting":1}}}`)
	}
	c.send(subscribe("3", "{__typename}"))
	c.expect(`{"type":"error","id":"3","payload":[{"message":"This connection has 2 operations under way: complete one first.","extensions":{"code":"BAD_REQUEST"}}]}`)
	c.send(`{"type":"ping"}`)
	c.expect(`{"type":"pong"}`)
}

func TestInterleavesOperations(t *testing.T) {
	g := serve(t, transport.Config{})
	c := g.connect(t, true)
	const count, events = 20, 50
	for i := range count {
		c.send(subscribe(strconv.Itoa(i), fmt.Sprintf("subscription{counter(to:%d)}", events)))
	}
	seen := map[string]int{}
	for completed := 0; completed < count; {
		text, err := c.receive()
		if err != nil {
			t.Fatal(err)
		}
		var m struct {
			ID, Type string
			Payload  struct{ Data struct{ Counter int } }
		}
		if err := json.Unmarshal([]byte(text), &m); err != nil {
			t.Fatal(err)
		}
		switch m.Type {
		case "next":
			if seen[m.ID]++; seen[m.ID] != m.Payload.Data.Counter {
				t.Fatalf("operation %s: event %d is %d", m.ID, seen[m.ID], m.Payload.Data.Counter)
			}
		case "complete":
			if completed++; seen[m.ID] != events {
				t.Fatalf("operation %s completed after %d events", m.ID, seen[m.ID])
			}
		}
	}
}

func TestWaitsForInitOnlySoLong(t *testing.T) {
	c := serve(t, transport.Config{InitTimeout: time.Millisecond}).connect(t, false)
	c.expectClose(4408, "Connection initialisation timeout")
}

// TestInitCountsToTheTimeout: an authentication that hangs must not hold the
// connection.
func TestInitCountsToTheTimeout(t *testing.T) {
	c := serve(t, transport.Config{InitTimeout: 20 * time.Millisecond, Init: func(ctx context.Context, _ map[string]any) (context.Context, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}}).connect(t, false)
	c.send(`{"type":"connection_init"}`)
	c.expectClose(4408, "Connection initialisation timeout")
}

func TestInitSeesThePayload(t *testing.T) {
	var got []string
	g := serve(t, transport.Config{Init: func(ctx context.Context, payload map[string]any) (context.Context, error) {
		got = append(got, fmt.Sprintf("%v", payload))
		if payload["token"] != "good" {
			return nil, errors.New("secret reason")
		}
		return ctx, nil
	}})
	good := g.connect(t, false)
	good.send(`{"type":"connection_init","payload":{"token":"good","n":12345678901234567890}}`)
	good.expect(`{"type":"connection_ack"}`)
	bad := g.connect(t, false)
	bad.send(`{"type":"connection_init","payload":{"token":"bad"}}`)
	bad.expectClose(4403, "Forbidden")
	none := g.connect(t, false)
	none.send(`{"type":"connection_init"}`)
	none.expectClose(4403, "Forbidden")
	if want := "[map[n:12345678901234567890 token:good] map[token:bad] map[]]"; fmt.Sprint(got) != want {
		t.Errorf("payloads %v, want %s", got, want)
	}
	if !strings.Contains(g.log.String(), "secret reason") {
		t.Error("the reason is not logged")
	}
}

func TestInitThatPanicsClosesTheConnection(t *testing.T) {
	g := serve(t, transport.Config{Init: func(context.Context, map[string]any) (context.Context, error) { panic("secret of a panic") }})
	c := g.connect(t, false)
	c.send(`{"type":"connection_init"}`)
	c.expectClose(websocket.StatusInternalError, "Internal error")
	if !strings.Contains(g.log.String(), "secret of a panic") {
		t.Error("not logged")
	}
}

func TestAPanicEndsOnlyItsOperation(t *testing.T) {
	c := serve(t, transport.Config{}, panics).connect(t, true)
	for range 2 {
		c.send(subscribe("1", "{__typename}"))
		c.expect(`{"type":"error","id":"1","payload":[{"message":"Something went wrong on our side.","extensions":{"code":"INTERNAL_SERVER_ERROR","id":"*"}}]}`)
	}
}

func TestPingsTheClient(t *testing.T) {
	g := serve(t, transport.Config{KeepAlive: 50 * time.Millisecond})
	c := g.connect(t, true)
	for range 3 {
		c.expect(`{"type":"ping"}`)
		c.send(`{"type":"pong"}`)
	}
	c.expect(`{"type":"ping"}`)
	if text, err := c.receive(); err == nil { // without a pong
		t.Errorf("received %s, want the end", text)
	}
}

// TestCutsAWebSocketThatIsNotRead: a client that does not read must not hold
// the operation for ever.
func TestCutsAWebSocketThatIsNotRead(t *testing.T) {
	g := serveWithin(t, timeouts{write: 50 * time.Millisecond}, transport.Config{})
	c := g.connect(t, true)
	c.send(subscribe("1", "subscription{waiting}"))
	c.expect(`{"type":"next","id":"1","payload":{"data":{"waiting":1}}}`)
	c.send(subscribe("2", "{large(bytes:50000000)}"))
	await(t, "ends", g.resolvers.Ended)
}

func TestCancelsOperationsWhenTheConnectionBreaks(t *testing.T) {
	g := serve(t, transport.Config{})
	c := g.connect(t, true)
	c.send(subscribe("1", "subscription{waiting}"))
	c.send(subscribe("2", "{slow}"))
	await(t, "begins", g.resolvers.Began)
	await(t, "begins", g.resolvers.Began)
	c.vanish()
	await(t, "ends", g.resolvers.Ended)
	await(t, "ends", g.resolvers.Ended)
}

func TestClosesWebSocketsOnShutdown(t *testing.T) {
	g := serve(t, transport.Config{})
	c := g.connect(t, true)
	c.send(subscribe("1", "subscription{waiting}"))
	c.expect(`{"type":"next","id":"1","payload":{"data":{"waiting":1}}}`)
	done := make(chan struct{})
	go func() {
		defer close(done)
		g.shutdown(t)
	}()
	c.expectClose(websocket.StatusGoingAway, "The gateway is stopping")
	<-done
	await(t, "ends", g.resolvers.Ended)
	if _, status := g.dial(t, &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}}); status != http.StatusServiceUnavailable {
		t.Errorf("after Shutdown: %d", status)
	}
}

func TestShutdownHeedsItsContext(t *testing.T) {
	g := serve(t, transport.Config{})
	c := g.connect(t, true)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := g.handler.Shutdown(ctx); !errors.Is(err, context.Canceled) && err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	c.expectClose(websocket.StatusGoingAway, "The gateway is stopping")
}

func TestWantsItsSubprotocol(t *testing.T) {
	g := serve(t, transport.Config{})
	for _, offered := range [][]string{nil, {"graphql-ws"}, {"soap", "mqtt"}} {
		c, status := g.dial(t, &websocket.DialOptions{Subprotocols: offered})
		if c == nil {
			t.Fatal(status)
		}
		c.expectClose(4406, "Subprotocol not acceptable")
	}
	c, status := g.dial(t, &websocket.DialOptions{Subprotocols: []string{"graphql-ws", "graphql-transport-ws"}})
	if c == nil || c.conn.Subprotocol() != "graphql-transport-ws" {
		t.Errorf("among others: %d", status)
	}
}

func TestChecksTheOrigin(t *testing.T) {
	g := serve(t, transport.Config{Origins: []string{"https://shop.example", "https://*.Shop.example", "[bad"}})
	anyone := serve(t, transport.Config{Origins: []string{"*"}})
	for origin, allowed := range map[string]bool{
		"":                                   true,
		g.URL:                                true,
		"https://shop.example":               true,
		"https://m.shop.example":             true,
		"https://M.SHOP.EXAMPLE":             true,
		"http://shop.example":                false,
		"https://shop.example:8443":          false,
		"https://shop.example.evil":          false,
		"https://evil.example":               false,
		"https://evil.example/.shop.example": false,
		"null":                               false,
		"://":                                false,
	} {
		for on, want := range map[*gateway]bool{g: allowed, anyone: true} {
			header := http.Header{}
			if origin != "" {
				header.Set("Origin", origin)
			}
			status := http.StatusForbidden
			if want {
				status = http.StatusSwitchingProtocols
			}
			_, got := on.dial(t, &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}, HTTPHeader: header})
			if got != status {
				t.Errorf("origin %q: %d, want %d", origin, got, status)
			}
		}
	}
	a := g.send(t, http.MethodGet, "/", "", "Connection: Upgrade", "Upgrade: websocket", "Origin: https://evil.example")
	checkErrors(t, a, "CSRF_BLOCKED")
}

func TestAnswersAWrongHandshake(t *testing.T) {
	g := serve(t, transport.Config{})
	for _, c := range []struct {
		status  int
		headers []string
	}{
		{http.StatusUpgradeRequired, []string{"Upgrade: websocket"}},
		{http.StatusBadRequest, []string{"Connection: Upgrade", "Upgrade: websocket"}},
		{http.StatusBadRequest, []string{"Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"}},
		{http.StatusBadRequest, []string{"Connection: Upgrade", "Upgrade: h2c, websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: hunter2"}},
	} {
		a := g.send(t, http.MethodGet, "/", "", c.headers...)
		if a.status != c.status || strings.Contains(a.body, "hunter2") {
			t.Errorf("%v: %d %s", c.headers, a.status, a.body)
		}
		checkErrors(t, a, "BAD_REQUEST")
	}
	a := g.post(t, `{"query":"{__typename}"}`, "Connection: Upgrade", "Upgrade: websocket")
	if a.status != http.StatusOK { // a server may ignore what it is asked to upgrade to
		t.Errorf("POST with an upgrade: %d %s", a.status, a.body)
	}
}

// TestSurvivesGarbageFrames: what is no WebSocket after the handshake.
func TestSurvivesGarbageFrames(t *testing.T) {
	g := serve(t, transport.Config{})
	conn, err := net.Dial("tcp", g.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"+
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n", strings.Repeat("\xff", 100))
	if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	buffer := make([]byte, 4096)
	for err == nil {
		_, err = conn.Read(buffer)
	}
	if e, ok := errors.AsType[net.Error](err); ok && e.Timeout() {
		t.Error("the connection is still open")
	}
}
