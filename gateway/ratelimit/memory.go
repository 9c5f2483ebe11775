package ratelimit

import (
	"hash/maphash"
	"sync"
	"time"
)

// memory has the buckets of one gateway, in shards so that few callers wait for
// each other. If buckets are in Redis, it has the last known level of each, and
// grants a share of that while the link is down.
type memory struct {
	seed   maphash.Seed
	shards [64]shard
	most   int     // buckets of a shard
	share  float64 // of each bucket that this gateway may grant; 1 without Redis
	now    func() time.Time
	start  time.Time
}

type shard struct {
	mu      sync.Mutex
	buckets map[string]*level
}

// level is what a gateway knows of a bucket.
type level struct {
	// points is the level of the whole bucket by the last answer of Redis, with the
	// refill since then. Other gateways may have taken some. Without an answer, and
	// without Redis, it is the capacity. Negative points are a debt.
	points float64
	// used is how many points this gateway granted from its share that Redis does not
	// know of, less the refill since points reached the capacity. It is negative if
	// more were given back.
	used             float64
	capacity, refill float64
	at               time.Duration
	sent             time.Duration // when the charge was sent whose answer points are from
	id               int64         // of the bucket in Redis; 0 without an answer
}

// fill adds what came since then. A clock that goes back adds nothing.
func (b *level) fill(now time.Duration, share float64) {
	if now <= b.at {
		return
	}
	came := (now - b.at).Seconds() * b.refill
	b.at = now
	if over := came - (b.capacity - b.points); over > 0 && b.used > 0 {
		b.used = max(b.used-share*over, 0)
	}
	b.points = min(b.points+came, b.capacity)
	b.used = max(b.used, b.points-b.capacity)
}

// available returns the points that this gateway may grant. Its share is never
// less than what a charge of the full bucket asks for: an operation that is
// allowed must fit.
func (b *level) available(share, points float64) float64 {
	return min(max(share, min(points/b.capacity, 1))*b.points-b.used, b.capacity)
}

func newMemory(most int, share float64, now func() time.Time) *memory {
	m := &memory{seed: maphash.MakeSeed(), share: share, now: now, start: now()}
	m.most = max(most/len(m.shards), 1)
	for i := range m.shards {
		m.shards[i].buckets = map[string]*level{}
	}
	return m
}

func (m *memory) clock() time.Duration { return m.now().Sub(m.start) }

// takeAll takes the points of all charges, or none.
func (m *memory) takeAll(charges []Charge, states []State) bool {
	now := m.clock()
	for i := range charges {
		granted := false
		if states[i], granted = m.take(&charges[i], now); granted {
			continue
		}
		for j := range charges[:i] {
			states[j].Available = m.giveBack(&charges[j])
		}
		for j := i + 1; j < len(charges); j++ {
			free := charges[j]
			free.Points = 0
			states[j], _ = m.take(&free, now)
		}
		return false
	}
	return true
}

func (m *memory) take(c *Charge, now time.Duration) (State, bool) {
	s := m.shard(c.Key)
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.bucket(m, c, now)
	available := b.available(m.share, c.Points)
	granted := c.Points == 0 || available >= c.Points && c.Points <= c.Capacity
	if granted {
		b.used += c.Points
		available -= c.Points
	}
	return c.state(available, granted, m.share), granted
}

// giveBack returns how many points the bucket has then.
func (m *memory) giveBack(c *Charge) float64 {
	s := m.shard(c.Key)
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.bucket(m, c, m.clock())
	b.used = max(b.used-c.Points, b.points-b.capacity)
	return max(b.available(m.share, 0), 0)
}

func (m *memory) shard(key string) *shard {
	return &m.shards[maphash.String(m.seed, key)%uint64(len(m.shards))]
}

// bucket finds or makes a bucket, filled up to now.
func (s *shard) bucket(m *memory, c *Charge, now time.Duration) *level {
	b := s.buckets[c.Key]
	if b == nil {
		if len(s.buckets) >= m.most {
			s.evict(now, m.share)
		}
		b = &level{points: c.Capacity, at: now}
		s.buckets[c.Key] = b
	}
	b.capacity, b.refill = c.Capacity, c.Refill
	b.fill(now, m.share)
	b.points = min(b.points, c.Capacity)
	return b
}

// evict forgets the fullest of some buckets, and all of them that are full:
// a full bucket is the same as none. A caller who makes many buckets so that others
// are forgotten only refills those, one at a time, that were nearly full.
func (s *shard) evict(now time.Duration, share float64) {
	const some = 16
	fullest, least := "", 0.0
	seen := 0
	for key, b := range s.buckets { // in random order
		b.fill(now, share)
		part := (share*b.points - b.used) / (share * b.capacity)
		if part >= 1 {
			delete(s.buckets, key)
		} else if fullest == "" || part > least {
			fullest, least = key, part
		}
		if seen++; seen == some {
			break
		}
	}
	if fullest != "" {
		delete(s.buckets, fullest)
	}
}
