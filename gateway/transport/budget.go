package transport

import "sync/atomic"

// Budget bounds the memory of large requests and messages, of all handlers that
// share it: of requests until they are answered, of subscriptions and WebSocket
// messages while they are read and decoded. What does not fit is refused;
// nothing waits. It is safe for concurrent use.
type Budget struct {
	size int64
	free atomic.Int64
}

// NewBudget returns a budget of so many bytes.
func NewBudget(size int64) *Budget {
	b := &Budget{size: size}
	b.free.Store(size)
	return b
}

// Used returns how many bytes requests have of the budget, and its size.
func (b *Budget) Used() (used, size int64) { return b.size - b.free.Load(), b.size }

// acquire takes bytes from the budget. It reports whether there were enough; if
// not, it takes none.
func (b *Budget) acquire(n int64) bool {
	if b.free.Add(-n) >= 0 {
		return true
	}
	b.free.Add(n)
	return false
}

// release returns bytes to the budget.
func (b *Budget) release(n int64) { b.free.Add(n) }

// reservation is what one request has of a budget. The zero value has nothing.
type reservation struct {
	budget *Budget
	bytes  int64
}

// release returns the reservation to the budget, once.
func (r *reservation) release() {
	if r.bytes > 0 {
		r.budget.release(r.bytes)
		r.bytes = 0
	}
}
