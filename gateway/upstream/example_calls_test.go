package upstream_test

import (
	"context"
	"fmt"
	"io"
	"iter"
	"net"
	"net/http"
	"net/http/httptest"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"

	"github.com/portico-gateway/portico/gateway/decode"
	"github.com/portico-gateway/portico/gateway/problem"
	"github.com/portico-gateway/portico/gateway/upstream"
)

// openShop returns the client of a service with a handler, and a function that closes both.
func openShop(handler http.HandlerFunc) (shop upstream.HTTP, closeAll func()) {
	server := httptest.NewServer(handler)
	services, err := upstream.Open([]upstream.Config{{Name: "shop", URL: server.URL}})
	if err != nil {
		panic(err)
	}
	shop, err = services.HTTP("shop")
	if err != nil {
		panic(err)
	}
	return shop, func() {
		_ = services.Close()
		server.Close()
	}
}

// By default, an answer with an error is DOWNSTREAM_SERVICE_ERROR. A client replaces it where its callers need to know more.
func ExampleIsStatus() {
	shop, closeAll := openShop(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Println(r.Method, r.URL, string(body))
		w.WriteHeader(http.StatusConflict)
	})
	defer closeAll()

	// placeOrder places an order, and has no result.
	placeOrder := func(ctx context.Context, product string) error {
		err := shop.Done(ctx, upstream.Request{
			Method: http.MethodPost,
			Path:   []string{"orders"},
			Body:   map[string]any{"product": product}, // is sent as JSON
		})
		if upstream.IsStatus(err, http.StatusConflict) {
			return problem.Wrap(err, "OUT_OF_STOCK", "Nothing is left of this product.") // the log has err as the cause
		}
		return err
	}
	fmt.Println(problem.CodeOf(placeOrder(context.Background(), "p7")))
	// Output:
	// POST /orders {"product":"p7"}
	// OUT_OF_STOCK
}

// A method reads a header of the caller's request. The gateway notes this: it caches the answer only for callers who send
// the same value.
func ExampleHeader() {
	// Greeting is the method of Query.greeting.
	greeting := func(ctx context.Context) string {
		if upstream.Header(ctx, "Accept-Language") == "de" {
			return "Guten Tag"
		}
		return "Hello"
	}

	// The gateway adds the caller to the context; a test of a method uses WithCaller.
	ctx := upstream.WithCaller(context.Background(), upstream.Caller{Headers: http.Header{"Accept-Language": {"de"}}})
	fmt.Println(greeting(ctx))
	fmt.Println(greeting(context.Background()))
	// Output:
	// Guten Tag
	// Hello
}

// A method of a subscription returns the events of a stream of the service, here server-sent events.
func ExampleHTTP_StreamJSON() {
	shop, closeAll := openShop(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprint(w, "data: {\"price\": 34.9}\n\n")
		fmt.Fprint(w, "data: {\"price\": \"free\"}\n\n") // does not fit
		fmt.Fprint(w, "data: {\"price\": 29.9}\n\n")
	})
	defer closeAll()

	type Offer struct {
		Price float64 `json:"price"`
	}
	// OfferChanged is the method of Subscription.offerChanged.
	offerChanged := func(ctx context.Context) (iter.Seq2[Offer, error], error) {
		events, err := shop.StreamJSON(ctx, upstream.Request{Path: []string{"offers"}})
		if err != nil {
			return nil, err // of a service that refuses the stream
		}
		return upstream.Events(events, func(event *decode.JSON) (Offer, error) {
			offer, err := decode.Value[Offer](event)
			return offer, event.Done("the offer", err)
		}), nil
	}

	offers, err := offerChanged(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	for offer, err := range offers {
		if err != nil { // of this event: those that follow are still received
			fmt.Println(problem.CodeOf(err))
			continue
		}
		fmt.Println(offer.Price)
	}
	// Output:
	// 34.9
	// DOWNSTREAM_SERVICE_ERROR
	// 29.9
}

// A hand-written client of a gRPC service uses the stub that protoc-gen-go-grpc generates, here that of gRPC's health protocol.
func ExampleConn() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	server := grpc.NewServer()
	grpc_health_v1.RegisterHealthServer(server, health.NewServer())
	go func() { _ = server.Serve(listener) }()
	defer server.Stop()

	services, err := upstream.Open([]upstream.Config{{Name: "stock", URL: "grpc://" + listener.Addr().String()}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer services.Close()
	service, err := services.GRPC("stock")
	if err != nil {
		fmt.Println(err)
		return
	}

	stub := grpc_health_v1.NewHealthClient(upstream.Conn(service))
	answer, err := stub.Check(context.Background(), &grpc_health_v1.HealthCheckRequest{})
	fmt.Println(answer.GetStatus(), err)
	_, err = stub.Check(context.Background(), &grpc_health_v1.HealthCheckRequest{Service: "unknown"})
	fmt.Println(problem.CodeOf(err), upstream.IsNotFound(err))
	// Output:
	// SERVING <nil>
	// DOWNSTREAM_SERVICE_ERROR true
}
