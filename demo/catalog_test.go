package demo_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/portico-gateway/portico/demo"
)

type product struct {
	ID           string `json:"id"`
	Name         string `json:"product_name"`
	Description  string `json:"description"`
	PriceCents   int64  `json:"price_cents"`
	Currency     string `json:"currency"`
	CategoryID   string `json:"category_id"`
	ThumbnailURL string `json:"thumbnail_url"`
	Cursor       string `json:"cursor"`
}

type productPage struct {
	Products   []product `json:"products"`
	NextCursor *string   `json:"next_cursor"`
}

func (p productPage) ids() []string {
	var ids []string
	for _, p := range p.Products {
		ids = append(ids, p.ID)
	}
	return ids
}

func TestProductsPageWithoutGapsOrDuplicates(t *testing.T) {
	h := start(t)
	for limit, pages := range map[int]int{7: 29, 20: 10, 100: 2} {
		var ids []string
		cursor := ""
		for range pages {
			var page productPage
			h.get(demo.Catalog, fmt.Sprintf("/products?limit=%d&cursor=%s", limit, cursor), "", &page)
			ids = append(ids, page.ids()...)
			cursor = ""
			if page.NextCursor != nil {
				cursor = *page.NextCursor
			}
		}
		if cursor != "" {
			t.Errorf("limit %d: there is a page after the %d expected", limit, pages)
		}
		if want := productIDs(200); !slices.Equal(ids, want) {
			t.Errorf("limit %d: got %v", limit, ids)
		}
	}
	if got, want := h.Calls()[demo.Catalog]["GET /products"], 29+10+2; got != want {
		t.Errorf("%d calls counted, want %d", got, want)
	}
}

// The cursor of each product asks for what comes after it.
func TestProductsHaveCursors(t *testing.T) {
	h := start(t)
	var page productPage
	h.get(demo.Catalog, "/products?limit=3", "", &page)
	if page.NextCursor == nil || *page.NextCursor != page.Products[2].Cursor {
		t.Errorf("got %+v", page)
	}
	var following productPage
	h.get(demo.Catalog, "/products?limit=3&cursor="+page.Products[1].Cursor, "", &following)
	if want := []string{"p3", "p4", "p5"}; !slices.Equal(following.ids(), want) {
		t.Errorf("got %v, want %v", following.ids(), want)
	}
}

// productIDs are p1 and so on, up to the nth.
func productIDs(n int) []string {
	var ids []string
	for i := range n {
		ids = append(ids, fmt.Sprintf("p%d", i+1))
	}
	return ids
}

func TestProductsAreListedByTwenty(t *testing.T) {
	h := start(t)
	var page productPage
	h.get(demo.Catalog, "/products", "", &page)
	if !slices.Equal(page.ids(), productIDs(20)) || page.NextCursor == nil {
		t.Errorf("got %v, cursor %v", page.ids(), page.NextCursor)
	}
}

func TestProductsByIDs(t *testing.T) {
	h := start(t)
	var page productPage
	h.get(demo.Catalog, "/products?ids=p5,nothing,p1,p200,p1,", "", &page)
	if want := []string{"p1", "p200", "p5"}; !slices.Equal(sorted(page.ids()), want) {
		t.Errorf("got %v, want %v", page.ids(), want)
	}
	if asked := []string{"p5", "p1", "p200"}; slices.Equal(page.ids(), asked) {
		t.Error("the answer is in the order of the question")
	}
	if page.NextCursor != nil || page.Products[0].Cursor != "" {
		t.Error("there is a cursor")
	}
	page = productPage{}
	h.get(demo.Catalog, "/products?ids="+strings.Join(productIDs(100), ","), "", &page)
	if len(page.Products) != 100 {
		t.Errorf("got %d products of 100", len(page.Products))
	}
	page = productPage{}
	h.get(demo.Catalog, "/products?ids=", "", &page)
	if page.Products == nil || len(page.Products) != 0 {
		t.Errorf("got %v, want an empty list", page.Products)
	}
}

