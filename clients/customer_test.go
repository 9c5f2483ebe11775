package clients_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/portico-gateway/portico/gateway/problem"
	"github.com/portico-gateway/portico/graph/model"
)

func TestUsers(t *testing.T) {
	set, d := start(t)
	users, err := set.Accounts.ReviewAuthor().LoadAll(t.Context(), []string{"u2", "u0", "u1"})
	if err != nil || users[0].Name == "" || users[1] != nil || users[2].ID != "u1" {
		t.Errorf("got %+v, %v", users, err)
	}
	me, err := set.Accounts.Me(as(t, d, "u7"))
	if err != nil || me.ID != "u7" || me.Name == "" || me.Email == "" {
		t.Errorf("got %+v, %v", me, err)
	}
	_, err = set.Accounts.Me(t.Context())
	wantCode(t, err, problem.Unauthenticated)
}

func TestOrdersAndShipping(t *testing.T) {
	set, d := start(t)
	found, err := set.Orders.ViewerOrders(new(3)).Load(as(t, d, "u1"), "u1")
	if err != nil || len(found) == 0 || len(found) > 3 {
		t.Fatalf("got %d orders, %v", len(found), err)
	}
	var ids []string
	for _, o := range found {
		if ids = append(ids, o.ID); !o.Status.IsValid() || o.Total.Currency == "" || len(o.Items) == 0 || o.Items[0].ProductID == "" || o.Items[0].Quantity < 1 {
			t.Errorf("got %+v", o)
		}
	}
	ids = append(ids, "o0")
	sent, err := set.Shipping.OrderShipping().LoadAll(t.Context(), ids)
	if err != nil || sent[0] == nil || sent[len(ids)-1] != nil {
		t.Fatalf("got %v, %v", sent, err)
	}
	for i, s := range sent {
		if s != nil && (s.Carrier == "" || s.Eta.IsZero()) {
			t.Errorf("%s: %+v", ids[i], s)
		}
	}
	_, err = set.Orders.ViewerOrders(new(3)).Load(t.Context(), "u1")
	wantCode(t, err, problem.Unauthenticated)
}

func TestPlace(t *testing.T) {
	set, d := start(t)
	buyer := as(t, d, "u1", "orders:write")
	line := func(product string, quantity int) model.PlaceOrderInput {
		return model.PlaceOrderInput{Items: []*model.OrderItemInput{{ProductID: product, Quantity: quantity}}}
	}
	placed, err := set.Orders.PlaceOrder(buyer, line("p1", 2))
	if err != nil {
		t.Fatal(err)
	}
	if o := placed.Order; o.Total.Amount != "69.80" || o.Items[0].ProductID != "p1" || o.Items[0].Quantity != 2 {
		t.Fatalf("got %+v", o)
	}
	for product, available := range map[string]json.Number{"p13": "0", "p1": "98"} {
		_, err = set.Orders.PlaceOrder(buyer, line(product, 1000-1)) // more than there is
		p, ok := errors.AsType[*problem.Error](err)
		if !ok || p.Code != "OUT_OF_STOCK" || p.Extensions["available"] != available || p.Extensions["productId"] != product {
			t.Errorf("%s: got %v", product, err)
		}
	}
	for _, lines := range []model.PlaceOrderInput{{}, line("p1", 0), line("p0", 1)} {
		_, err = set.Orders.PlaceOrder(buyer, lines)
		wantCode(t, err, problem.BadUserInput)
	}
	_, err = set.Orders.PlaceOrder(as(t, d, "u1"), line("p1", 1))
	wantCode(t, err, problem.Forbidden)
	_, err = set.Orders.PlaceOrder(t.Context(), line("p1", 1))
	wantCode(t, err, problem.Unauthenticated)
}
