package loader_test

import (
	"context"
	"slices"
	"sync"
	"testing"

	"github.com/portico-gateway/portico/gateway/loader"
)

// An observer gets to know how many keys each batch has, and costs no allocation.
func TestObserve(t *testing.T) {
	var mu sync.Mutex
	var seen []int
	observe := func(keys int) {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, keys)
	}
	r := &recorder{}
	l := loader.New(2, r.fetch).Observe(observe)
	family := loader.NewFamily(10, func(ctx context.Context, _ int, keys []string) (map[string]string, error) { return r.fetch(ctx, keys) }).Observe(observe)
	ctx := loader.WithScope(t.Context())
	for _, load := range []func() error{
		func() error { _, err := l.LoadAll(ctx, []string{"a", "b", "c", "a"}); return err },
		func() error { _, err := l.LoadAll(ctx, []string{"a", "b", "c"}); return err },
		func() error { _, err := family.For(1).LoadAll(ctx, []string{"a", "b", "c", "d"}); return err },
		func() error { _, err := family.For(2).Load(ctx, "a"); return err },
	} {
		if err := load(); err != nil {
			t.Fatal(err)
		}
	}
	if slices.Sort(seen); !slices.Equal(seen, []int{1, 1, 2, 4}) {
		t.Errorf("batches of %v keys", seen)
	}
	fetch := func(context.Context, []string) (map[string]string, error) { return nil, nil } //nolint:nilnil // nothing is found
	plain, observed := loader.New(2, fetch), loader.New(2, fetch).Observe(func(int) {})
	// Of many loads together: with the race detector a sync.Pool forgets values at random, so one load may take one allocation more.
	const loads = 2000
	allocations := func(l *loader.Loader[string, string]) float64 {
		return testing.AllocsPerRun(1, func() {
			for range loads {
				_, _ = l.Load(t.Context(), "a")
			}
		})
	}
	if with, without := allocations(observed), allocations(plain); with > without+loads/2 {
		t.Errorf("%v allocations of %d loads, and %v without an observer", with, loads, without)
	}
}
