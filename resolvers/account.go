package resolvers

import (
	"context"

	"github.com/portico-gateway/portico/gateway/loader"
	"github.com/portico-gateway/portico/graph/model"
)

// Orders resolves Viewer.orders.
func (r *Viewer) Orders(ctx context.Context, objs []*model.Viewer, first *int) ([][]*model.Order, error) {
	n, err := rows(first, 10)
	if err != nil {
		return nil, err
	}
	return loader.Resolve(ctx, r.Load.Orders.For(n), objs, func(v *model.Viewer) string { return v.ID })
}

// Shipping resolves Order.shipping.
func (r *Order) Shipping(ctx context.Context, objs []*model.Order) ([]*model.Shipping, error) {
	return loader.Resolve(ctx, r.Load.Shipping, objs, func(o *model.Order) string { return o.ID })
}

// Product resolves OrderItem.product.
func (r *OrderItem) Product(ctx context.Context, objs []*model.OrderItem) ([]*model.Product, error) {
	return loader.Resolve(ctx, r.Load.Products, objs, func(item *model.OrderItem) string { return item.ProductID })
}
