// Package service has the demo services, one a file. Each constructor returns
// the routes or methods of one service, without faults, counts and sockets.
package service

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strings"

	"github.com/portico-gateway/portico/demo/internal/data"
	"github.com/portico-gateway/portico/demo/internal/rest"
	"github.com/portico-gateway/portico/demo/internal/shop"
)

type catalog struct {
	shop *shop.Shop
}

// productPage is a page of products, or all that were asked for by id.
type productPage struct {
	Products []productRow `json:"products"`
	// NextCursor asks for the next page; null on the last.
	NextCursor *string `json:"next_cursor"`
}

// productRow is a product of a page.
type productRow struct {
	data.Product
	// Cursor asks for what comes after this product; only lists have it.
	Cursor string `json:"cursor,omitempty"`
}

// NewCatalog returns the routes of the products and categories.
func NewCatalog(s *shop.Shop) *http.ServeMux {
	c := catalog{shop: s}
	routes := http.NewServeMux()
	routes.Handle("GET /products", rest.Handler(c.products))
	routes.Handle("GET /products/{id}", rest.Handler(c.product))
	routes.Handle("GET /categories", rest.Handler(c.categories))
	routes.Handle("GET /search", rest.Handler(c.search))
	return routes
}

func (c catalog) products(w http.ResponseWriter, r *http.Request) error {
	find := c.list
	if r.URL.Query().Has("ids") {
		find = c.byIDs
	}
	page, err := find(r)
	if err != nil {
		return err
	}
	return rest.WriteJSON(w, http.StatusOK, page)
}

func (c catalog) byIDs(r *http.Request) (productPage, error) {
	for _, other := range []string{"category", "q", "limit", "cursor"} {
		if r.URL.Query().Has(other) {
			return productPage{}, rest.BadRequest("ids and %s don't go together", other)
		}
	}
	ids, err := rest.IDs(r, "ids")
	if err != nil {
		return productPage{}, err
	}
	page := productPage{Products: []productRow{}}
	for _, id := range unordered(ids) {
		if p, ok := c.shop.Product(id); ok {
			page.Products = append(page.Products, productRow{Product: p})
		}
	}
	return page, nil
}

func (c catalog) list(r *http.Request) (productPage, error) {
	limit, err := rest.Limit(r)
	if err != nil {
		return productPage{}, err
	}
	found := c.filter(r.URL.Query().Get("category"), r.URL.Query().Get("q"))
	following, err := after(found, r.URL.Query().Get("cursor"))
	if err != nil {
		return productPage{}, err
	}
	page := productPage{Products: []productRow{}}
	for _, p := range following[:min(limit, len(following))] {
		page.Products = append(page.Products, productRow{Product: p, Cursor: cursor(p)})
	}
	if len(following) > limit {
		page.NextCursor = &page.Products[limit-1].Cursor
	}
	return page, nil
}

// filter returns the products of a category whose names have a text in them;
// either may be empty for any.
func (c catalog) filter(categoryID, text string) []data.Product {
	found := []data.Product{}
	text = strings.ToLower(text)
	for _, p := range c.shop.Products() {
		if (categoryID == "" || p.CategoryID == categoryID) && strings.Contains(strings.ToLower(p.Name), text) {
			found = append(found, p)
		}
	}
	return found
}

// cursor says where the page after a product begins. It is encoded so that
// nobody takes it for a page number or an id.
func cursor(p data.Product) string {
	return base64.RawURLEncoding.EncodeToString([]byte("after:" + p.ID))
}

// after returns the products that come after the cursor; all, when it is empty.
func after(products []data.Product, at string) ([]data.Product, error) {
	if at == "" {
		return products, nil
	}
	i := slices.IndexFunc(products, func(p data.Product) bool { return cursor(p) == at })
	if i < 0 {
		return nil, rest.BadRequest("the cursor is not one of this list")
	}
	return products[i+1:], nil
}

func (c catalog) product(w http.ResponseWriter, r *http.Request) error {
	p, ok := c.shop.Product(r.PathValue("id"))
	if !ok {
		return rest.NotFound("there is no product %q", r.PathValue("id"))
	}
	return rest.WriteJSON(w, http.StatusOK, p)
}

func (c catalog) categories(w http.ResponseWriter, _ *http.Request) error {
	return rest.WriteJSON(w, http.StatusOK, map[string][]data.Category{"categories": c.shop.Categories()})
}
