package loader

import (
	"context"
	"sync"

	"github.com/portico-gateway/portico/gateway/cache"
)

// Scope holds what the loaders of one request have loaded, and the GETs that it
// made. The zero value has nothing. It is safe for concurrent use.
type Scope struct {
	gets   cache.Scope
	mu     sync.Mutex
	states map[any]any // a loader's id -> its *state[K, V]
}

// Value returns a part of the scope if key is the one that a context has it under,
// else nil: for a context that has a scope in it.
func (s *Scope) Value(key any) any {
	if _, ok := key.(scopeKey); ok {
		return s
	}
	return s.gets.Value(key)
}

type scopeKey struct{}

// WithScope returns a context in which every loader caches what it loads, and in
// which identical GETs are one (see [cache.Once]). The scope ends with the
// context; scopes do not nest: the inner one hides the outer one.
func WithScope(ctx context.Context) context.Context { return &scoped{Context: ctx} }

type scoped struct {
	context.Context //nolint:containedctx // it is a context

	scope Scope
}

// Value is part of context.Context.
func (s *scoped) Value(key any) any {
	if value := s.scope.Value(key); value != nil {
		return value
	}
	return s.Context.Value(key)
}

// Reset removes everything that was loaded in the context's scope. Call it after a write
// whose effects the same operation reads. Running loads finish. It is safe for concurrent
// use, and does nothing without a scope.
func Reset(ctx context.Context) {
	cache.ResetScope(ctx)
	if s, ok := ctx.Value(scopeKey{}).(*Scope); ok {
		s.mu.Lock()
		defer s.mu.Unlock()
		clear(s.states)
	}
}

// stateOf returns the state of the loader with this id, or a new one that
// nobody shares when the context has no scope.
func stateOf[K comparable, V any](ctx context.Context, id any) *state[K, V] {
	s, ok := ctx.Value(scopeKey{}).(*Scope)
	if !ok {
		return &state[K, V]{batches: newBatches()}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if have, ok := s.states[id].(*state[K, V]); ok {
		return have
	}
	fresh := &state[K, V]{batches: newBatches()}
	if s.states == nil {
		s.states = map[any]any{}
	}
	s.states[id] = fresh
	return fresh
}
