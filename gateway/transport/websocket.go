package transport

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/coder/websocket"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/portico-gateway/portico/gateway/problem"
)

// subprotocol is the only one that is spoken.
const subprotocol = "graphql-transport-ws"

// Close codes of graphql-transport-ws
// (https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md).
const (
	closeInvalidMessage  websocket.StatusCode = 4400
	closeUnauthorized    websocket.StatusCode = 4401
	closeForbidden       websocket.StatusCode = 4403
	closeSubprotocol     websocket.StatusCode = 4406
	closeInitTimeout     websocket.StatusCode = 4408
	closeSubscriberTaken websocket.StatusCode = 4409
	closeTooManyInits    websocket.StatusCode = 4429
)

func isUpgrade(r *http.Request) bool {
	return r.Method == http.MethodGet && strings.EqualFold(r.Header.Get("Upgrade"), "websocket")
}

// serveWebSocket serves a connection until it ends, and then waits for its
// operations.
func (h *Handler) serveWebSocket(w http.ResponseWriter, r *http.Request) {
	if !h.enter() {
		writeLeaving(w)
		return
	}
	defer h.open.Done()
	ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		Subprotocols:   []string{subprotocol},
		OriginPatterns: hosts(h.config.Origins),
	})
	if err != nil {
		h.config.Log.DebugContext(r.Context(), "no websocket", "cause", err) // it has answered
		return
	}
	ws.SetReadLimit(h.config.MaxBodyBytes)
	ctx, cancel := context.WithCancel(r.Context())
	c := &connection{handler: h, ws: ws, ctx: ctx, cancel: cancel, operations: map[string]context.CancelFunc{}}
	defer c.end()
	if ws.Subprotocol() != subprotocol {
		c.close(closeSubprotocol, "Subprotocol not acceptable")
		return
	}
	stop := context.AfterFunc(h.streams, func() { c.close(websocket.StatusGoingAway, "The server is going away") })
	defer stop()
	c.serve()
}

// hosts are the hosts of origins, as the library wants them.
func hosts(origins []string) []string {
	var list []string
	for _, origin := range origins {
		if u, err := url.Parse(origin); err == nil && u.Host != "" {
			list = append(list, u.Host)
		}
	}
	return list
}

// connection is one WebSocket. One goroutine reads; every operation has its
// own, and one more keeps the connection alive.
type connection struct {
	handler *Handler
	ws      *websocket.Conn
	ctx     context.Context //nolint:containedctx // it is the connection's own life
	cancel  context.CancelFunc
	work    sync.WaitGroup

	// initial is the context of operations, set by connection_init. Only the
	// reading goroutine uses it.
	initial context.Context //nolint:containedctx // made once for all operations

	mu         sync.Mutex
	operations map[string]context.CancelFunc // by the client's id
}

// message is one of the protocol's messages.
type message struct {
	ID      string          `json:"id,omitempty"`
	Type    string          `json:"type"`
	Payload json.RawMessage `json:"payload,omitempty"`
}

func (c *connection) serve() {
	late := time.AfterFunc(c.handler.config.InitTimeout, func() {
		c.close(closeInitTimeout, "Connection initialisation timeout")
	})
	defer late.Stop()
	c.work.Go(c.keepAlive)
	for {
		kind, text, err := c.ws.Read(c.ctx)
		if err != nil {
			return
		}
		var m message
		if kind != websocket.MessageText || json.Unmarshal(text, &m) != nil {
			c.close(closeInvalidMessage, "Invalid message received")
			return
		}
		if m.Type == "connection_init" && !late.Stop() && c.initial == nil {
			return // it is being closed already
		}
		if !c.handle(&m) {
			return
		}
	}
}

// handle is false when the connection was closed.
func (c *connection) handle(m *message) bool {
	switch m.Type {
	case "connection_init":
		return c.init(m.Payload)
	case "ping":
		return c.write(&message{Type: "pong", Payload: m.Payload}) == nil
	case "pong":
		return true
	case "subscribe":
		return c.subscribe(m)
	case "complete":
		c.forget(m.ID)
		return true
	}
	return c.close(closeInvalidMessage, "Invalid message received")
}

func (c *connection) init(raw json.RawMessage) bool {
	if c.initial != nil {
		return c.close(closeTooManyInits, "Too many initialisation requests")
	}
	var payload map[string]any
	if len(raw) > 0 && json.Unmarshal(raw, &payload) != nil {
		return c.close(closeInvalidMessage, "Invalid message received")
	}
	ctx, err := c.handler.config.Init(c.ctx, payload)
	if err != nil {
		c.handler.config.Log.InfoContext(c.ctx, "a websocket was refused", "cause", err)
		return c.close(closeForbidden, "Forbidden")
	}
	c.initial = ctx
	return c.write(&message{Type: "connection_ack"}) == nil
}

