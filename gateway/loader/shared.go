package loader

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/portico-gateway/portico/gateway/cache"
	"github.com/portico-gateway/portico/gateway/provenance"
)

// Keeping lets requests share what a loader loads: keys that one is loading are
// not loaded by another at the same time, and values are kept. What was loaded
// for one principal, or with a header of the request, is not shared.
type Keeping struct {
	// Store keeps the values, and knows when they are invalid.
	Store *cache.Store
	// Service is whose values they are, Name tells its loaders apart.
	Service, Name string
	// MaxAge is how long they are fresh, 0 for not at all; that there is no value
	// is kept for [cache.Store.Missing] at most.
	MaxAge time.Duration
}

// Keep lets requests share the loader's values, which they must not change.
// Call it when the loader is made.
func (l *Loader[K, V]) Keep(k Keeping) *Loader[K, V] {
	l.keeping = &k
	return l
}

// Keep is [Loader.Keep] for all loaders of the family.
func (f *Family[A, K, V]) Keep(k Keeping) *Family[A, K, V] {
	f.keeping = &k
	return f
}

// kept is what a key has in the store.
type kept[V any] struct {
	value V
	has   bool
	made  provenance.Summary
}

// keyOf names a key of a loader. Keys are texts, numbers and structs of these,
// which Go's syntax tells apart.
func (l *Loader[K, V]) keyOf(key K) cache.Key {
	return sha256.Sum256(fmt.Appendf(nil, "entity %q %q %#v %#v", l.keeping.Service, l.keeping.Name, l.args, key))
}

// recall takes the values of keys from the store and returns the keys that are
// not there.
func (l *Loader[K, V]) recall(ctx context.Context, s *state[K, V], keys []K) []K {
	if l.keeping.MaxAge == 0 {
		return keys
	}
	now, found := time.Now(), &batch[K, V]{}
	left := slices.DeleteFunc(keys, func(key K) bool {
		entry := l.keeping.Store.Get(l.keyOf(key))
		if entry == nil || !entry.IsFresh(now) {
			return false
		}
		found.keys, found.values = append(found.keys, key), append(found.values, l.use(ctx, entry).value)
		return true
	})
	s.add(found)
	return left
}

// use makes a kept value a part of the context's answer.
func (l *Loader[K, V]) use(ctx context.Context, entry *cache.Entry) *kept[V] {
	have := entry.Value.(*kept[V]) //nolint:forcetypeassert // the key tells the loader
	made, record := have.made, provenance.From(ctx)
	made.Fresh, made.Bounded = entry.Fresh-entry.Age(time.Now()), true
	record.Add(made)
	record.Has(l.keeping.Store.PartOf(entry))
	return have
}

// told is what other gateways are told of a value.
type told struct {
	Value json.RawMessage
	Has   bool
	Tags  []string
	Born  time.Time
	Fresh time.Duration
}

// tell writes an entry for other gateways, whose value is this text in JSON. It
// is nil for a value that JSON can't say exactly: one with an interface in it,
// or without a list that is empty.
func (l *Loader[K, V]) tell(entry *cache.Entry, text []byte) []byte {
	have := entry.Value.(*kept[V]) //nolint:forcetypeassert // the key tells the loader
	var back V
	if err := json.Unmarshal(text, &back); err != nil || !reflect.DeepEqual(back, have.value) {
		return nil
	}
	message, err := json.Marshal(told{text, have.has, entry.Tags, entry.Born, entry.Fresh})
	if err != nil {
		return nil
	}
	return message
}

// ask takes the values of keys that other gateways have, and keeps them. It
// returns the keys that are left, and the ticket for them.
func (l *Loader[K, V]) ask(ctx context.Context, keys []K, values map[K]V) ([]K, *cache.Ticket) {
	if l.keeping.MaxAge == 0 {
		return keys, nil
	}
	names := make([]cache.Key, len(keys))
	for i, key := range keys {
		names[i] = l.keyOf(key)
	}
	epoch := l.keeping.Store.Epoch()
	texts, ticket := l.keeping.Store.Ask(ctx, names...)
	if ticket == nil {
		return keys, nil
	}
	var left []K
	for i, key := range keys {
		var (
			have  told
			value V
		)
		if texts[i] == nil || json.Unmarshal(texts[i], &have) != nil || time.Since(have.Born) >= have.Fresh || json.Unmarshal(have.Value, &value) != nil {
			left = append(left, key)
			continue
		}
		entry := &cache.Entry{
			Key: names[i], Value: &kept[V]{value, have.Has, provenance.Summary{Tags: have.Tags}}, Cost: 2 * int64(len(texts[i])),
			Born: have.Born, Fresh: have.Fresh, Tags: have.Tags, Part: true,
		}
		l.keeping.Store.Put(entry, epoch)
		if l.use(ctx, entry); have.Has {
			values[key] = value
		}
	}
	return left, ticket
}

