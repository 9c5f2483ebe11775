package answer

import (
	"context"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"github.com/portico-gateway/portico/gateway/cache"
	"github.com/portico-gateway/portico/gateway/cachecontrol"
	"github.com/portico-gateway/portico/gateway/provenance"
)

// An answer that is for one caller is given, with its cost, also if the caller's
// time is over when it is made: it has what was executed in time.
func TestAloneAndLate(t *testing.T) {
	c := NewCache(cache.Nothing(), time.Minute)
	defer c.Close()
	ctx, cancel := context.WithCancel(t.Context())
	a, err := c.Get(ctx, &Query{Variation: NewVariation(false), Alone: true, Make: func(context.Context) Made {
		cancel()
		return Made{Response: &graphql.Response{Data: []byte(`{"a":1}`)}, Cost: 7}
	}})
	if err != nil || string(a.Append(nil)) != `{"data":{"a":1}}` || a.Cost() != 7 {
		t.Errorf("%+v, %v", a, err)
	}
}

// An answer with a fallback value is not cached, and a stale one is better. When the
// service is available again, its answer is cached.
func TestFallbackIsNotCached(t *testing.T) {
	now := time.Now()
	store, err := cache.New(cache.Config{Size: 1 << 20, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	c := NewCache(store, time.Minute)
	defer c.Close()
	made, down := 0, true
	variation := NewVariation(false)
	get := func(want string, cached, stale bool) {
		t.Helper()
		a, err := c.Get(t.Context(), &Query{Variation: variation, Make: func(ctx context.Context) Made {
			data := `{"a":"whole"}`
			if made++; down {
				provenance.From(ctx).FellBack()
				data = `{"a":"fallback"}`
			}
			return Made{
				Response: &graphql.Response{Data: []byte(data)}, Cost: 1,
				Policy: cachecontrol.Policy{MaxAge: time.Minute, StaleIfError: time.Hour},
			}
		}})
		if err != nil || a.IsCached() != cached || a.IsStale() != stale || string(a.Append(nil)) != `{"data":{"a":"`+want+`"}}` {
			t.Errorf("want %s, cached: %t, stale: %t; got %s (%t, %t), %v", want, cached, stale, a.Append(nil), a.IsCached(), a.IsStale(), err)
		}
	}
	get("fallback", false, false)
	get("fallback", false, false)
	down = false
	get("whole", true, false)
	now, down = now.Add(2*time.Minute), true
	get("whole", false, true)
	now = now.Add(2 * time.Hour)
	get("fallback", false, false)
	if made != 5 {
		t.Errorf("made %d times", made)
	}
}
