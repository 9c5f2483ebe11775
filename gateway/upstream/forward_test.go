package upstream_test

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"testing"

	"google.golang.org/grpc/metadata"

	"github.com/portico-gateway/portico/gateway/problem"
	"github.com/portico-gateway/portico/gateway/provenance"
	"github.com/portico-gateway/portico/gateway/upstream"
)

// callerWith returns the context of a caller who sends these headers.
func callerWith(t *testing.T, header http.Header) context.Context {
	t.Helper()
	return upstream.WithCaller(t.Context(), upstream.Caller{Headers: header})
}

// A service is sent the headers that are listed, unless the call has them, and what
// was read is in the provenance.
func TestForwardedHeaders(t *testing.T) {
	listed := []string{"x-tenant", "Accept-Language", "User-Agent"}
	caller := http.Header{"X-Tenant": {"a", "b"}, "User-Agent": {"phone"}, "X-Other": {"1"}}
	for name, c := range map[string]struct {
		headers []string
		bound   http.Header
		want    http.Header // of these names: X-Tenant, Accept-Language, X-Other
		agent   bool        // the service is sent the caller's User-Agent
		varies  []string
	}{
		"none":   {nil, nil, http.Header{}, false, nil},
		"listed": {listed, nil, http.Header{"X-Tenant": {"a", "b"}}, true, []string{"Accept-Language", "User-Agent", "X-Tenant"}},
		"a binding's": {
			listed, http.Header{"X-Tenant": {"bound"}, "Accept-Language": {"de"}}, http.Header{"X-Tenant": {"bound"}, "Accept-Language": {"de"}}, true,
			[]string{"User-Agent"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var got http.Header
			base := serve(t, func(w http.ResponseWriter, r *http.Request) {
				got = r.Header
				answers(200, "application/json", `{"id":"a"}`)(w, r)
			})
			client := open(t, upstream.Config{URL: base, Headers: c.headers})
			ctx, record := provenance.Begin(callerWith(t, caller))
			if _, err := upstream.GetJSON[row](ctx, client, upstream.Request{Header: c.bound}); err != nil {
				t.Fatal(err)
			}
			sent := maps.Clone(got)
			maps.DeleteFunc(sent, func(name string, _ []string) bool {
				return !slices.Contains([]string{"X-Tenant", "Accept-Language", "X-Other"}, name)
			})
			if !maps.EqualFunc(sent, c.want, slices.Equal[[]string]) || (got.Get("User-Agent") == "phone") != c.agent {
				t.Errorf("the service got %v", got)
			}
			if s := record.Summary(); !slices.Equal(s.Headers, c.varies) || s.Caller != provenance.Nobody {
				t.Errorf("the provenance has %q, %v", s.Headers, s.Caller)
			}
		})
	}
}

// Over gRPC they are metadata, and metadata of hand-written code takes precedence.
func TestForwardedMetadata(t *testing.T) {
	var got metadata.MD
	services := serveGRPC(t, upstream.Config{Headers: []string{"X-Tenant", "X-Absent"}}, nil, func(ctx context.Context) error {
		got, _ = metadata.FromIncomingContext(ctx)
		return nil
	})
	ctx, record := provenance.Begin(callerWith(t, http.Header{"X-Tenant": {"a", "b"}, "X-Other": {"1"}}))
	if err := getStock(t, ctx, services); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got["x-tenant"], []string{"a", "b"}) || got["x-absent"] != nil || got["x-other"] != nil {
		t.Errorf("the service got %v", got)
	}
	if s := record.Summary(); !slices.Equal(s.Headers, []string{"X-Absent", "X-Tenant"}) {
		t.Errorf("the provenance has %q", s.Headers)
	}
	if err := getStock(t, metadata.AppendToOutgoingContext(ctx, "x-tenant", "own"), services); err != nil || !slices.Equal(got["x-tenant"], []string{"own"}) {
		t.Errorf("%v: the service got %v", err, got)
	}
	err := getStock(t, callerWith(t, http.Header{"X-Tenant": {"Jörg"}}), services)
	if problem.CodeOf(err) != problem.BadUserInput {
		t.Errorf("a value that metadata can't have: %v", err)
	}
}

// Names that metadata can't have are mistakes of the configuration.
func TestNamesOfMetadata(t *testing.T) {
	_, err := upstream.Open([]upstream.Config{{
		Name: "a", URL: "grpc://127.0.0.1:1", Headers: []string{"X-Tenant", "grpc-timeout", "user-agent", "x-token-bin", "x!y"},
	}})
	const want = `services.a: headers: gRPC sets Grpc-Timeout itself
headers: gRPC sets User-Agent itself
headers: metadata whose name ends with -bin, such as X-Token-Bin, is binary
headers: X!y is not a name of metadata, which has only letters, digits, dots, - and _`
	if err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
}

// Headers distinguish GETs that are cached, and streams that are shared.
func TestForwardedHeadersAreKeys(t *testing.T) {
	o, client := newOrigin(t, upstream.Config{Headers: []string{"Accept-Language"}})
	o.set(200, "Cache-Control", "max-age=60")
	for _, language := range []string{"de", "fr", "de", "fr"} {
		if got := read(t, callerWith(t, http.Header{"Accept-Language": {language}, "X-Other": {language}}), client); got != "a"+language {
			t.Errorf("%s: %s", language, got)
		}
	}
	if asked := o.asked(); asked != "get,get" {
		t.Errorf("the service was asked %s", asked)
	}

	b, url := serveBroadcasts(t)
	streams := open(t, upstream.Config{URL: url, Headers: []string{"X-Tenant"}})
	of := map[string]*listener{}
	for _, tenant := range []string{"a", "b"} {
		of[tenant] = listen(t, callerWith(t, http.Header{"X-Tenant": {tenant}, "X-Other": {"1"}}), streams, state)
		s := <-b.streams
		if got := s.request.Header.Get("X-Tenant"); got != tenant {
			t.Errorf("%s: the service got %q", tenant, got)
		}
		s.event("of " + tenant)
	}
	for tenant, first := range of {
		first.wants("of " + tenant)
		listen(t, callerWith(t, http.Header{"X-Tenant": {tenant}, "X-Other": {"2"}}), streams, state).wants("of " + tenant)
	}
	b.wantsAsked(t, 2)

	i := watchInventory(t, upstream.Config{Headers: []string{"X-Tenant"}})
	for _, tenant := range []string{"a", "b"} {
		ctx := callerWith(t, http.Header{"X-Tenant": {tenant}})
		first, w := i.begin(t, ctx, "p", "of "+tenant)
		if got := w.metadata["x-tenant"]; !slices.Equal(got, []string{tenant}) {
			t.Errorf("%s: the service got %q", tenant, got)
		}
		late, _ := i.begin(t, ctx, "p", "")
		first.wants("of " + tenant)
		late.wants("of " + tenant)
	}
	if n := i.asked.Load(); n != 2 {
		t.Errorf("%d streams", n)
	}
}
