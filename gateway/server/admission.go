package server

import (
	"context"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/portico-gateway/portico/gateway/access"
	"github.com/portico-gateway/portico/gateway/auth"
	"github.com/portico-gateway/portico/gateway/config"
	"github.com/portico-gateway/portico/gateway/problem"
	"github.com/portico-gateway/portico/gateway/ratelimit"
	"github.com/portico-gateway/portico/gateway/transport"
)

// admission is what was decided about an operation before it is executed.
type admission struct {
	facts     *facts
	denied    access.Denied
	requested float64
	metered   bool // the first charge is of the caller's own bucket
	charges   []ratelimit.Charge
	states    []ratelimit.State
	report    bool
	actual    *float64 // what it did cost, when that is known without a response

	// recallable requests are known by their bytes, while the trusted documents
	// have this version.
	recallable bool
	version    uint64

	// What the slices begin with: one bucket of the caller, and some of fields.
	chargesOfMost [3]ratelimit.Charge
	statesOfMost  [3]ratelimit.State
}

// admissionKey is where an operation has its admission.
const admissionKey = "portico.admission"

// admit decides whether the caller may execute an operation, and which of its
// fields.
func (p *pipeline) admit(ctx context.Context, known *facts, oc *graphql.OperationContext) (*admission, *gqlerror.Error) {
	if err := known.cost.Check(oc.Variables); err != nil {
		return nil, err
	}
	a := &admission{facts: known, report: p.reports(oc)}
	a.requested = known.cost.Requested(oc.Variables)
	if a.requested > p.config.Cost.Max {
		return nil, refusal(problem.New(problem.CostTooHigh,
			"The operation could cost %v points, of which %v are allowed: ask for less.", a.requested, p.config.Cost.Max).
			With("cost", a.requested).With("maximum", p.config.Cost.Max))
	}
	a.denied = known.guards.Check(ctx, auth.From(ctx), oc.Variables)
	return a, nil
}

// charge takes what an operation can cost at most from the caller's bucket, and
// what its fields ask of theirs. That is done right before it is executed: what
// a transport refuses after it was admitted costs nothing. It is told in the
// header of the answer, nil if that is for several operations.
func (p *pipeline) charge(ctx context.Context, header http.Header, a *admission, variables map[string]any) *gqlerror.Error {
	principal, known := auth.From(ctx), a.facts
	p.meter(ctx, principal, a)
	if known.limits != nil { // the text of an address is an allocation
		a.charges = known.limits.Charges(a.charges, callerOf(ctx, principal), variables)
	}
	if len(a.charges) == 0 {
		return nil
	}
	if a.states = a.statesOfMost[:]; len(a.charges) > len(a.states) {
		a.states = make([]ratelimit.State, len(a.charges))
	}
	a.states = a.states[:len(a.charges)]
	granted := p.limiter.Take(ctx, a.charges, a.states)
	a.tell(header, p.frontend, granted)
	if !granted {
		return a.throttled()
	}
	return nil
}

// costOfRefusal is what a request costs that is refused for its variables: it was
// decoded and coerced.
const costOfRefusal = 1

// refused returns why a request is refused, which costs something: callers must
// not make the gateway work for nothing.
func (p *pipeline) refused(ctx context.Context, errs gqlerror.List) gqlerror.List {
	if err := p.pay(ctx, costOfRefusal); err != nil {
		return gqlerror.List{err}
	}
	return errs
}

// pay takes points from the caller's bucket for what is not part of an operation.
// It returns an error if there are not enough.
func (p *pipeline) pay(ctx context.Context, points float64) *gqlerror.Error {
	if points <= 0 {
		return nil
	}
	var header http.Header
	if reply := transport.ReplyOf(ctx); reply != nil {
		header = reply.Header
	}
	return p.charge(ctx, header, &admission{facts: &facts{}, requested: points}, nil)
}

// meter charges the caller's bucket, if it has one.
func (p *pipeline) meter(ctx context.Context, principal *auth.Principal, a *admission) {
	a.charges = a.chargesOfMost[:0]
	bucket, tier := bucketOf(p.config.RateLimit, principal)
	if bucket == nil {
		return
	}
	owner := principal.ID()
	if principal == nil {
		owner = addressOf(ctx)
	}
	a.metered = true
	a.charges = append(a.charges, ratelimit.Charge{
		Bucket: ratelimit.Bucket{Key: p.frontend + "/" + tier + "/" + owner, Capacity: bucket.Capacity, Refill: bucket.Refill},
		Points: a.requested,
	})
}

