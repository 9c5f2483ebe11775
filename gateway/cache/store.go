// Package cache keeps values in memory within a budget of bytes, and drops them by
// their tags. Gateways can share them through Redis.
//
// A [Store] has the entries of all kinds. A [Cache] is one kind: it decides
// whether a cached value may be served at its age, and makes each value once,
// however many callers want it. Values may be dropped at any time.
//
// Invalidation costs nothing for what is cached: the store counts invalidations,
// remembers for each tag at which count it was invalidated last, and for each
// entry at which count its making began. An entry is valid as long as none of
// its tags was invalidated since then. So a value that was read while it was
// being changed is never served: it began before the invalidation that followed
// the change.
package cache

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"time"

	"github.com/dgraph-io/ristretto/v2"

	"github.com/portico-gateway/portico/gateway/redis"
)

// Config configures a store.
type Config struct {
	// Size is the maximum size of all entries in bytes; 0 caches nothing.
	Size int64
	// Missing is how long a missing value is cached (negative caching).
	Missing time.Duration
	// Separate disables coalescing: each caller makes its own value.
	Separate bool
	// Link is the link to Redis, through which gateways share values and
	// invalidations; nil for none. The store becomes its watcher.
	Link *redis.Link
	// Now is the clock; nil for the system's.
	Now func() time.Time
	// Random returns numbers from 0 to 1, not 1; nil for those of math/rand.
	Random func() float64
}

// Store keeps entries. It is safe for concurrent use.
type Store struct {
	config  Config
	shared  *shared // nil: it is this gateway's own
	entries memory  // nil: nothing is kept
	metrics *ristretto.Metrics
	tags    invalidations
	counts  counts
}

// memory is a ristretto.Cache. It is an interface, since packages that use a store would compile the
// cache again: it is generic.
type memory interface {
	Get(key uint64) (*Entry, bool)
	SetWithTTL(key uint64, e *Entry, cost int64, ttl time.Duration) bool
	Wait()
	MaxCost() int64
	RemainingCost() int64
	Close()
}

// bookkeeping is what an entry costs besides its value and its tags: the entry,
// and ristretto's item and counters.
const bookkeeping = 300

// New returns a store. With a Link, [Store.Run] must run while it is used. [Store.Close]
// must be called at the end.
func New(config Config) (*Store, error) {
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Random == nil {
		config.Random = rand.Float64
	}
	s := &Store{config: config}
	s.tags.init()
	if config.Size > 0 {
		entries, err := ristretto.NewCache(&ristretto.Config[uint64, *Entry]{
			NumCounters: max(config.Size/1000*10, 1000), // ten for each entry of a kilobyte
			MaxCost:     config.Size,
			BufferItems: 64,
			Metrics:     true,
			KeyToHash:   func(k uint64) (uint64, uint64) { return k, 0 }, // get compares the whole key
		})
		if err != nil {
			return nil, err
		}
		s.entries, s.metrics = entries, entries.Metrics
	}
	if config.Link != nil {
		var err error
		if s.shared, err = newShared(s, config.Link); err != nil {
			s.Close()
			return nil, err
		}
		config.Link.Watch(s.shared)
	}
	return s, nil
}

// Nothing returns a store that caches nothing.
func Nothing() *Store {
	s, _ := New(Config{}) // what can fail is keeping something
	return s
}

// Run sends values to other gateways until ctx is done. Without a Link, it returns at once.
func (s *Store) Run(ctx context.Context) {
	if s.shared != nil {
		s.shared.run(ctx)
	}
}

// Close frees all entries. Run must have returned.
func (s *Store) Close() {
	if s.shared != nil {
		s.shared.close()
	}
	if s.entries != nil {
		s.entries.Close()
	}
}

// Now returns the time of the store's clock.
func (s *Store) Now() time.Time { return s.config.Now() }

// Coalesces reports whether concurrent callers of a key share the making of its value.
func (s *Store) Coalesces() bool { return !s.config.Separate }

// Missing returns how long a missing value is cached.
func (s *Store) Missing() time.Duration { return s.config.Missing }

// Stores reports whether the store caches anything.
func (s *Store) Stores() bool { return s.entries != nil }

// Epoch counts invalidations.
func (s *Store) Epoch() uint64 { return s.tags.epoch.Load() }