func sorted(s []string) []string {
	return slices.Sorted(slices.Values(s))
}

func TestProductsFilter(t *testing.T) {
	h := start(t)
	tests := []struct {
		name, query string
		want        []string
	}{
		{"category", "category=c12&limit=3", []string{"p12", "p24", "p36"}},
		{"text in any case", "q=" + url.QueryEscape("ESPRESSO maker"), []string{"p1"}},
		{"both", "q=set&category=c1", []string{"p109", "p169"}},
		{"nothing fits", "q=submarine", nil},
		{"unknown category", "category=c99", nil},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			var page productPage
			h.get(demo.Catalog, "/products?"+tc.query, "", &page)
			if page.Products == nil || !slices.Equal(page.ids(), tc.want) {
				t.Errorf("got %v, want %v", page.ids(), tc.want)
			}
		})
	}
}

func TestProductAndCategories(t *testing.T) {
	h := start(t)
	var p product
	h.get(demo.Catalog, "/products/p1", "", &p)
	want := product{
		ID: "p1", Name: "Stovetop Espresso Maker, 6 Cups", Description: p.Description, PriceCents: 3490, Currency: "EUR",
		CategoryID: "c1", ThumbnailURL: "https://cdn.example.com/products/p1/200.webp",
	}
	if p != want || p.Description == "" {
		t.Errorf("got %+v", p)
	}
	var list struct {
		Categories []struct{ ID, Name string }
	}
	h.get(demo.Catalog, "/categories", "", &list)
	if len(list.Categories) != 12 || list.Categories[0].Name != "Coffee & Tea" || list.Categories[11].ID != "c12" {
		t.Errorf("got %+v", list)
	}
	got := h.Calls()[demo.Catalog]
	if got["GET /products/{id}"] != 1 || got["GET /categories"] != 1 || h.Calls().Total() != 2 {
		t.Errorf("calls %v", got)
	}
}

func TestSearch(t *testing.T) {
	h := start(t)
	for query, want := range map[string][]string{
		"q=coffee":           {"category c1", "product p13", "product p37", "product p61", "product p193"},
		"q=COFFEE&limit=2":   {"category c1", "product p13"},
		"q=espresso%20maker": {"product p1"},
		"q=submarine":        nil,
	} {
		var found struct {
			Results []struct {
				Kind         string `json:"kind"`
				CategoryName string `json:"name"`
				product
			}
		}
		h.get(demo.Catalog, "/search?"+query, "", &found)
		var got []string
		for _, r := range found.Results {
			got = append(got, r.Kind+" "+r.ID)
		}
		if found.Results == nil || !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", query, got, want)
		}
	}
}

func TestCatalogRefusals(t *testing.T) {
	h := start(t)
	h.expectRefusals(demo.Catalog, []refusal{
		{name: "unknown product", route: "GET /products/p201", status: http.StatusNotFound, code: "not_found"},
		{name: "too many ids", route: "GET /products?ids=" + strings.Join(productIDs(101), ","), status: http.StatusBadRequest, code: "bad_request"},
		{name: "ids and a filter", route: "GET /products?ids=p1&q=x", status: http.StatusBadRequest, code: "bad_request"},
		{name: "limit 0", route: "GET /products?limit=0", status: http.StatusBadRequest, code: "bad_request"},
		{name: "limit 101", route: "GET /products?limit=101", status: http.StatusBadRequest, code: "bad_request"},
		{name: "limit no number", route: "GET /products?limit=ten", status: http.StatusBadRequest, code: "bad_request"},
		{name: "search without a text", route: "GET /search?limit=2", status: http.StatusBadRequest, code: "bad_request"},
		{name: "unknown cursor", route: "GET /products?cursor=p20", status: http.StatusBadRequest, code: "bad_request"},
	})
}
