package resolvers

import (
	"context"
	"iter"

	"github.com/portico-gateway/portico/graph/model"
)

// StockChanged resolves Subscription.stockChanged.
func (r *Subscription) StockChanged(ctx context.Context, productID string) (iter.Seq2[*model.Stock, error], error) {
	return r.Clients.Inventory.WatchStock(ctx, productID)
}
