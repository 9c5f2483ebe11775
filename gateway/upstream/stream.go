package upstream

import (
	"context"
	"errors"
	"io"
	"iter"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
)

// Watch opens a server stream and waits for its first message: a refusal of the service
// is the returned error. The sequence has that message and those that follow. It ends
// when the service ends the stream; after an error, which is the stream's and the last
// pair; or with its context.
//
// Range over the sequence once, in one goroutine, which is all it needs. The
// stream is closed when the loop is left, or when ctx is done.
func Watch[M any](ctx context.Context, open func(context.Context) (grpc.ServerStreamingClient[M], error)) (iter.Seq2[*M, error], error) {
	ctx, cancel := context.WithCancel(ctx)
	stream, err := open(ctx)
	if err != nil {
		cancel()
		return nil, err
	}
	message, err := stream.Recv()
	if err != nil && !errors.Is(err, io.EOF) {
		cancel()
		return nil, err
	}
	return func(yield func(*M, error) bool) {
		defer cancel()
		for err == nil && yield(message, nil) {
			message, err = stream.Recv()
		}
		if err != nil && !errors.Is(err, io.EOF) {
			yield(nil, err)
		}
	}, nil
}

// stream returns the errors of a stream as those of this package. io.EOF stays what it
// is: the end.
type stream struct {
	grpc.ClientStream

	ctx     context.Context //nolint:containedctx // the caller's: that of ClientStream is done when the service has ended it
	service string
}

func (s *stream) Header() (metadata.MD, error) {
	md, err := s.ClientStream.Header()
	return md, s.error(err)
}

func (s *stream) SendMsg(m any) error { return s.error(s.ClientStream.SendMsg(m)) }

func (s *stream) RecvMsg(m any) error { return s.error(s.ClientStream.RecvMsg(m)) }

func (s *stream) CloseSend() error { return s.error(s.ClientStream.CloseSend()) }

func (s *stream) error(err error) error {
	if err == nil || errors.Is(err, io.EOF) {
		return err
	}
	return grpcError(s.ctx, s.service, err)
}

// ending is what is to be done when a stream ends.
type ending struct {
	mu    sync.Mutex
	ended bool
	todo  []func()
}

// do calls f at the end, or at once if it has come.
func (e *ending) do(f func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ended {
		f()
		return
	}
	e.todo = append(e.todo, f)
}

// now notes that the end has come.
func (e *ending) now() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.ended = true
	for _, f := range e.todo {
		f()
	}
	e.todo = nil
}
