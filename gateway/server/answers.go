package server

import (
	"context"
	"errors"
	"hash/maphash"
	"net/http"
	"time"

	"github.com/99designs/gqlgen/graphql"
	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/portico-gateway/portico/gateway/auth"
	"github.com/portico-gateway/portico/gateway/cache"
	"github.com/portico-gateway/portico/gateway/execute"
	"github.com/portico-gateway/portico/gateway/input"
	"github.com/portico-gateway/portico/gateway/problem"
	"github.com/portico-gateway/portico/gateway/provenance"
	"github.com/portico-gateway/portico/gateway/transport"
)

// answers give the answers to a frontend's queries: one that is kept, one that
// is being made for somebody else who asks the same, or a new one.
type answers struct {
	store   *cache.Store
	flights *cache.Flights[*answer]
	// recalled are requests whose answers are kept, by a hash of their texts.
	recalled *lru.Cache[uint64, *recalled]
	seed     maphash.Seed
	codings  *compressor
}

// mostRecalled is how many requests are known by their bytes.
const mostRecalled = 4096

func newAnswers(store *cache.Store, timeout time.Duration) (*answers, error) {
	known, errRecalled := lru.New[uint64, *recalled](mostRecalled)
	codings, errCodings := newCompressor()
	if err := errors.Join(errRecalled, errCodings); err != nil {
		return nil, err
	}
	return &answers{
		store: store, flights: cache.NewFlights(store, timeout, answerCodec(codings)),
		recalled: known, seed: maphash.MakeSeed(), codings: codings,
	}, nil
}

// query is one query of one caller.
type query struct {
	*pipeline

	a    *admission
	oc   *graphql.OperationContext
	base cache.Key
	// alone queries are answered for nobody else: some of their fields are denied
	// to the caller.
	alone bool
	// remembered are the values for the guards and rate limits of the same request
	// when it comes again; nil if it has neither, or the values are large.
	remembered map[string]any
}

// served is how a query was answered.
type served struct {
	*answer

	status string // of Cache-Status, without the name of the cache
	stale  bool
	hit    bool
}

// attempts is how often a query begins anew because it was learned that its
// answer varies by more. It only grows, by headers that code has names of.
const attempts = 4

// queryOf prepares a query.
func (p *pipeline) queryOf(a *admission, oc *graphql.OperationContext) *query {
	q := &query{pipeline: p, a: a, oc: oc, base: baseKey(a.facts, oc.Variables), alone: a.denied != nil}
	if a.recallable && q.needsValues() && input.IsSmall(oc.Variables) { // before a resolver can change them
		q.remembered = input.Copy(oc.Variables)
	}
	return q
}

// needsValues reports whether guards or rate limits read the values of a request.
func (q *query) needsValues() bool { return q.a.facts.guards != nil || q.a.facts.limits != nil }

// respond is the response to the query.
func (q *query) respond(ctx context.Context) *graphql.Response {
	var s served
	resp := q.settled(func(ctx context.Context) *graphql.Response {
		if s = q.answer(ctx); s.answer == nil {
			return nil
		}
		q.a.actual = &s.cost
		return s.response()
	}, q.a, q.oc)(ctx)
	if resp != nil {
		q.finish(ctx, s, resp)
	}
	return resp
}

// answer finds the answer to a query. It is nil when ctx ends before.
func (q *query) answer(ctx context.Context) served {
	known := q.a.facts
	for range attempts {
		v := known.learned.vary.Load()
		if q.alone || v.everything {
			break
		}
		key := v.key(ctx, q.base)
		entry, now := q.answers.store.Get(key), time.Now()
		if entry != nil && entry.IsFresh(now) {
			return hit(entry)
		}
		if entry != nil && entry.Age(now) < entry.Fresh+keptOf(entry).policy.StaleWhileRevalidate {
			q.answers.flights.Start(ctx, key, q.make(key, v))
			return stale(entry)
		}
		made, joined, err := q.answers.flights.Do(ctx, key, q.make(key, v))
		switch {
		case err != nil && ctx.Err() != nil:
			return served{}
		case errors.Is(err, errLearned):
			continue
		case err != nil:
			return served{answer: &answer{errors: gqlerror.List{q.present(ctx, err)}}, status: "fwd=miss"}
		case joined && !q.mayHave(ctx, made):
			continue // it was made with what this caller does not have
		case entry != nil && made.failed():
			return stale(entry)
		}
		return missed(made, joined)
	}
	return served{answer: q.execute(ctx), status: bypassed}
}

