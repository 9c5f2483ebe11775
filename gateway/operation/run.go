package operation

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"time"
	"weak"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/portico-gateway/portico/gateway/answer"
	"github.com/portico-gateway/portico/gateway/auth"
	"github.com/portico-gateway/portico/gateway/execute"
	"github.com/portico-gateway/portico/gateway/input"
	"github.com/portico-gateway/portico/gateway/overload"
	"github.com/portico-gateway/portico/gateway/problem"
	"github.com/portico-gateway/portico/gateway/provenance"
)

// Run is part of [transport.Operation].
func (p *prepared) Run(ctx context.Context, send func(*answer.Answer) bool) {
	if o := p.frontend.config.Observer; o != nil {
		ctx = o.Begin(ctx, p.began)
	}
	if wanted, _ := p.oc.Extensions["explain"].(bool); wanted {
		p.recallable = false // what is remembered explains nothing
		if p.frontend.MayExplain(ctx) {
			p.ran = time.Now()
		}
	}
	switch err := p.charge(ctx); {
	case err != nil:
		a := answer.Errors(err)
		a.Header = p.header
		p.observe(ctx, a, 0)
		send(a)
	case p.Kind() == ast.Subscription:
		p.subscribe(ctx, send)
	default:
		a := p.once(ctx)
		if ctx.Err() == nil || a.Executed() {
			p.observe(ctx, a, 0)
		} else {
			p.observe(ctx, nil, 0) // the caller left
		}
		send(a)
	}
}

// once returns the answer to a query or a mutation, with the header for its caller.
func (p *prepared) once(ctx context.Context) *answer.Answer {
	a := p.answer(ctx)
	a.Header = p.header
	if seconds := a.RetryAfter(); seconds > 0 { // a service wants to be left alone
		if a.Header == nil {
			a.Header = http.Header{}
		}
		a.Header["Retry-After"] = []string{whole(seconds)}
	}
	if !p.ran.IsZero() {
		a.Extend("explain", p.explain(ctx, a))
	}
	if a.LostPassed() {
		p.frontend.config.Log.WarnContext(ctx, "the header fields that services pass to the caller have too many bytes: none is passed",
			"frontend", p.frontend.name, "operation", p.oc.Operation.Name, "bytes", provenance.MaxPassed)
	}
	return a
}

// answer returns the answer to a query or a mutation.
func (p *prepared) answer(ctx context.Context) *answer.Answer {
	if p.facts.constant && !p.reportsCache() { // there is nothing to wait for, to cache or to coalesce
		made := p.make(ctx)
		a := answer.New(made.Response, made.Cost)
		a.Bypass()
		p.settle(a)
		if p.recallable && a.IsPlain() {
			same := *a
			p.frontend.remember(p.request, &recalled{
				answer: &same, described: p.facts.described, trusted: p.trusted, requested: p.account.requested, version: p.version,
			})
		}
		return a
	}
	if p.Kind() == ast.Query {
		return p.query(ctx)
	}
	return p.mutate(ctx)
}

// reportsCache reports whether the answer has extensions.cache.
func (p *prepared) reportsCache() bool {
	wanted, _ := p.oc.Extensions["cache"].(bool)
	return wanted
}

// subscribe sends the events of a subscription. It is charged what one event can
// cost, and gets nothing back.
func (p *prepared) subscribe(ctx context.Context, send func(*answer.Answer) bool) {
	next := p.execute(ctx, nil)
	var last *answer.Answer
	events := 0
	defer func() { p.observe(ctx, last, events) }()
	for resp := next(); resp != nil; resp = next() {
		a := answer.New(resp, 0)
		last, events = a, events+1
		if a.Header = p.header; !send(a) {
			return
		}
	}
}

// query answers a query.
func (p *prepared) query(ctx context.Context) *answer.Answer {
	f := p.frontend
	q := answer.Query{Key: p.facts.key(p.oc.Variables), Variation: p.facts.variation, Alone: p.denied != nil, Make: p.make}
	remembered := p.remembered() // before a resolver can change them
	var a *answer.Answer
	defer func() { // also when it panics
		if a == nil {
			p.settle(nil)
		}
	}()
	found, err := f.answers.Get(ctx, &q)
	if err != nil {
		return p.failed(ctx, err)
	}
	a = found
	p.settle(a)
	if p.reportsCache() || a.IsStale() {
		a.Report()
	}
	if p.recallable && a.IsCached() && (remembered != nil || !p.facts.needsVariables()) {
		f.remember(p.request, &recalled{
			facts: weak.Make(p.facts), variables: remembered, key: q.Key, trusted: p.trusted, requested: p.account.requested, version: p.version,
		})
	}
	return a
}

// remembered returns a copy of the variables, for guards and rate limits when the
// same request comes again. It is nil if they need none, or if the variables are
// large.
func (p *prepared) remembered() map[string]any {
	if !p.recallable || !p.facts.needsVariables() || !input.IsSmall(p.oc.Variables) {
		return nil
	}
	return input.Copy(p.oc.Variables)
}

// failed returns the answer to an operation that has none: it took too long, its caller has left, or
// the gateway is stopping.
func (p *prepared) failed(ctx context.Context, err error) *answer.Answer {
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return answer.Problem(problem.New(problem.ServiceTimeout, "The operation took too long."))
	case ctx.Err() != nil:
		return answer.Problem(problem.New(problem.Unavailable, "The operation was cancelled."))
	}
	return answer.Errors(p.presenter.Present(ctx, err))
}

