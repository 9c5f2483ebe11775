package transport

import (
	"bytes"
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"github.com/portico-gateway/portico/gateway/problem"
)

// serveEvents answers with the responses that source sends, each an event
// "next", and with an event "complete" after source has returned. Source's
// context is done when the client left, could not be written to, or the
// gateway stops: then there is no "complete", and the client may come again.
func (h *Handler) serveEvents(ctx context.Context, w http.ResponseWriter, r *http.Request, source func(context.Context, sendFunc)) {
	end, ok := h.streams.begin()
	if !ok {
		h.refuse(w, r, stopping())
		return
	}
	defer end()
	ctx, cancel := context.WithCancel(ctx)
	events := newEvents(w)
	var beat sync.WaitGroup
	defer beat.Wait()
	defer cancel()
	beat.Go(func() {
		defer cancel()
		h.keepAlive(ctx, events)
	})
	if events.write([]byte(":\n\n")) != nil { // tells the client that it is connected
		return
	}
	if until := h.config.Until(ctx); !until.IsZero() {
		source = expiring(source, until)
	}
	h.guarded(ctx, events, source)
	if ctx.Err() == nil {
		// An EventSource sees no event without data, so it is there but empty.
		_ = events.write([]byte("event: complete\ndata:\n\n")) // the client left: nobody to tell
	}
}

// expiring ends a source at a time, with a problem as its last response.
func expiring(source func(context.Context, sendFunc), until time.Time) func(context.Context, sendFunc) {
	return func(ctx context.Context, send sendFunc) {
		// Not a deadline: services would be told of it, and their errors could
		// come before it is over here.
		limited, cancel := context.WithCancel(ctx)
		defer cancel()
		timer := time.AfterFunc(time.Until(until), cancel)
		defer timer.Stop()
		source(limited, func(resp *graphql.Response) bool {
			return limited.Err() == nil && send(resp) // what comes of the end is no response
		})
		if ctx.Err() == nil && limited.Err() != nil {
			send(problemResponse(problem.New(problem.Unauthenticated, "The token has expired.")))
		}
	}
}

// guarded makes a panic of source its last event: the status is sent already.
func (h *Handler) guarded(ctx context.Context, events *events, source func(context.Context, sendFunc)) {
	buffer := h.buffers.get()
	defer h.buffers.put(buffer)
	send := func(resp *graphql.Response) bool {
		appendEvent(buffer, resp)
		return events.write(buffer.Bytes()) == nil && ctx.Err() == nil
	}
	defer func() {
		if value := recover(); value != nil {
			send(h.panicked(ctx, value))
		}
	}()
	source(ctx, send)
}

// keepAlive writes comments, so that proxies don't take the stream for dead and
// so that a client that is gone is noticed. It returns when ctx is done, the
// gateway stops or a write fails.
func (h *Handler) keepAlive(ctx context.Context, events *events) {
	ticker := time.NewTicker(h.config.KeepAlive)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-h.streams.stopping:
			return
		case <-ticker.C:
			if events.write([]byte(":\n\n")) != nil {
				return
			}
		}
	}
}

// appendEvent makes buffer one event with a response. Line breaks, which would
// end the data, are only found between the tokens of JSON, where spaces do as
// well.
func appendEvent(buffer *bytes.Buffer, resp *graphql.Response) {
	buffer.Reset()
	buffer.WriteString("event: next\ndata: ")
	start := buffer.Len()
	appendResponse(buffer, resp)
	data := buffer.Bytes()[start:]
	for i := bytes.IndexAny(data, "\r\n"); i >= 0; i = bytes.IndexAny(data, "\r\n") {
		data[i] = ' '
		data = data[i:]
	}
	buffer.WriteString("\n\n")
}

// events writes to an event stream, from several goroutines.
type events struct {
	control *http.ResponseController

	mu  sync.Mutex
	w   http.ResponseWriter
	err error // of the first write that failed: nothing is written after it
}

func newEvents(w http.ResponseWriter) *events {
	header := w.Header()
	header.Set("Content-Type", eventStream+"; charset=utf-8")
	header.Set("Cache-Control", "no-cache")
	header.Set("X-Accel-Buffering", "no") // nginx holds answers back otherwise
	header.Set("X-Content-Type-Options", "nosniff")
	return &events{control: http.NewResponseController(w), w: w}
}

// write sends text now.
func (e *events) write(text []byte) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.err != nil {
		return e.err
	}
	if _, e.err = e.w.Write(text); e.err == nil {
		e.err = e.control.Flush()
	}
	return e.err
}
