package transport

import (
	"context"
	"fmt"
	"net"
	"net/http"

	"github.com/portico-gateway/portico/gateway/answer"
)

// taken is an event stream on a connection that was taken over from net/http. It has
// a goroutine that reads, to notice when the client leaves, and one that writes.
type taken struct {
	handler *Handler
	conn    net.Conn
	events  *events
	run     runFunc
	end     func()        // is called when the stream has ended
	written chan struct{} // closed when the goroutine that writes has ended
}

// takeOver takes the connection of an event stream, whose opening was written, over
// from net/http, and returns. The stream goes on. A subscriber, who mostly waits, then
// has neither the buffers of net/http nor the large stack on which it calls handlers.
//
// It is false if that is impossible: the caller then goes on with w.
func (h *Handler) takeOver(parent context.Context, w http.ResponseWriter, events *events, run runFunc, end func()) bool {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return false
	}
	events.w = &chunkWriter{conn: conn, buffers: h.writer}
	t := &taken{handler: h, conn: conn, events: events, run: run, end: end, written: make(chan struct{})}
	ctx, cancel := context.WithCancel(context.WithoutCancel(parent)) // which ends with the handler
	go t.write(ctx, cancel)
	go t.read(cancel)
	return true
}

// write sends the events, and closes the connection.
func (t *taken) write(ctx context.Context, cancel context.CancelFunc) {
	defer t.close()
	t.handler.stream(ctx, cancel, t.events, t.run)
	_ = t.events.write(nil) // the last chunk; the client left: nobody to tell
}

func (t *taken) close() {
	_ = t.conn.Close() // the client may have
	close(t.written)
}

// mostIgnored is how many bytes a client may send after its request.
const mostIgnored = 64 << 10

// read waits until one of both sides closes the connection. What the client sends is
// ignored, since it was told that there is no further request; too much of it ends the
// stream.
func (t *taken) read(cancel context.CancelFunc) {
	var ignored [64]byte
	for left := mostIgnored; left > 0; {
		n, err := t.conn.Read(ignored[:])
		if err != nil {
			break
		}
		left -= n
	}
	cancel()
	<-t.written
	t.end()
}

// chunkWriter writes the chunks of a body (RFC 9112, section 7.1). An empty one is
// the last.
type chunkWriter struct {
	conn    net.Conn
	buffers *answer.Writer
}

// Write is part of io.Writer.
func (c *chunkWriter) Write(text []byte) (int, error) {
	buffer := c.buffers.Get()
	defer c.buffers.Put(buffer)
	fmt.Fprintf(buffer, "%x\r\n", len(text))
	buffer.Write(text)
	buffer.WriteString("\r\n")
	if _, err := c.conn.Write(buffer.Bytes()); err != nil {
		return 0, err
	}
	return len(text), nil
}
