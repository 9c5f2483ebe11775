// Package ratelimit holds token buckets: in memory, or in Redis for several
// gateways.
//
// A bucket of capacity c that r points a second fill grants at most c + r×t
// points in any time t. That is exact in memory, and in Redis for all gateways
// together. While the link to Redis is down, each gateway grants a share of the last
// level that it knows of a bucket, and charges that to Redis when the link is up
// again. A Redis that has lost a bucket gets it back from what the gateways know.
package ratelimit

import (
	"context"
	"log/slog"
	"math"
	"sync/atomic"
	"time"
)

// Bucket is a token bucket: whose it is, and how it fills.
type Bucket struct {
	// Key identifies its owner: equal keys are one bucket.
	Key string
	// Capacity is how many points it holds, more than 0. A new bucket is full.
	Capacity float64
	// Refill is how many points a second fill it, more than 0.
	Refill float64
}

// Charge asks a bucket for points.
type Charge struct {
	Bucket
	// Points are at least 0. More than the capacity are never granted.
	Points float64
}

// State is a bucket after a charge, granted or not.
type State struct {
	// Available are the points that are left.
	Available float64
	// Wait is how long it takes until as many points as were asked for are
	// there, a day at most, which also stands for never; 0 when they were
	// granted.
	Wait time.Duration
}

// valid reports whether a charge makes sense. One that does not is refused.
func (c *Charge) valid() bool {
	return c.Points >= 0 && !math.IsInf(c.Points, 1) && c.Capacity > 0 && !math.IsInf(c.Capacity, 1) && c.Refill > 0 && !math.IsInf(c.Refill, 1)
}

// state is that of the charge's bucket when it has so many points, of which a share
// of the refill comes back.
func (c *Charge) state(available float64, granted bool, share float64) State {
	s := State{Available: max(available, 0)}
	if granted {
		return s
	}
	if c.Points > c.Capacity {
		s.Wait = longest
		return s
	}
	missing := (c.Points - available) / (c.Refill * share)
	s.Wait = time.Duration(min(max(missing, 0), longest.Seconds()) * float64(time.Second))
	return s
}

// longest is the most that a Wait says.
const longest = 24 * time.Hour

// Config says where buckets are. Zero values stand for the defaults.
type Config struct {
	// MaxBuckets is how many are kept in memory; 100,000. Beyond that, those
	// that are nearest to full are forgotten, which makes them full. With Redis, it is
	// of how many the level is known if Redis fails.
	MaxBuckets int
	// Redis makes buckets those of several gateways; nil for memory only.
	Redis *Redis
	// Now is the clock; nil for the system's. Redis has its own.
	Now func() time.Time
	// Log receives what could not be given back; nil discards it.
	Log *slog.Logger
}

// Limiter has buckets. It is safe for concurrent use.
type Limiter struct {
	local  *memory
	shared *shared // nil: memory only

	inMemory, inRedis decisions
}

// decisions are counted.
type decisions struct{ granted, refused atomic.Int64 }

// add counts a decision, and returns it.
func (d *decisions) add(granted bool) bool {
	if granted {
		d.granted.Add(1)
	} else {
		d.refused.Add(1)
	}
	return granted
}

func (d *decisions) stats() Decisions { return Decisions{d.granted.Load(), d.refused.Load()} }

// Stats are counts since the limiter was made.
type Stats struct {
	// Memory are the decisions that were made by the buckets in memory, which with Redis is
	// because it did not answer in time, and Redis those that were made there.
	Memory, Redis Decisions
	// Lost is how often points could not be given back to Redis.
	Lost int64
}

// Decisions are results of [Limiter.Take].
type Decisions struct{ Granted, Refused int64 }

// Stats returns what was decided so far.
func (l *Limiter) Stats() Stats {
	s := Stats{Memory: l.inMemory.stats(), Redis: l.inRedis.stats()}
	if l.shared != nil {
		s.Lost = l.shared.lost.Load()
	}
	return s
}

// New returns a limiter. [Limiter.Run] must run while it is used.
func New(config Config) *Limiter {
	if config.MaxBuckets <= 0 {
		config.MaxBuckets = 100_000
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler)
	}
	if config.Redis == nil {
		return &Limiter{local: newMemory(config.MaxBuckets, 1, config.Now)}
	}
	share := config.Redis.LocalShare
	if share <= 0 || share > 1 {
		share = 0.5
	}
	local := newMemory(config.MaxBuckets, share, config.Now)
	link := config.Redis.Link
	return &Limiter{local: local, shared: newShared(link.Prefix(), link.Port(0), local, config.Log)}
}

// Run sends Redis what is given back, and what was granted while the link was down,
// until ctx is done, and then what is left.
func (l *Limiter) Run(ctx context.Context) {
	if l.shared != nil {
		l.shared.run(ctx)
	}
}

// Take takes the points of all charges, or of none when one is refused. It
// fills states, which has the length of charges, whose keys are distinct. It
// waits for Redis no longer than configured, and for nothing else; with Redis
// it is one round trip. It ignores that ctx is done.
func (l *Limiter) Take(ctx context.Context, charges []Charge, states []State) (granted bool) {
	for i := range charges {
		if !charges[i].valid() {
			clear(states)
			states[i].Wait = longest
			return l.inMemory.add(false)
		}
	}
	if l.shared != nil {
		if granted, ok := l.shared.take(ctx, charges, states); ok {
			return l.inRedis.add(granted)
		}
		l.shared.alone.Store(true)
	}
	return l.inMemory.add(l.local.takeAll(charges, states))
}

// Return returns points that were taken from a bucket. It does not wait; a
// bucket never has more than its capacity.
func (l *Limiter) Return(bucket Bucket, points float64) {
	c := Charge{Bucket: bucket, Points: points}
	if points <= 0 || !c.valid() {
		return
	}
	if l.shared != nil {
		l.shared.giveBack(c)
		return
	}
	l.local.giveBack(&c)
}
