package transport

import (
	"sync"
	"sync/atomic"
)

// callers are those that have WebSockets. The zero value has none.
type callers struct {
	mu    sync.Mutex
	known map[string]*caller // who has at least one socket
}

// caller is one of them. What it has is bounded over all its sockets.
type caller struct {
	id         string
	sockets    int // guarded by callers.mu
	operations atomic.Int64
	queued     atomic.Int64 // bytes of messages that are waiting to be written
}

// enter counts one more socket of a caller, until leave is called. It is nil
// when the caller has too many.
func (c *callers) enter(id string, most int) *caller {
	c.mu.Lock()
	defer c.mu.Unlock()
	one := c.known[id]
	if one == nil {
		one = &caller{id: id}
	}
	if one.sockets >= most {
		return nil
	}
	one.sockets++
	if c.known == nil {
		c.known = map[string]*caller{}
	}
	c.known[id] = one
	return one
}

// leave is called when a socket has ended.
func (c *callers) leave(one *caller) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if one.sockets--; one.sockets == 0 {
		delete(c.known, one.id)
	}
}

// begin counts one more operation, until its end. It is false when the caller
// has too many.
func (c *caller) begin(most int) bool {
	if c.operations.Add(1) <= int64(most) {
		return true
	}
	c.operations.Add(-1)
	return false
}

// end is called when an operation has ended.
func (c *caller) end() { c.operations.Add(-1) }

// queue counts the bytes of a message, until it is written. It is false when too
// many are waiting; one message alone may have any size.
func (c *caller) queue(n int, most int64) bool {
	if waiting := c.queued.Add(int64(n)); waiting <= most || waiting == int64(n) {
		return true
	}
	c.written(n)
	return false
}

// written is called when a message is, or can't be.
func (c *caller) written(n int) { c.queued.Add(-int64(n)) }
