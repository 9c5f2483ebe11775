package transport

import (
	"context"
	"errors"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// draining is how a Listener takes its last connections.
type draining struct {
	empty  chan struct{} // closed when all were accepted
	closed chan struct{} // closed with the listener

	late             atomic.Bool // the deadline has passed once
	emptied, closing sync.Once
}

func newDraining() *draining {
	return &draining{empty: make(chan struct{}), closed: make(chan struct{})}
}

// lastConnections is how long a connection is waited for whose client has begun to open it.
const lastConnections = 50 * time.Millisecond

// Drain accepts the connections that clients have opened, and no others. It returns when that is done, or with
// the error of ctx. The kernel would reset those that wait to be accepted when the listener is closed, with
// the requests on them. Call it while a server accepts connections, before it is shut down: see [http.Server.Shutdown].
//
// On Linux, if the listener does not accept multipath TCP, clients that open a connection from then on get no answer,
// and try again after a second; elsewhere, a connection that is opened in the moment between Drain and Close is reset.
func (l *Listener) Drain(ctx context.Context) error {
	tcp, ok := l.Listener.(*net.TCPListener)
	if !ok {
		return nil
	}
	ignoreNew(tcp)
	if err := tcp.SetDeadline(time.Now().Add(lastConnections)); err != nil {
		return err
	}
	select {
	case <-l.draining.empty:
		return nil
	case <-l.draining.closed:
		return net.ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}

// accept accepts a connection. When the time of Drain is over, it waits for Close.
func (l *Listener) accept() (net.Conn, error) {
	for {
		accepted, err := l.Listener.Accept()
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return accepted, err
		}
		if l.draining.late.Swap(true) {
			l.draining.emptied.Do(func() { close(l.draining.empty) })
			<-l.draining.closed
			return nil, net.ErrClosed
		}
		// The deadline may have passed before a busy machine came to accept what waits: there is a second one.
		if err := l.Listener.(*net.TCPListener).SetDeadline(time.Now().Add(lastConnections)); err != nil { //nolint:forcetypeassert // see Drain
			return nil, err
		}
	}
}
