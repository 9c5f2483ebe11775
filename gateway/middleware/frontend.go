package middleware

import (
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/portico-gateway/portico/gateway/problem"
	"github.com/portico-gateway/portico/gateway/transport"
)

// frontendHeader names the frontend of a request to /graphql.
const frontendHeader = "X-Frontend"

// Path is the path of requests that do not name their frontend in it; that of a frontend is below it.
const Path = "/graphql"

// Choice serves a request with the handler of its frontend.
type Choice struct {
	// Handlers are those of the frontends by name.
	Handlers map[string]http.Handler
	// Hosts are the names of frontends by the lower-case name of the host.
	Hosts map[string]string
	// Default is the frontend of requests that name none; empty if there is none.
	Default string
}

// ServeHTTP serves the frontend that the path names, else the header, else the
// host, else the default one.
func (c *Choice) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.PathValue("frontend") == "" && r.Method == http.MethodGet { // caches must not mix frontends up
		w.Header().Add("Vary", frontendHeader)
	}
	handler, ok := c.Handlers[c.name(r)]
	if !ok {
		c.notFound(w, r)
		return
	}
	handler.ServeHTTP(w, r)
}

func (c *Choice) name(r *http.Request) string {
	if name := r.PathValue("frontend"); name != "" {
		return name
	}
	if name := r.Header.Get(frontendHeader); name != "" {
		return name
	}
	host := r.Host
	if bare, _, err := net.SplitHostPort(host); err == nil {
		host = bare
	}
	if name, ok := c.Hosts[strings.ToLower(host)]; ok {
		return name
	}
	return c.Default
}

func (c *Choice) notFound(w http.ResponseWriter, r *http.Request) {
	names := slices.Sorted(maps.Keys(c.Handlers))
	p := problem.New(problem.FrontendNotFound, "There is no such frontend. There are: %s.", strings.Join(names, ", ")).With("frontends", names)
	transport.WriteError(w, r, http.StatusNotFound, p.OfRequest())
}

// Routes serves requests by a mux, and answers those for which it has no pattern with notFound, or with 405 if it has one for
// another method (RFC 9110, section 15.5.6).
func Routes(mux *http.ServeMux, notFound http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		none, pattern := mux.Handler(r)
		if pattern != "" || r.RequestURI == "*" { // which a mux answers with 400
			mux.ServeHTTP(w, r)
			return
		}
		said := refusal{header: http.Header{}}
		if none.ServeHTTP(&said, r); said.status != http.StatusMethodNotAllowed {
			notFound(w, r)
			return
		}
		allow := said.header.Get("Allow")
		w.Header().Set("Allow", allow)
		p := problem.New(problem.BadRequest, "The method %s is not for this path: use %s.", r.Method, allow)
		transport.WriteError(w, r, http.StatusMethodNotAllowed, p.OfRequest())
	})
}

// refusal notes how a mux refuses a request.
type refusal struct {
	header http.Header
	status int
}

// Header is part of [http.ResponseWriter].
func (r *refusal) Header() http.Header { return r.header }

// Write is part of [http.ResponseWriter].
func (r *refusal) Write(text []byte) (int, error) { return len(text), nil }

// WriteHeader is part of [http.ResponseWriter].
func (r *refusal) WriteHeader(status int) { r.status = status }

// NotFound answers a request for a path that does not exist, or is not for its caller.
func NotFound(w http.ResponseWriter, r *http.Request) {
	p := problem.New(problem.BadRequest, "There is nothing here. Frontends are at /graphql and /graphql/<frontend>.")
	transport.WriteError(w, r, http.StatusNotFound, p.OfRequest())
}
