package transport

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
)

// socket is one WebSocket connection.
//
// Its goroutines: the handler's reads messages and acts on them; one watches
// over time and shutdown; each operation has its own. serve owns them.
type socket struct {
	handler *Handler
	conn    *websocket.Conn
	request *http.Request         // of the handshake
	allowed atomic.Pointer[setup] // the latest that is known to allow its origin

	caller       atomic.Pointer[caller] // changed by connection_init
	heard        atomic.Bool            // something since the last ping
	sessions     chan context.Context   // that of connection_init: sent at most once
	overrun      chan struct{}          // has something when too many messages are waiting
	refused      chan struct{}          // has something when the caller is none any more
	acknowledged atomic.Bool
	inited       bool // used by the reader only

	operations operations
}

// newSocket returns a socket without a connection yet. It must leave at the end.
func newSocket(h *Handler, r *http.Request, caller *caller) *socket {
	s := &socket{handler: h, request: r, sessions: make(chan context.Context, 1), overrun: make(chan struct{}, 1), refused: make(chan struct{}, 1)}
	s.caller.Store(caller)
	return s
}

// leave ends the count of the socket as one of its caller.
func (s *socket) leave() { s.handler.callers.leave(s.caller.Load()) }

// become makes the socket one of a session's caller. It is false if that has too
// many.
func (s *socket) become(session context.Context) bool {
	name := s.handler.config().Caller
	if name == nil || name(session) == s.caller.Load().id {
		return true
	}
	next := s.handler.callerOf(session)
	if next == nil {
		return false
	}
	s.handler.callers.leave(s.caller.Swap(next))
	return true
}

// serve runs the connection to its end.
func (s *socket) serve(parent context.Context) {
	ctx, cancel := context.WithCancel(parent)
	var watch sync.WaitGroup
	defer watch.Wait()
	defer s.operations.wait()
	defer s.conn.CloseNow() //nolint:errcheck // it may be closed already
	defer cancel()
	defer func() {
		if value := recover(); value != nil {
			s.handler.panicked(ctx, value)
			s.close(cancel, internalFailure())
		}
	}()
	if s.conn.Subprotocol() != subprotocol {
		s.close(cancel, wrongProtocol())
		return
	}
	watch.Go(func() { s.watch(ctx, parent, cancel) })
	if why := s.read(ctx); why != nil {
		s.close(cancel, why)
	}
}

// close ends the operations, then the connection, for which it waits some
// seconds until the client agrees. Of several calls only the first counts.
func (s *socket) close(cancel context.CancelFunc, why *closing) {
	cancel()
	_ = s.conn.Close(why.code, why.reason) // it was closed, or the client did not agree in time
}

// watch closes a connection that does not begin in time, whose client is gone,
// or when the gateway stops. It returns when ctx is done.
func (s *socket) watch(ctx, parent context.Context, cancel context.CancelFunc) {
	config := s.handler.config()
	begin := time.NewTimer(config.InitTimeout)
	defer begin.Stop()
	ping := time.NewTicker(config.KeepAlive)
	defer ping.Stop()
	expired := time.NewTimer(0)
	defer expired.Stop()
	expired.Stop()
	var session context.Context // nil before connection_init
	for s.heard.Store(true); ; {
		select {
		case <-ctx.Done():
			if parent.Err() != nil {
				s.close(cancel, goingAway())
			}
			return
		case <-s.handler.streams.running.Done():
			s.close(cancel, goingAway())
			return
		case <-begin.C:
			if !s.acknowledged.Load() {
				s.close(cancel, initTimedOut())
				return
			}
		case <-s.overrun:
			s.close(cancel, tooSlow())
			return
		case <-s.refused:
			s.close(cancel, unauthorized())
			return
		case session = <-s.sessions:
			if until := config.Until(session); !until.IsZero() { //nolint:contextcheck // the connection's, since connection_init
				expired.Reset(time.Until(until))
			}
		case <-expired.C:
			s.close(cancel, unauthorized())
			return
		case <-ping.C:
			if session != nil {
				s.accepted(session) //nolint:contextcheck // the connection's, since connection_init
			}
			if !s.heard.Swap(false) {
				cancel()
				_ = s.conn.CloseNow() // nobody is there to agree
				return
			}
			s.control(ctx, typePing, nil)
		}
	}
}

