package upstream

import (
	"container/list"
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/portico-gateway/portico/gateway/problem"
)

// limiter bounds the calls of a service that are under way. One route has at most half
// of them, so that it does not keep the others out when it is slow. More calls wait, in
// the order in which they came, for at most half of the time that they have.
type limiter struct {
	service string
	most    int // of all routes
	share   int // of one

	mu      sync.Mutex
	busy    int
	arrived uint64                // waiters so far
	routes  map[string]*limited   // with calls that are under way or wait
	waiting map[*limited]struct{} // those with calls that wait
	queued  int                   // calls that wait
	waits   int64                 // that have ended, so far
	waited  time.Duration         // in total
}

// limited is a route.
type limited struct {
	busy  int
	queue list.List // of *waiter
}

// waiter is a call that waits.
type waiter struct {
	number uint64        // in the order of arrival
	ready  chan struct{} // closed when it may begin
}

func newLimiter(c Config) *limiter {
	return &limiter{
		service: c.Name, most: c.Concurrency, share: max(c.Concurrency/2, 1), //nolint:mnd // half of them
		routes: map[string]*limited{}, waiting: map[*limited]struct{}{},
	}
}

func (l *limiter) policy(next send) send {
	return func(ctx context.Context, c *call) error {
		if err := l.acquire(ctx, c.route); err != nil {
			c.decided(Limited, nil)
			return err
		}
		defer l.release(c.route)
		return next(ctx, c)
	}
}

// acquire returns when a call may begin. After an error it may not.
func (l *limiter) acquire(ctx context.Context, route string) error {
	l.mu.Lock()
	r := l.routes[route]
	if r == nil {
		r = &limited{}
		l.routes[route] = r
	}
	if l.admits(r) {
		l.begin(r)
		l.mu.Unlock()
		return nil
	}
	l.arrived++
	w := &waiter{l.arrived, make(chan struct{})}
	at := r.queue.PushBack(w)
	l.waiting[r] = struct{}{}
	l.queued++
	l.mu.Unlock()

	began := time.Now()
	patience, cancel := context.WithCancel(ctx)
	if deadline, ok := ctx.Deadline(); ok {
		patience, cancel = context.WithDeadline(ctx, began.Add(deadline.Sub(began)/2))
	}
	defer cancel()
	admitted := false
	select {
	case <-w.ready:
		admitted = true
	case <-patience.Done():
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waits++
	l.waited += time.Since(began)
	if admitted {
		return nil
	}
	select {
	case <-w.ready: // in the same moment
		l.end(route, r)
	default:
		l.leave(r, at)
		l.forget(route, r)
	}
	if ctx.Err() != nil {
		return failed(ctx, l.service, ctx.Err())
	}
	err := fmt.Errorf("service %s: %d calls are under way (services.%s.concurrency), and no other could begin within %v",
		l.service, l.busy, l.service, time.Since(began).Round(time.Millisecond))
	return problem.Wrap(err, problem.ServiceTimeout, "The service did not answer in time.").Of(l.service).OfOutage()
}

func (l *limiter) release(route string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.end(route, l.routes[route])
}

func (l *limiter) admits(r *limited) bool { return l.busy < l.most && r.busy < l.share }

func (l *limiter) begin(r *limited) {
	l.busy++
	r.busy++
}

// end ends a call, and lets the one begin that has waited longest and may.
func (l *limiter) end(route string, r *limited) {
	l.busy--
	r.busy--
	var next *limited
	for w := range l.waiting {
		if l.admits(w) && (next == nil || first(w).number < first(next).number) {
			next = w
		}
	}
	if next != nil {
		w := first(next)
		l.leave(next, next.queue.Front())
		l.begin(next)
		close(w.ready)
	}
	l.forget(route, r)
}

func first(r *limited) *waiter { return r.queue.Front().Value.(*waiter) } //nolint:forcetypeassert // see queue

// leave takes a call from a queue.
func (l *limiter) leave(r *limited, at *list.Element) {
	l.queued--
	if r.queue.Remove(at); r.queue.Len() == 0 {
		delete(l.waiting, r)
	}
}

// forget removes a route that has no calls.
func (l *limiter) forget(route string, r *limited) {
	if r.busy == 0 && r.queue.Len() == 0 {
		delete(l.routes, route)
	}
}
