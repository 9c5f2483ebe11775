package faultproxy_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/portico-gateway/portico/e2e/faultproxy"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for what must happen.
const patience = 30 * time.Second

// echo runs a backend that answers each line with itself, until the test ends. It
// returns its address, and the lines that arrive.
func echo(t *testing.T) (addr string, lines <-chan string) {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	arrived := make(chan string, 100)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				for r := bufio.NewReader(conn); ; {
					line, err := r.ReadString('\n')
					if err != nil {
						return
					}
					arrived <- strings.TrimSpace(line)
					_, _ = io.WriteString(conn, line)
				}
			}()
		}
	}()
	return listener.Addr().String(), arrived
}

// client is a connection through a proxy.
type client struct {
	net.Conn
	r *bufio.Reader
}

func connect(t *testing.T, p *faultproxy.Proxy) *client {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", p.Addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return &client{conn, bufio.NewReader(conn)}
}

func (c *client) send(t *testing.T, line string) {
	t.Helper()
	if _, err := io.WriteString(c, line+"\n"); err != nil {
		t.Fatal(err)
	}
}

func (c *client) want(t *testing.T, line string) {
	t.Helper()
	if got, err := c.r.ReadString('\n'); err != nil || got != line+"\n" {
		t.Fatalf("got %q, %v; want %q", got, err, line)
	}
}

// wantReset reads the reset of the connection.
func (c *client) wantReset(t *testing.T) {
	t.Helper()
	if _, err := c.r.ReadByte(); !errors.Is(err, syscall.ECONNRESET) {
		t.Fatalf("got %v, want a reset", err)
	}
}

func await(t *testing.T, p *faultproxy.Proxy, wanted func(faultproxy.Stats) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := p.Await(ctx, wanted); err != nil {
		t.Fatalf("%v: %+v", err, p.Stats())
	}
}

func TestPass(t *testing.T) {
	backend, _ := echo(t)
	p := faultproxy.Start(t, backend)
	for range 2 {
		c := connect(t, p)
		c.send(t, "hello")
		c.want(t, "hello")
		_ = c.Close()
	}
	await(t, p, func(s faultproxy.Stats) bool { return s == faultproxy.Stats{Accepted: 2, In: 12, Out: 12} })
}

func TestDead(t *testing.T) {
	backend, _ := echo(t)
	p := faultproxy.Start(t, backend)
	c := connect(t, p)
	c.send(t, "hello")
	c.want(t, "hello")
	p.Set(faultproxy.Dead)
	c.wantReset(t)
	if conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", p.Addr); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Fatalf("got %v, %v; want that the connection is refused", conn, err)
	}
	await(t, p, func(s faultproxy.Stats) bool { return s.Open == 0 })
	p.Set(faultproxy.Pass)
	c = connect(t, p)
	c.send(t, "again")
	c.want(t, "again")
}

// A hung proxy acknowledges what it is sent, on old connections and new ones, and
// nothing arrives. Connections that lost bytes don't outlive it; others do.
func TestHung(t *testing.T) {
	backend, lines := echo(t)
	p := faultproxy.Start(t, backend)
	old, idle := connect(t, p), connect(t, p)
	for _, c := range []*client{old, idle} {
		c.send(t, "before")
		c.want(t, "before")
		<-lines
	}
	p.Set(faultproxy.Hung)
	fresh := connect(t, p)
	before := p.Stats().In
	old.send(t, "lost")
	fresh.send(t, "lost")
	await(t, p, func(s faultproxy.Stats) bool { return s.In == before+10 && s.Open == 3 })
	p.Set(faultproxy.Pass)
	old.wantReset(t)
	fresh.wantReset(t)
	idle.send(t, "after")
	idle.want(t, "after")
	if line := <-lines; line != "after" {
		t.Errorf("%q arrived", line)
	}
}

// Answers are delayed, not requests, and all of them by the same time.
func TestSlow(t *testing.T) {
	const delay = 200 * time.Millisecond
	backend, lines := echo(t)
	p := faultproxy.Start(t, backend)
	c := connect(t, p)
	c.send(t, "quick")
	c.want(t, "quick")
	<-lines
	p.SetDelay(delay)
	began := time.Now()
	for range 20 {
		c.send(t, "slow")
		<-lines
	}
	arrived := time.Since(began)
	for range 20 {
		c.want(t, "slow")
	}
	// 20 delays one after another would be 4 s.
	if took := time.Since(began); took < delay || took > 10*delay || arrived > took {
		t.Errorf("requests took %v and answers %v", arrived, took)
	}
	p.Set(faultproxy.Pass)
	c.send(t, "quick")
	c.want(t, "quick")
}

// The backend receives the request, the client the end of the stream.
func TestHalfClosed(t *testing.T) {
	backend, lines := echo(t)
	p := faultproxy.Start(t, backend)
	c := connect(t, p)
	c.send(t, "before")
	c.want(t, "before")
	<-lines
	p.Set(faultproxy.HalfClosed)
	c.send(t, "lost")
	if line := <-lines; line != "lost" {
		t.Errorf("%q arrived", line)
	}
	if _, err := c.r.ReadByte(); !errors.Is(err, io.EOF) {
		t.Errorf("got %v, want EOF", err)
	}
	c.send(t, "it still reads")
	<-lines
	p.Set(faultproxy.Pass)
	// What the client has read may not be counted yet.
	await(t, p, func(s faultproxy.Stats) bool { return s.Out == 7 })
}

func TestFlap(t *testing.T) {
	backend, _ := echo(t)
	p := faultproxy.Start(t, backend)
	stop := p.Flap(5*time.Millisecond, 5*time.Millisecond)
	refused, accepted := false, false
	for deadline := time.Now().Add(patience); !refused || !accepted; {
		if time.Now().After(deadline) {
			t.Fatalf("refused %v, accepted %v", refused, accepted)
		}
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", p.Addr)
		if err != nil {
			refused = true
			continue
		}
		accepted = true
		_ = conn.Close()
	}
	stop()
	stop()
	if p.Mode() != faultproxy.Pass {
		t.Errorf("it is %v", p.Mode())
	}
	c := connect(t, p)
	c.send(t, "hello")
	c.want(t, "hello")
}

// Clients of a proxy whose backend is not there are reset.
func TestNoBackend(t *testing.T) {
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = listener.Close()
	p := faultproxy.Start(t, listener.Addr().String())
	// The reset may come before the client knows that it is connected.
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", p.Addr)
	if err == nil {
		_, err = conn.Read(make([]byte, 1))
		_ = conn.Close()
	}
	if !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("got %v, want a reset", err)
	}
}

// However modes change, the proxy works at the end and no connection stays.
func TestModesRace(t *testing.T) {
	backend, _ := echo(t)
	p := faultproxy.Start(t, backend)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range 100 {
			p.SetDelay(time.Millisecond)
			p.Set(faultproxy.Mode(i % 5))
		}
		p.Set(faultproxy.Pass)
	}()
	for running := true; running; {
		select {
		case <-done:
			running = false
		default:
		}
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", p.Addr)
		if err == nil {
			_, _ = io.WriteString(conn, "hello\n")
			_ = conn.Close()
		}
	}
	c := connect(t, p)
	c.send(t, "hello")
	c.want(t, "hello")
	_ = c.Close()
	await(t, p, func(s faultproxy.Stats) bool { return s.Open == 0 })
}
