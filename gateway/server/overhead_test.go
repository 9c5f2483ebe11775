package server

import (
	"context"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// nowhere ignores what is written to it.
type nowhere struct{ header http.Header }

// Header is part of http.ResponseWriter.
func (n nowhere) Header() http.Header { return n.header }

// Write is part of http.ResponseWriter.
func (n nowhere) Write(b []byte) (int, error) { return len(b), nil }

// WriteHeader is part of http.ResponseWriter.
func (n nowhere) WriteHeader(int) {}

// recalling returns a function that sends a request whose answer is cached.
func recalling(t testing.TB, unobserved bool) func(http.ResponseWriter) {
	t.Helper()
	_, s := cachingGateway(t, `type Query { n: Int @cacheControl(maxAge: 3600) }`, map[string]field{
		"n": func(context.Context, map[string]any) (any, error) { return 1, nil },
	}, nil, Options{AccessLog: io.Discard, Unobserved: unobserved})
	ask := func(w http.ResponseWriter) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/graphql/toy", strings.NewReader(`{"query":"query Home { n }"}`))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Graphql-Client-Name", "shop")
		s.ServeHTTP(w, r)
	}
	for range 2 {
		w := httptest.NewRecorder()
		if ask(w); w.Body.String() != `{"data":{"n":1}}` {
			t.Fatal(w.Code, w.Body)
		}
	}
	return ask
}

// A request whose answer is cached has no allocation for metrics and for the access log, but for
// those that a pool has lost: under the race detector it loses a quarter.
func TestObservingAllocates(t *testing.T) {
	allocations := func(unobserved bool) float64 {
		ask, w := recalling(t, unobserved), nowhere{http.Header{}}
		least := math.Inf(1)
		for range 5 { // a garbage collection empties pools
			least = min(least, testing.AllocsPerRun(200, func() {
				clear(w.header)
				ask(w)
			}))
		}
		return least
	}
	if with, without := allocations(false), allocations(true); with > without+1 {
		t.Errorf("%v allocations, and %v without", with, without)
	}
}

// BenchmarkObserving is a request whose answer is cached, without a connection.
func BenchmarkObserving(b *testing.B) {
	for name, unobserved := range map[string]bool{"all": false, "nothing": true} {
		b.Run(name, func(b *testing.B) {
			ask := recalling(b, unobserved)
			w := nowhere{http.Header{}}
			b.ReportAllocs()
			for b.Loop() {
				clear(w.header)
				ask(w)
			}
		})
	}
}
