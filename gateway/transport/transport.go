// Package transport answers GraphQL requests of one frontend: over HTTP (GraphQL
// over HTTP specification), as server-sent events (graphql-sse, distinct
// connections mode) and over WebSocket (graphql-transport-ws).
//
// gqlgen executes; its own transports are not used: they read bodies without
// bound and echo them, encode every answer twice, and have no write deadlines.
// See docs/adr/0004-transports.md.
package transport

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/portico-gateway/portico/gateway/problem"
)

// Config sets limits and what a connection begins with. Zero values stand for
// the defaults.
type Config struct {
	// MaxBodyBytes bounds a request's body, and a message of a WebSocket; 1 MiB
	// by default.
	MaxBodyBytes int64
	// OperationTimeout bounds a query or a mutation; 30 s by default.
	OperationTimeout time.Duration
	// MaxOperations bounds what a WebSocket may have open at once; 100 by
	// default.
	MaxOperations int
	// InitTimeout is how long a WebSocket may take to say who it is; 5 s by
	// default.
	InitTimeout time.Duration
	// KeepAlive is how often an idle stream is written to; 12 s by default.
	KeepAlive time.Duration
	// WriteTimeout bounds a write to a stream, after which it is cut; 10 s by
	// default.
	WriteTimeout time.Duration
	// Origins are those, besides its own, from which a browser may open a
	// WebSocket, such as "https://shop.example".
	Origins []string
	// Init makes the context of a WebSocket's operations of the payload of its
	// connection_init; an error refuses the connection. Nil keeps the context.
	Init func(ctx context.Context, payload map[string]any) (context.Context, error)
	// Log is told what callers are not; slog.DiscardHandler by default.
	Log *slog.Logger
}

func (c Config) withDefaults() Config {
	setDefault(&c.MaxBodyBytes, 1<<20)
	setDefault(&c.OperationTimeout, 30*time.Second)
	setDefault(&c.MaxOperations, 100)
	setDefault(&c.InitTimeout, 5*time.Second)
	setDefault(&c.KeepAlive, 12*time.Second)
	setDefault(&c.WriteTimeout, 10*time.Second)
	if c.Init == nil {
		c.Init = func(ctx context.Context, _ map[string]any) (context.Context, error) { return ctx, nil }
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

func setDefault[T comparable](value *T, otherwise T) {
	var zero T
	if *value == zero {
		*value = otherwise
	}
}

// Handler answers requests. It is safe for concurrent use.
type Handler struct {
	exec   graphql.GraphExecutor
	config Config

	// streams ends with Close, and with it every stream.
	streams context.Context //nolint:containedctx // it is the handler's own life
	end     context.CancelFunc
	mu      sync.Mutex // of open.Add, which must not meet open.Wait
	open    sync.WaitGroup
}

// New returns a handler that executes with exec. Call Close when it is no
// longer served.
func New(exec graphql.GraphExecutor, config Config) *Handler {
	ctx, cancel := context.WithCancel(context.Background())
	return &Handler{exec: exec, config: config.withDefaults(), streams: ctx, end: cancel}
}

// Close ends all streams, which tells their clients to connect again, and
// waits for their operations.
func (h *Handler) Close() {
	h.mu.Lock()
	h.end()
	h.mu.Unlock()
	h.open.Wait()
}

// enter counts a stream, which has to call open.Done; false after Close.
func (h *Handler) enter() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.streams.Err() != nil {
		return false
	}
	h.open.Add(1)
	return true
}

// writeLeaving answers who wants a stream of a server that is stopping.
func writeLeaving(w http.ResponseWriter) {
	w.Header().Set("Retry-After", "1")
	writeRefusal(w, http.StatusServiceUnavailable, problem.New(problem.BadRequest, "The server is stopping. Try again."))
}

// ServeHTTP answers a request as its headers ask for: an upgrade to WebSocket,
// a stream of events, or one answer.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if isUpgrade(r) {
		h.serveWebSocket(w, r)
		return
	}
	format, ok := negotiate(r.Header.Values("Accept"))
	if !ok {
		writeRefusal(w, http.StatusNotAcceptable, problem.New(problem.BadRequest, "The answer can be %s, %s or %s.", graphqlJSON, plainJSON, eventStream))
		return
	}
	params, refusal := h.readRequest(w, r)
	if refusal != nil {
		writeRefusal(w, refusal.status, refusal.problem)
		return
	}
	if format == eventStream {
		h.serveEvents(w, r, params)
		return
	}
	h.serveOnce(w, r, params, format)
}

// serveOnce answers a query or a mutation.
func (h *Handler) serveOnce(w http.ResponseWriter, r *http.Request, params *graphql.RawParams, format string) {
	ctx, cancel := context.WithTimeout(graphql.StartOperationTrace(r.Context()), h.config.OperationTimeout)
	defer cancel()
	oc, errs := h.operation(ctx, params)
	if errs != nil {
		status := http.StatusOK // GraphQL over HTTP, 6.4.1: clients of application/json expect it
		if format == graphqlJSON {
			status = http.StatusBadRequest
		}
		writeResponse(w, status, format, h.exec.DispatchError(graphql.WithOperationContext(ctx, oc), errs))
		return
	}
	switch {
	case oc.Operation.Operation == ast.Subscription:
		writeRefusal(w, http.StatusNotAcceptable, problem.New(problem.BadRequest, "A subscription needs a WebSocket, or Accept: %s.", eventStream))
		return
	case r.Method == http.MethodGet && oc.Operation.Operation != ast.Query:
		w.Header().Set("Allow", http.MethodPost)
		writeRefusal(w, http.StatusMethodNotAllowed, problem.New(problem.BadRequest, "GET is for queries; send a mutation by POST."))
		return
	}
	next, ctx := h.exec.DispatchOperation(ctx, oc)
	writeResponse(w, http.StatusOK, format, next(ctx))
}

// operation parses, validates and looks up the operation of a request. The
// operation context is there even when there are errors, if only a part of it.
func (h *Handler) operation(ctx context.Context, params *graphql.RawParams) (*graphql.OperationContext, gqlerror.List) {
	oc, errs := h.exec.CreateOperationContext(ctx, params)
	if errs != nil && oc.Operation != nil && oc.Variables == nil {
		// The document is right, so it is the variables, which gqlgen reports
		// with the code of a wrong document.
		for _, e := range errs {
			if e.Extensions["code"] == errcode.ValidationFailed {
				errcode.Set(e, string(problem.BadUserInput))
			}
		}
	}
	return oc, errs
}
