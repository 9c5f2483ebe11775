// Package inventory calls the inventory service, over gRPC.
package inventory

import (
	"context"
	"errors"
	"io"
	"iter"

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
// every change, until ctx is done or the service ends the stream. An error
// before the first value is returned, BAD_USER_INPUT for a product that does not
// exist; a later one is the last that the sequence gives.
func (c *Client) WatchStock(ctx context.Context, product string) (iter.Seq2[*model.Stock, error], error) {
	stream, err := c.inventory.WatchStock(ctx, &inventorypb.WatchStockRequest{ProductId: product})
	if err != nil {
		return nil, err
	}
	first, err := stream.Recv()
	if err != nil {
		err = c.Problem(ctx, err)
		if upstream.IsNotFound(err) {
			return nil, problem.Wrap(err, problem.BadUserInput, "There is no product with this id.")
		}
		return nil, err
	}
	return func(yield func(*model.Stock, error) bool) {
		for message := first; yield(toModel(message.GetStock()), nil); {
			if message, err = stream.Recv(); err != nil {
				if !errors.Is(err, io.EOF) {
					yield(nil, c.Problem(ctx, err))
				}
				return
			}
		}
	}, nil
}

func toModel(s *inventorypb.Stock) *model.Stock {
	return &model.Stock{ProductID: s.GetProductId(), Available: int(s.GetAvailable())}
}
