package transport_test

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/portico-gateway/portico/gateway/transport"
)

// from opens a connection from an address, and reports whether it is served.
func from(t *testing.T, address string, to net.Addr) (conn net.Conn, served bool) {
	t.Helper()
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
	conn, err := dialer.Dial("tcp", to.String())
	if err != nil {
		t.Skipf("addresses other than 127.0.0.1 are needed: %v", err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n") // it may be closed
	_, err = conn.Read(make([]byte, 1))
	return conn, err == nil
}

// Connections are bounded in total and for each address, but for proxies, and count until they
// are closed.
func TestBoundsConnections(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var log safeBuffer
	listener := transport.NewListener(inner, transport.ListenerConfig{
		Connections: 5, ConnectionsPerAddress: 2, Log: slog.New(slog.NewTextHandler(&log, nil)),
		Unlimited: func(a netip.Addr) bool { return a == netip.MustParseAddr("127.0.0.9") },
	})
	closed := make(chan struct{}, 10)
	server := &http.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})}
	transport.Attach(server, 0)
	server.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateClosed {
			closed <- struct{}{}
		}
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	var first net.Conn
	for i, c := range []struct {
		address string
		served  bool
	}{
		{"127.0.0.2", true}, {"127.0.0.2", true}, {"127.0.0.2", false}, {"127.0.0.2", false}, {"127.0.0.9", true}, {"127.0.0.9", true}, {"127.0.0.9", true},
		{"127.0.0.3", false}, // of all there are five
	} {
		conn, served := from(t, c.address, inner.Addr())
		if served != c.served {
			t.Errorf("%d: %s is served: %t", i, c.address, served)
		}
		if first == nil {
			first = conn
		}
	}
	if open, refused := listener.Connections(); open != 5 || refused != 3 {
		t.Errorf("%d are open, %d were refused", open, refused)
	}
	if lines := strings.Count(log.String(), "connections are refused"); lines != 1 {
		t.Errorf("%d lines in the log", lines)
	}
	_ = first.Close()
	<-closed
	if _, served := from(t, "127.0.0.2", inner.Addr()); !served {
		t.Error("a connection that was closed counts")
	}
	_ = server.Close()
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		t.Error(err)
	}
}

// Two thousand clients that connect and send nothing keep nobody else out.
func TestIdleConnections(t *testing.T) {
	for _, p := range protocols() {
		if p.major == 2 {
			continue
		}
		t.Run(p.name, func(t *testing.T) {
			g := p.serve(t, timeouts{}, transport.Config{}, func(c *transport.ListenerConfig) { c.Connections, c.ConnectionsPerAddress = 2000, 1000 })
			for range 2000 {
				conn, err := net.Dial("tcp", g.Listener.Addr().String())
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close()
			}
			transport := g.Client().Transport.(*http.Transport)
			dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP("127.0.0.2")}}
			transport.DialContext = dialer.DialContext
			if a := g.post(t, `{"query":"{__typename}"}`); a.status != http.StatusOK {
				t.Errorf("%d %s", a.status, a.body)
			}
		})
	}
}
