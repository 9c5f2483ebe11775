package fleettest

import (
	"context"
	"net"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// Proto is the definition of the gRPC service. Each method answers with the
// value that it is sent. Add is a mutation, and Watch sends one message and
// stays open.
const Proto = `syntax = "proto3";

package parts.v1;

import "google/protobuf/wrappers.proto";

service Parts {
  rpc Get(google.protobuf.StringValue) returns (google.protobuf.StringValue);
  rpc Add(google.protobuf.StringValue) returns (google.protobuf.StringValue);
  rpc Watch(google.protobuf.StringValue) returns (stream google.protobuf.StringValue);
}
`

// StartGRPC runs a gRPC endpoint at host:port until the test ends. A port of 0 is
// a free one. See [Proto].
func StartGRPC(t testing.TB, addr string, options Options) *Backend {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	b := &Backend{Addr: listener.Addr().String(), options: options, stop: stop}
	var settings []grpc.ServerOption
	if options.MaxStreams > 0 {
		settings = append(settings, grpc.MaxConcurrentStreams(options.MaxStreams))
	}
	if options.MaxAge > 0 {
		settings = append(settings, grpc.KeepaliveParams(keepalive.ServerParameters{MaxConnectionAge: options.MaxAge}))
	}
	server := grpc.NewServer(settings...)
	grpc_health_v1.RegisterHealthServer(server, checker{b: b})
	server.RegisterService(&grpc.ServiceDesc{
		ServiceName: "parts.v1.Parts",
		HandlerType: (*any)(nil),
		Methods:     []grpc.MethodDesc{b.method("Get", false), b.method("Add", true)},
		Streams:     []grpc.StreamDesc{{StreamName: "Watch", ServerStreams: true, Handler: b.watch}},
	}, nil)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(listener) // nil, since it is stopped
	}()
	t.Cleanup(func() {
		close(stop)
		server.Stop()
		<-done
	})
	return b
}

func (b *Backend) method(name string, mutates bool) grpc.MethodDesc {
	return grpc.MethodDesc{MethodName: name, Handler: func(_ any, ctx context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
		value := &wrapperspb.StringValue{}
		if err := decode(value); err != nil {
			return nil, err
		}
		mutation := ""
		if mutates {
			mutation = value.GetValue()
		}
		if b.called(ctx, mutation) {
			return nil, status.Error(codes.Unavailable, "failing")
		}
		return wrapperspb.String(value.GetValue()), nil
	}}
}

func (b *Backend) watch(_ any, stream grpc.ServerStream) error {
	value := &wrapperspb.StringValue{}
	if err := stream.RecvMsg(value); err != nil {
		return err
	}
	if err := stream.SendMsg(wrapperspb.String(value.GetValue())); err != nil {
		return err
	}
	b.hang(stream.Context())
	return nil
}

// checker answers health checks.
type checker struct {
	grpc_health_v1.UnimplementedHealthServer
	b *Backend
}

// Check is part of grpc_health_v1.HealthServer.
func (c checker) Check(context.Context, *grpc_health_v1.HealthCheckRequest) (*grpc_health_v1.HealthCheckResponse, error) {
	c.b.checks.Add(1)
	return &grpc_health_v1.HealthCheckResponse{Status: grpc_health_v1.HealthCheckResponse_SERVING}, nil
}
