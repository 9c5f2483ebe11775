package upstream

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"

	"github.com/portico-gateway/portico/gateway/cache"
	"github.com/portico-gateway/portico/gateway/provenance"
)

// GRPC calls one gRPC service. It is a grpc.ClientConnInterface for generated
// clients: calls get the service's timeout, streams do not, and both get the
// caller's identity as the service is to be told it, and problems for errors. It is safe for concurrent use.
type GRPC struct {
	config Config
	conn   *grpc.ClientConn
	send   send  // through the policies
	open   send  // a stream, through those of streams
	hubs   *hubs // of streams that are shared
}

var _ grpc.ClientConnInterface = (*GRPC)(nil)

func newGRPC(c Config, u *url.URL) (*GRPC, error) {
	if u.Port() == "" {
		return nil, errors.New("its URL has no port")
	}
	if strings.Trim(u.Path, "/") != "" {
		return nil, errors.New("a URL of gRPC has no path")
	}
	transport := insecure.NewCredentials()
	if u.Scheme == "grpcs" {
		transport = credentials.NewTLS(&tls.Config{MinVersion: tls.VersionTLS12})
	}
	conn, err := grpc.NewClient("dns:///"+u.Host,
		grpc.WithTransportCredentials(transport),
		grpc.WithNoProxy(),
		grpc.WithDisableServiceConfig(),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(int(c.MaxResponseBytes))),
		grpc.WithConnectParams(connectParams(c.Timeout)),
		// A peer that is gone without a word is noticed 20 s after something was
		// sent to it, and on a silent stream after 6 minutes: servers refuse
		// connections that ask more often than every 5.
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 6 * time.Minute, Timeout: 20 * time.Second}))
	if err != nil {
		return nil, err
	}
	calls, streams := c.policies()
	return &GRPC{config: c, conn: conn, send: through(calls...), open: through(streams...), hubs: newHubs(c)}, nil
}

// connectParams make a service that is back be tried again after 2 s or so. By
// default that takes up to 2 minutes, in which all calls fail at once.
func connectParams(timeout time.Duration) grpc.ConnectParams {
	return grpc.ConnectParams{
		Backoff:           backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: 2 * time.Second},
		MinConnectTimeout: timeout,
	}
}

// Store keeps what services answered.
func (c *GRPC) Store() *cache.Store { return c.config.Store }

// MaxBatch is how many keys one call may have.
func (c *GRPC) MaxBatch() int { return c.config.MaxBatch }

// HeaderInto makes a call set the header of its answer, whose names are in lower case.
func HeaderInto(header *map[string][]string) grpc.CallOption {
	return grpc.Header((*metadata.MD)(header))
}

// Invoke is part of grpc.ClientConnInterface.
func (c *GRPC) Invoke(ctx context.Context, method string, args, reply any, opts ...grpc.CallOption) error {
	ctx, cancel := context.WithTimeout(ctx, c.config.Timeout)
	defer cancel()
	provenance.From(ctx).Calls(c.config.Name)
	if provenance.IsWriting(ctx) { // see HTTP.do
		defer c.config.Store.Invalidate(ctx, cache.ServiceTag(c.config.Name))
	}
	ctx, err := c.outgoing(ctx)
	if err != nil {
		return err
	}
	what := &call{route: method, idempotent: !provenance.IsWriting(ctx), attempt: func(ctx context.Context) error {
		return c.invoke(ctx, method, args, reply, opts)
	}}
	if message, ok := reply.(proto.Message); ok && c.config.Hedging > 0 {
		what.separate = func() (attempt func(context.Context) error, adopt func()) {
			own := message.ProtoReflect().New().Interface()
			opts, adoptResults := separateResults(opts)
			attempt = func(ctx context.Context) error { return c.invoke(ctx, method, args, own, opts) }
			return attempt, func() {
				proto.Reset(message)
				proto.Merge(message, own)
				adoptResults()
			}
		}
	}
	return c.send(ctx, what)
}

// invoke makes one attempt.
func (c *GRPC) invoke(ctx context.Context, method string, args, reply any, opts []grpc.CallOption) error {
	if err := c.conn.Invoke(ctx, method, args, reply, opts...); err != nil {
		return grpcError(ctx, c.config.Name, err)
	}
	return nil
}

func (c *GRPC) outgoing(ctx context.Context) (context.Context, error) {
	var pairs []string
	err := c.config.identify(ctx, func(name, value string) {
		if value != "" {
			pairs = append(pairs, name, value) // nobody else adds metadata
		}
	})
	if err != nil || len(pairs) == 0 {
		return ctx, err
	}
	return metadata.AppendToOutgoingContext(ctx, pairs...), nil
}

func (c *GRPC) check(ctx context.Context) error {
	resp, err := grpc_health_v1.NewHealthClient(c).Check(ctx, &grpc_health_v1.HealthCheckRequest{})
	e, answered := errors.AsType[*StatusError](err)
	switch {
	case answered && e.Code == codes.Unimplemented:
		return nil
	case err != nil:
		return err
	case resp.GetStatus() != grpc_health_v1.HealthCheckResponse_SERVING:
		return fmt.Errorf("service %s says that it is %s", c.config.Name, resp.GetStatus())
	}
	return nil
}
