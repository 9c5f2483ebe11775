package execute

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

// Compiled is the compiled execution of a schema. Its parts are generated.
type Compiled struct {
	// Types are the object types; the positions are what [FieldOf.Types] and
	// [Selected.Below] use.
	Types []*Type
	// Query, Mutation and Subscription resolve the levels of an operation, or of an
	// event, and the others write its data. They are nil if the schema has no such
	// operations.
	Query, Mutation, Subscription                func(*Run, *Object) *Results
	WriteQuery, WriteMutation, WriteSubscription func(*Writer, *Object, *Results)
}

// Schema returns a schema that executes operations with the compiled execution,
// and those that are not compiled with gqlgen's: introspection and @defer.
//
// A field whose value from a service does not match the schema has the error of
// its [decode.Faults], and so has an object that is none.
//
// Subscriptions are answered with the events of [Stream]. Every event has a place
// for results and a loader scope of its own, and errors with the path from the
// root field on.
//
//   - An event with an error ([problem.EventError]) is null with that error, and
//     the next one follows.
//   - An event in which a non-null root field is null is null as a whole.
//   - The error that ends the stream is a last response without data, unless the
//     subscriber left.
func Schema(schema graphql.ExecutableSchema, compiled *Compiled) graphql.ExecutableSchema {
	return executable{schema, compiled}
}

type executable struct {
	graphql.ExecutableSchema

	compiled *Compiled
}

// Exec is part of graphql.ExecutableSchema.
func (s executable) Exec(ctx context.Context) graphql.ResponseHandler {
	oc := graphql.GetOperationContext(ctx)
	plans := &Plans{}
	if e := executionOf(ctx); e != nil && e.plans != nil {
		plans = e.plans
	}
	p := planner{schema: s.Schema(), types: s.compiled.Types}
	plan := p.plan(oc, plans)
	switch {
	case oc.Operation.Operation == ast.Subscription:
		return s.subscribe(ctx, plan)
	case plan == nil:
		return s.interpret(ctx)
	case oc.Operation.Operation == ast.Mutation:
		return once(func(ctx context.Context) *graphql.Response {
			return s.run(ctx, plan, s.compiled.Mutation, s.compiled.WriteMutation)
		})
	}
	return once(func(ctx context.Context) *graphql.Response {
		return s.run(ctx, plan, s.compiled.Query, s.compiled.WriteQuery)
	})
}

// subscribe executes a subscription, whose events have a plan; nil for gqlgen.
func (s executable) subscribe(ctx context.Context, plan *Plan) graphql.ResponseHandler {
	oc := graphql.GetOperationContext(ctx)
	oc.ResolverMiddleware = faults(oc.ResolverMiddleware, s.compiled.Types)
	if plan == nil {
		return subscribe(ctx, s.ExecutableSchema, nil)
	}
	return subscribe(ctx, s.ExecutableSchema, func(ctx context.Context) *graphql.Response {
		return s.run(ctx, plan, s.compiled.Subscription, s.compiled.WriteSubscription)
	})
}

// once returns a handler of one response.
func once(respond graphql.ResponseHandler) graphql.ResponseHandler {
	done := false
	return func(ctx context.Context) *graphql.Response {
		if done {
			return nil
		}
		done = true
		return respond(ctx)
	}
}

// interpret executes an operation with gqlgen.
func (s executable) interpret(ctx context.Context) graphql.ResponseHandler {
	oc := graphql.GetOperationContext(ctx)
	oc.ResolverMiddleware = faults(oc.ResolverMiddleware, s.compiled.Types)
	return s.ExecutableSchema.Exec(ctx)
}

// Reference returns the schema without compiled execution, for tests.
func (s executable) Reference() graphql.ExecutableSchema {
	return reference{s}
}

type reference struct{ executable }

// Exec is part of graphql.ExecutableSchema.
func (r reference) Exec(ctx context.Context) graphql.ResponseHandler {
	if graphql.GetOperationContext(ctx).Operation.Operation == ast.Subscription {
		return r.subscribe(ctx, nil)
	}
	return r.interpret(ctx)
}

// run executes a plan.
func (s executable) run(ctx context.Context, plan *Plan, level func(*Run, *Object) *Results, write func(*Writer, *Object, *Results)) *graphql.Response {
	x := &Run{ctx: ctx, denied: deniedOf(ctx)}
	w := &Writer{run: x, buf: make([]byte, 0, firstBuffer+plan.size.Load())}
	if ok := w.guarded(func() { write(w, plan.root, level(x, plan.root)) }); !ok || w.failed {
		return &graphql.Response{Data: []byte("null")}
	}
	plan.size.Store(min(int64(len(w.buf)), mostBuffer))
	return &graphql.Response{Data: w.buf}
}

// How many bytes a buffer begins with: as many as the last answer to the same
// operation had, and some more, but not what one large answer needed.
const (
	firstBuffer = 512
	mostBuffer  = 256 << 10
)
