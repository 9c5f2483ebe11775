package demo_test

import (
	"context"
	"testing"

	"google.golang.org/grpc/codes"

	"github.com/portico-gateway/portico/clients/inventory/inventorypb"
	"github.com/portico-gateway/portico/demo"
)

type inventoryClient struct {
	inventorypb.InventoryServiceClient

	h *harness
}

func (h *harness) inventory() inventoryClient {
	h.t.Helper()
	return inventoryClient{InventoryServiceClient: inventorypb.NewInventoryServiceClient(h.dial(demo.Inventory)), h: h}
}

func (c inventoryClient) stock(ctx context.Context, productIDs ...string) ([]*inventorypb.Stock, error) {
	res, err := c.GetStock(ctx, &inventorypb.GetStockRequest{ProductIds: productIDs})
	return res.GetStocks(), err
}

// ofP1 is the stock of p1: 100 in the opening data.
func (c inventoryClient) ofP1() int32 {
	c.h.t.Helper()
	stocks, err := c.stock(c.h.t.Context(), "p1")
	if err != nil || len(stocks) != 1 {
		c.h.t.Fatalf("got %v, %v", stocks, err)
	}
	return stocks[0].GetAvailable()
}

func (c inventoryClient) watch(ctx context.Context, productID string) func() (int32, error) {
	c.h.t.Helper()
	stream, err := c.WatchStock(ctx, &inventorypb.WatchStockRequest{ProductId: productID})
	if err != nil {
		c.h.t.Fatal(err)
	}
	return func() (int32, error) {
		res, err := stream.Recv()
		return res.GetStock().GetAvailable(), err
	}
}

func TestGetStock(t *testing.T) {
	h := start(t)
	stocks, err := h.inventory().stock(t.Context(), "p1", "p13", "p0", "p1")
	if err != nil {
		t.Fatal(err)
	}
	if len(stocks) != 2 || stocks[0].GetProductId() != "p13" || stocks[0].GetAvailable() != 0 ||
		stocks[1].GetProductId() != "p1" || stocks[1].GetAvailable() != 100 {
		t.Errorf("got %v", stocks)
	}
	if got := h.Calls()[demo.Inventory]["GetStock"]; got != 1 {
		t.Errorf("%d calls counted", got)
	}
}

func TestWatchStockTellsEveryChange(t *testing.T) {
	h := start(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	next := h.inventory().watch(ctx, "p1")
	if got, err := next(); err != nil || got != 100 {
		t.Fatalf("got %d, %v, want 100 at once", got, err)
	}
	for range 3 {
		h.buy("u1", `{"product_id":"p1","quantity":2},{"product_id":"p2","quantity":1}`)
	}
	h.Reset()
	for _, want := range []int32{98, 96, 94, 100} {
		if got, err := next(); err != nil || got != want {
			t.Errorf("got %d, %v, want %d", got, err, want)
		}
	}
	cancel()
	_, err := next()
	expectCode(t, err, codes.Canceled)
}

func TestWatchStockOfNothing(t *testing.T) {
	h := start(t)
	_, err := h.inventory().watch(t.Context(), "p0")()
	expectCode(t, err, codes.NotFound)
}
