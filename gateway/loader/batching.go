package loader

import (
	"context"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/graph-gophers/dataloader/v7"

	"github.com/portico-gateway/portico/gateway/cache"
	"github.com/portico-gateway/portico/gateway/deadline"
	"github.com/portico-gateway/portico/gateway/problem"
	"github.com/portico-gateway/portico/gateway/provenance"
	"github.com/portico-gateway/portico/gateway/stack"
)

// batching is what a [Loader] does: it loads keys in batches, each key once in a scope.
type batching[K comparable, V any] struct {
	Loader[K, V] // of this batching

	id    any // what the state is stored under in a scope
	max   int
	fetch Fetch[K, V]

	args    any // of a family's
	caching *Caching
	cache   *cache.Cache // of *cached[V]; nil without caching
	flying  *flying[K, V]
}

// handle returns the loader.
func (l *batching[K, V]) handle() *Loader[K, V] {
	l.of = l
	return &l.Loader
}

func (l *batching[K, V]) observe(observe func(keys int)) {
	if fetch := l.fetch; observe != nil {
		l.fetch = func(ctx context.Context, keys []K) (map[K]V, error) {
			observe(len(keys))
			return fetch(ctx, keys)
		}
	}
}

func (l *batching[K, V]) cacheBy(c Caching) { l.caching, l.cache = &c, newCache[V](c.Store) }

func (l *batching[K, V]) load(ctx context.Context, key K) (V, error) {
	return l.loaded(ctx, []K{key})[0].value()
}

func (l *batching[K, V]) loadAll(ctx context.Context, keys []K) ([]V, error) {
	values := make([]V, len(keys))
	var failed Errors
	for i, place := range l.loaded(ctx, keys) {
		value, err := place.value()
		if err != nil {
			if failed == nil {
				failed = make(Errors, len(keys))
			}
			failed[i] = err
		}
		values[i] = value
	}
	if failed != nil {
		return values, failed
	}
	return values, nil
}

// state is what one loader has loaded in one scope.
type state[K comparable, V any] struct {
	// mu makes "which keys are missing" and "load these" one step: each key is in
	// one batch.
	mu     sync.Mutex
	places map[K]place[K, V]
	// batches loads each batch once, in a goroutine, and has those that were
	// loaded. Its keys are batches, not the keys in them, for which it would make
	// a channel each.
	batches batches
}

// never is how long the dataloader waits for more batches to load together: it
// does not, each goes out at once.
const never = 24 * time.Hour

// pending is a *[batch] of any keys and values. The dataloader has it as its key, and not the
// batch, so that it is compiled once, and not in every package for each type of keys and values.
type pending interface {
	load(ctx context.Context)
}

// batches is the dataloader of a state, which loads a batch once.
type batches interface {
	Load(ctx context.Context, b pending) dataloader.Thunk[struct{}]
}

func newBatches() batches {
	return dataloader.NewBatchedLoader(loadBatches,
		dataloader.WithBatchCapacity[pending, struct{}](1),
		dataloader.WithInputCapacity[pending, struct{}](1),
		dataloader.WithWait[pending, struct{}](never))
}

// batch is a list of keys that are loaded by one call of fetch, and their values
// by position.
type batch[K comparable, V any] struct {
	keys  []K
	size  int // of keys that are sent in one call; 0 if each has its own
	fetch Fetch[K, V]
	wait  dataloader.Thunk[struct{}] // until it is loaded; nil if it is

	values []V
	errs   []error // nil: no key failed
	short  bool    // its share of the operation's time was over
}

// loadBatches is the function of a state's dataloader.
func loadBatches(ctx context.Context, batches []pending) []*dataloader.Result[struct{}] {
	stack.Grow()
	results := make([]*dataloader.Result[struct{}], len(batches))
	for i, b := range batches {
		b.load(ctx)
		results[i] = &dataloader.Result[struct{}]{}
	}
	return results
}

// load calls fetch.
func (b *batch[K, V]) load(ctx context.Context) {
	values, err := guarded(newFetching(ctx, b.size), b.keys, b.fetch) //nolint:contextcheck // it is ctx, with more in it
	b.set(ctx, values, err)
}

// fetching is the context of a fetch, in which identical GETs are one (see [cache.Shared]), and calls
// know how many keys they are for (see [provenance.Keys]).
type fetching struct {
	context.Context //nolint:containedctx // it is a context

	scope *cache.Scope // nil for none
	size  int
}

func newFetching(ctx context.Context, size int) *fetching {
	return &fetching{ctx, cache.ScopeOf(ctx), size}
}

// Value is part of context.Context.
func (f *fetching) Value(key any) any {
	if _, ok := key.(provenance.KeysKey); ok {
		return &f.size
	}
	if f.scope != nil {
		if value := f.scope.Shared(key); value != nil {
			return value
		}
	}
	return f.Context.Value(key)
}