// short is the part of a key that ristretto has: two entries with the same one
// take turns.
func (k *Key) short() uint64 { return binary.LittleEndian.Uint64(k[:8]) }

// get returns the valid entry of a key, of any age; nil if there is none.
func (s *Store) get(key Key) *Entry {
	if s.entries == nil {
		return nil
	}
	e, ok := s.entries.Get(key.short())
	if !ok || e.Key != key || !s.tags.valid(e) {
		return nil
	}
	return e
}

// put keeps an entry whose making began in an epoch. It reports whether the entry is
// valid: no tag of it was invalidated since. The entry can be a part of answers
// also if it is not kept.
func (s *Store) put(e *Entry, began uint64) (valid bool) {
	for _, part := range e.Parts {
		began = min(began, part.began.Load())
	}
	e.Parts = nil // it is not needed any more
	e.began = began
	e.valid.Store(began)
	now := s.Now()
	if s.shared != nil && !s.shared.link.Up() {
		e.until = now.Add(AloneAge)
	}
	if self := e.self.Load(); self != nil {
		self.began.Store(began)
		self.until = e.until
	}
	left := e.life() - e.Age(now)
	if !e.until.IsZero() {
		left = min(left, e.until.Sub(now))
	}
	if valid = s.tags.valid(e); !valid || s.entries == nil || left <= 0 {
		return valid
	}
	cost := e.Cost + bookkeeping
	for _, tag := range e.Tags {
		cost += int64(len(tag)) + 16
	}
	s.entries.SetWithTTL(e.Key.short(), e, cost, left)
	return true
}

// settle waits until all callers see what was put, and reports whether an entry is
// kept: ristretto does not admit all.
func (s *Store) settle(e *Entry) (kept bool) {
	if s.entries == nil {
		return false
	}
	s.entries.Wait()
	have, ok := s.entries.Get(e.Key.short())
	return ok && have == e
}

// Invalidate drops all entries with one of these tags, including those that are being
// made. An empty tag is ignored.
//
// It reports whether the invalidation was sent to other gateways before it returned. If
// not, because Redis is not available or refuses writes, it is sent as soon as possible;
// until then, other gateways serve their entries for their ages.
func (s *Store) Invalidate(ctx context.Context, tags ...string) (shared bool) {
	if slices.Contains(tags, "") { // which stands for all in Redis
		tags = slices.DeleteFunc(slices.Clone(tags), func(tag string) bool { return tag == "" })
	}
	if len(tags) == 0 {
		return true
	}
	s.tags.add(tags)
	return s.shared == nil || s.shared.invalidate(ctx, tags)
}

// Clear is [Store.Invalidate] of all entries. Their memory is freed as they expire
// or others need it.
func (s *Store) Clear(ctx context.Context) (shared bool) {
	s.tags.addAll()
	return s.shared == nil || s.shared.invalidate(ctx, []string{""})
}

// Flush waits until no invalidation is pending, or ctx is done. It returns how many
// tags are; -1 stands for all.
func (s *Store) Flush(ctx context.Context) (pending int) {
	if s.shared == nil {
		return 0
	}
	return s.shared.flush(ctx)
}

// counts are what a store has done.
type counts struct{ hits, stale, remote, misses atomic.Uint64 }

// Stats are counts since the store was made.
type Stats struct {
	// Hits are values that were served from memory, Stale those of them that were
	// not fresh.
	Hits  uint64 `json:"hits"`
	Stale uint64 `json:"stale"`
	// Shared are values that another gateway had made.
	Shared uint64 `json:"shared"`
	// Misses are values that had to be made.
	Misses uint64 `json:"misses"`
	// Evicted entries made room for others, Rejected ones found none.
	Evicted  uint64 `json:"evicted"`
	Rejected uint64 `json:"rejected"`
	// Bytes is the current size of all entries.
	Bytes int64 `json:"bytes"`
}

// Stats returns the counts of the store.
func (s *Store) Stats() Stats {
	stats := Stats{Hits: s.counts.hits.Load(), Stale: s.counts.stale.Load(), Shared: s.counts.remote.Load(), Misses: s.counts.misses.Load()}
	if s.entries != nil {
		m := s.metrics
		stats.Evicted, stats.Rejected = m.KeysEvicted(), m.SetsRejected()+m.SetsDropped()
		stats.Bytes = s.entries.MaxCost() - s.entries.RemainingCost()
	}
	return stats
}
