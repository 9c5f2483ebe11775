package calls

import (
	"net/http"
	"slices"
)

// HTTP counts the calls of an HTTP service by the patterns of its routes, but
// for the uncounted ones. Calls that fit no route count as "<method> unknown".
func (c *Counter) HTTP(service string, routes *http.ServeMux, next http.Handler, uncounted ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, route := routes.Handler(r)
		if route == "" {
			route = r.Method + " unknown"
		}
		if !slices.Contains(uncounted, route) {
			c.Add(service, route)
		}
		next.ServeHTTP(w, r)
	})
}
