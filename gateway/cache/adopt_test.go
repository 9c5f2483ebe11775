package cache_test

import (
	"fmt"
	"runtime"
	"strconv"
	"testing"

	"github.com/portico-gateway/portico/gateway/cache"
)

// The parts of an answer share its tags: what they adopt does not take the product of
// both.
func TestPartsShareTags(t *testing.T) {
	s := newStore(t, 64<<20)
	var tags, others []string
	var parts []*cache.Part
	const n = 200
	for i := range n {
		tags, others = append(tags, fmt.Sprint("tag-", i)), append(others, fmt.Sprint("other-", i))
		fill(t, s, strconv.Itoa(i), i)
		parts = append(parts, s.PartOf(get(s, strconv.Itoa(i))))
	}
	for round, tags := range [][]string{tags, tags, others, tags} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		adoption := cache.Adopting(tags)
		for _, part := range parts {
			if !adoption.By(part) {
				t.Fatal("it is not valid")
			}
		}
		runtime.ReadMemStats(&after)
		if n := after.Mallocs - before.Mallocs; n > 500 { // one set has about 10
			t.Errorf("round %d: %d allocations", round, n)
		}
	}
	s.Invalidate(t.Context(), "other-7")
	for i := range n {
		if has(s, strconv.Itoa(i)) {
			t.Fatalf("%d is not invalidated", i)
		}
	}
}
