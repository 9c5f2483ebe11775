// Package cache keeps values in memory within a budget of bytes, and forgets
// them by their tags.
//
// Values may be dropped at any time. Whoever has to have one once only, however
// many ask for it, gets it by [Flights].
//
// Invalidation costs nothing for what is kept: the store counts invalidations,
// remembers for each tag at which count it was invalidated last, and for each
// entry at which count its making began. An entry is valid as long as none of
// its tags was invalidated since then. So a value that was read while it was
// being changed is never kept: it began before the invalidation that followed
// the change.
package cache

import (
	"context"
	"encoding/binary"
	"maps"
	"sync"
	"sync/atomic"
	"time"
	"weak"

	"github.com/dgraph-io/ristretto/v2"
)

// Key names a value: a SHA-256.
type Key [32]byte

// Entry is a value that is kept. It must not change.
type Entry struct {
	Key   Key
	Value any
	// Cost is the size in bytes.
	Cost int64
	// Born is when the value was made; it is fresh for Fresh, and may be served
	// for Stale after that.
	Born         time.Time
	Fresh, Stale time.Duration
	// Tags are those that invalidate it, besides those it adopts.
	Tags []string
	// Part tells that answers are made of it, whose tags it adopts. Other
	// gateways can't know these: for them, every invalidation is its own.
	Part bool

	began   uint64        // the epoch in which its making began
	valid   atomic.Uint64 // the latest epoch in which it was known to be valid
	adopted atomic.Pointer[adopted]
}

// adopted are the tags of what an entry became a part of.
type adopted struct {
	tags map[string]struct{}
	any  bool // too many: every invalidation is its own
}

// mostAdopted is how many tags an entry adopts.
const mostAdopted = 1000

// Age is how old the value is.
func (e *Entry) Age(now time.Time) time.Duration { return now.Sub(e.Born) }

// IsFresh tells whether the value is fresh.
func (e *Entry) IsFresh(now time.Time) bool { return e.Age(now) < e.Fresh }

// Store keeps entries. It is safe for concurrent use.
type Store struct {
	missing time.Duration
	shared  *shared                          // nil: it is this gateway's own
	entries *ristretto.Cache[uint64, *Entry] // nil: nothing is kept
	tags    invalidations

	coalesces bool // flights are shared
}

// bookkeeping is what an entry costs besides its value and its tags: the entry,
// and ristretto's item and counters.
const bookkeeping = 300

// New returns a store of at most so many bytes; of 0 for one that keeps
// nothing. missing is how long it is kept that there is no value.
func New(size int64, missing time.Duration) (*Store, error) {
	s := Nothing()
	s.missing = missing
	if size <= 0 {
		return s, nil
	}
	entries, err := ristretto.NewCache(&ristretto.Config[uint64, *Entry]{
		NumCounters: max(size/1000*10, 1000), // ten for each entry of a kilobyte
		MaxCost:     size,
		BufferItems: 64,
		Metrics:     true,
		KeyToHash:   func(k uint64) (uint64, uint64) { return k, 0 }, // Get compares the whole key
	})
	if err != nil {
		return nil, err
	}
	s.entries = entries
	return s, nil
}

// Nothing returns a store that keeps nothing.
func Nothing() *Store {
	s := &Store{coalesces: true}
	s.tags.init()
	return s
}

// Share makes the store share what flights with a [Codec] keep, and what is
// invalidated, with other gateways. Call it before the store is used.
func (s *Store) Share(r Redis) error {
	shared, err := openShared(s, r)
	if err != nil {
		return err
	}
	s.shared = shared
	return nil
}

// Separate lets each caller of [Flights.Do] make a value of its own. Call it before
// the store is used.
func (s *Store) Separate() { s.coalesces = false }

// Coalesces reports whether callers share what is being made.
func (s *Store) Coalesces() bool { return s.coalesces }

// Close ends what runs in the background. The store is empty then.
func (s *Store) Close() {
	if s.shared != nil {
		s.shared.close()
	}
	if s.entries != nil {
		s.entries.Close()
	}
}

