package cache_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/portico-gateway/portico/gateway/cache"
	"github.com/portico-gateway/portico/internal/longtest"
)

func newStore(t testing.TB, size int64) *cache.Store {
	t.Helper()
	s, err := cache.New(cache.Config{Size: size, Missing: time.Second, Random: func() float64 { return 0 }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func key(name string) cache.Key { return sha256.Sum256([]byte(name)) }

// plain returns a cache of values that are not shared.
func plain(t testing.TB, s *cache.Store, timeout time.Duration) *cache.Cache {
	t.Helper()
	c := cache.NewCache(s, cache.Kind{Timeout: timeout})
	t.Cleanup(c.Close)
	return c
}

// entry returns an entry that is fresh for a minute.
func entry(value any, tags ...string) *cache.Entry {
	return &cache.Entry{Value: value, Cost: 100, Born: time.Now(), Policy: cache.Policy{Fresh: time.Minute}, Tags: tags}
}

// fetch returns the value of a key, and whether it was made for another caller.
func fetch(ctx context.Context, c *cache.Cache, create cache.Make) (int, bool, error) {
	e, status, err := c.Fetch(ctx, key("k"), create)
	if err != nil {
		return 0, status.Joined, err
	}
	return e.Value.(int), status.Joined, nil //nolint:forcetypeassert // a test
}

// of returns a function that makes a value that is not cached.
func of(create func(ctx context.Context) (int, error)) cache.Make {
	return func(ctx context.Context, _ *cache.Entry) (*cache.Entry, error) {
		value, err := create(ctx)
		return &cache.Entry{Value: value}, err
	}
}

// fill makes a value, as values are made.
func fill(t testing.TB, s *cache.Store, name string, value any, tags ...string) {
	t.Helper()
	c := cache.NewCache(s, cache.Kind{Timeout: time.Minute})
	defer c.Close()
	_, _, err := c.Fetch(t.Context(), key(name), func(context.Context, *cache.Entry) (*cache.Entry, error) { return entry(value, tags...), nil })
	if err != nil {
		t.Fatal(err)
	}
}

// get returns the fresh entry of a key; nil if there is none.
func get(s *cache.Store, name string) *cache.Entry {
	return cache.NewCache(s, cache.Kind{}).Fresh(key(name))
}

func has(s *cache.Store, name string) bool { return get(s, name) != nil }

func TestInvalidation(t *testing.T) {
	s := newStore(t, 1<<20)
	fill(t, s, "a", "a", "a")
	fill(t, s, "b", "b", "b")
	fill(t, s, "ab", "ab", "a", "b")
	fill(t, s, "none", "none")
	for _, name := range []string{"a", "b", "ab", "none"} {
		if e := get(s, name); e == nil || e.Value != name {
			t.Errorf("%s is not kept", name)
		}
	}
	s.Invalidate(t.Context(), "x")
	s.Invalidate(t.Context())
	s.Invalidate(t.Context(), "a", "c")
	if has(s, "a") || has(s, "ab") || !has(s, "b") || !has(s, "none") {
		t.Error("what has the tag a is not what was invalidated")
	}
	fill(t, s, "a", "again", "a")
	if !has(s, "a") {
		t.Error("what was made after an invalidation is not kept")
	}
	s.Clear(t.Context())
	if has(s, "a") || has(s, "b") || has(s, "none") {
		t.Error("something is left")
	}
	fill(t, s, "b", "again", "b")
	if !has(s, "b") {
		t.Error("nothing is kept after clearing")
	}
}

// What an answer is made of is invalidated with it, also when that happened
// before it was known.
func TestAdoption(t *testing.T) {
	s := newStore(t, 1<<20)
	fill(t, s, "part", "v", "own")
	part := get(s, "part")
	s.PartOf(part).Adopt([]string{"a", "b"})
	s.PartOf(part).Adopt([]string{"b"})
	s.Invalidate(t.Context(), "c")
	if !has(s, "part") {
		t.Fatal("it is gone for no reason")
	}
	s.Invalidate(t.Context(), "b")
	if has(s, "part") {
		t.Error("it survives its answer")
	}
	fill(t, s, "part", "v", "own")
	part = get(s, "part")
	s.Invalidate(t.Context(), "late")
	if !has(s, "part") {
		t.Fatal("it is gone for no reason")
	}
	s.PartOf(part).Adopt([]string{"late"})
	if has(s, "part") {
		t.Error("it was read before what it is a part of changed")
	}
	fill(t, s, "part", "v")
	part = get(s, "part")
	for i := range 2000 {
		s.PartOf(part).Adopt([]string{strconv.Itoa(i)})
	}
	if !has(s, "part") {
		t.Error("too many tags invalidate it")
	}
	if s.Invalidate(t.Context(), "anything"); has(s, "part") {
		t.Error("of too many tags one is forgotten")
	}
}

// However many tags are invalidated, memory is bounded and nothing is valid
// that should not be.
func TestManyInvalidations(t *testing.T) {
	s := newStore(t, 1<<20)
	fill(t, s, "old", "old", "kept")
	fill(t, s, "gone", "gone", "tag-1")
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for i := range 300_000 {
		s.Invalidate(t.Context(), fmt.Sprint("tag-", i))
		if i == 2 && (has(s, "gone") || !has(s, "old")) {
			t.Error("invalidated wrongly")
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 20<<20 {
		t.Errorf("%d bytes for invalidated tags", grown)
	}
	if has(s, "gone") {
		t.Error("an entry is valid again")
	}
	fill(t, s, "new", "new", "tag-5")
	if !has(s, "new") {
		t.Error("nothing is kept any more")
	}
	s.Invalidate(t.Context(), "tag-5")
	if has(s, "new") {
		t.Error("an entry survives")
	}
}

// What began before an invalidation is not kept, though it ends after it, and no
// later caller joins it.
func TestInvalidatedWhileMade(t *testing.T) {
	s := newStore(t, 1<<20)
	c := plain(t, s, time.Minute)
	var calls atomic.Int64
	begun, open := make(chan struct{}), make(chan struct{})
	slow := func(context.Context, *cache.Entry) (*cache.Entry, error) {
		n := int(calls.Add(1))
		if n == 1 {
			close(begun)
			<-open
		}
		if n > 2 {
			return nil, errors.New("it is made again")
		}
		return entry(n, "t"), nil
	}
	var group sync.WaitGroup
	group.Go(func() {
		if n, _, _ := fetch(t.Context(), c, slow); n != 1 {
			t.Errorf("the first got %d", n)
		}
	})
	<-begun
	s.Invalidate(t.Context(), "t")
	if n, joined, _ := fetch(t.Context(), c, slow); n != 2 || joined {
		t.Errorf("after the invalidation: %d, joined %v", n, joined)
	}
	close(open)
	group.Wait()
	if e := get(s, "k"); e == nil || e.Value != 2 {
		t.Errorf("kept %v", e)
	}
}

// Values that are invalidated at any time while others fill and read: no
// reader sees one that is older than the last invalidation that ended before
// the reading began.
func TestInvalidationRace(t *testing.T) { invalidationRace(t, 20_000) }

func TestInvalidationRaceLong(t *testing.T) {
	longtest.Only(t)
	invalidationRace(t, 2_000_000)
}

func invalidationRace(t *testing.T, enough int64) {
	t.Helper()
	s := newStore(t, 1<<20)
	c := plain(t, s, time.Minute)
	var truth, reads atomic.Int64
	goes := func() bool { return reads.Load() < enough && !t.Failed() }
	var group sync.WaitGroup
	group.Go(func() {
		for goes() {
			truth.Add(1) // the service changes, then it is invalidated
			s.Invalidate(t.Context(), "t")
			runtime.Gosched()
		}
	})
	for range 4 {
		group.Go(func() {
			for goes() {
				least := truth.Load() - 1 // the latest may not be invalidated yet
				e, _, err := c.Fetch(t.Context(), key("k"), func(context.Context, *cache.Entry) (*cache.Entry, error) {
					return entry(truth.Load(), "t"), nil
				})
				if err != nil {
					t.Error(err)
					return
				}
				got := e.Value.(int64) //nolint:forcetypeassert // a test
				reads.Add(1)
				if got < least {
					t.Errorf("read %d after %d", got, least)
				}
			}
		})
	}
	group.Wait()
}

func TestBudget(t *testing.T) {
	s := newStore(t, 1<<20)
	for i := range 5000 {
		fill(t, s, strconv.Itoa(i), make([]byte, 100))
	}
	if stats := s.Stats(); stats.Bytes > 1<<20 || stats.Bytes < 1<<19 || stats.Evicted+stats.Rejected == 0 {
		t.Errorf("%+v", stats)
	}
	none := newStore(t, 0)
	fill(t, none, "a", "a")
	if none.Stores() || has(none, "a") || none.Stats() != (cache.Stats{Misses: 1}) {
		t.Error("a store of no bytes keeps something")
	}
}

func TestExpiry(t *testing.T) { synctest.Test(t, expiry) }

func expiry(t *testing.T) {
	s := newStore(t, 1<<20)
	broken := errors.New("broken")
	c := cache.NewCache(s, cache.Kind{Timeout: time.Minute, Failed: func(_ *cache.Entry, err error) bool { return errors.Is(err, broken) }})
	defer c.Close()
	made := 0
	fail := false
	create := func(context.Context, *cache.Entry) (*cache.Entry, error) {
		if fail {
			return nil, broken
		}
		made++
		e := entry(made)
		e.Policy = cache.Policy{Fresh: 10 * time.Second, Revalidate: 5 * time.Second, IfError: 20 * time.Second}
		return e, nil
	}
	for i, step := range []struct {
		after time.Duration
		fail  bool
		value int // 0: an error
		want  cache.Status
	}{
		{0, false, 1, cache.Status{Stored: true}},
		{9999 * time.Millisecond, false, 1, cache.Status{Hit: true}},
		{time.Millisecond, true, 1, cache.Status{Hit: true, Stale: true}}, // it cannot be made in the background
		{4999 * time.Millisecond, false, 1, cache.Status{Hit: true, Stale: true}},
		{0, false, 2, cache.Status{Hit: true}}, // it was made in the background
		{15 * time.Second, false, 3, cache.Status{Stored: true}},
		{29999 * time.Millisecond, true, 3, cache.Status{Hit: true, Stale: true}},
		{time.Millisecond, true, 0, cache.Status{}},
		{0, false, 4, cache.Status{Stored: true}},
	} {
		time.Sleep(step.after)
		fail = step.fail
		e, status, err := c.Fetch(t.Context(), key("k"), create)
		synctest.Wait()
		value := 0
		if err == nil {
			value = e.Value.(int) //nolint:forcetypeassert // a test
		}
		if value != step.value || status != step.want || (err != nil) != (step.value == 0) {
			t.Errorf("step %d: got %d, %+v, %v; want %d, %+v", i, value, status, err, step.value, step.want)
		}
	}
	if s.Invalidate(t.Context()); !has(s, "k") {
		t.Error("it is gone for no reason")
	}
	// What is invalid is not served in place of a failure.
	fail = true
	time.Sleep(15 * time.Second)
	if e, _, err := c.Fetch(t.Context(), key("k"), create); err != nil || e.Value != 4 {
		t.Errorf("got %v, %v", e, err)
	}
	s.Clear(t.Context())
	if e, _, err := c.Fetch(t.Context(), key("k"), create); !errors.Is(err, broken) {
		t.Errorf("after it was invalidated: %v, %v", e, err)
	}
}

// What is invalidated while a new value fails to be made is not served either.
func TestInvalidatedWhileFailing(t *testing.T) { synctest.Test(t, invalidatedWhileFailing) }

func invalidatedWhileFailing(t *testing.T) {
	s := newStore(t, 1<<20)
	c := cache.NewCache(s, cache.Kind{Timeout: time.Minute, Failed: func(_ *cache.Entry, err error) bool { return err != nil }})
	defer c.Close()
	broken := errors.New("broken")
	create := func(context.Context, *cache.Entry) (*cache.Entry, error) {
		e := entry(1, "t")
		e.IfError = time.Hour
		return e, nil
	}
	if _, _, err := c.Fetch(t.Context(), key("k"), create); err != nil {
		t.Fatal(err)
	}
	time.Sleep(2 * time.Minute)
	for _, tag := range []string{"other", "t"} {
		_, status, err := c.Fetch(t.Context(), key("k"), func(context.Context, *cache.Entry) (*cache.Entry, error) {
			s.Invalidate(t.Context(), tag)
			return nil, broken
		})
		if status.Stale != (tag == "other") || (err != nil) != (tag == "t") {
			t.Errorf("after the invalidation of %s: %+v, %v", tag, status, err)
		}
	}
}

// Values that were made together do not expire together.
func TestJitter(t *testing.T) {
	for random, want := range map[float64]time.Duration{0: time.Minute, 0.5: 58500 * time.Millisecond, 1: 57 * time.Second} {
		s, err := cache.New(cache.Config{Size: 1 << 20, Random: func() float64 { return random }})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(s.Close)
		fill(t, s, "k", "v")
		if e := get(s, "k"); e == nil || e.Fresh != want {
			t.Errorf("%v: %+v", random, e)
		}
	}
}

// Concurrent callers share one call.
func TestOneFlight(t *testing.T) { synctest.Test(t, oneFlight) }

func oneFlight(t *testing.T) {
	f := plain(t, newStore(t, 0), time.Minute)
	var calls, joined atomic.Int64
	open := make(chan struct{})
	var group sync.WaitGroup
	const all = 1000
	for range all {
		group.Go(func() {
			n, j, err := fetch(t.Context(), f, of(func(context.Context) (int, error) {
				calls.Add(1)
				<-open
				return 7, nil
			}))
			if n != 7 || err != nil {
				t.Errorf("%d %v", n, err)
			}
			if j {
				joined.Add(1)
			}
		})
	}
	synctest.Wait() // all wait
	close(open)
	group.Wait()
	if calls.Load() != 1 || joined.Load() != all-1 {
		t.Errorf("%d calls, %d joined", calls.Load(), joined.Load())
	}
}

// A caller who leaves does not end the call for the others; when all have left, it is
// cancelled and the next caller begins a new one.
func TestLeaving(t *testing.T) { synctest.Test(t, leaving) }

func leaving(t *testing.T) {
	f := plain(t, newStore(t, 0), time.Minute)
	type ctxKey struct{}
	begun, open, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	create := of(func(ctx context.Context) (int, error) {
		close(begun)
		select {
		case <-open:
		case <-ctx.Done():
		}
		ended <- ctx.Err()
		if ctx.Value(ctxKey{}) != "first" {
			t.Error("the first caller's values are lost")
		}
		return 1, ctx.Err()
	})
	first, leave := context.WithCancel(context.WithValue(t.Context(), ctxKey{}, "first"))
	results := make(chan error, 2)
	go func() {
		_, _, err := fetch(first, f, create)
		results <- err
	}()
	<-begun
	impatient, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	go func() {
		n, joined, err := fetch(t.Context(), f, create)
		if n != 1 || !joined {
			t.Errorf("%d, joined %v", n, joined)
		}
		results <- err
	}()
	synctest.Wait() // it has joined
	if _, _, err := fetch(impatient, f, create); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a follower waits longer than it may: %v", err)
	}
	leave()
	if err := <-results; !errors.Is(err, context.Canceled) {
		t.Errorf("the first got %v", err)
	}
	close(open)
	if err := <-results; err != nil {
		t.Errorf("a follower failed with the first: %v", err)
	}
	if err := <-ended; err != nil {
		t.Errorf("the call was cancelled: %v", err)
	}
	// All leave.
	begun, open = make(chan struct{}), make(chan struct{})
	alone, leave := context.WithCancel(context.WithValue(t.Context(), ctxKey{}, "first"))
	go func() {
		<-begun
		leave()
	}()
	_, _, _ = fetch(alone, f, create)
	if n, joined, err := fetch(t.Context(), f, of(func(context.Context) (int, error) { return 2, nil })); n != 2 || joined || err != nil {
		t.Errorf("after all left: %d, %v, %v", n, joined, err)
	}
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("a call that nobody waits for goes on: %v", err)
	}
}

func TestFailures(t *testing.T) { synctest.Test(t, failures) }

func failures(t *testing.T) {
	f := plain(t, newStore(t, 1<<20), 20*time.Millisecond)
	oops := errors.New("oops")
	if _, _, err := fetch(t.Context(), f, of(func(context.Context) (int, error) { return 0, oops })); !errors.Is(err, oops) {
		t.Error(err)
	}
	_, _, err := fetch(t.Context(), f, of(func(context.Context) (int, error) { panic("boom") }))
	if err == nil || !strings.Contains(err.Error(), "boom") {
		t.Errorf("a panic became %v", err)
	}
	if _, _, err := fetch(t.Context(), f, of(func(ctx context.Context) (int, error) {
		<-ctx.Done()
		return 0, ctx.Err()
	})); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a call that takes too long: %v", err)
	}
	f.Close()
	if _, _, err := fetch(t.Context(), f, of(func(context.Context) (int, error) { return 0, nil })); err == nil {
		t.Error("a call begins after the end")
	}
}

// Callers get what a maker returns that ends soon after its timeout, and do not wait for one that goes on.
func TestTimeout(t *testing.T) { synctest.Test(t, timeouts) }

func timeouts(t *testing.T) {
	const timeout = time.Second
	f := plain(t, newStore(t, 1<<20), timeout)
	slow := errors.New("the service was slow")
	if _, _, err := fetch(t.Context(), f, of(func(ctx context.Context) (int, error) {
		<-ctx.Done()
		time.Sleep(50 * time.Millisecond) // it gives up
		return 0, slow
	})); !errors.Is(err, slow) {
		t.Errorf("a maker that heeds the timeout: %v", err)
	}
	began, end := time.Now(), make(chan struct{})
	heedless := of(func(context.Context) (int, error) {
		<-end
		return 1, nil
	})
	var group sync.WaitGroup
	for range 3 {
		group.Go(func() {
			_, _, err := fetch(t.Context(), f, heedless)
			if took := time.Since(began); !errors.Is(err, context.DeadlineExceeded) || took < timeout || took > 2*timeout {
				t.Errorf("a maker that does not heed it: %v after %v", err, took)
			}
		})
	}
	// Callers after the timeout do not join it, also while earlier ones still wait.
	time.Sleep(timeout + 50*time.Millisecond)
	if n, joined, err := fetch(t.Context(), f, of(func(context.Context) (int, error) { return 2, nil })); n != 2 || joined || err != nil {
		t.Errorf("after it: %d, joined %v, %v", n, joined, err)
	}
	group.Wait()
	close(end)
}

// Close does not make callers wait for a maker that does not heed its context.
func TestCloseAndHeedlessMaker(t *testing.T) { synctest.Test(t, closingWithHeedlessMaker) }

func closingWithHeedlessMaker(t *testing.T) {
	const timeout = time.Minute
	f := plain(t, newStore(t, 0), timeout)
	end, got, began := make(chan struct{}), make(chan error), time.Now()
	go func() {
		_, _, err := fetch(t.Context(), f, of(func(context.Context) (int, error) {
			<-end
			return 1, nil
		}))
		got <- err
	}()
	synctest.Wait()
	go f.Close()
	if err := <-got; !errors.Is(err, context.DeadlineExceeded) || time.Since(began) > 2*timeout {
		t.Errorf("%v after %v", err, time.Since(began))
	}
	close(end)
}

// Callers of a maker that Close cancels get what it returns.
func TestCloseAndCallers(t *testing.T) { synctest.Test(t, closingWithCallers) }

func closingWithCallers(t *testing.T) {
	f := plain(t, newStore(t, 0), time.Minute)
	got := make(chan int)
	go func() {
		n, _, _ := fetch(t.Context(), f, of(func(ctx context.Context) (int, error) {
			<-ctx.Done()
			time.Sleep(time.Second)
			return 3, nil
		}))
		got <- n
	}()
	synctest.Wait()
	go f.Close()
	if n := <-got; n != 3 {
		t.Errorf("got %d", n)
	}
}

// Close waits for what is under way, which it cancels.
func TestClose(t *testing.T) { synctest.Test(t, closing) }

func closing(t *testing.T) {
	f := plain(t, newStore(t, 0), time.Minute)
	var ended atomic.Bool
	begun := make(chan struct{})
	go func() {
		_, _, _ = fetch(t.Context(), f, of(func(ctx context.Context) (int, error) {
			close(begun)
			<-ctx.Done()
			time.Sleep(10 * time.Millisecond)
			ended.Store(true)
			return 0, nil
		}))
	}()
	<-begun
	f.Close()
	if !ended.Load() {
		t.Error("it did not wait")
	}
}

// A hit has no allocations.
func BenchmarkFresh(b *testing.B) {
	s := newStore(b, 1<<20)
	fill(b, s, "k", "v", "t")
	c, k := plain(b, s, time.Minute), key("k")
	b.ReportAllocs()
	for b.Loop() {
		if c.Fresh(k) == nil {
			b.Fatal("a miss")
		}
	}
	if n := testing.AllocsPerRun(100, func() { c.Fresh(k) }); n > 0 {
		b.Errorf("%v allocations", n)
	}
}
