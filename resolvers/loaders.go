package resolvers

import (
	"context"

	"github.com/portico-gateway/portico/clients"
	"github.com/portico-gateway/portico/clients/catalog"
	"github.com/portico-gateway/portico/gateway/loader"
	"github.com/portico-gateway/portico/graph/model"
)

// Loaders load what several objects can ask for: each key once per request.
type Loaders struct {
	// Products are products by id.
	Products *loader.Loader[string, *model.Product]
	// Shelves are the first products of a category, by how many and its id.
	Shelves *loader.Family[int, string, []*model.Product]
	// Categories are categories by id.
	Categories *loader.Loader[string, *model.Category]
	// Users are customers by id.
	Users *loader.Loader[string, *model.User]
	// Reviews are the newest reviews of a product, by how many (0 for all) and
	// its id.
	Reviews *loader.Family[int, string, []*model.Review]
	// Stock is what there is of a product, by its id.
	Stock *loader.Loader[string, *model.Stock]
	// Orders are the newest orders of a customer, by how many and their id.
	Orders *loader.Family[int, string, []*model.Order]
	// Shipping is how an order is sent, by its id.
	Shipping *loader.Loader[string, *model.Shipping]
}

// concurrentCalls is how many calls run at once where a service has none for
// many keys.
const concurrentCalls = 8

func newLoaders(c *clients.Set) *Loaders {
	return &Loaders{
		Products: loader.New(c.Catalog.MaxBatch(), func(ctx context.Context, ids []string) (map[string]*model.Product, error) {
			rows, err := c.Catalog.ProductsByID(ctx, ids)
			return loader.ByKey(rows, func(p *model.Product) string { return p.ID }), err
		}),
		Shelves: loader.NewFamily(c.Catalog.MaxBatch(), func(ctx context.Context, first int, categories []string) (map[string][]*model.Product, error) {
			return loader.OneByOne(concurrentCalls, func(ctx context.Context, category string) ([]*model.Product, error) {
				page, err := c.Catalog.Products(ctx, catalog.Page{Limit: first, Category: category})
				if err != nil {
					return nil, err
				}
				return page.Nodes, nil
			})(ctx, categories)
		}),
		Categories: loader.New(mostRows, func(ctx context.Context, _ []string) (map[string]*model.Category, error) {
			rows, err := c.Catalog.Categories(ctx) // there are few, and the service gives all or none
			return loader.ByKey(rows, func(c *model.Category) string { return c.ID }), err
		}),
		Users: loader.New(c.Accounts.MaxBatch(), func(ctx context.Context, ids []string) (map[string]*model.User, error) {
			rows, err := c.Accounts.UsersByID(ctx, ids)
			return loader.ByKey(rows, func(u *model.User) string { return u.ID }), err
		}),
		Reviews: loader.NewFamily(c.Reviews.MaxBatch(), func(ctx context.Context, first int, products []string) (map[string][]*model.Review, error) {
			rows, err := c.Reviews.ByProducts(ctx, products, first)
			return loader.GroupByKey(products, rows, func(r *model.Review) string { return r.ProductID }), err
		}),
		Stock: loader.New(c.Inventory.MaxBatch(), func(ctx context.Context, products []string) (map[string]*model.Stock, error) {
			rows, err := c.Inventory.Stock(ctx, products)
			return loader.ByKey(rows, func(s *model.Stock) string { return s.ProductID }), err
		}),
		Orders: loader.NewFamily(mostRows, func(ctx context.Context, first int, customers []string) (map[string][]*model.Order, error) {
			return loader.OneByOne(concurrentCalls, func(ctx context.Context, customer string) ([]*model.Order, error) {
				return c.Orders.OfUser(ctx, customer, first)
			})(ctx, customers)
		}),
		Shipping: loader.New(c.Shipping.MaxBatch(), c.Shipping.ByOrders),
	}
}
