package transport

import (
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"
)

// Listener accepts connections that an [http.Server] can serve to any client:
//   - A connection is closed when the client takes nothing of a write for a
//     time. A slow client that goes on reading is given all the time that it
//     needs, also for one large write. It holds for answers, event streams and
//     WebSockets.
//   - A request over HTTP/1 with both Content-Length and Transfer-Encoding is answered
//     400, and the connection is closed.
//   - A client that is slow in its TLS handshake does not delay others.
//
// The server must be prepared by [Attach], and have no WriteTimeout.
//
// A connection has two layers of ours. The lower one ([paced]) has the deadlines: it is
// beneath TLS, which can't go on after a write that has timed out. The upper one checks
// the heads of requests of HTTP/1, which over TLS are only there once they are decrypted.
type Listener struct {
	net.Listener

	config      ListenerConfig
	handshakes  *handshakes // nil without TLS
	connections connections
	draining    *draining
	buffers     sync.Pool // of *[]byte: see paced.gather
	waiters     sync.Pool // of *waiter
}

// ListenerConfig is the configuration of a [Listener]. The zero value is for HTTP/1 in
// plain text.
type ListenerConfig struct {
	// WriteTimeout is how long a client may take nothing of what is written to it; 10 s
	// if it is 0.
	WriteTimeout time.Duration
	// TLS is the configuration of TLS; nil for connections in plain text.
	TLS *TLS
	// HandshakeTimeout is how long a client has for its part of a handshake; 10 s if it is
	// 0.
	HandshakeTimeout time.Duration
	// H2C lets connections in plain text begin with the preface of HTTP/2. The server must
	// have UnencryptedHTTP2 among its protocols exactly if this is set.
	H2C bool
	// Connections is how many connections there may be; 0 for any number. One too many is
	// closed at once.
	Connections int
	// ConnectionsPerAddress is how many of them may be of one address, or of one network of 64
	// bits of IPv6; 0 for any number.
	ConnectionsPerAddress int
	// Unlimited reports whether an address may have more than that, such as a proxy; nil for
	// none. Unix domain sockets may.
	Unlimited func(netip.Addr) bool
	// Log gets handshakes that fail, and that connections were refused; nil for none.
	Log *slog.Logger
}

// NewListener returns a listener whose connections are those of l.
func NewListener(l net.Listener, config ListenerConfig) *Listener {
	setDefault(&config.WriteTimeout, 10*time.Second)
	setDefault(&config.HandshakeTimeout, 10*time.Second)
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler)
	}
	out := &Listener{Listener: l, config: config, draining: newDraining()}
	if config.TLS != nil {
		out.handshakes = newHandshakes()
	}
	return out
}

// Accept is part of [net.Listener]. With TLS, it returns connections whose handshake is
// complete: of HTTP/2 a [*tls.Conn], and of HTTP/1 one with the method ConnectionState, by
// which an [http.Server] sets [http.Request.TLS].
func (l *Listener) Accept() (net.Conn, error) {
	if l.handshakes != nil {
		return l.acceptTLS()
	}
	accepted, err := l.acceptOne()
	if err != nil {
		return nil, err
	}
	conn := &plain{paced: paced{Conn: accepted, listener: l}}
	if l.config.H2C {
		conn.framing.state = preface
	}
	return conn, nil
}

// TLS reports whether connections speak TLS.
func (l *Listener) TLS() bool { return l.config.TLS != nil }

// Close is part of [net.Listener]. It ends the handshakes that are under way.
func (l *Listener) Close() error {
	l.draining.closing.Do(func() { close(l.draining.closed) })
	err := l.Listener.Close()
	if l.handshakes != nil {
		l.handshakes.close()
	}
	return err
}
