package upstream

import (
	"math/bits"
	"sync"
	"time"
)

// How latencies are counted: in buckets of which eight double the time, from 64 µs
// on, so that a quantile is at most an eighth too large.
const (
	latencyUnit    = 64 * time.Microsecond
	latencyBuckets = 8 * 22 // up to 4 minutes
	latencyLearn   = 100    // calls before there is a quantile
	latencyHalve   = 1000   // calls after which old ones count half
	latencyRenew   = 20     // calls after which the quantile is found again
)

// latencies estimates a quantile of the latencies of a route's recent calls. The zero
// value has none. It is safe for concurrent use.
type latencies struct {
	mu      sync.Mutex
	counts  [latencyBuckets]uint16
	total   int
	since   int           // calls since the quantile was found
	current time.Duration // 0 before there are enough calls
}

// note counts a call.
func (l *latencies) note(took time.Duration, quantile float64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.counts[bucketOf(took)]++
	l.since++
	if l.total++; l.total >= latencyHalve {
		l.halve()
	}
	if l.total >= latencyLearn && (l.since >= latencyRenew || l.current == 0) {
		l.current, l.since = l.find(quantile), 0
	}
}

// quantile returns the estimate; 0 before there is one.
func (l *latencies) quantile() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.current
}

func (l *latencies) halve() {
	l.total = 0
	for i := range l.counts {
		l.counts[i] /= 2
		l.total += int(l.counts[i])
	}
}

func (l *latencies) find(quantile float64) time.Duration {
	below := 0
	for i, n := range l.counts {
		if below += int(n); float64(below) >= quantile*float64(l.total) {
			return endOfBucket(i)
		}
	}
	return endOfBucket(latencyBuckets - 1)
}

// bucketOf returns the bucket of a latency: three bits after the first one of it, and
// the position of that.
func bucketOf(took time.Duration) int {
	n := uint64(max(took, 0)/(latencyUnit/8)) + 8
	shift := bits.Len64(n) - 4
	return min(shift*8+int(n>>shift)-8, latencyBuckets-1)
}

// endOfBucket returns the latency at which the next bucket begins.
func endOfBucket(i int) time.Duration {
	shift, of := (i+1)/8, (i+1)%8
	return time.Duration((8+of)<<shift-8) * (latencyUnit / 8)
}
