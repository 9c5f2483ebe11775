package execute

import (
	"context"
	"math"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/introspection"
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
	// Subscribe opens the stream of the root field of a subscription.
	Subscribe func(ctx context.Context, x *Run, f *Selected) (Events, error)
}

// Parse returns the schema of a frontend, for generated code. It panics if the sources are
// invalid.
func Parse(sources ...*ast.Source) *ast.Schema { return gqlparser.MustLoadSchema(sources...) }

// Schema returns a schema that executes operations with the compiled execution.
//
// A field whose value from a service does not match the schema has the error of
// its [decode.Faults], and so has an object that is none.
//
// Every event of a subscription has a loader scope of its own, and errors with the path from
// the root field on.
//
//   - An event with an error ([problem.EventError]) is null with that error, and
//     the next one follows.
//   - An event in which a non-null root field is null is null as a whole.
//   - The error that ends the stream is a last response without data, unless the
//     subscriber left.
func Schema(schema *ast.Schema, compiled *Compiled) graphql.ExecutableSchema {
	return &executable{schema, compiled, withIntrospection(schema, compiled.Types), introspection.New(schema)}
}

type executable struct {
	schema        *ast.Schema
	compiled      *Compiled
	types         []*Type
	introspection *introspection.Schema
}

// Schema is part of graphql.ExecutableSchema.
func (s *executable) Schema() *ast.Schema { return s.schema }

// Complexity is part of graphql.ExecutableSchema. Package cost computes what operations cost.
func (s *executable) Complexity(context.Context, string, string, int, map[string]any) (int, bool) {
	return 0, false
}

// Exec is part of graphql.ExecutableSchema.
func (s *executable) Exec(ctx context.Context) graphql.ResponseHandler {
	oc := graphql.GetOperationContext(ctx)
	plans := &Plans{}
	if e := executionOf(ctx); e != nil && e.plans != nil {
		plans = e.plans
	}
	p := planner{schema: s.schema, types: s.types}
	plan := p.plan(oc, plans)
	switch oc.Operation.Operation {
	case ast.Subscription:
		return s.subscribe(ctx, plan)
	case ast.Mutation:
		return once(func(ctx context.Context) *graphql.Response {
			return s.run(ctx, plan, s.compiled.Mutation, s.compiled.WriteMutation)
		})
	}
	return once(func(ctx context.Context) *graphql.Response {
		return s.run(ctx, plan, s.compiled.Query, s.compiled.WriteQuery)
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

// start returns the run of an execution.
func (s *executable) start(ctx context.Context) *Run {
	return &Run{ctx: ctx, denied: deniedOf(ctx), introspection: s.introspection}
}

// run executes a plan.
func (s *executable) run(ctx context.Context, plan *Plan, level func(*Run, *Object) *Results, write func(*Writer, *Object, *Results)) *graphql.Response {
	x := s.start(ctx)
	e := executionOf(ctx)
	w := &Writer{run: x, buf: make([]byte, 0, firstBuffer+plan.size.Load()), most: math.MaxInt}
	if e != nil && e.maxResponse > 0 {
		w.most = e.maxResponse
	}
	ok := w.guarded(func() { write(w, plan.root, level(x, plan.root)) })
	w.finish()
	if !ok || w.failed || w.left {
		return &graphql.Response{Data: []byte("null")}
	}
	if e != nil && e.cost != nil {
		*e.cost = w.cost
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
