package upstream

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/portico-gateway/portico/gateway/endpoint"
)

// httpPeer calls one endpoint over HTTP. It is not an http.Client: one would follow
// redirects that lead the caller's token elsewhere, and there are no cookies.
type httpPeer struct {
	calls *http.Transport
	// streams is another one, since a stream over HTTP/1 has a connection for as long as
	// it lasts, so that streams would leave calls without one. It opens as many
	// connections as there are streams.
	streams *http.Transport
	// base is that of the URLs of requests, whose host is that of the first target.
	base string
	// repeats reports whether connections can be of HTTP/2: see once.
	repeats atomic.Bool
	open    atomic.Int64 // connections
}

// A connection of HTTP/2 on which nothing comes is asked with a ping whether it is
// there.
const (
	pingAfter   = 10 * time.Second
	pingTimeout = 5 * time.Second
)

func newHTTPPeer(s *setup, e *endpoint.Endpoint) *httpPeer {
	p, c, config := &httpPeer{base: s.base}, &s.config, s.tls
	if config != nil {
		p.repeats.Store(true) // it is not known yet
		config = config.Clone()
		config.VerifyConnection = func(state tls.ConnectionState) error {
			p.repeats.Store(state.NegotiatedProtocol == "h2")
			return nil
		}
	}
	calls := &http.Transport{
		DialContext:            p.counting(dialer(c, e)),
		TLSClientConfig:        config,
		ForceAttemptHTTP2:      true,
		MaxIdleConns:           c.Concurrency,
		MaxIdleConnsPerHost:    c.Concurrency,
		MaxConnsPerHost:        c.Connections,
		IdleConnTimeout:        c.IdleTimeout,
		TLSHandshakeTimeout:    c.ConnectTimeout,
		MaxResponseHeaderBytes: 64 << 10,
		HTTP2:                  &http.HTTP2Config{SendPingTimeout: pingAfter, PingTimeout: pingTimeout},
	}
	streams := calls.Clone()
	streams.MaxIdleConns, streams.MaxIdleConnsPerHost, streams.MaxConnsPerHost = 0, 0, 0
	streams.DisableCompression = true // a compressed event can be stuck in the service's buffer
	p.calls, p.streams = calls, streams
	return p
}

// once makes a request, which is a copy, one that the transport sends once. Over HTTP/2 it
// sends any request again, without a pause and as long as there is time, whose body it can
// have again, or that has none, when the service resets the stream with PROTOCOL_ERROR,
// though that may have done what the request says. Over HTTP/1 see sendOnce.
func (p *httpPeer) once(req *http.Request) {
	if !p.repeats.Load() {
		return
	}
	if req.Body == nil || req.Body == http.NoBody {
		req.Body = io.NopCloser(strings.NewReader(""))
	}
	req.GetBody = nil
}

// mostSends is how many requests the transport may send in one attempt, with those that
// redirects lead to.
const mostSends = mostRedirects + 3

// errRepeated is the cause of the end of an attempt whose request was sent too often.
var errRepeated = fmt.Errorf("the service reset the streams of %d requests", mostSends)

// bounded returns a context for a request that the transport may send again, as it does
// over HTTP/2, see once, which ends when it would have been sent too often.
func (p *httpPeer) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	if !p.repeats.Load() {
		return ctx, func() {}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	var sent atomic.Int64
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) {
		if sent.Add(1) > mostSends {
			cancel(errRepeated)
		}
	}})
	return ctx, func() { cancel(nil) }
}

// isUnprocessed reports whether HTTP/2 says of a request that is sent once that the service
// has not processed it (RFC 9113, section 8.7). There is no other way to tell than the text.
func isUnprocessed(err error) bool {
	text, ok := strings.CutPrefix(err.Error(), "http2: Transport: cannot retry err [")
	return ok && (strings.Contains(text, "REFUSED_STREAM") || strings.Contains(text, "graceful shutdown GOAWAY"))
}

// peerOf returns the peer of an endpoint of an HTTP service.
func peerOf(e *endpoint.Endpoint) *httpPeer { return e.Peer().(*httpPeer) } //nolint:forcetypeassert // see newPeer

// Close is part of io.Closer.
func (p *httpPeer) Close() error {
	p.calls.CloseIdleConnections()
	p.streams.CloseIdleConnections()
	return nil
}

// connections returns how many connections are open.
func (p *httpPeer) connections() int { return int(p.open.Load()) }

// counting returns a function that connects as dial does, and counts the connection until it
// is closed.
func (p *httpPeer) counting(dial dial) dial {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		p.open.Add(1)
		return &counted{Conn: conn, ended: sync.OnceFunc(func() { p.open.Add(-1) })}, nil
	}
}

// counted is a connection that calls a function when it is closed.
type counted struct {
	net.Conn

	ended func()
}

// Close is part of net.Conn.
func (c *counted) Close() error {
	c.ended()
	return c.Conn.Close()
}

// dialError is the error of a connection that could not be made.
type dialError struct{ error }

func (e *dialError) Unwrap() error { return e.error }

// dial is a function that makes a connection.
type dial func(ctx context.Context, network, address string) (net.Conn, error)

// dialer returns a function that connects to an endpoint, whatever address it is given.
// A peer that is gone is noticed when it acknowledges nothing any more.
func dialer(c *Config, e *endpoint.Endpoint) dial {
	d := &net.Dialer{
		Timeout:         c.ConnectTimeout,
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 15 * time.Second, Interval: 5 * time.Second, Count: 2},
	}
	return func(ctx context.Context, _, _ string) (net.Conn, error) {
		conn, err := d.DialContext(ctx, e.Network, e.Address)
		if err != nil {
			return nil, &dialError{err}
		}
		return conn, nil
	}
}

// unsent returns err, whose cause is that of a transport, as an *unsentError if there
// was no connection, or the service says that it got nothing.
func unsent(err, cause error) error {
	if isUnprocessed(cause) && !errors.Is(err, context.Canceled) {
		return &unsentError{err}
	}
	if _, ok := errors.AsType[*dialError](cause); ok && !errors.Is(err, context.Canceled) {
		return &unsentError{err}
	}
	return err
}
