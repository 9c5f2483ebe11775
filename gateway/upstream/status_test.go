package upstream

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc/health/grpc_health_v1"
)

// What is under way, and which connections there are, can be read at any time.
func TestStatus(t *testing.T) {
	began, answer := make(chan struct{}), make(chan struct{})
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		began <- struct{}{}
		<-answer
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte("1"))
	}))
	defer web.Close()
	rpc, _ := serveStreams(t)
	services, err := Open([]Config{
		{Name: "rpc", URL: "grpc://" + rpc}, {Name: "web", URL: web.URL, Concurrency: 6, Timeout: time.Minute},
	})
	if err != nil {
		t.Fatal(err)
	}
	closed := sync.OnceValue(services.Close)
	defer func() { _ = closed() }()
	type state struct{ running, limit, rpc, web int }
	check := func(what string, want state) {
		t.Helper()
		for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) { // what ends is counted a moment later
			have := state{}
			for _, c := range services.Calls() {
				if c.Service == "web" {
					have.running, have.limit = c.Running, c.Limit
				}
			}
			for _, e := range services.Endpoints() {
				if e.Service == "rpc" {
					have.rpc = e.Connections
				} else {
					have.web = e.Connections
				}
			}
			if have == want {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("%s: %+v, want %+v", what, have, want)
			}
		}
	}
	check("nothing is connected", state{limit: 6})
	client, err := services.HTTP("web")
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for range 3 {
		group.Go(func() {
			if _, err := client.GetJSON(t.Context(), Request{Binding: "test", Method: http.MethodPost}); err != nil {
				t.Error(err)
			}
		})
		<-began
	}
	stock, err := services.GRPC("rpc")
	if err != nil {
		t.Fatal(err)
	}
	if err := stock.Call(t.Context(), grpc_health_v1.Health_Check_FullMethodName, &grpc_health_v1.HealthCheckRequest{}, &grpc_health_v1.HealthCheckResponse{}, nil); err != nil {
		t.Fatal(err)
	}
	check("three calls have a connection each", state{3, 6, 1, 3})
	close(answer)
	group.Wait()
	check("connections stay", state{0, 6, 1, 3})
	if err := closed(); err != nil {
		t.Fatal(err)
	}
	check("connections are closed", state{limit: 6})
}

// began counts calls.
type began struct{ atomic.Int64 }

func (b *began) BeginCall(ctx context.Context, _ *Call) context.Context {
	b.Add(1)
	return ctx
}

func (b *began) EndCall(context.Context, *Call) {}

// The checks of services are no calls to observe.
func TestChecksAreNotObserved(t *testing.T) {
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte("1"))
	}))
	defer web.Close()
	rpc, _ := serveStreams(t)
	var calls began
	services, err := Open([]Config{{Name: "rpc", URL: "grpc://" + rpc, Observer: &calls}, {Name: "web", URL: web.URL, Observer: &calls}})
	if err != nil {
		t.Fatal(err)
	}
	defer services.Close()
	if err := services.Check(t.Context(), "web"); err != nil {
		t.Error(err)
	}
	if err := services.Check(t.Context(), "rpc"); err == nil { // which says nothing of itself
		t.Error("it is well")
	}
	if n := calls.Load(); n != 0 {
		t.Errorf("%d calls", n)
	}
	client, err := services.HTTP("web")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.GetJSON(t.Context(), Request{}); err != nil || calls.Load() != 1 {
		t.Errorf("%d calls, %v", calls.Load(), err)
	}
}
