package loader

import (
	"context"
	"sync"

	"github.com/portico-gateway/portico/gateway/cache"
)

// scope holds what the loaders of one request have loaded.
type scope struct {
	mu     sync.Mutex
	states map[any]any // a loader's id -> its *state[K, V]
}

type scopeKey struct{}

// WithScope returns a context in which every loader caches what it loads, and in
// which identical GETs are one ([cache.WithScope]). The scope ends with the
// context; scopes do not nest: the inner one hides the outer one.
func WithScope(ctx context.Context) context.Context {
	return cache.WithScope(context.WithValue(ctx, scopeKey{}, &scope{states: map[any]any{}}))
}

// Reset forgets everything that was loaded in the context's scope, as has to
// be done when something was written. Loads that are under way finish.
func Reset(ctx context.Context) {
	cache.ResetScope(ctx)
	if s, ok := ctx.Value(scopeKey{}).(*scope); ok {
		s.mu.Lock()
		defer s.mu.Unlock()
		clear(s.states)
	}
}

// stateOf returns the state of the loader with this id, or a new one that
// nobody shares when the context has no scope.
func stateOf[K comparable, V any](ctx context.Context, id any) *state[K, V] {
	s, ok := ctx.Value(scopeKey{}).(*scope)
	if !ok {
		return newState[K, V]()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if have, ok := s.states[id].(*state[K, V]); ok {
		return have
	}
	fresh := newState[K, V]()
	s.states[id] = fresh
	return fresh
}
