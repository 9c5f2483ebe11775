// Package orders calls the orders service, a REST service that sells.
package orders

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/portico-gateway/portico/clients/money"
	"github.com/portico-gateway/portico/gateway/problem"
	"github.com/portico-gateway/portico/gateway/upstream"
	"github.com/portico-gateway/portico/graph/model"
)

// OutOfStock is the code of the problem that there is not enough of a product.
const OutOfStock problem.Code = "OUT_OF_STOCK"

// Client calls the service. It sends the caller's token.
type Client struct{ *upstream.HTTP }

// New makes a client of the service orders.
func New(services *upstream.Services) (*Client, error) {
	c, err := services.HTTP("orders")
	return &Client{c}, err
}

// order is an order as the service has it.
type order struct {
	ID         string `json:"id"`
	Status     string `json:"status"`
	TotalCents int64  `json:"total_cents"`
	Currency   string `json:"currency"`
	Items      []item `json:"items"`
}

type item struct {
	ProductID string `json:"product_id"`
	Quantity  int    `json:"quantity"`
}

func (o order) model() *model.Order {
	m := &model.Order{
		ID:     o.ID,
		Status: model.OrderStatus(strings.ToUpper(o.Status)),
		Total:  money.OfCents(o.TotalCents, o.Currency),
		Items:  make([]*model.OrderItem, len(o.Items)),
	}
	for i, line := range o.Items {
		m.Items[i] = &model.OrderItem{ProductID: line.ProductID, Quantity: line.Quantity}
	}
	return m
}

// OfUser returns a customer's newest orders, at most limit.
func (c *Client) OfUser(ctx context.Context, user string, limit int) ([]*model.Order, error) {
	type orders struct {
		Orders []order `json:"orders"`
	}
	found, err := upstream.GetJSON[orders](ctx, c.HTTP, upstream.Request{
		Path:  []string{"orders"},
		Query: url.Values{"userId": {user}, "limit": {strconv.Itoa(limit)}},
	})
	list := make([]*model.Order, len(found.Orders))
	for i, o := range found.Orders {
		list[i] = o.model()
	}
	return list, err
}

// Place buys something for the caller. What the service refuses is a problem:
// [OutOfStock], or BAD_USER_INPUT when the order itself is wrong.
func (c *Client) Place(ctx context.Context, lines []*model.OrderItemInput) (*model.Order, error) {
	type newOrder struct {
		Items []item `json:"items"`
	}
	var body newOrder
	for _, line := range lines {
		body.Items = append(body.Items, item{ProductID: line.ProductID, Quantity: line.Quantity})
	}
	placed, err := upstream.GetJSON[order](ctx, c.HTTP, upstream.Request{Method: http.MethodPost, Path: []string{"orders"}, Body: body})
	if err != nil {
		return nil, refusal(err)
	}
	return placed.model(), nil
}

// refusal makes the problem that the caller can do something about.
func refusal(err error) error {
	answer, ok := errors.AsType[*upstream.StatusError](err)
	if !ok {
		return err
	}
	switch answer.Status {
	case http.StatusBadRequest:
		return problem.Wrap(err, problem.BadUserInput, "An order needs products of the shop, and at least 1 of each.")
	case http.StatusConflict:
		var why struct {
			Error struct {
				ProductID string `json:"product_id"`
				Available int    `json:"available"`
			} `json:"error"`
		}
		if json.Unmarshal(answer.Body, &why) != nil || why.Error.ProductID == "" {
			return err
		}
		return problem.Wrap(err, OutOfStock, "%s", left(why.Error.Available)).
			With("productId", why.Error.ProductID).With("available", why.Error.Available)
	}
	return err
}

// left tells a customer why they can't have as many as they want.
func left(available int) string {
	switch {
	case available <= 0:
		return "This product is sold out."
	case available == 1:
		return "There is only 1 left."
	}
	return fmt.Sprintf("There are only %d left.", available)
}
