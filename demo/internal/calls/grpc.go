package calls

import (
	"context"
	"path"
	"strings"

	"google.golang.org/grpc"
)

// Unary counts the unary calls of a gRPC service by the names of its methods.
// The services of gRPC itself, health and reflection, don't count.
func (c *Counter) Unary(service string) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
		c.addMethod(service, info.FullMethod)
		return next(ctx, req)
	}
}

// Stream is [Counter.Unary] for streams: one counts when it begins.
func (c *Counter) Stream(service string) grpc.StreamServerInterceptor {
	return func(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) error {
		c.addMethod(service, info.FullMethod)
		return next(srv, stream)
	}
}

func (c *Counter) addMethod(service, fullMethod string) {
	if !strings.HasPrefix(fullMethod, "/grpc.") {
		c.Add(service, path.Base(fullMethod))
	}
}
