package execute

import (
	"context"
	"slices"
	"sync"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/problem"
	"github.com/portico-gateway/portico/gateway/provenance"
)

// Level has the objects of one type that share a selection set, and the fields to resolve
// for them. It must be used by one goroutine; it runs resolvers concurrently.
type Level[P comparable] struct {
	ctx     context.Context
	parents []P
	index   map[P]int
	tasks   []func()
}

// NewLevel makes a level of objects. An object is resolved once even if the list repeats
// it; objects that are nil, or that are faults as a whole, are omitted.
func NewLevel[P comparable](ctx context.Context, objects []P) *Level[P] {
	l := &Level[P]{ctx: ctx, parents: make([]P, 0, len(objects)), index: make(map[P]int, len(objects))}
	var none P
	for _, object := range objects {
		if _, again := l.index[object]; again || object == none || faultsOf(object).IsWhole() {
			continue
		}
		l.index[object] = len(l.parents)
		l.parents = append(l.parents, object)
	}
	return l
}

// Objects returns the level's objects, distinct and not nil. They must not be modified.
func (l *Level[P]) Objects() []P { return l.parents }

// Add resolves a field for all objects of the level, then what is below it. A
// deferred field is resolved when gqlgen asks for the first of its results,
// and then for all objects.
func Add[P comparable, R any](l *Level[P], field graphql.CollectedField, resolve Resolver[P, R], below Below[R]) {
	b := &batch[P, R]{
		parents:    l.parents,
		index:      l.index,
		selections: field.Selections,
		resolve:    resolve,
		below:      below,
	}
	register(l.ctx, field.Field, b)
	if !field.IsDeferred() {
		l.tasks = append(l.tasks, func() { b.run(l.ctx) })
	}
}

// Down resolves the selections below a field whose values the objects already have.
func (l *Level[P]) Down(field graphql.CollectedField, below func()) {
	if !field.IsDeferred() {
		l.tasks = append(l.tasks, below)
	}
}

// Tag records the tags that invalidate an answer with the level's objects: see package
// provenance. An empty string is ignored.
func Tag[P comparable](l *Level[P], tag func(P) string) {
	record := provenance.From(l.ctx)
	if record == nil {
		return
	}
	tags := make([]string, len(l.parents))
	for i, object := range l.parents {
		tags[i] = tag(object)
	}
	record.Tag(tags...)
}

// Empty reports whether the level has no objects.
func (l *Level[P]) Empty() bool { return len(l.parents) == 0 }

// Run resolves all added fields concurrently, and returns when they are done.
func (l *Level[P]) Run() { Concurrently(l.tasks...) }

// Concurrently runs tasks and returns when all are done. If one panics, Concurrently then
// panics in the caller's goroutine, where gqlgen recovers it.
func Concurrently(tasks ...func()) {
	if len(tasks) == 0 {
		return
	}
	var (
		wait  sync.WaitGroup
		once  sync.Once
		crash any
	)
	for _, task := range tasks[1:] {
		wait.Go(func() {
			defer func() {
				if value := recover(); value != nil {
					once.Do(func() { crash = problem.Recovered(value) })
				}
			}()
			task()
		})
	}
	func() {
		defer wait.Wait() // also when the first one panics
		tasks[0]()
	}()
	if crash != nil {
		panic(crash)
	}
}

// Flat makes, of what resolves below values, what resolves below lists of them.
func Flat[R any](below Below[R]) Below[[]R] {
	return func(ctx context.Context, selections ast.SelectionSet, lists [][]R) {
		below(ctx, selections, slices.Concat(lists...))
	}
}

// Map collects the results of get for each object: the values of a field that the objects
// already have.
func Map[P, R any](objects []P, get func(P) R) []R {
	values := make([]R, len(objects))
	for i, object := range objects {
		values[i] = get(object)
	}
	return values
}
