package transport

import (
	"errors"
	"net/http"
	"sync"
)

// gatherer writes an answer over HTTP/1 with one system call, as far as it can. net/http
// writes whenever its buffer of 4 kB is full, and TLS for each record, which are of about
// 1.4 kB at first: for answers from a cache, that is most of the time that they take.
type gatherer struct {
	http.ResponseWriter

	conn *paced
}

// mostBuffered is how much net/http buffers before it writes (bufferBeforeChunkingSize
// there): up to that, the header and the body are one write anyway.
const mostBuffered = 2048

// Write is part of [http.ResponseWriter].
func (g *gatherer) Write(p []byte) (int, error) {
	if len(p) <= mostBuffered {
		return g.ResponseWriter.Write(p)
	}
	g.conn.gather()
	n, err := g.ResponseWriter.Write(p)
	if err == nil && g.Header()["Content-Length"] != nil { // otherwise net/http adds the end of the last chunk
		err = http.NewResponseController(g.ResponseWriter).Flush()
	}
	return n, errors.Join(err, g.conn.send())
}

// Unwrap is for [http.ResponseController].
func (g *gatherer) Unwrap() http.ResponseWriter { return g.ResponseWriter }

// mostGathered is how many bytes are copied to be written together. What is larger is
// written beside them, without being copied (writev).
const mostGathered = 16 << 10

// gathering is what a connection has not written yet. Most often one goroutine writes; another one can close the connection, for which TLS
// writes, too. So no goroutine has a buffer that another one can reach when it writes it or gives it back.
type gathering struct {
	mu     sync.Mutex
	on     bool
	buffer *[]byte // nil while it is written, and while writes do not wait
}

// gather makes the following writes wait for [paced.send].
func (c *paced) gather() {
	g := &c.gathering
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.on = true; g.buffer == nil {
		if g.buffer, _ = c.listener.buffers.Get().(*[]byte); g.buffer == nil {
			buffer := make([]byte, 0, mostGathered)
			g.buffer = &buffer
		}
	}
}

// send writes what waits. If that fails, it closes the connection, since net/http and TLS do
// not know that what they wrote was lost.
func (c *paced) send() error {
	g := &c.gathering
	g.mu.Lock()
	waiting := g.buffer
	g.on, g.buffer = false, nil
	g.mu.Unlock()
	if waiting == nil {
		return nil
	}
	var err error
	if len(*waiting) > 0 {
		if _, err = c.write(*waiting, nil); err != nil {
			_ = c.Close() // it may be closed
		}
	}
	c.release(waiting)
	return err
}

// release gives a buffer back.
func (c *paced) release(buffer *[]byte) {
	*buffer = (*buffer)[:0]
	c.listener.buffers.Put(buffer)
}

// add makes p wait, or writes it with what waits. It returns how much of p was taken, and false
// if writes do not wait.
func (c *paced) add(p []byte) (n int, waits bool, err error) {
	g := &c.gathering
	g.mu.Lock()
	waiting := g.buffer
	if waiting == nil {
		g.mu.Unlock()
		return 0, false, nil
	}
	if len(*waiting)+len(p) <= cap(*waiting) {
		*waiting = append(*waiting, p...)
		g.mu.Unlock()
		return len(p), true, nil
	}
	g.buffer = nil
	g.mu.Unlock()
	n, err = c.write(*waiting, p)
	n = max(n-len(*waiting), 0)
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.on || g.buffer != nil {
		c.release(waiting)
	} else {
		*waiting = (*waiting)[:0]
		g.buffer = waiting
	}
	return n, true, err
}
