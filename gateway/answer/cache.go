package answer

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"github.com/portico-gateway/portico/gateway/cache"
	"github.com/portico-gateway/portico/gateway/cachecontrol"
	"github.com/portico-gateway/portico/gateway/provenance"
)

// Cache answers queries: from the store, by coalescing with an identical query that
// is being executed, or by executing the query. It is safe for concurrent use.
type Cache struct {
	store    *cache.Store
	contents *cache.Cache // of *content
	timeout  time.Duration
}

// NewCache returns a cache that uses a store, which may be shared with other caches. The
// timeout limits an execution. Close must be called at the end.
func NewCache(store *cache.Store, timeout time.Duration) *Cache {
	return &Cache{store: store, timeout: timeout, contents: cache.NewCache(store, cache.Kind{Timeout: timeout, Codec: codec(), Failed: failed})}
}

// failed reports whether an answer has failures of services, or is not there in time, so that a
// stale one is better.
func failed(e *cache.Entry, err error) bool {
	if err != nil {
		return errors.Is(err, context.DeadlineExceeded)
	}
	return contentOf(e).failed()
}

// Close cancels running executions and waits for them.
func (c *Cache) Close() { c.contents.Close() }

// Drain waits until no shared execution is running, or ctx is done.
func (c *Cache) Drain(ctx context.Context) { c.contents.Drain(ctx) }

// Query is an argument of [Cache.Get].
type Query struct {
	// Key is the key of the operation with its variables.
	Key cache.Key
	// Variation records the inputs that the operation's answers vary by.
	Variation *Variation
	// Alone reports whether the answer is for this caller only.
	Alone bool
	// Make makes the answer. Its context has the values of one of the callers, but not
	// its cancellation, and records the answer's provenance. It must not panic.
	Make func(ctx context.Context) Made
}

// Made is an answer that was made.
type Made struct {
	// Response must not be modified.
	Response *graphql.Response
	// Cost is the actual cost in points.
	Cost float64
	// Policy is the cache policy of the answer, by the schema.
	Policy cachecontrol.Policy
	// Tags are the tags that invalidate the answer, besides those of its provenance.
	Tags []string
}

// bypassed is the status of answers that are for one caller only, once.
const bypassed = "fwd=bypass"

// attempts is how often a query begins anew because it was learned that its
// answer varies by more. It only grows, by headers that code has names of.
const attempts = 4

// Get returns the answer to a query: a fresh cached one; a stale one while a new one is
// made, or if services fail, if the policy permits it (RFC 5861); otherwise a new one. It
// returns an error if ctx is done before there is an answer, or if the cache is closed, and
// [context.DeadlineExceeded] if it takes longer than the timeout.
func (c *Cache) Get(ctx context.Context, q *Query) (*Answer, error) {
	deadline := time.Now().Add(c.timeout)
	for n := range attempts {
		v := q.Variation.vary.Load()
		if q.Alone || v.everything {
			break
		}
		if n == 1 { // the time of an execution begins anew each time
			var cancel context.CancelFunc
			ctx, cancel = context.WithDeadline(ctx, deadline)
			defer cancel()
		}
		entry, status, err := c.contents.Fetch(ctx, v.key(ctx, q.Key), c.make(q, v))
		switch {
		case errors.Is(err, errLearned):
			continue
		case err != nil:
			return nil, err
		case status.Joined && !q.mayHave(ctx, entry):
			continue // it was made with what this caller does not have
		}
		return c.found(entry, status), nil
	}
	ctx, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	made := contentOf(c.execute(ctx, q))
	a := made.answer()
	a.cached, a.status, a.passed = nil, bypassed, made.passed
	return a, nil
}

// Fresh returns the answer that is cached for the caller of ctx, and fresh.
func (c *Cache) Fresh(ctx context.Context, key cache.Key, variation *Variation) (Answer, bool) {
	v := variation.vary.Load()
	if v.everything {
		return Answer{}, false
	}
	entry := c.contents.Fresh(v.key(ctx, key))
	if entry == nil {
		return Answer{}, false
	}
	found := contentOf(entry)
	return Answer{cached: found.cached, hit: true, cost: found.cost}, true
}

// mayHave reports whether an answer that was made for another caller is this one's
// too.
func (q *Query) mayHave(ctx context.Context, entry *cache.Entry) bool {
	v := q.Variation.join(contentOf(entry).vary)
	return !v.everything && v.key(ctx, q.Key) == entry.Key
}

