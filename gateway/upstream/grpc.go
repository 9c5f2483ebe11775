package upstream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/portico-gateway/portico/gateway/cache"
	"github.com/portico-gateway/portico/gateway/endpoint"
	"github.com/portico-gateway/portico/gateway/provenance"
)

// grpcClient is a [GRPC].
type grpcClient struct{ service }

func newGRPC(c Config) *grpcClient { return &grpcClient{service{hubs: newHubs(c)}} }

func (c *grpcClient) newPeer(s *setup, e *endpoint.Endpoint) io.Closer { return newGRPCPeer(s, e) }

func (c *grpcClient) common() *service { return &c.service }

// connectParams make a service that is back be tried again after 2 s or so. By
// default that takes up to 2 minutes, in which all calls fail at once.
func connectParams(timeout time.Duration) grpc.ConnectParams {
	return grpc.ConnectParams{
		Backoff:           backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: 2 * time.Second},
		MinConnectTimeout: timeout,
	}
}

// Store is part of [Service].
func (c *grpcClient) Store() *cache.Store { return c.config().Store }

// Batches is part of [Service].
func (c *grpcClient) Batches(loader string) func(keys int) { return c.config().batches(loader) }

// MaxBatch is part of [Service].
func (c *grpcClient) MaxBatch() int { return c.config().MaxBatch }

// Call is part of [GRPC].
func (c *grpcClient) Call(ctx context.Context, method string, request, answer any, header *map[string][]string) error {
	if header == nil {
		return c.Invoke(ctx, method, request, answer)
	}
	return c.Invoke(ctx, method, request, answer, grpc.Header((*metadata.MD)(header)))
}

// Invoke is part of grpc.ClientConnInterface.
func (c *grpcClient) Invoke(ctx context.Context, method string, args, reply any, opts ...grpc.CallOption) error {
	ctx, cancel := context.WithTimeout(ctx, c.config().Timeout)
	defer cancel()
	provenance.From(ctx).Calls(c.config().Name)
	if provenance.IsWriting(ctx) { // see HTTP.do
		defer c.config().Store.Invalidate(ctx, cache.ServiceTag(c.config().Name))
	}
	ctx, err := c.outgoing(ctx)
	if err != nil {
		return err
	}
	what := &call{route: method, idempotent: !provenance.IsWriting(ctx), version: c.versions().of(ctx)}
	what.attempt = c.invoking(method, args, reply, opts)
	message, ok := reply.(proto.Message)
	if ok && c.versions().mirror != nil {
		what.copy = c.invoking(method, args, message.ProtoReflect().New().Interface(), nil)
	}
	if ok && c.config().Hedging > 0 {
		what.separate = func() (another attempt, adopt func()) {
			own := message.ProtoReflect().New().Interface()
			opts, adoptResults := separateResults(opts)
			return c.invoking(method, args, own, opts), func() {
				proto.Reset(message)
				proto.Merge(message, own)
				adoptResults()
			}
		}
	}
	return what.make(ctx)
}

// invoking returns a function that makes an attempt of a call.
func (c *grpcClient) invoking(method string, args, reply any, opts []grpc.CallOption) attempt {
	return func(ctx context.Context, to *endpoint.Endpoint) error {
		return c.on(ctx, to, func(conn *grpcConn) error {
			var from peer.Peer
			err := conn.Invoke(traced(ctx), method, args, reply, append(slices.Clip(opts), grpc.Peer(&from))...)
			if err == nil {
				return nil
			}
			err = grpcError(ctx, c.config().Name, err)
			if from.Addr == nil && !errors.Is(err, context.Canceled) { // it was given to no connection
				err = &unsentError{err}
			}
			return err
		})
	}
}

// traced returns a context whose call is sent as a part of the trace of ctx.
func traced(ctx context.Context) context.Context {
	t := traceOf(ctx)
	if t == nil || !t.Sampled {
		return ctx
	}
	md, ok := metadata.FromOutgoingContext(ctx) // a copy
	if !ok {
		md = metadata.MD{}
	}
	md.Set(traceParent, t.Parent())
	return metadata.NewOutgoingContext(ctx, md)
}

// on calls f with a connection to an endpoint, which is free for another call after it.
func (c *grpcClient) on(ctx context.Context, to *endpoint.Endpoint, f func(*grpcConn) error) error {
	p := to.Peer().(*grpcPeer) //nolint:forcetypeassert // see newPeer
	conn, err := p.use(ctx)
	if err != nil {
		return unsentIfHere(ctx, c.config().Name, err)
	}
	defer p.release(conn)
	return f(conn)
}

// unsentIfHere returns the error of a connection that could not be used.
func unsentIfHere(ctx context.Context, service string, err error) error {
	err = failed(ctx, service, err)
	if errors.Is(err, context.Canceled) {
		return err
	}
	return &unsentError{err}
}

func (c *grpcClient) outgoing(ctx context.Context) (context.Context, error) {
	pairs, err := c.forwarded(ctx)
	if err != nil {
		return nil, err
	}
	err = c.config().identify(ctx, func(name, value string) {
		if value != "" {
			pairs = append(pairs, name, value) // nobody else adds metadata
		}
	})
	if err != nil || len(pairs) == 0 {
		return ctx, err
	}
	return metadata.AppendToOutgoingContext(ctx, pairs...), nil
}

func (c *grpcClient) check(ctx context.Context) error {
	resp, err := grpc_health_v1.NewHealthClient(c).Check(ctx, &grpc_health_v1.HealthCheckRequest{})
	e, answered := errors.AsType[*StatusError](err)
	switch {
	case answered && e.Code == codes.Unimplemented:
		return nil
	case err != nil:
		return err
	case resp.GetStatus() != grpc_health_v1.HealthCheckResponse_SERVING:
		return fmt.Errorf("service %s says that it is %s", c.config().Name, resp.GetStatus())
	}
	return nil
}

// checkEndpoint is the active health check of an endpoint: it is healthy if the health
// protocol says so, or is not implemented.
func (c *grpcClient) checkEndpoint(ctx context.Context, to *endpoint.Endpoint) error {
	return c.on(ctx, to, func(conn *grpcConn) error {
		resp, err := grpc_health_v1.NewHealthClient(conn).Check(ctx, &grpc_health_v1.HealthCheckRequest{Service: c.config().HealthService})
		switch {
		case status.Code(err) == codes.Unimplemented:
			return nil
		case err != nil:
			return err
		case resp.GetStatus() != grpc_health_v1.HealthCheckResponse_SERVING:
			return fmt.Errorf("it says that it is %s", resp.GetStatus())
		}
		return nil
	})
}
