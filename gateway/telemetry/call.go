package telemetry

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/portico-gateway/portico/gateway/endpoint"
	"github.com/portico-gateway/portico/gateway/observe"
	"github.com/portico-gateway/portico/gateway/problem"
	"github.com/portico-gateway/portico/gateway/upstream"
)

// LogService makes what happens to a service be logged.
func (o *Observer) LogService(c *upstream.Config) {
	name := c.Name
	c.Suspect = func(s upstream.Suspicion) {
		o.log.Warn("a binding looks wrong", "service", s.Service, "binding", s.Binding, "reason", s.Message)
	}
	c.OnStream = o.logStream
	c.Endpoints.Notify = func(e endpoint.Event) {
		attrs := []any{"service", name}
		if e.Endpoint != nil {
			attrs = append(attrs, "endpoint", e.Endpoint)
		}
		if e.Err != nil {
			attrs = append(attrs, "cause", e.Err)
		}
		if e.Kind.IsBad() {
			o.log.Warn(string(e.Kind), attrs...)
		} else {
			o.log.Info(string(e.Kind), attrs...)
		}
	}
}

// logStream logs what happened to a shared stream.
func (o *Observer) logStream(e upstream.StreamEvent) {
	if e.Dropped > 0 {
		o.log.Warn("subscribers of a shared stream read too slowly and were dropped",
			"service", e.Service, "stream", e.Stream, "dropped", e.Dropped, "subscribers", e.Subscribers)
		return
	}
	o.log.Warn("a shared stream broke and was resumed",
		"service", e.Service, "stream", e.Stream, "outage", e.Outage, "attempts", e.Attempts, "subscribers", e.Subscribers, "cause", e.Cause)
}

// ObserveService makes calls of a service, and what happens to it, be counted and traced. Call LogService before.
func (o *Observer) ObserveService(c *upstream.Config) {
	labels, name, notify, onStream := eventLabels(), c.Name, c.Endpoints.Notify, c.OnStream
	o.metrics.Service(name, []string{string(problem.ServiceError), string(problem.ServiceTimeout)}, decisions(), slices.Collect(maps.Values(labels)))
	c.Observer, c.ObserveBatches = o, o.metrics.Batches
	c.Endpoints.Notify = func(e endpoint.Event) {
		o.metrics.Endpoint(name, labels[e.Kind])
		notify(e)
	}
	c.OnStream = func(e upstream.StreamEvent) {
		o.metrics.SharedStream(name, e.Dropped)
		onStream(e)
	}
}

// decisions returns those that are counted for each service.
func decisions() (out []string) {
	for _, d := range []upstream.Decision{
		upstream.Retried, upstream.NotRetried, upstream.Moved, upstream.Hedged, upstream.HedgeWon,
		upstream.FellBack, upstream.Mirrored, upstream.Broken, upstream.Limited,
	} {
		out = append(out, string(d))
	}
	return out
}

// eventLabels returns the labels of what happens to endpoints.
func eventLabels() map[endpoint.EventKind]string {
	return map[endpoint.EventKind]string{
		endpoint.Ejected: "ejected", endpoint.Restored: "restored", endpoint.Unhealthy: "unhealthy", endpoint.Healthy: "healthy",
		endpoint.Changed: "changed", endpoint.LookupFailed: "lookup_failed",
	}
}

// calling is the context of a call with a span.
type calling struct {
	context.Context //nolint:containedctx // it is a context

	trace upstream.Trace
	span  observe.Span
}

type callingKey struct{}

// Value is part of context.Context.
func (c *calling) Value(key any) any {
	switch key.(type) {
	case callingKey:
		return c
	case upstream.TraceKey:
		return &c.trace
	}
	return c.Context.Value(key)
}

// BeginCall is part of [upstream.Observer].
func (o *Observer) BeginCall(ctx context.Context, c *upstream.Call) context.Context {
	of, _ := ctx.Value(upstream.TraceKey{}).(*upstream.Trace)
	if of == nil || !of.Sampled || o.tracing.otlp == nil {
		return ctx
	}
	span := o.tracing.otlp.Call(observe.Place{Trace: of.ID, Span: of.Span, State: of.State}, calledOf(c))
	return &calling{ctx, traceOf(span.Place()), span}
}

// EndCall is part of [upstream.Observer].
func (o *Observer) EndCall(ctx context.Context, c *upstream.Call) {
	outcome, code := observe.Success, ""
	switch {
	case errors.Is(c.Err, context.Canceled):
		outcome, code = observe.Left, observe.Left
	case c.Err != nil:
		code = string(problem.CodeOf(c.Err))
		outcome = code
	}
	o.metrics.Call(c.Service, outcome, c.Took, c.Attempts)
	for _, e := range c.Events {
		o.metrics.Decision(c.Service, string(e.Name))
	}
	endSpan(ctx, c, code)
}

// endSpan ends the span of a call, if it has one.
func endSpan(ctx context.Context, c *upstream.Call, code string) {
	of, _ := ctx.Value(callingKey{}).(*calling)
	if of == nil {
		return
	}
	for _, e := range c.Events {
		code := ""
		if e.Err != nil {
			code = string(problem.CodeOf(e.Err))
		}
		of.span.Event(e.At, string(e.Name), code)
	}
	called := calledOf(c)
	called.Code = code
	of.span.EndCall(called)
}

func calledOf(c *upstream.Call) *observe.Called {
	return &observe.Called{
		Service: c.Service, Version: c.Version, Method: c.Method, Route: c.Route, Keys: c.Keys, Began: c.Began,
		Attempts: c.Attempts, Endpoint: c.Endpoint, Status: c.Status, FellBack: c.FellBack,
	}
}
