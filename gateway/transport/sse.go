package transport

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/portico-gateway/portico/gateway/answer"
	"github.com/portico-gateway/portico/gateway/problem"
)

// runFunc sends answers, as [Operation.Run] does.
type runFunc func(ctx context.Context, send func(*answer.Answer) bool)

// serveEvents answers with what run sends, each an event "next", and with an
// event "complete" after run has returned. The context of run is done when the client
// left, could not be written to, or the gateway stops: then there is no "complete", and
// the client may come again.
//
// If the stream may last, it goes on after serveEvents has returned, where that is
// possible: see [Handler.takeOver].
func (h *Handler) serveEvents(w http.ResponseWriter, r *http.Request, lasts bool, run runFunc) {
	if until := h.config().Until(r.Context()); !until.IsZero() {
		run = expiring(run, until)
	}
	end, refused := h.beginStream(r.Context(), lasts)
	if refused != nil {
		h.refuse(w, r, refused)
		return
	}
	// In HTTP/2, a stream is no connection, and in HTTP/1.0 there are no chunks.
	lasts = lasts && r.ProtoMajor == 1 && r.ProtoMinor > 0
	setFields(w.Header(), lasts)
	events := &events{w: flushing{w, http.NewResponseController(w)}}
	if events.write(opening()) != nil {
		end()
		return
	}
	if lasts && h.takeOver(r.Context(), w, events, run, end) {
		return
	}
	defer end()
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	h.stream(ctx, cancel, events, run)
}

// beginStream counts one more event stream, of a subscription if that lasts, until end is
// called.
func (h *Handler) beginStream(ctx context.Context, lasts bool) (end func(), refused *refusal) {
	ended, ok := h.streams.begin()
	if !ok {
		return nil, stopping()
	}
	if !lasts {
		return ended, nil
	}
	one := h.streamOf(ctx)
	leave := func() {
		h.callers.leaveStream(one)
		ended()
	}
	if p := h.callers.subscribe(one, h.config()); p != nil {
		leave()
		status := http.StatusTooManyRequests
		if p.Code == problem.Overloaded {
			status = http.StatusServiceUnavailable
		}
		return nil, &refusal{status: status, problem: p}
	}
	return func() {
		h.callers.unsubscribe(one)
		leave()
	}, nil
}

// streamOf counts an event stream of a context's caller.
func (h *Handler) streamOf(ctx context.Context) *caller {
	if h.config().Caller == nil {
		return new(callers).enterStream("")
	}
	return h.callers.enterStream(h.config().Caller(ctx))
}

// stream sends the events of run, until ctx is done.
func (h *Handler) stream(ctx context.Context, cancel context.CancelFunc, events *events, run runFunc) {
	defer context.AfterFunc(h.streams.running, cancel)() //nolint:contextcheck // done when the gateway stops
	defer h.keepAlive(ctx, events, cancel)()
	h.guarded(ctx, events, run)
	if ctx.Err() == nil {
		// An EventSource sees no event without data, so it is there but empty.
		_ = events.write([]byte("event: complete\ndata:\n\n")) // the client left: nobody to tell
	}
}

// opening is the comment that shows the client that it is connected, and that the
// stream is alive.
func opening() []byte { return []byte(":\n\n") }

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
			send(answer.Problem(problem.New(problem.Unauthenticated, "The credentials have expired.")))
		}
	}
}

// guarded makes a panic of run the last event: the status is sent already.
func (h *Handler) guarded(ctx context.Context, events *events, run runFunc) {
	write := func(a *answer.Answer) bool {
		buffer := h.writer.Get() // not longer than for an event: most streams wait
		defer h.writer.Put(buffer)
		appendEvent(buffer, a)
		return events.write(buffer.Bytes()) == nil && ctx.Err() == nil
	}
	send := func(a *answer.Answer) bool {
		if !h.config().Accepts(ctx) {
			write(answer.Problem(problem.New(problem.Unauthenticated, "The credentials are not accepted any more.")))
			return false
		}
		return write(a)
	}
	defer func() {
		if value := recover(); value != nil {
			write(h.panicked(ctx, value))
		}
	}()
	run(ctx, send)
}

// keepAlive writes comments, so that proxies don't take the stream for dead and
// so that a client that is gone is noticed, or one that is not accepted any more: then it calls gone. It does so until
// stop is called, which waits for a write that is under way. Streams are many, so
// that it needs no goroutine besides.
func (h *Handler) keepAlive(ctx context.Context, events *events, gone func()) (stop func()) {
	var mu sync.Mutex
	var timer *time.Timer
	stopped := false
	beat := func() {
		mu.Lock()
		defer mu.Unlock()
		switch {
		case stopped:
		case events.write(opening()) != nil || !h.config().Accepts(ctx):
			gone()
		default:
			timer.Reset(h.config().KeepAlive)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	timer = time.AfterFunc(h.config().KeepAlive, beat)
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

// setFields sets the header fields of an event stream, which the connection ends with
// if it lasts.
func setFields(header http.Header, lasts bool) {
	if lasts {
		header.Set("Connection", "close")
	}
	header.Set("Content-Type", eventStream+"; charset=utf-8")
	header.Set("Cache-Control", "no-cache")
	header.Set("X-Accel-Buffering", "no") // nginx holds answers back otherwise
	header.Set("X-Content-Type-Options", "nosniff")
}

// events writes to an event stream, from several goroutines.
type events struct {
	mu  sync.Mutex
	w   io.Writer // what it writes is sent at once
	err error     // of the first write that failed: nothing is written after it
}

// write sends text now.
func (e *events) write(text []byte) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.err == nil {
		_, e.err = e.w.Write(text)
	}
	return e.err
}

// flushing is the body of an answer that is sent at once.
type flushing struct {
	http.ResponseWriter

	control *http.ResponseController
}

// Write is part of io.Writer.
func (f flushing) Write(text []byte) (int, error) {
	n, err := f.ResponseWriter.Write(text)
	if err == nil {
		err = f.control.Flush()
	}
	return n, err
}
