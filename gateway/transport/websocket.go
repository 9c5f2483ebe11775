package transport

import (
	"context"
	"net/http"
	"strings"

	"github.com/coder/websocket"

	"github.com/portico-gateway/portico/gateway/problem"
)

// subprotocol is the only one that is spoken.
const subprotocol = "graphql-transport-ws"

// isUpgrade reports whether a request asks for a WebSocket. What asks for another
// protocol is answered in HTTP, as if it did not.
func isUpgrade(r *http.Request) bool {
	if r.Method != http.MethodGet {
		return false
	}
	for _, value := range r.Header["Upgrade"] {
		for token := range strings.SplitSeq(value, ",") {
			if strings.EqualFold(strings.TrimSpace(token), "websocket") {
				return true
			}
		}
	}
	return false
}

// serveWebSocket returns when the connection has ended, and all of it.
func (h *Handler) serveWebSocket(w http.ResponseWriter, r *http.Request) {
	if !allowedOrigin(r, h.config().Origins) {
		h.refuse(w, r, &refusal{status: http.StatusForbidden, problem: problem.New(problem.CSRFBlocked, "Pages of this origin may not open a WebSocket here.")})
		return
	}
	end, ok := h.streams.begin()
	if !ok {
		h.refuse(w, r, stopping())
		return
	}
	defer end()
	caller := h.callerOf(r.Context())
	if caller == nil {
		h.refuse(w, r, &refusal{status: http.StatusTooManyRequests,
			problem: problem.New(problem.Throttled, "You have %d WebSockets: close one first.", h.config().MaxSockets)})
		return
	}
	socket := newSocket(h, r, caller)
	defer socket.leave()
	hand := &handshake{ResponseWriter: w}
	conn, err := websocket.Accept(hand, r, &websocket.AcceptOptions{
		Subprotocols:       []string{subprotocol},
		InsecureSkipVerify: true, // the origin is checked above
	})
	if err != nil {
		h.refuse(w, r, refusef(hand.status, "This is not the handshake of a WebSocket (RFC 6455)."))
		return
	}
	conn.SetReadLimit(-1) // see receive
	socket.conn = conn
	socket.serve(r.Context())
}

// callerOf counts a socket of a context's caller. It is nil if that has too many.
func (h *Handler) callerOf(ctx context.Context) *caller {
	if h.config().Caller == nil {
		return new(callers).enter("", h.config().MaxSockets)
	}
	return h.callers.enter(h.config().Caller(ctx), h.config().MaxSockets)
}

// handshake keeps the text that the library writes for a wrong handshake from
// the client: it has a part of the request, and is no GraphQL.
type handshake struct {
	http.ResponseWriter
	status int
}

// WriteHeader is part of [http.ResponseWriter].
func (h *handshake) WriteHeader(status int) {
	h.status = status
	if status == http.StatusSwitchingProtocols {
		h.ResponseWriter.WriteHeader(status)
	}
}

// Write is part of [http.ResponseWriter].
func (h *handshake) Write(text []byte) (int, error) { return len(text), nil }

// Unwrap lets the library find the [http.Hijacker].
func (h *handshake) Unwrap() http.ResponseWriter { return h.ResponseWriter }

// closing is why the gateway ends a connection. Nil is none.
type closing struct {
	code   websocket.StatusCode
	reason string // at most 123 bytes, nothing of what the client sent
}

// The reasons of graphql-transport-ws, in its words, and those of RFC 6455.
func invalidMessage() *closing { return &closing{4400, "Invalid message received"} }
func tooManyValues() *closing  { return &closing{4400, "Message has too many values"} }
func unauthorized() *closing   { return &closing{4401, "Unauthorized"} }
func forbidden() *closing      { return &closing{4403, "Forbidden"} }
func tooLarge() *closing       { return &closing{websocket.StatusMessageTooBig, "Message is too large"} }
func wrongProtocol() *closing  { return &closing{4406, "Subprotocol not acceptable"} }
func initTimedOut() *closing   { return &closing{4408, "Connection initialisation timeout"} }
func duplicateID() *closing    { return &closing{4409, "Subscriber for this id already exists"} }
func tooManyInits() *closing   { return &closing{4429, "Too many initialisation requests"} }
func notYet() *closing         { return &closing{websocket.StatusTryAgainLater, "Try again later"} }
func tooManySockets() *closing {
	return &closing{websocket.StatusPolicyViolation, "Too many connections"}
}
func tooSlow() *closing {
	return &closing{websocket.StatusPolicyViolation, "Too many messages are waiting"}
}
func goingAway() *closing       { return &closing{websocket.StatusGoingAway, "The gateway is stopping"} }
func internalFailure() *closing { return &closing{websocket.StatusInternalError, "Internal error"} }

// refusedInit is how a connection ends that Init did not accept.
func refusedInit(err error) *closing {
	switch problem.CodeOf(err) {
	case problem.Unauthenticated:
		return unauthorized()
	case problem.Unavailable:
		return notYet()
	}
	return forbidden()
}