func (c *connection) subscribe(m *message) bool {
	if c.initial == nil {
		return c.close(closeUnauthorized, "Unauthorized")
	}
	if m.ID == "" {
		return c.close(closeInvalidMessage, "Invalid message received")
	}
	params, wrong := decode(m.Payload)
	if wrong != nil {
		return c.close(closeInvalidMessage, "Invalid message received")
	}
	ctx, taken := c.claim(m.ID)
	switch {
	case taken:
		return c.close(closeSubscriberTaken, "Subscriber for "+clip(m.ID)+" already exists")
	case ctx == nil:
		return c.writeErrors(m.ID, gqlerror.List{presented(problem.New(problem.BadRequest, "There are too many operations on this connection."))}) == nil
	}
	c.work.Go(func() { c.execute(ctx, m.ID, params) })
	return true
}

// claim takes an id for an operation and returns its context, which forget
// cancels; nil when the connection has too many.
func (c *connection) claim(id string) (ctx context.Context, taken bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, taken := c.operations[id]; taken {
		return nil, true
	}
	if len(c.operations) >= c.handler.config.MaxOperations {
		return nil, false
	}
	ctx, cancel := context.WithCancel(graphql.StartOperationTrace(c.initial))
	c.operations[id] = cancel
	return ctx, false
}

// clip shortens what goes into a close reason, which has at most 123 bytes.
func clip(id string) string {
	const most = 60
	if len(id) > most {
		return strings.ToValidUTF8(id[:most], "") + "…"
	}
	return id
}

// execute runs one operation and sends its responses.
func (c *connection) execute(ctx context.Context, id string, params *graphql.RawParams) {
	defer func() {
		if value := recover(); value != nil {
			c.handler.crashed(ctx, value)
			c.close(websocket.StatusInternalError, "Internal server error")
		}
	}()
	oc, errs := c.handler.operation(ctx, params)
	if errs != nil {
		resp := c.handler.exec.DispatchError(graphql.WithOperationContext(ctx, oc), errs)
		if c.forget(id) {
			_ = c.writeErrors(id, resp.Errors) // a lost connection ends the reading, too
		}
		return
	}
	ctx, release := c.handler.bounded(ctx, oc)
	defer release()
	for resp := range c.handler.responses(ctx, oc) {
		if c.writeNext(id, resp) != nil {
			c.forget(id) // ends the goroutine of the responses
		}
	}
	if c.forget(id) {
		_ = c.write(&message{ID: id, Type: "complete"}) // as above
	}
}

// forget cancels an operation and frees its id. It is false when the client
// has completed it.
func (c *connection) forget(id string) bool {
	c.mu.Lock()
	cancel, ok := c.operations[id]
	delete(c.operations, id)
	c.mu.Unlock()
	if ok {
		cancel()
	}
	return ok
}

func (c *connection) writeNext(id string, resp *graphql.Response) error {
	return c.write(&message{ID: id, Type: "next", Payload: appendResponse(nil, resp)})
}

func (c *connection) writeErrors(id string, errs gqlerror.List) error {
	return c.write(&message{ID: id, Type: "error", Payload: appendJSON(nil, errs)})
}

// write sends a message. A reader that does not take it in time is cut off.
func (c *connection) write(m *message) error {
	ctx, cancel := context.WithTimeout(c.ctx, c.handler.config.WriteTimeout)
	defer cancel()
	return c.ws.Write(ctx, websocket.MessageText, appendJSON(nil, m))
}

// keepAlive finds out when the other side is gone without a word.
func (c *connection) keepAlive() {
	beat := time.NewTicker(c.handler.config.KeepAlive)
	defer beat.Stop()
	for {
		select {
		case <-c.ctx.Done():
			return
		case <-beat.C:
		}
		ctx, cancel := context.WithTimeout(c.ctx, c.handler.config.WriteTimeout)
		err := c.ws.Ping(ctx)
		cancel()
		if err != nil {
			c.cancel()
			return
		}
	}
}

// close closes the connection and returns false.
func (c *connection) close(code websocket.StatusCode, reason string) bool {
	_ = c.ws.Close(code, reason) // it may be gone already
	return false
}

// end ends everything that the connection started.
func (c *connection) end() {
	c.cancel()
	_ = c.ws.CloseNow() // it may be closed already
	c.work.Wait()
}
