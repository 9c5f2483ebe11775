package upstream_test

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/portico-gateway/portico/clients/inventory/inventorypb"
	"github.com/portico-gateway/portico/gateway/problem"
	"github.com/portico-gateway/portico/gateway/upstream"
)

// inventory answers with what answer says.
type inventory struct {
	inventorypb.UnimplementedInventoryServiceServer

	answer func(context.Context) error
	watch  func(grpc.ServerStreamingServer[inventorypb.WatchStockResponse]) error
}

func (s inventory) GetStock(ctx context.Context, _ *inventorypb.GetStockRequest) (*inventorypb.GetStockResponse, error) {
	return &inventorypb.GetStockResponse{}, s.answer(ctx)
}

func (s inventory) WatchStock(_ *inventorypb.WatchStockRequest, stream grpc.ServerStreamingServer[inventorypb.WatchStockResponse]) error {
	return s.watch(stream)
}

// serveGRPC runs a service, with its health if that is given, until the test
// ends, and returns the services that have it.
func serveGRPC(t *testing.T, c upstream.Config, wellness grpc_health_v1.HealthServer, answer func(context.Context) error) *upstream.Services {
	t.Helper()
	return serveInventory(t, c, wellness, inventory{answer: answer})
}

func serveInventory(t *testing.T, c upstream.Config, wellness grpc_health_v1.HealthServer, service inventory) *upstream.Services {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	inventorypb.RegisterInventoryServiceServer(server, service)
	if wellness != nil {
		grpc_health_v1.RegisterHealthServer(server, wellness)
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(l) // until it is stopped
	}()
	c.Name, c.URL = "inventory", "grpc://"+l.Addr().String()
	services, err := upstream.Open([]upstream.Config{c})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = services.Close()
		server.Stop()
		<-served
	})
	return services
}

func getStock(t *testing.T, ctx context.Context, services *upstream.Services) error { //nolint:revive // t first, as everywhere in tests
	t.Helper()
	c, err := services.GRPC("inventory")
	if err != nil {
		t.Fatal(err)
	}
	_, err = inventorypb.NewInventoryServiceClient(upstream.Conn(c)).GetStock(ctx, &inventorypb.GetStockRequest{})
	return err
}

func TestCodesOfGRPC(t *testing.T) {
	for code, want := range map[codes.Code]struct {
		code   problem.Code
		status any
	}{
		codes.Canceled:          {problem.ServiceError, "CANCELLED"}, // by the service: the caller is still here
		codes.Unavailable:       {problem.ServiceError, "UNAVAILABLE"},
		codes.ResourceExhausted: {problem.ServiceError, "RESOURCE_EXHAUSTED"},
		codes.NotFound:          {problem.ServiceError, "NOT_FOUND"},
		codes.Unauthenticated:   {problem.Unauthenticated, nil},
		codes.PermissionDenied:  {problem.Forbidden, nil},
		codes.DeadlineExceeded:  {problem.ServiceTimeout, nil},
	} {
		t.Run(code.String(), func(t *testing.T) {
			services := serveGRPC(t, upstream.Config{}, nil, func(context.Context) error { return status.Error(code, secret) })
			err := getStock(t, t.Context(), services)
			p, ok := errors.AsType[*problem.Error](err)
			if !ok || p.Code != want.code || p.Extensions["status"] != want.status || p.Service != "inventory" {
				t.Errorf("got %v, %v", err, p)
			}
			if upstream.IsNotFound(err) != (code == codes.NotFound) {
				t.Errorf("not found: %v", upstream.IsNotFound(err))
			}
		})
	}
}

func TestTimeoutOfGRPC(t *testing.T) {
	services := serveGRPC(t, upstream.Config{Timeout: 20 * time.Millisecond}, nil, func(ctx context.Context) error {
		<-ctx.Done()
		return ctx.Err()
	})
	if err := getStock(t, t.Context(), services); problem.CodeOf(err) != problem.ServiceTimeout {
		t.Errorf("got %v", err)
	}
}

func TestAuthorizationOfGRPC(t *testing.T) {
	ctx := upstream.WithCaller(t.Context(), upstream.Caller{Authorization: "Bearer " + secret})
	for _, forward := range []bool{false, true} {
		var got []string
		services := serveGRPC(t, upstream.Config{ForwardAuthorization: forward}, nil, func(ctx context.Context) error {
			got = metadata.ValueFromIncomingContext(ctx, "authorization")
			return nil
		})
		if err := getStock(t, ctx, services); err != nil {
			t.Fatal(err)
		}
		if sent := len(got) == 1 && got[0] == "Bearer "+secret; sent != forward {
			t.Errorf("forward %v, got %q", forward, got)
		}
	}
}

func TestHealthOfGRPC(t *testing.T) {
	well := func(context.Context) error { return nil }
	wellness := health.NewServer()
	services := serveGRPC(t, upstream.Config{}, wellness, well)
	if err := services.Check(t.Context(), "inventory"); err != nil {
		t.Errorf("serving: %v", err)
	}
	wellness.SetServingStatus("", grpc_health_v1.HealthCheckResponse_NOT_SERVING)
	if err := services.Check(t.Context(), "inventory"); err == nil {
		t.Error("not serving: no error")
	}
	hangs := serveGRPC(t, upstream.Config{Timeout: 20 * time.Millisecond}, hangingHealth{}, well)
	if err := hangs.Check(t.Context(), "inventory"); problem.CodeOf(err) != problem.ServiceTimeout {
		t.Errorf("hangs: %v", err)
	}
	if err := serveGRPC(t, upstream.Config{}, nil, well).Check(t.Context(), "inventory"); err != nil {
		t.Errorf("without a health service: %v", err)
	}
}

type hangingHealth struct {
	grpc_health_v1.UnimplementedHealthServer
}

func (hangingHealth) Check(ctx context.Context, _ *grpc_health_v1.HealthCheckRequest) (*grpc_health_v1.HealthCheckResponse, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}
