package demo_test

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/portico-gateway/portico/demo"
)

type rate struct {
	OrderID string    `xml:"orderId,attr"`
	Carrier string    `xml:"carrier"`
	ETA     time.Time `xml:"eta"`
}

func (h *harness) rates(orderIDs ...string) []rate {
	h.t.Helper()
	a := h.call(demo.Shipping, "GET /rates?orderIds="+strings.Join(orderIDs, ","), "", "")
	if got := a.header.Get("Content-Type"); a.status != http.StatusOK || got != "application/xml; charset=utf-8" {
		h.t.Fatalf("status %d, Content-Type %q", a.status, got)
	}
	var list struct {
		XMLName xml.Name `xml:"rates"`
		Rates   []rate   `xml:"rate"`
	}
	if err := xml.Unmarshal([]byte(a.body), &list); err != nil {
		h.t.Fatal(err)
	}
	return list.Rates
}

func TestRates(t *testing.T) {
	h := start(t)
	var asked []string
	want := make(map[string]order)
	for n := range 10 {
		for _, o := range h.orders(fmt.Sprintf("u%d", n+1), "") {
			asked = append(asked, o.ID)
			if o.Status != "cancelled" {
				want[o.ID] = o
			}
		}
	}
	if len(want) == len(asked) {
		t.Fatal("no order was cancelled: take more users")
	}
	rates := h.rates(append(asked, "o0", asked[0])...)
	if len(rates) != len(want) {
		t.Errorf("%d rates for %d orders", len(rates), len(want))
	}
	for _, r := range rates {
		if o, ok := want[r.OrderID]; !ok || r.Carrier == "" || !r.ETA.After(o.CreatedAt) {
			t.Errorf("got %+v for %+v", r, o)
		}
	}
	if got := h.Calls()[demo.Shipping]["GET /rates"]; got != 1 {
		t.Errorf("%d calls counted", got)
	}
	if got := h.rates(); len(got) != 0 {
		t.Errorf("got %v for no orders", got)
	}
}

func TestRatesRefusalsAreXML(t *testing.T) {
	h := start(t)
	for _, path := range []string{"/rates", "/rates?orderIds=" + strings.Repeat("o1,", 101)} {
		a := h.call(demo.Shipping, "GET "+path, "", "")
		if a.status != http.StatusBadRequest || !strings.Contains(a.body, "<error><message>") {
			t.Errorf("got %d %s", a.status, a.body)
		}
	}
}
