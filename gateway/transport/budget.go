package transport

import "sync/atomic"

// Budget bounds the memory of requests and messages that are being read and
// decoded, of all handlers that share it. What does not fit is refused; nothing
// waits. It is safe for concurrent use.
type Budget struct{ free atomic.Int64 }

// NewBudget returns a budget of so many bytes.
func NewBudget(size int64) *Budget {
	b := &Budget{}
	b.free.Store(size)
	return b
}

// acquire takes bytes from the budget. It reports whether there were enough; if
// not, it takes none.
func (b *Budget) acquire(n int64) bool {
	if b.free.Add(-n) >= 0 {
		return true
	}
	b.free.Add(n)
	return false
}

// release gives bytes back.
func (b *Budget) release(n int64) { b.free.Add(n) }
