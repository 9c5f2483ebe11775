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

// A route that hangs, with 500 callers, leaves another route of the service at
// least 90 % of its throughput. Blocks of calls with and without callers that hang
// alternate, so that a busy machine slows both.
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
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if strings.HasPrefix(r.URL.Path, "/hanging") {
			arrived <- struct{}{}
			<-r.Context().Done()
			return
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

	block := func(client *upstream.HTTP) time.Duration {
		began := time.Now()
		var calls sync.WaitGroup
		for range callers {
			calls.Go(func() {
				for range each {
					if err := client.Done(t.Context(), upstream.Request{Path: []string{"quick"}, Binding: "quick", Method: http.MethodPost}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		calls.Wait()
		return time.Since(began)
	}
	block(alone) // connections are opened
	block(beside)
	var without, with []time.Duration
	for range rounds {
		without, with = append(without, block(alone)), append(with, block(beside))
	}
	slices.Sort(without)
	slices.Sort(with)
	if ratio := without[rounds/2].Seconds() / with[rounds/2].Seconds(); ratio < 0.9 {
		t.Errorf("throughput beside a route that hangs is %.0f %% of that without: blocks take %v and %v", 100*ratio, with, without)
	}
	if n := len(arrived); n > 0 {
		t.Errorf("%d calls more than %d of the route that hangs are under way", n, share)
	}
}
