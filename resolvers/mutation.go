package resolvers

import (
	"context"

	"github.com/portico-gateway/portico/graph/model"
)

// PlaceOrder resolves Mutation.placeOrder.
func (r *Mutation) PlaceOrder(ctx context.Context, input model.PlaceOrderInput) (*model.PlaceOrderPayload, error) {
	order, err := r.Clients.Orders.Place(ctx, input.Items)
	if err != nil {
		return nil, err
	}
	return &model.PlaceOrderPayload{Order: order}, nil
}
