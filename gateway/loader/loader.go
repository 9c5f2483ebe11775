// Package loader loads values by key: in batches, each key once per request,
// matched by key and never by position.
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
	"slices"
	"sync"
	"time"

	"github.com/portico-gateway/portico/gateway/cache"

	"github.com/graph-gophers/dataloader/v7"

	"github.com/portico-gateway/portico/gateway/problem"
)

// Fetch gets the values of keys, which are distinct. A key that is not in the
// map has no value, which is no error. An error is that of all keys, unless it
// is a [KeyErrors].
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

// Load returns the value of one key, at once and on its own: to load the keys
// of many objects use [Loader.LoadAll]. A key without a value gives V's zero
// value.
func (l *Loader[K, V]) Load(ctx context.Context, key K) (V, error) {
	return l.thunks(ctx, []K{key})[0]()
}

// LoadAll returns the values of keys, in their order. Keys may repeat; the
// zero key stands for none and is not fetched. A key without a value gives V's
// zero value. When keys fail, the error is an [Errors] with one entry a key,
// and the values of the others are there.
func (l *Loader[K, V]) LoadAll(ctx context.Context, keys []K) ([]V, error) {
	values := make([]V, len(keys))
	var failed Errors
	for i, thunk := range l.thunks(ctx, keys) {
		value, err := thunk()
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

// state is what one loader has loaded in one scope.
type state[K comparable, V any] struct {
	// mu makes "which keys are missing" and "load these" one step. Without it
	// another call could take one of the keys in between, the batch would
	// never fill up, and everyone would wait for it.
	mu    sync.Mutex
	cache *dataloader.InMemoryCache[K, V]
}

func newState[K comparable, V any]() *state[K, V] {
	return &state[K, V]{cache: dataloader.NewCache[K, V]()}
}

// thunks starts loading the keys that nobody has asked for yet and returns a
// function for each key that waits for its value.
func (l *Loader[K, V]) thunks(ctx context.Context, keys []K) []dataloader.Thunk[V] {
	thunks := make([]dataloader.Thunk[V], len(keys))
	s := stateOf[K, V](ctx, l.id)
	s.mu.Lock()
	defer s.mu.Unlock()
	missing := s.missing(ctx, keys)
	if l.shares(ctx) {
		for _, batch := range l.board(ctx, s, l.recall(ctx, s, missing)) {
			s.start(ctx, batch.keys, l.fly(batch))
		}
	} else {
		for chunk := range slices.Chunk(missing, l.max) {
			s.start(ctx, chunk, l.fetch)
		}
	}
	var none K
	for i, key := range keys {
		if key == none {
			thunks[i] = nothing[V]
			continue
		}
		thunks[i], _ = s.cache.Get(ctx, key)
	}
	return thunks
}

func nothing[V any]() (value V, err error) { return value, nil }

// missing returns the distinct keys that are not in the cache.
func (s *state[K, V]) missing(ctx context.Context, keys []K) []K {
	var none K
	seen := make(map[K]struct{}, len(keys))
	missing := make([]K, 0, len(keys))
	for _, key := range keys {
		if _, again := seen[key]; again || key == none {
			continue
		}
		seen[key] = struct{}{}
		if _, cached := s.cache.Get(ctx, key); !cached {
			missing = append(missing, key)
		}
	}
	return missing
}

// never is how long a batch waits for keys that don't come: they always do.
const never = 24 * time.Hour

// start loads keys, which are not in the cache, by a dataloader whose batch is
// full with the last of them, so that it goes out then and no timer decides.
func (s *state[K, V]) start(ctx context.Context, keys []K, fetch Fetch[K, V]) {
	batch := dataloader.NewBatchedLoader(batchFunc(fetch),
		dataloader.WithCache[K, V](s.cache),
		dataloader.WithBatchCapacity[K, V](len(keys)),
		dataloader.WithInputCapacity[K, V](len(keys)),
		dataloader.WithWait[K, V](never))
	for _, key := range keys {
		batch.Load(ctx, key)
	}
}

// batchFunc matches what fetch returns to the keys.
func batchFunc[K comparable, V any](fetch Fetch[K, V]) dataloader.BatchFunc[K, V] {
	return func(ctx context.Context, keys []K) []*dataloader.Result[V] {
		values, err := guarded(cache.Shared(ctx), keys, fetch)
		results := make([]*dataloader.Result[V], len(keys))
		for i, key := range keys {
			results[i] = &dataloader.Result[V]{Data: values[key], Error: errorOf(err, key)}
		}
		return results
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
