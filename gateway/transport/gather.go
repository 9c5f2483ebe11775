package transport

import (
	"errors"
	"net/http"
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

// gather makes the following writes wait for [paced.send].
func (c *paced) gather() {
	if c.gathered == nil {
		if c.gathered, _ = c.listener.buffers.Get().(*[]byte); c.gathered == nil {
			buffer := make([]byte, 0, mostGathered)
			c.gathered = &buffer
		}
	}
}

// send writes what waits. If that fails, it closes the connection, since net/http and TLS do
// not know that what they wrote was lost.
func (c *paced) send() error {
	waiting := c.gathered
	if waiting == nil {
		return nil
	}
	c.gathered = nil
	var err error
	if len(*waiting) > 0 {
		if _, err = c.write(*waiting, nil); err != nil {
			_ = c.Close() // it may be closed
		}
	}
	*waiting = (*waiting)[:0]
	c.listener.buffers.Put(waiting)
	return err
}

// add makes p wait, or writes it with what waits. It returns how much of p was taken.
func (c *paced) add(p []byte) (int, error) {
	waiting := *c.gathered
	if len(waiting)+len(p) <= cap(waiting) {
		*c.gathered = append(*c.gathered, p...)
		return len(p), nil
	}
	*c.gathered = waiting[:0]
	n, err := c.write(waiting, p)
	return max(n-len(waiting), 0), err
}
