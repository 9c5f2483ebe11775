package upstream

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/portico-gateway/portico/gateway/endpoint"
	"github.com/portico-gateway/portico/gateway/problem"
)

// try is what an attempt of a hedged call does: it takes a time, and fails or not.
type try struct {
	takes time.Duration
	err   error
}

// hedgedCall returns a call whose attempts are tries, one after the other, and how
// many were made and are under way. answer is the number of the try that it got.
func hedgedCall(answer *int, made, running *atomic.Int64, tries ...try) *call {
	trying := func(into *int) attempt {
		return func(ctx context.Context, _ *endpoint.Endpoint) error {
			n := made.Add(1)
			running.Add(1)
			defer running.Add(-1)
			select {
			case <-time.After(tries[n-1].takes):
			case <-ctx.Done():
				return failed(ctx, "s", ctx.Err())
			}
			*into = int(n)
			return tries[n-1].err
		}
	}
	return &call{
		route: "r", idempotent: true, attempt: trying(answer),
		separate: func() (attempt, func()) {
			own := 0
			return trying(&own), func() { *answer = own }
		},
	}
}

// learned returns a hedger that knows a route whose calls take 100 ms, and has a
// budget.
func learned() *hedger {
	h := newHedger(Config{Hedging: 0.95})
	for range latencyLearn {
		h.routes.of("r").note(100*time.Millisecond, h.quantile)
		h.budget.earn()
	}
	return h
}

// The first good answer counts. No attempt outlasts the call.
func TestHedges(t *testing.T) {
	down := problem.New(problem.ServiceError, "The service failed.")
	const quick, slow, slower = 50 * time.Millisecond, time.Second, 2 * time.Second
	for name, c := range map[string]struct {
		tries  []try
		made   int64
		answer int // 0 if it fails
		most   time.Duration
	}{
		"an answer in time":            {[]try{{quick, nil}}, 1, 1, quick},
		"a failure in time":            {[]try{{quick, down}}, 1, 0, quick},
		"a hedge that is quicker":      {[]try{{slow, nil}, {quick, nil}}, 2, 2, 170 * time.Millisecond},
		"a hedge that is slower":       {[]try{{slow, nil}, {slower, nil}}, 2, 1, slow},
		"a hedge that fails":           {[]try{{slow, nil}, {quick, down}}, 2, 1, slow},
		"the first fails, not the 2nd": {[]try{{slow, down}, {slower, nil}}, 2, 2, slower + 120*time.Millisecond},
		"both fail":                    {[]try{{slow, down}, {slower, down}}, 2, 0, slower + 120*time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var answer int
				var made, running atomic.Int64
				began := time.Now()
				call := hedgedCall(&answer, &made, &running, c.tries...)
				err := learned().policy(direct)(t.Context(), call)
				var decisions []Decision
				for _, e := range call.events {
					decisions = append(decisions, e.Name)
				}
				if hedged, won := slices.Contains(decisions, Hedged), slices.Contains(decisions, HedgeWon); hedged != (c.made > 1) || won != (c.answer > 1) {
					t.Errorf("decisions: %q", decisions)
				}
				if made.Load() != c.made || running.Load() != 0 || (err == nil) != (c.answer > 0) {
					t.Errorf("%d attempts, %d of them under way: %v", made.Load(), running.Load(), err)
				}
				if took := time.Since(began); err == nil && answer != c.answer || took > c.most {
					t.Errorf("answer %d after %v", answer, took)
				}
			})
		})
	}
}

// A caller that leaves, or has no more time, ends both attempts.
func TestLeavingHedgedCalls(t *testing.T) { synctest.Test(t, leavingHedged) }

func leavingHedged(t *testing.T) {
	var answer int
	var made, running atomic.Int64
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	err := learned().policy(direct)(ctx, hedgedCall(&answer, &made, &running, try{time.Minute, nil}, try{time.Minute, nil}))
	if made.Load() != 2 || running.Load() != 0 || problem.CodeOf(err) != problem.ServiceTimeout {
		t.Errorf("%d attempts, %d of them under way: %v", made.Load(), running.Load(), err)
	}
}

// A panic of a hedge is its failure; one of the first attempt leaves nothing behind.
func TestPanicsOfHedgedCalls(t *testing.T) { synctest.Test(t, hedgedPanics) }

