package upstream

import (
	"container/list"
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/portico-gateway/portico/gateway/problem"
)

// limiter bounds the calls of a service that are under way. One route has at most
// three quarters of them, so that it does not keep the others out when it is
// slow. More calls wait, in the order in which they came, for at most half of the
// time that they have.
type limiter struct {
	service string
	most    int // of all routes
	share   int // of one

	mu     sync.Mutex
	busy   int
	routes map[string]int // calls under way, none of which is 0
	queue  list.List      // of *waiter
}

// waiter is a call that waits.
type waiter struct {
	route string
	ready chan struct{} // closed when it may begin
}

func newLimiter(c Config) *limiter {
	return &limiter{service: c.Name, most: c.Concurrency, share: max(c.Concurrency*3/4, 1), routes: map[string]int{}}
}

func (l *limiter) policy(next send) send {
	return func(ctx context.Context, c *call) error {
		if err := l.acquire(ctx, c.route); err != nil {
			return err
		}
		defer l.release(c.route)
		return next(ctx, c)
	}
}

// acquire returns when a call may begin. After an error it may not.
func (l *limiter) acquire(ctx context.Context, route string) error {
	l.mu.Lock()
	if l.admits(route) {
		l.begin(route)
		l.mu.Unlock()
		return nil
	}
	w := &waiter{route: route, ready: make(chan struct{})}
	at := l.queue.PushBack(w)
	l.mu.Unlock()

	began := time.Now()
	patience, cancel := context.WithCancel(ctx)
	if deadline, ok := ctx.Deadline(); ok {
		patience, cancel = context.WithDeadline(ctx, began.Add(deadline.Sub(began)/2))
	}
	defer cancel()
	select {
	case <-w.ready:
		return nil
	case <-patience.Done():
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-w.ready: // in the same moment
		l.end(route)
	default:
		l.queue.Remove(at)
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
	l.end(route)
}

func (l *limiter) admits(route string) bool { return l.busy < l.most && l.routes[route] < l.share }

func (l *limiter) begin(route string) {
	l.busy++
	l.routes[route]++
}

// end ends a call, and lets those begin that may now.
func (l *limiter) end(route string) {
	l.busy--
	if l.routes[route]--; l.routes[route] == 0 {
		delete(l.routes, route)
	}
	for at := l.queue.Front(); at != nil && l.busy < l.most; {
		w, next := at.Value.(*waiter), at.Next() //nolint:forcetypeassert // see queue
		if l.admits(w.route) {
			l.queue.Remove(at)
			l.begin(w.route)
			close(w.ready)
		}
		at = next
	}
}
