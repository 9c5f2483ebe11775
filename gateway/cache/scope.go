package cache

import (
	"context"
	"errors"
	"sync"
)

// scope holds what was made for one operation.
type scope struct {
	mu   sync.Mutex
	made map[Key]any // a *once[T]
}

// once is a value that is made or being made.
type once[T any] struct {
	done  chan struct{} // closed when it is made
	value T
	err   error
}

type scopeKey struct{}

// WithScope returns a context in which [Once] makes a value once. Scopes do not
// nest: the inner one hides the outer one.
func WithScope(ctx context.Context) context.Context {
	return context.WithValue(ctx, scopeKey{}, &scope{made: map[Key]any{}})
}

// ResetScope forgets what was made in the context's scope, as has to be done when
// something was written. What is being made is not shared with what follows.
func ResetScope(ctx context.Context) {
	if s, ok := ctx.Value(scopeKey{}).(*scope); ok {
		s.mu.Lock()
		defer s.mu.Unlock()
		clear(s.made)
	}
}

// Once returns what make returns for the key: the same value and the same error in
// all of the context's scope, however long ago it was made. Callers that come while
// it is being made wait for it, or until ctx ends. A key has values of one type
// only. Without a scope it calls make.
func Once[T any](ctx context.Context, key Key, compute func() (T, error)) (T, error) {
	s, ok := ctx.Value(scopeKey{}).(*scope)
	if !ok {
		return compute()
	}
	s.mu.Lock()
	if have, ok := s.made[key].(*once[T]); ok {
		s.mu.Unlock()
		select {
		case <-have.done:
		case <-ctx.Done():
			return *new(T), ctx.Err()
		}
		if !errors.Is(have.err, context.Canceled) {
			return have.value, have.err
		}
		return compute() // the other caller left
	}
	mine := &once[T]{done: make(chan struct{})}
	s.made[key] = mine
	s.mu.Unlock()
	defer close(mine.done)
	mine.err = errUnfinished // in case of a panic
	mine.value, mine.err = compute()
	return mine.value, mine.err
}

var errUnfinished = errors.New("the call that others waited for panicked")
