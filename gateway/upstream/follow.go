package upstream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"time"

	"google.golang.org/grpc"

	"github.com/portico-gateway/portico/gateway/endpoint"
	"github.com/portico-gateway/portico/gateway/provenance"
)

// Follow calls a method that streams and waits for its first message, as
// [Watch] does, but goes on after a message that can't be decoded, whose error is a [problem.EventError]. The
// method is "/package.Service/Method".
func Follow[Req, Res any](ctx context.Context, of GRPC, method string, request *Req) (iter.Seq2[*Res, error], error) {
	c := of.(*grpcClient) //nolint:forcetypeassert // there is no other
	f := following[Req, Res]{client: c, method: method, request: request, within: c.config().FirstMessage}
	from, err := f.open(ctx)
	if err != nil {
		return nil, withoutLost(err)
	}
	return func(yield func(*Res, error) bool) {
		defer from.close()
		for {
			message, err := from.next()
			if errors.Is(err, io.EOF) && !isLost(err) {
				return
			}
			if err != nil {
				yield(nil, withoutLost(err))
				return
			}
			if !yield(message.(*received[Res]).of(c.config().Name)) { //nolint:forcetypeassert // see open
				return
			}
		}
	}, nil
}

// following opens streams of one method, one after the other.
type following[Req, Res any] struct {
	client  *grpcClient
	method  string
	request *Req
	within  time.Duration // until the first message; 0 for any time
	again   bool          // a stream was open: its hub has pauses of its own
}

// followed is a stream and its first message.
type followed[Res any] struct {
	stream grpc.ClientStream
	cancel context.CancelCauseFunc
	first  chan firstOf[Res]
}

// firstOf is the first message of a stream, or the error in its place.
type firstOf[Res any] struct {
	message *received[Res]
	err     error
}

// open opens a stream, through the policies of streams, and waits for its first
// message. The messages of the source are *received[Res]. Errors after which it can be opened
// again are a *lostError.
func (f *following[Req, Res]) open(ctx context.Context) (source, error) {
	var s followed[Res]
	what := &call{route: f.method, idempotent: !f.again, version: f.client.versions().of(ctx)}
	what.attempt = func(ctx context.Context, to *endpoint.Endpoint) (err error) {
		what.lasts = &ending{}
		s, err = f.attempt(ctx, to, what.lasts)
		return err
	}
	if err := what.open(ctx); err != nil {
		return source{}, lostIfUnavailable(err)
	}
	first := <-s.first
	if first.err != nil && !errors.Is(first.err, io.EOF) {
		s.cancel(nil)
		return source{}, lostIfUnavailable(first.err)
	}
	f.again = true
	isFirst := true
	return source{
		next: func() (any, error) {
			if isFirst {
				isFirst = false
				return first.message, first.err
			}
			message := &received[Res]{message: new(Res)}
			return message, lostIfUnavailable(s.stream.RecvMsg(message))
		},
		close: func() { s.cancel(nil) },
	}, nil
}

// attempt opens a stream to an endpoint. It returns when the first message is there or the service
// refuses the stream. If the message may take any time, a stream that was not refused
// within the service's timeout is open.
func (f *following[Req, Res]) attempt(ctx context.Context, to *endpoint.Endpoint, end *ending) (followed[Res], error) {
	c := f.client
	ctx, cancel := context.WithCancelCause(ctx)
	stream, err := f.begin(ctx, to, end)
	if err != nil {
		cancel(nil)
		return followed[Res]{}, err
	}
	s := followed[Res]{stream, cancel, make(chan firstOf[Res], 1)}
	go func() { // until the stream ends
		message := &received[Res]{message: new(Res)}
		err := stream.RecvMsg(message)
		s.first <- firstOf[Res]{message, err}
	}()
	patience := f.within
	if patience == 0 {
		patience = c.current.Load().patience
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case first := <-s.first:
		if first.err != nil && !errors.Is(first.err, io.EOF) {
			cancel(nil)
			return followed[Res]{}, first.err
		}
		s.first <- first
	case <-timer.C:
		if f.within > 0 {
			cancel(context.DeadlineExceeded)
			return followed[Res]{}, failed(ctx, c.config().Name, firstMessageError{f.within})
		}
	}
	return s, nil
}

