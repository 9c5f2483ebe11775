package execute_test

import (
	"context"
	"testing"

	"github.com/portico-gateway/portico/gateway/execute"
)

// A constraint holds for all of Go's types of numbers, which gqlgen.yml may
// give Int and Float.
func TestConstraint(t *testing.T) {
	most, small := 10, int32(11)
	for _, value := range []any{11, &most, int32(11), &small, int64(11), uint(11), 10.5, float32(10.5), (*int32)(nil), nil, 10} {
		_, err := execute.Constraint(t.Context(), nil, func(context.Context) (any, error) { return value, nil }, nil, &most)
		allowed := value == nil || value == any(10) || value == any(&most) || value == any((*int32)(nil))
		if (err == nil) != allowed {
			t.Errorf("%T %v: %v", value, value, err)
		}
	}
}
