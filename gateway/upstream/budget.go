package upstream

import "sync/atomic"

// budget bounds additional attempts to a share of the calls of a service. It is safe
// for concurrent use.
type budget struct {
	share  float64      // that one call adds
	saved  int64        // the most attempts that calls which were made earlier leave
	tokens atomic.Int64 // thousandths of attempts
}

const wholeToken = 1000

// newBudget returns a budget that has some attempts from the beginning.
func newBudget(share float64, first, saved int64) *budget {
	b := &budget{share: share, saved: saved}
	b.tokens.Store(first * wholeToken)
	return b
}

// earn adds what one call adds.
func (b *budget) earn() {
	if have := b.tokens.Load(); have < b.saved*wholeToken {
		b.tokens.CompareAndSwap(have, have+int64(b.share*wholeToken)) // one that is lost now and then errs on the safe side
	}
}

// spend takes one attempt, and reports whether there was one.
func (b *budget) spend() bool {
	if b.tokens.Add(-wholeToken) >= 0 {
		return true
	}
	b.tokens.Add(wholeToken)
	return false
}
