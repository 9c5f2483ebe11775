package execute

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/portico-gateway/portico/gateway/deadline"
	"github.com/portico-gateway/portico/gateway/problem"
	"github.com/portico-gateway/portico/gateway/stack"
)

// Resolver resolves one field for all parents: the result has their length and
// order. An error is that of all of them, unless it has a method Errors()
// []error, as loader.Errors has, with one entry a parent.
type Resolver[P, R any] func(ctx context.Context, parents []P) ([]R, error)

// Each returns a resolver of a method that has one parent. The parents are
// resolved concurrently.
func Each[P, R any](one func(ctx context.Context, parent P) (R, error)) Resolver[P, R] {
	return func(ctx context.Context, parents []P) ([]R, error) {
		values := make([]R, len(parents))
		failed := make(itemErrors, len(parents))
		var wait sync.WaitGroup
		for i, parent := range parents {
			wait.Go(func() { values[i], failed[i] = guarded(ctx, parent, one) })
		}
		wait.Wait()
		return values, failed
	}
}

// guarded calls a method, whose panic is an error.
func guarded[P, R any](ctx context.Context, parent P, one func(ctx context.Context, parent P) (R, error)) (value R, err error) {
	defer func() {
		if panicked := recover(); panicked != nil {
			err = problem.Recovered(panicked)
		}
	}()
	return one(ctx, parent)
}

// Distinct returns a resolver that gets each parent once, for a hand-written
// method.
func Distinct[P comparable, R any](resolve Resolver[P, R]) Resolver[P, R] {
	return func(ctx context.Context, parents []P) ([]R, error) {
		index, distinct := make(map[P]int, len(parents)), make([]P, 0, len(parents))
		for _, parent := range parents {
			if _, again := index[parent]; !again {
				index[parent] = len(distinct)
				distinct = append(distinct, parent)
			}
		}
		if len(distinct) == len(parents) {
			return resolve(ctx, parents)
		}
		values, failed := resolve.call(ctx, distinct)
		out, errs := make([]R, len(parents)), make(itemErrors, len(parents))
		for i, parent := range parents {
			if values != nil {
				out[i] = values[index[parent]]
			}
			if failed != nil {
				errs[i] = failed[index[parent]]
			}
		}
		return out, errs
	}
}

// Check returns a resolver that returns an error for some parents instead of what resolve
// returns: those whose fault is not nil, of a value that resolve needs.
func Check[P, R any](resolve Resolver[P, R], fault func(P) error) Resolver[P, R] {
	return func(ctx context.Context, parents []P) ([]R, error) {
		values, failed := resolve.call(ctx, parents)
		for i, parent := range parents {
			if err := fault(parent); err != nil {
				if failed == nil {
					failed = make([]error, len(parents))
				}
				failed[i] = err
			}
		}
		if failed == nil {
			return values, nil
		}
		if values == nil {
			values = make([]R, len(parents))
		}
		return values, itemErrors(failed)
	}
}

// OrEmpty returns a resolver of lists that are not null where resolve has nil for a parent without a key: it is not
// loaded, so nothing is missing.
func OrEmpty[P, R any](resolve Resolver[P, []R], lacksKey func(P) bool) Resolver[P, []R] {
	return func(ctx context.Context, parents []P) ([][]R, error) {
		values, err := resolve(ctx, parents)
		for i := range values {
			if values[i] == nil && lacksKey(parents[i]) {
				values[i] = []R{}
			}
		}
		return values, err
	}
}

// itemErrors are errors by position, nil where there is none.
type itemErrors []error

func (e itemErrors) Error() string   { return errors.Join(e...).Error() }
func (e itemErrors) Errors() []error { return e }

// call runs the resolver. values have the length of parents, unless all failed: then they may
// be nil. failed has one entry a parent; it is nil if none failed.
func (r Resolver[P, R]) call(ctx context.Context, parents []P) (values []R, failed []error) {
	values, err := r(ctx, parents)
	if items, ok := errors.AsType[interface {
		error
		Errors() []error
	}](err); ok && len(items.Errors()) == len(parents) {
		failed = items.Errors()
	} else if err != nil {
		return nil, repeat(err, len(parents))
	}
	if len(values) != len(parents) {
		return nil, repeat(fmt.Errorf("a resolver returned %d results for %d parents", len(values), len(parents)), len(parents))
	}
	return values, failed
}

// callWithin is call as the first of levels of calls, each of which has its share of
// the time that is left.
func (r Resolver[P, R]) callWithin(ctx context.Context, parents []P, levels int) (values []R, failed []error) {
	ctx, cancel := deadline.Share(ctx, levels)
	defer cancel()
	return r.call(ctx, parents)
}

func repeat(err error, n int) []error {
	list := make([]error, n)
	for i := range list {
		list[i] = err
	}
	return list
}

// Concurrently runs tasks and returns when all are done. If one panics, Concurrently then
// panics in the caller's goroutine.
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
			stack.Grow()
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

// Map returns the results of get for each item.
func Map[P, R any](items []P, get func(P) R) []R {
	values := make([]R, len(items))
	for i, item := range items {
		values[i] = get(item)
	}
	return values
}
