package resolvers

import (
	"context"

	"github.com/portico-gateway/portico/clients/catalog"
	"github.com/portico-gateway/portico/graph/model"
)

// Product resolves Query.product.
func (r *Query) Product(ctx context.Context, id string) (*model.Product, error) {
	return r.Clients.Catalog.Product(ctx, id)
}

// Products resolves Query.products. Mobile has no categoryId and no search:
// they are nil there.
func (r *Query) Products(ctx context.Context, first *int, after, categoryID, search *string) (*model.ProductConnection, error) {
	n, err := rows(first, 20)
	if err != nil {
		return nil, err
	}
	return r.Clients.Catalog.Products(ctx, catalog.Page{Limit: n, Cursor: text(after), Category: text(categoryID), Search: text(search)})
}

// Categories resolves Query.categories.
func (r *Query) Categories(ctx context.Context) ([]*model.Category, error) {
	return r.Clients.Catalog.Categories(ctx)
}

// Me resolves Query.me.
func (r *Query) Me(ctx context.Context) (*model.Viewer, error) {
	return r.Clients.Accounts.Me(ctx)
}

// text is the value of an optional argument, empty when it is null.
func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
