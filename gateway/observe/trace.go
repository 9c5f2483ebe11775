package observe

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"net"
	"slices"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// Tracer makes spans. It is safe for concurrent use.
type Tracer struct{ tracer trace.Tracer }

// Place is where a span is in a trace.
type Place struct {
	Trace [16]byte
	// Span is the parent; all zero for the first span of the trace.
	Span  [8]byte
	State string // tracestate
	// Remote reports that the parent is a span of another process.
	Remote bool
}

// NewTrace returns a place in a new trace, which has no span yet.
func NewTrace() (p Place) {
	binary.NativeEndian.PutUint64(p.Trace[:], rand.Uint64())          //nolint:gosec // ids are no secrets
	binary.NativeEndian.PutUint64(p.Trace[8:], max(1, rand.Uint64())) //nolint:gosec // see above
	return p
}

// NewSpan returns an id of a span.
func NewSpan() (id [8]byte) {
	binary.NativeEndian.PutUint64(id[:], max(1, rand.Uint64())) //nolint:gosec // see NewTrace
	return id
}

// ids are those of spans: a trace that has no span yet has an id already, in the context.
type ids struct{}

type newTraceKey struct{}

// NewIDs is part of the SDK's IDGenerator.
func (ids) NewIDs(ctx context.Context) (trace.TraceID, trace.SpanID) {
	id, _ := ctx.Value(newTraceKey{}).([16]byte)
	return id, NewSpan()
}

// NewSpanID is part of the SDK's IDGenerator.
func (ids) NewSpanID(context.Context, trace.TraceID) trace.SpanID { return NewSpan() }

// begin begins a span.
func (t *Tracer) begin(of Place, name string, kind trace.SpanKind, began time.Time) Span {
	ctx := context.Background()
	if of.Span == [8]byte{} {
		ctx = context.WithValue(ctx, newTraceKey{}, of.Trace)
	} else {
		state, err := trace.ParseTraceState(of.State)
		if err != nil {
			state = trace.TraceState{}
		}
		ctx = trace.ContextWithSpanContext(ctx, trace.NewSpanContext(trace.SpanContextConfig{
			TraceID: of.Trace, SpanID: of.Span, TraceFlags: trace.FlagsSampled, TraceState: state, Remote: of.Remote,
		}))
	}
	_, span := t.tracer.Start(ctx, name, trace.WithSpanKind(kind), trace.WithTimestamp(began)) //nolint:spancheck // its user ends it
	return Span{span}                                                                          //nolint:spancheck // see above
}

// Span is an operation, or a call of a service. It is safe for concurrent use.
type Span struct{ span trace.Span }

// Place returns the place of spans that are parts of it.
func (s Span) Place() Place {
	of := s.span.SpanContext()
	return Place{Trace: of.TraceID(), Span: of.SpanID(), State: of.TraceState().String()}
}

// Event notes what happened at a time. An error has a code.
func (s Span) Event(at time.Time, name, code string) {
	options := []trace.EventOption{trace.WithTimestamp(at)}
	if code != "" {
		options = append(options, trace.WithAttributes(attribute.String("error.type", code)))
	}
	s.span.AddEvent(name, options...)
}

// fails makes it one of a failure with a code.
func (s Span) fails(code string) {
	s.span.SetStatus(codes.Error, code)
	s.span.SetAttributes(attribute.String("error.type", code))
}

// set sets attributes but those that are empty texts.
func (s Span) set(attributes ...attribute.KeyValue) {
	s.span.SetAttributes(slices.DeleteFunc(attributes, func(a attribute.KeyValue) bool {
		return a.Value.Type() == attribute.STRING && a.Value.AsString() == ""
	})...)
}

// Operation begins the span of an operation.
func (t *Tracer) Operation(of Place, began time.Time) Span {
	return t.begin(of, "GraphQL Operation", trace.SpanKindServer, began)
}

// EndOperation ends the span of an operation, of which a line is logged.
func (s Span) EndOperation(l *Line) {
	if l.Type != "" {
		name := l.Type
		if l.Known && l.Operation != "" {
			name += " " + l.Operation
		}
		s.span.SetName(name)
	}
	s.set(
		attribute.String("graphql.operation.type", l.Type), attribute.String("graphql.operation.name", cut(l.Operation)),
		attribute.String("portico.document", l.Hash), attribute.String("portico.frontend", l.Frontend),
		attribute.String("portico.request", l.Request), attribute.String("portico.transport", l.Transport),
		attribute.String("portico.client.name", cut(l.Client)), attribute.String("portico.client.version", cut(l.Version)),
		attribute.String("enduser.pseudo.id", hashed(l.Subject)),
		attribute.String("portico.outcome", l.Outcome), attribute.String("portico.cache", l.Cache),
		attribute.Float64("portico.cost.requested", l.Requested), attribute.Float64("portico.cost.actual", l.Cost),
		attribute.Int("portico.calls", l.Calls), attribute.String("http.request.method", l.Method),
	)
	if l.Status > 0 {
		s.set(attribute.Int("http.response.status_code", l.Status), attribute.Int64("http.response.body.size", l.Bytes))
	}
	if l.Type == "subscription" {
		s.set(attribute.Int("portico.events", l.Events))
	}
	if len(l.Codes) > 0 {
		codes := slices.Clone(l.Codes)
		for i, code := range codes {
			codes[i] = cut(code)
		}
		s.set(attribute.StringSlice("portico.codes", codes))
		s.fails(codes[0])
	}
	s.span.End()
}

// Called is a call of a service.
type Called struct {
	Service, Version string
	Method           string // of HTTP; empty over gRPC
	Route            string // the position of the binding, or the method of gRPC
	Keys             int    // of the batch; 0 for none
	Began            time.Time

	Attempts int
	Endpoint string // its address
	Status   int    // of HTTP
	FellBack bool
	Code     string // of the error; empty for none
}

// Call begins the span of a call.
func (t *Tracer) Call(of Place, c *Called) Span {
	name := c.Route
	if c.Method != "" {
		name = c.Method + " " + c.Service
	}
	return t.begin(of, name, trace.SpanKindClient, c.Began)
}

// EndCall ends the span of a call.
func (s Span) EndCall(c *Called) {
	s.set(
		attribute.String("portico.service", c.Service), attribute.String("portico.service.version", c.Version),
		attribute.String("portico.route", c.Route), attribute.Int("portico.attempts", c.Attempts), attribute.Bool("portico.fell_back", c.FellBack),
	)
	if c.Method != "" {
		s.set(attribute.String("http.request.method", c.Method))
		if c.Status > 0 {
			s.set(attribute.Int("http.response.status_code", c.Status))
		}
	} else {
		s.set(attribute.String("rpc.system.name", "grpc"), attribute.String("rpc.method", c.Route))
	}
	if c.Keys > 0 {
		s.set(attribute.Int("portico.batch.keys", c.Keys))
	}
	if host, port, err := net.SplitHostPort(c.Endpoint); err == nil {
		number, _ := strconv.Atoi(port) // 0 if it is none
		s.set(attribute.String("server.address", host), attribute.Int("server.port", number))
	} else {
		s.set(attribute.String("server.address", c.Endpoint))
	}
	if c.Code != "" {
		s.fails(cut(c.Code))
	}
	s.span.End()
}

// cut returns the beginning of a text that callers or services choose.
func cut(text string) string { return text[:min(len(text), longestText)] }
