package upstream

import (
	"context"
	"errors"
	"net/http"

	"github.com/portico-gateway/portico/gateway/problem"
	"github.com/portico-gateway/portico/gateway/provenance"
)

// Caller is the data of the gateway's caller that services can receive.
type Caller struct {
	// Authorization is the caller's Authorization header, for services that receive it.
	Authorization string
	// Subject is the principal's subject, for services that receive it.
	Subject string
	// RequestID is the id of the caller's request, for the services' logs; empty for
	// none.
	RequestID string
	// Headers are the headers of the caller's request: bindings forward some of them, and
	// every service receives the trace context, which must be valid ([CheckTrace]). They
	// must not be modified, and must not include headers that services trust.
	Headers http.Header
	// Versions are the versions of services that the request gets, by the names of the
	// services: see [Services.Route].
	Versions map[string]string
}

// Values returns the caller's values of an input that answers vary by: a header of the
// request, or the version of a service.
func (c Caller) Values(name string) []string {
	if service, ok := provenance.ServiceOf(name); ok {
		return []string{c.Versions[service]}
	}
	return c.Headers[name]
}

// The header fields that identify a request in logs and traces. They are not part
// of what a call is: one that several callers share has those of the first.
const (
	requestID   = "X-Request-Id"
	traceParent = "Traceparent"
	traceState  = "Tracestate"
)

func isForLogs(name string) bool {
	return name == requestID || name == traceParent || name == traceState
}

// CallerKey is the key of a context's *[Caller].
type CallerKey struct{}

// WithCaller returns a context whose calls are made for a caller.
func WithCaller(ctx context.Context, caller Caller) context.Context {
	return context.WithValue(ctx, CallerKey{}, &caller)
}

// CallerOf returns the caller of a context, or the zero value. An answer that is made
// with it is private: it is neither cached nor shared. To read a single header, use
// [Header].
func CallerOf(ctx context.Context) Caller {
	provenance.From(ctx).Uses(provenance.Everything)
	return callerOf(ctx)
}

func callerOf(ctx context.Context) Caller {
	caller, _ := ctx.Value(CallerKey{}).(*Caller)
	if caller == nil {
		return Caller{}
	}
	return *caller
}

// Header returns the first value of a header of the caller's request, or "". It is
// recorded in the context's provenance: an answer that is made with it is for callers who
// send the same value.
func Header(ctx context.Context, name string) string {
	if values := valuesOf(ctx, http.CanonicalHeaderKey(name)); len(values) > 0 {
		return values[0]
	}
	return ""
}

// valuesOf is like [Header] for all values. The name is in canonical spelling.
func valuesOf(ctx context.Context, name string) []string {
	record := provenance.From(ctx)
	record.UsesHeader(name)
	if name == "Authorization" || name == "Cookie" {
		record.Uses(provenance.Principal)
	}
	return callerOf(ctx).Headers[name]
}

// errCharacters reports a value that no header can have. It comes from the payload of
// a WebSocket or from a token, where it may be any text.
var errCharacters = errors.New("it has characters other than printable ASCII")

// identify calls set with what the service is to know of the caller: at most once for
// a name, with "" for what the service must not have from elsewhere. Its error
// is a problem.
func (c *Config) identify(ctx context.Context, set func(name, value string)) error {
	caller := callerOf(ctx)
	if c.ForwardAuthorization || c.SubjectHeader != "" { // also when there is none
		provenance.From(ctx).Uses(provenance.Principal)
	}
	if c.ForwardAuthorization && caller.Authorization != "" {
		if !printable(caller.Authorization) {
			return problem.Wrap(errCharacters, problem.Unauthenticated, "The Authorization that was sent is malformed.")
		}
		set("Authorization", caller.Authorization)
	}
	if c.SubjectHeader != "" {
		if !printable(caller.Subject) {
			return problem.Wrap(errCharacters, problem.Unauthenticated, "The subject of the token can't be sent to a service.")
		}
		set(c.SubjectHeader, caller.Subject)
	}
	// W3C Trace Context, section 3: a gateway that takes no part in a trace
	// passes it on.
	trace := [...]string{one(caller.Headers[traceParent]), one(caller.Headers[traceState])}
	if t := traceOf(ctx); t != nil {
		trace = [...]string{t.Parent(), t.State}
	}
	for i, name := range [...]string{traceParent, traceState} {
		if trace[i] != "" && printable(trace[i]) {
			set(name, trace[i])
		}
	}
	if caller.RequestID != "" && printable(caller.RequestID) {
		set(requestID, caller.RequestID)
	}
	return nil
}

// one returns the only value of a header; empty if there is none, or several.
func one(values []string) string {
	if len(values) != 1 {
		return ""
	}
	return values[0]
}

func printable(text string) bool {
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}
