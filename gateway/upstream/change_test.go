package upstream_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"

	"github.com/portico-gateway/portico/gateway/upstream"
)

// change makes a change, which must be possible.
func change(t *testing.T, services *upstream.Services, configs []upstream.Config, removed ...string) {
	t.Helper()
	c, err := services.Change(configs, removed)
	if err != nil {
		t.Fatal(err)
	}
	c.Apply()
}

// serveConnections runs a service until the test ends, and counts its connections.
func serveConnections(t *testing.T, connections *atomic.Int64, handler http.HandlerFunc) (url string) {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			connections.Add(1)
		case http.StateClosed:
			connections.Add(-1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	return server.URL
}

// serveHealth runs a gRPC service that says of the name that it serves.
func serveHealth(t *testing.T, name string) (url string) {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	state := health.NewServer()
	state.SetServingStatus(name, grpc_health_v1.HealthCheckResponse_SERVING)
	grpc_health_v1.RegisterHealthServer(server, state)
	go func() { _ = server.Serve(l) }()
	t.Cleanup(server.Stop)
	return "grpc://" + l.Addr().String()
}

// Services are changed many times under load, between two places: no call fails, and each place
// gets calls.
func TestChangesUnderLoad(t *testing.T) {
	var served [2]atomic.Int64
	urls := map[string][2]string{}
	for i := range served {
		url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			served[i].Add(1)
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(`{}`))
		})
		of := urls["http"]
		of[i] = url
		urls["http"] = of
		of = urls["grpc"]
		of[i] = serveHealth(t, "")
		urls["grpc"] = of
	}
	configs := func(i int) []upstream.Config {
		return []upstream.Config{
			{Name: "http", URL: urls["http"][i%2], Timeout: time.Minute},
			{Name: "grpc", URL: urls["grpc"][i%2], Timeout: time.Minute},
		}
	}
	services, err := upstream.Open(configs(0))
	if err != nil {
		t.Fatal(err)
	}
	defer services.Close()
	ran := make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		defer close(ran)
		services.Run(ctx)
	}()
	defer func() {
		cancel()
		<-ran
	}()
	overHTTP, err := services.HTTP("http")
	if err != nil {
		t.Fatal(err)
	}
	overGRPC, err := services.GRPC("grpc")
	if err != nil {
		t.Fatal(err)
	}
	var done atomic.Bool
	var calls atomic.Int64
	var group sync.WaitGroup
	for n := range 8 {
		group.Go(func() {
			for !done.Load() {
				var err error
				if n%2 == 0 {
					// A call that is sent once at most: it must be given to a place that is there.
					err = overHTTP.Done(t.Context(), upstream.Request{Path: []string{"x"}, Method: http.MethodPost})
				} else {
					_, err = grpc_health_v1.NewHealthClient(upstream.Conn(overGRPC)).Check(t.Context(), &grpc_health_v1.HealthCheckRequest{})
				}
				if err != nil {
					t.Error(err)
					return
				}
				calls.Add(1)
			}
		})
	}
	for i := range 100 {
		for before := calls.Load(); calls.Load() < before+20 && !t.Failed(); {
			time.Sleep(time.Microsecond) // the calls of others
		}
		change(t, services, configs(i+1))
	}
	done.Store(true)
	group.Wait()
	for i := range served {
		if served[i].Load() == 0 {
			t.Errorf("service %d got no calls", i)
		}
	}
}

