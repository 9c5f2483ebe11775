// Package catalog calls the catalog, a REST service with products and their
// categories.
package catalog

import (
	"context"
	"net/url"
	"strconv"
	"strings"

	"github.com/portico-gateway/portico/clients/money"
	"github.com/portico-gateway/portico/gateway/upstream"
	"github.com/portico-gateway/portico/graph/model"
)

// Client calls the service.
type Client struct{ *upstream.HTTP }

// New makes a client of the service catalog.
func New(services *upstream.Services) (*Client, error) {
	c, err := services.HTTP("catalog")
	return &Client{c}, err
}

// product is a product as the service has it.
type product struct {
	ID           string  `json:"id"`
	ProductName  string  `json:"product_name"`
	Description  *string `json:"description"`
	PriceCents   int64   `json:"price_cents"`
	Currency     string  `json:"currency"`
	CategoryID   string  `json:"category_id"`
	ThumbnailURL *string `json:"thumbnail_url"`
}

func (p product) model() *model.Product {
	return &model.Product{
		ID:           p.ID,
		Name:         p.ProductName,
		Description:  p.Description,
		Price:        money.OfCents(p.PriceCents, p.Currency),
		CategoryID:   p.CategoryID,
		ThumbnailURL: p.ThumbnailURL,
	}
}

type products struct {
	Products   []product `json:"products"`
	NextCursor *string   `json:"next_cursor"`
}

func (p products) models() []*model.Product {
	list := make([]*model.Product, len(p.Products))
	for i, row := range p.Products {
		list[i] = row.model()
	}
	return list
}

// Product returns one product, or nil when there is none with this id.
func (c *Client) Product(ctx context.Context, id string) (*model.Product, error) {
	p, err := upstream.GetJSON[product](ctx, c.HTTP, upstream.Request{Path: []string{"products", id}})
	if upstream.IsNotFound(err) {
		return nil, nil //nolint:nilnil // null in GraphQL
	}
	if err != nil {
		return nil, err
	}
	return p.model(), nil
}

// ProductsByID returns the products with these ids, in any order; those that
// do not exist are missing.
func (c *Client) ProductsByID(ctx context.Context, ids []string) ([]*model.Product, error) {
	page, err := upstream.GetJSON[products](ctx, c.HTTP, upstream.Request{
		Path:  []string{"products"},
		Query: url.Values{"ids": {strings.Join(ids, ",")}},
	})
	return page.models(), err
}

// Page tells which products to return; empty strings stand for all.
type Page struct {
	// Limit is the most to return.
	Limit int
	// Cursor is the EndCursor of the page before.
	Cursor string
	// Category is a category's id.
	Category string
	// Search is a text in the name.
	Search string
}

// Products returns a page of products.
func (c *Client) Products(ctx context.Context, p Page) (*model.ProductConnection, error) {
	query := url.Values{"limit": {strconv.Itoa(p.Limit)}}
	for name, value := range map[string]string{"cursor": p.Cursor, "category": p.Category, "q": p.Search} {
		if value != "" {
			query.Set(name, value)
		}
	}
	page, err := upstream.GetJSON[products](ctx, c.HTTP, upstream.Request{Path: []string{"products"}, Query: query})
	if err != nil {
		return nil, err
	}
	return &model.ProductConnection{
		Nodes:    page.models(),
		PageInfo: &model.PageInfo{HasNextPage: page.NextCursor != nil, EndCursor: page.NextCursor},
	}, nil
}

// Categories returns all categories.
func (c *Client) Categories(ctx context.Context) ([]*model.Category, error) {
	type categories struct {
		Categories []struct {
			ID   string `json:"id"`
			Name string `json:"name"`
		} `json:"categories"`
	}
	all, err := upstream.GetJSON[categories](ctx, c.HTTP, upstream.Request{Path: []string{"categories"}})
	list := make([]*model.Category, len(all.Categories))
	for i, row := range all.Categories {
		list[i] = &model.Category{ID: row.ID, Name: row.Name}
	}
	return list, err
}
