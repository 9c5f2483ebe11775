// Package execute resolves fields for generated code: breadth-first, every field once for
// all its parents, so that the number of calls to services follows the depth of an
// operation and not the length of its lists.
//
// gqlgen executes depth-first: it asks for a field once for each object. So
// when a root field has its value, generated code walks the selections below
// it level by level, runs each resolver with all objects of the level at once,
// and keeps the results. When gqlgen comes to a field, its result is there.
// (GraphQL specification, section 6.4, leaves the order of execution open.)
package execute

import (
	"context"
	"sync"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/loader"
	"github.com/portico-gateway/portico/gateway/provenance"
)

// execution is the context of the execution of one operation, or of one event of a
// subscription, and holds its results. That it is one for all that executions
// need makes small operations cheap.
type execution struct {
	context.Context //nolint:containedctx // it is a context

	outer  *execution // of an event: its subscription
	plans  *Plans
	denied map[*ast.Field]error
	turn   turn // of an event that is executed by a plan
	// fellBack is called with the error in place of which a field has its fallback; nil
	// for none.
	fellBack func(ctx context.Context, field string, err error)
	scope    loader.Scope

	mu      sync.Mutex
	batches map[any]any   // resultKey -> batches[P, R]
	events  [2]*execution // of a subscription: what was resolved for its latest events
}

type executionKey struct{}

// Begin returns a context with a place for results and a loader scope of its
// own. Call it once for an operation, and once more for every event of a
// subscription with the operation's context.
func Begin(ctx context.Context) context.Context {
	outer := executionOf(ctx)
	if outer == nil {
		return Start(ctx, Options{})
	}
	return &execution{Context: ctx, outer: outer, plans: outer.plans, denied: outer.denied, fellBack: outer.fellBack}
}

// Options are the options of an execution. The zero value has those of [Begin].
type Options struct {
	// Plans caches plans for other requests with the same operation; nil caches none.
	Plans *Plans
	// Denied are fields that have errors instead of being resolved. If there are any, the
	// operation must use [Deny] of them as its middleware.
	Denied map[*ast.Field]error
	// FellBack is called with the error of a service when a field gets its fallback
	// instead. It must be safe for concurrent use, and may be called with the same error
	// several times. It may be nil.
	FellBack func(ctx context.Context, field string, err error)
}

// Start is [Begin] for an operation with options.
func Start(ctx context.Context, o Options) context.Context {
	return &execution{Context: ctx, plans: o.Plans, denied: o.Denied, fellBack: o.FellBack}
}

// executionOf returns the execution of a context; nil if it has none.
func executionOf(ctx context.Context) *execution {
	r, _ := ctx.Value(executionKey{}).(*execution)
	return r
}

// Value is part of context.Context.
func (e *execution) Value(key any) any {
	if _, ok := key.(executionKey); ok {
		return e
	}
	if value := e.scope.Value(key); value != nil {
		return value
	}
	return e.Context.Value(key)
}

// Reset removes all results and all loaded values, so that the next field reads the
// writes of a mutation.
func Reset(ctx context.Context) {
	provenance.From(ctx).Wrote()
	loader.Reset(ctx)
	if e := executionOf(ctx); e != nil {
		e.mu.Lock()
		defer e.mu.Unlock()
		clear(e.batches)
	}
}

// resultKey finds the batches of a field of a document. The type parameters
// are part of it: through an interface one field is resolved for several
// types of objects.
type resultKey[P comparable, R any] struct{ field *ast.Field }

// batches are those of one field: there can be several, since a fragment may
// be spread in several places.
type batches[P comparable, R any] struct{ list []*batch[P, R] }

// register adds a batch to the request. Without a request, results are not shared
// and each object is resolved on its own.
func register[P comparable, R any](ctx context.Context, field *ast.Field, b *batch[P, R]) {
	e := executionOf(ctx)
	if e == nil {
		return
	}
	key := resultKey[P, R]{field}
	e.mu.Lock()
	defer e.mu.Unlock()
	have, ok := e.batches[key].(*batches[P, R])
	if !ok {
		if e.batches == nil {
			e.batches = map[any]any{}
		}
		have = &batches[P, R]{}
		e.batches[key] = have
	}
	have.list = append(have.list, b)
}

// find returns the batch that has the field's result for this parent, or nil.
func find[P comparable, R any](ctx context.Context, field *ast.Field, parent P) (*batch[P, R], int) {
	for e := executionOf(ctx); e != nil; e = e.outer {
		if b, at := findIn[P, R](e, field, parent); b != nil {
			return b, at
		}
		for _, event := range e.latest() {
			if event == nil {
				continue
			}
			if b, at := findIn[P, R](event, field, parent); b != nil {
				return b, at
			}
		}
	}
	return nil, 0
}

func findIn[P comparable, R any](e *execution, field *ast.Field, parent P) (*batch[P, R], int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	have, ok := e.batches[resultKey[P, R]{field}].(*batches[P, R])
	if !ok {
		return nil, 0
	}
	for _, b := range have.list {
		if at, ok := b.index[parent]; ok {
			return b, at
		}
	}
	return nil, 0
}

func (e *execution) latest() [2]*execution {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.events
}

// addEvent keeps the results of an event until the one after the next: while
// one event is written, the next is resolved already.
func (e *execution) addEvent(event *execution) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.events = [2]*execution{e.events[1], event}
}

// resolve resolves an event in a place of its own.
func (e *execution) resolve(ctx context.Context, event func(context.Context)) {
	ctx = Begin(ctx)
	event(ctx)
	if e != nil {
		e.addEvent(executionOf(ctx))
	}
}