// found returns the answer of an entry.
func (c *Cache) found(entry *cache.Entry, status cache.Status) *Answer {
	made := contentOf(entry)
	a := made.answer()
	a.hit, a.stale = status.Hit, status.Stale
	if status.Invalid {
		a.cached = nil // so that no cache before the gateway keeps it either
	}
	switch {
	case status.Stale:
		a.status = "hit; ttl=-" + inSeconds(max(c.store.Now().Sub(entry.Expires()), time.Second))
	case status.Hit:
		a.status = "hit"
	case status.Joined:
		a.joined = true
		a.status = "fwd=miss; collapsed"
	case status.Stored:
		a.status, a.passed, a.calls = "fwd=miss; stored", made.passed, made.calls
	default:
		a.status, a.passed, a.calls = "fwd=miss", made.passed, made.calls
	}
	return a
}

// errLearned reports that the variation has grown since a key was computed.
var errLearned = errors.New("the answer varies by more than was known")

// make returns a function that makes the answer for all callers that wait for it.
func (c *Cache) make(q *Query, v *vary) cache.Make {
	return func(ctx context.Context, _ *cache.Entry) (*cache.Entry, error) {
		if q.Variation.vary.Load() != v {
			return nil, errLearned // it may be cached under another key
		}
		return c.execute(ctx, q), nil
	}
}

// levels is how many levels of parts an answer has at most, keys and GETs, and
// itself.
const levels = 3

// execute makes the answer, and makes it again if a part of it had been invalidated
// by a tag that became known only with the answer: its parts are known to be
// invalid then, but not yet the parts of these.
func (c *Cache) execute(ctx context.Context, q *Query) *cache.Entry {
	made, valid := c.executeOnce(ctx, q)
	for n := 1; n < levels && !valid; n++ {
		made, valid = c.executeOnce(ctx, q)
	}
	if !valid { // it is being changed all the time
		made.Policy, contentOf(made).cached = cache.Policy{}, nil
	}
	return made
}

// executeOnce learns what the answer varies by, and prepares what is to be cached.
func (c *Cache) executeOnce(ctx context.Context, q *Query) (_ *cache.Entry, valid bool) {
	born := c.store.Now()
	recording, record := provenance.Begin(ctx)
	made := q.Make(recording)
	parts := record.Summary()
	out := &content{response: made.Response, cost: made.Cost, vary: q.Variation.add(parts), passed: passedOf(parts), fellBack: parts.FellBack}
	out.calls = callsOf(parts)
	tags := slices.Concat(made.Tags, parts.Tags)
	valid = adopt(parts.Parts, tags)
	if !parts.Born.IsZero() && parts.Born.Before(born) {
		born = parts.Born
	}
	policy := c.policy(made.Policy, parts, born)
	policy.Private = policy.Private || out.vary.isPrivate()
	entry := &cache.Entry{Key: out.vary.key(ctx, q.Key), Value: out, Born: born, Tags: slices.Clone(tags)}
	if parts.Missing { // a write to the service may create it
		for _, service := range parts.Services {
			entry.Tags = append(entry.Tags, cache.ServiceTag(service))
		}
	}
	plain := len(made.Response.Errors)+len(made.Response.Extensions) == 0
	shareable := parts.Caller < provenance.Everything && !parts.Overflow && !parts.FellBack
	if c.store.Stores() && !q.Alone && policy.MaxAge > c.store.Now().Sub(born) && plain && shareable {
		out.cached = newCached(made.Response.Data, out.vary, head{Policy: policy, Tags: tags, Born: born, MustRevalidate: parts.MustRevalidate})
		out.response = &graphql.Response{Data: out.cached.data()}
		entry.Cost, entry.Policy = out.size(), cache.Policy{Fresh: policy.MaxAge, Revalidate: policy.StaleWhileRevalidate, IfError: policy.StaleIfError}
	}
	return entry, valid
}

// adopt adds the tags of an answer to each of its parts, and reports whether all
// are valid.
func adopt(parts []provenance.Part, tags []string) (valid bool) {
	adoption := cache.Adopting(tags)
	valid = true
	for _, part := range parts {
		if own, ok := part.(*cache.Part); ok {
			valid = adoption.By(own) && valid
			continue
		}
		valid = part.Adopt(tags) && valid
	}
	return valid
}

// policy returns the policy of an answer that was born at a time: that of the schema,
// bounded by what services say of its parts.
func (c *Cache) policy(p cachecontrol.Policy, parts provenance.Summary, born time.Time) cachecontrol.Policy {
	if !parts.Expires.IsZero() {
		p.MaxAge = min(p.MaxAge, parts.Expires.Sub(born))
	}
	if parts.Missing {
		p.MaxAge = min(p.MaxAge, c.store.Now().Sub(born)+c.store.Missing())
	}
	if parts.MustRevalidate || parts.Missing {
		p.StaleWhileRevalidate, p.StaleIfError = 0, 0
	}
	return p
}
