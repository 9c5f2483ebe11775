package provenance

import (
	"context"
	"sync"
	"time"
)

// Call is a call of a service for an answer, or what was found in place of one. It has nothing of
// the values that are sent.
type Call struct {
	// Service and Version name what is called. The version is empty for the main one.
	Service, Version string
	// Route is the position of a binding, file:line:column, a method of gRPC, a name of hand-written
	// code's, or that of a loader if its values were found.
	Route string
	// Keys is how many keys the batch of the call has; 0 for none.
	Keys int
	// Cache is empty for a call. Else the service was not called: [Hit], [Stale], or [Coalesced].
	Cache string
	// Began is when it began, and Took how long it took; until now if it has not Ended.
	Began time.Time
	Took  time.Duration
	Ended bool
	// Attempts is how often it was sent to an endpoint.
	Attempts int
	// Endpoint is the address that it was sent to last; empty if it was sent nowhere.
	Endpoint string
	// Status is that of its last answer over HTTP; 0 for none. Bytes is the size of that answer's body, as
	// it was read.
	Status int
	Bytes  int64
	// Outcome is the code of its problem, or [Left]; empty if it succeeded.
	Outcome string
}

// What was found in place of a call.
const (
	Hit       = "hit"       // in a cache
	Stale     = "stale"     // in a cache, and not fresh
	Coalesced = "coalesced" // what another operation was calling for
)

// Left is the outcome of a call whose caller left.
const Left = "left"

// MaxCalls is how many calls a record describes. Others are only counted.
const MaxCalls = 50

// noted is a [Call] as a record has it: it is made for each call, and seldom read.
type noted struct {
	service, version, route, cache, endpoint, outcome string
	keys, attempts, status                            int32
	bytes                                             int64
	began, took                                       time.Duration // since the first one began; took is negative while it lasts
}

// calls are those of an outermost record. It is safe for concurrent use.
type calls struct {
	mu    sync.Mutex
	start time.Time // of the first one
	list  []noted
	more  int
	first [8]noted // of list: most operations need no more, nor another allocation
}

// add notes a call, and returns its place; -1 if it has none.
func (c *calls) add(of *Call, took time.Duration) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.list) == MaxCalls {
		c.more++
		return -1
	}
	if c.list == nil {
		c.list, c.start = c.first[:0], of.Began
	}
	//nolint:gosec // there are not as many keys
	c.list = append(c.list, noted{
		service: of.Service, version: of.Version, route: of.Route, cache: of.Cache, outcome: of.Outcome,
		keys: int32(of.Keys), began: of.Began.Sub(c.start), took: took,
	})
	return len(c.list) - 1
}

// end notes that the call at a place has ended.
func (c *calls) end(at int, took time.Duration, of *Call) {
	if at < 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	n := &c.list[at]
	n.version, n.endpoint, n.outcome, n.took = of.Version, of.Endpoint, of.Outcome, took
	n.attempts, n.status, n.bytes = int32(of.Attempts), int32(of.Status), of.Bytes //nolint:gosec // they are small
}

// Begins notes that a call of a service begins, at c.Began. Ends must be called with what it returns when
// the call has ended.
func (r *Record) Begins(c *Call) (place int) {
	if r == nil {
		return -1
	}
	for of := r; of != nil; of = of.outer {
		of.mu.Lock()
		of.calls++
		if of.open++; of.open == 1 {
			of.began = c.Began
		}
		of.mu.Unlock()
	}
	return r.list.add(c, -1)
}

// Ends notes that the call at a place has ended, and by now has a version, attempts and an outcome.
func (r *Record) Ends(place int, c *Call) {
	if r == nil {
		return
	}
	now := time.Now()
	for of := r; of != nil; of = of.outer {
		of.mu.Lock()
		if of.open--; of.open == 0 {
			of.waited += now.Sub(of.began)
		}
		of.mu.Unlock()
	}
	r.list.end(place, now.Sub(c.Began), c)
}

// Found notes what was found in place of a call, which has ended.
func (r *Record) Found(c *Call) {
	if r != nil {
		r.list.add(c, time.Since(c.Began))
	}
}

// EachCall calls f with the calls of the outermost record in the order in which they began, and what was found in
// place of others. It returns how many more there are.
func (r *Record) EachCall(f func(*Call)) (more int) {
	if r == nil {
		return 0
	}
	c := r.list
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range c.list {
		n := &c.list[i]
		call := Call{
			Service: n.service, Version: n.version, Route: n.route, Keys: int(n.keys), Cache: n.cache,
			Began: c.start.Add(n.began), Took: n.took, Ended: n.took >= 0, Attempts: int(n.attempts),
			Endpoint: n.endpoint, Status: int(n.status), Bytes: n.bytes, Outcome: n.outcome,
		}
		if !call.Ended {
			call.Took = time.Since(call.Began)
		}
		f(&call)
	}
	return c.more
}

// Work returns how many calls of services have begun, and for how long at least one of them was under
// way, until now.
func (r *Record) Work() (calls int, waited time.Duration) {
	if r == nil {
		return 0, 0
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if waited = r.waited; r.open > 0 {
		waited += time.Since(r.began)
	}
	return r.calls, waited
}

// KeysKey is what a context has the number of keys of a batch under, as an *int.
type KeysKey struct{}

// WithKeys returns a context of calls for a batch of n keys.
func WithKeys(ctx context.Context, n int) context.Context {
	return context.WithValue(ctx, KeysKey{}, &n)
}

// Keys returns how many keys the batch of a context has; 0 if it is none.
func Keys(ctx context.Context) int {
	if n, ok := ctx.Value(KeysKey{}).(*int); ok {
		return *n
	}
	return 0
}