// mayHave tells whether an answer that was made for another caller is this one's,
// too.
func (q *query) mayHave(ctx context.Context, made *answer) bool {
	v := q.a.facts.learned.join(made.vary)
	return !v.everything && v.key(ctx, q.base) == made.key
}

// bypassed is the status of answers that are for one caller only, once.
const bypassed = "fwd=bypass"

func keptOf(entry *cache.Entry) *kept { return entry.Value.(*answer).kept } //nolint:forcetypeassert // only answers are kept

func hit(entry *cache.Entry) served {
	return served{answer: entry.Value.(*answer), status: "hit", hit: true} //nolint:forcetypeassert // only answers are kept
}

func stale(entry *cache.Entry) served {
	s := hit(entry)
	s.stale = true
	s.status = "hit; ttl=-" + inSeconds(max(time.Since(s.kept.born)-entry.Fresh, time.Second))
	return s
}

func missed(made *answer, joined bool) served {
	status := "fwd=miss"
	if joined {
		status += "; collapsed"
	}
	if made.kept != nil {
		status += "; stored"
	}
	return served{answer: made, status: status}
}

// errLearned tells that a key was made before all of it was known.
var errLearned = errors.New("the answer varies by more than was known")

// make makes the answer for all who wait for it, and keeps it.
func (q *query) make(key cache.Key, v *vary) cache.Make[*answer] {
	return func(ctx context.Context, put func(*cache.Entry)) (*answer, error) {
		if q.a.facts.learned.vary.Load() != v {
			return nil, errLearned // it may be kept under another key
		}
		// It can have been kept after it was looked for.
		if entry := q.answers.store.Get(key); entry != nil && entry.IsFresh(time.Now()) {
			return entry.Value.(*answer), nil //nolint:forcetypeassert // only answers are kept
		}
		made := q.execute(ctx)
		if made.kept != nil {
			entry := made.entry()
			entry.Key = made.key
			put(entry)
		}
		return made, nil
	}
}

// execute executes the query, again if it was made of something that was
// invalid by one of its tags, which nobody knew before.
func (q *query) execute(ctx context.Context) *answer {
	made, valid := q.executeOnce(ctx)
	if !valid {
		made, valid = q.executeOnce(ctx)
	}
	if !valid { // it is being changed all the time
		made.kept = nil
	}
	return made
}

// executeOnce learns what the answer varies by, and prepares what is to be kept.
func (q *query) executeOnce(ctx context.Context) (_ *answer, valid bool) {
	born, caller := time.Now(), ctx
	ctx, record := provenance.Begin(ctx)
	if q.a.denied != nil {
		ctx = execute.WithDenied(ctx, q.a.denied)
	}
	next, ctx := q.Executor.DispatchOperation(execute.WithPlans(execute.Begin(ctx), q.a.facts.plans), q.oc)
	resp := next(ctx)
	if resp == nil {
		resp = &graphql.Response{Errors: gqlerror.List{q.present(ctx, problem.New(problem.ServiceTimeout, "The operation took too long."))}}
	}
	known, made := q.a.facts, record.Summary()
	out := &answer{data: resp.Data, errors: resp.Errors, extensions: resp.Extensions, vary: known.learned.add(made)}
	out.key = out.vary.key(caller, q.base)
	out.cost = known.cost.Actual(q.oc.Variables, resp.Data, q.a.requested)
	tags := append(known.caching.Tags(q.oc.Variables), made.Tags...)
	valid = true
	for _, part := range made.Parts {
		valid = part.Adopt(tags) && valid
	}
	policy := known.caching.Policy
	if made.Bounded {
		policy.MaxAge = min(policy.MaxAge, made.Fresh)
	}
	policy.Private = policy.Private || out.vary.principal
	plain := len(resp.Errors)+len(resp.Extensions) == 0
	shareable := made.Caller < provenance.Everything && !made.Overflow
	if q.answers.store.Keeps() && !q.alone && policy.Cacheable() && plain && shareable {
		out.kept = newKept(resp.Data, out.vary, answerHead{Policy: policy, Tags: tags, Born: born}, q.answers.codings)
		out.data = out.kept.data()
	}
	return out, valid
}

