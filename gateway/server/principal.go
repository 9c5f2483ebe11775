package server

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"strings"
	"time"

	"github.com/portico-gateway/portico/gateway/auth"
	"github.com/portico-gateway/portico/gateway/problem"
	"github.com/portico-gateway/portico/gateway/upstream"
)

// withPrincipal determines the caller, and refuses one with wrong credentials. What
// services learn of the caller begins here: headers that only the gateway
// may set are removed from the request.
func (s *Server) withPrincipal(of *state, next http.Handler, frontend string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		principal, err := of.verifier.Authenticate(r.Context(), r.Header)
		if principal == nil && err == nil { // who connects is not who calls, if the request says that
			principal, err = of.verifier.OfConnection(r.TLS)
		}
		if !of.trusts(r.TLS) {
			w.Header().Set("Connection", "close")
			err = problem.New(problem.Unauthenticated, "The client certificate is not accepted any more.")
		}
		if err != nil {
			s.refuseCaller(w, r, err)
			return
		}
		for _, name := range of.ownHeaders {
			delete(r.Header, name)
		}
		known, r := known(r)
		known.principal = principal
		known.caller = upstream.Caller{
			Authorization: r.Header.Get("Authorization"),
			Subject:       subjectOf(principal),
			RequestID:     known.id[0],
			Headers:       r.Header,
		}
		known.caller.Versions = s.versions(frontend, principal, known.caller)
		next.ServeHTTP(w, r)
	})
}

// versions returns the versions of services that a caller gets.
func (s *Server) versions(frontend string, principal *auth.Principal, caller upstream.Caller) map[string]string {
	of := upstream.Routed{Frontend: frontend, Caller: caller}
	if principal != nil {
		of.Claims = principal.Claims
	}
	return s.services.Route(of)
}

func subjectOf(principal *auth.Principal) string {
	if principal == nil {
		return ""
	}
	return principal.Subject
}

// refuseCaller answers a request whose credentials are not accepted (RFC 6750,
// section 3). The reason goes to the log only.
func (s *Server) refuseCaller(w http.ResponseWriter, r *http.Request, err error) {
	s.log.InfoContext(r.Context(), "credentials refused", "cause", err)
	p, ok := errors.AsType[*problem.Error](err)
	if !ok {
		p = problem.New(problem.Unauthenticated, "The token is not accepted.")
	}
	if p.Code == problem.Unavailable {
		w.Header().Set("Retry-After", "1")
		writeProblem(w, r, http.StatusServiceUnavailable, p)
		return
	}
	w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
	writeProblem(w, r, http.StatusUnauthorized, p)
}

// session takes the credentials of a WebSocket from the payload of
// connection_init, since browsers can't send them as headers; without some,
// those of the handshake hold.
func (s *Server) session(ctx context.Context, frontend string, payload map[string]any) (context.Context, error) {
	if r := requestOf(ctx); r != nil {
		r.seen.introduce(payload)
	}
	of, header := s.now(), http.Header{}
	for name, value := range payload {
		if !strings.EqualFold(name, "Authorization") && !strings.EqualFold(name, of.config.Auth.KeyHeader) || value == nil {
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
	principal, err := of.verifier.Authenticate(ctx, header)
	if err != nil {
		return ctx, err
	}
	caller := upstream.CallerOf(ctx)
	caller.Authorization, caller.Subject = header.Get("Authorization"), subjectOf(principal)
	caller.Versions = s.versions(frontend, principal, caller)
	return auth.With(upstream.WithCaller(ctx, caller), principal), nil
}

// rerouted returns a context whose caller gets the versions of services that the rules give it
// now: a connection may be older than they are.
func (s *Server) rerouted(ctx context.Context, frontend string) context.Context {
	caller := upstream.CallerOf(ctx)
	principal, _ := ctx.Value(auth.PrincipalKey{}).(*auth.Principal)
	versions := s.versions(frontend, principal, caller)
	if maps.Equal(versions, caller.Versions) {
		return ctx
	}
	caller.Versions = versions
	return upstream.WithCaller(ctx, caller)
}

// accepts reports whether the caller of a context, who has a connection, is one still.
func (s *Server) accepts(ctx context.Context) bool {
	principal, _ := ctx.Value(auth.PrincipalKey{}).(*auth.Principal)
	return s.now().verifier.Accepts(principal)
}

// until is when the caller's token expires.
func until(ctx context.Context) time.Time {
	principal := auth.From(ctx)
	if principal == nil {
		return time.Time{}
	}
	return principal.Expires
}