// Missing is how long it is kept that there is no value.
func (s *Store) Missing() time.Duration { return s.missing }

// Keeps tells whether the store keeps anything.
func (s *Store) Keeps() bool { return s.entries != nil }

// short is the part of a key that ristretto has: two entries with the same one
// take turns.
func (k *Key) short() uint64 { return binary.LittleEndian.Uint64(k[:8]) }

// Get returns the valid entry of a key, fresh or stale; nil if there is none.
func (s *Store) Get(key Key) *Entry {
	if s.entries == nil {
		return nil
	}
	e, ok := s.entries.Get(key.short())
	if !ok || e.Key != key || !s.tags.valid(e) {
		return nil
	}
	return e
}

// Epoch counts invalidations: take it before a value is made, for [Store.Put].
func (s *Store) Epoch() uint64 { return s.tags.epoch.Load() }

// ServiceTag is the tag of what a service answered.
func ServiceTag(service string) string { return "service:" + service }

// Put keeps an entry whose making began in an epoch, unless one of its tags was
// invalidated since. The entry belongs to the store then.
func (s *Store) Put(e *Entry, began uint64) {
	e.began = began // also when it is not kept: it can be a part all the same
	e.valid.Store(began)
	if s.entries == nil {
		return
	}
	if s.shared != nil && !s.shared.up.Load() {
		e.Fresh, e.Stale = min(e.Fresh, AloneAge), min(e.Stale, AloneAge)
	}
	if !s.tags.valid(e) {
		return
	}
	cost := e.Cost + bookkeeping
	for _, tag := range e.Tags {
		cost += int64(len(tag)) + 16
	}
	s.entries.SetWithTTL(e.Key.short(), e, cost, e.Fresh+e.Stale)
}

// Adopt gives an entry the tags of an answer that it became a part of, so that
// what invalidates the answer invalidates it, too: else the answer would be
// made of it again. It counts from when the entry's making began: the answer is
// not valid either when the entry is not, which is returned.
func (s *Store) Adopt(e *Entry, tags []string) (valid bool) {
	if have := e.adopted.Load(); have.with(tags) != have {
		s.tags.adopt(e, tags)
	}
	return s.tags.valid(e)
}

// Part is a kept entry as a part of answers (provenance.Part). It does not keep
// the entry from being dropped.
type Part struct {
	store *Store
	entry weak.Pointer[Entry]
}

// PartOf returns an entry as a part of answers.
func (s *Store) PartOf(e *Entry) *Part { return &Part{s, weak.Make(e)} }

// Adopt is [Store.Adopt]; what was dropped is valid.
func (p *Part) Adopt(tags []string) (valid bool) {
	entry := p.entry.Value()
	return entry == nil || p.store.Adopt(entry, tags)
}

func (a *adopted) with(tags []string) *adopted {
	if a != nil && a.any {
		return a
	}
	grown := &adopted{tags: make(map[string]struct{}, len(tags))}
	for _, tag := range tags {
		grown.tags[tag] = struct{}{}
	}
	if a != nil {
		before := len(a.tags)
		maps.Copy(grown.tags, a.tags)
		if len(grown.tags) == before {
			return a
		}
	}
	if len(grown.tags) > mostAdopted {
		return &adopted{any: true}
	}
	return grown
}

// Ask returns what other gateways have for keys, nil where they have nothing,
// and a ticket for what is made now; both are nil when nothing is shared. It
// takes no longer than a few milliseconds.
func (s *Store) Ask(ctx context.Context, keys ...Key) ([][]byte, *Ticket) {
	if s.shared == nil || s.entries == nil {
		return nil, nil
	}
	return s.shared.ask(ctx, keys...)
}

// Tell gives other gateways an entry, as text, that was made with a ticket; nil
// tells nobody. It does not wait.
func (s *Store) Tell(t *Ticket, e *Entry, text []byte) {
	if t != nil && text != nil {
		s.shared.put(t, e, text)
	}
}

