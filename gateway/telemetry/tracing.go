package telemetry

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/portico-gateway/portico/gateway/config"
	"github.com/portico-gateway/portico/gateway/observe"
	"github.com/portico-gateway/portico/gateway/upstream"
)

// tracing decides which requests are traced. It is safe for concurrent use.
type tracing struct {
	otlp     *observe.OTLP // nil: none are, and trace contexts are passed on
	sampling atomic.Pointer[sampling]
}

// sampling determines which requests are traced.
type sampling struct {
	share   float64 // of those without a trace context
	callers int     // a second, of those whose callers' traces are sampled

	mu     sync.Mutex
	second int64
	used   int
}

// admits reports whether one more of the callers' traces may have spans.
func (s *sampling) admits(now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if second := now.Unix(); second != s.second {
		s.second, s.used = second, 0
	}
	s.used++
	return s.used <= s.callers
}

// openTracing opens what the configuration says of traces and metrics that are sent. It samples none.
func openTracing(cfg *config.Config, m *observe.Metrics, log *slog.Logger) (*tracing, error) {
	t, c := &tracing{}, cfg.OTLP
	t.sampling.Store(new(sampling))
	if c.Endpoint == "" {
		return t, nil
	}
	of := observe.OTLPConfig{
		Endpoint: c.Endpoint, Headers: map[string]string{}, TLS: &tls.Config{MinVersion: tls.VersionTLS12}, Metrics: time.Duration(c.Metrics),
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		of.Version = info.Main.Version
	}
	for name, value := range c.Headers {
		of.Headers[name] = string(value)
	}
	if c.CA != "" {
		text, err := os.ReadFile(c.CA)
		if err != nil {
			return nil, cfg.At("otlp.ca", err)
		}
		of.TLS.RootCAs = x509.NewCertPool()
		if !of.TLS.RootCAs.AppendCertsFromPEM(text) {
			return nil, cfg.At("otlp.ca", fmt.Errorf("%s has no certificate in PEM", c.CA))
		}
	}
	var err error
	if t.otlp, err = observe.NewOTLP(of, m, log); err != nil {
		return nil, cfg.At("otlp.endpoint", err)
	}
	return t, nil
}

// traced is the place of a request in a trace.
type traced struct {
	trace   upstream.Trace // of what is called for it; the id is all zero for none
	of      bool           // the caller's header has it
	sampled bool           // it has spans
	sends   bool           // services are sent trace, instead of the caller's headers
}

// sent returns the place that services are sent; nil if they are sent the caller's headers.
func (t *traced) sent() *upstream.Trace {
	if !t.sends {
		return nil
	}
	return &t.trace
}

// of returns the place of a request with a header.
func (t *tracing) of(header http.Header) (out traced) {
	if out.trace, out.of = upstream.TraceIn(header); t.otlp == nil {
		return out
	}
	s := t.sampling.Load()
	if out.of {
		out.sampled = out.trace.Sampled && s.admits(time.Now())
		return out
	}
	out.sampled, out.sends = s.share > 0 && rand.Float64() < s.share, true //nolint:gosec // it is no secret
	out.trace = upstream.Trace{ID: observe.NewTrace().Trace, Span: observe.NewSpan(), Sampled: out.sampled}
	return out
}

// operating is the context of an operation with a span, or of one of many of a connection.
type operating struct {
	context.Context //nolint:containedctx // it is a context

	traced traced
	span   observe.Span // if it is sampled
}

type operatingKey struct{}

// Value is part of context.Context.
func (o *operating) Value(key any) any {
	switch key.(type) {
	case operatingKey:
		return o
	case upstream.TraceKey:
		return o.traced.sent()
	}
	return o.Context.Value(key)
}

// begin returns the context of an operation that begins.
func (t *tracing) begin(ctx context.Context, r *Request, began time.Time) context.Context {
	if t.otlp == nil || r == nil {
		return ctx
	}
	of := r.traced
	if r.lasts && !of.of {
		of = t.of(nil) // each operation of a connection is a trace of its own
	}
	if !of.sampled {
		if r.lasts {
			return &operating{Context: ctx, traced: of}
		}
		return ctx
	}
	o := &operating{Context: ctx, traced: of, span: t.operation(of, began)}
	o.traced.trace, o.traced.sends = traceOf(o.span.Place()), true
	o.span.Event(time.Now(), "prepared", "")
	return o
}

// operation begins the span of an operation.
func (t *tracing) operation(of traced, began time.Time) observe.Span {
	place := observe.Place{Trace: of.trace.ID}
	if of.of {
		place.Span, place.State, place.Remote = of.trace.Span, of.trace.State, true
	}
	return t.otlp.Operation(place, began)
}

func traceOf(p observe.Place) upstream.Trace {
	return upstream.Trace{ID: p.Trace, Span: p.Span, Sampled: true, State: p.State}
}

// note records in a line the trace of its operation, and sets its span.
func (t *tracing) note(ctx context.Context, r *Request, line *observe.Line, began time.Time) {
	if o, _ := ctx.Value(operatingKey{}).(*operating); o != nil {
		if line.Trace = o.traced.trace.ID; o.traced.sampled {
			line.Span = &o.span
		}
		return
	}
	if r == nil {
		return
	}
	of := r.traced
	if r.lasts && !of.of && t.otlp != nil {
		of = t.of(nil)
	}
	if line.Trace = of.trace.ID; of.sampled {
		span := t.operation(of, began)
		line.Span = &span
	}
}
