package operation

import (
	"context"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/portico-gateway/portico/gateway/answer"
	"github.com/portico-gateway/portico/gateway/auth"
	"github.com/portico-gateway/portico/gateway/problem"
	"github.com/portico-gateway/portico/gateway/ratelimit"
)

// account is what an operation was charged.
type account struct {
	requested float64 // the most that it can cost
	metered   bool    // the first charge is of the caller's own bucket
	charges   []ratelimit.Charge
	states    []ratelimit.State

	// What the slices begin with: one bucket of the caller, and some of fields.
	chargesOfMost [3]ratelimit.Charge
	statesOfMost  [3]ratelimit.State
}

// charge takes what an operation can cost at most from the caller's bucket, and
// what its fields charge to theirs. It returns the rate limit fields of the answer's
// header, nil for none, and an error if there is too little in a bucket.
func (f *Frontend) charge(ctx context.Context, a *account, limits *ratelimit.Fields, variables map[string]any) (http.Header, *gqlerror.Error) {
	principal := auth.From(ctx)
	f.meter(ctx, principal, a)
	if limits != nil { // the text of an address is an allocation
		a.charges = limits.Charges(a.charges, ratelimit.Caller{Principal: principal.ID(), Address: auth.Address(ctx)}, variables)
	}
	if len(a.charges) == 0 {
		return nil, nil
	}
	if a.states = a.statesOfMost[:]; len(a.charges) > len(a.states) {
		a.states = make([]ratelimit.State, len(a.charges))
	}
	a.states = a.states[:len(a.charges)]
	granted := f.config.Limiter.Take(ctx, a.charges, a.states)
	header := a.fields(f.name, granted)
	if !granted {
		return header, a.throttled()
	}
	return header, nil
}

// meter charges the caller's bucket, if it has one.
func (f *Frontend) meter(ctx context.Context, principal *auth.Principal, a *account) {
	a.charges = a.chargesOfMost[:0]
	bucket, tier := f.bucket(principal)
	if bucket == nil {
		return
	}
	a.metered = true
	a.charges = append(a.charges, ratelimit.Charge{
		Bucket: ratelimit.Bucket{Key: f.name + "/" + tier + "/" + auth.Client(ctx), Capacity: bucket.Capacity, Refill: bucket.Refill},
		Points: a.requested,
	})
}

// bucket returns the bucket of a principal, and the name of its tier.
func (f *Frontend) bucket(principal *auth.Principal) (*ratelimit.Bucket, string) {
	if principal == nil {
		return f.config.Tiers.Anonymous, "anonymous"
	}
	return f.config.Tiers.Of(principal.Tier)
}

// costOfRefusal is the price of a request that is refused for its variables: it
// was decoded and coerced.
const costOfRefusal = 1

// charged returns why a request is refused, which costs something: callers must
// not make the gateway work for nothing.
func (p *prepared) charged(ctx context.Context, errs gqlerror.List) gqlerror.List {
	if err := p.pay(ctx, costOfRefusal); err != nil {
		return gqlerror.List{err}
	}
	return errs
}

// pay takes points from the caller's bucket for what is not part of an operation.
// It returns an error if there are not enough.
func (p *prepared) pay(ctx context.Context, points float64) *gqlerror.Error {
	if points <= 0 {
		return nil
	}
	header, err := p.frontend.charge(ctx, &account{requested: points}, nil, nil)
	p.header = header
	return err
}

// charge charges the operation. That is done right before it is executed: what a
// transport refuses after it was prepared costs nothing.
func (p *prepared) charge(ctx context.Context) *gqlerror.Error {
	header, err := p.frontend.charge(ctx, &p.account, p.facts.limits, p.oc.Variables)
	if header != nil {
		p.header = header
	}
	return err
}

// fields returns the header fields of the IETF's draft
// draft-ietf-httpapi-ratelimit-headers: the caller's own bucket, its policy as
// the time in which it fills.
func (a *account) fields(frontend string, granted bool) http.Header {
	header := http.Header{}
	if a.metered {
		c, s := &a.charges[0], &a.states[0]
		policy := strconv.Quote(frontend)
		header["Ratelimit-Policy"] = []string{policy + ";q=" + whole(c.Capacity) + ";w=" + whole(math.Ceil(c.Capacity/c.Refill))}
		header["Ratelimit"] = []string{policy + ";r=" + whole(s.Available) + ";t=" + whole(math.Ceil((c.Capacity-s.Available)/c.Refill))}
	}
	if !granted {
		header["Retry-After"] = []string{whole(math.Ceil(max(a.wait().Seconds(), 1)))}
	}
	return header
}

func whole(n float64) string { return strconv.FormatInt(int64(max(n, 0)), 10) }

// wait returns how long it takes until all charges could be granted.
func (a *account) wait() time.Duration {
	var longest time.Duration
	for i := range a.states {
		longest = max(longest, a.states[i].Wait)
	}
	return longest
}

func (a *account) throttled() *gqlerror.Error {
	seconds := math.Ceil(max(a.wait().Seconds(), 1))
	e := problem.New(problem.Throttled, "Too much was asked for in a short time: try again in %v s.", seconds).With(problem.RetryAfter, seconds)
	if a.metered {
		e = e.With("cost", a.report())
	}
	return e.OfRequest()
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

// report is that of what is not executed, or not yet.
func (a *account) report() costReport {
	r := costReport{Requested: a.requested}
	if a.metered {
		r.Throttle = &throttle{Maximum: a.charges[0].Capacity, Available: a.states[0].Available, Restore: a.charges[0].Refill}
	}
	return r
}

// settle returns to the buckets what the operation was charged and did not cost, and reports
// the cost if the caller gets a report. The answer is nil if there is none.
func (p *prepared) settle(out *answer.Answer) {
	a, actual := &p.account, 0.0
	if !a.metered && !p.reportsCost() {
		return
	}
	if out != nil {
		actual = out.Cost()
	}
	p.frontend.giveBack(a, actual)
	if out == nil || !p.reportsCost() {
		return
	}
	report := a.report()
	report.Actual = &actual
	if a.metered {
		report.Throttle.Available = min(report.Throttle.Available+a.requested-actual, report.Throttle.Maximum)
	}
	out.Extend("cost", report)
}

// giveBack returns to the buckets what was charged and not used.
func (f *Frontend) giveBack(a *account, actual float64) {
	if a.metered && actual < a.requested {
		f.config.Limiter.Return(a.charges[0].Bucket, a.requested-actual)
	}
}

// reportsCost reports whether the answer has extensions.cost.
func (p *prepared) reportsCost() bool {
	switch p.frontend.config.Cost.Report {
	case Always:
		return true
	case Requested:
		wanted, _ := p.oc.Extensions["cost"].(bool)
		return wanted
	}
	return false
}
