package loader

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/portico-gateway/portico/gateway/cache"
	"github.com/portico-gateway/portico/gateway/provenance"
)

// Caching lets requests share what a loader loads: keys that one is loading are
// not loaded by another at the same time, and values are cached. What was loaded
// for one principal, or with a header of the request, is not shared. Values are
// stored in the background: a key that is requested a moment after it was loaded
// may be loaded again.
type Caching struct {
	// Store caches the values, and invalidates them.
	Store *cache.Store
	// Service is the service that the values are from; Name distinguishes its loaders.
	Service, Name string
	// MaxAge is how long the values are fresh; 0 disables caching. Missing values are
	// cached for at most [cache.Store.Missing].
	MaxAge time.Duration
}

// cached is what a key has in the store.
type cached[V any] struct {
	value V
	has   bool
	made  *provenance.Summary // that of its batch
}

func newCache[V any](store *cache.Store) *cache.Cache {
	return cache.NewCache(store, cache.Kind{Codec: cachedCodec[V]()})
}

// cachedHead is what gateways share of a value besides its JSON and its entry.
type cachedHead struct {
	Has            bool
	Expires        time.Time
	MustRevalidate bool
}

// cachedCodec shares values with other gateways, as JSON: those that JSON can express
// exactly, which a value with an interface in it is not, or one without a list
// that is empty.
func cachedCodec[V any]() *cache.Codec {
	return &cache.Codec{
		Encode: func(value any) (any, []byte) {
			have := value.(*cached[V]) //nolint:forcetypeassert // see cachedOf
			var back V
			text, err := json.Marshal(have.value)
			if err != nil || json.Unmarshal(text, &back) != nil || !reflect.DeepEqual(back, have.value) {
				return nil, nil
			}
			return cachedHead{have.has, have.made.Expires, have.made.MustRevalidate}, text
		},
		Decode: func(raw json.RawMessage, text []byte, e *cache.Entry) error {
			var head cachedHead
			if err := json.Unmarshal(raw, &head); err != nil {
				return err
			}
			have := &cached[V]{has: head.Has, made: &provenance.Summary{Tags: e.Tags, Expires: head.Expires, MustRevalidate: head.MustRevalidate}}
			e.Value, e.Cost = have, 2*int64(len(text)) // as Go has it
			return json.Unmarshal(text, &have.value)
		},
	}
}

// cachedOf returns the value that an entry has: the key distinguishes the loader.
func cachedOf[V any](e *cache.Entry) *cached[V] { return e.Value.(*cached[V]) } //nolint:forcetypeassert // see above

// keyOf returns the name of a key of a loader. Keys are texts, numbers and structs
// of these, which Go's syntax distinguishes.
func (l *batching[K, V]) keyOf(key K) cache.Key {
	return sha256.Sum256(fmt.Appendf(nil, "entity %q %q %#v %#v", l.caching.Service, l.caching.Name, l.args, key))
}

// recall takes the values of keys from the store and returns the keys that are
// not there.
func (l *batching[K, V]) recall(ctx context.Context, s *state[K, V], keys []K) []K {
	if l.caching.MaxAge == 0 {
		return keys
	}
	began := time.Now()
	found := &batch[K, V]{}
	var last *provenance.Summary
	left := slices.DeleteFunc(keys, func(key K) bool {
		entry := l.cache.Fresh(l.keyOf(key))
		if entry == nil {
			return false
		}
		have := l.use(ctx, entry, last)
		last = have.made
		found.keys, found.values = append(found.keys, key), append(found.values, have.value)
		return true
	})
	if s.add(found); len(found.keys) > 0 {
		l.note(ctx, len(found.keys), provenance.Hit, began)
	}
	return left
}

// note notes in the provenance of the answer that keys were found without a call for it.
func (l *batching[K, V]) note(ctx context.Context, keys int, how string, began time.Time) {
	provenance.From(ctx).Found(&provenance.Call{Service: l.caching.Service, Route: l.caching.Name, Keys: keys, Cache: how, Began: began})
}

// use makes a cached value a part of the context's answer. last is what the value
// before it was made of, which is mostly the same.
func (l *batching[K, V]) use(ctx context.Context, entry *cache.Entry, last *provenance.Summary) *cached[V] {
	have, record := cachedOf[V](entry), provenance.From(ctx)
	made := *have.made
	if have.made == last {
		made.Tags, made.Parts = nil, nil
	}
	made.Born, made.Missing = entry.Born, !have.has
	record.Add(made)
	record.Expires(entry.Expires())
	record.Has(l.caching.Store.PartOf(entry))
	return have
}

// fetchKept fetches the values of keys, but for those that other gateways have, and
// caches them.
func (l *batching[K, V]) fetchKept(ctx context.Context, f *flown[K, V], keys []K) (values map[K]V, err error) {
	names := make([]cache.Key, len(keys))
	for i, key := range keys {
		names[i] = l.keyOf(key)
	}
	inner, record := provenance.Begin(ctx)
	found := l.cache.Batch(ctx, names, func(missing []int) []*cache.Entry {
		left := make([]K, len(missing))
		for i, at := range missing {
			left[i] = keys[at]
		}
		began := l.caching.Store.Now()
		calling := inner
		if len(left) < len(keys) && l.max != Unlimited {
			calling = provenance.WithKeys(inner, len(left))
		}
		values, err = guarded(calling, left, l.fetch)
		made := record.Summary()
		if ctx.Err() != nil || !isShared(made) {
			return nil
		}
		entries := l.entries(left, values, err, made, began)
		for _, entry := range entries {
			record.Has(l.caching.Store.PartOf(entry))
		}
		return entries
	})
	if values == nil {
		values = make(map[K]V, len(keys))
	}
	for i, entry := range found {
		if entry == nil {
			continue
		}
		if have := l.use(inner, entry, nil); have.has {
			values[keys[i]] = have.value
		}
	}
	f.made = record.Summary()
	return values, err
}

