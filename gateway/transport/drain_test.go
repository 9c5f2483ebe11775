package transport_test

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/portico-gateway/portico/gateway/transport"
)

// Connections that clients opened before Drain, or during it, are served, though the server accepts them late; after
// it, there are none.
func TestDrain(t *testing.T) {
	var config net.ListenConfig
	config.SetMultipathTCP(false)
	below, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := transport.NewListener(below, transport.ListenerConfig{})
	address := below.Addr().String()
	var conns []net.Conn
	for range 20 { // that wait in the kernel
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		conns = append(conns, conn)
		if _, err := fmt.Fprint(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "close")
	})}
	drained := make(chan error, 1)
	go func() { drained <- l.Drain(t.Context()) }()
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	if err := <-drained; err != nil {
		t.Error(err)
	}
	if runtime.GOOS == "linux" {
		if conn, err := net.DialTimeout("tcp", address, 50*time.Millisecond); err == nil {
			t.Error("a connection is opened after Drain")
			conn.Close()
		}
	}
	if err := server.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		t.Error(err)
	}
	for i, conn := range conns {
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Errorf("connection %d: %v", i, err)
			continue
		}
		resp.Body.Close()
	}
}

// Drain does not wait for what can't come: a listener that is closed.
func TestDrainOfAClosedListener(t *testing.T) {
	below, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := transport.NewListener(below, transport.ListenerConfig{})
	var group sync.WaitGroup
	group.Go(func() {
		if conn, err := l.Accept(); err == nil {
			t.Error("accepted", conn)
		}
	})
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	group.Wait()
	if err := l.Drain(t.Context()); err == nil {
		t.Error("there is no error")
	}
}
