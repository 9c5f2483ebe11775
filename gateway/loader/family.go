package loader

import (
	"context"

	"github.com/portico-gateway/portico/gateway/cache"
)

// Family is a set of loaders that differ by the arguments of a call, such as
// how many rows to fetch for each key. It is immutable and safe for concurrent
// use.
type Family[A, K comparable, V any] struct {
	of members[A, K, V] // an interface as in a Loader
}

// members is a *[family].
type members[A, K comparable, V any] interface {
	member(args A) *Loader[K, V]
	observe(observe func(keys int))
	cacheBy(c Caching)
}

// NewFamily returns a family that calls fetch with at most max keys. It panics
// if max is less than 1.
func NewFamily[A, K comparable, V any](max int, fetch func(ctx context.Context, args A, keys []K) (map[K]V, error)) *Family[A, K, V] {
	if max < 1 {
		panic("loader.NewFamily: max must be at least 1")
	}
	return &Family[A, K, V]{&family[A, K, V]{max: max, fetch: fetch, flying: newFlying[K, V]()}}
}

// Observe is [Loader.Observe] for all loaders of the family.
func (f *Family[A, K, V]) Observe(observe func(keys int)) *Family[A, K, V] {
	f.of.observe(observe)
	return f
}

// Cache is [Loader.Cache] for all loaders of the family.
func (f *Family[A, K, V]) Cache(c Caching) *Family[A, K, V] {
	f.of.cacheBy(c)
	return f
}

// For returns the loader for these arguments. Loaders for equal arguments
// share what they have loaded.
func (f *Family[A, K, V]) For(args A) *Loader[K, V] { return f.of.member(args) }

// family is what a [Family] is made of.
type family[A, K comparable, V any] struct {
	max   int
	fetch func(ctx context.Context, args A, keys []K) (map[K]V, error)

	caching *Caching
	cache   *cache.Cache
	flying  *flying[K, V]
}

func (f *family[A, K, V]) observe(observe func(keys int)) {
	if fetch := f.fetch; observe != nil {
		f.fetch = func(ctx context.Context, args A, keys []K) (map[K]V, error) {
			observe(len(keys))
			return fetch(ctx, args, keys)
		}
	}
}

func (f *family[A, K, V]) cacheBy(c Caching) { f.caching, f.cache = &c, newCache[V](c.Store) }

func (f *family[A, K, V]) member(args A) *Loader[K, V] {
	type member struct {
		family *family[A, K, V]
		args   A
	}
	b := &batching[K, V]{
		id:  member{f, args},
		max: f.max,
		fetch: func(ctx context.Context, keys []K) (map[K]V, error) {
			return f.fetch(ctx, args, keys)
		},
		args:    args,
		caching: f.caching,
		cache:   f.cache,
		flying:  f.flying,
	}
	return b.handle()
}
