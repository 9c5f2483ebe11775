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
	found, err := set.Reviews.ByProducts(t.Context(), []string{"p2", "p0", "p1"}, 2)
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, r := range found {
		count[r.ProductID]++
		if r.ID == "" || r.AuthorID == "" || r.Rating < 1 || r.Rating > 5 || r.Body == "" {
			t.Errorf("got %+v", r)
		}
	}
	if len(count) != 2 || count["p1"] != 2 || count["p2"] != 2 {
		t.Errorf("got %v", count)
	}
}

func TestStock(t *testing.T) {
	set, _ := start(t)
	found, err := set.Inventory.Stock(t.Context(), []string{"p13", "p0", "p1"})
	if err != nil {
		t.Fatal(err)
	}
	available := map[string]int{}
	for _, s := range found {
		available[s.ProductID] = s.Available
	}
	if len(available) != 2 || available["p1"] != 100 || available["p13"] != 0 {
		t.Errorf("got %v", available)
	}
}

func TestWatchStock(t *testing.T) {
	set, d := start(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	changes, err := set.Inventory.WatchStock(ctx, "p1")
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
	if _, err := set.Orders.Place(as(t, d, "u1", "orders:write"), []*model.OrderItemInput{{ProductID: "p1", Quantity: 2}}); err != nil {
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
	_, err := set.Inventory.WatchStock(t.Context(), "p0")
	wantCode(t, err, problem.BadUserInput)

	changes, err := set.Inventory.WatchStock(t.Context(), "p1")
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
