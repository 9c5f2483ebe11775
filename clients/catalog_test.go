package clients_test

import (
	"errors"
	"testing"

	"github.com/portico-gateway/portico/gateway/loader"
	"github.com/portico-gateway/portico/gateway/problem"
	"github.com/portico-gateway/portico/graph/model"
)

func TestProduct(t *testing.T) {
	set, _ := start(t)
	p, err := set.Catalog.Product(t.Context(), "p1")
	if err != nil {
		t.Fatal(err)
	}
	if p.ID != "p1" || p.Name != "Stovetop Espresso Maker, 6 Cups" || p.Price.Amount != "34.90" || p.Price.Currency != "EUR" || *p.CategoryID != "c1" || p.Description == nil || p.ThumbnailURL == nil {
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
	found, err := set.Catalog.OrderItemProduct().LoadAll(t.Context(), []string{"p3", "p0", "p1", "p3"})
	if err != nil {
		t.Fatal(err)
	}
	if found[0].ID != "p3" || found[1] != nil || found[2].ID != "p1" || found[3].ID != "p3" {
		t.Errorf("got %v", found)
	}
	// A comma in an id would make two of it.
	found, err = set.Catalog.OrderItemProduct().LoadAll(t.Context(), []string{"p1,p2", "p1"})
	var failed loader.Errors
	if !errors.As(err, &failed) || failed[1] != nil || found[1].ID != "p1" {
		t.Fatalf("got %v, %v", found, err)
	}
	wantCode(t, failed[0], problem.BadUserInput)
}

// Pages have all products, each once.
func TestPages(t *testing.T) {
	set, _ := start(t)
	seen := map[string]bool{}
	var after *string
	for pages := 1; ; pages++ {
		got, err := set.Catalog.WebProducts(t.Context(), new(70), after, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i, p := range got.Nodes {
			if seen[p.ID] {
				t.Errorf("%s comes twice", p.ID)
			}
			seen[p.ID] = true
			if edge := got.Edges[i]; edge.Node != p || edge.Cursor == "" {
				t.Errorf("edge %d is %+v", i, edge)
			}
		}
		if !got.PageInfo.HasNextPage {
			if pages != 3 || len(seen) != 200 {
				t.Errorf("%d products on %d pages", len(seen), pages)
			}
			return
		}
		after = got.PageInfo.EndCursor
	}
}

// What is found is a category or a product, as its kind says.
func TestSearch(t *testing.T) {
	set, _ := start(t)
	found, err := set.Catalog.Search(t.Context(), "coffee", new(2))
	if err != nil || len(found) != 2 {
		t.Fatalf("got %v, %v", found, err)
	}
	if c, ok := found[0].(*model.Category); !ok || c.Name != "Coffee & Tea" {
		t.Errorf("got %+v", found[0])
	}
	if p, ok := found[1].(*model.Product); !ok || p.Price.Currency != "EUR" {
		t.Errorf("got %+v", found[1])
	}
}

func TestShelvesAndSearch(t *testing.T) {
	set, _ := start(t)
	shelves, err := set.Catalog.Categories(t.Context())
	if err != nil || len(shelves) != 12 || shelves[0].ID == "" || shelves[0].Name == "" {
		t.Fatalf("got %d shelves, %v", len(shelves), err)
	}
	shelf, err := set.Catalog.WebProducts(t.Context(), new(5), nil, new("c2"), nil)
	if err != nil || len(shelf.Nodes) != 5 {
		t.Fatalf("got %+v, %v", shelf, err)
	}
	for _, p := range shelf.Nodes {
		if *p.CategoryID != "c2" {
			t.Errorf("%s is of %s", p.ID, *p.CategoryID)
		}
	}
	found, err := set.Catalog.WebProducts(t.Context(), new(5), nil, nil, new("stovetop & espresso=no"))
	if err != nil || len(found.Nodes) != 0 {
		t.Errorf("found %+v, %v", found, err)
	}
	if found, err = set.Catalog.WebProducts(t.Context(), new(5), nil, nil, new("stovetop")); err != nil || len(found.Nodes) == 0 {
		t.Errorf("found %+v, %v", found, err)
	}
}
