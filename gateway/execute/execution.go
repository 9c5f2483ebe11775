// Package execute executes operations for generated code: level by level, every field once
// for all objects of a level, so that the number of calls to services follows the depth of
// an operation and not the length of its lists. The answer is written when all levels are
// resolved. (GraphQL specification, section 6.4, leaves the order of execution open.)
package execute

import (
	"context"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/loader"
	"github.com/portico-gateway/portico/gateway/provenance"
)

// execution is the context of the execution of one operation, or of one event of a
// subscription. That it is one for all that executions need makes small operations cheap.
type execution struct {
	context.Context //nolint:containedctx // it is a context

	plans  *Plans
	denied map[*ast.Field]error
	turn   turn // of an event
	cost   *float64
	// fellBack is called with the error in place of which a field has its fallback; nil
	// for none.
	fellBack func(ctx context.Context, field string, err error)
	scope    loader.Scope
	// maxResponse is described at [Options].
	maxResponse int
}

type executionKey struct{}

// Begin returns a context with a loader scope of its own. Call it once for an operation, and
// once more for every event of a subscription with the operation's context.
func Begin(ctx context.Context) context.Context {
	outer := executionOf(ctx)
	if outer == nil {
		return Start(ctx, Options{})
	}
	return &execution{Context: ctx, plans: outer.plans, denied: outer.denied, fellBack: outer.fellBack, maxResponse: outer.maxResponse}
}

// Options are the options of an execution. The zero value has those of [Begin].
type Options struct {
	// Plans caches plans for other requests with the same operation; nil caches none.
	Plans *Plans
	// Denied are fields that have errors instead of being resolved.
	Denied map[*ast.Field]error
	// FellBack is called with the error of a service when a field gets its fallback
	// instead. It must be safe for concurrent use, and may be called with the same error
	// several times. It may be nil.
	FellBack func(ctx context.Context, field string, err error)
	// Cost is set to the cost of the data of a query or a mutation (see [Weigh]), unless the data
	// is null. It may be nil.
	Cost *float64
	// MaxResponse is the size in bytes of the data of a response; 0 for no limit. Data that would be
	// larger is null, with an error (MAX_RESPONSE_LIMIT).
	MaxResponse int
}

// Start is [Begin] for an operation with options.
func Start(ctx context.Context, o Options) context.Context {
	return &execution{Context: ctx, plans: o.Plans, denied: o.Denied, fellBack: o.FellBack, cost: o.Cost, maxResponse: o.MaxResponse}
}

// executionOf returns the execution of a context; nil if it has none.
func executionOf(ctx context.Context) *execution {
	r, _ := ctx.Value(executionKey{}).(*execution)
	return r
}

// deniedOf returns the fields that are denied in a context.
func deniedOf(ctx context.Context) map[*ast.Field]error {
	if e := executionOf(ctx); e != nil {
		return e.denied
	}
	return nil
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

// Reset removes all loaded values, so that the next field reads the writes of a mutation.
func Reset(ctx context.Context) {
	provenance.From(ctx).Wrote()
	loader.Reset(ctx)
}
