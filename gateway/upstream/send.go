package upstream

import (
	"context"
	"slices"
)

// call is one call of a service, over HTTP or gRPC, as policies see it.
type call struct {
	// route is what is called, without the values of the call: the position of a
	// binding, or a name of hand-written code's.
	route string
	// idempotent reports whether the call may be made again if it failed.
	idempotent bool
	// attempt sends the request once and reads its answer. Its errors are problems,
	// unless the caller left.
	attempt func(ctx context.Context) error
	// separate returns an attempt that can be made while attempt is. Its answer is
	// that of the call when adopt is called, at a time when no attempt is made. It is
	// nil if there is none.
	separate func() (attempt func(ctx context.Context) error, adopt func())
}

// send makes a call.
type send func(ctx context.Context, c *call) error

// policy is what is done around a call: it calls next, not at all, or later. It is
// safe for concurrent use.
type policy func(next send) send

// through returns a send that goes through policies, of which the first is the
// outermost, to the attempt of the call.
func through(policies ...policy) send {
	s := func(ctx context.Context, c *call) error { return c.attempt(ctx) }
	for _, p := range slices.Backward(policies) {
		s = p(s)
	}
	return s
}

// policies returns the policies of a service, outermost first: those around calls,
// and those around the opening of streams. A stream has no place among the calls that
// are under way: it may be silent, and lasts.
func (c Config) policies() (calls, streams []policy) {
	streams = []policy{newRetrier(c).policy, newBreakers(c).policy}
	calls = append(slices.Clone(streams), newLimiter(c).policy)
	if c.Hedging > 0 {
		calls = slices.Insert(calls, 0, newHedger(c).policy)
	}
	return calls, streams
}
