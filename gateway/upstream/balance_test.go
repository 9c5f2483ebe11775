package upstream

import (
	"context"
	"io"
	"testing"
	"time"

	"github.com/portico-gateway/portico/gateway/endpoint"
)

type noPeer struct{}

func (noPeer) Close() error { return nil }

// An endpoint of a service whose calls take long is given the time that they take when it
// is probed, or it would stay ejected.
func TestPatienceOfProbes(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	set, err := endpoint.NewSet(endpoint.Config{
		Targets: []endpoint.Target{{URL: "http+unix:///a"}, {URL: "http+unix:///b"}},
		Open:    func(*endpoint.Endpoint) io.Closer { return noPeer{} },
		Now:     func() time.Time { return now },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(set.Close)
	b := &balancer{service: "s", timeout: time.Minute, set: set}
	if got := b.patience(t.Context()); got != time.Second {
		t.Errorf("%v if nothing is known", got)
	}
	for range 20 {
		u, err := set.Use(t.Context(), endpoint.Call, nil, false)
		if err != nil {
			t.Fatal(err)
		}
		now = now.Add(2 * time.Second)
		u.End(endpoint.Answered)
	}
	if got := b.patience(t.Context()); got < 2*time.Second || got > 6*time.Second { // what was long ago counts less
		t.Errorf("%v for calls that take 2 s", got)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	if got := b.patience(ctx); got > time.Second {
		t.Errorf("%v of 2 s", got)
	}
}
