package server

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/netip"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/clients"
	"github.com/portico-gateway/portico/gateway/access"
	"github.com/portico-gateway/portico/gateway/auth"
	"github.com/portico-gateway/portico/gateway/config"
	"github.com/portico-gateway/portico/gateway/execute"
	"github.com/portico-gateway/portico/gateway/problem"
	"github.com/portico-gateway/portico/graph"
	"github.com/portico-gateway/portico/resolvers"
)

// shop is the pipeline of the demo's frontend web, over services that nobody
// calls.
func shop(t testing.TB, change func(*config.Frontend)) *pipeline {
	t.Helper()
	cfg, err := config.Load("../../portico.yaml", func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	f := cfg.Of("web")
	if change != nil {
		change(&f)
	}
	s, err := New(cfg, slog.New(slog.DiscardHandler), Options{Policies: resolvers.Policies()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	services, err := clients.New(s.Services())
	if err != nil {
		t.Fatal(err)
	}
	for _, frontend := range graph.Frontends(resolvers.New(services), services) {
		if frontend.Name == "web" {
			p, err := newPipeline(frontend, f, s)
			if err != nil {
				t.Fatal(err)
			}
			return p
		}
	}
	t.Fatal("there is no frontend web")
	return nil
}

const me = `query Me($first: Int) { me { id name email orders(first: $first) { id total { amount currency } items { quantity product { id name } } } } }`

// decide is what the policy adds to a request whose document is known: the
// lookup of its facts, scopes, cost and the caller's bucket.
func decide(ctx context.Context, p *pipeline, oc *graphql.OperationContext) error {
	doc, errs := p.documents.Get(me)
	if errs != nil {
		return errs
	}
	a, err := p.admit(ctx, &doc.Operation("Me").Facts, oc)
	if err == nil {
		err = p.charge(ctx, nil, a, oc.Variables)
	}
	if err != nil {
		return err
	}
	return nil
}

func BenchmarkDecide(b *testing.B) {
	p := shop(b, nil)
	ctx := auth.With(withAddress(b.Context(), netip.MustParseAddr("127.0.0.1")), &auth.Principal{Subject: "u1", Scopes: []string{"orders:read"}})
	oc := &graphql.OperationContext{Variables: map[string]any{"first": json.Number("3")}}
	ask := func() {
		if err := decide(ctx, p, oc); err != nil {
			b.Fatal(err)
		}
	}
	p.config.RateLimit.Authenticated = &config.Bucket{Capacity: 1e12, Refill: 1e9}
	b.ReportAllocs()
	for b.Loop() {
		ask()
	}
	if n := testing.AllocsPerRun(100, ask); n > 2 {
		b.Errorf("%v allocations, want at most 2", n)
	}
}

// charged is an operation that was admitted and charged.
func charged(t *testing.T, ctx context.Context, p *pipeline, document string) (*graphql.OperationContext, *admission) { //nolint:revive // t goes first in tests
	t.Helper()
	oc, errs := p.CreateOperationContext(ctx, &graphql.RawParams{Query: document})
	if errs != nil {
		t.Fatal(errs)
	}
	a, _ := oc.Stats.GetExtension(admissionKey).(*admission)
	if err := p.charge(ctx, nil, a, oc.Variables); err != nil {
		t.Fatal(err)
	}
	return oc, a
}

// What makes the gateway work costs points, also if nothing is executed.
func TestRefusalsAreCharged(t *testing.T) {
	p := shop(t, func(f *config.Frontend) {
		f.RateLimit = config.RateLimit{Anonymous: &config.Bucket{Capacity: 5000, Refill: 0.001}}
	})
	ctx := graphql.StartOperationTrace(withAddress(t.Context(), netip.MustParseAddr("192.0.2.1")))
	available := func() float64 {
		t.Helper()
		_, a := charged(t, ctx, p, "{ __typename }")
		return a.states[0].Available
	}
	available() // it has to be parsed once
	for _, c := range []struct {
		document  string
		variables map[string]any
		cost      float64
	}{
		{"query ($n: Int!) { products(first: $n) { pageInfo { endCursor } } }", nil, 11}, // unknown, and refused
		{"query ($n: Int!) { products(first: $n) { pageInfo { endCursor } } }", map[string]any{"n": "five"}, 1},
		{"query ($n: Int!) { products(first: $n) { pageInfo { endCursor } } }", map[string]any{"n": json.Number("1000")}, 1},
		{"{ products(first: 100) { nodes { related(first: 100) { related(first: 100) { id } } } } }", nil, 11}, // too expensive
		{"{ products(first: 100) { nodes { related(first: 100) { related(first: 100) { id } } } } }", nil, 1},
		{"{ nothing }", nil, 10}, // invalid documents are parsed each time
		{"{ nothing }", nil, 10},
		{"{", nil, 10},
	} {
		before := available()
		if _, errs := p.CreateOperationContext(ctx, &graphql.RawParams{Query: c.document, Variables: c.variables}); errs == nil {
			t.Errorf("%s is not refused", c.document)
		}
		if taken := before - available(); taken < c.cost-0.1 || taken > c.cost {
			t.Errorf("%s %v: %v points, want %v", c.document, c.variables, taken, c.cost)
		}
	}
	for range 5000 { // until nothing is left
		if _, errs := p.CreateOperationContext(ctx, &graphql.RawParams{Query: "{"}); errs[0].Extensions["code"] == string(problem.Throttled) {
			return
		}
	}
	t.Error("nobody is throttled")
}

// What is not used of a bucket is there again: all of it for an operation that
// was not executed.
func TestSettle(t *testing.T) {
	p := shop(t, func(f *config.Frontend) {
		f.RateLimit = config.RateLimit{Anonymous: &config.Bucket{Capacity: 5000, Refill: 0.001}}
		f.Cost.Parse = 0
	})
	ctx := graphql.StartOperationTrace(withAddress(t.Context(), netip.MustParseAddr("192.0.2.1")))
	available := func() float64 {
		t.Helper()
		_, a := charged(t, ctx, p, "{ __typename }")
		return a.states[0].Available
	}
	for name, c := range map[string]struct {
		data string
		none bool
		cost float64
	}{
		"not executed": {none: true},
		"null":         {data: `{"products":null}`, cost: 1},
		"three of 50":  {data: `{"products":{"nodes":[{"id":"1"},{"id":"2"},{"id":"3"}]}}`, cost: 4},
	} {
		before := available()
		oc, a := charged(t, ctx, p, "{ products(first: 50) { nodes { id } } }")
		if taken := before - available(); a.requested != 51 || taken < 50.9 || taken > 51 {
			t.Errorf("%s: requested %v, taken %v", name, a.requested, taken)
		}
		settled := p.settled(func(context.Context) *graphql.Response {
			if c.none {
				return nil
			}
			return &graphql.Response{Data: []byte(c.data)}
		}, a, oc)
		settled(ctx)
		settled(ctx) // once
		if kept := before - available(); kept < c.cost-0.1 || kept > c.cost {
			t.Errorf("%s: kept %v, want %v", name, kept, c.cost)
		}
	}
}

// An operation that panics gives back what it took, too.
func TestSettleOfAPanic(t *testing.T) {
	p := shop(t, func(f *config.Frontend) {
		f.RateLimit = config.RateLimit{Anonymous: &config.Bucket{Capacity: 5000, Refill: 0.001}}
	})
	ctx := graphql.StartOperationTrace(withAddress(t.Context(), netip.MustParseAddr("192.0.2.1")))
	for range 200 { // 51 of 5000 each
		oc, a := charged(t, ctx, p, "{ products(first: 50) { nodes { id } } }")
		func() {
			defer func() { _ = recover() }()
			p.settled(func(context.Context) *graphql.Response { panic("boom") }, a, oc)(ctx)
		}()
	}
}

func TestBuckets(t *testing.T) {
	anonymous, authenticated, gold := &config.Bucket{}, &config.Bucket{}, &config.Bucket{}
	limits := config.RateLimit{Anonymous: anonymous, Authenticated: authenticated, Tiers: map[string]*config.Bucket{"gold": gold}}
	for _, c := range []struct {
		principal *auth.Principal
		bucket    *config.Bucket
		tier      string
	}{
		{nil, anonymous, "anonymous"}, {&auth.Principal{}, authenticated, "authenticated"},
		{&auth.Principal{Tier: "gold"}, gold, "tier gold"}, {&auth.Principal{Tier: "unknown"}, authenticated, "authenticated"},
	} {
		if bucket, tier := bucketOf(limits, c.principal); bucket != c.bucket || tier != c.tier {
			t.Errorf("%+v: %v %s", c.principal, bucket, tier)
		}
	}
}

func TestMissingPolicies(t *testing.T) {
	cfg, err := config.Parse([]byte("services: {}"), func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(cfg, slog.New(slog.DiscardHandler), Options{Policies: map[string]access.Policy{}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, frontend := range graph.Frontends(nil, nil) {
		if _, err := newPipeline(frontend, cfg.Of(frontend.Name), s); (err != nil) != (frontend.Name == "web") {
			t.Errorf("%s: %v", frontend.Name, err)
		}
	}
}

// A subscription that is denied is one error, and its service is not asked:
// there is none here, which would be another error.
func TestDeniedSubscription(t *testing.T) {
	p := shop(t, nil)
	ctx := graphql.StartOperationTrace(t.Context())
	oc, errs := p.CreateOperationContext(ctx, &graphql.RawParams{Query: `subscription { stockChanged(productId: "p1") { available } }`})
	if errs != nil {
		t.Fatal(errs)
	}
	field, _ := oc.Operation.SelectionSet[0].(*ast.Field)
	a, _ := oc.Stats.GetExtension(admissionKey).(*admission)
	a.denied = access.Denied{field: problem.New(problem.Forbidden, "No.")}
	oc.ResolverMiddleware = execute.Deny(a.denied)
	next, ctx := p.DispatchOperation(ctx, oc)
	resp := next(ctx)
	if resp == nil || len(resp.Errors) != 1 || resp.Errors[0].Extensions["code"] != "FORBIDDEN" || resp.Data != nil {
		t.Errorf("got %+v", resp)
	}
	if again := next(ctx); again != nil {
		t.Errorf("then %+v", again)
	}
}

// A request that is recalled is remembered with as little as its guards and rate
// limits need: thousands are, and one variable can stand in many arguments.
func TestRememberedValues(t *testing.T) {
	p := shop(t, nil)
	large := make([]any, 1000)
	guarded, err := p.documents.Get(me)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := p.documents.Get("{ __typename }")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		facts  *facts
		values map[string]any
		kept   bool
	}{
		{"guarded", &guarded.Operation("").Facts, map[string]any{"first": json.Number("3"), "list": []any{"a"}}, true},
		{"guarded, none", &guarded.Operation("").Facts, nil, true},
		{"guarded, large", &guarded.Operation("").Facts, map[string]any{"list": large}, false},
		{"not guarded", &plain.Operation("").Facts, map[string]any{"list": []any{"a"}}, false},
	} {
		q := p.queryOf(&admission{facts: c.facts, recallable: true}, &graphql.OperationContext{Variables: c.values})
		if (q.remembered != nil) != c.kept {
			t.Errorf("%s: remembered %v", c.name, q.remembered)
		}
		if list, ok := q.remembered["list"].([]any); ok {
			if list[0] = "changed"; c.values["list"].([]any)[0] == "changed" {
				t.Errorf("%s: the values are those of the request", c.name)
			}
		}
	}
}
