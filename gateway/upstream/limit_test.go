package upstream

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/portico-gateway/portico/gateway/endpoint"
	"github.com/portico-gateway/portico/gateway/problem"
)

// Policies are around the attempt in the order of their list.
func TestOrderOfPolicies(t *testing.T) {
	var order string
	named := func(name string) policy {
		return func(next send) send {
			return func(ctx context.Context, c *call) error {
				order += name + "("
				defer func() { order += ")" }()
				return next(ctx, c)
			}
		}
	}
	s := through(direct, named("a"), named("b"), named("c"))
	err := s(t.Context(), &call{attempt: func(context.Context, *endpoint.Endpoint) error {
		order += "call"
		return errors.New("boom")
	}})
	if order != "a(b(c(call)))" || err == nil {
		t.Errorf("%s: %v", order, err)
	}
}

// A route that hangs leaves half of the calls to the others.
func TestSlowRoute(t *testing.T) { synctest.Test(t, slowRoute) }

func slowRoute(t *testing.T) {
	s := through(direct, newLimiter(Config{Name: "s", Concurrency: 8}).policy)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	open := make(chan struct{})
	var hanging, refused atomic.Int64
	var group sync.WaitGroup
	for range 500 {
		group.Go(func() {
			err := s(ctx, &call{route: "slow", attempt: func(context.Context, *endpoint.Endpoint) error {
				hanging.Add(1)
				<-open
				return nil
			}})
			if p, ok := errors.AsType[*problem.Error](err); ok && p.Code == problem.ServiceTimeout {
				refused.Add(1)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
	synctest.Wait()
	if hanging.Load() != 4 {
		t.Fatalf("%d of 8 calls are of one route", hanging.Load())
	}
	var now, most atomic.Int64
	var others sync.WaitGroup
	for i := range 100 {
		others.Go(func() {
			err := s(ctx, &call{route: fmt.Sprint("quick", i%2), attempt: func(context.Context, *endpoint.Endpoint) error {
				if n := now.Add(1); n > most.Load() {
					most.Store(n)
				}
				time.Sleep(10 * time.Millisecond)
				now.Add(-1)
				return nil
			}})
			if err != nil {
				t.Error(err)
			}
		})
	}
	began := time.Now()
	others.Wait()
	if took := time.Since(began); took != 250*time.Millisecond || most.Load() != 4 {
		t.Errorf("100 calls of 10 ms, of which 4 are under way: %v, %d at once", took, most.Load())
	}
	time.Sleep(30 * time.Second)
	synctest.Wait()
	if refused.Load() != 496 {
		t.Errorf("%d calls were refused after half of their time", refused.Load())
	}
	close(open)
	group.Wait()
}

// Calls begin in the order in which they came, and one that leaves is no longer
// in it.
func TestQueue(t *testing.T) { synctest.Test(t, queue) }

func queue(t *testing.T) {
	l := newLimiter(Config{Name: "s", Concurrency: 1})
	if err := l.acquire(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	var order []int
	var mu sync.Mutex
	var group sync.WaitGroup
	left, leave := context.WithCancel(t.Context())
	for i := range 5 {
		ctx := t.Context()
		if i == 2 {
			ctx = left
		}
		group.Go(func() {
			if err := l.acquire(ctx, "a"); err != nil {
				if i != 2 || !errors.Is(err, context.Canceled) {
					t.Errorf("%d: %v", i, err)
				}
				return
			}
			mu.Lock()
			order = append(order, i)
			mu.Unlock()
			l.release("a")
		})
		synctest.Wait()
	}
	time.Sleep(time.Second)
	var s CallStatus
	if l.status(&s); s != (CallStatus{Running: 1, Limit: 1, Waiting: 5}) {
		t.Errorf("%+v", s)
	}
	leave()
	synctest.Wait()
	l.release("a")
	group.Wait()
	if l.status(&s); s != (CallStatus{Limit: 1, Waits: 5, Waited: 5 * time.Second}) {
		t.Errorf("%+v", s)
	}
	if fmt.Sprint(order) != "[0 1 3 4]" || l.busy != 0 || len(l.routes) != 0 || len(l.waiting) != 0 {
		t.Errorf("%v; %d busy, %v, %d wait", order, l.busy, l.routes, len(l.waiting))
	}
}

// However calls begin, end and leave, the bounds hold and none is lost.
func TestLimiterRace(t *testing.T) {
	l := newLimiter(Config{Name: "s", Concurrency: 4})
	var busy, slow atomic.Int64
	var group sync.WaitGroup
	for n := range 16 {
		group.Go(func() {
			for i := range 500 {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(1+(n+i)%50)*time.Millisecond)
				route := [...]string{"slow", "quick"}[(n+i)%2]
				if l.acquire(ctx, route) == nil {
					if busy.Add(1) > 4 {
						t.Error("too many calls")
					}
					if route == "slow" && slow.Add(1) > 2 {
						t.Error("too many calls of one route")
					}
					if route == "slow" {
						slow.Add(-1)
					}
					busy.Add(-1)
					l.release(route)
				}
				cancel()
			}
		})
	}
	group.Wait()
	if l.busy != 0 || len(l.routes) != 0 || len(l.waiting) != 0 {
		t.Errorf("%d busy, %v, %d wait", l.busy, l.routes, len(l.waiting))
	}
}

// The policies cost little when nothing fails.
func BenchmarkPolicies(b *testing.B) {
	config := Config{Name: "s"}.withDefaults()
	s := through(direct, newPolicies(config).calls()...)
	ctx := b.Context()
	one := func() {
		if err := s(ctx, &call{route: "r", attempt: func(context.Context, *endpoint.Endpoint) error { return nil }}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		one()
	}
	if n := testing.AllocsPerRun(100, one); n > 2 {
		b.Errorf("%v allocations", n)
	}
}

// direct makes a call without an endpoint.
func direct(ctx context.Context, c *call) error { return c.attempt(ctx, nil) }
