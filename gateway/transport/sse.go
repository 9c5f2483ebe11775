package transport

import (
	"context"
	"net/http"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/problem"
)

// serveEvents answers an operation as server-sent events, one connection an
// operation: graphql-sse, "distinct connections mode"
// (https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md). A request
// that can't be executed is answered without a stream.
func (h *Handler) serveEvents(w http.ResponseWriter, r *http.Request, params *graphql.RawParams) {
	ctx, cancel := context.WithCancel(graphql.StartOperationTrace(r.Context()))
	defer cancel()
	defer context.AfterFunc(h.streams, cancel)()
	oc, errs := h.operation(ctx, params)
	if errs != nil {
		writeResponse(w, http.StatusBadRequest, plainJSON, h.exec.DispatchError(graphql.WithOperationContext(ctx, oc), errs))
		return
	}
	ctx, release := h.bounded(ctx, oc)
	defer release()

	if !h.enter() {
		writeLeaving(w)
		return
	}
	defer h.open.Done()
	header := w.Header()
	header.Set("Content-Type", eventStream+"; charset=utf-8")
	header.Set("Cache-Control", "no-cache")
	header.Set("X-Accel-Buffering", "no") // nginx would hold events back
	w.WriteHeader(http.StatusOK)
	s := &events{control: http.NewResponseController(w), w: w, timeout: h.config.WriteTimeout}

	_ = s.control.SetReadDeadline(time.Time{}) // the server's bounds the request, not how long its answer may last
	responses := h.responses(ctx, oc)
	beat := time.NewTicker(h.config.KeepAlive)
	defer beat.Stop()
	s.send(":\n\n") // tells at once that the stream is there
	for s.err == nil {
		select {
		case resp, more := <-responses:
			if !more {
				if ctx.Err() == nil {
					s.send("event: complete\ndata:\n\n")
				}
				return
			}
			s.send("event: next\ndata: " + string(appendResponse(nil, resp)) + "\n\n")
		case <-beat.C:
			s.send(":\n\n")
		}
	}
	cancel()
	for range responses { // its goroutine ends with the context
	}
}

// bounded gives queries and mutations the operation timeout; subscriptions
// last.
func (h *Handler) bounded(ctx context.Context, oc *graphql.OperationContext) (context.Context, context.CancelFunc) {
	if oc.Operation.Operation == ast.Subscription {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, h.config.OperationTimeout)
}

// responses executes an operation. The channel has its responses, and is
// closed after the last one or when ctx is done.
func (h *Handler) responses(ctx context.Context, oc *graphql.OperationContext) <-chan *graphql.Response {
	out := make(chan *graphql.Response)
	go func() {
		defer close(out)
		defer func() {
			if value := recover(); value != nil {
				h.crashed(ctx, value)
			}
		}()
		next, ctx := h.exec.DispatchOperation(ctx, oc)
		for {
			resp := next(ctx)
			if resp == nil {
				return
			}
			select {
			case out <- resp:
			case <-ctx.Done():
				return
			}
			if oc.Operation.Operation != ast.Subscription {
				return // gqlgen's next call would execute it again
			}
		}
	}()
	return out
}

// crashed logs a panic outside resolvers, whose panics gqlgen catches.
func (h *Handler) crashed(ctx context.Context, value any) {
	crash := problem.Recovered(value)
	h.config.Log.ErrorContext(ctx, "a transport panicked", "cause", crash, "stack", string(crash.Stack))
}

// events writes a stream of events.
type events struct {
	control *http.ResponseController
	w       http.ResponseWriter
	timeout time.Duration
	err     error
}

// send writes and flushes. A reader that does not take it in time ends the
// stream.
func (s *events) send(text string) {
	_ = s.control.SetWriteDeadline(time.Now().Add(s.timeout)) // not every writer has deadlines
	if _, s.err = s.w.Write([]byte(text)); s.err == nil {
		s.err = s.control.Flush()
	}
}
