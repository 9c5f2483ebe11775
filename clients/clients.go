// Package clients has the typed clients of all services, a package each.
package clients

import (
	"errors"

	"github.com/portico-gateway/portico/clients/accounts"
	"github.com/portico-gateway/portico/clients/catalog"
	"github.com/portico-gateway/portico/clients/inventory"
	"github.com/portico-gateway/portico/clients/orders"
	"github.com/portico-gateway/portico/clients/reviews"
	"github.com/portico-gateway/portico/clients/shipping"
	"github.com/portico-gateway/portico/gateway/upstream"
)

// Set has the clients of all services. They are safe for concurrent use.
type Set struct {
	Catalog   *catalog.Client
	Accounts  *accounts.Client
	Orders    *orders.Client
	Shipping  *shipping.Client
	Reviews   *reviews.Client
	Inventory *inventory.Client
}

// New makes the clients. Its error names every service that portico.yaml
// lacks.
func New(services *upstream.Services) (*Set, error) {
	var (
		set  Set
		errs [6]error
	)
	set.Catalog, errs[0] = catalog.New(services)
	set.Accounts, errs[1] = accounts.New(services)
	set.Orders, errs[2] = orders.New(services)
	set.Shipping, errs[3] = shipping.New(services)
	set.Reviews, errs[4] = reviews.New(services)
	set.Inventory, errs[5] = inventory.New(services)
	return &set, errors.Join(errs[:]...)
}
