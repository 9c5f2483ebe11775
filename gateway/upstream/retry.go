package upstream

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/portico-gateway/portico/gateway/problem"
)

// What bounds retries.
const (
	retryBudget    = 0.2 // of the calls
	retryReserve   = 10  // that a service with few calls may use
	retryMostSaved = 100 // of calls that were made earlier
	retryBase      = 25 * time.Millisecond
	retryMost      = 250 * time.Millisecond
)

// retrier makes idempotent calls again that failed because the service could not be
// reached, or said that it is not available, and others of which it got nothing. Pauses grow exponentially, with full
// jitter; a service that says when to come back (Retry-After) is called then, if half of the
// time that is left permits it. A budget of 20 % of the calls bounds the retries of
// all callers together, so that they do not keep a service down that is overloaded
// (Site Reliability Engineering, chapter 21).
type retrier struct {
	attempts int
	timeout  time.Duration // of what has no deadline, such as a stream
	budget   *budget
	random   func() float64
}

func newRetrier(c Config) *retrier {
	return &retrier{
		attempts: c.Attempts, timeout: c.Timeout, budget: newBudget(retryBudget, retryReserve, retryMostSaved), random: rand.Float64,
	}
}

func (r *retrier) policy(next send) send {
	return func(ctx context.Context, c *call) error {
		r.budget.earn()
		err := next(ctx, c)
		for n := 1; err != nil && n < r.attempts && (c.idempotent || isUnsent(err)) && isTransient(err); n++ {
			pause, ok := r.pause(ctx, err, n)
			if !ok {
				return err
			}
			if !r.budget.spend() {
				c.decided(NotRetried, err)
				return err
			}
			timer := time.NewTimer(pause)
			select {
			case <-timer.C:
			case <-ctx.Done():
				timer.Stop()
				return err
			}
			c.decided(Retried, err)
			err = next(ctx, c)
		}
		return err
	}
}

// pause returns how long to wait before the nth retry. ok is false if the time that is
// left does not permit it.
func (r *retrier) pause(ctx context.Context, err error, n int) (pause time.Duration, ok bool) {
	pause = time.Duration(r.random() * float64(min(retryBase<<n, retryMost)))
	if e, said := errors.AsType[*StatusError](err); said && e.RetryAfter > 0 {
		pause += e.RetryAfter
	}
	left := r.timeout
	if deadline, bounded := ctx.Deadline(); bounded {
		left = time.Until(deadline)
	}
	return pause, pause < left/2
}

// isTransient reports whether a call that failed may succeed when it is made again.
func isTransient(err error) bool {
	if _, open := errors.AsType[openError](err); open {
		return false
	}
	if e, ok := errors.AsType[*StatusError](err); ok {
		return isUnavailable(e) || e.Status == http.StatusTooManyRequests && e.RetryAfter > 0
	}
	if _, large := errors.AsType[tooLargeError](err); large {
		return false
	}
	p, ok := errors.AsType[*problem.Error](err)
	return ok && p.Code == problem.ServiceError
}

// isUnavailable reports whether the service says, or what stands before it, that it
// is not available.
func isUnavailable(e *StatusError) bool {
	switch e.Status {
	case 0:
		return e.Code == codes.Unavailable
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}
