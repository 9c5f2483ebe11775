package execute

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/deadline"
	"github.com/portico-gateway/portico/gateway/problem"
)

// Resolver resolves one field for all parents: the result has their length and
// order. An error is that of all of them, unless it has a method Errors()
// []error, as loader.Errors has, with one entry a parent.
type Resolver[P comparable, R any] func(ctx context.Context, parents []P) ([]R, error)

// Below resolves the selections on values, and returns when it has all results. It is
// generated for every type with fields to resolve.
type Below[R any] func(ctx context.Context, selections ast.SelectionSet, values []R)

// Each makes a resolver of a method that takes one parent. The parents are
// resolved concurrently.
func Each[P comparable, R any](one func(ctx context.Context, parent P) (R, error)) Resolver[P, R] {
	return func(ctx context.Context, parents []P) ([]R, error) {
		values := make([]R, len(parents))
		failed := make(itemErrors, len(parents))
		var wait sync.WaitGroup
		for i, parent := range parents {
			wait.Go(func() {
				defer func() {
					if value := recover(); value != nil {
						failed[i] = problem.Recovered(value)
					}
				}()
				values[i], failed[i] = one(ctx, parent)
			})
		}
		wait.Wait()
		return values, failed
	}
}

// itemErrors are errors by position, nil where there is none.
type itemErrors []error

func (e itemErrors) Error() string   { return errors.Join(e...).Error() }
func (e itemErrors) Errors() []error { return e }

// batch is the resolution of one field for the parents of one level.
type batch[P comparable, R any] struct {
	parents    []P
	index      map[P]int
	selections ast.SelectionSet
	resolve    Resolver[P, R]
	below      Below[R] // nil when nothing is to be resolved below

	once   sync.Once
	values []R
	failed []error // nil, or one entry a parent
}

// result waits for the result of the parent at this position. Whoever comes
// first resolves the whole batch.
func (b *batch[P, R]) result(ctx context.Context, at int) (value R, err error) {
	b.run(ctx)
	if b.failed != nil && b.failed[at] != nil {
		return value, b.failed[at]
	}
	return b.values[at], nil
}

func (b *batch[P, R]) run(ctx context.Context) {
	b.once.Do(func() {
		defer func() {
			if value := recover(); value != nil { // of the resolver or of what is below
				b.values, b.failed = nil, repeat(problem.Recovered(value), len(b.parents))
			}
		}()
		b.values, b.failed = b.call(ctx)
		if b.below != nil {
			b.below(ctx, b.selections, b.succeeded())
		}
	})
}

func (b *batch[P, R]) succeeded() []R {
	if b.failed == nil {
		return b.values
	}
	values := make([]R, 0, len(b.values))
	for i, value := range b.values {
		if b.failed[i] == nil {
			values = append(values, value)
		}
	}
	return values
}

// call runs the resolver. What it returns has the length of the parents.
func (b *batch[P, R]) call(ctx context.Context) (values []R, failed []error) {
	values, err := b.resolve(ctx, b.parents)
	if items, ok := errors.AsType[interface {
		error
		Errors() []error
	}](err); ok && len(items.Errors()) == len(b.parents) {
		failed = items.Errors()
	} else if err != nil {
		return nil, repeat(err, len(b.parents))
	}
	if len(values) != len(b.parents) {
		return nil, repeat(fmt.Errorf("a resolver returned %d results for %d parents", len(values), len(b.parents)), len(b.parents))
	}
	return values, failed
}

// callWithin is call as the first of levels of calls, each of which has its share of
// the time that is left.
func (b *batch[P, R]) callWithin(ctx context.Context, levels int) (values []R, failed []error) {
	ctx, cancel := deadline.Share(ctx, levels)
	defer cancel()
	return b.call(ctx)
}

func repeat(err error, n int) []error {
	list := make([]error, n)
	for i := range list {
		list[i] = err
	}
	return list
}

// Resolved returns the result of gqlgen's current field for this parent, if it was
// resolved with its level; it waits if that is running.
func Resolved[P comparable, R any](ctx context.Context, parent P) (value R, ok bool, err error) {
	b, at := find[P, R](ctx, graphql.GetFieldContext(ctx).Field.Field, parent)
	if b == nil {
		return value, false, nil
	}
	value, err = b.result(ctx, at)
	return value, true, err
}

// Root resolves the selections below the value of gqlgen's current root field.
func Root[R any](ctx context.Context, value R, below Below[R]) {
	below(ctx, graphql.GetFieldContext(ctx).Field.Selections, []R{value})
}

// Alone resolves gqlgen's current field for a parent that no level had, such as one that
// a hand-written type returned by value.
func Alone[P comparable, R any](ctx context.Context, parent P, resolve Resolver[P, R], below Below[R]) (R, error) {
	b := &batch[P, R]{
		parents:    []P{parent},
		selections: graphql.GetFieldContext(ctx).Field.Selections,
		resolve:    resolve,
		below:      below,
	}
	return b.result(ctx, 0)
}
