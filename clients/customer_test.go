package clients_test

import (
	"errors"
	"testing"

	"github.com/portico-gateway/portico/clients/orders"
	"github.com/portico-gateway/portico/gateway/problem"
	"github.com/portico-gateway/portico/graph/model"
)

func TestUsers(t *testing.T) {
	set, d := start(t)
	users, err := set.Accounts.UsersByID(t.Context(), []string{"u2", "u0", "u1"})
	if err != nil || len(users) != 2 || users[0].Name == "" {
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
	found, err := set.Orders.OfUser(as(t, d, "u1"), "u1", 3)
	if err != nil || len(found) == 0 || len(found) > 3 {
		t.Fatalf("got %d orders, %v", len(found), err)
	}
	var ids []string
	for _, o := range found {
		if ids = append(ids, o.ID); !o.Status.IsValid() || o.Total.Currency == "" || len(o.Items) == 0 || o.Items[0].ProductID == "" || o.Items[0].Quantity < 1 {
			t.Errorf("got %+v", o)
		}
	}
	sent, err := set.Shipping.ByOrders(t.Context(), append(ids, "o0"))
	if err != nil || len(sent) == 0 || sent["o0"] != nil {
		t.Fatalf("got %v, %v", sent, err)
	}
	for id, s := range sent {
		if s.Carrier == "" || s.Eta.IsZero() {
			t.Errorf("%s: %+v", id, s)
		}
	}
	_, err = set.Orders.OfUser(t.Context(), "u1", 3)
	wantCode(t, err, problem.Unauthenticated)
}

func TestPlace(t *testing.T) {
	set, d := start(t)
	buyer := as(t, d, "u1", "orders:write")
	line := func(product string, quantity int) []*model.OrderItemInput {
		return []*model.OrderItemInput{{ProductID: product, Quantity: quantity}}
	}
	o, err := set.Orders.Place(buyer, line("p1", 2))
	if err != nil || o.Total.Amount != "69.80" || o.Items[0].ProductID != "p1" || o.Items[0].Quantity != 2 {
		t.Fatalf("got %+v, %v", o, err)
	}
	for product, message := range map[string]string{"p13": "This product is sold out.", "p1": "There are only 98 left."} {
		_, err = set.Orders.Place(buyer, line(product, 1000-1)) // more than there is
		p, ok := errors.AsType[*problem.Error](err)
		if !ok || p.Code != orders.OutOfStock || p.Message != message || p.Extensions["productId"] != product {
			t.Errorf("%s: got %v", product, err)
		}
	}
	for _, lines := range [][]*model.OrderItemInput{nil, line("p1", 0), line("p0", 1)} {
		_, err = set.Orders.Place(buyer, lines)
		wantCode(t, err, problem.BadUserInput)
	}
	_, err = set.Orders.Place(as(t, d, "u1"), line("p1", 1))
	wantCode(t, err, problem.Forbidden)
	_, err = set.Orders.Place(t.Context(), line("p1", 1))
	wantCode(t, err, problem.Unauthenticated)
}
