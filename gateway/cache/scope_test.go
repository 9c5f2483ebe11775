package cache_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/portico-gateway/portico/gateway/cache"
)

// counted makes values and counts them.
func counted(n *int, err error) func() (int, error) {
	return func() (int, error) { *n++; return *n, err }
}

func TestOnce(t *testing.T) {
	failure := errors.New("failed")
	a, b := cache.Key{1}, cache.Key{2}
	for name, c := range map[string]struct {
		do   func(ctx context.Context, make func() (int, error))
		err  error
		want int
	}{
		"one key": {func(ctx context.Context, f func() (int, error)) {
			_, _ = cache.Once(ctx, a, f)
			_, _ = cache.Once(ctx, a, f)
		}, nil, 1},
		"an error is kept": {func(ctx context.Context, f func() (int, error)) {
			_, _ = cache.Once(ctx, a, f)
			_, _ = cache.Once(ctx, a, f)
		}, failure, 1},
		"two keys": {func(ctx context.Context, f func() (int, error)) {
			_, _ = cache.Once(ctx, a, f)
			_, _ = cache.Once(ctx, b, f)
		}, nil, 2},
		"after a reset": {func(ctx context.Context, f func() (int, error)) {
			_, _ = cache.Once(ctx, a, f)
			cache.ResetScope(ctx)
			_, _ = cache.Once(ctx, a, f)
		}, nil, 2},
		"who left is not waited for": {func(ctx context.Context, f func() (int, error)) {
			_, _ = cache.Once(ctx, a, f)
			_, _ = cache.Once(ctx, a, f)
		}, context.Canceled, 2},
		"an inner scope": {func(ctx context.Context, f func() (int, error)) {
			_, _ = cache.Once(ctx, a, f)
			_, _ = cache.Once(cache.Shared(cache.WithScope(ctx)), a, f)
		}, nil, 2},
	} {
		t.Run(name, func(t *testing.T) {
			n := 0
			c.do(cache.Shared(cache.WithScope(t.Context())), counted(&n, c.err))
			if n != c.want {
				t.Errorf("made %d times, want %d", n, c.want)
			}
		})
	}
}

func TestOnceUnshared(t *testing.T) {
	for name, ctx := range map[string]context.Context{
		"without a scope":        t.Context(),
		"shared without a scope": cache.Shared(t.Context()),
		"not shared":             cache.WithScope(t.Context()),
	} {
		n := 0
		for range 2 {
			_, _ = cache.Once(ctx, cache.Key{1}, counted(&n, nil))
		}
		if n != 2 {
			t.Errorf("%s: made %d times", name, n)
		}
	}
}

func TestOnceWaits(t *testing.T) {
	ctx := cache.Shared(cache.WithScope(t.Context()))
	begun, end := make(chan struct{}), make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() {
		_, _ = cache.Once(ctx, cache.Key{1}, func() (int, error) { close(begun); <-end; return 7, nil })
	})
	<-begun
	gone, leave := context.WithCancel(ctx)
	leave()
	if _, err := cache.Once(gone, cache.Key{1}, func() (int, error) { return 0, nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("who leaves waits: %v", err)
	}
	group.Go(func() {
		if got, err := cache.Once(ctx, cache.Key{1}, func() (int, error) { return 8, nil }); got != 7 || err != nil {
			t.Errorf("got %d, %v", got, err)
		}
	})
	close(end)
	group.Wait()
}