// enter admits the operation to execution, whose end calls release, or returns why it is
// refused.
func (p *prepared) enter(ctx context.Context) (release func(), refused *gqlerror.Error) {
	if p.frontend.config.Admission == nil {
		return func() {}, nil
	}
	release, err := p.frontend.config.Admission.Acquire(ctx, p.class)
	if err != nil {
		return nil, p.presenter.Present(ctx, err)
	}
	return release, nil
}

// classOf returns how important an operation is when there is too much to do.
func classOf(kind ast.Operation, principal *auth.Principal) overload.Class {
	switch {
	case kind == ast.Mutation:
		return overload.Mutation
	case principal == nil:
		return overload.Anonymous
	case principal.Tier != "":
		return overload.Tiered
	}
	return overload.Authenticated
}

// make executes a query, once.
func (p *prepared) make(ctx context.Context) answer.Made {
	p.record.Store(provenance.From(ctx))
	release, err := p.enter(ctx)
	if err != nil {
		return answer.Made{Response: &graphql.Response{Errors: gqlerror.List{err}}}
	}
	defer release()
	cost := 0.0
	resp := p.execute(ctx, &cost)()
	if resp == nil {
		resp = &graphql.Response{Errors: refusal(problem.New(problem.ServiceTimeout, "The operation took too long."))}
	}
	return answer.Made{
		Response: resp, Cost: p.facts.cost.Actual(cost, p.account.requested),
		Policy: p.facts.caching.Policy, Tags: p.facts.caching.Tags(p.oc.Variables),
	}
}

// mutate executes a mutation, to its end also if the caller leaves, unless the
// configuration says otherwise: a service may have done its part already. What it changes is invalidated before it is
// answered, so that the caller reads what was written, and whether it failed or
// not: it may have changed something.
func (p *prepared) mutate(ctx context.Context) *answer.Answer {
	f := p.frontend
	var a *answer.Answer
	defer func() {
		if a == nil {
			p.settle(nil)
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, f.config.Timeout)
	defer cancel()
	if ctx.Err() != nil { // it has not begun
		return p.failed(ctx, ctx.Err())
	}
	release, err := p.enter(ctx)
	if err != nil {
		return answer.Errors(err)
	}
	defer release()
	if !f.config.CancelMutations {
		var cancel context.CancelFunc
		ctx, cancel = staying(ctx)
		defer cancel()
	}
	defer func() { f.config.Store.Invalidate(ctx, p.facts.caching.Invalidated(p.oc.Variables, p.denied)...) }()
	recording, record := provenance.Begin(provenance.Writing(ctx))
	p.record.Store(record)
	cost := 0.0
	resp := p.execute(recording, &cost)()
	if resp == nil {
		return p.failed(ctx, ctx.Err())
	}
	a = answer.New(resp, p.facts.cost.Actual(cost, p.account.requested))
	a.Pass(record.Summary())
	p.settle(a)
	return a
}

// staying returns a context with the values and the deadline of ctx that its caller
// does not cancel.
func staying(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	ctx = context.WithoutCancel(ctx)
	if !ok {
		return ctx, func() {}
	}
	return context.WithDeadline(ctx, deadline)
}

// execute begins to execute the operation. The function that it returns returns
// the next response, nil when there is none any more or ctx is done; it may be
// called by one goroutine at a time. Each execution has a scope for results and
// loaders. cost, which may be nil, is set to that of the data of a query or a mutation.
func (p *prepared) execute(ctx context.Context, cost *float64) func() *graphql.Response {
	ctx = execute.Start(ctx, execute.Options{
		Plans: p.facts.plans, Denied: p.denied, FellBack: p.presenter.FellBack, Cost: cost, MaxResponse: p.frontend.config.MaxResponse,
	})
	ctx = graphql.WithOperationContext(ctx, p.oc)
	first := graphql.WithResponseContext(ctx, p.presenter.Present, recoverPanic)
	responses := p.frontend.schema.Exec(first)
	isFirst := p.Kind() != ast.Subscription // whose events have errors of their own
	if errs := graphql.GetErrors(first); errs != nil {
		responses, isFirst = graphql.OneShot(&graphql.Response{Errors: errs}), false
	}
	return func() *graphql.Response {
		if ctx.Err() != nil {
			return nil
		}
		responding := first
		if !isFirst {
			p.presenter.Forget()
			responding = graphql.WithResponseContext(ctx, p.presenter.Present, recoverPanic)
		}
		isFirst = false
		return completed(responding, responses(responding))
	}
}

// completed adds to a response, which may be nil, what was noted in its context.
func completed(ctx context.Context, resp *graphql.Response) *graphql.Response {
	if resp != nil {
		resp.Errors = sorted(append(resp.Errors, graphql.GetErrors(ctx)...))
		resp.Extensions = graphql.GetExtensions(ctx)
	}
	return resp
}

// sorted puts errors in the order of their paths, so that equal requests have equal
// answers, however their levels were resolved.
func sorted(errs gqlerror.List) gqlerror.List {
	if len(errs) > 1 {
		slices.SortStableFunc(errs, func(a, b *gqlerror.Error) int {
			return slices.CompareFunc(a.Path, b.Path, comparePathElements)
		})
	}
	return errs
}

// comparePathElements orders names by the alphabet, indexes by their number,
// and indexes before names.
func comparePathElements(a, b ast.PathElement) int {
	nameA, isNameA := a.(ast.PathName)
	nameB, isNameB := b.(ast.PathName)
	indexA, _ := a.(ast.PathIndex)
	indexB, _ := b.(ast.PathIndex)
	switch {
	case isNameA && isNameB:
		return cmp.Compare(nameA, nameB)
	case isNameA:
		return 1
	case isNameB:
		return -1
	}
	return cmp.Compare(indexA, indexB)
}
