// Package faultproxy is a TCP proxy for tests. It stands before one backend and
// fails in the ways in which hosts and networks do, for connections that are
// open and for new ones.
package faultproxy

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Mode is how a proxy behaves.
type Mode int

// The modes. Each applies from the moment in which it is set.
const (
	// Pass forwards everything at once.
	Pass Mode = iota
	// Dead refuses new connections and resets those that are open.
	Dead
	// Hung accepts connections and reads what clients send, but forwards nothing in
	// either direction. To a client it is a host that acknowledges every segment
	// and never answers.
	Hung
	// Slow delivers what the backend sends after a delay; see [Proxy.SetDelay].
	Slow
	// HalfClosed forwards a request and closes its side of the connection instead
	// of delivering the answer. It goes on reading.
	HalfClosed
)

// String returns the name of the mode.
func (m Mode) String() string {
	switch m {
	case Pass:
		return "pass"
	case Dead:
		return "dead"
	case Hung:
		return "hung"
	case Slow:
		return "slow"
	case HalfClosed:
		return "half-closed"
	}
	return "mode " + strconv.Itoa(int(m))
}

// Stats count what a proxy has seen.
type Stats struct {
	Accepted int   // connections
	Open     int   // connections that are not closed
	In       int64 // bytes that clients sent
	Out      int64 // bytes that were delivered to clients
}

// Proxy stands before one backend. It is safe for concurrent use.
type Proxy struct {
	// Addr is the proxy's host:port. It stays the same while the proxy is dead.
	Addr string

	t       testing.TB
	backend string
	group   sync.WaitGroup

	mu       sync.Mutex
	mode     Mode
	delay    time.Duration // of Slow
	listener net.Listener  // nil while the proxy is dead
	open     map[*connection]struct{}
	stats    Stats
	changed  chan struct{} // closed when stats change
	closed   bool
}

// Start runs a proxy on a free port of 127.0.0.1 until the test ends.
func Start(t testing.TB, backend string) *Proxy {
	t.Helper()
	return StartAt(t, "127.0.0.1:"+strconv.Itoa(FreePort(t, "127.0.0.1")), backend)
}

// StartAt runs a proxy at an address until the test ends.
func StartAt(t testing.TB, addr, backend string) *Proxy {
	t.Helper()
	p := &Proxy{Addr: addr, t: t, backend: backend, mode: Dead, open: map[*connection]struct{}{}, changed: make(chan struct{})}
	p.Set(Pass)
	t.Cleanup(func() {
		p.mu.Lock()
		p.closed = true
		p.mu.Unlock()
		p.Set(Dead)
		p.group.Wait()
	})
	return p
}

// FreePort returns a port that is free on all these hosts. It is below those that
// the system assigns to outgoing connections, so that none of them takes it while
// a proxy is dead.
func FreePort(t testing.TB, hosts ...string) int {
	t.Helper()
	const lowest, count = 20000, 12000
	for range 100 {
		port := lowest + rand.IntN(count)
		if isFree(hosts, port) {
			return port
		}
	}
	t.Fatal("there is no free port")
	return 0
}

func isFree(hosts []string, port int) bool {
	for _, host := range hosts {
		l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", net.JoinHostPort(host, strconv.Itoa(port)))
		if err != nil {
			return false
		}
		_ = l.Close() // nothing was accepted
	}
	return true
}

// Set changes the mode, for open connections too. Connections of which bytes are
// lost are reset when the mode ends that lost them.
func (p *Proxy) Set(mode Mode) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		mode = Dead
	}
	if p.mode == mode {
		return
	}
	p.mode = mode
	for c := range p.open {
		if mode == Dead || c.lost {
			c.reset()
		}
	}
	if mode == Dead {
		_ = p.listener.Close() // it listens no longer, whatever the error is
		p.listener = nil
		return
	}
	if p.listener == nil {
		p.listen()
	}
}

// listen opens the listener. The caller holds mu.
func (p *Proxy) listen() {
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", p.Addr)
	if err != nil {
		p.mode = Dead
		p.t.Errorf("a proxy can't listen: %v", err)
		return
	}
	p.listener = listener
	p.group.Go(func() { p.accept(listener) })
}

// Mode returns the present mode.
func (p *Proxy) Mode() Mode {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.mode
}

// SetDelay makes the proxy slow: what the backend sends from now on is delivered
// after the delay.
func (p *Proxy) SetDelay(delay time.Duration) {
	p.mu.Lock()
	p.delay = delay
	p.mu.Unlock()
	p.Set(Slow)
}

// Flap makes the proxy dead and alive by turns, beginning with dead, until stop is
// called, which leaves it passing. The caller calls stop before the test ends.
func (p *Proxy) Flap(dead, alive time.Duration) (stop func()) {
	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		timer := time.NewTimer(0)
		defer timer.Stop()
		for next := Dead; ; {
			select {
			case <-end:
				p.Set(Pass)
				return
			case <-timer.C:
			}
			p.Set(next)
			if next == Dead {
				next = Pass
				timer.Reset(dead)
			} else {
				next = Dead
				timer.Reset(alive)
			}
		}
	}()
	return sync.OnceFunc(func() {
		close(end)
		<-ended
	})
}

// Stats returns what the proxy has seen until now.
func (p *Proxy) Stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stats
}

// Await waits until the stats are as wanted.
func (p *Proxy) Await(ctx context.Context, wanted func(Stats) bool) error {
	for {
		p.mu.Lock()
		stats, changed := p.stats, p.changed
		p.mu.Unlock()
		if wanted(stats) {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// count changes the stats. The caller holds mu.
func (p *Proxy) count(change func(*Stats)) {
	change(&p.stats)
	close(p.changed)
	p.changed = make(chan struct{})
}

// accept accepts connections until the listener is closed.
func (p *Proxy) accept(listener net.Listener) {
	for {
		conn, err := listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			if errors.Is(err, syscall.ECONNABORTED) {
				continue
			}
			p.t.Errorf("a proxy can't accept: %v", err)
			return
		}
		client, _ := conn.(*net.TCPConn)
		p.begin(&connection{proxy: p, client: client})
	}
}

// begin serves a connection that was accepted.
func (p *Proxy) begin(c *connection) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.mode == Dead {
		c.reset()
		return
	}
	c.lost = p.mode == Hung // it gets no backend
	p.open[c] = struct{}{}
	p.count(func(s *Stats) { s.Accepted++; s.Open++ })
	p.group.Go(c.serve)
}
