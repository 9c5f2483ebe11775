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
	s, err := cache.New(size, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func key(name string) cache.Key { return sha256.Sum256([]byte(name)) }

// fill makes a value by a flight, as values are made.
func fill(t testing.TB, s *cache.Store, name string, value any, tags ...string) {
	t.Helper()
	f := cache.NewFlights[any](s, time.Minute, nil)
	defer f.Close()
	_, _, err := f.Do(t.Context(), key(name), func(_ context.Context, put func(*cache.Entry)) (any, error) {
		put(&cache.Entry{Key: key(name), Value: value, Cost: 100, Born: time.Now(), Fresh: time.Minute, Tags: tags})
		return value, nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func has(s *cache.Store, name string) bool { return s.Get(key(name)) != nil }

func TestInvalidation(t *testing.T) {
	s := newStore(t, 1<<20)
	fill(t, s, "a", "a", "a")
	fill(t, s, "b", "b", "b")
	fill(t, s, "ab", "ab", "a", "b")
	fill(t, s, "none", "none")
	for _, name := range []string{"a", "b", "ab", "none"} {
		if e := s.Get(key(name)); e == nil || e.Value != name {
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
	part := s.Get(key("part"))
	s.Adopt(part, []string{"a", "b"})
	s.Adopt(part, []string{"b"})
	s.Invalidate(t.Context(), "c")
	if !has(s, "part") {
		t.Fatal("it is gone for no reason")
	}
	s.Invalidate(t.Context(), "b")
	if has(s, "part") {
		t.Error("it survives its answer")
	}
	fill(t, s, "part", "v", "own")
	part = s.Get(key("part"))
	s.Invalidate(t.Context(), "late")
	if !has(s, "part") {
		t.Fatal("it is gone for no reason")
	}
	s.Adopt(part, []string{"late"})
	if has(s, "part") {
		t.Error("it was read before what it is a part of changed")
	}
	fill(t, s, "part", "v")
	part = s.Get(key("part"))
	for i := range 2000 {
		s.Adopt(part, []string{strconv.Itoa(i)})
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

// What began before an invalidation is not kept, though it ends after it, and
// nobody who comes later joins it.
func TestInvalidatedWhileMade(t *testing.T) {
	s := newStore(t, 1<<20)
	f := cache.NewFlights[int](s, time.Minute, nil)
	defer f.Close()
	var calls atomic.Int64
	begun, open := make(chan struct{}), make(chan struct{})
	slow := func(_ context.Context, put func(*cache.Entry)) (int, error) {
		n := int(calls.Add(1))
		if n == 1 {
			close(begun)
			<-open
		}
		if n > 2 {
			return 0, errors.New("it is made again")
		}
		put(&cache.Entry{Key: key("k"), Value: n, Born: time.Now(), Fresh: time.Minute, Tags: []string{"t"}})
		return n, nil
	}
	var group sync.WaitGroup
	group.Go(func() {
		if n, _, _ := f.Do(t.Context(), key("k"), slow); n != 1 {
			t.Errorf("the first got %d", n)
		}
	})
	<-begun
	s.Invalidate(t.Context(), "t")
	if n, joined, _ := f.Do(t.Context(), key("k"), slow); n != 2 || joined {
		t.Errorf("after the invalidation: %d, joined %v", n, joined)
	}
	close(open)
	group.Wait()
	if e := s.Get(key("k")); e == nil || e.Value != 2 {
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
	f := cache.NewFlights[int64](s, time.Minute, nil)
	defer f.Close()
	var truth, reads atomic.Int64
	goes := func() bool { return reads.Load() < enough && !t.Failed() }
	var group sync.WaitGroup
	group.Go(func() {
		for goes() {
			truth.Add(1) // the service changes, then the gateway is told
			s.Invalidate(t.Context(), "t")
			runtime.Gosched()
		}
	})
	for range 4 {
		group.Go(func() {
			for goes() {
				least := truth.Load() - 1 // the latest may not be told yet
				var got int64
				if e := s.Get(key("k")); e != nil {
					got = e.Value.(int64) //nolint:forcetypeassert // a test
				} else {
					got, _, _ = f.Do(t.Context(), key("k"), func(_ context.Context, put func(*cache.Entry)) (int64, error) {
						value := truth.Load()
						put(&cache.Entry{Key: key("k"), Value: value, Born: time.Now(), Fresh: time.Minute, Tags: []string{"t"}})
						return value, nil
					})
				}
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
	if none.Keeps() || has(none, "a") || none.Stats() != (cache.Stats{}) {
		t.Error("a store of no bytes keeps something")
	}
}

func TestExpiry(t *testing.T) { synctest.Test(t, expiry) }

func expiry(t *testing.T) {
	e := cache.Entry{Born: time.Now(), Fresh: time.Second}
	if !e.IsFresh(e.Born) || !e.IsFresh(e.Born.Add(999*time.Millisecond)) || e.IsFresh(e.Born.Add(time.Second)) {
		t.Error("it is fresh until its age is Fresh")
	}
	s := newStore(t, 1<<20)
	f := cache.NewFlights[int](s, time.Minute, nil)
	defer f.Close()
	_, _, _ = f.Do(t.Context(), key("k"), func(_ context.Context, put func(*cache.Entry)) (int, error) {
		put(&cache.Entry{Key: key("k"), Born: time.Now(), Fresh: 10 * time.Millisecond, Stale: 10 * time.Millisecond})
		return 0, nil
	})
	time.Sleep(50 * time.Millisecond)
	if has(s, "k") {
		t.Error("it is there after Fresh and Stale")
	}
}

// One call for all who ask at the same time.
func TestOneFlight(t *testing.T) { synctest.Test(t, oneFlight) }

func oneFlight(t *testing.T) {
	f := cache.NewFlights[int](newStore(t, 0), time.Minute, nil)
	defer f.Close()
	var calls, joined atomic.Int64
	open := make(chan struct{})
	var group sync.WaitGroup
	const all = 1000
	for range all {
		group.Go(func() {
			n, j, err := f.Do(t.Context(), key("k"), func(context.Context, func(*cache.Entry)) (int, error) {
				calls.Add(1)
				<-open
				return 7, nil
			})
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

// Who leaves takes nobody along; when all have left, the call is cancelled and
// the next begins a new one.
func TestLeaving(t *testing.T) { synctest.Test(t, leaving) }

func leaving(t *testing.T) {
	f := cache.NewFlights[int](newStore(t, 0), time.Minute, nil)
	defer f.Close()
	type ctxKey struct{}
	begun, open, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	create := func(ctx context.Context, _ func(*cache.Entry)) (int, error) {
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
	}
	first, leave := context.WithCancel(context.WithValue(t.Context(), ctxKey{}, "first"))
	results := make(chan error, 2)
	go func() {
		_, _, err := f.Do(first, key("k"), create)
		results <- err
	}()
	<-begun
	impatient, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	go func() {
		n, joined, err := f.Do(t.Context(), key("k"), create)
		if n != 1 || !joined {
			t.Errorf("%d, joined %v", n, joined)
		}
		results <- err
	}()
	synctest.Wait() // it has joined
	if _, _, err := f.Do(impatient, key("k"), create); !errors.Is(err, context.DeadlineExceeded) {
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
	_, _, _ = f.Do(alone, key("k"), create)
	if n, joined, err := f.Do(t.Context(), key("k"), func(context.Context, func(*cache.Entry)) (int, error) { return 2, nil }); n != 2 || joined || err != nil {
		t.Errorf("after all left: %d, %v, %v", n, joined, err)
	}
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("a call that nobody waits for goes on: %v", err)
	}
}

func TestFailures(t *testing.T) { synctest.Test(t, failures) }

func failures(t *testing.T) {
	f := cache.NewFlights[int](newStore(t, 1<<20), 20*time.Millisecond, nil)
	oops := errors.New("oops")
	if _, _, err := f.Do(t.Context(), key("k"), func(context.Context, func(*cache.Entry)) (int, error) { return 0, oops }); !errors.Is(err, oops) {
		t.Error(err)
	}
	_, _, err := f.Do(t.Context(), key("k"), func(context.Context, func(*cache.Entry)) (int, error) { panic("boom") })
	if err == nil || !strings.Contains(err.Error(), "boom") {
		t.Errorf("a panic became %v", err)
	}
	if _, _, err := f.Do(t.Context(), key("k"), func(ctx context.Context, _ func(*cache.Entry)) (int, error) {
		<-ctx.Done()
		return 0, ctx.Err()
	}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a call that takes too long: %v", err)
	}
	f.Close()
	if _, _, err := f.Do(t.Context(), key("k"), func(context.Context, func(*cache.Entry)) (int, error) { return 0, nil }); err == nil {
		t.Error("a call begins after the end")
	}
}

// Close waits for what is under way, which it cancels.
func TestClose(t *testing.T) { synctest.Test(t, closing) }

func closing(t *testing.T) {
	f := cache.NewFlights[int](newStore(t, 0), time.Minute, nil)
	var ended atomic.Bool
	begun := make(chan struct{})
	f.Start(t.Context(), key("k"), func(ctx context.Context, _ func(*cache.Entry)) (int, error) {
		close(begun)
		<-ctx.Done()
		time.Sleep(10 * time.Millisecond)
		ended.Store(true)
		return 0, nil
	})
	<-begun
	f.Close()
	if !ended.Load() {
		t.Error("it did not wait")
	}
}

// A hit has no allocations.
func BenchmarkGet(b *testing.B) {
	s := newStore(b, 1<<20)
	fill(b, s, "k", "v", "t")
	k := key("k")
	b.ReportAllocs()
	for b.Loop() {
		if s.Get(k) == nil {
			b.Fatal("a miss")
		}
	}
	if n := testing.AllocsPerRun(100, func() { s.Get(k) }); n > 0 {
		b.Errorf("%v allocations", n)
	}
}
