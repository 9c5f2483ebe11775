package upstream_test

import (
	"context"
	"fmt"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/portico-gateway/portico/clients/inventory/inventorypb"
	"github.com/portico-gateway/portico/gateway/cache"
	"github.com/portico-gateway/portico/gateway/endpoint"
	"github.com/portico-gateway/portico/gateway/provenance"
	"github.com/portico-gateway/portico/gateway/upstream"
)

// named serves its name at every path, for a minute at /cached, with a status if there
// is one.
func named(t *testing.T, name string, status *atomic.Int64) (target endpoint.Config, calls *atomic.Int64) {
	t.Helper()
	calls = &atomic.Int64{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path == "/cached" {
			w.Header().Set("Cache-Control", "max-age=60")
		}
		if status != nil && status.Load() != 0 {
			w.WriteHeader(int(status.Load()))
		}
		fmt.Fprintf(w, "%q", name)
	}))
	t.Cleanup(server.Close)
	return targets(server.URL), calls
}

func openVersions(t *testing.T, c upstream.Config) *upstream.Services {
	t.Helper()
	c.Name = "shop"
	if c.Versions == nil {
		c.Versions = map[string]endpoint.Config{"v2": targets("http://127.0.0.1:2"), "v3": targets("http://127.0.0.1:3")}
	}
	services, err := upstream.Open([]upstream.Config{c})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = services.Close() })
	return services
}

