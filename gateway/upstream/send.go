package upstream

import (
	"context"
	"slices"
	"sync"

	"github.com/portico-gateway/portico/gateway/endpoint"
)

// call is one call of a service, over HTTP or gRPC, as policies see it.
type call struct {
	// route is what is called, without the values of the call: the position of a
	// binding, or a name of hand-written code's.
	route string
	// idempotent reports whether the call may be made again if it failed.
	idempotent bool
	// attempt sends the request once to an endpoint and reads its answer. Its errors
	// are problems, unless the caller left. It is an *unsentError if the endpoint got
	// nothing of the request.
	attempt func(ctx context.Context, to *endpoint.Endpoint) error

	mu     sync.Mutex
	failed []*endpoint.Endpoint // where attempts failed
}

// avoid returns the endpoints where attempts failed.
func (c *call) avoid() []*endpoint.Endpoint {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.failed)
}

func (c *call) failedAt(e *endpoint.Endpoint) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failed = append(c.failed, e)
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

// policies returns the policies of a service, outermost first. Within them a call is
// given to an endpoint (balancer).
func (c Config) policies() []policy {
	return []policy{
		newRetrier(c).policy,
		newBreakers(c).policy,
		newLimiter(c).policy,
	}
}
