package faultproxy

import (
	"io"
	"net"
	"sync"
	"time"
)

// connection is one connection of a client, and that to the backend which belongs
// to it.
type connection struct {
	proxy  *Proxy
	client *net.TCPConn

	// The following are guarded by the proxy's mu.
	backend net.Conn // nil until it is dialled, and if the connection began while the proxy hung
	lost    bool     // bytes of it are lost
	half    bool     // the proxy closed its side towards the client
	gone    bool     // it was reset
}

// chunk is a part of an answer.
type chunk struct {
	bytes []byte
	due   time.Time // when it is delivered
}

// mostChunks is how many chunks wait for their delay, at most.
const mostChunks = 1024

// reset closes a connection so that the client notices a reset. The caller holds
// the proxy's mu.
func (c *connection) reset() {
	c.gone = true
	_ = c.client.SetLinger(0) // it may be closed
	c.close()
}

// close closes both sides. The caller holds the proxy's mu.
func (c *connection) close() {
	_ = c.client.Close() // no error of it matters: it is the end
	if c.backend != nil {
		_ = c.backend.Close()
	}
}

// serve forwards in both directions until one side ends.
func (c *connection) serve() {
	p := c.proxy
	defer func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		c.close()
		delete(p.open, c)
		p.count(func(s *Stats) { s.Open-- })
	}()
	backend := c.dial()
	var group sync.WaitGroup
	if backend != nil {
		queue := make(chan chunk, mostChunks)
		group.Go(func() { c.read(backend, queue) })
		group.Go(func() { c.deliver(queue) })
	}
	c.forward(backend)
	group.Wait()
}

// dial connects to the backend. It returns nil for a connection that has none:
// the proxy hangs, or the backend is not there, which resets the connection.
func (c *connection) dial() net.Conn {
	p := c.proxy
	p.mu.Lock()
	lost := c.lost
	p.mu.Unlock()
	if lost {
		return nil
	}
	backend, err := new(net.Dialer).DialContext(p.t.Context(), "tcp", p.backend)
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil {
		c.reset()
		return nil
	}
	c.backend = backend
	if c.gone {
		c.close()
	}
	return backend
}

// forward sends the backend what the client sends.
func (c *connection) forward(backend net.Conn) {
	p := c.proxy
	buffer := make([]byte, 32<<10)
	for {
		n, err := c.client.Read(buffer)
		p.mu.Lock()
		mode := p.mode
		if n > 0 {
			p.count(func(s *Stats) { s.In += int64(n) })
			c.lost = c.lost || mode == Hung || mode == HalfClosed
		}
		half := n > 0 && mode == HalfClosed && !c.half
		c.half = c.half || half
		p.mu.Unlock()
		if n > 0 && mode != Hung && backend != nil {
			if _, err := backend.Write(buffer[:n]); err != nil {
				c.end()
				return
			}
		}
		if half {
			_ = c.client.CloseWrite() // the client may have closed it
		}
		if err != nil {
			c.ended(backend, err)
			return
		}
	}
}

// ended passes on that the client sends nothing more.
func (c *connection) ended(backend net.Conn, err error) {
	if tcp, ok := backend.(*net.TCPConn); ok && err == io.EOF { //nolint:errorlint // Read returns it as it is
		_ = tcp.CloseWrite() // the backend may have closed it
		return
	}
	c.end()
}

// read queues what the backend sends.
func (c *connection) read(backend net.Conn, queue chan<- chunk) {
	defer close(queue)
	p := c.proxy
	for {
		buffer := make([]byte, 32<<10)
		n, err := backend.Read(buffer)
		if n > 0 {
			p.mu.Lock()
			if p.mode == Hung || c.half {
				c.lost, n = true, 0
			}
			due := time.Time{}
			if p.mode == Slow {
				due = time.Now().Add(p.delay)
			}
			p.mu.Unlock()
			if n > 0 {
				queue <- chunk{buffer[:n], due}
			}
		}
		if err != nil {
			return
		}
	}
}

// deliver sends the client what is queued, each chunk when it is due.
func (c *connection) deliver(queue <-chan chunk) {
	p := c.proxy
	for next := range queue {
		if wait := time.Until(next.due); wait > 0 {
			time.Sleep(wait)
		}
		p.mu.Lock()
		drop := p.mode == Hung || c.half || c.gone
		c.lost = c.lost || drop
		p.mu.Unlock()
		if drop {
			continue
		}
		n, err := c.client.Write(next.bytes)
		p.mu.Lock()
		p.count(func(s *Stats) { s.Out += int64(n) })
		p.mu.Unlock()
		if err != nil {
			c.end()
		}
	}
	_ = c.client.CloseWrite() // the client may have closed it
}

// end closes both sides.
func (c *connection) end() {
	c.proxy.mu.Lock()
	defer c.proxy.mu.Unlock()
	c.close()
}
