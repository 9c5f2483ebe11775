package upstream

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/portico-gateway/portico/gateway/problem"
)

// What bounds hedges.
const (
	hedgeBudget  = 0.1 // of the calls
	hedgeReserve = 10  // that were not made earlier
	hedgeLeast   = time.Millisecond
)

// hedger makes an idempotent call a second time when the first attempt takes longer
// than most calls of its route did lately ("The Tail at Scale", Dean and Barroso). The
// first good answer counts, and the other attempt is cancelled. At most 10 % of the
// calls of a service are hedged, so that one that slows down is not called twice as
// often.
type hedger struct {
	quantile float64
	budget   *budget
	routes   *byRoute[*latencies]
}

func newHedger(c Config) *hedger {
	return &hedger{
		quantile: c.Hedging, budget: newBudget(hedgeBudget, 0, hedgeReserve), routes: newByRoute(func() *latencies { return &latencies{} }),
	}
}

func (h *hedger) policy(next send) send {
	return func(ctx context.Context, c *call) error {
		if !c.idempotent || c.separate == nil {
			return next(ctx, c)
		}
		h.budget.earn()
		return h.hedged(ctx, c, next, h.routes.of(c.route))
	}
}

// hedged makes a call, and again if it takes too long. No attempt outlasts it.
func (h *hedger) hedged(ctx context.Context, c *call, next send, route *latencies) error {
	began, delay := time.Now(), route.quantile()
	if delay == 0 {
		err := next(ctx, c)
		h.note(ctx, route, began, err)
		return err
	}
	first, cancelFirst := context.WithCancel(ctx)
	defer cancelFirst()
	second, cancelSecond := context.WithCancel(ctx)
	again := hedge{done: make(chan struct{}), err: errNotHedged}
	timer := time.AfterFunc(max(delay, hedgeLeast), func() {
		defer close(again.done)
		if ctx.Err() != nil || !h.budget.spend() {
			return
		}
		started := time.Now()
		c.decided(Hedged, nil)
		again.make(second, c, next)
		h.note(second, route, started, again.err)
		if again.err == nil {
			cancelFirst()
		}
	})
	prevented := sync.OnceValue(timer.Stop)
	defer func() { // also when next panics
		if cancelSecond(); !prevented() {
			<-again.done
		}
	}()
	err := next(first, c)
	h.note(ctx, route, began, err) // one that was cancelled took at least as long
	if err == nil || prevented() {
		return err
	}
	if <-again.done; again.err != nil {
		return err
	}
	c.decided(HedgeWon, nil)
	again.adopt()
	return nil
}

// errNotHedged is the result of a hedge that was not made.
var errNotHedged = errors.New("the budget of hedges is spent")

// hedge is a second attempt.
type hedge struct {
	done  chan struct{} // closed when it has ended
	err   error
	adopt func()
}

// make makes the attempt, which is not made again if it fails.
func (a *hedge) make(ctx context.Context, c *call, next send) {
	defer func() {
		if value := recover(); value != nil {
			a.err = problem.Recovered(value)
		}
	}()
	again := &call{route: c.route, of: c}
	again.attempt, a.adopt = c.separate()
	a.err = next(ctx, again)
}

// note counts the latency of an attempt that succeeded, or was cancelled because the
// other one did. Failures are often quick, and say nothing of answers.
func (h *hedger) note(ctx context.Context, route *latencies, began time.Time, err error) {
	if err == nil || errors.Is(err, context.Canceled) && ctx.Err() == nil {
		route.note(time.Since(began), h.quantile)
	}
}
