package mock_test

import (
	"encoding/json"
	"encoding/xml"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/portico-gateway/portico/internal/mock"
)

// bound returns the URL of a mock of a service of this repository's shop, none of which has a document.
func bound(t *testing.T, project *mock.Project, service string, seed uint64) string {
	t.Helper()
	handler, err := project.Service(t.Context(), service, "http://"+service, seed)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	return s.URL
}

type product struct {
	ID         string
	Name       *string `json:"product_name"`
	PriceCents *int    `json:"price_cents"`
	Currency   string
	CategoryID string `json:"category_id"`
	Cursor     string
}

type products struct {
	Products []product
	Next     string `json:"next_cursor"`
}

// answerOf returns what a mock answers to a GET.
func answerOf[T any](t *testing.T, url string) T {
	t.Helper()
	var value T
	status, text := call(t, http.MethodGet, url, "")
	if err := json.Unmarshal([]byte(text), &value); err != nil || status != http.StatusOK {
		t.Fatalf("%s: %d %s: %v", url, status, text, err)
	}
	return value
}

// The bindings of the shop say what its services answer.
func TestBindings(t *testing.T) {
	project := mock.NewProject("../..")
	catalog := bound(t, project, "catalog", 1)
	t.Run("an object", func(t *testing.T) {
		p := answerOf[product](t, catalog+"/products/a%2Fb")
		if p.ID != "a/b" || p.Name == nil || p.PriceCents == nil || !slices.Contains([]string{"EUR", "USD", "GBP", "JPY"}, p.Currency) {
			t.Errorf("%+v", p)
		}
	})
	t.Run("a batch", func(t *testing.T) {
		batch := answerOf[products](t, catalog+"/products?ids=p2,p1,p2")
		if list := batch.Products; len(list) != 2 || list[0].ID != "p2" || list[1].ID != "p1" || batch.Next != "" {
			t.Fatalf("%+v: want p2 and p1", batch)
		}
		if one := answerOf[product](t, catalog+"/products/p1"); *one.Name != *batch.Products[1].Name || *one.PriceCents != *batch.Products[1].PriceCents {
			t.Errorf("p1 is %+v, and %+v in a batch", one, batch.Products[1])
		}
	})
	t.Run("pages", func(t *testing.T) {
		var ids []string
		pages, next := 0, ""
		for ; pages == 0 || next != ""; pages++ {
			page := answerOf[products](t, catalog+"/products?limit=10&category=c7&cursor="+next)
			for _, p := range page.Products {
				if ids = append(ids, p.ID); p.CategoryID != "c7" || p.Cursor != p.ID {
					t.Errorf("%+v: want a product of the category, with a cursor", p)
				}
			}
			next = page.Next
		}
		if unique := slices.Compact(slices.Sorted(slices.Values(ids))); pages != 3 || len(ids) != 25 || len(unique) != 25 {
			t.Errorf("%d pages have %v; want 25 products in 3 pages", pages, ids)
		}
	})
	t.Run("a union", func(t *testing.T) {
		found := answerOf[struct {
			Results []struct{ Kind, ID, Name string }
		}](t, catalog+"/search?q=x&limit=4")
		kinds := map[string]int{}
		for _, r := range found.Results {
			kinds[r.Kind]++
		}
		if kinds["Product"] != 2 || kinds["Category"] != 2 {
			t.Errorf("%+v: want two of each type", found)
		}
	})
	t.Run("XML", func(t *testing.T) {
		_, text := call(t, http.MethodGet, bound(t, project, "shipping", 1)+"/rates?orderIds=7,3", "")
		var rates struct {
			Rate []struct {
				OrderID string `xml:"orderId,attr"`
				Carrier string `xml:"carrier"`
				ETA     string `xml:"eta"`
			} `xml:"rate"`
		}
		if err := xml.Unmarshal([]byte(text), &rates); err != nil || len(rates.Rate) != 2 || rates.Rate[0].OrderID != "7" || rates.Rate[1].OrderID != "3" ||
			rates.Rate[0].Carrier == "" || !strings.HasPrefix(rates.Rate[1].ETA, "2026-") {
			t.Errorf("%s: %v: want the rates of the orders 7 and 3", text, err)
		}
	})
	orders := bound(t, project, "orders", 1)
	t.Run("a list of a parent", func(t *testing.T) {
		list := answerOf[struct{ Orders []struct{ ID, Status string } }](t, orders+"/orders?userId=u1&limit=4")
		for i, o := range list.Orders {
			if o.ID != strconv.Itoa(i+1) || !slices.Contains([]string{"PENDING", "PAID", "SHIPPED", "DELIVERED", "CANCELLED"}, o.Status) {
				t.Errorf("%+v", o)
			}
		}
		if len(list.Orders) != 4 {
			t.Errorf("%+v: want four orders", list)
		}
	})
	t.Run("a mutation", func(t *testing.T) {
		status, text := call(t, http.MethodPost, orders+"/orders", `{"items": [{"product_id": "p1", "quantity": 2}]}`)
		if status != http.StatusOK || !strings.Contains(text, `"total_cents":`) {
			t.Errorf("%d %s", status, text)
		}
	})
	t.Run("no binding", func(t *testing.T) {
		if status, text := call(t, http.MethodPut, orders+"/orders", ""); status != http.StatusNotFound || !strings.Contains(text, "orders has no document, and no binding calls PUT /orders") {
			t.Errorf("%d %s", status, text)
		}
	})
	t.Run("seeds", func(t *testing.T) {
		_, same := call(t, http.MethodGet, bound(t, mock.NewProject("../.."), "catalog", 1)+"/categories", "")
		_, other := call(t, http.MethodGet, bound(t, project, "catalog", 2)+"/categories", "")
		if _, text := call(t, http.MethodGet, catalog+"/categories", ""); text != same || text == other {
			t.Errorf("seed 1 gives\n%s\nand\n%s\nand seed 2\n%s", text, same, other)
		}
	})
}

// A request that several bindings make has what all of them read; one that none makes is refused.
func TestRequestsOfBindings(t *testing.T) {
	catalog := bound(t, mock.NewProject("../.."), "catalog", 1)
	for path, want := range map[string][]string{
		"/products?limit=2":             {`"product_name"`, `"description"`, `"cursor"`, `"next_cursor"`}, // of web and of mobile
		"/products?limit=2&category=c1": {`"category_id":"c1"`},
		"/products?ids=p1":              {`"id":"p1"`},
		"/products?limit=30":            {`"id":"25"`},
		"/categories":                   {`"id":"3"`},
		"/search?q=a&limit=2":           {`"kind":"Category"`},
		"/search":                       {`"kind":"Product"`},
		"/products/p1/parts":            {"no binding calls GET /products/p1/parts"},
	} {
		_, text := call(t, http.MethodGet, catalog+path, "")
		for _, part := range want {
			if !strings.Contains(text, part) {
				t.Errorf("%s: %s; want %s", path, text, part)
			}
		}
	}
}
