package transport

import (
	"context"
	"net"
	"net/http"
	"time"
)

// Attach prepares a server for the connections of a [Listener]: it sets ConnState and
// ConnContext, and wraps the handler. Call it before the server serves.
//
// A stream of HTTP/2 whose client takes nothing of an answer for the timeout is reset; 10 s
// if it is 0. A handler that goes on for longer than that after it has written must flush
// what it wrote.
func Attach(server *http.Server, writeTimeout time.Duration) {
	setDefault(&writeTimeout, 10*time.Second)
	server.ConnState, server.ConnContext = hijacked, withConn
	next := server.Handler
	server.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor == 2 {
			w = &stream{ResponseWriter: w, control: http.NewResponseController(w), timeout: writeTimeout}
		} else if c, ok := r.Context().Value(connKey{}).(*paced); ok {
			w = &gatherer{ResponseWriter: w, conn: c}
		}
		next.ServeHTTP(w, r)
	})
}

// hijacked notifies a connection that it does not speak HTTP any more.
func hijacked(c net.Conn, state http.ConnState) {
	if state != http.StateHijacked {
		return
	}
	switch c := c.(type) {
	case *plain:
		c.framing.state = opaque
	case *secure:
		c.framing.state = opaque
	}
}

type connKey struct{}

// withConn adds the lower layer of a connection of HTTP/1 to the context of its requests.
func withConn(ctx context.Context, c net.Conn) context.Context {
	switch c := c.(type) {
	case *plain:
		return context.WithValue(ctx, connKey{}, &c.paced)
	case *secure:
		return context.WithValue(ctx, connKey{}, c.below)
	}
	return ctx
}