// set matches what fetch returned to the keys, and notes in the provenance of the
// answer if some have no value.
func (b *batch[K, V]) set(ctx context.Context, values map[K]V, err error) {
	b.values = make([]V, len(b.keys))
	missing := false
	for i, key := range b.keys {
		value, has := values[key]
		b.values[i], missing = value, missing || !has || isNil(value)
	}
	if missing {
		provenance.From(ctx).Missing()
	}
	if err == nil {
		return
	}
	b.short = deadline.IsOver(ctx)
	b.errs = make([]error, len(b.keys))
	for i, key := range b.keys {
		b.errs[i] = errorOf(err, key)
	}
}

// isNil reports whether a value is nil, which is no value.
func isNil[V any](value V) bool {
	switch reflect.TypeFor[V]().Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		return reflect.ValueOf(value).IsNil()
	case reflect.Interface:
		return any(value) == nil
	}
	return false
}

// place is the position of a key in its batch. The zero value is that of no key,
// whose value is zero.
type place[K comparable, V any] struct {
	in *batch[K, V]
	at int
}

// await waits until the batch is loaded. A nil batch is.
func (b *batch[K, V]) await() {
	if b != nil && b.wait != nil {
		_, _ = b.wait() // errors are those of keys
	}
}

// isShort reports whether the key, which is loaded, failed in a batch that had too
// little time.
func (p place[K, V]) isShort() bool { return p.in != nil && p.in.short && p.in.errs[p.at] != nil }

// value returns the value, which is loaded, and its error. The value of a key that failed is what its fetch has
// returned: the zero value, or a list of which only items failed.
func (p place[K, V]) value() (value V, err error) {
	if p.in == nil {
		return value, nil
	}
	if p.in.errs != nil {
		err = p.in.errs[p.at]
	}
	return p.in.values[p.at], err
}

// loaded returns the places of keys in batches that are loaded. Keys that another
// caller of the scope loaded in vain, since it had less time, are loaded again.
func (l *batching[K, V]) loaded(ctx context.Context, keys []K) []place[K, V] {
	for {
		places := l.places(ctx, keys)
		var last *batch[K, V]
		short := false
		for _, place := range places {
			if place.in != last {
				place.in.await()
				last = place.in
			}
			short = short || place.isShort()
		}
		if !short || ctx.Err() != nil {
			return places
		}
		l.forget(ctx, places, keys)
	}
}

// forget removes the places of keys in batches that had too little time.
func (l *batching[K, V]) forget(ctx context.Context, places []place[K, V], keys []K) {
	s := stateOf[K, V](ctx, l.id)
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, key := range keys {
		if places[i].isShort() && s.places[key] == places[i] {
			delete(s.places, key)
		}
	}
}

// places starts loading the keys that have not been requested and returns the
// places of all.
func (l *batching[K, V]) places(ctx context.Context, keys []K) []place[K, V] {
	s := stateOf[K, V](ctx, l.id)
	s.mu.Lock()
	defer s.mu.Unlock()
	if missing := s.missing(keys); len(missing) > 0 {
		l.start(ctx, s, missing)
	}
	places := make([]place[K, V], len(keys))
	for i, key := range keys {
		places[i] = s.places[key]
	}
	return places
}

// missing returns the distinct keys that have no places yet, and assigns them some.
func (s *state[K, V]) missing(keys []K) []K {
	if s.places == nil {
		s.places = make(map[K]place[K, V], len(keys)/4+1) // keys repeat, usually
	}
	var none K
	var missing []K
	for i, key := range keys {
		if _, have := s.places[key]; have || key == none {
			continue
		}
		if missing == nil {
			missing = make([]K, 0, len(keys)-i)
		}
		s.places[key] = place[K, V]{}
		missing = append(missing, key)
	}
	return missing
}

// start loads keys, in batches of as many as a call may have.
func (l *batching[K, V]) start(ctx context.Context, s *state[K, V], keys []K) {
	if l.shares(ctx) {
		for _, f := range l.board(ctx, s, l.recall(ctx, s, keys)) {
			l.send(ctx, s, &batch[K, V]{keys: f.keys, fetch: l.fly(f)})
		}
		return
	}
	for chunk := range slices.Chunk(keys, l.max) {
		l.send(ctx, s, &batch[K, V]{keys: chunk, fetch: l.fetch})
	}
}

// send starts loading a batch.
func (l *batching[K, V]) send(ctx context.Context, s *state[K, V], b *batch[K, V]) {
	if l.max != Unlimited {
		b.size = len(b.keys)
	}
	b.wait = s.batches.Load(ctx, b)
	s.add(b)
}

// add assigns the keys of a batch their places in it.
func (s *state[K, V]) add(b *batch[K, V]) {
	for i, key := range b.keys {
		s.places[key] = place[K, V]{b, i}
	}
}

// guarded turns a panic of a call into an error of its keys. The dataloader
// would catch it too, but writes to the standard logger and forgets the stack.
func guarded[K, V any](ctx context.Context, key K, call func(context.Context, K) (V, error)) (value V, err error) {
	defer func() {
		if crash := recover(); crash != nil {
			err = problem.Recovered(crash)
		}
	}()
	return call(ctx, key)
}
