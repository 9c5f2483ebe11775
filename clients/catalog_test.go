package clients_test

import (
	"testing"

	"github.com/portico-gateway/portico/clients/catalog"
	"github.com/portico-gateway/portico/gateway/problem"
)

func TestProduct(t *testing.T) {
	set, _ := start(t)
	p, err := set.Catalog.Product(t.Context(), "p1")
	if err != nil {
		t.Fatal(err)
	}
	if p.ID != "p1" || p.Name != "Stovetop Espresso Maker, 6 Cups" || p.Price.Amount != "34.90" || p.Price.Currency != "EUR" || p.CategoryID != "c1" || p.Description == nil || p.ThumbnailURL == nil {
		t.Errorf("got %+v, %+v", p, p.Price)
	}
	// An id is an id, whatever is in it.
	for _, id := range []string{"p0", "p1/", "../categories", "p1?x=1", "%70%31"} {
		if p, err := set.Catalog.Product(t.Context(), id); p != nil || err != nil {
			t.Errorf("%q: got %v, %v", id, p, err)
		}
	}
	_, err = set.Catalog.Product(t.Context(), "..")
	wantCode(t, err, problem.BadUserInput)
}

func TestProductsByID(t *testing.T) {
	set, _ := start(t)
	found, err := set.Catalog.ProductsByID(t.Context(), []string{"p3", "p0", "p1"})
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	for _, p := range found {
		ids[p.ID] = true
	}
	if len(found) != 2 || !ids["p1"] || !ids["p3"] {
		t.Errorf("got %v", ids)
	}
}

// Pages have all products, each once.
func TestPages(t *testing.T) {
	set, _ := start(t)
	seen := map[string]bool{}
	page := catalog.Page{Limit: 70}
	for pages := 1; ; pages++ {
		got, err := set.Catalog.Products(t.Context(), page)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range got.Nodes {
			if seen[p.ID] {
				t.Errorf("%s comes twice", p.ID)
			}
			seen[p.ID] = true
		}
		if !got.PageInfo.HasNextPage {
			if pages != 3 || len(seen) != 200 {
				t.Errorf("%d products on %d pages", len(seen), pages)
			}
			return
		}
		page.Cursor = *got.PageInfo.EndCursor
	}
}

func TestShelvesAndSearch(t *testing.T) {
	set, _ := start(t)
	shelves, err := set.Catalog.Categories(t.Context())
	if err != nil || len(shelves) != 12 || shelves[0].ID == "" || shelves[0].Name == "" {
		t.Fatalf("got %d shelves, %v", len(shelves), err)
	}
	shelf, err := set.Catalog.Products(t.Context(), catalog.Page{Limit: 5, Category: "c2"})
	if err != nil || len(shelf.Nodes) != 5 {
		t.Fatalf("got %+v, %v", shelf, err)
	}
	for _, p := range shelf.Nodes {
		if p.CategoryID != "c2" {
			t.Errorf("%s is of %s", p.ID, p.CategoryID)
		}
	}
	found, err := set.Catalog.Products(t.Context(), catalog.Page{Limit: 5, Search: "stovetop & espresso=no"})
	if err != nil || len(found.Nodes) != 0 {
		t.Errorf("found %+v, %v", found, err)
	}
	if found, err = set.Catalog.Products(t.Context(), catalog.Page{Limit: 5, Search: "stovetop"}); err != nil || len(found.Nodes) == 0 {
		t.Errorf("found %+v, %v", found, err)
	}
}
