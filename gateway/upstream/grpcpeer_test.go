package upstream

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"testing/iotest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"github.com/portico-gateway/portico/e2e/faultproxy"
	"github.com/portico-gateway/portico/gateway/endpoint"
	"github.com/portico-gateway/portico/gateway/problem"
)

// openStreams is a health server whose streams stay open, and nothing comes on them.
type openStreams struct {
	grpc_health_v1.UnimplementedHealthServer

	begun chan struct{}
}

func (openStreams) Check(context.Context, *grpc_health_v1.HealthCheckRequest) (*grpc_health_v1.HealthCheckResponse, error) {
	return &grpc_health_v1.HealthCheckResponse{}, nil
}

func (s openStreams) Watch(_ *grpc_health_v1.HealthCheckRequest, stream grpc_health_v1.Health_WatchServer) error {
	s.begun <- struct{}{}
	<-stream.Context().Done()
	return stream.Context().Err()
}

func serveStreams(t *testing.T, options ...grpc.ServerOption) (addr string, begun <-chan struct{}) {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer(options...)
	of := openStreams{begun: make(chan struct{}, 1000)}
	grpc_health_v1.RegisterHealthServer(server, of)
	go func() { _ = server.Serve(l) }()
	t.Cleanup(server.Stop)
	return l.Addr().String(), of.begun
}

func clientOf(t *testing.T, addr string) (*grpcClient, *endpoint.Set) {
	t.Helper()
	services, err := Open([]Config{{Name: "s", URL: "grpc://" + addr, Timeout: 20 * time.Second}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = services.Close() })
	c, err := find[*grpcClient](services, "s", "grpc")
	if err != nil {
		t.Fatal(err)
	}
	return c, c.versions().main.balancer.set
}

// More streams than an endpoint permits on a connection get more connections, and leave
// room for calls, also if all begin before it is known how many it permits.
func TestStreamLimit(t *testing.T) {
	addr, begun := serveStreams(t, grpc.MaxConcurrentStreams(10))
	c, set := clientOf(t, addr)
	const streams = 50
	client := grpc_health_v1.NewHealthClient(c)
	failed := make(chan error, streams)
	ctx, cancel := context.WithCancel(t.Context())
	for range streams {
		go func() {
			s, err := client.Watch(ctx, &grpc_health_v1.HealthCheckRequest{})
			if err == nil {
				_, err = s.Recv()
			}
			failed <- err
		}()
	}
	for range streams {
		<-begun
	}
	for range 20 {
		if _, err := client.Check(t.Context(), &grpc_health_v1.HealthCheckRequest{}); err != nil {
			t.Fatal(err)
		}
	}
	for e := range set.All() {
		p := e.Peer().(*grpcPeer)
		p.mu.Lock()
		if n := len(p.conns); n < 6 || n > 7 { // 9 of 10 are used
			t.Errorf("%d connections", n)
		}
		p.mu.Unlock()
		if e.Open(endpoint.Stream) != streams {
			t.Errorf("%d streams are open", e.Open(endpoint.Stream))
		}
	}
	cancel()
	for range streams {
		if err := <-failed; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
}

// A connection whose streams are all in use, and silent, is not one that hangs, though it
// can't be asked.
func TestSilentConnectionWithoutRoom(t *testing.T) {
	addr, begun := serveStreams(t, grpc.MaxConcurrentStreams(2))
	services, err := Open([]Config{{Name: "s", URL: "grpc://" + addr, Connections: 1}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = services.Close() })
	c, err := find[*grpcClient](services, "s", "grpc")
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := grpc_health_v1.NewHealthClient(c).Watch(t.Context(), &grpc_health_v1.HealthCheckRequest{}); err != nil {
			t.Fatal(err)
		}
		<-begun
	}
	for e := range c.versions().main.balancer.set.All() {
		p := e.Peer().(*grpcPeer)
		p.mu.Lock()
		conn := p.conns[0]
		p.mu.Unlock()
		asking := &grpcPeer{ctx: t.Context(), patience: 20 * time.Millisecond}
		if asking.hangs(conn, conn.wire.Load()) {
			t.Error("it is taken for one that hangs")
		}
	}
}

// A stream that an endpoint does not permit is not waited for longer than the timeout.
func TestStreamWithoutRoom(t *testing.T) {
	addr, begun := serveStreams(t, grpc.MaxConcurrentStreams(1))
	services, err := Open([]Config{{Name: "s", URL: "grpc://" + addr, Connections: 1, Timeout: 200 * time.Millisecond, Attempts: 1}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = services.Close() })
	c, err := find[*grpcClient](services, "s", "grpc")
	if err != nil {
		t.Fatal(err)
	}
	client := grpc_health_v1.NewHealthClient(c)
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := client.Watch(ctx, &grpc_health_v1.HealthCheckRequest{}); err != nil {
		t.Fatal(err)
	}
	<-begun
	if _, err := client.Watch(t.Context(), &grpc_health_v1.HealthCheckRequest{}); problem.CodeOf(err) != problem.ServiceTimeout {
		t.Errorf("a second stream: %v", err)
	}
	cancel()
	last, end := context.WithCancel(t.Context())
	defer end()
	if _, err := client.Watch(last, &grpc_health_v1.HealthCheckRequest{}); err != nil {
		t.Errorf("when there is room again: %v", err)
	}
}

