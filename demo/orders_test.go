package demo_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/portico-gateway/portico/demo"
)

const orderScope = "orders:write"

type order struct {
	ID         string `json:"id"`
	UserID     string `json:"user_id"`
	Status     string `json:"status"`
	TotalCents int64  `json:"total_cents"`
	Currency   string `json:"currency"`
	Items      []struct {
		ProductID      string `json:"product_id"`
		Quantity       int32  `json:"quantity"`
		UnitPriceCents int64  `json:"unit_price_cents"`
	} `json:"items"`
	CreatedAt time.Time `json:"created_at"`
}

func (h *harness) orders(userID, query string) []order {
	h.t.Helper()
	var list struct{ Orders []order }
	h.get(demo.Orders, "/orders?userId="+userID+query, h.token(userID), &list)
	return list.Orders
}

// buy expects the order to be accepted.
func (h *harness) buy(userID, items string) order {
	h.t.Helper()
	a := h.call(demo.Orders, "POST /orders", h.token(userID, orderScope), `{"items":[`+items+`]}`)
	if a.status != http.StatusCreated {
		h.t.Fatalf("status %d: %s", a.status, a.body)
	}
	var o order
	a.decode(h.t, &o)
	if got := a.header.Get("Location"); got != "/orders/"+o.ID {
		h.t.Errorf("Location %q", got)
	}
	return o
}

func TestOrdersComeNewestFirst(t *testing.T) {
	h := start(t)
	three := h.orders("u1", "&limit=3")
	if len(three) != 3 {
		t.Fatalf("got %d orders, want 3", len(three))
	}
	if !slices.IsSortedFunc(three, func(a, b order) int { return b.CreatedAt.Compare(a.CreatedAt) }) {
		t.Errorf("got %+v", three)
	}
	for _, o := range three {
		var total int64
		for _, item := range o.Items {
			total += int64(item.Quantity) * item.UnitPriceCents
		}
		if o.UserID != "u1" || total != o.TotalCents || o.Currency != "EUR" || o.Status == "" || total == 0 {
			t.Errorf("got %+v", o)
		}
	}
	var one order
	h.get(demo.Orders, "/orders/"+three[0].ID, h.token("u1"), &one)
	if one.ID != three[0].ID {
		t.Errorf("got %+v", one)
	}
	if got := h.Calls()[demo.Orders]; got["GET /orders"] != 1 || got["GET /orders/{id}"] != 1 {
		t.Errorf("calls %v", got)
	}
}

func TestBuyingTakesFromTheStock(t *testing.T) {
	h := start(t)
	o := h.buy("u1", `{"product_id":"p1","quantity":2},{"product_id":"p2","quantity":1},{"product_id":"p1","quantity":1}`)
	if o.Status != "pending" || o.TotalCents != 3*3490+8900 || o.UserID != "u1" || len(o.Items) != 3 {
		t.Errorf("got %+v", o)
	}
	if newest := h.orders("u1", "&limit=1")[0]; newest.ID != o.ID || !newest.CreatedAt.Equal(o.CreatedAt) {
		t.Errorf("the newest order is %+v", newest)
	}
	if got := h.inventory().ofP1(); got != 97 {
		t.Errorf("%d pieces left, want 97", got)
	}
	if rates := h.rates(o.ID); len(rates) != 1 || rates[0].Carrier == "" {
		t.Errorf("rates of the new order: %v", rates)
	}
}

func TestOutOfStockTakesNothing(t *testing.T) {
	h := start(t)
	tests := []struct {
		name, items, product string
		available            int32
	}{
		{"sold out", `{"product_id":"p1","quantity":1},{"product_id":"p13","quantity":1}`, "p13", 0},
		{"not enough", `{"product_id":"p1","quantity":101}`, "p1", 100},
		{"not enough for both lines", `{"product_id":"p1","quantity":60},{"product_id":"p1","quantity":41}`, "p1", 100},
		{"sums that overflow", `{"product_id":"p1","quantity":50},{"product_id":"p1","quantity":2147483647}`, "p1", 100},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			a := h.call(demo.Orders, "POST /orders", h.token("u1", orderScope), `{"items":[`+tc.items+`]}`)
			var got struct {
				Error struct {
					Code, Message string
					ProductID     string `json:"product_id"`
					Available     *int32
				}
			}
			a.decode(t, &got)
			e := got.Error
			if a.status != http.StatusConflict || e.Code != "out_of_stock" || e.ProductID != tc.product ||
				e.Available == nil || *e.Available != tc.available {
				t.Errorf("got %d %s", a.status, a.body)
			}
			if left := h.inventory().ofP1(); left != 100 {
				t.Errorf("%d pieces left of 100", left)
			}
		})
	}
}

func TestOrdersRefusals(t *testing.T) {
	h := start(t)
	reader, buyer := h.token("u1"), h.token("u1", orderScope)
	foreign := h.orders("u2", "")[0].ID
	const item = `{"items":[{"product_id":"p1","quantity":1}]}`
	h.expectRefusals(demo.Orders, []refusal{
		{name: "list without a token", route: "GET /orders?userId=u1", status: http.StatusUnauthorized, code: "unauthorized"},
		{name: "list of somebody else", route: "GET /orders?userId=u2", token: reader, status: http.StatusForbidden, code: "forbidden"},
		{name: "list of nobody", route: "GET /orders", token: reader, status: http.StatusBadRequest, code: "bad_request"},
		{name: "list without end", route: "GET /orders?userId=u1&limit=-1", token: reader, status: http.StatusBadRequest, code: "bad_request"},
		{name: "order without a token", route: "GET /orders/o1", status: http.StatusUnauthorized, code: "unauthorized"},
		{name: "order of somebody else", route: "GET /orders/" + foreign, token: reader, status: http.StatusForbidden, code: "forbidden"},
		{name: "unknown order", route: "GET /orders/o0", token: reader, status: http.StatusNotFound, code: "not_found"},
		{name: "buy without a token", route: "POST /orders", body: item, status: http.StatusUnauthorized, code: "unauthorized"},
		{name: "buy without the scope", route: "POST /orders", token: reader, body: item, status: http.StatusForbidden, code: "forbidden"},
		{name: "buy nothing", route: "POST /orders", token: buyer, body: `{"items":[]}`, status: http.StatusBadRequest, code: "bad_request"},
		{name: "buy 0 pieces", route: "POST /orders", token: buyer, body: `{"items":[{"product_id":"p1","quantity":0}]}`, status: http.StatusBadRequest, code: "bad_request"},
		{name: "buy too many for a number", route: "POST /orders", token: buyer, body: `{"items":[{"product_id":"p1","quantity":3000000000}]}`, status: http.StatusBadRequest, code: "bad_request"},
		{name: "buy what there is not", route: "POST /orders", token: buyer, body: `{"items":[{"product_id":"p0","quantity":1}]}`, status: http.StatusBadRequest, code: "unknown_product"},
		{name: "buy in no JSON", route: "POST /orders", token: buyer, body: `items=p1`, status: http.StatusBadRequest, code: "bad_request"},
	})
}
