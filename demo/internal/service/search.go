package service

import (
	"net/http"
	"strings"

	"github.com/portico-gateway/portico/demo/internal/data"
	"github.com/portico-gateway/portico/demo/internal/rest"
)

// A foundProduct or a foundCategory is a result of a search, depending on its kind.
type (
	foundProduct struct {
		Kind string `json:"kind"` // product
		data.Product
	}
	foundCategory struct {
		Kind string `json:"kind"` // category
		data.Category
	}
)

// search answers with the categories and the products whose names have a text in
// them, categories first.
func (c catalog) search(w http.ResponseWriter, r *http.Request) error {
	limit, err := rest.Limit(r)
	if err != nil {
		return err
	}
	text := r.URL.Query().Get("q")
	if text == "" {
		return rest.BadRequest("the parameter q is missing")
	}
	results := []any{}
	for _, category := range c.shop.Categories() {
		if strings.Contains(strings.ToLower(category.Name), strings.ToLower(text)) {
			results = append(results, foundCategory{Kind: "category", Category: category})
		}
	}
	for _, p := range c.filter("", text) {
		results = append(results, foundProduct{Kind: "product", Product: p})
	}
	return rest.WriteJSON(w, http.StatusOK, map[string][]any{"results": results[:min(limit, len(results))]})
}