// read acts on messages until the client leaves, which is nil, or has to be
// closed for what it sent.
func (s *socket) read(ctx context.Context) *closing {
	for {
		kind, data, err := s.conn.Reader(unending(ctx))
		if err != nil {
			return nil // closed by one of both sides, or cut
		}
		m, why := s.receive(data)
		if why != nil || m == nil {
			return why
		}
		s.heard.Store(true)
		if kind != websocket.MessageText {
			return invalidMessage()
		}
		if ctx, why = s.act(ctx, m); why != nil {
			return why
		}
	}
}

// receive reads a message. It is nil, nil if the connection ends within it.
func (s *socket) receive(data io.Reader) (*message, *closing) {
	config := s.handler.config()
	body := s.handler.bodies.get(config.Budget, config.bound(messageEnvelope))
	defer s.handler.bodies.put(body)
	err := body.read(data, -1, config.MaxBodyBytes) // the library knows that of the handshake only
	switch {
	case err == nil:
	case errors.Is(err, errBusy):
		return nil, notYet()
	case errors.Is(err, errTooLarge):
		return nil, tooLarge()
	case config.beyond(err) != nil:
		return nil, tooManyValues()
	default:
		return nil, nil
	}
	m, ok := parseMessage(body.text)
	if !ok {
		return nil, invalidMessage()
	}
	return m, nil
}

// act returns the context of what comes next, which connection_init changes.
func (s *socket) act(ctx context.Context, m *message) (context.Context, *closing) {
	switch m.kind {
	case typeInit:
		return s.init(ctx, m)
	case typePing:
		s.control(ctx, typePong, m.payload)
	case typeComplete:
		s.operations.complete(m.id)
	case typeSubscribe:
		if !s.acknowledged.Load() {
			return ctx, unauthorized()
		}
		return ctx, s.subscribe(ctx, m)
	}
	return ctx, nil
}

func (s *socket) init(ctx context.Context, m *message) (context.Context, *closing) {
	if s.inited {
		return ctx, tooManyInits()
	}
	s.inited = true
	session, err := s.handler.config().Init(ctx, m.init)
	if err != nil && ctx.Err() != nil {
		return ctx, nil // the connection is being closed, for another reason than this
	}
	if err != nil {
		s.handler.config().Log.InfoContext(ctx, "WebSocket refused", "cause", err)
		return ctx, refusedInit(err)
	}
	if !s.become(session) {
		return ctx, tooManySockets()
	}
	s.sessions <- session
	s.acknowledged.Store(true)
	s.control(ctx, typeAck, nil)
	return session, nil
}

// accepted reports whether the caller of a context is still one, and pages of its origin may have a
// WebSocket. If not, it makes the connection end.
func (s *socket) accepted(ctx context.Context) bool {
	now := s.handler.current.Load()
	if s.allowed.Load() == now || allowedOrigin(s.request, now.config.Origins) {
		s.allowed.Store(now)
		if now.config.Accepts(ctx) {
			return true
		}
	}
	select {
	case s.refused <- struct{}{}:
	default: // it is about to end
	}
	return false
}

// control sends a message that concerns no operation.
func (s *socket) control(ctx context.Context, kind string, payload json.RawMessage) {
	s.queue(len(payload)+envelope, func() {
		s.write(ctx, func(b *bytes.Buffer) { appendControl(b, kind, payload) })
	})
}

// envelope is about how many bytes a message has besides its payload.
const envelope = 64

// queue calls write for a message of about n bytes, unless too many bytes are waiting to be written: then
// it makes the connection end. The message is made by write, when its turn has come: one that waits takes
// no memory.
func (s *socket) queue(n int, write func()) {
	caller := s.caller.Load()
	if !caller.queue(n, s.handler.config().MaxQueuedBytes) {
		select {
		case s.overrun <- struct{}{}:
		default: // it is about to end
		}
		return
	}
	defer caller.written(n)
	write()
}

// write sends the message that is made by a function. If the client takes nothing of it for some time the
// connection fails, which ends read, so there is no error to handle.
func (s *socket) write(ctx context.Context, appendTo func(b *bytes.Buffer)) {
	buffer := s.handler.writer.Get()
	defer s.handler.writer.Put(buffer)
	appendTo(buffer)
	_ = s.conn.Write(unending(ctx), websocket.MessageText, buffer.Bytes())
}

// unending is ctx without its end: the library cuts the connection when the
// context of a read or write ends, and the client would not learn why.
func unending(ctx context.Context) context.Context { return context.WithoutCancel(ctx) }
