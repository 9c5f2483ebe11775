package demo

import (
	"context"
	"net/http"

	healthpb "google.golang.org/grpc/health/grpc_health_v1"
)

// grpcHealth is the standard health service of gRPC. Watch is not implemented,
// for which the standard has callers assume that all is well.
type grpcHealth struct {
	healthpb.UnimplementedHealthServer

	serving func() bool
}

// Check answers for the server as a whole, whatever service it is asked about.
func (h grpcHealth) Check(context.Context, *healthpb.HealthCheckRequest) (*healthpb.HealthCheckResponse, error) {
	if !h.serving() {
		return &healthpb.HealthCheckResponse{Status: healthpb.HealthCheckResponse_NOT_SERVING}, nil
	}
	return &healthpb.HealthCheckResponse{Status: healthpb.HealthCheckResponse_SERVING}, nil
}

// httpHealth answers with status 200 or 503, and a word for people.
func httpHealth(serving func() bool) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if !serving() {
			http.Error(w, "failing", http.StatusServiceUnavailable)
			return
		}
		_, _ = w.Write([]byte("ok\n")) // a caller that has gone needs no answer
	}
}
