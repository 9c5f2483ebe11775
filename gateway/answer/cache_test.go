package answer

import (
	"context"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"github.com/portico-gateway/portico/gateway/cache"
)

// An answer that is for one caller is given, with its cost, also if the caller's
// time is over when it is made: it has what was executed in time.
func TestAloneAndLate(t *testing.T) {
	c := NewCache(cache.Nothing(), time.Minute)
	defer c.Close()
	ctx, cancel := context.WithCancel(t.Context())
	a, err := c.Get(ctx, &Query{Variation: NewVariation(false), Alone: true, Make: func(context.Context) Made {
		cancel()
		return Made{Response: &graphql.Response{Data: []byte(`{"a":1}`)}, Cost: func() float64 { return 7 }}
	}})
	if err != nil || string(a.Append(nil)) != `{"data":{"a":1}}` || a.Cost() != 7 {
		t.Errorf("%+v, %v", a, err)
	}
}
