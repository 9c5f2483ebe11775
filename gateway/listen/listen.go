// Package listen serves HTTP at the addresses of a gateway: TCP ports and Unix domain sockets, with and
// without TLS.
package listen

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/portico-gateway/portico/gateway/transport"
)

// Address is an address at which a gateway listens.
type Address struct {
	listener *transport.Listener
	server   *http.Server
}

// Config is the configuration of an [Address].
type Config struct {
	// Address is host:port, or unix:/path. Port 0 is any that is free.
	Address string
	// Mode is that of a Unix domain socket.
	Mode fs.FileMode
	// Handler serves requests.
	Handler http.Handler
	// ReadTimeout is for reading a request, and WriteTimeout how long a client may take nothing of what is written to it.
	ReadTimeout, WriteTimeout time.Duration
	// TLS is nil for plain text.
	TLS *transport.TLS
	// H2C accepts HTTP/2 in plain text.
	H2C bool
	// Connections and ConnectionsPerAddress limit open connections, except that addresses for which Unlimited reports true may
	// have any number; 0 for no limit.
	Connections, ConnectionsPerAddress int
	Unlimited                          func(netip.Addr) bool
	// Log gets failures of connections; it is not nil.
	Log *slog.Logger
}

// Open begins to listen. The caller calls Serve and then Shutdown, or Close.
func Open(ctx context.Context, c Config) (*Address, error) {
	l, err := listen(ctx, c.Address, c.Mode)
	if err != nil {
		return nil, err
	}
	listener := transport.NewListener(l, transport.ListenerConfig{
		WriteTimeout: c.WriteTimeout, TLS: c.TLS, H2C: c.H2C, Log: c.Log,
		Connections: c.Connections, ConnectionsPerAddress: c.ConnectionsPerAddress, Unlimited: c.Unlimited,
	})
	return &Address{listener, newServer(c)}, nil
}

// listen listens at host:port, or at unix:/path on a socket with a mode.
func listen(ctx context.Context, address string, mode fs.FileMode) (net.Listener, error) {
	if path, ok := strings.CutPrefix(address, "unix:"); ok {
		return listenUnix(ctx, path, mode)
	}
	var config net.ListenConfig
	config.SetMultipathTCP(false) // for which Drain can't drop what opens a connection
	l, err := config.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("%w (is another gateway running? Stop it, or set another address)", err)
	}
	return l, nil
}

func newServer(c Config) *http.Server {
	server := &http.Server{
		Handler:           c.Handler,
		ReadHeaderTimeout: min(5*time.Second, c.ReadTimeout),
		ReadTimeout:       c.ReadTimeout,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          log.New(serverErrors{c.Log}, "", 0),
		Protocols:         new(http.Protocols),
		// What net/http keeps of bodies that no handler has read is not in server.bodyBudget.
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams:          250,
			MaxReadFrameSize:              16 << 10,
			MaxReceiveBufferPerConnection: 128 << 10,
			MaxReceiveBufferPerStream:     64 << 10,
		},
	}
	server.Protocols.SetHTTP1(true)
	server.Protocols.SetHTTP2(c.TLS != nil)
	server.Protocols.SetUnencryptedHTTP2(c.H2C)
	transport.Attach(server, c.WriteTimeout)
	return server
}

// Serve serves requests until Shutdown or Close is called; then it returns [http.ErrServerClosed].
// Any other error is that of the listener.
func (a *Address) Serve() error { return a.server.Serve(a.listener) }

// Drain stops to listen, and accepts the connections that clients have opened, as the last ones.
func (a *Address) Drain(ctx context.Context) error { return a.listener.Drain(ctx) }

// Shutdown waits for requests, for as long as ctx is not done; it ends idle connections at once.
func (a *Address) Shutdown(ctx context.Context) error { return a.server.Shutdown(ctx) }

// Close closes all connections, and the listener, whether Serve was called or not.
func (a *Address) Close() error {
	err := a.server.Close()
	if closed := a.listener.Close(); !errors.Is(closed, net.ErrClosed) {
		err = errors.Join(err, closed)
	}
	return err
}

// Connections returns the number of open connections, and of those that were refused.
func (a *Address) Connections() (open int, refused uint64) { return a.listener.Connections() }

// URL returns the address as a URL without a path; that of a socket as nginx writes it.
func (a *Address) URL() string {
	at := a.listener.Addr().String()
	if a.listener.Addr().Network() == "unix" {
		at = "unix:" + at + ":"
	}
	if a.listener.TLS() {
		return "https://" + at
	}
	return "http://" + at
}