// entries returns the entries of keys that were fetched.
func (l *batching[K, V]) entries(keys []K, values map[K]V, err error, made provenance.Summary, began time.Time) []*cache.Entry {
	store := l.caching.Store
	if !store.Stores() {
		return nil
	}
	if !made.Born.IsZero() && made.Born.Before(began) {
		began = made.Born
	}
	tags := append(slices.Clone(made.Tags), cache.ServiceTag(l.caching.Service))
	var parts []*cache.Part
	for _, part := range made.Parts {
		if part, ok := part.(*cache.Part); ok {
			parts = append(parts, part)
		}
	}
	var list []*cache.Entry
	for _, key := range keys {
		if errorOf(err, key) != nil {
			continue
		}
		value, has := values[key]
		has = has && !isNil(value)
		fresh := l.caching.MaxAge
		if !has {
			fresh = min(fresh, store.Now().Sub(began)+store.Missing())
		}
		if !made.Expires.IsZero() {
			fresh = min(fresh, made.Expires.Sub(began))
		}
		if fresh <= store.Now().Sub(began) {
			continue
		}
		if text, err := json.Marshal(value); err == nil {
			list = append(list, &cache.Entry{
				Key: l.keyOf(key), Value: &cached[V]{value, has, &made}, Cost: 2 * int64(len(text)), // as Go has it
				Born: began, Policy: cache.Policy{Fresh: fresh}, Tags: tags, Part: true, Parts: parts,
			})
		}
	}
	return list
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

// flown is a batch that other requests may join.
type flown[K comparable, V any] struct {
	epoch uint64
	keys  []K
	done  chan struct{}

	// After done:
	values map[K]V
	err    error
	made   provenance.Summary
	cut    bool // the caller whose request it was for left before it ended
}

// shared reports whether other callers may share what was loaded.
func (f *flown[K, V]) shared() bool { return !f.cut && isShared(f.made) }

func isShared(made provenance.Summary) bool {
	return made.Caller == provenance.Nobody && len(made.Headers) == 0 && !made.Overflow
}

// shares reports whether values can be shared: those of a mutation are read anew,
// and only for it.
func (l *batching[K, V]) shares(ctx context.Context) bool {
	return l.caching != nil && (l.caching.MaxAge > 0 || l.caching.Store.Coalesces()) && !l.flying.personal.Load() && !provenance.IsWriting(ctx)
}

// board finds the keys that other requests are loading already. The others are
// to be loaded, in batches that are returned.
func (l *batching[K, V]) board(ctx context.Context, s *state[K, V], keys []K) []*flown[K, V] {
	epoch, coalesces := l.caching.Store.Epoch(), l.caching.Store.Coalesces()
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

// join returns a batch of keys that waits for one of another request. If that was
// for its caller only, or was cut short, they are loaded after all, together.
func (l *batching[K, V]) join(ctx context.Context, f *flown[K, V], keys []K) *batch[K, V] {
	b, began := &batch[K, V]{keys: keys}, time.Now()
	wait := sync.OnceFunc(func() {
		select {
		case <-f.done:
		case <-ctx.Done():
			l.note(ctx, len(keys), provenance.Coalesced, began)
			b.set(ctx, nil, ctx.Err())
			return
		}
		if f.shared() {
			l.note(ctx, len(keys), provenance.Coalesced, began)
			provenance.From(ctx).Add(f.made)
			b.set(ctx, f.values, f.err)
			return
		}
		values, err := guarded(ctx, keys, l.fetch)
		b.set(ctx, values, err)
	})
	b.wait = func() (struct{}, error) {
		wait()
		return struct{}{}, nil
	}
	return b
}

// fly loads a batch and lands it, whatever happens: other requests wait for it.
func (l *batching[K, V]) fly(f *flown[K, V]) Fetch[K, V] {
	return func(ctx context.Context, keys []K) (values map[K]V, err error) {
		f.cut = true
		defer l.land(f)
		if l.caching.MaxAge > 0 {
			values, err = l.fetchKept(ctx, f, keys)
		} else {
			inner, record := provenance.Begin(ctx)
			values, err = guarded(inner, keys, l.fetch)
			f.made = record.Summary()
		}
		f.values, f.err, f.cut = values, err, ctx.Err() != nil
		provenance.From(ctx).Add(f.made)
		if f.made.Caller > provenance.Nobody || len(f.made.Headers) > 0 {
			l.flying.personal.Store(true) // waiting for others would be in vain
		}
		return values, err
	}
}

func (l *batching[K, V]) land(f *flown[K, V]) {
	l.flying.mu.Lock()
	defer l.flying.mu.Unlock()
	for _, key := range f.keys {
		if id := (flyingKey[K]{l.id, key}); l.flying.keys[id] == f {
			delete(l.flying.keys, id)
		}
	}
	close(f.done)
}
