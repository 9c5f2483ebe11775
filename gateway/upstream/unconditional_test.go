package upstream_test

import (
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/portico-gateway/portico/gateway/cache"
	"github.com/portico-gateway/portico/gateway/upstream"
)

// A 304 to a request without a condition does not make an old answer fresh.
func TestNotModifiedWithoutCondition(t *testing.T) {
	var passed atomic.Int64
	start := time.Now()
	store, err := cache.New(cache.Config{Size: 1 << 20, Now: func() time.Time { return start.Add(time.Duration(passed.Load())) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	o := &origin{body: "a"}
	client := open(t, upstream.Config{URL: serve(t, o.ServeHTTP), Store: store})
	o.set(http.StatusOK, "Cache-Control", "max-age=30, stale-if-error=60")
	if got := read(t, t.Context(), client); got != "a" {
		t.Fatal(got)
	}
	passed.Store(int64(40 * time.Second))
	o.set(http.StatusNotModified, "Cache-Control", "max-age=30")
	for range 2 {
		if got := read(t, t.Context(), client); got == "a" {
			t.Error("it is fresh again")
		}
	}
	if calls := o.asked(); calls != "get,get,get" {
		t.Errorf("the service was asked %s", calls)
	}
}
