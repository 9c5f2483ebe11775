package service

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/portico-gateway/portico/clients/inventory/inventorypb"
	"github.com/portico-gateway/portico/demo/internal/shop"
)

type inventory struct {
	inventorypb.UnimplementedInventoryServiceServer

	shop *shop.Shop
}

// NewInventory returns the methods of the inventory service.
func NewInventory(s *shop.Shop) inventorypb.InventoryServiceServer {
	return &inventory{shop: s}
}

func (i *inventory) GetStock(_ context.Context, in *inventorypb.GetStockRequest) (*inventorypb.GetStockResponse, error) {
	out := &inventorypb.GetStockResponse{}
	for _, id := range unordered(in.GetProductIds()) {
		if n, ok := i.shop.Stock(id); ok {
			out.Stocks = append(out.Stocks, &inventorypb.Stock{ProductId: id, Available: n})
		}
	}
	return out, nil
}

func (i *inventory) WatchStock(
	in *inventorypb.WatchStockRequest, stream grpc.ServerStreamingServer[inventorypb.WatchStockResponse],
) error {
	id := in.GetProductId()
	n, watch, err := i.shop.WatchStock(id)
	if err != nil {
		return status.Error(codes.NotFound, err.Error())
	}
	for {
		stock := &inventorypb.Stock{ProductId: id, Available: n}
		if err := stream.Send(&inventorypb.WatchStockResponse{Stock: stock}); err != nil {
			return err
		}
		if n, err = watch.Next(stream.Context()); err != nil {
			return status.FromContextError(err).Err()
		}
	}
}