// bucketOf is the bucket of a principal's tier, else that of all who are
// authenticated, else that of all who are not.
func bucketOf(limits config.RateLimit, principal *auth.Principal) (bucket *config.Bucket, tier string) {
	if principal == nil {
		return limits.Anonymous, "anonymous"
	}
	if bucket, ok := limits.Tiers[principal.Tier]; ok {
		return bucket, "tier " + principal.Tier
	}
	return limits.Authenticated, "authenticated"
}

func callerOf(ctx context.Context, principal *auth.Principal) ratelimit.Caller {
	return ratelimit.Caller{Principal: principal.ID(), Address: addressOf(ctx)}
}

// reports tells whether the caller is to be told the cost.
func (p *pipeline) reports(oc *graphql.OperationContext) bool {
	switch p.config.Cost.Report {
	case config.ReportAlways:
		return true
	case config.ReportRequested:
		wanted, _ := oc.Extensions["cost"].(bool)
		return wanted
	}
	return false
}

// tell writes the header fields of the IETF's draft
// draft-ietf-httpapi-ratelimit-headers: the caller's own bucket, its policy as
// the time in which it fills.
func (a *admission) tell(header http.Header, frontend string, granted bool) {
	if header == nil {
		return
	}
	if a.metered {
		c, s := &a.charges[0], &a.states[0]
		policy := strconv.Quote(frontend)
		header.Set("RateLimit-Policy", policy+";q="+whole(c.Capacity)+";w="+whole(math.Ceil(c.Capacity/c.Refill)))
		header.Set("RateLimit", policy+";r="+whole(s.Available)+";t="+whole(math.Ceil((c.Capacity-s.Available)/c.Refill)))
	}
	if !granted {
		header.Set("Retry-After", whole(math.Ceil(max(a.wait().Seconds(), 1))))
	}
}

func whole(n float64) string { return strconv.FormatInt(int64(max(n, 0)), 10) }

// wait is how long it takes until all charges could be granted.
func (a *admission) wait() time.Duration {
	var longest time.Duration
	for i := range a.states {
		longest = max(longest, a.states[i].Wait)
	}
	return longest
}

func (a *admission) throttled() *gqlerror.Error {
	seconds := math.Ceil(max(a.wait().Seconds(), 1))
	e := problem.New(problem.Throttled, "Too much was asked for in a short time: try again in %v s.", seconds).With("retryAfter", seconds)
	if a.metered {
		e = e.With("cost", a.unsettled())
	}
	return refusal(e)
}

// costReport is extensions.cost, in the names that Shopify made known.
type costReport struct {
	Requested float64   `json:"requestedQueryCost"`
	Actual    *float64  `json:"actualQueryCost"` // null when nothing was executed
	Throttle  *throttle `json:"throttleStatus,omitempty"`
}

type throttle struct {
	Maximum   float64 `json:"maximumAvailable"`
	Available float64 `json:"currentlyAvailable"`
	Restore   float64 `json:"restoreRate"`
}

// unsettled is the report of what is not executed, or not yet.
func (a *admission) unsettled() costReport {
	r := costReport{Requested: a.requested}
	if a.metered {
		r.Throttle = &throttle{Maximum: a.charges[0].Capacity, Available: a.states[0].Available, Restore: a.charges[0].Refill}
	}
	return r
}

// settled gives back what an operation did not use, once, after its response:
// all of it, if there is none. A subscription is charged what one event can
// cost, and gets nothing back.
func (p *pipeline) settled(next graphql.ResponseHandler, a *admission, oc *graphql.OperationContext) graphql.ResponseHandler {
	if oc.Operation.Operation == ast.Subscription {
		return next
	}
	open := true
	settle := func(resp *graphql.Response) {
		if open {
			open = false
			p.settle(resp, a, oc)
		}
	}
	return func(ctx context.Context) (resp *graphql.Response) {
		defer func() { settle(resp) }() // also when it panics
		return next(ctx)
	}
}

func (p *pipeline) settle(resp *graphql.Response, a *admission, oc *graphql.OperationContext) {
	if !a.metered && !a.report {
		return
	}
	actual := 0.0
	switch {
	case a.actual != nil:
		actual = *a.actual
	case resp != nil:
		actual = a.facts.cost.Actual(oc.Variables, resp.Data, a.requested)
	}
	p.giveBack(a, actual)
	if resp == nil || !a.report {
		return
	}
	report := a.unsettled()
	report.Actual = &actual
	if a.metered {
		report.Throttle.Available = min(report.Throttle.Available+a.requested-actual, report.Throttle.Maximum)
	}
	if resp.Extensions == nil {
		resp.Extensions = map[string]any{}
	}
	resp.Extensions["cost"] = report
}

// giveBack gives back what was charged and not used.
func (p *pipeline) giveBack(a *admission, actual float64) {
	if a.metered && actual < a.requested {
		p.limiter.Return(a.charges[0].Bucket, a.requested-actual)
	}
}
