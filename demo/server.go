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
	// serve returns nil when it was stopped. HTTP calls end with the context.
	serve(ctx context.Context, l net.Listener) error
	// stop returns when the server and all its calls have ended.
	stop()
}

type httpServer struct {
	*http.Server
}

func newHTTPServer(h http.Handler) httpServer {
	return httpServer{Server: &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}}
}

func (s httpServer) serve(ctx context.Context, l net.Listener) error {
	s.BaseContext = func(net.Listener) context.Context { return ctx }
	if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func (s httpServer) stop() {
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

func (s grpcServer) serve(_ context.Context, l net.Listener) error {
	if err := s.Serve(l); !errors.Is(err, grpc.ErrServerStopped) {
		return err
	}
	return nil // stopped before it began
}

func (s grpcServer) stop() { s.Stop() }
