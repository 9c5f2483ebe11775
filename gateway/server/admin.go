package server

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/portico-gateway/portico/gateway/config"
	"github.com/portico-gateway/portico/gateway/problem"
)

// reloadScope is the scope of those who may reload the configuration.
const reloadScope = "config:reload"

// adminHandler serves the admin address. Probes need no credentials.
func (s *Server) adminHandler() http.Handler {
	private := http.NewServeMux()
	private.HandleFunc("GET /cache/stats", s.cacheStats)
	private.Handle("GET /metrics", s.observer.metrics.Handler())
	private.HandleFunc("GET /usage", s.serveUsage)
	private.Handle("POST /cache/purge", s.permitted(purgeScope, s.purge))
	private.Handle("POST /config/reload", s.permitted(reloadScope, s.serveReload))
	private.HandleFunc("/", nothingHere)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", serveLive)
	mux.HandleFunc("GET /readyz", s.health.serveReady)
	mux.Handle("/", s.withToken(private))
	return mux
}

// hasToken reports whether a request has admin.token, if there is one.
func (s *Server) hasToken(r *http.Request) bool {
	want := s.now().config.Admin.Token
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if want == "" || !strings.EqualFold(scheme, "Bearer") || len(r.Header.Values("Authorization")) != 1 {
		return false
	}
	have, should := sha256.Sum256([]byte(token)), sha256.Sum256([]byte(want))
	return subtle.ConstantTimeCompare(have[:], should[:]) == 1
}

// withToken refuses requests that have neither admin.token, if there is one, nor
// credentials of a principal, whom [Server.permitted] knows.
func (s *Server) withToken(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		if s.now().config.Admin.Token == "" || s.hasToken(r) || r.Method == http.MethodPost {
			next.ServeHTTP(w, r)
			return
		}
		w.Header().Set("WWW-Authenticate", "Bearer")
		writeProblem(w, r, http.StatusUnauthorized, problem.New(problem.Unauthenticated, "This needs Authorization: Bearer with the token admin.token."))
	})
}

// permitted serves those who have admin.token, or are principals with a scope: by an API key, or a
// token of an issuer.
func (s *Server) permitted(scope string, next func(w http.ResponseWriter, r *http.Request, by string)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.hasToken(r) {
			next(w, r, "admin.token")
			return
		}
		principal, err := s.now().verifier.Authenticate(r.Context(), r.Header)
		switch {
		case err != nil:
			s.refuseCaller(w, r, err)
		case principal == nil:
			w.Header().Set("WWW-Authenticate", "Bearer")
			writeProblem(w, r, http.StatusUnauthorized,
				problem.New(problem.Unauthenticated, "This needs admin.token, or an API key or a token with the scope %s.", scope))
		case !principal.Has(scope):
			writeProblem(w, r, http.StatusForbidden, problem.New(problem.Forbidden, "This needs the scope %s.", scope))
		default:
			next(w, r, principal.ID())
		}
	})
}

// serveReload reloads the configuration. It answers 200 with what has changed, 422 with what is
// wrong, or 503 when the gateway stops.
func (s *Server) serveReload(w http.ResponseWriter, r *http.Request, by string) {
	of, err := s.reloading.ask(r.Context(), "POST /config/reload by "+by)
	if errors.Is(err, errStopping) {
		writeProblem(w, r, http.StatusServiceUnavailable, problem.New(problem.Unavailable, "The gateway is stopping."))
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	var answer any = of
	if err != nil {
		w.WriteHeader(http.StatusUnprocessableEntity)
		answer = map[string]any{"mistakes": mistakesOf(err)}
	}
	_ = json.NewEncoder(w).Encode(answer) // an error is that of a client that left
}

// mistakesOf returns the lines of an error of a configuration.
func mistakesOf(err error) []string {
	var mistakes config.Mistakes
	if !errors.As(err, &mistakes) {
		return strings.Split(err.Error(), "\n")
	}
	list := make([]string, len(mistakes))
	for i, m := range mistakes {
		list[i] = m.String()
	}
	return list
}
