package upstream

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/portico-gateway/portico/gateway/endpoint"
)

// call is one call of a service, over HTTP or gRPC, as policies see it.
type call struct {
	// method is that of HTTP; empty over gRPC.
	method string
	// route is what is called, without the values of the call: the position of a
	// binding, or a name of hand-written code's.
	route string
	// idempotent reports whether the call may be made again if it failed.
	idempotent bool
	// version is what is called.
	version *version
	// attempt sends the request once to an endpoint and reads its answer. Its errors
	// are problems, unless the caller left. It is an *unsentError if the endpoint got
	// nothing of the request.
	attempt attempt
	// separate returns an attempt that can be made while attempt is. Its answer is
	// that of the call when adopt is called, at a time when no attempt is made. It is
	// nil if there is none.
	separate func() (attempt attempt, adopt func())
	// copy is an attempt whose answer is ignored, which can be made while others are, and
	// later; nil if there is none.
	copy attempt
	// lasts is the stream that the attempt has opened, which has not ended.
	lasts *ending
	// fellBack reports that the fallback answered, and not the version.
	fellBack bool
	// of is the call of which this is another one, made at the same time; nil if it is
	// none.
	of *call

	status atomic.Int64 // of the last answer over HTTP
	bytes  atomic.Int64 // of the body of the last answer over HTTP that was read

	mu     sync.Mutex
	first  [2]*endpoint.Endpoint
	tried  []*endpoint.Endpoint // that were given an attempt
	events []Event
}

// attempt is a function that makes an attempt at an endpoint.
type attempt func(ctx context.Context, to *endpoint.Endpoint) error

// avoid returns the endpoints that were given an attempt of the call, or of the one that it
// is made besides. An attempt is preferably given to another one.
func (c *call) avoid() []*endpoint.Endpoint {
	if c.of != nil {
		return c.of.avoid()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.tried)
}

// tries notes that an endpoint is given an attempt.
func (c *call) tries(e *endpoint.Endpoint) {
	if c.of != nil {
		c.of.tries(e)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.tried == nil {
		c.tried = c.first[:0] // which saves an allocation
	}
	c.tried = append(c.tried, e)
}

// send makes a call.
type send func(ctx context.Context, c *call) error

// policy is what is done around a call: it calls next, not at all, or later. It is
// safe for concurrent use.
type policy func(next send) send

// through returns a send that goes through policies, of which the first is the
// outermost, to last.
func through(last send, policies ...policy) send {
	for _, p := range slices.Backward(policies) {
		last = p(last)
	}
	return last
}

// policies are those of a version of a service.
type policies struct {
	hedger   *hedger // nil for none
	retrier  *retrier
	breakers *breakers
	limiter  *limiter
}

func newPolicies(c Config) *policies {
	p := &policies{retrier: newRetrier(c), breakers: newBreakers(c), limiter: newLimiter(c)}
	if c.Hedging > 0 {
		p.hedger = newHedger(c)
	}
	return p
}

// calls returns those around calls, outermost first. Within them a call is given to an
// endpoint (balancer).
func (p *policies) calls() []policy {
	list := append(p.streams(), p.limiter.policy)
	if p.hedger != nil {
		list = slices.Insert(list, 0, p.hedger.policy)
	}
	return list
}

// streams returns those around the opening of streams. A stream has no place among the
// calls that are under way: it may be silent, and lasts.
func (p *policies) streams() []policy { return []policy{p.retrier.policy, p.breakers.policy} }
