package server

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/portico-gateway/portico/gateway/auth"
	"github.com/portico-gateway/portico/gateway/config"
	"github.com/portico-gateway/portico/gateway/observe"
	"github.com/portico-gateway/portico/gateway/operation"
	"github.com/portico-gateway/portico/gateway/problem"
	"github.com/portico-gateway/portico/gateway/provenance"
	"github.com/portico-gateway/portico/gateway/upstream"
	"github.com/portico-gateway/portico/gateway/usage"
)

// observer reports requests to operators, by metrics and in the access log. It is an
// [operation.Observer].
type observer struct {
	metrics *observe.Metrics
	access  *observe.Access
	tracing *tracing
	usage   *usage.Recorder
}

// unless returns nil if that is what is wanted, else the observer.
func (o *observer) unless(none bool) *observer {
	if none {
		return nil
	}
	return o
}

// described is what is known of an operation.
type described struct {
	of      operation.Description
	metrics *observe.OperationMetrics
	usage   *usage.Operation
}

// Describe is part of [operation.Observer].
func (o *observer) Describe(of operation.Description) any {
	name := of.Name
	if !of.Known {
		name = observe.Other
	}
	return &described{
		of, o.metrics.Of(observe.Operation{Frontend: of.Frontend, Name: name, Type: string(of.Kind)}), o.usage.Operation(of.Frontend, of.Uses),
	}
}

// Begin is part of [operation.Observer].
func (o *observer) Begin(ctx context.Context, began time.Time) context.Context {
	return o.tracing.begin(ctx, requestOf(ctx), began)
}

// Observe is part of [operation.Observer].
func (o *observer) Observe(ctx context.Context, value any, of operation.Outcome) {
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
	if r == nil || !r.seen.hold(&line) {
		if r != nil {
			r.seen.describe(r, &line)
		}
		o.write(&line)
	}
}

// write logs a line, and ends the span of its operation.
func (o *observer) write(line *observe.Line) {
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

// EndCall is part of [upstream.Observer].
func (o *observer) EndCall(ctx context.Context, c *upstream.Call) {
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
	o.tracing.end(ctx, c, code)
}

// seen is what is known of an HTTP request for the access log.
type seen struct {
	client, version string
	transport       string
	method          string
	lasts           bool // each operation is logged when it ends: of a WebSocket

	mu    sync.Mutex
	ended bool
	first observe.Line
	lines int
	more  []observe.Line
}

// hold stores a line until the request ends. It is false if it must be written now.
func (s *seen) hold(line *observe.Line) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended || s.lasts {
		return false
	}
	if s.lines++; s.lines == 1 {
		s.first = *line
	} else {
		s.more = append(s.more, *line)
	}
	return true
}

// describe adds what is known of the request to a line.
func (s *seen) describe(r *request, line *observe.Line) {
	s.mu.Lock()
	defer s.mu.Unlock()
	line.Request, line.Transport, line.Method, line.Client, line.Version = r.id[0], s.transport, s.method, s.client, s.version
}

// observed logs and counts requests.
func (s *Server) observed(next http.Handler) http.Handler {
	if s.options.Unobserved {
		return next
	}
	return s.observer.observed(next)
}

func (o *observer) observed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		known, r := known(r)
		s, began := &known.seen, time.Now()
		s.client, s.version = clientOf(r.Header)
		s.transport, s.method = "http", r.Method
		if len(r.Header["Upgrade"]) > 0 {
			s.transport, s.lasts = "websocket", true
		}
		known.traced = o.tracing.of(r.Header)
		next.ServeHTTP(w, r)
		o.end(known, time.Since(began))
	})
}

// closedRequest is the status of a request whose caller has closed the connection, which nobody
// receives, as nginx and others log it.
const closedRequest = 499

// end logs what was kept of a request.
func (o *observer) end(known *request, took time.Duration) {
	s, w := &known.seen, &known.writer
	s.mu.Lock()
	if s.ended = true; w.hijacked && !s.lasts {
		s.transport = "sse"
	}
	left := s.lines > 0 && s.first.Outcome == observe.Left
	s.mu.Unlock()
	status, bytes := w.status, w.bytes
	if left && !w.hijacked {
		status, bytes = closedRequest, 0
	}
	o.metrics.Request(status)
	if w.hijacked { // a stream goes on, so that what was written until now says nothing
		status, bytes = 0, 0
	}
	switch {
	case s.lines > 0:
		for i := range s.lines {
			line := &s.first
			if i > 0 {
				line = &s.more[i-1]
			}
			s.describe(known, line)
			line.Status, line.Bytes = status, bytes
			o.write(line)
		}
	case w.hijacked: // each operation is logged when it ends
	default:
		line := observe.Line{Status: w.status, Bytes: w.bytes, Took: took}
		s.describe(known, &line)
		line.Trace = known.traced.trace.ID
		o.access.Write(&line)
	}
}

// clientOf returns the name and the version of the client that sends a request, as Apollo's
// libraries and others tell them.
func clientOf(header http.Header) (name, version string) {
	for _, names := range [...][2]string{
		{"Apollographql-Client-Name", "Apollographql-Client-Version"},
		{"Graphql-Client-Name", "Graphql-Client-Version"},
	} {
		if values := header[names[0]]; len(values) > 0 {
			return values[0], header.Get(names[1])
		}
	}
	return "", ""
}

func accessConfig(cfg config.AccessLog) observe.AccessConfig {
	return observe.AccessConfig{All: cfg.Enabled, Sample: cfg.Sample, Slow: time.Duration(cfg.Slow)}
}
