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
	store   *cache.Store
	flights *cache.Flights[*content]
}

// NewCache returns a cache with the answers of a store, which others may use too.
// The timeout bounds the making of an answer that callers share. Close must be
// called at the end.
func NewCache(store *cache.Store, timeout time.Duration) *Cache {
	return &Cache{store: store, flights: cache.NewFlights(store, timeout, codec())}
}

// Close ends what is being made and waits for it.
func (c *Cache) Close() { c.flights.Close() }

// Query is what [Cache.Get] is asked for.
type Query struct {
	// Key is that of the operation with its variables.
	Key cache.Key
	// Variation is what the operation's answers vary by.
	Variation *Variation
	// Alone reports whether the answer is for this caller only.
	Alone bool
	// Make makes the answer. It is called in the context of one of the callers
	// who get it, without its end, which records the answer's provenance. It must
	// not panic.
	Make func(ctx context.Context) Made
}

// Made is an answer that was made.
type Made struct {
	// Response must not be changed any more.
	Response *graphql.Response
	// Cost returns the actual cost in points. It is called on demand, and must be safe
	// for concurrent use.
	Cost func() float64
	// Policy is what may be done with the answer, by the schema.
	Policy cachecontrol.Policy
	// Tags are what the answer is invalidated by, besides those of its provenance.
	Tags []string
}

// bypassed is the status of answers that are for one caller only, once.
const bypassed = "fwd=bypass"

// attempts is how often a query begins anew because it was learned that its
// answer varies by more. It only grows, by headers that code has names of.
const attempts = 4

// Get returns the answer to a query: a fresh one that is cached; a stale one while
// a new one is made, or in place of one for which services failed, if the policy
// permits it (RFC 5861); else a new one. An error is that of ctx, if it is done
// before there is an answer, or of a cache that is closed.
func (c *Cache) Get(ctx context.Context, q *Query) (*Answer, error) {
	for range attempts {
		v := q.Variation.vary.Load()
		if q.Alone || v.everything {
			break
		}
		key := v.key(ctx, q.Key)
		entry, now := c.store.Get(key), time.Now()
		if entry != nil && entry.IsFresh(now) {
			return hit(entry), nil
		}
		if entry != nil && entry.Age(now) < entry.Fresh+contentOf(entry).cached.policy.StaleWhileRevalidate {
			c.flights.Start(ctx, key, c.make(q, key, v))
			return stale(entry), nil
		}
		made, joined, err := c.flights.Do(ctx, key, c.make(q, key, v))
		switch {
		case errors.Is(err, errLearned):
			continue
		case err != nil:
			return nil, err
		case joined && !q.mayHave(ctx, made):
			continue // it was made with what this caller does not have
		case entry != nil && made.failed():
			return stale(entry), nil
		}
		return missed(made, joined), nil
	}
	made := c.execute(ctx, q)
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
	entry := c.store.Get(v.key(ctx, key))
	if entry == nil || !entry.IsFresh(time.Now()) {
		return Answer{}, false
	}
	found := contentOf(entry)
	return Answer{cached: found.cached, hit: true, cost: found.cost}, true
}

// mayHave reports whether an answer that was made for another caller is this one's
// too.
func (q *Query) mayHave(ctx context.Context, made *content) bool {
	v := q.Variation.join(made.vary)
	return !v.everything && v.key(ctx, q.Key) == made.key
}

func hit(entry *cache.Entry) *Answer {
	a := contentOf(entry).answer()
	a.status, a.hit = "hit", true
	return a
}

func stale(entry *cache.Entry) *Answer {
	a := hit(entry)
	a.stale = true
	a.status = "hit; ttl=-" + inSeconds(max(time.Since(a.cached.born)-entry.Fresh, time.Second))
	return a
}

func missed(made *content, joined bool) *Answer {
	a := made.answer()
	a.status = "fwd=miss"
	if joined {
		a.status += "; collapsed"
	} else {
		a.passed = made.passed
	}
	if made.cached != nil {
		a.status += "; stored"
	}
	return a
}

// errLearned reports that the variation has grown since a key was computed.
var errLearned = errors.New("the answer varies by more than was known")

// make returns a function that makes the answer for all who wait for it, and
// caches it.
func (c *Cache) make(q *Query, key cache.Key, v *vary) cache.Make[*content] {
	return func(ctx context.Context, put func(*cache.Entry)) (*content, error) {
		if q.Variation.vary.Load() != v {
			return nil, errLearned // it may be cached under another key
		}
		// It can have been cached after it was looked for.
		if entry := c.store.Get(key); entry != nil && entry.IsFresh(time.Now()) {
			return contentOf(entry), nil
		}
		made := c.execute(ctx, q)
		if made.cached != nil {
			entry := made.entry()
			entry.Key = made.key
			put(entry)
		}
		return made, nil
	}
}

// execute makes the answer, and makes it again if a part of it had been invalidated
// by a tag that became known only with the answer.
func (c *Cache) execute(ctx context.Context, q *Query) *content {
	made, valid := c.executeOnce(ctx, q)
	if !valid {
		made, valid = c.executeOnce(ctx, q)
	}
	if !valid { // it is being changed all the time
		made.cached = nil
	}
	return made
}

// executeOnce learns what the answer varies by, and prepares what is to be cached.
func (c *Cache) executeOnce(ctx context.Context, q *Query) (_ *content, valid bool) {
	born := time.Now()
	recording, record := provenance.Begin(ctx)
	made := q.Make(recording)
	parts := record.Summary()
	out := &content{response: made.Response, cost: made.Cost, vary: q.Variation.add(parts), passed: passedOf(parts)}
	out.key = out.vary.key(ctx, q.Key)
	tags := slices.Concat(made.Tags, parts.Tags)
	valid = true
	for _, part := range parts.Parts {
		valid = part.Adopt(tags) && valid
	}
	policy := made.Policy
	if parts.Bounded {
		policy.MaxAge = min(policy.MaxAge, parts.Fresh)
	}
	policy.Private = policy.Private || out.vary.principal
	plain := len(made.Response.Errors)+len(made.Response.Extensions) == 0
	shareable := parts.Caller < provenance.Everything && !parts.Overflow
	if c.store.Keeps() && !q.Alone && policy.Cacheable() && plain && shareable {
		cost := made.Cost() // so that what it needs is not kept
		out.cost = func() float64 { return cost }
		out.cached = newCached(made.Response.Data, out.vary, head{Policy: policy, Tags: tags, Born: born})
		out.response = &graphql.Response{Data: out.cached.data()}
	}
	return out, valid
}
