package loader_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"

	"github.com/portico-gateway/portico/gateway/loader"
	"github.com/portico-gateway/portico/gateway/problem"
	"github.com/portico-gateway/portico/gateway/provenance"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// recorder is a fetch that remembers the keys of its calls.
type recorder struct {
	mu    sync.Mutex
	calls [][]string
}

func (r *recorder) fetch(_ context.Context, keys []string) (map[string]string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls = append(r.calls, slices.Sorted(slices.Values(keys)))
	values := map[string]string{}
	for _, key := range keys {
		if !strings.HasPrefix(key, "missing") {
			values[key] = "value of " + key
		}
	}
	return values, nil
}

func TestOneCallForAllKeys(t *testing.T) {
	r := &recorder{}
	l := loader.New(100, r.fetch)
	ctx := loader.WithScope(t.Context())
	got, err := l.LoadAll(ctx, []string{"b", "a", "b", "", "missing"})
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"value of b", "value of a", "value of b", "", ""}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if want := [][]string{{"a", "b", "missing"}}; fmt.Sprint(r.calls) != fmt.Sprint(want) {
		t.Errorf("calls %v, want %v", r.calls, want)
	}
}

func TestEachKeyOncePerScope(t *testing.T) {
	r := &recorder{}
	l := loader.New(100, r.fetch)
	ctx := loader.WithScope(t.Context())
	for _, keys := range [][]string{{"a", "b"}, {"b", "c"}, {"a", "c"}} {
		if _, err := l.LoadAll(ctx, keys); err != nil {
			t.Fatal(err)
		}
	}
	if got := fmt.Sprint(r.calls); got != "[[a b] [c]]" {
		t.Errorf("calls %s", got)
	}
	if _, err := l.Load(loader.WithScope(t.Context()), "a"); err != nil || len(r.calls) != 3 {
		t.Errorf("another scope shared what was loaded: %v, %v", r.calls, err)
	}
	loader.Reset(ctx)
	if _, err := l.Load(ctx, "a"); err != nil || len(r.calls) != 4 {
		t.Errorf("a reset scope kept what was loaded: %v, %v", r.calls, err)
	}
}

func TestWithoutScope(t *testing.T) {
	r := &recorder{}
	l := loader.New(1, r.fetch)
	for range 2 {
		if got, err := l.Load(t.Context(), "a"); err != nil || got != "value of a" {
			t.Errorf("got %q, %v", got, err)
		}
	}
	if len(r.calls) != 2 {
		t.Errorf("calls %v, want 2", r.calls)
	}
	loader.Reset(t.Context()) // nothing to reset
}

// More keys than a call may have go out in several calls, concurrently: each
// waits for all the others here.
func TestMaxBatch(t *testing.T) {
	var together sync.WaitGroup
	together.Add(3)
	l := loader.New(2, func(_ context.Context, keys []int) (map[int]int, error) {
		if len(keys) > 2 {
			t.Errorf("%d keys in a call", len(keys))
		}
		together.Done()
		together.Wait()
		values := map[int]int{}
		for _, key := range keys {
			values[key] = -key
		}
		return values, nil
	})
	got, err := l.LoadAll(loader.WithScope(t.Context()), []int{1, 2, 3, 4, 5})
	if err != nil || !slices.Equal(got, []int{-1, -2, -3, -4, -5}) {
		t.Errorf("got %v, %v", got, err)
	}
}

// Many callers with overlapping keys: every key is fetched once, and nobody
// waits for a batch that never fills.
func TestConcurrentCallers(t *testing.T) {
	var mu sync.Mutex
	fetched := map[int]int{}
	l := loader.New(7, func(_ context.Context, keys []int) (map[int]int, error) {
		mu.Lock()
		defer mu.Unlock()
		values := map[int]int{}
		for _, key := range keys {
			fetched[key]++
			values[key] = key * 10
		}
		return values, nil
	})
	ctx := loader.WithScope(t.Context())
	var wait sync.WaitGroup
	for i := range 50 {
		wait.Go(func() {
			var keys []int
			for j := range 20 {
				keys = append(keys, 1+(i+j)%40)
			}
			values, err := l.LoadAll(ctx, keys)
			for j, value := range values {
				if err != nil || value != keys[j]*10 {
					t.Errorf("key %d gave %d, %v", keys[j], value, err)
				}
			}
		})
	}
	wait.Wait()
	for key, n := range fetched {
		if n != 1 {
			t.Errorf("key %d was fetched %d times", key, n)
		}
	}
}