// A call, and a stream, that are under way when the service is changed end as they began; the next
// ones are made at the new place. The old place has no connection any more when they have ended.
func TestChangeLeavesWhatIsUnderWay(t *testing.T) {
	begun, end := make(chan struct{}), make(chan struct{})
	var connections atomic.Int64
	old := serveConnections(t, &connections, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/events") {
			w.Header().Set("Content-Type", "text/event-stream")
			_, _ = fmt.Fprint(w, "data: 1\n\n")
			_ = http.NewResponseController(w).Flush()
		}
		begun <- struct{}{}
		<-end
		if strings.HasPrefix(r.URL.Path, "/events") {
			_, _ = fmt.Fprint(w, "data: 2\n\n")
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`"old"`))
	})
	current := serve(t, answers(http.StatusOK, "application/json", `"new"`))
	services, err := upstream.Open([]upstream.Config{{Name: "s", URL: old, Timeout: time.Minute}})
	if err != nil {
		t.Fatal(err)
	}
	defer services.Close()
	client, err := services.HTTP("s")
	if err != nil {
		t.Fatal(err)
	}
	answered := make(chan string, 1)
	go func() {
		text, err := upstream.GetJSON[string](t.Context(), client, upstream.Request{Path: []string{"x"}})
		answered <- fmt.Sprint(text, err)
	}()
	<-begun
	events := make(chan string, 10)
	readers, err := client.StreamJSON(t.Context(), upstream.Request{Path: []string{"events"}, Sharing: upstream.ShareEvents})
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(events)
		for reader, err := range readers {
			if err != nil {
				t.Error(err)
				return
			}
			n, err := reader.Int()
			events <- fmt.Sprint(n, err)
		}
	}()
	<-begun
	if got := <-events; got != "1 <nil>" {
		t.Fatalf("the first event is %s", got)
	}

	change(t, services, []upstream.Config{{Name: "s", URL: current, Timeout: time.Minute}})
	if text, err := upstream.GetJSON[string](t.Context(), client, upstream.Request{Path: []string{"x"}}); text != "new" || err != nil {
		t.Errorf("after the change: %q, %v", text, err)
	}
	close(end)
	if got := <-answered; got != "old<nil>" {
		t.Errorf("the call that was under way: %s", got)
	}
	if got := <-events; got != "2 <nil>" {
		t.Errorf("the next event is %s", got)
	}
	for range events {
		t.Error("an event too many")
	}
	for connections.Load() > 0 {
		time.Sleep(time.Millisecond) // until the test's time is over
	}
}

// What can't be changed while the gateway runs is a mistake, and nothing changes.
func TestChangesThatAreMistakes(t *testing.T) {
	url := serve(t, answers(http.StatusOK, "application/json", `"old"`))
	services, err := upstream.Open([]upstream.Config{{Name: "s", URL: url, Values: map[string]string{"token": "x"}}, {Name: "unused", URL: url}})
	if err != nil {
		t.Fatal(err)
	}
	defer services.Close()
	client, err := services.HTTP("s")
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Need("token"); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		configs []upstream.Config
		removed []string
		want    string
	}{
		"another protocol": {[]upstream.Config{{Name: "s", URL: "grpc://127.0.0.1:1"}}, nil, "can't change between HTTP and gRPC"},
		"a value less":     {[]upstream.Config{{Name: "s", URL: url}}, nil, "services.s.config.token"},
		"no URL":           {[]upstream.Config{{Name: "s", URL: "nonsense"}}, nil, "services.s: it begins"},
		"removed":          {nil, []string{"s"}, "can't be removed"},
		"one of several":   {[]upstream.Config{{Name: "new", URL: url}, {Name: "s", URL: url}}, nil, "services.s.config.token"},
	} {
		if _, err := services.Change(c.configs, c.removed); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if text, err := upstream.GetJSON[string](t.Context(), client, upstream.Request{Path: []string{"x"}}); text != "old" || err != nil {
		t.Errorf("%q, %v", text, err)
	}
	if _, err := services.HTTP("new"); err == nil {
		t.Error("a change with mistakes has made a service")
	}
	change(t, services, []upstream.Config{{Name: "new", URL: url}}, "unused")
	if _, err := services.HTTP("new"); err != nil {
		t.Error(err)
	}
	if _, err := services.HTTP("unused"); err == nil {
		t.Error("a service that is removed is there")
	}
}
