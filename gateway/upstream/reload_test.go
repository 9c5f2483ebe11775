package upstream_test

import (
	"net/http"
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