// Rules decide by frontend, header, claim and percentage.
func TestRules(t *testing.T) {
	canary := func(value string) upstream.Routed {
		return upstream.Routed{Caller: upstream.Caller{Headers: http.Header{"X-Canary": {value}}}}
	}
	claims := func(value any) upstream.Routed { return upstream.Routed{Claims: map[string]any{"beta": value}} }
	web, mobile := upstream.Routed{Frontend: "web"}, upstream.Routed{Frontend: "mobile"}
	two := []upstream.Rule{{To: "v3", Frontend: "web"}, {To: "v2"}}
	for name, c := range map[string]struct {
		rules []upstream.Rule
		of    upstream.Routed
		want  string
	}{
		"no rule":                {nil, web, ""},
		"all":                    {[]upstream.Rule{{To: "v2"}}, web, "v2"},
		"the frontend":           {[]upstream.Rule{{To: "v2", Frontend: "web"}}, web, "v2"},
		"another frontend":       {[]upstream.Rule{{To: "v2", Frontend: "web"}}, mobile, ""},
		"the header":             {[]upstream.Rule{{To: "v2", Header: "x-canary"}}, canary("always"), "v2"},
		"without the header":     {[]upstream.Rule{{To: "v2", Header: "x-canary"}}, web, ""},
		"the header, with never": {[]upstream.Rule{{To: "v2", Percent: new(100.0), Header: "x-canary"}}, canary("never"), ""},
		"the claim":              {[]upstream.Rule{{To: "v2", Claim: "beta"}}, claims("yes"), "v2"},
		"the claim, with false":  {[]upstream.Rule{{To: "v2", Claim: "beta"}}, claims(false), ""},
		"the claim, with null":   {[]upstream.Rule{{To: "v2", Claim: "beta"}}, claims(nil), ""},
		"a percentage":           {[]upstream.Rule{{To: "v2", Percent: new(100.0), Header: "x-canary", Claim: "beta"}}, web, "v2"},
		"a percentage of 0":      {[]upstream.Rule{{To: "v2", Percent: new(0.0)}}, web, ""},
		"0 and the header":       {[]upstream.Rule{{To: "v2", Percent: new(0.0), Header: "x-canary", Sticky: "$subject"}}, canary("always"), "v2"},
		"the first rule":         {two, web, "v3"},
		"the second rule":        {two, mobile, "v2"},
	} {
		services := openVersions(t, upstream.Config{URL: "http://127.0.0.1:1", Canary: c.rules})
		if got := services.Route(c.of)["shop"]; got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// Who has something in common gets the same version, also when the percentage grows.
func TestStickyPercentages(t *testing.T) {
	of := func(percent float64) *upstream.Services {
		return openVersions(t, upstream.Config{URL: "http://127.0.0.1:1", Canary: []upstream.Rule{{To: "v2", Percent: new(percent), Sticky: "$subject"}}})
	}
	few, many := of(5), of(20)
	const subjects = 20000
	var counts [2]float64
	for i := range subjects {
		caller := upstream.Caller{Subject: "user-" + strconv.Itoa(i), RequestID: "a"}
		has := few.Route(upstream.Routed{Caller: caller}) != nil
		grown := many.Route(upstream.Routed{Caller: caller}) != nil
		caller.RequestID = "b"
		if again := few.Route(upstream.Routed{Caller: caller}) != nil; again != has || has && !grown {
			t.Fatalf("subject %d: has it %t, in another request %t, of a larger percentage %t", i, has, again, grown)
		}
		for j, is := range []bool{has, grown} {
			if is {
				counts[j]++
			}
		}
	}
	if math.Abs(counts[0]/subjects-.05) > .01 || math.Abs(counts[1]/subjects-.2) > .015 {
		t.Errorf("of %d subjects: %v", subjects, counts)
	}
	anonymous := 0
	for i := range subjects {
		if few.Route(upstream.Routed{Caller: upstream.Caller{RequestID: strconv.Itoa(i)}}) != nil {
			anonymous++
		}
	}
	if math.Abs(float64(anonymous)/subjects-.05) > .01 {
		t.Errorf("of %d requests without a subject: %d", subjects, anonymous)
	}
}

func TestMistakesOfVersions(t *testing.T) {
	for want, c := range map[string]upstream.Config{
		`canary: there is no version v3 of the service`:                       {Canary: []upstream.Rule{{To: "v3"}}},
		`canary: percent must be from 0 to 100, and is 101`:                   {Canary: []upstream.Rule{{To: "v2", Percent: new(101.0)}}},
		`canary: sticky must be $subject or $request.headers.name`:            {Canary: []upstream.Rule{{To: "v2", Percent: new(1.0), Sticky: "$user"}}},
		`canary: sticky is for a percentage, and there is none`:               {Canary: []upstream.Rule{{To: "v2", Sticky: "$subject"}}},
		`fallback: there is no version v3`:                                    {Fallback: "v3"},
		`mirror: there is no version v3`:                                      {Mirror: upstream.Mirror{To: "v3", Percent: 1}},
		`versions.v2: its URL must have the scheme and the path of that of t`: {Versions: map[string]endpoint.Config{"v2": targets("http://a/base")}},
		`SRV records over TLS need tls.serverName`:                            {Endpoints: targets("https+srv://_a._tcp.b"), Versions: map[string]endpoint.Config{"v2": targets("https://c")}},
		`versions.v2: it has no URL`:                                          {Versions: map[string]endpoint.Config{"v2": {}}},
	} {
		if c.Name = "shop"; c.Endpoints.Targets == nil {
			c.URL = "http://127.0.0.1:1"
		}
		if c.Versions == nil {
			c.Versions = map[string]endpoint.Config{"v2": targets("http://127.0.0.1:2")}
		}
		if _, err := upstream.Open([]upstream.Config{c}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// A request gets its version, also of what is cached, and the answer depends on it.
func TestVersions(t *testing.T) {
	v1, calls1 := named(t, "v1", nil)
	v2, calls2 := named(t, "v2", nil)
	store, err := cache.New(cache.Config{Size: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	client, err := openVersions(t, upstream.Config{
		Endpoints: v1, Versions: map[string]endpoint.Config{"v2": v2}, Canary: []upstream.Rule{{To: "v2", Header: "X-Canary"}}, Store: store,
	}).HTTP("shop")
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		for _, version := range []string{"", "v2"} {
			ctx, record := provenance.Begin(t.Context())
			ctx = upstream.WithCaller(ctx, upstream.Caller{Versions: map[string]string{"shop": version}})
			for _, path := range []string{"cached", "new"} {
				got, err := upstream.GetJSON[string](ctx, client, upstream.Request{Path: []string{path}})
				want := version
				if want == "" {
					want = "v1"
				}
				if err != nil || got != want {
					t.Errorf("%s of %s: %s, %v", path, want, got, err)
				}
			}
			used := record.Summary().Headers
			if len(used) != 1 {
				t.Fatalf("the answer depends on %q", used)
			}
			if service, ok := provenance.ServiceOf(used[0]); !ok || service != "shop" {
				t.Errorf("the answer depends on %q", used)
			}
		}
	}
	if calls1.Load() != 4 || calls2.Load() != 4 { // 1 for what is cached, and 3
		t.Errorf("%d and %d calls", calls1.Load(), calls2.Load())
	}
}

// Reading calls of a service that is not available are made at its fallback; what it
// refuses, and what writes, is not.
func TestFallback(t *testing.T) {
	var code atomic.Int64
	v1, _ := named(t, "v1", &code)
	standby, calls := named(t, "standby", nil)
	store, err := cache.New(cache.Config{Size: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	client, err := openVersions(t, upstream.Config{
		Endpoints: v1, Versions: map[string]endpoint.Config{"standby": standby}, Fallback: "standby", Attempts: 1, Store: store,
	}).HTTP("shop")
	if err != nil {
		t.Fatal(err)
	}
	get := func(ctx context.Context) string {
		got, err := upstream.GetJSON[string](ctx, client, upstream.Request{Path: []string{"a"}})
		if err != nil {
			return "error"
		}
		return got
	}
	for status, want := range map[int64]string{0: "v1", 500: "standby", 503: "standby", 404: "error", 401: "error"} {
		code.Store(status)
		if got := get(t.Context()); got != want {
			t.Errorf("%d: %s, want %s", status, got, want)
		}
	}
	for _, status := range []int64{503, 0} { // what the fallback has said is not cached for the service
		code.Store(status)
		want := map[int64]string{503: "standby", 0: "v1"}[status]
		if got, err := upstream.GetJSON[string](t.Context(), client, upstream.Request{Path: []string{"cached"}}); err != nil || got != want {
			t.Errorf("%d: %s, %v, want %s", status, got, err, want)
		}
	}
	before := calls.Load()
	code.Store(503)
	if got := get(provenance.Writing(t.Context())); got != "error" || calls.Load() != before {
		t.Errorf("a mutation: %s, and %d calls of the fallback", got, calls.Load()-before)
	}
}

// There is time for the fallback of a service that does not answer.
func TestFallbackOfSilence(t *testing.T) {
	hung := serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	standby, _ := named(t, "standby", nil)
	client, err := openVersions(t, upstream.Config{
		URL: hung, Versions: map[string]endpoint.Config{"standby": standby}, Fallback: "standby", Timeout: 600 * time.Millisecond,
	}).HTTP("shop")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := upstream.GetJSON[string](t.Context(), client, upstream.Request{Path: []string{"a"}}); err != nil || got != "standby" {
		t.Errorf("got %q, %v", got, err)
	}
}

// A share of the reading calls is copied; what the mirror answers changes nothing.
func TestMirror(t *testing.T) {
	var failing atomic.Int64
	failing.Store(500)
	v1, calls := named(t, "v1", nil)
	shadow, copies := named(t, "shadow", &failing)
	services := openVersions(t, upstream.Config{
		Endpoints: v1, Versions: map[string]endpoint.Config{"shadow": shadow}, Mirror: upstream.Mirror{To: "shadow", Percent: 100}, Concurrency: 1000,
	})
	client, err := services.HTTP("shop")
	if err != nil {
		t.Fatal(err)
	}
	const n = 15 // fewer than open its circuit breaker
	for i := range n {
		got, err := upstream.GetJSON[string](t.Context(), client, upstream.Request{Path: []string{strconv.Itoa(i)}})
		if err != nil || got != "v1" {
			t.Errorf("got %s, %v", got, err)
		}
	}
	if err := client.Done(provenance.Writing(t.Context()), upstream.Request{Method: http.MethodPost, Path: []string{"a"}}); err != nil {
		t.Error(err)
	}
	_ = services.Close() // cancels copies that are under way, and waits for them
	if calls.Load() != n+1 || copies.Load() > n || copies.Load() == 0 {
		t.Errorf("%d calls and %d copies", calls.Load(), copies.Load())
	}
}

func TestVersionsOverGRPC(t *testing.T) {
	serve := func(fail error) (endpoint.Config, *atomic.Int64) {
		l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		var calls atomic.Int64
		server := grpc.NewServer()
		inventorypb.RegisterInventoryServiceServer(server, inventory{answer: func(context.Context) error {
			calls.Add(1)
			return fail
		}})
		go func() { _ = server.Serve(l) }()
		t.Cleanup(server.Stop)
		return targets("grpc://" + l.Addr().String()), &calls
	}
	v1, calls1 := serve(nil)
	v2, calls2 := serve(status.Error(codes.Unavailable, "it is not there"))
	standby, calls3 := serve(nil)
	shadow, calls4 := serve(nil)
	services := openVersions(t, upstream.Config{
		Endpoints: v1, Attempts: 1,
		Versions: map[string]endpoint.Config{"v2": v2, "standby": standby, "shadow": shadow},
		Canary:   []upstream.Rule{{To: "v2", Header: "X-Canary"}}, Fallback: "standby", Mirror: upstream.Mirror{To: "shadow", Percent: 100},
	})
	client, err := services.GRPC("shop")
	if err != nil {
		t.Fatal(err)
	}
	for _, version := range []string{"", "v2"} {
		ctx := upstream.WithCaller(t.Context(), upstream.Caller{Versions: map[string]string{"shop": version}})
		if _, err := inventorypb.NewInventoryServiceClient(upstream.Conn(client)).GetStock(ctx, &inventorypb.GetStockRequest{}); err != nil {
			t.Errorf("version %q: %v", version, err)
		}
	}
	_ = services.Close()
	if got := []int64{calls1.Load(), calls2.Load(), calls3.Load()}; !slices.Equal(got, []int64{1, 1, 1}) || calls4.Load() > 2 {
		t.Errorf("calls of v1, v2 and the standby: %d; %d copies", got, calls4.Load())
	}
}
