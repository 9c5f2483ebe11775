package demo_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"github.com/portico-gateway/portico/clients/reviews/reviewspb"
	"github.com/portico-gateway/portico/demo"
)

// awaitCalls polls until so many calls have arrived: those that a fault holds
// up count, but nothing else shows that they are there.
func (h *harness) awaitCalls(n int) {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(h.t.Context(), 10*time.Second)
	defer cancel()
	for ticker := time.Tick(time.Millisecond); h.Calls().Total() < n; {
		select {
		case <-ticker:
		case <-ctx.Done():
			h.t.Fatalf("%d calls of %d: %v", h.Calls().Total(), n, h.Calls())
		}
	}
}

func (h *harness) postFault(body string) {
	h.t.Helper()
	if a := h.call(demo.Control, "POST /faults", "", body); a.status != http.StatusNoContent {
		h.t.Fatalf("status %d: %s", a.status, a.body)
	}
}

func TestCallsAreCountedByRouteUntilReset(t *testing.T) {
	h := start(t)
	h.call(demo.Catalog, "GET /products/p1", "", "")
	h.call(demo.Catalog, "GET /products/p999", "", "")
	h.call(demo.Catalog, "DELETE /products/p1", "", "")
	h.reviews().list(1, "p1")

	var got struct {
		Calls map[string]map[string]int
		Total int
	}
	h.get(demo.Control, "/calls", "", &got)
	want := map[string]map[string]int{
		"catalog": {"GET /products/{id}": 2, "DELETE unknown": 1},
		"reviews": {"ListByProducts": 1},
	}
	if !reflect.DeepEqual(got.Calls, want) || got.Total != 4 {
		t.Errorf("got %+v, want %+v", got, want)
	}

	if a := h.call(demo.Control, "POST /reset", "", ""); a.status != http.StatusNoContent {
		t.Errorf("status %d", a.status)
	}
	if a := h.call(demo.Control, "GET /calls", "", ""); a.body != `{"calls":{},"total":0}` {
		t.Errorf("after the reset: %s", a.body)
	}
}

func TestResetRestoresTheData(t *testing.T) {
	h := start(t)
	reviews, inventory := h.reviews(), h.inventory()
	orders := h.orders("u1", "")
	change := func() (order, *reviewspb.Review) {
		r, err := reviews.add(h.token("u1"), "p1", 1, "Hm")
		if err != nil {
			t.Fatal(err)
		}
		return h.buy("u1", `{"product_id":"p1","quantity":100}`), r
	}
	firstOrder, firstReview := change()
	h.Reset()
	if got := h.orders("u1", ""); !reflect.DeepEqual(got, orders) {
		t.Errorf("orders: got %+v, want %+v", got, orders)
	}
	if got := inventory.ofP1(); got != 100 {
		t.Errorf("stock: got %d, want 100", got)
	}
	if got := reviews.list(1, "p1")[0].GetBody(); got == "Hm" {
		t.Error("the review is still there")
	}
	// The same requests give the same answers again, ids and dates included.
	order, review := change()
	if !reflect.DeepEqual(order, firstOrder) || !proto.Equal(review, firstReview) {
		t.Errorf("got %+v and %v, want %+v and %v", order, review, firstOrder, firstReview)
	}
}

func TestFaultsAreShownAndHealed(t *testing.T) {
	h := start(t)
	h.postFault(`{"service":"reviews","delay":"2s","errorRate":0.5}`)
	h.postFault(`{"service":"catalog","html":true,"hang":true}`)
	const want = `{"faults":{"catalog":{"hang":true,"html":true},"reviews":{"delay":"2s","errorRate":0.5}}}`
	if got := h.call(demo.Control, "GET /faults", "", "").body; got != want {
		t.Errorf("got %s", got)
	}
	h.postFault(`{"service":"reviews"}`)
	if got := h.call(demo.Control, "GET /faults", "", "").body; strings.Contains(got, "reviews") {
		t.Errorf("got %s", got)
	}
	if a := h.call(demo.Control, "DELETE /faults", "", ""); a.status != http.StatusNoContent {
		t.Errorf("status %d", a.status)
	}
	if got := h.call(demo.Control, "GET /faults", "", "").body; got != `{"faults":{}}` {
		t.Errorf("got %s", got)
	}
	h.get(demo.Catalog, "/products/p1", "", &product{})
}

