package mock_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"golang.org/x/tools/txtar"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/portico-gateway/portico/clients/inventory/inventorypb"
	"github.com/portico-gateway/portico/clients/reviews/reviewspb"
	"github.com/portico-gateway/portico/internal/mock"
)

const shop = `
openapi: 3.0.3
info: { title: Shop, version: "1" }
paths:
  /orders:
    get:
      parameters:
        - { name: limit, in: query, schema: { type: integer } }
        - { name: ids, in: query, schema: { type: array, items: { type: string } } }
        - { name: customerId, in: query, schema: { type: array, items: { type: string } } }
      responses: { "200": { description: ok, content: { application/json: { schema: { $ref: "#/components/schemas/Page" } } } } }
    post:
      responses: { "201": { description: ok, content: { application/json: { schema: { $ref: "#/components/schemas/Order" } } } } }
  /orders/{orderId}:
    get:
      responses: { "200": { description: ok, content: { application/json: { schema: { $ref: "#/components/schemas/Order" } } } } }
    delete:
      responses: { "204": { description: gone } }
  /shops/{shop}/orders/{orderId}.{format}:
    get:
      responses: { "200": { description: ok, content: { application/json: { schema: { $ref: "#/components/schemas/Order" } } } } }
  /orders/latest:
    get:
      responses: { "200": { description: ok, content: { application/json: { schema: { $ref: "#/components/schemas/Order" } } } } }
  /example:
    get:
      responses: { "200": { description: ok, content: { application/json: { example: { a: [1] } } } } }
components:
  schemas:
    Page:
      type: object
      required: [items, hasNext]
      properties:
        items: { type: array, items: { $ref: "#/components/schemas/Order" } }
        next: { type: string }
        hasNext: { type: boolean }
    Order:
      type: object
      required: [id, customerId, status]
      properties:
        id: { type: string }
        customerId: { type: integer }
        status: { type: string, enum: [open, shipped] }
        note: { type: string, minLength: 30, maxLength: 40 }
`

// service returns the URL of a mock of a document.
func service(t *testing.T, document string, seed uint64) string {
	t.Helper()
	dir := t.TempDir()
	if err := errors.Join(os.MkdirAll(filepath.Join(dir, "clients", "a"), 0o750),
		os.WriteFile(filepath.Join(dir, "clients", "a", "openapi.yaml"), []byte(document), 0o600)); err != nil {
		t.Fatal(err)
	}
	handler, err := mock.NewProject(dir).Service(t.Context(), "a", "http://a", seed)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	return s.URL
}

func call(t *testing.T, method, url, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	status, _, text := do(t, r)
	return status, text
}

func do(t *testing.T, r *http.Request) (status int, kind, text string) {
	t.Helper()
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, response.Header.Get("Content-Type"), string(content)
}

type order struct {
	ID, Status, Note string
	CustomerID       int
}

func orders(t *testing.T, text string) []order {
	t.Helper()
	var page struct {
		Items []order
		Next  *string
	}
	if err := json.Unmarshal([]byte(text), &page); err != nil || page.Next != nil {
		t.Fatal(text, err)
	}
	return page.Items
}

func TestRows(t *testing.T) {
	url := service(t, shop, 1)
	_, text := call(t, http.MethodGet, url+"/orders?limit=5", "")
	listed := orders(t, text)
	if len(listed) != 5 || listed[4].ID != "5" || len(listed[0].Note) < 30 || len(listed[0].Note) > 40 {
		t.Errorf("%s: want five orders", text)
	}
	var one order
	_, text = call(t, http.MethodGet, url+"/orders/5", "")
	if err := json.Unmarshal([]byte(text), &one); err != nil || one != listed[4] {
		t.Errorf("the order is %+v, and listed as %+v: %v", one, listed[4], err)
	}
	_, text = call(t, http.MethodGet, url+"/orders?ids=9,7,9&ids=2", "")
	if got := orders(t, text); len(got) != 3 || got[0].ID != "9" || got[1].ID != "7" || got[2].ID != "2" {
		t.Errorf("%s: want the orders 9, 7 and 2", text)
	}
	_, text = call(t, http.MethodGet, url+"/orders?customerId=4", "")
	if got := orders(t, text); len(got) != 2 || got[0].CustomerID != 4 || got[1].CustomerID != 4 || got[0].ID == got[1].ID {
		t.Errorf("%s: want two orders of customer 4", text)
	}
}

func TestSeeds(t *testing.T) {
	_, a := call(t, http.MethodGet, service(t, shop, 1)+"/orders", "")
	_, b := call(t, http.MethodGet, service(t, shop, 1)+"/orders", "")
	_, other := call(t, http.MethodGet, service(t, shop, 2)+"/orders", "")
	if a != b || a == other {
		t.Errorf("seed 1 gives\n%s\nand\n%s\nand seed 2\n%s", a, b, other)
	}
}

