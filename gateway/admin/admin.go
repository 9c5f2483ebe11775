// Package admin serves the admin address: health, metrics, recorded usage, what the cache did, purges and reloads.
package admin

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"

	"github.com/portico-gateway/portico/gateway/auth"
	"github.com/portico-gateway/portico/gateway/cache"
	"github.com/portico-gateway/portico/gateway/health"
	"github.com/portico-gateway/portico/gateway/middleware"
	"github.com/portico-gateway/portico/gateway/problem"
	"github.com/portico-gateway/portico/gateway/reload"
	"github.com/portico-gateway/portico/gateway/telemetry"
	"github.com/portico-gateway/portico/gateway/transport"
)

// Scopes of principals.
const (
	purgeScope  = "cache:purge"   // may invalidate what is cached
	reloadScope = "config:reload" // may reload the configuration
)

// Config is what the address shows and changes. The functions return what holds at that time.
type Config struct {
	// Token returns admin.token; empty if there is none.
	Token     func() string
	Verifier  func() *auth.Verifier
	Frontends func() []string // names
	Health    *health.Health
	Reloader  *reload.Reloader
	Observer  *telemetry.Observer
	Store     *cache.Store
	Log       *slog.Logger
}

// Handler returns the handler of the admin address. Probes need no credentials.
func Handler(c *Config) http.Handler {
	private := http.NewServeMux()
	private.HandleFunc("GET /cache/stats", c.cacheStats)
	private.Handle("GET /metrics", c.Observer.Metrics().Handler())
	private.HandleFunc("GET /usage", c.usage)
	private.Handle("POST /cache/purge", c.permitted(purgeScope, c.purge))
	private.Handle("POST /config/reload", c.permitted(reloadScope, c.reload))
	probes := http.NewServeMux()
	probes.HandleFunc("GET /livez", health.ServeLive)
	probes.HandleFunc("GET /readyz", c.Health.ServeReady)
	return middleware.Routes(probes, c.withToken(middleware.Routes(private, notFound)).ServeHTTP)
}

// hasToken reports whether a request has admin.token, if there is one.
func (c *Config) hasToken(r *http.Request) bool {
	want := c.Token()
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if want == "" || !strings.EqualFold(scheme, "Bearer") || len(r.Header.Values("Authorization")) != 1 {
		return false
	}
	have, should := sha256.Sum256([]byte(token)), sha256.Sum256([]byte(want))
	return subtle.ConstantTimeCompare(have[:], should[:]) == 1
}

// withToken refuses requests that have neither admin.token, if there is one, nor
// credentials of a principal, whom [Config.permitted] knows.
func (c *Config) withToken(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		if c.Token() == "" || c.hasToken(r) || r.Method == http.MethodPost {
			next.ServeHTTP(w, r)
			return
		}
		w.Header().Set("WWW-Authenticate", "Bearer")
		refuse(w, r, http.StatusUnauthorized, problem.New(problem.Unauthenticated, "This needs Authorization: Bearer with the token admin.token."))
	})
}

// permitted serves those who have admin.token, or are principals with a scope: by an API key, or a
// token of an issuer.
func (c *Config) permitted(scope string, next func(w http.ResponseWriter, r *http.Request, by string)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c.hasToken(r) {
			next(w, r, "admin.token")
			return
		}
		principal, err := c.Verifier().Authenticate(r.Context(), r.Header)
		switch {
		case err != nil:
			middleware.RefuseCaller(w, r, c.Log, err)
		case principal == nil:
			w.Header().Set("WWW-Authenticate", "Bearer")
			refuse(w, r, http.StatusUnauthorized,
				problem.New(problem.Unauthenticated, "This needs admin.token, or an API key or a token with the scope %s.", scope))
		case !principal.Has(scope):
			refuse(w, r, http.StatusForbidden, problem.New(problem.Forbidden, "This needs the scope %s.", scope))
		default:
			next(w, r, principal.ID())
		}
	})
}

// reload reloads the configuration. It answers 200 with what has changed, 422 with what is
// wrong, or 503 when the gateway stops.
func (c *Config) reload(w http.ResponseWriter, r *http.Request, by string) {
	of, err := c.Reloader.Ask(r.Context(), "POST /config/reload by "+by)
	if errors.Is(err, reload.ErrStopping) {
		refuse(w, r, http.StatusServiceUnavailable, problem.New(problem.Unavailable, "The gateway is stopping."))
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	var answer any = of
	if err != nil {
		w.WriteHeader(http.StatusUnprocessableEntity)
		answer = map[string]any{"mistakes": strings.Split(err.Error(), "\n")}
	}
	_ = json.NewEncoder(w).Encode(answer) // an error is that of a client that left
}

// usage answers with recorded usage as a file: of all frontends, or of the one that the
// parameter frontend names.
func (c *Config) usage(w http.ResponseWriter, r *http.Request) {
	frontend := r.URL.Query().Get("frontend")
	if frontend != "" && !slices.Contains(c.Frontends(), frontend) {
		refuse(w, r, http.StatusNotFound, problem.New(problem.FrontendNotFound, "No frontend has this name."))
		return
	}
	w.Header().Set("Content-Type", "application/jsonl; charset=utf-8")
	_ = c.Observer.WriteUsage(w, frontend) // an error is that of a client that left
}

func notFound(w http.ResponseWriter, r *http.Request) {
	refuse(w, r, http.StatusNotFound, problem.New(problem.BadRequest,
		"There is nothing here. The admin address has /livez, /readyz, /metrics, /usage, /cache/stats, /cache/purge and /config/reload."))
}

func refuse(w http.ResponseWriter, r *http.Request, status int, p *problem.Error) {
	transport.WriteError(w, r, status, p.OfRequest())
}
