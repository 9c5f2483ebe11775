package data

import (
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestDataIsTheSameEveryTime(t *testing.T) {
	if !reflect.DeepEqual(New(), New()) {
		t.Error("two calls differ")
	}
	// Pinned: what newcomers see, and what tests of others rely on, must not
	// change by accident.
	d := New()
	if got := []int{len(d.Products), len(d.Users), len(d.Categories), len(d.Reviews), len(d.Orders)}; !slices.Equal(got, []int{200, 50, 12, 1924, 197}) {
		t.Errorf("products, users, categories, reviews, orders: %v", got)
	}
	first := Review{
		ID: "r1916", ProductID: "p2", AuthorID: "u23", Rating: 5,
		Body:      "Could not be happier. Support answered my question within an hour.",
		CreatedAt: time.Date(2026, time.November, 22, 21, 38, 0, 0, time.UTC),
	}
	if got := d.Reviews[1915]; got != first {
		t.Errorf("got %+v", got)
	}
}

func TestNewGivesCopies(t *testing.T) {
	changed := New()
	changed.Products[0].Name, changed.Stock["p1"], changed.Orders[0].Items[0].Quantity = "", 0, 0
	if d := New(); d.Products[0].Name == "" || d.Stock["p1"] != 100 || d.Orders[0].Items[0].Quantity == 0 {
		t.Error("a change is seen by others")
	}
}

func TestProductsAreComplete(t *testing.T) {
	d := New()
	names := make(map[string]bool)
	perCategory := make(map[string]int)
	for i, p := range d.Products {
		if p.ID != id("p", i) || p.Name == "" || p.Description == "" || p.PriceCents < 100 || !strings.HasPrefix(p.ThumbnailURL, "https://") {
			t.Errorf("got %+v", p)
		}
		if names[p.Name] {
			t.Errorf("two products are called %s", p.Name)
		}
		names[p.Name] = true
		perCategory[p.CategoryID]++
	}
	for _, c := range d.Categories {
		if n := perCategory[c.ID]; n < 16 {
			t.Errorf("%s has %d products only", c.Name, n)
		}
	}
	if len(d.Stock) != 200 || d.Stock["p1"] != 100 || d.Stock["p13"] != 0 {
		t.Errorf("stock of %d products, p1 %d, p13 %d", len(d.Stock), d.Stock["p1"], d.Stock["p13"])
	}
}

func TestUsersHaveDistinctMailboxes(t *testing.T) {
	valid := regexp.MustCompile(`^[a-z.]+@example\.com$`)
	seen := make(map[string]bool)
	for _, u := range New().Users {
		if !valid.MatchString(u.Email) || seen[u.Email] {
			t.Errorf("%s: %s", u.DisplayName, u.Email)
		}
		seen[u.Email] = true
	}
}

func TestReviewsFitTheirProducts(t *testing.T) {
	d := New()
	perProduct := make(map[string]int)
	authors := make(map[[2]string]bool)
	for i, r := range d.Reviews {
		perProduct[r.ProductID]++
		author := [2]string{r.ProductID, r.AuthorID}
		if authors[author] {
			t.Errorf("%s reviewed %s twice", r.AuthorID, r.ProductID)
		}
		authors[author] = true
		if r.ID != id("r", i) || r.Rating < 1 || r.Rating > 5 || r.Body == "" || !r.CreatedAt.Before(d.Now) {
			t.Errorf("got %+v", r)
		}
	}
	for i, p := range d.Products {
		if none := (i+1)%50 == 0; none != (perProduct[p.ID] == 0) {
			t.Errorf("%s has %d reviews", p.ID, perProduct[p.ID])
		}
	}
}

func TestEveryUserHasThreeOrders(t *testing.T) {
	d := New()
	perUser := make(map[string]int)
	statuses := make(map[OrderStatus]int)
	for i, o := range d.Orders {
		perUser[o.UserID]++
		statuses[o.Status]++
		if o.ID != id("o", i) || len(o.Items) == 0 || o.TotalCents == 0 || !o.CreatedAt.Before(d.Now) {
			t.Errorf("got %+v", o)
		}
	}
	for _, u := range d.Users {
		if perUser[u.ID] < 3 {
			t.Errorf("%s has %d orders", u.ID, perUser[u.ID])
		}
	}
	for _, s := range []OrderStatus{Pending, Paid, Shipped, Delivered, Cancelled} {
		if statuses[s] == 0 {
			t.Errorf("no order is %s", s)
		}
	}
}
