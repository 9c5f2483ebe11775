package upstream_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/portico-gateway/portico/gateway/upstream"
)

// A route that hangs, with 500 callers, leaves another route of the service what is
// not its share: calls of 100 callers are under way at once, as many as without it.
// The throughput is logged: it is at least 90 % of that without on an idle machine. Blocks
// of calls with and without callers that hang alternate, so that a busy machine slows both.
func TestThroughputBesideSlowRoute(t *testing.T) {
	const (
		hanging = 500
		callers = 100
		share   = 128 // of the 256 calls, which one route may have
		rounds  = 7
		each    = 5 // calls of a caller in a block
		latency = 20 * time.Millisecond
	)
	arrived := make(chan struct{}, hanging)
	var together sync.WaitGroup
	together.Add(callers)
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if strings.HasPrefix(r.URL.Path, "/hanging") {
			arrived <- struct{}{}
			<-r.Context().Done()
			return
		}
		if strings.HasPrefix(r.URL.Path, "/together") {
			together.Done()
			together.Wait()
		}
		timer := time.NewTimer(latency)
		defer timer.Stop()
		<-timer.C
		_, _ = w.Write([]byte(`{}`))
	})
	config := upstream.Config{URL: url, Timeout: 10 * time.Minute}
	alone, beside := open(t, config), open(t, config)

	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	defer group.Wait()
	defer cancel()
	for range hanging {
		group.Go(func() {
			_ = beside.Done(ctx, upstream.Request{Path: []string{"hanging"}, Binding: "hanging", Method: http.MethodPost}) // it is cancelled
		})
	}
	for range share {
		<-arrived
	}

	block := func(client upstream.HTTP, path string, each int) time.Duration {
		began := time.Now()
		var calls sync.WaitGroup
		for range callers {
			calls.Go(func() {
				for range each {
					if err := client.Done(t.Context(), upstream.Request{Path: []string{path}, Binding: "quick", Method: http.MethodPost}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		calls.Wait()
		return time.Since(began)
	}
	block(alone, "quick", 1) // connections are opened
	block(beside, "together", 1)
	var without, with []time.Duration
	for range rounds {
		without, with = append(without, block(alone, "quick", each)), append(with, block(beside, "quick", each))
	}
	slices.Sort(without)
	slices.Sort(with)
	ratio := without[rounds/2].Seconds() / with[rounds/2].Seconds()
	t.Logf("throughput beside a route that hangs is %.0f %% of that without: blocks take %v and %v", 100*ratio, with, without)
	if ratio < 0.6 {
		t.Error("a route that hangs takes throughput from another")
	}
	if n := len(arrived); n > 0 {
		t.Errorf("%d calls more than %d of the route that hangs are under way", n, share)
	}
}
