package upstream_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/portico-gateway/portico/gateway/endpoint"
	"github.com/portico-gateway/portico/gateway/upstream"
)

// Copies of calls begin while the service is changed.
func TestChangesWithMirror(t *testing.T) {
	url := serve(t, answers(http.StatusOK, "application/json", `{}`))
	config := func(i int) []upstream.Config {
		return []upstream.Config{{
			Name: "s", URL: url, Timeout: time.Minute, Attempts: 1 + i%2,
			Versions: map[string]endpoint.Config{"shadow": {Targets: []endpoint.Target{{URL: url}}}}, Mirror: upstream.Mirror{To: "shadow", Percent: 100},
		}}
	}
	services, err := upstream.Open(config(0))
	if err != nil {
		t.Fatal(err)
	}
	defer services.Close()
	client, err := services.HTTP("s")
	if err != nil {
		t.Fatal(err)
	}
	var done atomic.Bool
	var calls atomic.Int64
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for !done.Load() {
				if _, err := upstream.GetJSON[map[string]int](t.Context(), client, upstream.Request{Path: []string{"x"}, Method: http.MethodPost, Idempotent: true}); err != nil {
					t.Error(err)
					return
				}
				calls.Add(1)
			}
		})
	}
	for i := range 200 {
		for before := calls.Load(); calls.Load() < before+8 && !t.Failed(); {
			time.Sleep(time.Microsecond) // the calls of others
		}
		change(t, services, config(i+1))
	}
	done.Store(true)
	group.Wait()
}

// Subscribers of a service that was changed do not join streams from before, which stay.
func TestChangeOfSharedStreams(t *testing.T) {
	before, old := serveBroadcasts(t)
	after, current := serveBroadcasts(t)
	config := func(url string) []upstream.Config {
		return []upstream.Config{{Name: "s", Timeout: 5 * time.Second, Endpoints: endpoint.Config{Targets: []endpoint.Target{
			{URL: "http://127.0.0.1:1"}, {URL: url}, // the first, which names what is called, is down
		}}}}
	}
	services, err := upstream.Open(config(old))
	if err != nil {
		t.Fatal(err)
	}
	defer services.Close()
	client, err := services.HTTP("s")
	if err != nil {
		t.Fatal(err)
	}
	first := listen(t, t.Context(), client, events)
	stream := <-before.streams
	change(t, services, config(current))
	second := listen(t, t.Context(), client, events)
	next := <-after.streams
	stream.event("old")
	first.wants("old")
	next.event("new")
	second.wants("new")
}

// changing is a body during whose encoding something changes.
type changing func()

func (c changing) MarshalJSON() ([]byte, error) {
	c()
	return []byte("1"), nil
}

// A call that is not given to an endpoint yet is made at the new place as its URL says, also if that
// has another path.
func TestChangeOfThePathOfACall(t *testing.T) {
	paths := make(chan string, 10)
	handler := func(w http.ResponseWriter, r *http.Request) {
		paths <- r.Host + r.RequestURI
		w.WriteHeader(http.StatusNoContent)
	}
	old, current := serve(t, handler), serve(t, handler)
	for from, to := range map[string]string{"": "/v2", "/v1": "/v2", "/v2/a%2Fb": "/v2", "/v2": ""} {
		services, err := upstream.Open([]upstream.Config{{Name: "s", URL: old + from, Timeout: time.Minute}})
		if err != nil {
			t.Fatal(err)
		}
		client, err := services.HTTP("s")
		if err != nil {
			t.Fatal(err)
		}
		body := changing(func() { change(t, services, []upstream.Config{{Name: "s", URL: current + to, Timeout: time.Minute}}) })
		r := upstream.Request{Method: http.MethodPost, Path: []string{"a/b"}, Query: url.Values{"q": {"1"}}, Body: body}
		if err := client.Done(t.Context(), r); err != nil {
			t.Error(err)
		}
		if got, want := <-paths, strings.TrimPrefix(current, "http://")+to+"/a%2Fb?q=1"; got != want {
			t.Errorf("from %s to %s: it was sent to %s, want %s", from, to, got, want)
		}
		if err := services.Close(); err != nil {
			t.Error(err)
		}
	}
}

// Checks of health that are under way while the service is changed leave no connections.
func TestChangesWithHealthChecks(t *testing.T) {
	var connections, checks atomic.Int64
	url := serveConnections(t, &connections, func(w http.ResponseWriter, _ *http.Request) {
		checks.Add(1)
		w.WriteHeader(http.StatusNoContent)
	})
	config := func(i int) []upstream.Config {
		return []upstream.Config{{Name: "s", URL: url, Timeout: time.Minute, Attempts: 1 + i%2, IdleTimeout: time.Hour, Endpoints: endpoint.Config{
			Health: endpoint.Health{Interval: time.Microsecond, Timeout: time.Minute},
		}}}
	}
	services, err := upstream.Open(config(0))
	if err != nil {
		t.Fatal(err)
	}
	defer services.Close()
	ctx, cancel := context.WithCancel(t.Context())
	ran := make(chan struct{})
	go func() {
		defer close(ran)
		services.Run(ctx)
	}()
	defer func() {
		cancel()
		<-ran
	}()
	if err := services.Check(t.Context(), "s"); err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		for before := checks.Load(); checks.Load() < before+2; {
			time.Sleep(time.Microsecond) // the checks of others
		}
		change(t, services, config(i+1))
	}
	change(t, services, nil, "s")
	for deadline := time.Now().Add(10 * time.Second); connections.Load() > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d connections are left", connections.Load())
		}
	}
}
