package ratelimit

import (
	"hash/maphash"
	"sync"
	"time"
)

// memory has the buckets of one gateway, in shards so that few callers wait for
// each other.
type memory struct {
	seed   maphash.Seed
	shards [64]shard
	most   int // buckets of a shard
	now    func() time.Time
	start  time.Time
}

type shard struct {
	mu      sync.Mutex
	buckets map[string]*level
}

// level is how many points a bucket had at a time.
type level struct {
	points, capacity, refill float64
	at                       time.Duration
}

// fill adds what came since then. A clock that goes back adds nothing.
func (b *level) fill(now time.Duration) {
	if now <= b.at {
		return
	}
	b.points = min(b.capacity, b.points+(now-b.at).Seconds()*b.refill)
	b.at = now
}

func newMemory(most int, now func() time.Time) *memory {
	m := &memory{seed: maphash.MakeSeed(), now: now, start: now()}
	m.most = max(most/len(m.shards), 1)
	for i := range m.shards {
		m.shards[i].buckets = map[string]*level{}
	}
	return m
}

// takeAll takes a share of the points of all charges, or none.
func (m *memory) takeAll(charges []Charge, states []State, share float64) bool {
	now := m.now().Sub(m.start)
	for i := range charges {
		granted := false
		if states[i], granted = m.take(&charges[i], share, now); granted {
			continue
		}
		for j := range charges[:i] {
			states[j].Available = m.giveBack(&charges[j], share)
		}
		for j := i + 1; j < len(charges); j++ {
			free := charges[j]
			free.Points = 0
			states[j], _ = m.take(&free, share, now)
		}
		return false
	}
	return true
}

func (m *memory) take(c *Charge, share float64, now time.Duration) (State, bool) {
	s := m.shard(c.Key)
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.bucket(m, c, share, now)
	granted := b.points >= c.Points && c.Points <= c.Capacity
	if granted {
		b.points -= c.Points
	}
	return c.state(b.points, granted), granted
}

// giveBack returns how many points the bucket has then.
func (m *memory) giveBack(c *Charge, share float64) float64 {
	s := m.shard(c.Key)
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.bucket(m, c, share, m.now().Sub(m.start))
	b.points = min(b.capacity, b.points+c.Points)
	return b.points
}

func (m *memory) shard(key string) *shard {
	return &m.shards[maphash.String(m.seed, key)%uint64(len(m.shards))]
}

// bucket finds or makes a bucket, filled up to now. Its share is never less
// than what is asked of it: an operation that is allowed must fit.
func (s *shard) bucket(m *memory, c *Charge, share float64, now time.Duration) *level {
	capacity, refill := c.Capacity, c.Refill
	if share < 1 {
		capacity, refill = min(max(c.Capacity*share, c.Points), c.Capacity), c.Refill*share
	}
	b := s.buckets[c.Key]
	if b == nil {
		if len(s.buckets) >= m.most {
			s.evict(now)
		}
		b = &level{points: capacity, at: now}
		s.buckets[c.Key] = b
	}
	b.capacity, b.refill = capacity, refill
	b.fill(now)
	b.points = min(b.points, capacity)
	return b
}

// evict forgets the fullest of some buckets, and all of them that are full:
// those are as if they were not there. Who makes many buckets so that others
// are forgotten gives them, one at a time, what they had nearly got back.
func (s *shard) evict(now time.Duration) {
	const some = 16
	fullest, least := "", -1.0
	seen := 0
	for key, b := range s.buckets { // in random order
		b.fill(now)
		if b.points >= b.capacity {
			delete(s.buckets, key)
		} else if part := b.points / b.capacity; part > least {
			fullest, least = key, part
		}
		if seen++; seen == some {
			break
		}
	}
	if seen > 0 && fullest != "" {
		delete(s.buckets, fullest)
	}
}