func hedgedPanics(t *testing.T) {
	s := learned().policy(direct)
	crash := func(context.Context, *endpoint.Endpoint) error { panic("boom") }
	wait := func(ctx context.Context, _ *endpoint.Endpoint) error {
		time.Sleep(time.Second)
		return context.Cause(ctx)
	}
	separate := func(other attempt) func() (attempt, func()) {
		return func() (attempt, func()) { return other, func() {} }
	}
	if err := s(t.Context(), &call{route: "r", idempotent: true, attempt: wait, separate: separate(crash)}); err != nil {
		t.Error(err)
	}
	defer func() {
		if recover() == nil {
			t.Error("the panic is gone")
		}
	}()
	_ = s(t.Context(), &call{route: "r", idempotent: true, attempt: func(ctx context.Context, _ *endpoint.Endpoint) error {
		_ = wait(ctx, nil)
		return crash(ctx, nil)
	}, separate: separate(wait)})
}

// What is not idempotent is made once, and so is a call of a route that is not known.
func TestNotHedged(t *testing.T) { synctest.Test(t, notHedged) }

func notHedged(t *testing.T) {
	for name, change := range map[string]func(*call){
		"not idempotent": func(c *call) { c.idempotent = false },
		"another route":  func(c *call) { c.route = "another" },
	} {
		var answer int
		var made, running atomic.Int64
		c := hedgedCall(&answer, &made, &running, try{time.Second, nil}, try{0, nil})
		change(c)
		if err := learned().policy(direct)(t.Context(), c); err != nil || made.Load() != 1 {
			t.Errorf("%s: %d attempts, %v", name, made.Load(), err)
		}
	}
}

// However slow a service becomes, a tenth of its calls are hedged.
func TestHedgeBudget(t *testing.T) { synctest.Test(t, hedgeBudgetIsKept) }

func hedgeBudgetIsKept(t *testing.T) {
	s := learned().policy(direct)
	var made, running atomic.Int64
	const calls = 500
	tries := slices.Repeat([]try{{500 * time.Millisecond, errors.New("slow")}}, 2*calls) // failures teach nothing
	for range calls {
		var answer int
		_ = s(t.Context(), hedgedCall(&answer, &made, &running, tries...))
	}
	if hedges := made.Load() - calls; hedges > calls/10+hedgeReserve || hedges < calls/10 {
		t.Errorf("%d hedges of %d calls", hedges, calls)
	}
}

// Breakers and limits see both attempts.
func TestHedgesAreLimited(t *testing.T) { synctest.Test(t, hedgesAreLimited) }

func hedgesAreLimited(t *testing.T) {
	var answer int
	var made, running atomic.Int64
	alone := func(next send) send {
		return func(ctx context.Context, c *call) error {
			if running.Load() > 0 {
				t.Error("two attempts at once though one is permitted")
			}
			return next(ctx, c)
		}
	}
	s := through(direct, learned().policy, newLimiter(Config{Name: "s", Concurrency: 1}).policy, alone)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	err := s(ctx, hedgedCall(&answer, &made, &running, try{time.Second, nil}, try{0, nil}))
	if err != nil || answer != 1 {
		t.Errorf("answer %d: %v", answer, err)
	}
}

// The quantile follows what routes do lately, and is at most an eighth too large.
func TestLatencies(t *testing.T) {
	for _, unit := range []time.Duration{100 * time.Microsecond, time.Millisecond, 40 * time.Millisecond, time.Second} {
		var l latencies
		for i := range 100 {
			if got := l.quantile(); got != 0 {
				t.Fatalf("%v after %d calls", got, i)
			}
			l.note(time.Duration(i+1)*unit, 0.9)
		}
		if got := l.quantile(); got < 90*unit || got > 102*unit+latencyUnit/8 {
			t.Errorf("the quantile of 0.9 of 100 latencies up to %v: %v", 100*unit, got)
		}
		for range 5000 {
			l.note(unit, 0.9)
		}
		if got := l.quantile(); got < unit || got > unit*9/8+latencyUnit/8 {
			t.Errorf("the quantile of those that take %v: %v", unit, got)
		}
	}
	var l latencies
	for range latencyLearn {
		l.note(24*time.Hour, 0.5)
	}
	if l.quantile() < time.Minute {
		t.Errorf("a day counts as %v", l.quantile())
	}
}

// Each latency is below the end of its bucket, and not below that of the one before.
func TestBuckets(t *testing.T) {
	for took := time.Duration(0); took < 3*time.Minute; took += took/100 + time.Microsecond {
		i := bucketOf(took)
		if took >= endOfBucket(i) || i > 0 && took < endOfBucket(i-1) {
			t.Fatal(fmt.Sprint(took, " is in the bucket up to ", endOfBucket(i)))
		}
	}
}
