// Package loader loads values by key: in batches, each key once per request, and
// matched by key.
//
// A [Loader] is made once, when the gateway starts; what it has loaded belongs
// to the scope in the context ([WithScope]), which is made once per request.
// There are no timers: a batch goes out as soon as the caller has named its
// keys, so resolvers should name them all at once ([Loader.LoadAll],
// [Resolve]). It is built on graph-gophers/dataloader.
package loader

import (
	"context"
	"math"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/portico-gateway/portico/gateway/cache"

	"github.com/graph-gophers/dataloader/v7"

	"github.com/portico-gateway/portico/gateway/deadline"
	"github.com/portico-gateway/portico/gateway/problem"
	"github.com/portico-gateway/portico/gateway/provenance"
)

// Fetch gets the values of keys, which are distinct. A key that is not in the map,
// or whose value is nil, has no value, which is no error. An error is that of all
// keys, unless it is a [KeyErrors].
//
// It is called concurrently. Its context is that of the caller whose keys came
// first.
type Fetch[K comparable, V any] func(ctx context.Context, keys []K) (map[K]V, error)

// Loader loads values by key. It is immutable and safe for concurrent use.
type Loader[K comparable, V any] struct {
	id    any // what the state is stored under in a scope
	max   int
	fetch Fetch[K, V]

	args    any // of a family's
	keeping *Keeping
	kept    *cache.Cache // of *kept[V]; nil without keeping
	flying  *flying[K, V]
}

// Unlimited is the most keys of a fetch that bounds its calls itself, as
// [OneByOne] does.
const Unlimited = math.MaxInt

// Opt is an argument of a [Family] that may be absent.
type Opt[T comparable] struct {
	Value T
	Set   bool
}

// Some is the argument that value points to; absent for nil.
func Some[T comparable](value *T) Opt[T] {
	if value == nil {
		return Opt[T]{}
	}
	return Opt[T]{*value, true}
}

// Pointer is the opposite of [Some].
func (o Opt[T]) Pointer() *T {
	if !o.Set {
		return nil
	}
	return &o.Value
}

// New returns a loader that calls fetch with at most max keys; for more keys
// it calls several times, concurrently. It panics when max is less than 1.
func New[K comparable, V any](max int, fetch Fetch[K, V]) *Loader[K, V] {
	if max < 1 {
		panic("loader.New: max must be at least 1")
	}
	l := &Loader[K, V]{max: max, fetch: fetch, flying: newFlying[K, V]()}
	l.id = l
	return l
}

// Observe makes the loader call observe before it loads a batch, with the number of its keys,
// without those that were cached. observe must not block; nil is for nobody. Call Observe when the
// loader is made.
func (l *Loader[K, V]) Observe(observe func(keys int)) *Loader[K, V] {
	if fetch := l.fetch; observe != nil {
		l.fetch = func(ctx context.Context, keys []K) (map[K]V, error) {
			observe(len(keys))
			return fetch(ctx, keys)
		}
	}
	return l
}

// Load returns the value of one key, at once and on its own: to load the keys
// of many objects use [Loader.LoadAll]. The value of a key without one is V's zero
// value.
func (l *Loader[K, V]) Load(ctx context.Context, key K) (V, error) {
	return l.loaded(ctx, []K{key})[0].value()
}

// LoadAll returns the values of keys, in their order. Keys may repeat; the
// zero key stands for none and is not fetched. The value of a key without one is V's
// zero value. When keys fail, the error is an [Errors] with one entry a key,
// and the values of the others are there.
func (l *Loader[K, V]) LoadAll(ctx context.Context, keys []K) ([]V, error) {
	values := make([]V, len(keys))
	var failed Errors
	for i, place := range l.loaded(ctx, keys) {
		value, err := place.value()
		if err != nil {
			if failed == nil {
				failed = make(Errors, len(keys))
			}
			failed[i] = err
			continue
		}
		values[i] = value
	}
	if failed != nil {
		return values, failed
	}
	return values, nil
}

// Resolve loads what key names for each parent: the body of most resolvers
// that take all parents of a field.
func Resolve[P any, K comparable, V any](ctx context.Context, l *Loader[K, V], parents []P, key func(P) K) ([]V, error) {
	keys := make([]K, len(parents))
	for i, parent := range parents {
		keys[i] = key(parent)
	}
	return l.LoadAll(ctx, keys)
}

// ResolveKeys is [Resolve] with keys of numbers: key may make them with the texts,
// and must not keep these.
func ResolveKeys[P any, K comparable, V any](ctx context.Context, l *Loader[K, V], parents []P, key func(P, *Texts) K) ([]V, error) {
	var texts Texts
	return Resolve(ctx, l, parents, func(parent P) K { return key(parent, &texts) })
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
	batches *dataloader.Loader[*batch[K, V], struct{}]
}

// never is how long the dataloader waits for more batches to load together: it
// does not, each goes out at once.
const never = 24 * time.Hour

func newState[K comparable, V any]() *state[K, V] {
	return &state[K, V]{batches: dataloader.NewBatchedLoader(loadBatches[K, V],
		dataloader.WithBatchCapacity[*batch[K, V], struct{}](1),
		dataloader.WithInputCapacity[*batch[K, V], struct{}](1),
		dataloader.WithWait[*batch[K, V], struct{}](never))}
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
func loadBatches[K comparable, V any](ctx context.Context, batches []*batch[K, V]) []*dataloader.Result[struct{}] {
	results := make([]*dataloader.Result[struct{}], len(batches))
	for i, b := range batches {
		values, err := guarded(newFetching(ctx, b.size), b.keys, b.fetch) //nolint:contextcheck // it is ctx, with more in it
		b.set(ctx, values, err)
		results[i] = &dataloader.Result[struct{}]{}
	}
	return results
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

// value returns the value, which is loaded.
func (p place[K, V]) value() (value V, err error) {
	if p.in == nil {
		return value, nil
	}
	if p.in.errs != nil && p.in.errs[p.at] != nil {
		return value, p.in.errs[p.at]
	}
	return p.in.values[p.at], nil
}

// loaded returns the places of keys in batches that are loaded. Keys that another
// caller of the scope loaded in vain, since it had less time, are loaded again.
func (l *Loader[K, V]) loaded(ctx context.Context, keys []K) []place[K, V] {
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
func (l *Loader[K, V]) forget(ctx context.Context, places []place[K, V], keys []K) {
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
func (l *Loader[K, V]) places(ctx context.Context, keys []K) []place[K, V] {
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
func (l *Loader[K, V]) start(ctx context.Context, s *state[K, V], keys []K) {
	if l.shares(ctx) {
		for _, f := range l.board(ctx, s, l.recall(ctx, s, keys)) {
			l.load(ctx, s, &batch[K, V]{keys: f.keys, fetch: l.fly(f)})
		}
		return
	}
	for chunk := range slices.Chunk(keys, l.max) {
		l.load(ctx, s, &batch[K, V]{keys: chunk, fetch: l.fetch})
	}
}

// load starts loading a batch.
func (l *Loader[K, V]) load(ctx context.Context, s *state[K, V], b *batch[K, V]) {
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