func TestErrorOfOneKey(t *testing.T) {
	broken := errors.New("broken")
	l := loader.New(10, func(_ context.Context, keys []string) (map[string]string, error) {
		return map[string]string{"a": "A", "c": "C"}, loader.KeyErrors[string]{"b": broken}
	})
	got, err := l.LoadAll(t.Context(), []string{"a", "b", "c"})
	failed, ok := errors.AsType[loader.Errors](err)
	if !ok || failed[0] != nil || !errors.Is(failed[1], broken) || failed[2] != nil {
		t.Errorf("errors %v", err)
	}
	if !slices.Equal(got, []string{"A", "", "C"}) {
		t.Errorf("got %q", got)
	}
	if !errors.Is(err, broken) || !strings.HasPrefix(err.Error(), "1 of 3 failed") {
		t.Errorf("error %v", err)
	}
}

// Of several calls for one level, the one that fails fails its keys only.
func TestErrorOfOneCall(t *testing.T) {
	broken := errors.New("broken")
	l := loader.New(2, func(_ context.Context, keys []int) (map[int]int, error) {
		if slices.Contains(keys, 3) {
			return nil, broken
		}
		return map[int]int{keys[0]: 1}, nil
	})
	_, err := l.LoadAll(t.Context(), []int{1, 2, 3, 4})
	failed, _ := errors.AsType[loader.Errors](err)
	if failed == nil || failed[0] != nil || failed[1] != nil || failed[2] == nil || failed[3] == nil {
		t.Errorf("errors %v", []error(failed))
	}
}

func TestPanicIsAnErrorOfItsKeys(t *testing.T) {
	l := loader.New(10, func(context.Context, []string) (map[string]string, error) { panic("boom") })
	_, err := l.Load(loader.WithScope(t.Context()), "a")
	crash, ok := errors.AsType[*problem.PanicError](err)
	if !ok || crash.Value != "boom" || !strings.Contains(string(crash.Stack), "loader_test") {
		t.Errorf("got %v", err)
	}
}

// A service without a call for many keys is called for each, under a bound.
func TestOneByOne(t *testing.T) {
	var running, most atomic.Int32
	broken := errors.New("broken")
	l := loader.New(100, loader.OneByOne(3, func(_ context.Context, key int) (int, error) {
		defer running.Add(-1)
		most.Store(max(most.Load(), running.Add(1)))
		switch key {
		case 7:
			return 0, broken
		case 8:
			panic("boom")
		}
		return key * 2, nil
	}))
	got, err := l.LoadAll(t.Context(), []int{1, 2, 3, 7, 8, 9})
	failed, _ := errors.AsType[loader.Errors](err)
	if !slices.Equal(got, []int{2, 4, 6, 0, 0, 18}) || failed == nil || !errors.Is(failed[3], broken) || failed[4] == nil || failed[5] != nil {
		t.Errorf("got %v, errors %v", got, []error(failed))
	}
	if most.Load() > 3 {
		t.Errorf("%d calls at once, want at most 3", most.Load())
	}
}

func TestFamily(t *testing.T) {
	var mu sync.Mutex
	var calls []string
	f := loader.NewFamily(10, func(_ context.Context, first int, keys []string) (map[string]string, error) {
		mu.Lock()
		defer mu.Unlock()
		calls = append(calls, fmt.Sprint(first, keys))
		return map[string]string{keys[0]: fmt.Sprint(keys[0], first)}, nil
	})
	ctx := loader.WithScope(t.Context())
	for _, c := range []struct {
		first int
		want  string
	}{{1, "a1"}, {2, "a2"}, {1, "a1"}} {
		if got, err := f.For(c.first).Load(ctx, "a"); err != nil || got != c.want {
			t.Errorf("got %q, %v; want %q", got, err, c.want)
		}
	}
	if fmt.Sprint(calls) != "[1 [a] 2 [a]]" {
		t.Errorf("calls %v", calls)
	}
}