func TestFaultRefusals(t *testing.T) {
	h := start(t)
	var cases []refusal
	for name, body := range map[string]string{
		"unknown field":     `{"service":"catalog","errorrrate":1}`,
		"no duration":       `{"service":"catalog","delay":"2"}`,
		"negative duration": `{"service":"catalog","delay":"-2s"}`,
		"rate above 1":      `{"service":"catalog","errorRate":1.1}`,
		"rate below 0":      `{"service":"catalog","errorRate":-0.1}`,
		"HTML from gRPC":    `{"service":"reviews","html":true}`,
		"no JSON":           `service=catalog`,
	} {
		cases = append(cases, refusal{name: name, route: "POST /faults", body: body, status: 400, code: "bad_request"})
	}
	for name, body := range map[string]string{
		"unknown service": `{"service":"catalogue"}`, "no service": `{}`, "the control": `{"service":"control","hang":true}`,
	} {
		cases = append(cases, refusal{name: name, route: "POST /faults", body: body, status: 404, code: "not_found"})
	}
	h.expectRefusals(demo.Control, cases)
	a := h.call(demo.Control, "POST /faults", "", `{"service":"catalogue"}`)
	if !strings.Contains(a.body, "accounts, catalog, inventory, orders, reviews, shipping") {
		t.Errorf("the services are not listed: %s", a.body)
	}
}

func TestErrorRate(t *testing.T) {
	tests := []struct {
		rate string
		want string // of the calls, in turn: x failed
	}{
		{"1", "xxxxxxxxxx"},
		{"0.5", ".x.x.x.x.x"},
		{"0.3", "...x..x..x"},
		{"0.1", ".........x"},
		{"0", ".........."},
	}
	h := start(t)
	inventory := h.inventory()
	for _, tc := range tests {
		h.postFault(`{"service":"catalog","errorRate":` + tc.rate + `}`)
		h.postFault(`{"service":"inventory","errorRate":` + tc.rate + `}`)
		var overHTTP, overGRPC strings.Builder
		for range tc.want {
			overHTTP.WriteString(outcome(h.call(demo.Catalog, "GET /products/p1", "", "").status == http.StatusInternalServerError))
			_, err := inventory.stock(t.Context(), "p1")
			if err != nil {
				expectCode(t, err, codes.Unavailable)
			}
			overGRPC.WriteString(outcome(err != nil))
		}
		if overHTTP.String() != tc.want || overGRPC.String() != tc.want {
			t.Errorf("rate %s: got %s and %s, want %s", tc.rate, &overHTTP, &overGRPC, tc.want)
		}
	}
}

func outcome(failed bool) string {
	if failed {
		return "x"
	}
	return "."
}

func TestHTML(t *testing.T) {
	h := start(t)
	for rate, want := range map[int]int{0: http.StatusOK, 1: http.StatusBadGateway} {
		h.postFault(fmt.Sprintf(`{"service":"catalog","html":true,"errorRate":%d}`, rate))
		a := h.call(demo.Catalog, "GET /products/p1", "", "")
		if a.status != want || a.header.Get("Content-Type") != "text/html; charset=utf-8" || !strings.HasPrefix(a.body, "<!doctype html>") {
			t.Errorf("got %d %s %s", a.status, a.header.Get("Content-Type"), a.body)
		}
	}
}

func TestDelay(t *testing.T) {
	h := start(t)
	h.postFault(`{"service":"catalog","delay":"30ms"}`)
	h.postFault(`{"service":"inventory","delay":"30ms"}`)
	began := time.Now()
	h.get(demo.Catalog, "/products/p1", "", &product{})
	h.inventory().ofP1()
	if took := time.Since(began); took < 60*time.Millisecond {
		t.Errorf("took %v", took)
	}
}

func TestHangEndsWhenTheFaultIsLifted(t *testing.T) {
	h := start(t)
	h.postFault(`{"service":"orders","hang":true}`)
	h.postFault(`{"service":"inventory","delay":"1h"}`)
	token, inventory := h.token("u1", orderScope), h.inventory()
	order, stock := make(chan answer), make(chan int32)
	go func() {
		a, _ := h.do(t.Context(), demo.Orders, "POST /orders", token, `{"items":[{"product_id":"p2","quantity":1}]}`)
		order <- a
	}()
	go func() {
		stocks, _ := inventory.stock(t.Context(), "p1")
		stock <- append(stocks, nil)[0].GetAvailable()
	}()
	h.awaitCalls(2)
	h.Heal()
	if got := <-order; got.status != http.StatusCreated {
		t.Errorf("got %d %s", got.status, got.body)
	}
	if got := <-stock; got != 100 {
		t.Errorf("got %d", got)
	}
}

func TestHangEndsWhenTheCallerGivesUp(t *testing.T) {
	h := start(t)
	for _, name := range []string{demo.Orders, demo.Inventory} {
		if err := h.SetFault(name, demo.Fault{Hang: true}); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() {
		_, err := h.do(ctx, demo.Orders, "POST /orders", "", `{}`)
		ended <- err
	}()
	inventory := h.inventory()
	go func() {
		_, err := inventory.stock(ctx, "p1")
		ended <- err
	}()
	h.awaitCalls(2)
	cancel()
	for range 2 {
		err := <-ended
		if !errors.Is(err, context.Canceled) {
			expectCode(t, err, codes.Canceled)
		}
	}
}