// settle waits until what was put is seen by all.
func (s *Store) settle() {
	if s.entries != nil {
		s.entries.Wait()
	}
}

// Invalidate forgets all entries with one of these tags, also those that are
// being made.
//
// Other gateways are told before it returns, or as soon as they can be, whether
// or not ctx lasts.
func (s *Store) Invalidate(ctx context.Context, tags ...string) {
	s.tags.add(tags)
	if s.shared != nil && len(tags) > 0 {
		s.shared.invalidate(ctx, tags)
	}
}

// Clear forgets all entries, also those that are being made. Their memory is
// freed as they expire or others need it.
func (s *Store) Clear(ctx context.Context) {
	s.tags.addAll()
	if s.shared != nil {
		s.shared.invalidate(ctx, []string{""})
	}
}

// Stats are counts since the store was made.
type Stats struct {
	// Hits and Misses are of lookups; a hit can be stale, or invalid.
	Hits   uint64 `json:"hits"`
	Misses uint64 `json:"misses"`
	// Evicted entries made room for others, Rejected ones found none.
	Evicted  uint64 `json:"evicted"`
	Rejected uint64 `json:"rejected"`
	// Bytes is what is kept now.
	Bytes int64 `json:"bytes"`
}

// Stats returns what the store has done.
func (s *Store) Stats() Stats {
	if s.entries == nil {
		return Stats{}
	}
	m := s.entries.Metrics
	return Stats{
		Hits: m.Hits(), Misses: m.Misses(), Evicted: m.KeysEvicted(), Rejected: m.SetsRejected() + m.SetsDropped(),
		Bytes: s.entries.MaxCost() - s.entries.RemainingCost(),
	}
}

// invalidations know when tags were invalidated last.
type invalidations struct {
	epoch atomic.Uint64

	mu sync.RWMutex
	// recent and older have the epochs of tags. What is in neither was last
	// invalidated at floor, or never.
	recent, older map[string]uint64
	began         uint64 // the epoch in which recent began
	floor         uint64
}

// mostTags is how many tags recent has.
const mostTags = 50_000

func (i *invalidations) init() { i.recent = map[string]uint64{} }

func (i *invalidations) add(tags []string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	// Not before the tags are there: who sees the epoch must see them.
	next := i.epoch.Load() + 1
	for _, tag := range tags {
		if len(i.recent) >= mostTags {
			i.floor = i.began // older has nothing newer
			i.older, i.recent, i.began = i.recent, map[string]uint64{}, next
		}
		i.recent[tag] = next
	}
	i.epoch.Store(next)
}

func (i *invalidations) addAll() {
	i.mu.Lock()
	defer i.mu.Unlock()
	next := i.epoch.Load() + 1
	i.older, i.recent, i.began, i.floor = nil, map[string]uint64{}, next, next
	i.epoch.Store(next)
}

// adopt gives an entry tags, not while somebody finds it valid by fewer.
func (i *invalidations) adopt(e *Entry, tags []string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	e.adopted.Store(e.adopted.Load().with(tags))
	e.valid.Store(e.began)
}

// valid tells whether no tag of an entry was invalidated since it was known to
// be valid.
func (i *invalidations) valid(e *Entry) bool {
	known, now := e.valid.Load(), i.epoch.Load()
	if known == now {
		return true
	}
	i.mu.RLock()
	defer i.mu.RUnlock()
	now = i.epoch.Load()
	if known < i.floor {
		return false
	}
	for _, tag := range e.Tags {
		if i.last(tag) > known {
			return false
		}
	}
	if a := e.adopted.Load(); a != nil {
		if a.any && now > known {
			return false
		}
		for tag := range a.tags {
			if i.last(tag) > known {
				return false
			}
		}
	}
	e.valid.CompareAndSwap(known, now)
	return true
}

// last is the epoch in which a tag was invalidated last, as far as that is
// remembered.
func (i *invalidations) last(tag string) uint64 { return max(i.recent[tag], i.older[tag]) }
