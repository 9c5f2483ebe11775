package resolvers

import (
	"context"

	"github.com/portico-gateway/portico/gateway/access"
)

// Policies decide what @policy asks in the schemas, by name.
func Policies() map[string]access.Policy {
	return map[string]access.Policy{"ordinary_order": ordinaryOrder}
}

// most is how many pieces of a product an ordinary order has.
const most = 20

// ordinaryOrder allows orders of few pieces to everyone, and larger ones to who
// has the scope orders:bulk.
func ordinaryOrder(_ context.Context, q access.Question) (bool, error) {
	if q.Principal.Has("orders:bulk") {
		return true, nil
	}
	input, _ := q.Arguments["input"].(map[string]any)
	items, _ := input["items"].([]any)
	for _, item := range items {
		members, _ := item.(map[string]any)
		if quantity, ok := members["quantity"].(int64); !ok || quantity > most {
			return false, nil
		}
	}
	return true, nil
}