// recalled is a request whose text was read before.
type recalled struct {
	method, text string

	facts     *facts
	variables map[string]any
	base      cache.Key
	requested float64
	version   uint64 // of the trusted documents
}

// recall finds the answer to a request that came before, if it is fresh and
// the caller may have it: then there is nothing to decode and to look up.
func (p *pipeline) recall(header http.Header, r *http.Request, text []byte) transport.Finished {
	known, ok := p.answers.recalled.Get(maphash.Bytes(p.answers.seed, text))
	if !ok || known.text != string(text) || known.method != r.Method || known.version != p.persisted.Version() {
		return nil
	}
	ctx := r.Context()
	v := known.facts.learned.vary.Load()
	if v.everything {
		return nil
	}
	entry := p.answers.store.Get(v.key(ctx, known.base))
	if entry == nil || !entry.IsFresh(time.Now()) {
		return nil
	}
	if known.facts.guards.Check(ctx, auth.From(ctx), known.variables) != nil || known.facts.introspect != nil && !mayIntrospect(ctx, p.config) {
		return nil
	}
	out := entry.Value.(*answer) //nolint:forcetypeassert // only answers are kept
	if !p.chargeHit(ctx, header, known, out.cost) {
		return nil // it is charged, and refused, again
	}
	return out.kept
}

// chargeHit charges for a recalled request what it costs.
func (p *pipeline) chargeHit(ctx context.Context, header http.Header, r *recalled, cost float64) bool {
	if bucket, _ := bucketOf(p.config.RateLimit, auth.From(ctx)); bucket == nil && r.facts.limits == nil {
		return true
	}
	a := &admission{facts: r.facts, requested: r.requested}
	if err := p.charge(ctx, header, a, r.variables); err != nil {
		return false
	}
	p.giveBack(a, cost)
	return true
}

// cacheReport is extensions.cache.
type cacheReport struct {
	Status string `json:"status"` // hit, stale, miss, bypass
	Age    int64  `json:"age"`    // in seconds
}

// finish tells the transport how a query was answered.
func (q *query) finish(ctx context.Context, s served, resp *graphql.Response) {
	wanted, _ := q.oc.Extensions["cache"].(bool)
	if wanted || s.stale {
		s.report(resp)
	}
	reply := transport.ReplyOf(ctx)
	if reply == nil {
		return
	}
	if s.kept == nil || s.stale || len(resp.Extensions) > 0 {
		reply.Header.Set("Cache-Status", cacheName+"; "+s.status)
		if s.hit {
			reply.Header["Age"] = age(time.Since(s.kept.born))
		}
		return
	}
	if s.hit {
		reply.Finish(s.kept)
	} else {
		reply.Finish(first{s.kept, cacheName + "; " + s.status})
	}
	if q.a.recallable && reply.Text != "" && (q.remembered != nil || !q.needsValues()) {
		q.answers.recalled.Add(maphash.String(q.answers.seed, reply.Text), &recalled{
			method: reply.Method, text: reply.Text,
			facts: q.a.facts, variables: q.remembered, base: q.base, requested: q.a.requested, version: q.a.version,
		})
	}
}

func (s served) report(resp *graphql.Response) {
	report := cacheReport{Status: "miss"}
	switch {
	case s.stale:
		report.Status = "stale"
	case s.hit:
		report.Status = "hit"
	case s.status == bypassed:
		report.Status = "bypass"
	}
	if s.hit {
		report.Age = int64(time.Since(s.kept.born) / time.Second)
	}
	if resp.Extensions == nil {
		resp.Extensions = map[string]any{}
	}
	resp.Extensions["cache"] = report
}
