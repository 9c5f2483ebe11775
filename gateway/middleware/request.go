package middleware

import (
	"context"
	"net/http"
	"net/netip"

	"github.com/portico-gateway/portico/gateway/auth"
	"github.com/portico-gateway/portico/gateway/observe"
	"github.com/portico-gateway/portico/gateway/telemetry"
	"github.com/portico-gateway/portico/gateway/upstream"
)

// request is what the gateway knows of an HTTP request, and the request's
// context. Middlewares fill it in, each its own part, before a handler reads
// it. That it is one for all makes a cached answer cheap.
type request struct {
	context.Context //nolint:containedctx // it is a context

	writer    trackedWriter
	observed  telemetry.Request
	address   netip.Addr
	caller    upstream.Caller
	principal *auth.Principal
}

type requestKey struct{}

// known returns what is known of a request, and the request that knows it.
func known(r *http.Request) (*request, *http.Request) {
	if have, ok := r.Context().Value(requestKey{}).(*request); ok {
		return have, r
	}
	fresh := &request{Context: r.Context()}
	return fresh, r.WithContext(fresh) //nolint:contextcheck // it is the request's own, with more in it
}

// Value is part of context.Context.
func (r *request) Value(key any) any {
	switch key.(type) {
	case requestKey:
		return r
	case observe.RequestIDKey:
		return r.observed.ID[0]
	case upstream.CallerKey:
		return &r.caller
	case upstream.TraceKey:
		return r.observed.Trace()
	case telemetry.RequestKey:
		return &r.observed
	case auth.PrincipalKey:
		return r.principal
	case auth.AddressKey:
		return &r.address
	}
	return r.Context.Value(key)
}