func TestAnswers(t *testing.T) {
	url := service(t, shop, 1)
	for _, c := range []struct {
		method, path, body string
		status             int
		part               string
	}{
		{http.MethodPost, "/orders", `{"customerId": 77, "status": "open"}`, 201, `"customerId":77`},
		{http.MethodPost, "/orders", `no JSON`, 201, `"customerId":`},
		{http.MethodDelete, "/orders/1", "", 204, ""},
		{http.MethodGet, "/orders/latest", "", 200, `"id":"1"`},
		{http.MethodGet, "/shops/7/orders/a%2Fb.json", "", 200, `"id":"a/b"`},
		{http.MethodGet, "/example", "", 200, `{"a":[1]}`},
		{http.MethodGet, "/nothing", "", 404, "the document of a has no GET /nothing"},
		{http.MethodPut, "/orders", "", 404, "the document of a has no PUT /orders"},
	} {
		if status, text := call(t, c.method, url+c.path, c.body); status != c.status || !strings.Contains(text, c.part) {
			t.Errorf("%s %s: %d %s; want %d with %s", c.method, c.path, status, text, c.status, c.part)
		}
	}
}

// What a mock answers is what its document says, of all documents that the importer is tested with.
func TestAnswersFitTheirSchemas(t *testing.T) {
	files, err := filepath.Glob("../importer/testdata/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	answers := 0
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range archive.Files {
			if !bytes.Contains(f.Data, []byte("openapi")) || bytes.HasPrefix(f.Data, []byte("#")) {
				continue
			}
			doc, err := openapi3.NewLoader().LoadFromData(f.Data)
			if err != nil || doc.Paths == nil || !strings.HasPrefix(doc.OpenAPI, "3.0") {
				continue // a mistake is what it tests, or kin-openapi checks 3.1 in another way
			}
			t.Run(filepath.Base(file)+"/"+f.Name, func(t *testing.T) { answers += fit(t, string(f.Data), doc) })
		}
	}
	if answers < 20 {
		t.Errorf("%d answers were compared, want more", answers)
	}
}

// fit compares the answers to all operations of a document with its schemas, and returns how many there are.
func fit(t *testing.T, document string, doc *openapi3.T) int {
	url, answers := service(t, document, 3), 0
	for _, path := range slices.Sorted(maps.Keys(doc.Paths.Map())) {
		for method, operation := range doc.Paths.Value(path).Operations() {
			at := url + path
			for _, name := range []string{"{", "}"} {
				at = strings.ReplaceAll(at, name, "")
			}
			status, text := call(t, method, at, "")
			response := operation.Responses.Status(status)
			if response == nil {
				response = operation.Responses.Default()
			}
			if response == nil || response.Value.Content.Get("application/json") == nil {
				continue
			}
			schema := response.Value.Content.Get("application/json").Schema
			if schema == nil {
				continue
			}
			var value any
			if err := json.Unmarshal([]byte(text), &value); err != nil {
				t.Errorf("%s %s: %v: %s", method, path, err, text)
				continue
			}
			if err := schema.Value.VisitJSON(value); err != nil {
				t.Errorf("%s %s: %s\n%v", method, path, text, err)
			}
			answers++
		}
	}
	return answers
}

func TestNoDocument(t *testing.T) {
	for _, url := range []string{"http://a", "grpc://a"} {
		if _, err := mock.NewProject(t.TempDir()).Service(t.Context(), "a", url, 1); !errors.Is(err, mock.ErrNoDocument) {
			t.Errorf("%s: %v", url, err)
		}
	}
}

// The protos of the demo.
func TestGRPC(t *testing.T) {
	handler, err := mock.NewProject("../..").Service(t.Context(), "reviews", "grpc://reviews", 1)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(handler)
	s.Config.Protocols = new(http.Protocols)
	s.Config.Protocols.SetUnencryptedHTTP2(true)
	s.Start()
	defer s.Close()
	connection, err := grpc.NewClient(s.Listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	stock, err := inventorypb.NewInventoryServiceClient(connection).GetStock(t.Context(), &inventorypb.GetStockRequest{ProductIds: []string{"p2", "p1"}})
	if err != nil {
		t.Fatal(err)
	}
	if list := stock.GetStocks(); len(list) != 2 || list[0].GetProductId() != "p2" || list[1].GetProductId() != "p1" || list[0].GetAvailable() == 0 {
		t.Errorf("the stock of p2 and p1 is %v", stock)
	}
	reviews, err := reviewspb.NewReviewsServiceClient(connection).ListByProducts(t.Context(), &reviewspb.ListByProductsRequest{ProductIds: []string{"p2", "p1"}})
	if err != nil {
		t.Fatal(err)
	}
	if list := reviews.GetReviews(); len(list) != 2 || list[1].GetProductId() != "p1" || list[1].GetCreatedAt().AsTime().Year() != 2026 {
		t.Errorf("the reviews of p2 and p1 are %v", reviews)
	}
	watch, err := inventorypb.NewInventoryServiceClient(connection).WatchStock(t.Context(), &inventorypb.WatchStockRequest{ProductId: "p3"})
	if err != nil {
		t.Fatal(err)
	}
	events := 0
	for ; ; events++ {
		event, err := watch.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil || event.GetStock().GetProductId() == "" {
			t.Fatal(event, err)
		}
	}
	if events != 3 {
		t.Errorf("%d events, want 3", events)
	}
}
