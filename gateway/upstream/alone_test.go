package upstream_test

import (
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/portico-gateway/portico/gateway/cache"
	"github.com/portico-gateway/portico/gateway/provenance"
	"github.com/portico-gateway/portico/gateway/redis"
	"github.com/portico-gateway/portico/gateway/upstream"
)

// What is made of a GET answer that was stored while Redis was not available is
// fresh no longer than that: else it would be kept for AloneAge once more.
func TestPartsWhileAlone(t *testing.T) {
	link, err := redis.Open(redis.Config{URL: "redis://127.0.0.1:1"}, nil) // it does not run
	if err != nil {
		t.Fatal(err)
	}
	var passed atomic.Int64
	start := time.Now()
	store, err := cache.New(cache.Config{Size: 1 << 20, Link: link, Now: func() time.Time { return start.Add(time.Duration(passed.Load())) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	o := &origin{body: "a"}
	o.set(http.StatusOK, "Cache-Control", "max-age=60")
	client := open(t, upstream.Config{URL: serve(t, o.ServeHTTP), Store: store})
	for _, age := range []time.Duration{0, cache.AloneAge - time.Second} {
		passed.Store(int64(age))
		ctx, record := provenance.Begin(t.Context())
		if got := read(t, ctx, client); got != "a" {
			t.Fatal(got)
		}
		if at := record.Summary().Expires; at.After(start.Add(cache.AloneAge)) {
			t.Errorf("at %v: an answer that is made of it is fresh until %v", age, at.Sub(start))
		}
	}
	if calls := o.asked(); calls != "get" {
		t.Errorf("the service was asked %s", calls)
	}
}