func TestResolve(t *testing.T) {
	type parent struct{ id string }
	r := &recorder{}
	l := loader.New(10, r.fetch)
	got, err := loader.Resolve(t.Context(), l, []*parent{{"x"}, {""}, {"x"}}, func(p *parent) string { return p.id })
	if err != nil || !slices.Equal(got, []string{"value of x", "", "value of x"}) {
		t.Errorf("got %q, %v", got, err)
	}
}

// Rows in any order, missing, twice and uncalled for are matched by key.
func FuzzRowsAreMatchedByKey(f *testing.F) {
	f.Add([]byte{3, 1, 2}, []byte{2, 2, 9, 1})
	f.Add([]byte{}, []byte{1})
	f.Fuzz(func(t *testing.T, keys, rows []byte) {
		type row struct{ key, at int }
		var table []row
		last := map[int]int{}
		for at, key := range rows {
			table = append(table, row{int(key), at})
			last[int(key)] = at
		}
		key := func(r row) int { return r.key }
		one := loader.New(5, func(context.Context, []int) (map[int]row, error) { return loader.ByKey(table, key), nil })
		many := loader.New(5, func(_ context.Context, keys []int) (map[int][]row, error) {
			return loader.GroupByKey(keys, table, key), nil
		})
		var asked []int
		for _, k := range keys {
			asked = append(asked, int(k))
		}
		single, err := one.LoadAll(t.Context(), asked)
		if err != nil {
			t.Fatal(err)
		}
		groups, err := many.LoadAll(t.Context(), asked)
		if err != nil {
			t.Fatal(err)
		}
		for i, k := range asked {
			if k == 0 {
				continue // stands for none
			}
			if at, ok := last[k]; ok && (single[i].key != k || single[i].at != at) || !ok && single[i] != (row{}) {
				t.Errorf("key %d got row %v", k, single[i])
			}
			if groups[i] == nil {
				t.Errorf("key %d got null, not an empty list", k)
			}
			for _, r := range groups[i] {
				if r.key != k {
					t.Errorf("key %d got a row of key %d", k, r.key)
				}
			}
		}
	})
}

// A batch costs a few allocations a key: time.After, goroutines and channels
// of the dataloader, once a batch, are part of it.
func BenchmarkLoadAll(b *testing.B) {
	values := map[int]int{}
	keys := make([]int, 100)
	for i := range keys {
		keys[i] = i + 1
		values[i+1] = i
	}
	l := loader.New(100, func(context.Context, []int) (map[int]int, error) { return values, nil })
	b.ReportAllocs()
	for b.Loop() {
		if _, err := l.LoadAll(loader.WithScope(context.Background()), keys); err != nil {
			b.Fatal(err)
		}
	}
}

// Calls know how many keys they are for, if one call is for several.
func TestKeysOfBatches(t *testing.T) {
	var mu sync.Mutex
	var got []int
	note := func(ctx context.Context) {
		mu.Lock()
		defer mu.Unlock()
		got = append(got, provenance.Keys(ctx))
	}
	batched := loader.New(4, func(ctx context.Context, keys []int) (map[int]int, error) {
		note(ctx)
		return map[int]int{}, nil
	})
	single := loader.New(loader.Unlimited, loader.OneByOne(3, func(ctx context.Context, _ int) (int, error) {
		note(ctx)
		return 0, nil
	}))
	keys := []int{1, 2, 3, 4, 5, 6}
	for _, l := range []*loader.Loader[int, int]{batched, single} {
		got = nil
		if _, err := l.LoadAll(loader.WithScope(provenance.WithKeys(t.Context(), 9)), keys); err != nil {
			t.Fatal(err)
		}
		slices.Sort(got)
		want := []int{2, 4}
		if l == single {
			want = make([]int, len(keys))
		}
		if !slices.Equal(got, want) {
			t.Errorf("the keys of calls: %v, want %v", got, want)
		}
	}
}
