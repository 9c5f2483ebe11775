package main

import (
	"math"
	"net/http"
	"testing"
)

// A cached answer has at most 10 allocations more than net/http with the same
// bytes.
func TestAllocations(t *testing.T) {
	t.Chdir("../..") // where portico.yaml is
	b, err := newBench()
	if err != nil {
		t.Fatal(err)
	}
	defer b.close()
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		gateway, plain, err := b.targets(method, 50)
		if err != nil {
			t.Fatal(err)
		}
		more := math.Inf(1)
		for range 5 { // a garbage collection empties pools, so the least counts
			ours, err := gateway.allocations(2000)
			if err != nil {
				t.Fatal(err)
			}
			theirs, err := plain.allocations(2000)
			if err != nil {
				t.Fatal(err)
			}
			if more = min(more, ours-theirs); more <= 10 {
				break
			}
		}
		if more > 10 {
			t.Errorf("%s: %.1f allocations more than net/http", method, more)
		}
	}
}
