package overload

import (
	"context"
	"errors"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/portico-gateway/portico/gateway/problem"
)

// The limit shrinks while goroutines wait too long, to a floor, and grows when it is
// reached while they don't. One that is not reached does not grow.
func TestLimitFollowsWaiting(t *testing.T) {
	l := New(nil)
	l.least = 10
	busy, idle := Sample{Wait: 2 * mostWait}, Sample{Wait: mostWait / 2}
	l.busy, l.peak = 200, 200
	l.adapt(busy)
	if l.limit != 170 {
		t.Errorf("after a busy time with 200 operations: %d", l.limit)
	}
	for range 100 {
		l.peak = l.limit
		l.adapt(busy)
	}
	if l.limit != 10 {
		t.Errorf("after many: %d", l.limit)
	}
	l.busy, l.peak = 3, 3
	if l.adapt(idle); l.limit != 10 {
		t.Errorf("one that is not reached is %d", l.limit)
	}
	l.peak = 10
	if l.adapt(idle); l.limit != 12 {
		t.Errorf("one that is reached is %d", l.limit)
	}
}

// Few operations are not why goroutines wait: a moment in which others had the CPUs does
// not make an idle gateway refuse operations that wait for services.
func TestFewOperationsKeepTheLimit(t *testing.T) {
	l := New(nil)
	l.limit, l.least = 1000, 10
	l.busy, l.peak = 3, 3
	if l.adapt(Sample{Wait: 2 * mostWait}); l.limit != 1000 {
		t.Errorf("the limit is %d", l.limit)
	}
	l.limit, l.busy, l.peak = 10, 10, 10
	if l.adapt(Sample{Wait: 2 * mostWait}); l.limit != 10 {
		t.Errorf("one that is reached in such a moment is %d", l.limit)
	}
}

// What is over the limit waits for a moment, the most important first, and is refused
// after it.
func TestQueue(t *testing.T) { synctest.Test(t, queue) }

func queue(t *testing.T) {
	l := New(nil)
	l.limit = 20
	var releases []func()
	for range 20 {
		release, err := l.Acquire(t.Context(), Anonymous)
		if err != nil {
			t.Fatal(err)
		}
		releases = append(releases, release)
	}
	var mu sync.Mutex
	var order []Class
	var group sync.WaitGroup
	for _, class := range []Class{Anonymous, Authenticated, Mutation, Tiered, Anonymous} {
		group.Go(func() {
			release, err := l.Acquire(t.Context(), class)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				order = append(order, -1)
				if p, ok := errors.AsType[*problem.Error](err); !ok || p.Code != problem.Overloaded {
					t.Error(err)
				}
				return
			}
			order = append(order, class)
			release()
		})
		synctest.Wait()
	}
	left, leave := context.WithCancel(t.Context())
	group.Go(func() {
		if _, err := l.Acquire(left, Anonymous); !errors.Is(err, context.Canceled) {
			t.Errorf("one that left: %v", err)
		}
	})
	synctest.Wait()
	leave()
	synctest.Wait()
	began := time.Now()
	for range 4 { // the fifth waits in vain
		l.mu.Lock()
		l.limit = 21
		l.admit()
		l.limit = 20
		l.mu.Unlock()
		synctest.Wait()
	}
	group.Wait()
	if want := []Class{Mutation, Tiered, Authenticated, Anonymous, -1}; !slices.Equal(order, want) && !slices.Equal(order, []Class{Mutation, Tiered, Authenticated, Anonymous, Anonymous}) {
		t.Errorf("admitted: %v, want %v", order, want)
	}
	if took := time.Since(began); took > longestQueue {
		t.Errorf("the last one waited %v", took)
	}
	want := Stats{Limit: 20, Busy: 20, Refused: 1, Waits: 6} // 20 and one that was admitted
	if len(order) > 0 && order[len(order)-1] == -1 {
		want.Refused, want.Waited = 2, longestQueue
	}
	if s := l.Stats(); s != want {
		t.Errorf("%+v, want %+v", s, want)
	}
	for _, release := range releases {
		release()
	}
	if s := l.Stats(); s.Busy != 0 || l.queued != 0 {
		t.Errorf("%+v, and %d wait", s, l.queued)
	}
}

