// Package inventory calls the inventory service, over gRPC.
package inventory

import (
	"context"
	"iter"

	"google.golang.org/grpc"

	"github.com/portico-gateway/portico/clients/inventory/inventorypb"
	"github.com/portico-gateway/portico/gateway/problem"
	"github.com/portico-gateway/portico/gateway/upstream"
	"github.com/portico-gateway/portico/graph/model"
)

// Client calls the service.
type Client struct {
	*upstream.GRPC
	inventory inventorypb.InventoryServiceClient
}

// New makes a client of the service inventory.
func New(services *upstream.Services) (*Client, error) {
	c, err := services.GRPC("inventory")
	if err != nil {
		return nil, err
	}
	return &Client{c, inventorypb.NewInventoryServiceClient(c)}, nil
}

// Stock returns what there is of products, in any order; products that the
// inventory does not know are missing.
func (c *Client) Stock(ctx context.Context, products []string) ([]*model.Stock, error) {
	found, err := c.inventory.GetStock(ctx, &inventorypb.GetStockRequest{ProductIds: products})
	if err != nil {
		return nil, err
	}
	list := make([]*model.Stock, len(found.GetStocks()))
	for i, s := range found.GetStocks() {
		list[i] = toModel(s)
	}
	return list, nil
}

// WatchStock follows the stock of a product: its present value first, then
// every change. An error before the first value is returned, BAD_USER_INPUT for
// a product that does not exist; a later one is the last pair of the sequence,
// which is otherwise as that of [upstream.Watch]. A channel could not tell a
// stream that broke from one that ended.
func (c *Client) WatchStock(ctx context.Context, product string) (iter.Seq2[*model.Stock, error], error) {
	changes, err := upstream.Watch(ctx, func(ctx context.Context) (grpc.ServerStreamingClient[inventorypb.WatchStockResponse], error) {
		return c.inventory.WatchStock(ctx, &inventorypb.WatchStockRequest{ProductId: product})
	})
	if upstream.IsNotFound(err) {
		return nil, problem.Wrap(err, problem.BadUserInput, "There is no product with this id.")
	}
	if err != nil {
		return nil, err
	}
	return func(yield func(*model.Stock, error) bool) {
		for change, err := range changes {
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(toModel(change.GetStock()), nil) {
				return
			}
		}
	}, nil
}

func toModel(s *inventorypb.Stock) *model.Stock {
	return &model.Stock{ProductID: s.GetProductId(), Available: int(s.GetAvailable())}
}
