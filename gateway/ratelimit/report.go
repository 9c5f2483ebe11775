package ratelimit

import "time"

// report is what a gateway sends Redis with a charge, in case Redis has lost the
// bucket, or does not know of all points that were granted.
type report struct {
	points float64       // of the bucket, without what is used
	used   float64       // what the gateway granted by itself; negative if it was given back
	id     int64         // of the bucket that the points are of; 0 for none
	sent   time.Duration // by the gateway's clock

	granted bool // whether the answer grants the charge
}

// report returns the report of a charge's bucket. From then on nothing is used: the
// caller charges it to Redis, or calls restore.
func (m *memory) report(c *Charge) report {
	s := m.shard(c.Key)
	s.mu.Lock()
	defer s.mu.Unlock()
	now := m.clock()
	b := s.bucket(m, c, now)
	r := report{points: b.points, used: b.used, id: b.id, sent: now}
	b.used = 0
	return r
}

// restore adds the used points of a report that Redis may not have received.
func (m *memory) restore(c *Charge, used float64) {
	if used == 0 {
		return
	}
	s := m.shard(c.Key)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bucket(m, c, m.clock()).used += used
}

// learn notes the answer to a charge that was sent with a report, unless there is
// one to a later charge.
func (m *memory) learn(c *Charge, r report, a answer) {
	s := m.shard(c.Key)
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.bucket(m, c, m.clock())
	if r.sent < b.sent {
		return
	}
	b.points, b.sent, b.id = min(a.available, b.capacity), r.sent, a.id
	b.used = max(b.used, b.points-b.capacity)
}

// unsettled returns charges of no points of the buckets with points that Redis does
// not know of; if Redis has other data, of all that are not full.
func (m *memory) unsettled(other bool) []Charge {
	var list []Charge
	now := m.clock()
	for i := range m.shards {
		s := &m.shards[i]
		s.mu.Lock()
		for key, b := range s.buckets {
			if b.fill(now, m.share); b.used != 0 || other && b.points < b.capacity {
				list = append(list, Charge{Bucket: Bucket{Key: key, Capacity: b.capacity, Refill: b.refill}})
			}
		}
		s.mu.Unlock()
	}
	return list
}
