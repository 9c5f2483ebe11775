package transport

import (
	"sync"
	"sync/atomic"

	"github.com/portico-gateway/portico/gateway/problem"
)

// callers are those that have WebSockets or event streams of subscriptions. The zero
// value has none.
type callers struct {
	mu    sync.Mutex
	known map[string]*caller // which have at least one
	// subscriptions are those of all callers.
	subscriptions atomic.Int64
}

// caller is one of them. What it has is bounded over all its connections.
type caller struct {
	id            string
	sockets       int // guarded by callers.mu
	streams       int // of subscriptions; guarded by callers.mu
	subscriptions atomic.Int64
	operations    atomic.Int64
	queued        atomic.Int64 // bytes of messages that are waiting to be written
}

// enter counts one more socket of a caller, until leave is called. It is nil
// when the caller has too many.
func (c *callers) enter(id string, most int) *caller {
	c.mu.Lock()
	defer c.mu.Unlock()
	one := c.of(id)
	if one.sockets >= most {
		c.forget(one)
		return nil
	}
	one.sockets++
	return one
}

// leave is called when a socket has ended.
func (c *callers) leave(one *caller) {
	c.mu.Lock()
	defer c.mu.Unlock()
	one.sockets--
	c.forget(one)
}

// enterStream counts one more event stream of a caller, until leaveStream is called.
func (c *callers) enterStream(id string) *caller {
	c.mu.Lock()
	defer c.mu.Unlock()
	one := c.of(id)
	one.streams++
	return one
}

// leaveStream is called when an event stream has ended.
func (c *callers) leaveStream(one *caller) {
	c.mu.Lock()
	defer c.mu.Unlock()
	one.streams--
	c.forget(one)
}

// of returns the caller with an id. The lock must be held, also for forget.
func (c *callers) of(id string) *caller {
	one := c.known[id]
	if one == nil {
		one = &caller{id: id}
		if c.known == nil {
			c.known = map[string]*caller{}
		}
		c.known[id] = one
	}
	return one
}

// forget removes a caller that has nothing.
func (c *callers) forget(one *caller) {
	if one.sockets == 0 && one.streams == 0 {
		delete(c.known, one.id)
	}
}

// subscribe counts one more subscription of a caller, until unsubscribe is called. It
// returns the problem if there are too many.
func (c *callers) subscribe(one *caller, config *Config) *problem.Error {
	if c.subscriptions.Add(1) > int64(config.MaxSubscriptions) {
		c.subscriptions.Add(-1)
		return problem.New(problem.Overloaded, "The gateway has too many subscriptions. Try again.")
	}
	if one.subscriptions.Add(1) > int64(config.MaxCallerSubscriptions) {
		c.unsubscribe(one)
		return problem.New(problem.Throttled, "You have %d subscriptions: end one first.", config.MaxCallerSubscriptions)
	}
	return nil
}

// unsubscribe is called when a subscription has ended.
func (c *callers) unsubscribe(one *caller) {
	one.subscriptions.Add(-1)
	c.subscriptions.Add(-1)
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
