package clients_test

import (
	"context"
	"errors"
	"iter"
	"testing"

	"github.com/portico-gateway/portico/gateway/problem"
	"github.com/portico-gateway/portico/graph/model"
)

func TestReviews(t *testing.T) {
	set, _ := start(t)
	found, err := set.Reviews.ProductReviews(new(2)).LoadAll(t.Context(), []string{"p2", "p0", "p1"})
	if err != nil {
		t.Fatal(err)
	}
	if len(found[0]) != 2 || len(found[1]) != 0 || found[1] == nil || len(found[2]) != 2 {
		t.Errorf("got %v", found)
	}
	for _, r := range found[2] {
		if r.ID == "" || r.AuthorID == "" || r.Rating < 1 || r.Rating > 5 || r.Body == "" {
			t.Errorf("got %+v", r)
		}
	}
	all, err := set.Reviews.ProductReviews(nil).Load(t.Context(), "p1")
	if err != nil || len(all) <= 2 {
		t.Errorf("got %d, %v", len(all), err)
	}
}

func TestStock(t *testing.T) {
	set, _ := start(t)
	found, err := set.Inventory.ProductStock().LoadAll(t.Context(), []string{"p13", "p0", "p1"})
	if err != nil {
		t.Fatal(err)
	}
	if found[0].Available != 0 || found[1] != nil || found[2].Available != 100 {
		t.Errorf("got %v", found)
	}
}

func TestWatchStock(t *testing.T) {
	set, d := start(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	changes, err := set.Inventory.StockChanged(ctx, "p1")
	if err != nil {
		t.Fatal(err)
	}
	next, stop := iter.Pull2(changes)
	defer stop()
	want := func(available int) {
		t.Helper()
		if s, err, ok := next(); !ok || err != nil || s.ProductID != "p1" || s.Available != available {
			t.Fatalf("got %+v, %v, %t; want %d", s, err, ok, available)
		}
	}
	want(100)
	if _, err := set.Orders.PlaceOrder(as(t, d, "u1", "orders:write"), model.PlaceOrderInput{Items: []*model.OrderItemInput{{ProductID: "p1", Quantity: 2}}}); err != nil {
		t.Fatal(err)
	}
	want(98)
	cancel()
	if _, err, _ := next(); !errors.Is(err, context.Canceled) {
		t.Errorf("after it was cancelled: %v", err)
	}
	if _, _, more := next(); more {
		t.Error("there is more after an error")
	}
}

func TestWatchStockThatEnds(t *testing.T) {
	set, d := start(t)
	_, err := set.Inventory.StockChanged(t.Context(), "p0")
	wantCode(t, err, problem.BadUserInput)

	changes, err := set.Inventory.StockChanged(t.Context(), "p1")
	if err != nil {
		t.Fatal(err)
	}
	var last error
	for s, err := range changes {
		if last = err; s != nil { // the first
			if err := d.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
	wantCode(t, last, problem.ServiceError)
}
