package telemetry

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/portico-gateway/portico/gateway/auth"
	"github.com/portico-gateway/portico/gateway/observe"
	"github.com/portico-gateway/portico/gateway/operation"
	"github.com/portico-gateway/portico/gateway/problem"
	"github.com/portico-gateway/portico/gateway/provenance"
	"github.com/portico-gateway/portico/gateway/usage"
)

// described is what is known of an operation.
type described struct {
	of      operation.Description
	metrics *observe.OperationMetrics
	usage   *usage.Operation
}

// Describe is part of [operation.Observer].
func (o *Observer) Describe(of operation.Description) any {
	name := of.Name
	if !of.Known {
		name = observe.Other
	}
	return &described{
		of, o.metrics.Of(observe.Operation{Frontend: of.Frontend, Name: name, Type: string(of.Kind)}), o.usage.Operation(of.Frontend, of.Uses),
	}
}

// Begin is part of [operation.Observer].
func (o *Observer) Begin(ctx context.Context, began time.Time) context.Context {
	return o.tracing.begin(ctx, requestOf(ctx), began)
}

// Requested is part of [operation.Observer]: it records what an operation uses.
func (o *Observer) Requested(ctx context.Context, value any) {
	name, version := "", ""
	if r := requestOf(ctx); r != nil {
		name, version = r.client, r.version
	}
	value.(*described).usage.Count(name, version)
}

// Observe is part of [operation.Observer].
func (o *Observer) Observe(ctx context.Context, value any, of operation.Outcome) {
	line := observe.Line{
		Frontend: of.Frontend, Outcome: outcomeOf(&of), Took: of.Took, Calls: of.Calls.Number, Waited: of.Calls.Waited,
		Cache: of.Cache, Requested: of.Requested, Cost: of.Actual, Events: of.Events,
	}
	for _, code := range of.Codes {
		line.Codes = append(line.Codes, string(code))
	}
	metrics := (*observe.OperationMetrics)(nil)
	if d, ok := value.(*described); ok {
		line.Operation, line.Type, line.Hash, line.Known, metrics = d.of.Name, string(d.of.Kind), d.of.Hash, d.of.Known, d.metrics
	} else {
		metrics = o.metrics.Of(observe.Operation{Frontend: of.Frontend, Name: observe.Other, Type: "invalid"})
	}
	metrics.Add(&observe.Done{
		Outcome: line.Outcome, Codes: line.Codes, Cache: of.Cache, Took: of.Took, Waited: of.Calls.Waited, Calls: of.Calls.Number,
		Requested: of.Requested, Actual: of.Actual, Events: of.Events, Fault: slices.ContainsFunc(of.Codes, isFault),
	})
	if principal, ok := ctx.Value(auth.PrincipalKey{}).(*auth.Principal); ok {
		line.Subject = principal.ID()
	}
	if o.access.IsSlow(&line) {
		line.Plan, line.More = planOf(&of)
	}
	r := requestOf(ctx)
	o.tracing.note(ctx, r, &line, of.Began)
	if r == nil || !r.hold(&line) {
		if r != nil {
			r.describe(&line)
		}
		o.write(&line)
	}
}

// write logs a line, and ends the span of its operation.
func (o *Observer) write(line *observe.Line) {
	o.access.Write(line)
	if line.Span != nil {
		line.Span.EndOperation(line)
	}
}

// planOf returns the calls of an operation by their begin, and how many more there are.
func planOf(of *operation.Outcome) (plan []observe.Call, more int) {
	more = of.EachCall(func(c *provenance.Call) {
		call := observe.Call{
			Service: c.Service, Version: c.Version, Route: c.Route, Keys: c.Keys, Cache: c.Cache,
			From: c.Began.Sub(of.Began), Attempts: c.Attempts, Outcome: c.Outcome,
		}
		if c.Ended {
			call.To = call.From + c.Took
		}
		plan = append(plan, call)
	})
	slices.SortStableFunc(plan, func(a, b observe.Call) int { return cmp.Compare(a.From, b.From) })
	return plan, more
}

// isFault reports whether a code is that of the gateway's or a service's fault, and not of the
// caller's.
func isFault(code problem.Code) bool {
	switch code {
	case problem.Internal, problem.ServiceError, problem.ServiceTimeout, problem.Unavailable, problem.Overloaded:
		return true
	}
	return false
}

// outcomeOf returns what came of a request in one word.
func outcomeOf(of *operation.Outcome) string {
	switch {
	case of.Cache == "" && len(of.Codes) == 0:
		return observe.Left
	case len(of.Codes) == 0:
		return observe.Success
	case of.Executed:
		return observe.Partial
	case of.Calls.Number > 0:
		return observe.Failure
	}
	return observe.Refusal
}
