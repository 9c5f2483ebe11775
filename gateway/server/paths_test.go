package server

import (
	"context"
	"net/http"
	"strings"
	"testing"
)

// A path with escapes is what a proxy before the gateway sees: %2F separates no segments.
func TestPathsOfFrontends(t *testing.T) {
	server, _ := cachingGateway(t, `type Query { n: Int }`, map[string]field{
		"n": func(context.Context, map[string]any) (any, error) { return 1, nil },
	}, nil)
	for path, want := range map[string]int{
		"/graphql":         http.StatusOK,
		"/graphql/toy":     http.StatusOK,
		"/%67raphql":       http.StatusOK,
		"/%67raphql/toy":   http.StatusOK,
		"/graphql/%74oy":   http.StatusOK,
		"/graphql%2Ftoy":   http.StatusNotFound,
		"/graphql%2ftoy":   http.StatusNotFound,
		"/graphql/toy/":    http.StatusNotFound,
		"/graphql/toy%2F":  http.StatusNotFound,
		"/graphql/other":   http.StatusNotFound,
		"/graphql/toy/x/y": http.StatusNotFound,
	} {
		resp, err := http.Post(server.URL+path, "application/json", strings.NewReader(`{"query":"{n}"}`))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%s: %d, want %d", path, resp.StatusCode, want)
		}
	}
}
