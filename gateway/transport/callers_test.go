package transport_test

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/portico-gateway/portico/gateway/transport"
)

type nameKey struct{}

// named is a configuration in which the payload of connection_init says who
// calls.
func named(config transport.Config) transport.Config {
	config.Init = func(ctx context.Context, payload map[string]any) (context.Context, error) {
		return context.WithValue(ctx, nameKey{}, payload["name"]), nil
	}
	config.Caller = func(ctx context.Context) string {
		if name, ok := ctx.Value(nameKey{}).(string); ok {
			return name
		}
		return "somebody"
	}
	return config
}

func (c *client) as(name string) *client {
	c.Helper()
	c.send(fmt.Sprintf(`{"type":"connection_init","payload":{"name":%q}}`, name))
	return c
}

func TestBoundsTheSocketsOfACaller(t *testing.T) {
	g := serve(t, named(transport.Config{MaxSockets: 2}))
	options := &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}}
	first, second := g.connect(t, false), g.connect(t, false)
	if _, status := g.dial(t, options); status != http.StatusTooManyRequests {
		t.Errorf("a third one: %d", status)
	}
	a := g.send(t, http.MethodGet, "/", "", "Connection: Upgrade", "Upgrade: websocket")
	if checkErrors(t, a, "THROTTLED"); a.header.Get("Retry-After") != "1" {
		t.Errorf("Retry-After: %q", a.header.Get("Retry-After"))
	}
	first.as("a").expect(`{"type":"connection_ack"}`) // now it is another's
	second.as("a").expect(`{"type":"connection_ack"}`)
	third := g.connect(t, false)
	third.as("a").expectClose(websocket.StatusPolicyViolation, "Too many connections")
	g.connect(t, false).as("b").expect(`{"type":"connection_ack"}`)
	first.vanish()
	for deadline := time.Now().Add(patience); ; { // when the gateway has noticed
		again := g.connect(t, false).as("a")
		if got, err := again.receive(); err == nil && got == `{"type":"connection_ack"}` {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("a socket that has ended counts")
		}
	}
}

func TestBoundsTheOperationsOfACaller(t *testing.T) {
	g := serve(t, named(transport.Config{MaxCallerOperations: 2}))
	var last *client
	for range 2 {
		last = g.connect(t, false).as("a")
		last.expect(`{"type":"connection_ack"}`)
		last.send(subscribe("1", "subscription{waiting}"))
		last.expect(`{"type":"next","id":"1","payload":{"data":{"waiting":1}}}`)
		await(t, "begins", g.resolvers.Began)
	}
	c := g.connect(t, false).as("a")
	c.expect(`{"type":"connection_ack"}`)
	c.send(subscribe("1", "{__typename}"))
	c.expect(`{"type":"error","id":"1","payload":[{"message":"You have 2 operations under way on WebSockets: complete one first.","extensions":{"code":"BAD_REQUEST"}}]}`)
	other := g.connect(t, false).as("b")
	other.expect(`{"type":"connection_ack"}`)
	other.send(subscribe("1", "{__typename}"))
	other.expect(`{"type":"next","id":"1","payload":{"data":{"__typename":"Query"}}}`, `{"type":"complete","id":"1"}`)
	last.send(`{"type":"complete","id":"1"}`)
	await(t, "ends", g.resolvers.Ended)
	for deadline := time.Now().Add(patience); ; { // when its goroutine has ended, too
		c.send(subscribe("2", "{__typename}"))
		got, err := c.receive()
		if err != nil || time.Now().After(deadline) {
			t.Fatal(got, err)
		}
		if strings.Contains(got, `"next"`) {
			break
		}
	}
}