// While many are refused, most queries are refused early, and none when that is over.
func TestShed(t *testing.T) {
	l := New(nil)
	if l.Shed() {
		t.Error("a query is refused when nothing was")
	}
	l.admitted, l.excess = 25, 75
	l.adapt(Sample{})
	shed := 0
	for range 10_000 {
		if l.Shed() {
			shed++
		}
	}
	if shed < 6200 || shed > 7300 { // 0.9 × 0.75
		t.Errorf("%d of 10000", shed)
	}
	l.early.Store(0)
	if l.adapt(Sample{}); l.Shed() {
		t.Error("a query is refused when it is over")
	}
}

// With too little memory only mutations are executed.
func TestMemory(t *testing.T) {
	l := New(nil)
	l.adapt(Sample{Heap: 0.95})
	if _, err := l.Acquire(t.Context(), Tiered); err == nil {
		t.Error("a query is executed")
	}
	release, err := l.Acquire(t.Context(), Mutation)
	if err != nil {
		t.Fatal(err)
	}
	release()
	l.adapt(Sample{Heap: 0.5})
	if release, err = l.Acquire(t.Context(), Anonymous); err != nil {
		t.Fatal(err)
	}
	release()
}

// However operations begin, end and leave, none is lost.
func TestRace(t *testing.T) {
	l := New(nil)
	l.limit, l.least = 4, 4
	var group sync.WaitGroup
	for i := range 16 {
		group.Go(func() {
			for range 300 {
				if release, err := l.Acquire(t.Context(), Class(i)%classes); err == nil {
					release()
				}
			}
		})
	}
	group.Wait()
	if l.busy != 0 || l.queued != 0 {
		t.Errorf("%d are executed, %d wait", l.busy, l.queued)
	}
}

// The sampler reads how long goroutines wait, and how much of the memory is used.
func TestSampler(t *testing.T) {
	sample := Sampler()
	sample()
	var group sync.WaitGroup
	for range 100 {
		group.Go(func() {
			for began := time.Now(); time.Since(began) < time.Millisecond; { // busy
			}
		})
	}
	group.Wait()
	if s := sample(); s.Wait <= 0 || s.Wait > time.Minute || s.Heap < 0 || s.Heap > 1 {
		t.Errorf("%+v", s)
	}
}

// A mutation that comes when the queue is full of queries takes the place of the least
// important one that came last.
func TestFullQueue(t *testing.T) { synctest.Test(t, fullQueue) }

func fullQueue(t *testing.T) {
	l := New(nil)
	l.limit = 4
	var releases []func()
	for range 4 {
		release, err := l.Acquire(t.Context(), Anonymous)
		if err != nil {
			t.Fatal(err)
		}
		releases = append(releases, release)
	}
	var mu sync.Mutex
	var admitted []string
	var group sync.WaitGroup
	wait := func(name string, class Class) {
		group.Go(func() {
			release, err := l.Acquire(t.Context(), class)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				admitted = append(admitted, "no "+name)
				return
			}
			admitted = append(admitted, name)
			release()
		})
		synctest.Wait()
	}
	wait("first", Anonymous)
	wait("second", Anonymous)
	wait("third", Anonymous) // the queue is full
	wait("mutation", Mutation)
	wait("query", Authenticated)
	wait("late", Authenticated)
	for _, release := range releases {
		release()
		synctest.Wait()
	}
	group.Wait()
	if want := []string{"no third", "no second", "no first", "no late", "mutation", "query"}; !slices.Equal(admitted, want) {
		t.Errorf("%q, want %q", admitted, want)
	}
	if s := l.Stats(); s.Busy != 0 || s.Refused != 4 || l.queued != 0 || l.excess != 4 {
		t.Errorf("%+v, %d wait, excess %d", s, l.queued, l.excess)
	}
}

// A heap that was nearly full does not stop queries for long when it is garbage, also if
// nothing is allocated that would start the garbage collector.
func TestGarbageIsCollected(t *testing.T) {
	heap := make([]byte, 512<<20) // no page of it is touched
	runtime.GC()
	limit := debug.SetMemoryLimit(int64(float64(len(heap)) * 1.09))
	defer debug.SetMemoryLimit(limit)
	sample := Sampler()
	if s := sample(); s.Heap < mostHeap {
		t.Fatalf("the heap has %.2f of the limit", s.Heap)
	}
	runtime.KeepAlive(heap)
	for range 2 * collectAfter {
		if sample().Heap < mostHeap {
			return
		}
	}
	t.Errorf("after %d samples the heap has %.2f of the limit", 2*collectAfter, sample().Heap)
}
