package server

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/rs/cors"

	"github.com/portico-gateway/portico/gateway/auth"
	"github.com/portico-gateway/portico/gateway/config"
	"github.com/portico-gateway/portico/gateway/problem"
	"github.com/portico-gateway/portico/gateway/transport"
)

// middleware wraps a handler; it is named for what it does.
type middleware struct {
	name string
	wrap func(http.Handler) http.Handler
}

// middlewares are what every request passes, outermost first.
func (s *Server) middlewares(of *state) []middleware {
	return []middleware{
		{"end to end", endToEnd},
		{"request id", withRequestID},
		{"observe", s.observed},
		{"recover", func(next http.Handler) http.Handler { return recovered(next, s.log) }},
		{"client address", func(next http.Handler) http.Handler { return withClientAddress(next, proxies(of.config.Server)) }},
	}
}

// middlewares are what the requests of one frontend pass, outermost first.
func (s *Server) frontendMiddlewares(of *state, frontend string) []middleware {
	return []middleware{
		{"cors", func(next http.Handler) http.Handler { return allowOrigins(next, of.config.Of(frontend).CORS) }},
		{"principal", func(next http.Handler) http.Handler { return s.withPrincipal(of, next, frontend) }},
	}
}

// withClientAddress finds who sends a request.
func withClientAddress(next http.Handler, proxies auth.Proxies) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		known, r := known(r)
		known.address = proxies.ClientAddress(r)
		next.ServeHTTP(w, r)
	})
}

// chain wraps a handler in middlewares, the first of which is the outermost.
func chain(handler http.Handler, list []middleware) http.Handler {
	for _, m := range slices.Backward(list) {
		handler = m.wrap(handler)
	}
	return handler
}

// requestIDHeader names a request, here and in the services' logs.
const requestIDHeader = "X-Request-Id"

// withRequestID assigns every request an id, a new one or that of the caller when
// it looks like one, and sends it in the answer and to services.
func withRequestID(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := ""
		if values := r.Header[requestIDHeader]; len(values) > 0 {
			id = values[0]
		}
		if !plainID(id) {
			id = newID()
		}
		known, r := known(r)
		known.id[0] = id
		w.Header()[requestIDHeader] = known.id[:]
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

// recovered turns a panic into an internal error. The answer may have begun,
// then the connection is cut, so that nobody takes half of it for the whole.
func recovered(next http.Handler, log *slog.Logger) http.Handler {
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
			writeErrors(w, r, http.StatusInternalServerError, map[string]any{"message": presented.Message, "extensions": presented.Extensions})
		}()
		next.ServeHTTP(tracked, r)
	})
}

// trackedWriter knows whether the answer has begun.
type trackedWriter struct {
	http.ResponseWriter
	begun    bool
	status   int   // 0 until it is written
	bytes    int64 // of the body
	hijacked bool
}

// Hijack is for http.ResponseController.
func (w *trackedWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	w.begun = true
	conn, buffered, err := http.NewResponseController(w.ResponseWriter).Hijack()
	w.hijacked = err == nil
	return conn, buffered, err
}

// WriteHeader is part of http.ResponseWriter.
func (w *trackedWriter) WriteHeader(status int) {
	w.begun = true
	if w.status == 0 || w.status == http.StatusContinue {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write is part of http.ResponseWriter.
func (w *trackedWriter) Write(b []byte) (int, error) {
	w.begun = true
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(b)
	w.bytes += int64(n)
	return n, err
}

// SetReadDeadline is for http.ResponseController: it begins no answer.
func (w *trackedWriter) SetReadDeadline(t time.Time) error {
	return http.NewResponseController(w.ResponseWriter).SetReadDeadline(t)
}

// Unwrap is for http.ResponseController.
func (w *trackedWriter) Unwrap() http.ResponseWriter {
	w.begun = true // whoever asks hijacks, flushes or sets deadlines
	return w.ResponseWriter
}

// allowOrigins answers browsers that ask whether another site may call.
func allowOrigins(next http.Handler, cfg config.CORS) http.Handler {
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

// writeProblem answers a request that no transport answers.
func writeProblem(w http.ResponseWriter, r *http.Request, status int, p *problem.Error) {
	extensions := map[string]any{"code": p.Code}
	maps.Copy(extensions, p.Extensions)
	writeErrors(w, r, status, map[string]any{"message": p.Message, "extensions": extensions})
}

func writeErrors(w http.ResponseWriter, r *http.Request, status int, errs ...map[string]any) {
	w.Header().Set("Content-Type", transport.ProblemFormat(r.Header)+"; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"errors": errs}) // the caller left: nothing to do
}
