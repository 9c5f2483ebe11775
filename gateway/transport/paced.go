package transport

import (
	"errors"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// paced is the lower layer of a connection of a [Listener]. Its writes time out only when
// the client takes nothing, and its reads have a deadline that is cheap to set. One
// goroutine reads at a time, and one writes.
type paced struct {
	net.Conn

	listener *Listener
	deadline atomic.Int64 // of writes, in Unix nanoseconds; 0 for none
	closed   atomic.Bool
	reads    readDeadline

	gathering gathering
}

// readDeadline is the deadline of reads. An [http.Server] sets it seven times for a
// request, and setting it costs more than most of what else it does. So it is set
// when there is something to wait for, and what passes too early is set again.
type readDeadline struct {
	mu      sync.Mutex
	wanted  time.Time // zero for none
	set     time.Time // that of the connection below
	reading bool
	removed bool    // it was set to none since the last read
	waits   *waiter // of a read that has not begun; else nil
}

// waiter is what a read waits with before it begins.
type waiter struct {
	timer   *time.Timer
	expired chan struct{} // gets a value when the deadline is one that has passed
}

// patience is how long a read of one byte without a deadline waits before it begins. An [http.Server] makes one over
// HTTP/1 while a handler answers, to learn when the client leaves, and ends it with the answer by a deadline in the past. Most answers take
// less, and waiting costs less than a read that is begun and interrupted: a system call, and two changes of the
// deadline.
const patience = 5 * time.Millisecond

// Read is part of [net.Conn].
func (c *paced) Read(p []byte) (int, error) {
	d := &c.reads
	if !c.wait(len(p)) {
		return 0, os.ErrDeadlineExceeded
	}
	d.mu.Lock()
	d.reading = true
	err := c.arm(false)
	d.mu.Unlock()
	for err == nil {
		var n int
		n, err = c.Conn.Read(p)
		d.mu.Lock()
		if n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) || d.hasPassed() {
			d.reading = false
			d.mu.Unlock()
			return n, err
		}
		err = c.arm(true)
		d.mu.Unlock()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.reading = false
	return 0, err
}

// wait waits before a read of a size begins, if it is one that is most often interrupted: no other follows the removal of
// the deadline with one byte. It is false if the deadline has passed.
func (c *paced) wait(size int) bool {
	d := &c.reads
	d.mu.Lock()
	removed, passed := d.removed, size == 1 && d.hasPassed()
	if d.removed = false; size != 1 || !removed || passed {
		d.mu.Unlock()
		return !passed
	}
	w, _ := c.listener.waiters.Get().(*waiter)
	if w == nil {
		w = &waiter{time.NewTimer(patience), make(chan struct{}, 1)}
	} else {
		w.timer.Reset(patience)
	}
	d.waits = w
	d.mu.Unlock()
	select {
	case <-w.expired:
		w.timer.Stop()
	case <-w.timer.C:
	}
	d.mu.Lock()
	d.waits = nil
	passed = d.hasPassed()
	d.mu.Unlock()
	select {
	case <-w.expired: // between the two
	default:
	}
	c.listener.waiters.Put(w)
	return !passed
}

// hasPassed reports whether the deadline that is wanted has passed.
func (d *readDeadline) hasPassed() bool { return !d.wanted.IsZero() && !d.wanted.After(time.Now()) }

// arm sets the deadline of the connection below if the one that is set has passed, or passes
// too late. One that passes too early is only found to have passed by a read.
func (c *paced) arm(passed bool) error {
	d := &c.reads
	late := !d.wanted.IsZero() && (d.set.IsZero() || d.set.After(d.wanted))
	if !late && !passed {
		return nil
	}
	d.set = d.wanted
	return c.Conn.SetReadDeadline(d.wanted)
}

// SetReadDeadline is part of [net.Conn].
func (c *paced) SetReadDeadline(t time.Time) error {
	d := &c.reads
	d.mu.Lock()
	defer d.mu.Unlock()
	d.wanted, d.removed = t, t.IsZero()
	switch {
	case d.reading:
		return c.arm(false)
	case d.waits != nil && d.hasPassed():
		select {
		case d.waits.expired <- struct{}{}:
		default: // it has been told
		}
	}
	return nil
}

// Write is part of [net.Conn]. When nothing can be written for the timeout, it
// closes the connection.
//
// Deadlines are kept over several writes, since setting one costs more than
// reading the clock: what is left of one is at least half of the timeout, and if
// it passes too early the write goes on.
func (c *paced) Write(p []byte) (int, error) {
	if n, waits, err := c.add(p); waits {
		return n, err
	}
	return c.write(p, nil)
}

// write writes a and b, together if the connection below can. It returns how many bytes were
// written.
func (c *paced) write(a, b []byte) (int, error) {
	progress := time.Now()
	if time.Duration(c.deadline.Load()-progress.UnixNano()) < c.listener.config.WriteTimeout/2 {
		if err := c.SetWriteDeadline(progress.Add(c.listener.config.WriteTimeout)); err != nil {
			return 0, err
		}
	}
	for written := 0; ; {
		n, err := writeBoth(c.Conn, a, b)
		written += n
		ofA := min(n, len(a))
		a, b = a[ofA:], b[n-ofA:]
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return written, err
		}
		now := time.Now()
		if n > 0 {
			progress = now
		}
		if now.Sub(progress) >= c.listener.config.WriteTimeout {
			_ = c.Close() // so that who reads learns of it
			return written, err
		}
		if err := c.SetWriteDeadline(progress.Add(c.listener.config.WriteTimeout)); err != nil {
			return written, err
		}
	}
}

func writeBoth(to net.Conn, a, b []byte) (int, error) {
	switch {
	case len(b) == 0:
		return to.Write(a)
	case len(a) == 0:
		return to.Write(b)
	}
	n, err := (&net.Buffers{a, b}).WriteTo(to)
	return int(n), err
}

// SetDeadline is part of [net.Conn].
func (c *paced) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

// SetWriteDeadline is part of [net.Conn]. Write moves the deadline. An [http.Server]
// sets none after each request: then that of the last write stands, which the next
// one moves if it must.
func (c *paced) SetWriteDeadline(t time.Time) error {
	if t.IsZero() {
		return nil
	}
	c.deadline.Store(t.UnixNano())
	return c.Conn.SetWriteDeadline(t)
}

// Close is part of [net.Conn].
func (c *paced) Close() error {
	if !c.closed.Swap(true) {
		c.listener.closed(c.Conn)
	}
	return c.Conn.Close()
}

// CloseWrite lets net/http end its side of the connection before the other.
func (c *paced) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}
