package upstream

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/peer"

	"github.com/portico-gateway/portico/gateway/endpoint"
)

// grpcPeer calls one endpoint over gRPC. It has one connection, and more of them when
// the endpoint permits no more streams on it.
type grpcPeer struct {
	config Config
	tls    *tls.Config // nil for plain text
	to     *endpoint.Endpoint
	// silence is the time after which a connection with calls is asked whether it is
	// there, which is looked at in intervals; patience is how long it may take to answer.
	silence, interval, patience time.Duration

	ctx    context.Context //nolint:containedctx // of what watches connections
	cancel context.CancelFunc
	group  sync.WaitGroup

	mu     sync.Mutex
	conns  []*grpcConn
	closed bool
}

// grpcConn is a connection of a peer, and the ones that replace it when it breaks.
type grpcConn struct {
	*grpc.ClientConn

	open    int         // calls and streams; under the peer's lock
	watched atomic.Bool // see watch
	wire    atomic.Pointer[wire]
}

func newGRPCPeer(s *setup, e *endpoint.Endpoint) *grpcPeer {
	const connections = 10
	c := s.config
	if c.Connections == 0 {
		c.Connections = connections
	}
	p := &grpcPeer{config: c, tls: s.tls, to: e, silence: silence, interval: askInterval, patience: askTimeout}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	return p
}

// Close is part of io.Closer.
func (p *grpcPeer) Close() error {
	p.mu.Lock()
	p.closed = true
	conns := p.conns
	p.mu.Unlock()
	p.cancel()
	p.group.Wait()
	var errs []error
	for _, conn := range conns {
		errs = append(errs, conn.Close())
	}
	return errors.Join(errs...)
}

// connections returns how many connections are there.
func (p *grpcPeer) connections() (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, conn := range p.conns {
		if conn.GetState() == connectivity.Ready {
			n++
		}
	}
	return n
}

// use returns a connection on which a call can begin. It waits until the connection is
// there, or could not be made. release ends the use.
func (p *grpcPeer) use(ctx context.Context) (*grpcConn, error) {
	for {
		conn, err := p.choose() //nolint:contextcheck // what watches it outlasts the call
		if err != nil {
			return nil, err
		}
		connecting, err := conn.await(ctx, p.to.IsEjected())
		if err != nil {
			p.release(conn)
			return nil, err
		}
		if !connecting || p.fits(conn) {
			return conn, nil
		}
	}
}

// choose returns the connection with the fewest calls that has room for one, a new one
// if none has, or one whose next call waits if there may be no more.
func (p *grpcPeer) choose() (*grpcConn, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, net.ErrClosed
	}
	var least *grpcConn
	for _, conn := range p.conns {
		if least == nil || conn.open-conn.room() < least.open-least.room() {
			least = conn
		}
	}
	if least == nil || least.open >= least.room() && len(p.conns) < p.config.Connections {
		conn, err := p.connect()
		if err != nil {
			return nil, err
		}
		p.conns = append(p.conns, conn)
		least = conn
	}
	least.open++
	if least.watched.CompareAndSwap(false, true) {
		p.group.Go(func() { p.watch(least) })
	}
	return least, nil
}

// fits reports whether a connection has room for the call that has waited for it,
// which else has to choose again.
func (p *grpcPeer) fits(conn *grpcConn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if conn.open <= conn.room() || len(p.conns) >= p.config.Connections {
		return true
	}
	conn.open--
	return false
}

func (p *grpcPeer) release(conn *grpcConn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	conn.open--
}

// room returns how many calls a connection may have: what the endpoint permits, but for
// the one that finds out whether it is there.
func (c *grpcConn) room() int {
	const unknown = 100 // as many servers have it
	w := c.wire.Load()
	if w == nil {
		return unknown
	}
	return max(int(min(w.streams.Load(), 1<<30))-1, 1)
}

// await waits until a connection is there, or an attempt to make it failed, which with
// anew is one from now on. It reports whether it had to wait.
func (c *grpcConn) await(ctx context.Context, anew bool) (waited bool, err error) {
	for {
		state := c.GetState()
		switch state {
		case connectivity.TransientFailure:
			if !anew {
				return waited, nil
			}
			anew = false
			c.ResetConnectBackoff()
		case connectivity.Ready, connectivity.Shutdown:
			return waited, nil
		case connectivity.Idle:
			c.Connect()
		}
		waited = true
		if !c.WaitForStateChange(ctx, state) {
			return waited, ctx.Err()
		}
	}
}

// connect returns a new connection, which is made with its first call.
func (p *grpcPeer) connect() (*grpcConn, error) {
	conn := &grpcConn{}
	security := insecure.NewCredentials()
	if p.tls != nil {
		security = credentials.NewTLS(p.tls)
	}
	dial := dialer(&p.config, p.to)
	options := []grpc.DialOption{
		grpc.WithTransportCredentials(&wired{security, conn}),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return dial(ctx, "", "") }),
		grpc.WithDisableServiceConfig(),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(int(p.config.MaxResponseBytes))),
		grpc.WithConnectParams(connectParams(p.config.ConnectTimeout)),
		grpc.WithIdleTimeout(p.config.IdleTimeout),
		// Pings are not what finds a peer that hangs, see watch: servers refuse connections
		// that ping more often than every 5 minutes. But with them, a peer that acknowledges
		// nothing any more is noticed after 20 s (TCP_USER_TIMEOUT).
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 6 * time.Minute, Timeout: 20 * time.Second}),
	}
	if p.tls == nil || p.tls.ServerName == "" {
		options = append(options, grpc.WithAuthority(p.to.Authority))
	}
	var err error
	conn.ClientConn, err = grpc.NewClient("passthrough:///"+p.to.Address, options...)
	return conn, err
}

// With these, a connection that hangs is closed after 10 to 20 s.
const (
	silence     = 10 * time.Second
	askInterval = 5 * time.Second
	askTimeout  = 5 * time.Second
)

// watch closes a connection that hangs: one on which nothing has come for a while
// when calls are under way, and on which a call of the health protocol is not answered
// either, be it with an error. It ends when no call is under way.
func (p *grpcPeer) watch(conn *grpcConn) {
	ticker := time.NewTicker(p.interval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-p.ctx.Done():
			return
		}
		p.mu.Lock()
		busy := conn.open > 0
		if !busy {
			conn.watched.Store(false)
		}
		p.mu.Unlock()
		if !busy {
			return
		}
		if w := conn.wire.Load(); w != nil && w.silent() >= p.silence && p.hangs(conn, w) {
			_ = w.Close()
		}
	}
}

// hangs asks a connection whether it is there. It is not known of one that has all of
// the streams that the server permits: the call does not begin.
func (p *grpcPeer) hangs(conn *grpcConn, w *wire) bool {
	ctx, cancel := context.WithTimeout(p.ctx, p.patience)
	defer cancel()
	var from peer.Peer
	_, err := grpc_health_v1.NewHealthClient(conn.ClientConn).Check(ctx, &grpc_health_v1.HealthCheckRequest{}, grpc.Peer(&from))
	return err != nil && from.Addr != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) && w.silent() >= p.silence
}
