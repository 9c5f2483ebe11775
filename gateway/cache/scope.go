package cache

import (
	"context"
	"errors"
	"sync"

	"github.com/portico-gateway/portico/gateway/deadline"
)

// Scope holds the values that were computed for one operation. The zero value has
// none. It is safe for concurrent use.
type Scope struct {
	mu   sync.Mutex
	made map[Key]any // a *once[T]
}

// Value returns the scope if key is the one that a context has its scope under,
// else nil: for a context that has a scope in it.
func (s *Scope) Value(key any) any {
	if _, ok := key.(scopeKey); ok {
		return s
	}
	return nil
}

// Shared returns the scope if key is the one that a [Shared] context has it under, else
// nil: for a context that is one.
func (s *Scope) Shared(key any) any {
	if _, ok := key.(sharedKey); ok {
		return s
	}
	return nil
}

// ScopeOf returns the scope of a context; nil if it has none.
func ScopeOf(ctx context.Context) *Scope {
	s, _ := ctx.Value(scopeKey{}).(*Scope)
	return s
}

// once is a value that is computed or being computed.
type once[T any] struct {
	done  chan struct{} // closed when it is computed
	value T
	err   error
	short bool // the call that computed it had less time than its operation
}

type (
	scopeKey  struct{}
	sharedKey struct{}
)

// WithScope returns a context with a scope, in which what runs in a [Shared]
// context computes a value once. Scopes do not nest: an inner one hides the outer
// one.
func WithScope(ctx context.Context) context.Context {
	return context.WithValue(ctx, scopeKey{}, &Scope{})
}

// Shared returns a context in which [Once] uses the context's scope. It is for code
// that wants the same value again, as bindings do: hand-written code may call a
// service until something changes.
func Shared(ctx context.Context) context.Context {
	if s := ScopeOf(ctx); s != nil {
		return context.WithValue(ctx, sharedKey{}, s)
	}
	return ctx
}

// ResetScope removes all values from the context's scope. Call it after a
// write. Computations that are running are not shared with later callers.
func ResetScope(ctx context.Context) {
	if s := ScopeOf(ctx); s != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		clear(s.made)
	}
}

// Once returns the result of compute for the key. In a [Shared] context, compute is
// called once for each key of the scope, and its value and error are kept until
// [ResetScope], without expiring. Concurrent callers wait for it, or until ctx is
// done. If the call that they wait for was canceled, or its share of the operation's
// time was over, each calls compute itself. All values of a key must have the same
// type. In other contexts, Once calls compute.
func Once[T any](ctx context.Context, key Key, compute func() (T, error)) (T, error) {
	s, ok := ctx.Value(sharedKey{}).(*Scope)
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
		if isCut := errors.Is(have.err, context.Canceled) || have.short && ctx.Err() == nil; !isCut {
			return have.value, have.err
		}
		return compute() // the other caller left, or had less time
	}
	mine := &once[T]{done: make(chan struct{})}
	if s.made == nil {
		s.made = map[Key]any{}
	}
	s.made[key] = mine
	s.mu.Unlock()
	defer close(mine.done)
	mine.err = errUnfinished // in case of a panic
	mine.value, mine.err = compute()
	mine.short = mine.err != nil && deadline.IsOver(ctx)
	return mine.value, mine.err
}

var errUnfinished = errors.New("the call that others waited for panicked")
