package transport_test

import (
	"bytes"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/portico-gateway/portico/gateway/transport"
)

// While requests are shed, queries are refused, and what is, or may be, a mutation is not.
func TestShed(t *testing.T) {
	asked := 0
	g := serve(t, transport.Config{MaxBatch: 2, Shed: func() bool { asked++; return true }})
	for name, body := range map[string]string{
		"query":                `{"query":"{ echo(text: \"a\") }"}`,
		"query with variables": ` {"variables":{"a":"b"}, "query" : "query Q($a: String!) { echo(text: $a) }"}`,
		"not JSON":             `{"query"`, // it is not read
	} {
		for _, more := range [][]string{nil, {acceptEvents}, {"Accept: application/graphql-response+json"}} {
			a := g.post(t, body, more...)
			if a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") != "1" || a.header.Get("Cache-Control") != "no-store" {
				t.Errorf("%s: %d %v", name, a.status, a.header)
			}
			checkErrors(t, a, "SERVICE_OVERLOADED")
		}
	}
	if asked != 9 {
		t.Errorf("it was asked %d times", asked)
	}
	for name, body := range map[string]string{
		"mutation":              `{"query":"mutation { keep(text: \"a\") }"}`,
		"batch":                 `[{"query":"{ echo(text: \"a\") }"}]`,
		"persisted document":    `{"documentId":"sha256:x","variables":{"query":"x"}}`,
		"automatically":         `{"query":"","extensions":{"persistedQuery":{"version":1,"sha256Hash":"x"}}}`,
		"nothing":               `{}`,
		"large":                 `{"query":"{ echo(text: \"a\") }"` + strings.Repeat(" ", 4<<10) + `}`,
		"mutation in variables": `{"query":"query Q($a: String!) { echo(text: $a) }","variables":{"a":"mutation"}}`,
	} {
		if a := g.post(t, body); a.status == http.StatusServiceUnavailable || strings.Contains(a.body, "OVERLOADED") {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	if asked != 9 {
		t.Errorf("it was asked %d times", asked)
	}
	a := g.send(t, http.MethodGet, "?query="+url.QueryEscape("{ __typename }"), "", "GraphQL-Require-Preflight: 1")
	if a.status != http.StatusServiceUnavailable {
		t.Errorf("GET: %d %s", a.status, a.body)
	}
}

// TestAllocationsOfShedding keeps a refusal cheap: while there is too much to do, there are many.
func TestAllocationsOfShedding(t *testing.T) {
	h := transport.New(canned{}, newWriter(t), transport.Config{Shed: func() bool { return true }})
	body, s := bytes.NewReader(nil), &sink{header: http.Header{}}
	of := func(serve func(http.ResponseWriter, *http.Request)) float64 {
		return testing.AllocsPerRun(1000, func() { post(serve, body, s) })
	}
	allocs := of(h.ServeHTTP) - of(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	if s.status != http.StatusServiceUnavailable {
		t.Fatal(s.status)
	}
	const limit = 2
	if allocs > limit {
		t.Errorf("%.0f allocations, want at most %d", allocs, limit)
	}
}

func BenchmarkShed(b *testing.B) {
	h := transport.New(canned{}, newWriter(b), transport.Config{Shed: func() bool { return true }})
	b.ReportAllocs()
	body, s := bytes.NewReader(nil), &sink{header: http.Header{}}
	for b.Loop() {
		post(h.ServeHTTP, body, s)
	}
}
