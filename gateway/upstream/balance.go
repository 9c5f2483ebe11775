package upstream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/portico-gateway/portico/gateway/endpoint"
	"github.com/portico-gateway/portico/gateway/problem"
)

// balancer assigns each call to an endpoint of its service, and reports to the set of
// endpoints how the call ended. A request of which an endpoint got nothing is sent to
// another one, whether it is idempotent or not.
type balancer struct {
	service string
	timeout time.Duration
	set     *endpoint.Set
}

const (
	mostUnsent   = 4           // endpoints that a call tries to reach
	longestProbe = time.Second // that an idempotent call waits for an ejected endpoint, or
	usualProbe   = 3           // times as long as calls usually take
)

// unsentError is the error of a call of which the endpoint got nothing: it could not
// be reached.
type unsentError struct{ error }

func (e *unsentError) Unwrap() error { return e.error }

func isUnsent(err error) bool {
	_, ok := errors.AsType[*unsentError](err)
	return ok
}

// send sends a call to an endpoint.
func (b *balancer) send(ctx context.Context, c *call) error {
	for n := 1; ; n++ {
		u, err := b.use(ctx, endpoint.Call, c)
		if err != nil {
			return err
		}
		err = b.attempt(ctx, u, c)
		if err == nil {
			return nil
		}
		again := isUnsent(err) || u.Probe && c.idempotent
		if !again || n == mostUnsent || n >= b.set.Len() || ctx.Err() != nil {
			return err
		}
		c.decided(Moved, err)
	}
}

// use chooses the endpoint of a call. Its error is a problem, unless the caller left.
func (b *balancer) use(ctx context.Context, kind endpoint.Kind, c *call) (endpoint.Use, error) {
	u, err := b.set.Use(ctx, kind, c.avoid(), c.idempotent)
	switch {
	case err == nil:
		c.tries(u.Endpoint)
		return u, nil
	case errors.Is(err, endpoint.ErrRetired):
		return u, err // see versions.latest
	case ctx.Err() != nil:
		return u, failed(ctx, b.service, ctx.Err())
	}
	err = fmt.Errorf("service %s: %w", b.service, err)
	return u, &unsentError{problem.Wrap(err, problem.ServiceError, "The service failed.").Of(b.service).OfOutage()}
}

// attempt makes one attempt. One that finds out whether an ejected endpoint works again
// leaves time for another one.
func (b *balancer) attempt(ctx context.Context, u endpoint.Use, c *call) error {
	limited := ctx
	if u.Probe && c.idempotent {
		var cancel context.CancelFunc
		limited, cancel = context.WithTimeout(ctx, b.patience(ctx))
		defer cancel()
	}
	began := time.Now()
	outcome := endpoint.Left // if it panics
	defer func() { u.End(outcome) }()
	err := c.attempt(limited, u.Endpoint)
	outcome = b.outcome(err, time.Since(began), u.Probe)
	return err
}

// patience returns how long a probe may take: long enough that an endpoint that works
// again answers in time, also of a service whose calls take long.
func (b *balancer) patience(ctx context.Context) time.Duration {
	patience := max(longestProbe, usualProbe*b.set.Usual())
	if deadline, ok := ctx.Deadline(); ok {
		patience = min(patience, time.Until(deadline)/2) //nolint:mnd // the rest is for another attempt
	}
	return patience
}

// outcome returns what an attempt says of its endpoint.
func (b *balancer) outcome(err error, took time.Duration, probe bool) endpoint.Outcome {
	if err == nil {
		return endpoint.Answered
	}
	if isUnsent(err) {
		if p, ok := errors.AsType[*problem.Error](err); ok && p.Code == problem.ServiceTimeout && took < b.timeout/2 && !probe {
			return endpoint.Late
		}
		return endpoint.Lost
	}
	if errors.Is(err, context.Canceled) {
		return endpoint.Left
	}
	if _, ok := errors.AsType[*StatusError](err); ok {
		if isOutage(err) {
			return endpoint.Failed
		}
		return endpoint.Answered
	}
	p, ok := errors.AsType[*problem.Error](err)
	switch {
	case !ok || !isOutage(err):
		return endpoint.Answered
	case p.Code != problem.ServiceTimeout:
		return endpoint.Lost
	case took < b.timeout/2 && !probe:
		return endpoint.Late
	}
	return endpoint.Silent
}

// open sends a call that opens a stream to an endpoint, which is in use until the stream
// ends.
func (b *balancer) open(ctx context.Context, c *call) error {
	for n := 1; ; n++ {
		u, err := b.use(ctx, endpoint.Stream, c)
		if err != nil {
			return err
		}
		if err = b.begin(ctx, u, c); err == nil {
			return nil
		}
		if !isUnsent(err) || n == mostUnsent || n >= b.set.Len() || ctx.Err() != nil {
			return err
		}
	}
}

// begin makes one attempt to open a stream, with whose end the use of the endpoint ends.
func (b *balancer) begin(ctx context.Context, u endpoint.Use, c *call) error {
	began, outcome, open := time.Now(), endpoint.Left, false // if it panics
	defer func() {
		if !open {
			u.End(outcome)
		}
	}()
	err := c.attempt(ctx, u.Endpoint)
	if err != nil {
		outcome = b.outcome(err, time.Since(began), u.Probe)
		return err
	}
	open = true
	u.Works()
	c.lasts.do(func() { u.End(endpoint.Left) })
	return nil
}
