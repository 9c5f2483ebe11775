package provenance_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/portico-gateway/portico/gateway/provenance"
)

// described returns the calls of a record in short.
func described(r *provenance.Record) (list []string, more int) {
	more = r.EachCall(func(c *provenance.Call) {
		list = append(list, fmt.Sprintf("%s%s %s %d keys %d attempts %s%s %v", c.Service, c.Version, c.Route, c.Keys, c.Attempts, c.Cache, c.Outcome, c.Ended))
	})
	return list, more
}

// The outermost record has all calls, also those that parts of the answer were made with.
func TestCallsOfARecord(t *testing.T) {
	ctx, outer := provenance.Begin(t.Context())
	_, inner := provenance.Begin(ctx)
	now := time.Now()
	first := provenance.Call{Service: "catalog", Route: "a:1:1", Keys: 3, Began: now}
	place := outer.Begins(&first)
	second := provenance.Call{Service: "reviews", Route: "/Get", Began: now.Add(time.Millisecond)}
	inner.Begins(&second)
	inner.Found(&provenance.Call{Service: "catalog", Route: "b:1:1", Keys: 2, Cache: provenance.Hit, Began: now})
	first.Version, first.Attempts, first.Outcome = "-next", 2, "CODE"
	outer.Ends(place, &first)
	got, more := described(outer)
	want := []string{"catalog-next a:1:1 3 keys 2 attempts CODE true", "reviews /Get 0 keys 0 attempts  false", "catalog b:1:1 2 keys 0 attempts hit true"}
	if fmt.Sprint(got) != fmt.Sprint(want) || more != 0 {
		t.Errorf("%q and %d more, want %q", got, more, want)
	}
	if same, _ := described(inner); fmt.Sprint(same) != fmt.Sprint(want) {
		t.Errorf("the inner record has %q", same)
	}
	outer.EachCall(func(c *provenance.Call) {
		if c.Route == "/Get" && !c.Began.Equal(second.Began) {
			t.Errorf("it began at %v, want %v", c.Began, second.Began)
		}
	})
	if n, waited := outer.Work(); n != 2 || waited <= 0 {
		t.Errorf("%d calls, %v", n, waited)
	}
	if n, _ := inner.Work(); n != 1 {
		t.Errorf("%d calls of the inner record", n)
	}
}

func TestCallsAreBounded(t *testing.T) {
	_, r := provenance.Begin(t.Context())
	for range provenance.MaxCalls + 7 {
		call := provenance.Call{Began: time.Now()}
		r.Ends(r.Begins(&call), &call)
	}
	got, more := described(r)
	n, _ := r.Work()
	if len(got) != provenance.MaxCalls || more != 7 || n != provenance.MaxCalls+7 {
		t.Errorf("%d calls and %d more, %d in all", len(got), more, n)
	}
}

func TestCallsWithoutARecord(t *testing.T) {
	var r *provenance.Record
	call := provenance.Call{Began: time.Now()}
	r.Ends(r.Begins(&call), &call)
	r.Found(&call)
	if got, more := described(r); len(got)+more > 0 {
		t.Error(got, more)
	}
}

// Calls are noted without an allocation, but for those of an operation with many.
func TestNotingAllocates(t *testing.T) {
	ctx := t.Context()
	begin := testing.AllocsPerRun(100, func() { provenance.Begin(ctx) })
	noting := testing.AllocsPerRun(100, func() {
		_, r := provenance.Begin(ctx)
		for range 4 {
			call := provenance.Call{Service: "catalog", Route: "a:1:1", Keys: 3, Began: time.Now()}
			place := r.Begins(&call)
			call.Attempts = 1
			r.Ends(place, &call)
			r.Found(&call)
		}
	})
	if begin > 2 || noting > begin {
		t.Errorf("%v allocations to begin, and %v with calls", begin, noting)
	}
}

func TestKeys(t *testing.T) {
	ctx := provenance.WithKeys(t.Context(), 300)
	if provenance.Keys(ctx) != 300 || provenance.Keys(t.Context()) != 0 {
		t.Error(provenance.Keys(ctx), provenance.Keys(t.Context()))
	}
}
