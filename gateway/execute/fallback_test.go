package execute_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/portico-gateway/portico/gateway/execute"
	"github.com/portico-gateway/portico/gateway/loader"
	"github.com/portico-gateway/portico/gateway/problem"
	"github.com/portico-gateway/portico/gateway/provenance"
)

// Parents have the fallback whose service is not available, or that had no time left.
func TestFallback(t *testing.T) {
	outage := problem.New(problem.ServiceError, "down").OfOutage()
	other := problem.New(problem.ServiceError, "nonsense")
	for name, c := range map[string]struct {
		values []int
		err    error
		want   []int
		failed []error
	}{
		"none":      {[]int{1, 2, 3}, nil, []int{1, 2, 3}, make([]error, 3)},
		"all":       {nil, outage, []int{7, 7, 7}, make([]error, 3)},
		"too late":  {nil, context.DeadlineExceeded, []int{7, 7, 7}, make([]error, 3)},
		"another":   {nil, other, make([]int, 3), []error{other, other, other}},
		"cancelled": {nil, context.Canceled, make([]int, 3), []error{context.Canceled, context.Canceled, context.Canceled}},
		"some":      {[]int{1, 0, 0}, loader.Errors{nil, outage, other}, []int{1, 7, 0}, []error{nil, nil, other}},
	} {
		var noted []error
		ctx, record := provenance.Begin(t.Context())
		ctx = execute.Begin(execute.Start(ctx, execute.Options{FellBack: func(_ context.Context, field string, err error) {
			if field != "A.f" {
				t.Errorf("the field is %s", field)
			}
			noted = append(noted, err)
		}}))
		values, err := execute.Fallback("A.f", func(context.Context, []*object) ([]int, error) { return c.values, c.err },
			func() int { return 7 })(ctx, objects(3))
		failed := make([]error, 3)
		if items, ok := errors.AsType[interface {
			error
			Errors() []error
		}](err); ok {
			failed = items.Errors()
		}
		if !slices.Equal(values, c.want) || !slices.Equal(failed, c.failed) {
			t.Errorf("%s: got %v %v, want %v %v", name, values, failed, c.want, c.failed)
		}
		if fell := slices.Contains(c.want, 7); record.Summary().FellBack != fell || (len(noted) > 0) != fell {
			t.Errorf("%s: noted %v, %t", name, noted, record.Summary().FellBack)
		}
	}
}
