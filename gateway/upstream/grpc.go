package upstream

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/url"
	"strings"
	"unicode"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// GRPC calls one gRPC service. It is a grpc.ClientConnInterface for generated
// clients: calls get the service's timeout, the caller's Authorization if the
// service is to be sent it, and problems for errors. It is safe for concurrent
// use.
type GRPC struct {
	config Config
	conn   *grpc.ClientConn
}

var _ grpc.ClientConnInterface = (*GRPC)(nil)

func newGRPC(c Config, u *url.URL) (*GRPC, error) {
	if u.Port() == "" {
		return nil, fmt.Errorf("%q has no port", c.URL)
	}
	transport := insecure.NewCredentials()
	if u.Scheme == "grpcs" {
		transport = credentials.NewTLS(&tls.Config{MinVersion: tls.VersionTLS12})
	}
	conn, err := grpc.NewClient("dns:///"+u.Host,
		grpc.WithTransportCredentials(transport),
		grpc.WithDisableServiceConfig(),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(int(c.MaxResponseBytes))))
	if err != nil {
		return nil, err
	}
	return &GRPC{config: c, conn: conn}, nil
}

// MaxBatch is how many keys one call may have.
func (c *GRPC) MaxBatch() int { return c.config.MaxBatch }

// Invoke is part of grpc.ClientConnInterface.
func (c *GRPC) Invoke(ctx context.Context, method string, args, reply any, opts ...grpc.CallOption) error {
	ctx, cancel := context.WithTimeout(c.outgoing(ctx), c.config.Timeout)
	defer cancel()
	if err := c.conn.Invoke(ctx, method, args, reply, opts...); err != nil {
		return grpcError(ctx, c.config.Name, err)
	}
	return nil
}

// NewStream is part of grpc.ClientConnInterface. A stream lasts as long as its
// context; its errors are not problems yet: see [GRPC.Problem].
func (c *GRPC) NewStream(ctx context.Context, desc *grpc.StreamDesc, method string, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	stream, err := c.conn.NewStream(c.outgoing(ctx), desc, method, opts...)
	if err != nil {
		return nil, grpcError(ctx, c.config.Name, err)
	}
	return stream, nil
}

// Problem makes a problem of the error of a stream's Recv.
func (c *GRPC) Problem(ctx context.Context, err error) error {
	return grpcError(ctx, c.config.Name, err)
}

func (c *GRPC) outgoing(ctx context.Context) context.Context {
	if authorization := c.config.authorization(ctx); authorization != "" {
		return metadata.AppendToOutgoingContext(ctx, "authorization", authorization)
	}
	return ctx
}

func (c *GRPC) check(ctx context.Context) error {
	resp, err := grpc_health_v1.NewHealthClient(c.conn).Check(ctx, &grpc_health_v1.HealthCheckRequest{})
	switch {
	case status.Code(err) == codes.Unimplemented && c.conn.GetState() == connectivity.Ready:
		return nil
	case err != nil:
		return grpcError(ctx, c.config.Name, err)
	case resp.GetStatus() != grpc_health_v1.HealthCheckResponse_SERVING:
		return fmt.Errorf("service %s says that it is %s", c.config.Name, resp.GetStatus())
	}
	return nil
}

// canonical spells a code as the gRPC documentation does: UNAVAILABLE.
func canonical(code codes.Code) string {
	var b strings.Builder
	for i, c := range code.String() {
		if i > 0 && unicode.IsUpper(c) && code != codes.OK {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToUpper(c))
	}
	return b.String()
}
