package demo_test

import (
	"context"
	"errors"
	"net"
	"syscall"
	"testing"

	"google.golang.org/grpc"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	reflectionpb "google.golang.org/grpc/reflection/grpc_reflection_v1"

	"github.com/portico-gateway/portico/demo"
)

func TestStartReportsEveryAddressInUse(t *testing.T) {
	first := start(t)
	cfg := demo.FreeConfig()
	cfg.Catalog, cfg.Reviews = first.Addr(demo.Catalog), first.Addr(demo.Reviews)

	d, err := demo.Start(t.Context(), cfg)
	if err == nil {
		_ = d.Close()
		t.Fatal("two demos on one address")
	}
	address, ok := errors.AsType[*demo.AddressError](err)
	if !ok || address.Service != demo.Catalog || address.Address != cfg.Catalog {
		t.Errorf("got %v", err)
	}
	if !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("got %v, want the cause in it", err)
	}
	want := "demo: catalog cannot listen on " + cfg.Catalog + ": bind: address already in use\n" +
		"demo: reviews cannot listen on " + cfg.Reviews + ": bind: address already in use"
	if err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
}

func TestEndOfContextStopsEverything(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	d, err := demo.Start(ctx, demo.FreeConfig())
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	for _, name := range demo.Names() {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", d.Addr(name))
		if err == nil {
			_ = conn.Close()
			t.Errorf("%s still listens", name)
		}
	}
}

func TestCloseEndsCallsThatHang(t *testing.T) {
	h := start(t)
	for _, name := range []string{demo.Catalog, demo.Inventory} {
		if err := h.SetFault(name, demo.Fault{Hang: true}); err != nil {
			t.Fatal(err)
		}
	}
	ended := make(chan error, 2)
	go func() {
		_, err := h.do(context.Background(), demo.Catalog, "GET /categories", "", "")
		ended <- err
	}()
	inventory := h.inventory()
	go func() {
		_, err := inventory.stock(context.Background(), "p1")
		ended <- err
	}()
	h.awaitCalls(2)
	if err := h.Close(); err != nil {
		t.Error(err)
	}
	for range 2 {
		if err := <-ended; err == nil {
			t.Error("a call that hung was answered")
		}
	}
}

func TestAddrPanicsForNoService(t *testing.T) {
	h := start(t)
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	h.Addr("catalogue")
}

func TestHealthFollowsFaultsWithoutCounting(t *testing.T) {
	h := start(t)
	for name, fault := range map[string]demo.Fault{
		demo.Catalog:   {HTML: true},
		demo.Shipping:  {ErrorRate: 1},
		demo.Reviews:   {Hang: true},
		demo.Inventory: {ErrorRate: 0.5},
	} {
		if err := h.SetFault(name, fault); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]int{demo.Control: 200, demo.Accounts: 200, demo.Orders: 200, demo.Catalog: 503, demo.Shipping: 503} {
		if got := h.call(name, "GET /healthz", "", "").status; got != want {
			t.Errorf("%s: got %d, want %d", name, got, want)
		}
	}
	for name, want := range map[string]healthpb.HealthCheckResponse_ServingStatus{
		demo.Reviews:   healthpb.HealthCheckResponse_NOT_SERVING,
		demo.Inventory: healthpb.HealthCheckResponse_SERVING,
	} {
		res, err := healthpb.NewHealthClient(h.dial(name)).Check(t.Context(), &healthpb.HealthCheckRequest{})
		if err != nil || res.GetStatus() != want {
			t.Errorf("%s: got %v, %v", name, res.GetStatus(), err)
		}
	}
	if n := h.Calls().Total(); n != 0 {
		t.Errorf("%d calls counted: %v", n, h.Calls())
	}
}

func TestReflectionListsServices(t *testing.T) {
	h := start(t)
	for name, want := range map[string]string{
		demo.Reviews: "reviews.v1.ReviewsService", demo.Inventory: "inventory.v1.InventoryService",
	} {
		if got := services(t, h.dial(name)); !got[want] || !got["grpc.health.v1.Health"] {
			t.Errorf("%s: got %v", name, got)
		}
	}
	if n := h.Calls().Total(); n != 0 {
		t.Errorf("%d calls counted", n)
	}
}

func services(t *testing.T, conn *grpc.ClientConn) map[string]bool {
	t.Helper()
	stream, err := reflectionpb.NewServerReflectionClient(conn).ServerReflectionInfo(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Send(&reflectionpb.ServerReflectionRequest{
		MessageRequest: &reflectionpb.ServerReflectionRequest_ListServices{},
	}); err != nil {
		t.Fatal(err)
	}
	res, err := stream.Recv()
	if err != nil {
		t.Fatal(err)
	}
	names := make(map[string]bool)
	for _, s := range res.GetListServicesResponse().GetService() {
		names[s.GetName()] = true
	}
	return names
}
