package upstream_test

import (
	"errors"
	"testing"

	"github.com/portico-gateway/portico/gateway/problem"
	"github.com/portico-gateway/portico/gateway/upstream"
)

// A text that a service takes as a number only is the caller's mistake, and the problem
// names it.
func TestNumberOfText(t *testing.T) {
	var r upstream.Request
	for name, err := range map[string]error{
		"a key":       upstream.Numeric("x"),
		"a parameter": r.AddObject("filter", map[string]any{"id": upstream.Number("x")}),
	} {
		if p, ok := errors.AsType[*problem.Error](err); !ok || p.Code != problem.BadUserInput || p.Message != "An argument must be a number." {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := errors.Join(upstream.Numeric("-1.5e3"), r.AddObject("filter", upstream.Number("12"))); err != nil {
		t.Error(err)
	}
}