// A connection that hangs is closed, and the streams on it fail with UNAVAILABLE. One
// that is only silent stays.
func TestHungConnection(t *testing.T) {
	addr, begun := serveStreams(t)
	proxy := faultproxy.Start(t, addr)
	c, set := clientOf(t, proxy.Addr)
	u, err := set.Use(t.Context(), endpoint.Call, nil, false) // so that there is an endpoint
	if err != nil {
		t.Fatal(err)
	}
	u.End(endpoint.Left)
	p := u.Peer().(*grpcPeer)
	p.silence, p.interval, p.patience = 50*time.Millisecond, 10*time.Millisecond, 200*time.Millisecond
	s, err := grpc_health_v1.NewHealthClient(c).Watch(t.Context(), &grpc_health_v1.HealthCheckRequest{})
	if err != nil {
		t.Fatal(err)
	}
	<-begun
	before := proxy.Stats()
	// It is asked several times while it is silent, and answers.
	if err := proxy.Await(t.Context(), func(now faultproxy.Stats) bool { return now.Out > before.Out+300 }); err != nil {
		t.Fatal(err)
	}
	if now := proxy.Stats(); now.Accepted != before.Accepted {
		t.Errorf("%d connections were made while it was silent", now.Accepted-before.Accepted)
	}
	proxy.Set(faultproxy.Hung)
	if _, err := s.Recv(); !IsCode(err, codes.Unavailable) {
		t.Errorf("the stream of a connection that hangs: %v", err)
	}
}

// The first frame of a server says how many streams it permits.
func TestSettings(t *testing.T) {
	settings := []byte{0, 0, 12, 4, 0, 0, 0, 0, 0 /* window */, 0, 4, 0, 1, 0, 0 /* streams */, 0, 3, 0, 0, 0, 7}
	for name, c := range map[string]struct {
		sent []byte
		want uint32
	}{
		"a limit":                      {append(settings, 1, 2, 3), 7},
		"no limit":                     {[]byte{0, 0, 0, 4, 0, 0, 0, 0, 0}, 1<<32 - 1},
		"another frame":                {[]byte{0, 0, 1, 6, 0, 0, 0, 0, 0, 1}, 1<<32 - 1},
		"settings of too many bytes":   {[]byte{255, 255, 255, 4, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 7}, 1<<32 - 1},
		"settings that are not whole":  {settings[:20], 1<<32 - 1},
		"a length that is no multiple": {[]byte{0, 0, 7, 4, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 7, 1}, 7},
	} {
		for _, read := range []func(io.Reader) io.Reader{iotest.OneByteReader, iotest.DataErrReader} {
			w := &wire{Conn: readConn{Reader: read(bytes.NewReader(c.sent))}}
			w.streams.Store(1<<32 - 1)
			got, err := io.ReadAll(w)
			if err != nil || !bytes.Equal(got, c.sent) || w.streams.Load() != c.want {
				t.Errorf("%s: %d streams, want %d; read %v, %v", name, w.streams.Load(), c.want, got, err)
			}
		}
	}
}

// readConn is a connection that is only read.
type readConn struct {
	net.Conn
	io.Reader
}

func (c readConn) Read(p []byte) (int, error) { return c.Reader.Read(p) }

func FuzzSettings(f *testing.F) {
	f.Add([]byte{0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 7})
	f.Fuzz(func(t *testing.T, sent []byte) {
		w := &wire{Conn: readConn{Reader: iotest.HalfReader(bytes.NewReader(sent))}}
		if got, err := io.ReadAll(w); err != nil || !bytes.Equal(got, sent) {
			t.Errorf("read %v of %v: %v", got, sent, err)
		}
		if len(w.start) > frameHeader+longestSettings+len(sent) {
			t.Errorf("%d bytes are kept", len(w.start))
		}
	})
}

// A call of which no endpoint got anything is made elsewhere, also if it must not be
// repeated; one that may have been received is not.
func TestUnsentOverGRPC(t *testing.T) {
	addr, _ := serveStreams(t)
	dead := faultproxy.Start(t, addr)
	dead.Set(faultproxy.Dead)
	services, err := Open([]Config{{
		Name: "s", Endpoints: endpoint.Config{Targets: []endpoint.Target{{URL: "grpc://" + dead.Addr}, {URL: "grpc://" + addr}}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer services.Close()
	c, err := find[*grpcClient](services, "s", "grpc")
	if err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		calls := 0
		err := c.versions().main.balancer.send(t.Context(), &call{route: "r", attempt: func(ctx context.Context, to *endpoint.Endpoint) error {
			calls++
			return c.on(ctx, to, func(conn *grpcConn) error {
				_, err := grpc_health_v1.NewHealthClient(conn).Check(ctx, &grpc_health_v1.HealthCheckRequest{})
				if status.Code(err) == codes.Unavailable {
					return &unsentError{grpcError(ctx, "s", err)}
				}
				return err
			})
		}})
		if err != nil || calls > 2 {
			t.Fatalf("call %d: %v after %d attempts", i, err, calls)
		}
		if err := c.Invoke(t.Context(), grpc_health_v1.Health_Check_FullMethodName, &grpc_health_v1.HealthCheckRequest{}, &grpc_health_v1.HealthCheckResponse{}); err != nil {
			t.Fatalf("call %d: %v", i, err)
		}
	}
}
