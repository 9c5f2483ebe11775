package service

import (
	"errors"
	"net/http"

	"github.com/portico-gateway/portico/demo/internal/data"
	"github.com/portico-gateway/portico/demo/internal/rest"
	"github.com/portico-gateway/portico/demo/internal/shop"
	"github.com/portico-gateway/portico/demo/internal/token"
)

// orderScope is what a token needs to buy something.
const orderScope = "orders:write"

type orders struct {
	shop   *shop.Shop
	issuer *token.Issuer
}

// NewOrders returns the routes of the orders.
func NewOrders(s *shop.Shop, issuer *token.Issuer) *http.ServeMux {
	o := orders{shop: s, issuer: issuer}
	routes := http.NewServeMux()
	routes.Handle("GET /orders", rest.Handler(o.list))
	routes.Handle("GET /orders/{id}", rest.Handler(o.get))
	routes.Handle("POST /orders", rest.Handler(o.place))
	return routes
}

func (o orders) list(w http.ResponseWriter, r *http.Request) error {
	caller, err := o.caller(r)
	if err != nil {
		return err
	}
	userID := r.URL.Query().Get("userId")
	if userID == "" {
		return rest.BadRequest("the parameter userId is missing")
	}
	if userID != caller.Subject {
		return rest.Forbidden("these are the orders of somebody else")
	}
	limit, err := rest.Limit(r)
	if err != nil {
		return err
	}
	return rest.WriteJSON(w, http.StatusOK, map[string][]data.Order{"orders": o.shop.Orders(userID, limit)})
}

func (o orders) get(w http.ResponseWriter, r *http.Request) error {
	caller, err := o.caller(r)
	if err != nil {
		return err
	}
	order, ok := o.shop.Order(r.PathValue("id"))
	if !ok {
		return rest.NotFound("there is no order %q", r.PathValue("id"))
	}
	if order.UserID != caller.Subject {
		return rest.Forbidden("this is the order of somebody else")
	}
	return rest.WriteJSON(w, http.StatusOK, order)
}

// placeRequest is a purchase.
type placeRequest struct {
	Items []placeItem `json:"items"`
}

type placeItem struct {
	ProductID string `json:"product_id"`
	Quantity  int32  `json:"quantity"`
}

func (o orders) place(w http.ResponseWriter, r *http.Request) error {
	caller, err := o.caller(r)
	if err != nil {
		return err
	}
	if !caller.Has(orderScope) {
		return rest.Forbidden("the token needs the scope %s", orderScope)
	}
	var in placeRequest
	if err := rest.ReadJSON(w, r, &in); err != nil {
		return err
	}
	lines, err := in.lines()
	if err != nil {
		return err
	}
	order, err := o.shop.PlaceOrder(caller.Subject, lines)
	if err != nil {
		return refusal(err)
	}
	w.Header().Set("Location", "/orders/"+order.ID)
	return rest.WriteJSON(w, http.StatusCreated, order)
}

func (p placeRequest) lines() ([]shop.Line, error) {
	if len(p.Items) == 0 {
		return nil, rest.BadRequest("an order has at least one item")
	}
	lines := make([]shop.Line, len(p.Items))
	for i, item := range p.Items {
		if item.Quantity < 1 {
			return nil, rest.BadRequest("the quantity of item %d is less than 1", i)
		}
		lines[i] = shop.Line(item)
	}
	return lines, nil
}

// refusal says to the caller why the shop does not sell.
func refusal(err error) error {
	if out, ok := errors.AsType[*shop.OutOfStockError](err); ok {
		return &rest.Error{
			Status: http.StatusConflict, Code: "out_of_stock", Message: out.Error(),
			ProductID: out.ProductID, Available: &out.Available,
		}
	}
	if unknown, ok := errors.AsType[*shop.UnknownProductError](err); ok {
		return &rest.Error{
			Status: http.StatusBadRequest, Code: "unknown_product", Message: unknown.Error(),
			ProductID: unknown.ProductID,
		}
	}
	return err
}

func (o orders) caller(r *http.Request) (token.Caller, error) {
	caller, err := o.issuer.Verify(r.Header.Get("Authorization"))
	if err != nil {
		return token.Caller{}, rest.Unauthorized()
	}
	return caller, nil
}