// begin sends the request.
func (f *following[Req, Res]) begin(ctx context.Context, to *endpoint.Endpoint, end *ending) (grpc.ClientStream, error) {
	ctx, err := f.client.outgoing(ctx)
	if err != nil {
		return nil, err
	}
	s, err := f.client.newStream(ctx, to, end, streaming{
		&grpc.StreamDesc{ServerStreams: true}, f.method, []grpc.CallOption{grpc.ForceCodecV2(newEventCodec())},
	})
	if err != nil {
		return nil, err
	}
	if err := s.SendMsg(f.request); err != nil {
		return nil, err
	}
	return s, s.CloseSend()
}

// firstMessageError says that a stream had no message in time.
type firstMessageError struct{ within time.Duration }

// Error is part of error.
func (e firstMessageError) Error() string {
	return fmt.Sprintf("the stream had no message within %v", e.within)
}

// Unwrap returns context.DeadlineExceeded.
func (e firstMessageError) Unwrap() error { return context.DeadlineExceeded }

// firstMessage returns how long the first message of a stream may take; 0 for any
// time. The state of a service is there when it is asked.
func (c *Config) firstMessage(sharing Sharing) time.Duration {
	if sharing == ShareState {
		return c.Timeout
	}
	return c.FirstMessage
}

// NewStream is part of grpc.ClientConnInterface. A stream lasts as long as its
// context; see [Watch] for those on which only the service sends.
func (c *grpcClient) NewStream(ctx context.Context, desc *grpc.StreamDesc, method string, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	ctx, err := c.outgoing(ctx)
	if err != nil {
		return nil, err
	}
	var s grpc.ClientStream
	what := &call{route: method, idempotent: !provenance.IsWriting(ctx), version: c.versions().of(ctx)}
	what.attempt = func(ctx context.Context, to *endpoint.Endpoint) (err error) {
		what.lasts = &ending{}
		s, err = c.newStream(ctx, to, what.lasts, streaming{desc, method, opts})
		return err
	}
	err = what.open(ctx)
	return s, err
}

// streaming is what is called for a stream.
type streaming struct {
	desc   *grpc.StreamDesc
	method string
	opts   []grpc.CallOption
}

// newStream opens a stream to an endpoint, once, within the service's timeout: an endpoint
// that permits no more streams is not waited for as long as the others last. end is to know
// when it ends.
func (c *grpcClient) newStream(ctx context.Context, to *endpoint.Endpoint, end *ending, of streaming) (s grpc.ClientStream, err error) {
	caller := ctx
	ctx, cancel := context.WithCancelCause(ctx)
	late := time.AfterFunc(c.config().Timeout, func() { cancel(context.DeadlineExceeded) })
	defer func() {
		if !late.Stop() {
			s, err = nil, failed(ctx, c.config().Name, context.DeadlineExceeded)
		}
		if err != nil {
			cancel(nil)
		}
	}()
	p := to.Peer().(*grpcPeer) //nolint:forcetypeassert // see newPeer
	conn, err := p.use(ctx)
	if err != nil {
		return nil, unsentIfHere(ctx, c.config().Name, err)
	}
	opened, err := conn.NewStream(ctx, of.desc, of.method, append(slices.Clip(of.opts), grpc.OnFinish(func(error) { end.now() }))...)
	if err != nil {
		p.release(conn)
		if err = grpcError(ctx, c.config().Name, err); errors.Is(err, context.Canceled) {
			return nil, err
		}
		return nil, &unsentError{err}
	}
	end.do(func() {
		p.release(conn)
		cancel(nil)
	})
	return &stream{ClientStream: opened, ctx: caller, service: c.config().Name}, nil
}
