package transport

import (
	"errors"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// Listener makes connections that an [http.Server] can serve to anybody:
//   - A connection is closed when the client takes nothing of a write for a
//     time. A slow client that goes on reading is given all the time that it
//     needs, also for one large write. It holds for answers, event streams and
//     WebSockets.
//   - A request with both Content-Length and Transfer-Encoding is answered 400,
//     and the connection is closed.
//
// The server must have [ConnState] as its hook. It must speak HTTP/1 without
// TLS, and have no WriteTimeout.
type Listener struct {
	net.Listener

	timeout  time.Duration
	draining *draining
}

// NewListener returns a listener whose connections are closed after a time in
// which nothing can be written; 10 s if that is 0.
func NewListener(l net.Listener, writeTimeout time.Duration) *Listener {
	setDefault(&writeTimeout, 10*time.Second)
	return &Listener{Listener: l, timeout: writeTimeout, draining: newDraining()}
}

// Accept is part of [net.Listener].
func (l *Listener) Accept() (net.Conn, error) {
	accepted, err := l.accept()
	if err != nil {
		return nil, err
	}
	return &conn{Conn: accepted, timeout: l.timeout}, nil
}

// ConnState tells a connection of a [Listener] that it does not speak HTTP any more.
// It is for [http.Server.ConnState].
func ConnState(c net.Conn, state http.ConnState) {
	if c, ok := c.(*conn); ok && state == http.StateHijacked {
		c.framing.state = opaque
	}
}

// conn is a connection of a Listener. One goroutine reads at a time, and one
// writes.
type conn struct {
	net.Conn

	framing  framing // used by the reader only
	timeout  time.Duration
	deadline atomic.Int64 // of writes, in Unix nanoseconds; 0 for none
	reads    readDeadline
}

// readDeadline is the deadline of reads. An [http.Server] sets it seven times for a
// request, and setting it costs more than most of what else it does. So it is set
// when there is something to wait for, and what passes too early is set again.
type readDeadline struct {
	mu      sync.Mutex
	wanted  time.Time // zero for none
	set     time.Time // that of the connection below
	reading bool
}

// Read is part of [net.Conn].
func (c *conn) Read(p []byte) (int, error) {
	d := &c.reads
	d.mu.Lock()
	d.reading = true
	err := c.arm()
	d.mu.Unlock()
	for err == nil {
		var n int
		n, err = c.Conn.Read(p)
		d.mu.Lock()
		if n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) || d.hasPassed() {
			d.reading = false
			d.mu.Unlock()
			if n > 0 {
				c.framing.check(p[:n])
			}
			return n, err
		}
		err = c.arm()
		d.mu.Unlock()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.reading = false
	return 0, err
}

// hasPassed reports whether the deadline that is wanted has passed.
func (d *readDeadline) hasPassed() bool { return !d.wanted.IsZero() && !d.wanted.After(time.Now()) }

// arm sets the deadline of the connection below, unless the one that is set passes
// in time, and not before now.
func (c *conn) arm() error {
	d := &c.reads
	late := !d.wanted.IsZero() && (d.set.IsZero() || d.set.After(d.wanted))
	if !late && (d.set.IsZero() || d.set.After(time.Now())) {
		return nil
	}
	d.set = d.wanted
	return c.Conn.SetReadDeadline(d.wanted)
}

// SetReadDeadline is part of [net.Conn].
func (c *conn) SetReadDeadline(t time.Time) error {
	d := &c.reads
	d.mu.Lock()
	defer d.mu.Unlock()
	d.wanted = t
	if !d.reading {
		return nil
	}
	return c.arm()
}

// Write is part of [net.Conn]. When nothing can be written for the timeout, it
// closes the connection.
//
// Deadlines are kept over several writes, since setting one costs more than
// reading the clock: what is left of one is at least half of the timeout, and if
// it passes too early the write goes on.
func (c *conn) Write(p []byte) (int, error) {
	progress := time.Now()
	if time.Duration(c.deadline.Load()-progress.UnixNano()) < c.timeout/2 {
		if err := c.SetWriteDeadline(progress.Add(c.timeout)); err != nil {
			return 0, err
		}
	}
	for written := 0; ; {
		n, err := c.Conn.Write(p[written:])
		written += n
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return written, err
		}
		now := time.Now()
		if n > 0 {
			progress = now
		}
		if now.Sub(progress) >= c.timeout {
			_ = c.Close() // so that who reads learns of it
			return written, err
		}
		if err := c.SetWriteDeadline(progress.Add(c.timeout)); err != nil {
			return written, err
		}
	}
}

// SetDeadline is part of [net.Conn].
func (c *conn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

// SetWriteDeadline is part of [net.Conn]. Write moves the deadline. An [http.Server]
// sets none after each request: then that of the last write stands, which the next
// one moves if it must.
func (c *conn) SetWriteDeadline(t time.Time) error {
	if t.IsZero() {
		return nil
	}
	c.deadline.Store(t.UnixNano())
	return c.Conn.SetWriteDeadline(t)
}

// CloseWrite lets net/http end its side of the connection before the other.
func (c *conn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}
