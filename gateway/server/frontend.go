package server

import (
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/portico-gateway/portico/gateway/problem"
)

// frontendHeader names the frontend of a request to /graphql.
const frontendHeader = "X-Frontend"

// choice finds the frontend of a request.
type choice struct {
	handlers map[string]http.Handler
	hosts    map[string]string
	fallback string
}

// ServeHTTP serves the frontend that the path names, else the header, else the
// host, else the default one.
func (c *choice) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.PathValue("frontend") == "" && r.Method == http.MethodGet { // caches must not mix frontends up
		w.Header().Add("Vary", frontendHeader)
	}
	handler, ok := c.handlers[c.name(r)]
	if !ok {
		c.notFound(w, r)
		return
	}
	handler.ServeHTTP(w, r)
}

func (c *choice) name(r *http.Request) string {
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
	if name, ok := c.hosts[strings.ToLower(host)]; ok {
		return name
	}
	return c.fallback
}

func (c *choice) notFound(w http.ResponseWriter, r *http.Request) {
	names := slices.Sorted(maps.Keys(c.handlers))
	writeProblem(w, r, http.StatusNotFound,
		problem.New(problem.FrontendNotFound, "There is no such frontend. There are: %s.", strings.Join(names, ", ")).
			With("frontends", names))
}
