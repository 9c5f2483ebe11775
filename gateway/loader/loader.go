// Package loader loads values by key: in batches, each key once per request, and
// matched by key.
//
// A [Loader] is made once, when the gateway starts; what it has loaded belongs
// to the scope in the context ([WithScope]), which the gateway makes for each
// request. There are no timers: a batch is sent as soon as it is requested, so a
// method should request the keys of all its parents at once ([Resolve],
// [Loader.LoadAll]). It is built on graph-gophers/dataloader.
//
// Bindings generate loaders, such as r.Clients.Blog.PostComments(). Hand-written
// ones are for calls that no binding makes: [New], or [NewFamily] if the call has
// arguments besides the keys. [ByKey] and [GroupByKey] match rows with keys.
package loader

import (
	"context"
	"math"
)

// Fetch returns the values of keys, which are distinct and not zero, and must not be
// modified. A key that is not in the map, or whose value is nil, has no value, which is
// not an error. An error applies to all keys, unless it is a [KeyErrors].
//
// It is called concurrently. Its context is that of the caller whose keys came
// first. A panic becomes the error of all keys.
type Fetch[K comparable, V any] func(ctx context.Context, keys []K) (map[K]V, error)

// Loader loads values by key. It is safe for concurrent use once Observe and Cache have
// been called.
type Loader[K comparable, V any] struct {
	// What loads is behind an interface, so that packages that name a Loader's type do not compile
	// all of it for their keys and values.
	of loads[K, V]
}

// loads is a *[batching].
type loads[K comparable, V any] interface {
	load(ctx context.Context, key K) (V, error)
	loadAll(ctx context.Context, keys []K) ([]V, error)
	observe(observe func(keys int))
	cacheBy(c Caching)
}

// Unlimited is the maximum number of keys for a fetch that limits its calls itself, as
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
// it calls several times, concurrently. It panics if max is less than 1.
func New[K comparable, V any](max int, fetch Fetch[K, V]) *Loader[K, V] {
	if max < 1 {
		panic("loader.New: max must be at least 1")
	}
	b := &batching[K, V]{max: max, fetch: fetch, flying: newFlying[K, V]()}
	b.id = b
	return b.handle()
}

// Observe makes the loader call observe before it loads a batch, with the number of its keys that
// are not cached, and returns the loader. observe is called concurrently and must not block; it may
// be nil. Call Observe when the loader is made.
func (l *Loader[K, V]) Observe(observe func(keys int)) *Loader[K, V] {
	l.of.observe(observe)
	return l
}

// Cache lets requests share the loader's values, which they must not modify, and returns the
// loader. Call it when the loader is made.
func (l *Loader[K, V]) Cache(c Caching) *Loader[K, V] {
	l.of.cacheBy(c)
	return l
}

// Load returns the value of one key. If the scope does not have it, that is a batch of
// one key: use [Loader.LoadAll] for several. The value of a key without one is V's zero
// value.
func (l *Loader[K, V]) Load(ctx context.Context, key K) (V, error) { return l.of.load(ctx, key) }

// LoadAll returns the values of keys, in their order. Keys may repeat; the
// zero key stands for none and is not fetched. The value of a key without one is V's
// zero value. If keys fail, the error is an [Errors] with one entry for each key, and
// the values of the others are returned nevertheless.
func (l *Loader[K, V]) LoadAll(ctx context.Context, keys []K) ([]V, error) {
	return l.of.loadAll(ctx, keys)
}

// Resolve returns the value of the key of each parent, in the order of the parents. It is
// the body of most methods that take all parents of a field; they return its values
// and its error, which are those of [Loader.LoadAll].
func Resolve[P any, K comparable, V any](ctx context.Context, l *Loader[K, V], parents []P, key func(P) K) ([]V, error) {
	keys := make([]K, len(parents))
	for i, parent := range parents {
		keys[i] = key(parent)
	}
	return l.LoadAll(ctx, keys)
}

// ResolveKeys is [Resolve] for numeric keys: key may format them with the texts, which it
// must not retain.
func ResolveKeys[P any, K comparable, V any](ctx context.Context, l *Loader[K, V], parents []P, key func(P, *Texts) K) ([]V, error) {
	var texts Texts
	return Resolve(ctx, l, parents, func(parent P) K { return key(parent, &texts) })
}
