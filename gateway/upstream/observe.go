package upstream

import (
	"context"
	"errors"
	"time"

	"github.com/portico-gateway/portico/gateway/problem"
	"github.com/portico-gateway/portico/gateway/provenance"
)

// Observer observes calls, except those of [Services.Check]. It must be safe for concurrent use, and must not block.
type Observer interface {
	// BeginCall is called before a call is made. The call is made with the returned context: see
	// [TraceKey].
	BeginCall(ctx context.Context, c *Call) context.Context
	// EndCall is called with that context when the call has succeeded or failed.
	EndCall(ctx context.Context, c *Call)
}

// Call is a call of a service with one answer.
type Call struct {
	Service string
	Version string // empty for the main one
	// Method is that of HTTP; empty over gRPC.
	Method string
	// Route is the position of the binding, or the name of the call in hand-written code.
	// Over gRPC it is the method, as in /package.Service/Method.
	Route string
	// Keys is the number of keys of the batch that the call is a part of; 0 if it is none.
	Keys  int
	Began time.Time

	// What is known at the end.

	Attempts int           // 0 if it was given to no endpoint
	Endpoint string        // the address of the last attempt
	Status   int           // of the last answer over HTTP; 0 for none
	FellBack bool          // the fallback answered
	Events   []Event       // in the order of their times
	Took     time.Duration // with retries
	Err      error         // a problem, or context.Canceled if the caller left
}

// Event is a decision of a policy for a call.
type Event struct {
	At   time.Time
	Name Decision
	Err  error // of the attempt before it; nil for none
}

// Decision is the kind of a decision.
type Decision string

// The decisions of policies.
const (
	Retried    Decision = "retry"
	NotRetried Decision = "retry_budget"  // too many calls were made again already
	Moved      Decision = "next_endpoint" // an endpoint got nothing of the request
	Hedged     Decision = "hedge"
	HedgeWon   Decision = "hedge_won" // its answer counts
	FellBack   Decision = "fallback"
	Mirrored   Decision = "mirror"
	Broken     Decision = "circuit_breaker.open" // the call was not made
	Limited    Decision = "concurrency_limit"    // the call was not made: too many are under way
)

// decided notes a decision, which is that of the call besides which this one is made.
func (c *call) decided(what Decision, err error) {
	if c.of != nil {
		c.of.decided(what, err)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.events = append(c.events, Event{time.Now(), what, err})
}

// make makes a call, which its service's observer and the provenance of the answer get to know.
func (c *call) make(ctx context.Context) error {
	record, observer := provenance.From(ctx), c.version.owner.observer
	noted := provenance.Call{
		Service: c.version.owner.service, Version: c.version.name, Route: c.route, Keys: provenance.Keys(ctx), Began: time.Now(),
	}
	place := record.Begins(&noted)
	if observer == nil || ctx.Value(checkKey{}) != nil {
		err := c.through(ctx, (*versions).send)
		c.ends(record, place, &noted, err)
		return err
	}
	of := &Call{Service: noted.Service, Version: noted.Version, Method: c.method, Route: c.route, Keys: noted.Keys, Began: noted.Began}
	ctx = observer.BeginCall(ctx, of)
	of.Err = c.through(ctx, (*versions).send)
	c.ends(record, place, &noted, of.Err)
	of.Took, of.FellBack = time.Since(of.Began), c.fellBack
	of.Status, of.Attempts, of.Endpoint = noted.Status, noted.Attempts, noted.Endpoint
	c.mu.Lock()
	of.Events = c.events
	c.mu.Unlock()
	observer.EndCall(ctx, of)
	return of.Err
}

// sent returns how many attempts were made, and the address of the last one.
func (c *call) sent() (attempts int, endpoint string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if attempts = len(c.tried); attempts > 0 {
		endpoint = c.tried[attempts-1].Address
	}
	return attempts, endpoint
}

// ends notes in the provenance of the answer that the call has ended.
func (c *call) ends(record *provenance.Record, place int, of *provenance.Call, err error) {
	if of.Version = c.version.name; c.fellBack {
		of.Version = c.version.owner.fallback.name
	}
	of.Attempts, of.Endpoint = c.sent()
	of.Status, of.Bytes, of.Outcome = int(c.status.Load()), c.bytes.Load(), outcomeOf(err)
	record.Ends(place, of)
}

// outcomeOf returns the outcome of a call as [provenance.Call] has it.
func outcomeOf(err error) string {
	switch {
	case err == nil:
		return ""
	case errors.Is(err, context.Canceled):
		return provenance.Left
	}
	return string(problem.CodeOf(err))
}
