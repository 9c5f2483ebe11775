package upstream

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"

	"github.com/portico-gateway/portico/gateway/problem"
)

// What opens a circuit breaker, and for how long.
const (
	breakerRate   = 80 // percent of the calls that failed
	breakerCalls  = 20 // at least
	breakerPeriod = 10 * time.Second
	breakerDelay  = time.Second // until one call is let through
	breakerJitter = 0.2
)

// breakers are circuit breakers, one for each route of a service: a route that
// fails leaves the others alone. An open one fails calls at once; after a second
// it lets one call through, which closes it if it succeeds.
type breakers struct {
	service string
	routes  *byRoute[breaker]
	opened  atomic.Int64
}

type breaker = circuitbreaker.CircuitBreaker[any]

func newBreakers(c Config) *breakers {
	b := &breakers{service: c.Name}
	b.routes = newByRoute(circuitbreaker.NewBuilder[any]().
		WithFailureRateThreshold(breakerRate/100.0, breakerCalls, breakerPeriod).
		WithDelay(breakerDelay).WithJitterFactor(breakerJitter).WithSuccessThreshold(1).
		OnOpen(func(e circuitbreaker.StateChangedEvent) {
			if e.OldState == circuitbreaker.ClosedState {
				b.opened.Add(1)
			}
		}).
		Build)
	return b
}

func (b *breakers) policy(next send) send {
	return func(ctx context.Context, c *call) error {
		breaker := b.routes.of(c.route)
		if !breaker.TryAcquirePermit() {
			c.decided(Broken, nil)
			return problem.Wrap(openError{b.service, c.route}, problem.ServiceError, "The service failed.").Of(b.service).OfOutage()
		}
		failed := true // also if it panics
		defer func() {
			if failed {
				breaker.RecordFailure()
			} else {
				breaker.RecordSuccess()
			}
		}()
		err := next(ctx, c)
		// Of a caller that left it is not known whether the service would have answered:
		// that closes no breaker.
		failed = isOutage(err) || errors.Is(err, context.Canceled) && breaker.IsHalfOpen()
		return err
	}
}

// openError says that a call was not made because of a circuit breaker.
type openError struct{ service, route string }

// Error is part of error.
func (e openError) Error() string {
	return fmt.Sprintf("service %s: %s is not called: its circuit breaker is open, since at least %d%% of the calls failed in %v",
		e.service, e.route, breakerRate, breakerPeriod)
}

// isOutage reports whether an error says that the service cannot do its work, and
// not that it refuses this request, or that the caller left.
func isOutage(err error) bool {
	if e, ok := errors.AsType[*StatusError](err); ok {
		return isUnavailable(e) || e.Status == http.StatusInternalServerError
	}
	if _, large := errors.AsType[tooLargeError](err); large {
		return false
	}
	p, ok := errors.AsType[*problem.Error](err)
	return ok && (p.Code == problem.ServiceError || p.Code == problem.ServiceTimeout)
}