// keep keeps what was loaded since an epoch.
func (l *Loader[K, V]) keep(ctx context.Context, f *flown[K, V], began time.Time, keys []K, ticket *cache.Ticket) {
	if l.keeping.MaxAge == 0 || !l.keeping.Store.Keeps() || !f.shared() {
		return
	}
	for _, key := range keys {
		value, has := f.values[key]
		if errorOf(f.err, key) != nil {
			continue
		}
		fresh := l.keeping.MaxAge
		if !has {
			fresh = min(fresh, l.keeping.Store.Missing())
		}
		if f.made.Bounded {
			fresh = min(fresh, f.made.Fresh)
		}
		if text, err := json.Marshal(value); err == nil && fresh > 0 {
			entry := &cache.Entry{
				Key: l.keyOf(key), Value: &kept[V]{value, has, f.made}, Cost: 2 * int64(len(text)), // as Go has it
				Born: began, Fresh: fresh, Tags: append(slices.Clone(f.made.Tags), cache.ServiceTag(l.keeping.Service)), Part: true,
			}
			l.keeping.Store.Put(entry, f.epoch)
			provenance.From(ctx).Has(l.keeping.Store.PartOf(entry))
			if ticket != nil {
				l.keeping.Store.Tell(ticket, entry, l.tell(entry, text))
			}
		}
	}
}

// flying are the batches of a loader, or of a family, that are under way: a key
// that one request loads is not loaded by another at the same time.
type flying[K comparable, V any] struct {
	personal atomic.Bool // its values are one caller's, as was seen

	mu   sync.Mutex
	keys map[flyingKey[K]]*flown[K, V]
}

func newFlying[K comparable, V any]() *flying[K, V] {
	return &flying[K, V]{keys: map[flyingKey[K]]*flown[K, V]{}}
}

type flyingKey[K comparable] struct {
	loader any
	key    K
}

// flown is a batch.
type flown[K comparable, V any] struct {
	epoch uint64
	keys  []K
	done  chan struct{}

	// After done:
	values map[K]V
	err    error
	made   provenance.Summary
	cut    bool // whose request it was for left before it ended
}

// shared reports whether other callers may share what was loaded.
func (f *flown[K, V]) shared() bool {
	return !f.cut && f.made.Caller == provenance.Nobody && len(f.made.Headers) == 0 && !f.made.Overflow
}

// shares reports whether values can be shared: those of a mutation are read anew,
// and only for it.
func (l *Loader[K, V]) shares(ctx context.Context) bool {
	return l.keeping != nil && (l.keeping.MaxAge > 0 || l.keeping.Store.Coalesces()) && !l.flying.personal.Load() && !provenance.IsWriting(ctx)
}

// board finds the keys that other requests are loading already. The others are
// to be loaded, in batches that are returned.
func (l *Loader[K, V]) board(ctx context.Context, s *state[K, V], keys []K) []*flown[K, V] {
	epoch, coalesces := l.keeping.Store.Epoch(), l.keeping.Store.Coalesces()
	joined := map[*flown[K, V]][]K{}
	l.flying.mu.Lock()
	defer l.flying.mu.Unlock()
	own := slices.DeleteFunc(keys, func(key K) bool {
		f := l.flying.keys[flyingKey[K]{l.id, key}]
		if f == nil || f.epoch != epoch {
			return false
		}
		joined[f] = append(joined[f], key)
		return true
	})
	for f, keys := range joined {
		s.add(l.join(ctx, f, keys))
	}
	var batches []*flown[K, V]
	for chunk := range slices.Chunk(own, l.max) {
		f := &flown[K, V]{epoch: epoch, keys: chunk, done: make(chan struct{})}
		for i := 0; coalesces && i < len(chunk); i++ {
			l.flying.keys[flyingKey[K]{l.id, chunk[i]}] = f
		}
		batches = append(batches, f)
	}
	return batches
}

// join returns a batch of keys that waits for one of another request. When that
// was for its caller only, or was cut short, they are loaded after all, together.
func (l *Loader[K, V]) join(ctx context.Context, f *flown[K, V], keys []K) *batch[K, V] {
	b := &batch[K, V]{keys: keys}
	wait := sync.OnceFunc(func() {
		select {
		case <-f.done:
		case <-ctx.Done():
			b.set(nil, ctx.Err())
			return
		}
		if f.shared() {
			provenance.From(ctx).Add(f.made)
			b.set(f.values, f.err)
			return
		}
		b.set(guarded(ctx, keys, l.fetch))
	})
	b.wait = func() (struct{}, error) {
		wait()
		return struct{}{}, nil
	}
	return b
}

// fly loads a batch and lands it, whatever happens: others wait for it.
func (l *Loader[K, V]) fly(f *flown[K, V]) Fetch[K, V] {
	return func(ctx context.Context, keys []K) (values map[K]V, err error) {
		f.cut = true
		defer l.land(f)
		began := time.Now()
		inner, record := provenance.Begin(ctx)
		values = map[K]V{}
		left, ticket := l.ask(inner, keys, values)
		if len(left) > 0 {
			var fetched map[K]V
			fetched, err = guarded(inner, left, l.fetch)
			maps.Copy(values, fetched)
		}
		f.values, f.err, f.made = values, err, record.Summary()
		provenance.From(ctx).Add(f.made)
		if f.made.Caller > provenance.Nobody || len(f.made.Headers) > 0 {
			l.flying.personal.Store(true) // waiting for others would be in vain
		}
		f.cut = ctx.Err() != nil
		l.keep(ctx, f, began, left, ticket)
		return values, err
	}
}

func (l *Loader[K, V]) land(f *flown[K, V]) {
	l.flying.mu.Lock()
	defer l.flying.mu.Unlock()
	for _, key := range f.keys {
		if id := (flyingKey[K]{l.id, key}); l.flying.keys[id] == f {
			delete(l.flying.keys, id)
		}
	}
	close(f.done)
}
