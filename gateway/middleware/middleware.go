// Package middleware has what an HTTP request passes before it is answered: each middleware finds out something of
// the request, for the handlers behind it, or refuses it. Package server has their order.
package middleware

import (
	"encoding/binary"
	"encoding/hex"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"slices"
	"time"

	"github.com/rs/cors"

	"github.com/portico-gateway/portico/gateway/auth"
	"github.com/portico-gateway/portico/gateway/config"
	"github.com/portico-gateway/portico/gateway/problem"
	"github.com/portico-gateway/portico/gateway/telemetry"
	"github.com/portico-gateway/portico/gateway/transport"
)

// Middleware wraps a handler.
type Middleware struct {
	Name string
	Wrap func(http.Handler) http.Handler
}

// Chain wraps a handler in middlewares, the first of which is the outermost.
func Chain(handler http.Handler, list []Middleware) http.Handler {
	for _, m := range slices.Backward(list) {
		handler = m.Wrap(handler)
	}
	return handler
}

// requestIDHeader names a request, here and in the services' logs.
const requestIDHeader = "X-Request-Id"

// RequestID assigns every request an id, a new one or that of the caller when
// it looks like one, and sends it in the answer and to services.
func RequestID(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := ""
		if values := r.Header[requestIDHeader]; len(values) > 0 {
			id = values[0]
		}
		if !plainID(id) {
			id = newID()
		}
		known, r := known(r)
		known.observed.ID[0] = id
		w.Header()[requestIDHeader] = known.observed.ID[:]
		next.ServeHTTP(w, r)
	})
}

// newID returns an id that no other request has, of 128 random bits. It is no
// secret.
func newID() string {
	var bits [16]byte
	binary.LittleEndian.PutUint64(bits[:], rand.Uint64())  //nolint:gosec // see above
	binary.LittleEndian.PutUint64(bits[8:], rand.Uint64()) //nolint:gosec // see above
	return hex.EncodeToString(bits[:])
}

// plainID reports whether an id can be written into logs and headers as it is.
func plainID(id string) bool {
	if id == "" || len(id) > 64 {
		return false
	}
	for _, c := range []byte(id) {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

// Observe reports requests to an observer. RequestID is around it, and Recover within.
func Observe(o *telemetry.Observer, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		known, r := known(r)
		began := time.Now()
		o.BeginRequest(&known.observed, r)
		next.ServeHTTP(w, r)
		o.EndRequest(&known.observed, telemetry.Sent{
			Took: time.Since(began), Status: known.writer.status, Bytes: known.writer.bytes, Hijacked: known.writer.hijacked,
		})
	})
}

// Recover turns a panic into an internal error. The answer may have begun,
// then the connection is cut, so that nobody takes half of it for the whole.
func Recover(log *slog.Logger, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		known, r := known(r)
		tracked := &known.writer
		tracked.ResponseWriter = w
		defer func() { //nolint:contextcheck // the request has it
			tracked.ResponseWriter = nil // an event stream has the request's context for longer
			value := recover()
			if value == nil {
				return
			}
			if value == http.ErrAbortHandler { //nolint:errorlint // a sentinel that is compared, as net/http does
				panic(value)
			}
			presented := problem.NewPresenter(log).Present(r.Context(), problem.Recovered(value))
			if tracked.begun {
				panic(http.ErrAbortHandler)
			}
			transport.WriteError(w, r, http.StatusInternalServerError, presented)
		}()
		next.ServeHTTP(tracked, r)
	})
}

// ClientAddress finds out who sends a request, beyond trusted proxies.
func ClientAddress(proxies auth.Proxies, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		known, r := known(r)
		known.address = proxies.ClientAddress(r)
		next.ServeHTTP(w, r)
	})
}

// CORS answers browsers that ask whether another site may call.
func CORS(cfg config.CORS, next http.Handler) http.Handler {
	if len(cfg.Origins) == 0 {
		return next
	}
	return cors.New(cors.Options{
		AllowedOrigins:   cfg.Origins,
		AllowCredentials: cfg.Credentials,
		AllowedMethods:   []string{http.MethodGet, http.MethodPost},
		AllowedHeaders:   []string{"*"},
		ExposedHeaders:   []string{requestIDHeader, "Retry-After", "RateLimit", "RateLimit-Policy", "Age", "Cache-Status"},
		MaxAge:           600,
	}).Handler(next)
}

// Leave makes clients close their connections, and open new ones elsewhere, when the gateway is
// about to stop.
func Leave(stopping func() bool, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if stopping() { // net/http sends GOAWAY over HTTP/2
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}
