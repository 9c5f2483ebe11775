package transport

import (
	"bytes"
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/portico-gateway/portico/gateway/answer"
	"github.com/portico-gateway/portico/gateway/problem"
)

// runFunc sends answers, as [Operation.Run] does.
type runFunc func(ctx context.Context, send func(*answer.Answer) bool)

// serveEvents answers with what run sends, each an event "next", and with an
// event "complete" after run has returned. Its context is done when the client left, could not be written to, or the
// gateway stops: then there is no "complete", and the client may come again.
func (h *Handler) serveEvents(w http.ResponseWriter, r *http.Request, run runFunc) {
	end, ok := h.streams.begin()
	if !ok {
		h.refuse(w, r, stopping())
		return
	}
	defer end()
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(h.streams.running, cancel)() //nolint:contextcheck // done when the gateway stops
	events := newEvents(w)
	defer h.keepAlive(events, cancel)()
	if events.write([]byte(":\n\n")) != nil { // tells the client that it is connected
		return
	}
	if until := h.config.Until(ctx); !until.IsZero() {
		run = expiring(run, until)
	}
	h.guarded(ctx, events, run)
	if ctx.Err() == nil {
		// An EventSource sees no event without data, so it is there but empty.
		_ = events.write([]byte("event: complete\ndata:\n\n")) // the client left: nobody to tell
	}
}

// expiring ends run at a time, with a problem as the last answer.
func expiring(run runFunc, until time.Time) runFunc {
	return func(ctx context.Context, send func(*answer.Answer) bool) {
		// Not a deadline: services would be told of it, and their errors could
		// come before it is over here.
		limited, cancel := context.WithCancel(ctx)
		defer cancel()
		timer := time.AfterFunc(time.Until(until), cancel)
		defer timer.Stop()
		run(limited, func(a *answer.Answer) bool {
			return limited.Err() == nil && send(a) // what comes of the end is no answer
		})
		if ctx.Err() == nil && limited.Err() != nil {
			send(answer.Problem(problem.New(problem.Unauthenticated, "The token has expired.")))
		}
	}
}

// guarded makes a panic of run the last event: the status is sent already.
func (h *Handler) guarded(ctx context.Context, events *events, run runFunc) {
	buffer := h.writer.Get()
	defer h.writer.Put(buffer)
	send := func(a *answer.Answer) bool {
		appendEvent(buffer, a)
		return events.write(buffer.Bytes()) == nil && ctx.Err() == nil
	}
	defer func() {
		if value := recover(); value != nil {
			send(h.panicked(ctx, value))
		}
	}()
	run(ctx, send)
}

// keepAlive writes comments, so that proxies don't take the stream for dead and
// so that a client that is gone is noticed: then it calls gone. It does so until
// stop is called, which waits for a write that is under way. Streams are many, so
// that it needs no goroutine besides.
func (h *Handler) keepAlive(events *events, gone func()) (stop func()) {
	var mu sync.Mutex
	var timer *time.Timer
	stopped := false
	beat := func() {
		mu.Lock()
		defer mu.Unlock()
		switch {
		case stopped:
		case events.write([]byte(":\n\n")) != nil:
			gone()
		default:
			timer.Reset(h.config.KeepAlive)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	timer = time.AfterFunc(h.config.KeepAlive, beat)
	return func() {
		mu.Lock()
		defer mu.Unlock()
		stopped = true
		timer.Stop()
	}
}

// appendEvent makes buffer one event with an answer. Line breaks, which would
// end the data, are only found between the tokens of JSON, where spaces do as
// well.
func appendEvent(buffer *bytes.Buffer, a *answer.Answer) {
	buffer.Reset()
	buffer.WriteString("event: next\ndata: ")
	start := buffer.Len()
	buffer.Write(a.Append(buffer.AvailableBuffer()))
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
