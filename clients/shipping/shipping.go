// Package shipping calls the shipping service, a legacy service that answers
// in XML.
package shipping

import (
	"context"
	"net/url"
	"strings"
	"time"

	"github.com/portico-gateway/portico/gateway/upstream"
	"github.com/portico-gateway/portico/graph/model"
)

// Client calls the service.
type Client struct{ *upstream.HTTP }

// New makes a client of the service shipping.
func New(services *upstream.Services) (*Client, error) {
	c, err := services.HTTP("shipping")
	return &Client{c}, err
}

// ByOrders returns how orders are sent, by order; those of which nothing is
// known are missing.
func (c *Client) ByOrders(ctx context.Context, orders []string) (map[string]*model.Shipping, error) {
	type rates struct {
		Rates []struct {
			Order   string    `xml:"orderId,attr"`
			Carrier string    `xml:"carrier"`
			ETA     time.Time `xml:"eta"`
		} `xml:"rate"`
	}
	found, err := upstream.GetXML[rates](ctx, c.HTTP, upstream.Request{
		Path:  []string{"rates"},
		Query: url.Values{"orderIds": {strings.Join(orders, ",")}},
	})
	byOrder := make(map[string]*model.Shipping, len(found.Rates))
	for _, rate := range found.Rates {
		byOrder[rate.Order] = &model.Shipping{Carrier: rate.Carrier, Eta: rate.ETA}
	}
	return byOrder, err
}