// TestBoundsSubscriptions: those of event streams and of WebSockets count together, for
// each caller and for all.
func TestBoundsSubscriptions(t *testing.T) {
	const query, error4 = "subscription{waiting}", `{"type":"error","id":"4","payload":[{"message":`
	g := serve(t, named(transport.Config{MaxCallerSubscriptions: 2, MaxSubscriptions: 4}))
	socket := func(name string) *client {
		c := g.connect(t, false).as(name)
		c.expect(`{"type":"connection_ack"}`)
		return c
	}
	begin := func(c *client) {
		c.send(subscribe("1", query))
		c.expect(`{"type":"next","id":"1","payload":{"data":{"waiting":1}}}`)
		await(t, "begins", g.resolvers.Began)
	}
	refused := func(status int, code string) {
		t.Helper()
		a := g.post(t, `{"query":"`+query+`"}`, acceptEvents)
		checkErrors(t, a, code)
		if a.status != status || a.header.Get("Retry-After") != "1" {
			t.Errorf("%d %v %s", a.status, a.header, a.body)
		}
	}
	stream := g.open(t) // of "somebody", as a socket of that name is
	await(t, "begins", g.resolvers.Began)
	begin(socket("somebody"))
	refused(http.StatusTooManyRequests, "THROTTLED")
	somebody := socket("somebody")
	somebody.send(subscribe("4", query))
	somebody.expect(error4 + `"You have 2 subscriptions: end one first.","extensions":{"code":"THROTTLED"}}]}`)
	somebody.send(subscribe("5", "{__typename}")) // no subscription
	somebody.expect(`{"type":"next","id":"5","payload":{"data":{"__typename":"Query"}}}`, `{"type":"complete","id":"5"}`)
	begin(socket("a"))
	begin(socket("b"))
	refused(http.StatusServiceUnavailable, "SERVICE_OVERLOADED")
	if open, most := g.handler.Subscriptions(); open != 4 || most != 4 {
		t.Errorf("%d of %d subscriptions", open, most)
	}
	a := socket("a")
	a.send(subscribe("4", query))
	a.expect(error4 + `"The gateway has too many subscriptions. Try again.","extensions":{"code":"SERVICE_OVERLOADED"}}]}`)
	stream.leave()
	await(t, "ends", g.resolvers.Ended)
	for deadline := time.Now().Add(patience); ; { // when its goroutine has ended, too
		a.send(subscribe("6", query))
		got, err := a.receive()
		if err != nil || time.Now().After(deadline) {
			t.Fatal(got, err)
		}
		if strings.Contains(got, `"next"`) {
			break
		}
	}
}

// TestBoundsTheMessagesThatWait: a caller that asks for much and reads nothing must not
// fill the memory.
func TestBoundsTheMessagesThatWait(t *testing.T) {
	g := serve(t, named(transport.Config{MaxQueuedBytes: 1 << 20}))
	c := g.connect(t, false).as("a")
	c.expect(`{"type":"connection_ack"}`)
	c.send(subscribe("waits", "subscription{waiting}"))
	c.expect(`{"type":"next","id":"waits","payload":{"data":{"waiting":1}}}`)
	for i := range 3 { // the first is more than may wait, but alone
		c.send(subscribe(strconv.Itoa(i), "{large(bytes:20000000)}"))
	}
	await(t, "ends", g.resolvers.Ended)
	for {
		text, err := c.receive()
		if err == nil {
			continue
		}
		if websocket.CloseStatus(err) != websocket.StatusPolicyViolation {
			t.Errorf("%.100s, %v", text, err)
		}
		break
	}
}

func TestBoundsTheIDsOfOperations(t *testing.T) {
	g := serve(t, transport.Config{})
	c := g.connect(t, true)
	longest := strings.Repeat("é", 128)
	c.send(subscribe(longest, "{__typename}"))
	c.expect(`{"type":"next","id":"`+longest+`","payload":{"data":{"__typename":"Query"}}}`, `{"type":"complete","id":"`+longest+`"}`)
	c.send(subscribe(longest+"x", "{__typename}"))
	c.expectClose(4400, "Invalid message received")
}
