package resolvers

import (
	"context"

	"github.com/portico-gateway/portico/clients"
	"github.com/portico-gateway/portico/gateway/loader"
	"github.com/portico-gateway/portico/graph/model"
)

// Loaders load what no field is bound to.
type Loaders struct {
	// Shelves are the first products of a category, by how many and its id.
	Shelves *loader.Family[int, string, []*model.Product]
}

// concurrentCalls is how many shelves are asked for at once.
const concurrentCalls = 8

func newLoaders(c *clients.Set) *Loaders {
	return &Loaders{
		Shelves: loader.NewFamily(loader.Unlimited, func(ctx context.Context, first int, categories []string) (map[string][]*model.Product, error) {
			return loader.OneByOne(concurrentCalls, func(ctx context.Context, category string) ([]*model.Product, error) {
				page, err := c.Catalog.WebProducts(ctx, &first, nil, &category, nil)
				if err != nil {
					return nil, err
				}
				return page.Nodes, nil
			})(ctx, categories)
		}),
	}
}
