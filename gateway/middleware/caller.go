package middleware

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"strings"
	"time"

	"github.com/portico-gateway/portico/gateway/auth"
	"github.com/portico-gateway/portico/gateway/problem"
	"github.com/portico-gateway/portico/gateway/telemetry"
	"github.com/portico-gateway/portico/gateway/transport"
	"github.com/portico-gateway/portico/gateway/upstream"
)

// Callers determines the callers of a frontend.
type Callers struct {
	// Frontend is the name of the frontend.
	Frontend string
	// Services determine which versions of services a caller gets.
	Services *upstream.Services
	// Credentials returns those that are accepted now, for connections that stay open.
	Credentials func() Credentials
	Log         *slog.Logger
}

// Credentials are those that a configuration accepts. They must not be modified.
type Credentials struct {
	Verifier *auth.Verifier
	// KeyHeader is the header of API keys.
	KeyHeader string
	// Own are the canonical names of headers that only the gateway may send to services. They are removed from requests.
	Own []string
	// Trusts reports whether the client certificate of a connection, if it has one, is still accepted. It is not nil.
	Trusts func(*tls.ConnectionState) bool
}

// Principal determines the caller of a request by some credentials, and refuses one with wrong ones. What
// services learn of the caller begins here: headers that only the gateway
// may set are removed from the request.
func Principal(callers *Callers, of Credentials, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		principal, err := of.Verifier.Authenticate(r.Context(), r.Header)
		if principal == nil && err == nil { // who connects is not who calls, if the request says that
			principal, err = of.Verifier.OfConnection(r.TLS)
		}
		if !of.Trusts(r.TLS) {
			w.Header().Set("Connection", "close")
			err = problem.New(problem.Unauthenticated, "The client certificate is not accepted any more.")
		}
		if err != nil {
			RefuseCaller(w, r, callers.Log, err)
			return
		}
		for _, name := range of.Own {
			delete(r.Header, name)
		}
		known, r := known(r)
		known.principal = principal
		known.caller = upstream.Caller{
			Authorization: r.Header.Get("Authorization"),
			Subject:       subjectOf(principal),
			RequestID:     known.observed.ID[0],
			Headers:       r.Header,
		}
		known.caller.Versions = callers.versions(principal, known.caller)
		next.ServeHTTP(w, r)
	})
}

// versions returns the versions of services that a caller gets.
func (c *Callers) versions(principal *auth.Principal, caller upstream.Caller) map[string]string {
	of := upstream.Routed{Frontend: c.Frontend, Caller: caller}
	if principal != nil {
		of.Claims = principal.Claims
	}
	return c.Services.Route(of)
}

func subjectOf(principal *auth.Principal) string {
	if principal == nil {
		return ""
	}
	return principal.Subject
}

// RefuseCaller answers a request whose credentials are not accepted (RFC 6750,
// section 3). The reason goes to the log only.
func RefuseCaller(w http.ResponseWriter, r *http.Request, log *slog.Logger, err error) {
	log.InfoContext(r.Context(), "credentials refused", "cause", err)
	p, ok := errors.AsType[*problem.Error](err)
	if !ok {
		p = problem.New(problem.Unauthenticated, "The token is not accepted.")
	}
	if p.Code == problem.Unavailable {
		w.Header().Set("Retry-After", "1")
		transport.WriteError(w, r, http.StatusServiceUnavailable, p.OfRequest())
		return
	}
	w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
	transport.WriteError(w, r, http.StatusUnauthorized, p.OfRequest())
}

// Session takes the credentials of a WebSocket from the payload of
// connection_init, since browsers can't send them as headers; without some,
// those of the handshake hold. It returns the context of the session.
func (c *Callers) Session(ctx context.Context, payload map[string]any) (context.Context, error) {
	telemetry.Introduce(ctx, payload)
	of, header := c.Credentials(), http.Header{}
	for name, value := range payload {
		if !strings.EqualFold(name, "Authorization") && !strings.EqualFold(name, of.KeyHeader) || value == nil {
			continue
		}
		text, ok := value.(string)
		if !ok {
			return ctx, problem.New(problem.Unauthenticated, "A credential in connection_init must be a string.")
		}
		header.Add(name, text) // two that differ only in letter case are refused, as over HTTP
	}
	if len(header) == 0 {
		return ctx, nil
	}
	principal, err := of.Verifier.Authenticate(ctx, header)
	if err != nil {
		return ctx, err
	}
	caller := upstream.CallerOf(ctx)
	caller.Authorization, caller.Subject = header.Get("Authorization"), subjectOf(principal)
	caller.Versions = c.versions(principal, caller)
	return auth.With(upstream.WithCaller(ctx, caller), principal), nil
}

// Renew returns a context whose caller gets the versions of services that the rules give it
// now: a connection may be older than they are.
func (c *Callers) Renew(ctx context.Context) context.Context {
	caller := upstream.CallerOf(ctx)
	principal, _ := ctx.Value(auth.PrincipalKey{}).(*auth.Principal)
	versions := c.versions(principal, caller)
	if maps.Equal(versions, caller.Versions) {
		return ctx
	}
	caller.Versions = versions
	return upstream.WithCaller(ctx, caller)
}

// Accepts reports whether the caller of a context, who has a connection, is one still.
func (c *Callers) Accepts(ctx context.Context) bool {
	principal, _ := ctx.Value(auth.PrincipalKey{}).(*auth.Principal)
	return c.Credentials().Verifier.Accepts(principal)
}

// Until returns when the caller's token expires; zero for never.
func Until(ctx context.Context) time.Time {
	principal := auth.From(ctx)
	if principal == nil {
		return time.Time{}
	}
	return principal.Expires
}
