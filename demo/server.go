package demo

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"google.golang.org/grpc"
)

// stopTimeout is how long callers may take to notice that the demo stops.
const stopTimeout = time.Second

// A server serves one service on one listener.
type server interface {
	// serve returns nil when it was stopped.
	serve(l net.Listener) error
	// stop returns when the server and all its calls have ended.
	stop()
}

// httpServer ends its calls by ending their contexts.
type httpServer struct {
	*http.Server

	cancel context.CancelFunc
}

func newHTTPServer(ctx context.Context, h http.Handler) *httpServer {
	ctx, cancel := context.WithCancel(ctx)
	return &httpServer{cancel: cancel, Server: &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		BaseContext:       func(net.Listener) context.Context { return ctx },
	}}
}

func (s *httpServer) serve(l net.Listener) error {
	if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func (s *httpServer) stop() {
	s.cancel()
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	if s.Shutdown(ctx) != nil {
		_ = s.Close() // connections on which nothing was asked yet
	}
}

// grpcServer is stopped hard, which ends the contexts of its calls.
type grpcServer struct {
	*grpc.Server
}

func (s grpcServer) serve(l net.Listener) error {
	if err := s.Serve(l); !errors.Is(err, grpc.ErrServerStopped) {
		return err
	}
	return nil // stopped before it began
}

func (s grpcServer) stop() { s.Stop() }
