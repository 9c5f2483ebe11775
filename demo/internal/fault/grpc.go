package fault

import (
	"context"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Unary lets unary calls of a gRPC service meet its fault. The services of gRPC
// itself, health and reflection, have none.
func (s *Switch) Unary(service string) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
		if err := s.judgeMethod(ctx, service, info.FullMethod); err != nil {
			return nil, err
		}
		return next(ctx, req)
	}
}

// Stream is [Switch.Unary] for streams, which meet the fault when they begin.
func (s *Switch) Stream(service string) grpc.StreamServerInterceptor {
	return func(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) error {
		if err := s.judgeMethod(stream.Context(), service, info.FullMethod); err != nil {
			return err
		}
		return next(srv, stream)
	}
}

func (s *Switch) judgeMethod(ctx context.Context, service, fullMethod string) error {
	if strings.HasPrefix(fullMethod, "/grpc.") {
		return nil
	}
	v, err := s.judge(ctx, service)
	switch {
	case err != nil:
		return status.FromContextError(err).Err()
	case v.fail:
		return status.Error(codes.Unavailable, "this error is a fault of the demo")
	default:
		return nil
	}
}
