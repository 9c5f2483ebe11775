package upstream_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"

	"github.com/portico-gateway/portico/clients/inventory/inventorypb"
	"github.com/portico-gateway/portico/e2e/dnstest"
	"github.com/portico-gateway/portico/e2e/faultproxy"
	"github.com/portico-gateway/portico/gateway/cache"
	"github.com/portico-gateway/portico/gateway/endpoint"
	"github.com/portico-gateway/portico/gateway/provenance"
	"github.com/portico-gateway/portico/gateway/upstream"
)

// hosts answers with the host that was requested, and counts requests.
func hosts(t *testing.T) (addr string, calls *atomic.Int64) {
	t.Helper()
	calls = &atomic.Int64{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path == "/cached" {
			w.Header().Set("Cache-Control", "max-age=60")
		}
		fmt.Fprintf(w, "%q", r.Host)
	}))
	t.Cleanup(server.Close)
	return server.Listener.Addr().String(), calls
}

func targets(urls ...string) endpoint.Config {
	var c endpoint.Config
	for _, u := range urls {
		c.Targets = append(c.Targets, endpoint.Target{URL: u})
	}
	return c
}

// Each endpoint is requested by its own host, and all have what is cached in common.
func TestSeveralURLs(t *testing.T) {
	a, callsA := hosts(t)
	b, callsB := hosts(t)
	store, err := cache.New(cache.Config{Size: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	client := open(t, upstream.Config{Endpoints: targets("http://"+a, "http://"+b), Store: store})
	seen := map[string]int{}
	for i := range 40 {
		got, err := upstream.GetJSON[string](t.Context(), client, upstream.Request{Path: []string{fmt.Sprint(i)}})
		if err != nil {
			t.Fatal(err)
		}
		seen[got]++
	}
	if len(seen) != 2 || seen[a] != int(callsA.Load()) || seen[b] != int(callsB.Load()) {
		t.Errorf("requested as %v", seen)
	}
	before := callsA.Load() + callsB.Load()
	for range 10 {
		if _, err := upstream.GetJSON[string](t.Context(), client, upstream.Request{Path: []string{"cached"}}); err != nil {
			t.Fatal(err)
		}
	}
	if n := callsA.Load() + callsB.Load() - before; n != 1 {
		t.Errorf("%d calls for what is cached", n)
	}
}

// A request that must not be repeated is sent once, to an endpoint that is there.
func TestDeadEndpointAndMutations(t *testing.T) {
	a, calls := hosts(t)
	dead := faultproxy.Start(t, a)
	dead.Set(faultproxy.Dead)
	client := open(t, upstream.Config{Endpoints: targets("http://"+dead.Addr, "http://"+a)})
	const mutations = 50
	for range mutations {
		if err := client.Done(provenance.Writing(t.Context()), upstream.Request{Method: http.MethodPost, Body: map[string]int{"a": 1}}); err != nil {
			t.Fatal(err)
		}
	}
	if calls.Load() != mutations {
		t.Errorf("%d mutations were sent %d times", mutations, calls.Load())
	}
}

// The endpoints of a name are found by DNS, and by SRV records with their ports.
func TestDiscovery(t *testing.T) {
	a, callsA := hosts(t)
	u, err := url.Parse("http://" + a)
	if err != nil {
		t.Fatal(err)
	}
	var port int
	if _, err := fmt.Sscan(u.Port(), &port); err != nil {
		t.Fatal(err)
	}
	dns := dnstest.Start(t)
	dns.Set("shop.test", dnstest.Address(time.Minute, "127.0.0.1"))
	dns.Set("_http._tcp.shop.test", dnstest.SRV(time.Minute, dnstest.Target{Port: uint16(port), Host: "shop.test"}))
	for _, text := range []string{"http://shop.test:" + u.Port(), "http+srv://_http._tcp.shop.test"} {
		c := targets(text)
		c.Resolver = dns.Addr
		got, err := upstream.GetJSON[string](t.Context(), open(t, upstream.Config{Endpoints: c}), upstream.Request{})
		if want := "shop.test:" + u.Port(); err != nil || got != want {
			t.Errorf("%s: requested as %s, want %s: %v", text, got, want, err)
		}
	}
	if callsA.Load() != 2 {
		t.Errorf("%d calls", callsA.Load())
	}
}

// Services listen on Unix domain sockets, over HTTP and gRPC.
func TestUnixSockets(t *testing.T) {
	path := filepath.Join(t.TempDir(), "http.sock")
	l, err := new(net.ListenConfig).Listen(t.Context(), "unix", path)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, "%q", r.Host+r.URL.Path)
	})}
	go func() { _ = server.Serve(l) }()
	defer server.Close()
	got, err := upstream.GetJSON[string](t.Context(), open(t, upstream.Config{URL: "http+unix://" + path}), upstream.Request{Path: []string{"a"}})
	if err != nil || got != "localhost/a" {
		t.Errorf("over HTTP: %s, %v", got, err)
	}

	path = filepath.Join(t.TempDir(), "grpc.sock")
	if l, err = new(net.ListenConfig).Listen(t.Context(), "unix", path); err != nil {
		t.Fatal(err)
	}
	rpc := grpc.NewServer()
	inventorypb.RegisterInventoryServiceServer(rpc, inventorypb.UnimplementedInventoryServiceServer{})
	go func() { _ = rpc.Serve(l) }()
	defer rpc.Stop()
	services, err := upstream.Open([]upstream.Config{{Name: "rpc", URL: "grpc+unix://" + path}})
	if err != nil {
		t.Fatal(err)
	}
	defer services.Close()
	if err := services.Check(t.Context(), "rpc"); err != nil {
		t.Errorf("over gRPC: %v", err)
	}
}

// An endpoint whose health check fails gets no calls until it succeeds.
func TestHealthChecks(t *testing.T) {
	var sick atomic.Bool
	checked := make(chan struct{}, 1000)
	var calls [2]atomic.Int64
	serve := func(i int) string {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/base/up" {
				if i == 1 && sick.Load() {
					w.WriteHeader(http.StatusServiceUnavailable)
				}
				if i == 1 {
					checked <- struct{}{}
				}
				return
			}
			calls[i].Add(1)
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte("1"))
		}))
		t.Cleanup(server.Close)
		return server.URL + "/base"
	}
	events := make(chan endpoint.EventKind, 100)
	c := targets(serve(0), serve(1))
	c.Health.Interval, c.Health.Timeout = time.Millisecond, 10*time.Second
	c.Notify = func(e endpoint.Event) { events <- e.Kind }
	services, err := upstream.Open([]upstream.Config{{Name: "shop", Endpoints: c, HealthPath: "/up"}})
	if err != nil {
		t.Fatal(err)
	}
	client, err := services.HTTP("shop")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { services.Run(ctx) })
	defer services.Close()
	defer running.Wait()
	defer stop()

	count := func() int64 {
		before := calls[1].Load()
		for i := range 40 {
			if _, err := upstream.GetJSON[int](t.Context(), client, upstream.Request{Path: []string{fmt.Sprint(i)}}); err != nil {
				t.Fatal(err)
			}
		}
		return calls[1].Load() - before
	}
	<-checked
	if count() == 0 {
		t.Error("a healthy endpoint got no calls")
	}
	sick.Store(true)
	for kind := range events {
		if kind == endpoint.Unhealthy {
			break
		}
	}
	if n := count(); n != 0 {
		t.Errorf("an endpoint that is not healthy got %d calls", n)
	}
	sick.Store(false)
	for kind := range events {
		if kind == endpoint.Healthy {
			break
		}
	}
}
