package transport

import (
	"container/list"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// TLS is the configuration of TLS of a [Listener], which can be replaced while it
// accepts. It is safe for concurrent use.
type TLS struct{ current atomic.Pointer[tls.Config] }

// NewTLS returns the configuration of TLS for new connections. See [TLS.Set].
func NewTLS(config *tls.Config) *TLS {
	t := new(TLS)
	t.Set(config)
	return t
}

// Set replaces the configuration for connections that are accepted from now on. It must
// not be changed any more. A client can't resume a session of another configuration.
func (t *TLS) Set(config *tls.Config) { t.current.Store(config) }

// mostHandshakes is how many handshakes may be under way. One too many ends the one that
// takes longest: a client that does its part is done after two round trips.
const mostHandshakes = 1024

// handshakes are the connections of a listener that are not ready to be served.
type handshakes struct {
	begin sync.Once
	ready chan handshaken
	done  chan struct{} // closed when the listener is

	mu      sync.Mutex
	pending list.List // of *paced, the oldest first
	closed  bool
}

// handshaken is what Accept returns.
type handshaken struct {
	conn net.Conn
	err  error
}

func newHandshakes() *handshakes {
	return &handshakes{ready: make(chan handshaken), done: make(chan struct{})}
}

// acceptTLS returns the next connection whose handshake is complete. The first call
// begins to accept.
func (l *Listener) acceptTLS() (net.Conn, error) {
	h := l.handshakes
	h.begin.Do(func() { go l.handshakeAll() })
	select {
	case next := <-h.ready:
		return next.conn, next.err
	case <-h.done:
		return nil, net.ErrClosed
	}
}

// handshakeAll accepts connections until the listener is closed. After an error it waits
// until Accept has returned that, since an [http.Server] waits then, or gives up.
func (l *Listener) handshakeAll() {
	for {
		raw, err := l.acceptOne()
		if err != nil {
			if !l.handshakes.deliver(nil, err) || errors.Is(err, net.ErrClosed) {
				return
			}
			continue
		}
		go l.handshake(&paced{Conn: raw, listener: l})
	}
}

// deliver makes Accept return. It is false if the listener was closed.
func (h *handshakes) deliver(conn net.Conn, err error) bool {
	select {
	case h.ready <- handshaken{conn, err}:
		return true
	case <-h.done:
		return false
	}
}

// handshake makes a connection ready, or closes it.
func (l *Listener) handshake(raw *paced) {
	conn := tls.Server(raw, l.config.TLS.current.Load())
	if err := l.handshakes.run(raw, conn); err != nil {
		refuseHandshake(err)
		_ = raw.Close()                                                // it may be closed
		if !errors.Is(err, io.EOF) && !errors.Is(err, net.ErrClosed) { // checks of load balancers connect and leave
			l.config.Log.Info("a TLS handshake failed", "cause", err)
		}
		return
	}
	var ready net.Conn = conn // which an http.Server must see for HTTP/2
	if conn.ConnectionState().NegotiatedProtocol != "h2" {
		ready = &secure{Conn: conn, below: raw}
	}
	if !l.handshakes.deliver(ready, nil) {
		_ = raw.Close() // the listener is closed
	}
}

// run does a handshake, which is one of those that are pending until it ends.
func (h *handshakes) run(raw *paced, conn *tls.Conn) error {
	at := h.add(raw)
	if at == nil {
		return net.ErrClosed
	}
	defer h.remove(at)
	if err := raw.SetReadDeadline(time.Now().Add(raw.listener.config.HandshakeTimeout)); err != nil {
		return err
	}
	if err := conn.Handshake(); err != nil { //nolint:noctx // closing the connection ends it
		return err
	}
	return raw.SetReadDeadline(time.Time{})
}

// add adds a handshake, and closes the oldest one if there are too many. It is nil when the
// listener is closed.
func (h *handshakes) add(raw *paced) *list.Element {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return nil
	}
	if h.pending.Len() >= mostHandshakes {
		oldest := h.pending.Front()
		_ = h.pending.Remove(oldest).(*paced).Close()
	}
	return h.pending.PushBack(raw)
}

// remove removes a handshake that has ended, unless add has done so.
func (h *handshakes) remove(at *list.Element) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.pending.Remove(at)
}

// close ends all handshakes. It may be called several times.
func (h *handshakes) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return
	}
	h.closed = true
	close(h.done)
	for at := h.pending.Front(); at != nil; at = at.Next() {
		_ = at.Value.(*paced).Close()
	}
}

// refuseHandshake answers a client that speaks HTTP in plain text, as net/http does.
func refuseHandshake(err error) {
	record, ok := errors.AsType[tls.RecordHeaderError](err)
	if !ok || record.Conn == nil {
		return
	}
	switch string(record.RecordHeader[:]) {
	case "GET /", "HEAD ", "POST ", "PUT /", "OPTIO":
		const text = "This port is for HTTPS: the client sent a request in plain text.\n"
		_, _ = io.WriteString(record.Conn, "HTTP/1.0 400 Bad Request\r\nContent-Type: text/plain\r\n\r\n"+text) // the client may have left
	}
}
