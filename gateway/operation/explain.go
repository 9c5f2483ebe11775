package operation

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/portico-gateway/portico/gateway/access"
	"github.com/portico-gateway/portico/gateway/answer"
	"github.com/portico-gateway/portico/gateway/auth"
	"github.com/portico-gateway/portico/gateway/cost"
	"github.com/portico-gateway/portico/gateway/provenance"
)

// explained is extensions.explain: how an answer was made. Times are in milliseconds since the request was
// read.
type explained struct {
	Frontend  string          `json:"frontend"`
	Operation string          `json:"operation,omitempty"`
	Type      string          `json:"type"`
	Document  string          `json:"document"` // SHA-256 of the document
	Prepared  milliseconds    `json:"preparedMs"`
	Took      milliseconds    `json:"ms"`
	Cache     explainedCache  `json:"cache"`
	Cost      explainedCost   `json:"cost"`
	Caller    explainedCaller `json:"caller"`
	Rights    []access.Right  `json:"rights"`
	Calls     []explainedCall `json:"calls"`
	More      int             `json:"more,omitempty"` // calls that are not listed
}

// explainedCache says how the cache answered, and for how long the schema lets it keep the answer.
type explainedCache struct {
	Status string `json:"status"` // hit, stale, coalesced, miss, bypass
	MaxAge int64  `json:"maxAge"` // in seconds, by the policy of the fields
	Scope  string `json:"scope"`  // PUBLIC or PRIVATE, by the policy of the fields
}

// explainedCost is extensions.cost, with the fields that make the cost.
type explainedCost struct {
	costReport
	Terms []cost.Term `json:"terms"`
}

// explainedCaller is what is known of the caller.
type explainedCaller struct {
	Authenticated bool     `json:"authenticated"`
	Scopes        []string `json:"scopes"`
}

// explainedCall is a call of a service, or what was found in place of one.
type explainedCall struct {
	Service  string       `json:"service"`
	Version  string       `json:"version,omitempty"`
	Route    string       `json:"route"`          // of a binding: file:line:column
	Keys     int          `json:"keys,omitempty"` // of the batch
	Cache    string       `json:"cache,omitempty"`
	From     milliseconds `json:"fromMs"`
	Took     milliseconds `json:"ms"`
	Attempts int          `json:"attempts,omitempty"`
	Endpoint string       `json:"endpoint,omitempty"`
	Bytes    int64        `json:"bytes,omitempty"` // of the body of its answer over HTTP
	Status   int          `json:"status,omitempty"`
	Code     string       `json:"code,omitempty"` // of its problem
}

// milliseconds are written with microseconds.
type milliseconds float64

func millis(d time.Duration) milliseconds {
	return milliseconds(float64(d.Microseconds()) / 1e3) //nolint:mnd // see the type
}

// explain returns how an answer was made.
func (p *prepared) explain(ctx context.Context, a *answer.Answer) explained {
	outcome, of := p.outcome(a, 0), &p.facts.described.of
	out := explained{
		Frontend: p.frontend.name, Operation: of.Name, Type: string(of.Kind), Document: of.Hash,
		Prepared: millis(p.ran.Sub(p.began)), Took: millis(outcome.Took),
		Cache:  explainedCache{Status: outcome.Cache, MaxAge: int64(p.facts.caching.Policy.MaxAge / time.Second), Scope: "PUBLIC"},
		Cost:   explainedCost{p.account.report(), append([]cost.Term{}, p.facts.cost.Terms(p.oc.Variables)...)},
		Caller: callerOf(ctx),
		Rights: append([]access.Right{}, p.facts.guards.Rights(p.denied)...), // not null
		Calls:  []explainedCall{},
	}
	if p.facts.caching.Policy.Private {
		out.Cache.Scope = "PRIVATE"
	}
	out.Cost.Actual = &outcome.Actual
	out.More = outcome.EachCall(func(c *provenance.Call) {
		out.Calls = append(out.Calls, explainedCall{
			Service: c.Service, Version: c.Version, Route: c.Route, Keys: c.Keys, Cache: c.Cache, From: millis(c.Began.Sub(p.began)), Took: millis(c.Took),
			Attempts: c.Attempts, Endpoint: c.Endpoint, Bytes: c.Bytes, Status: c.Status, Code: c.Outcome,
		})
	})
	slices.SortStableFunc(out.Calls, func(a, b explainedCall) int { return cmp.Compare(a.From, b.From) })
	return out
}

func callerOf(ctx context.Context) explainedCaller {
	p := auth.From(ctx)
	out := explainedCaller{Authenticated: p != nil, Scopes: []string{}}
	if p != nil && p.Scopes != nil {
		out.Scopes = p.Scopes
	}
	return out
}
