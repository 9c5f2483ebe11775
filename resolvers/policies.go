package resolvers

import (
	"context"
	"slices"

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
	quantities, err := access.Each[int](q, "input", "items", "quantity")
	if err != nil {
		return false, err
	}
	return !slices.ContainsFunc(quantities, func(n int) bool { return n > most }), nil
}
