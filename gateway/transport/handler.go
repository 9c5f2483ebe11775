// Package transport answers the GraphQL requests of one frontend over HTTP,
// server-sent events and WebSocket, from any [Source].
//
// HTTP follows the GraphQL over HTTP specification
// (https://graphql.github.io/graphql-over-http/draft/). A POST has a JSON
// body, a GET has URL parameters and may only query. The answer is
// application/graphql-response+json, or application/json for callers that
// prefer it or don't care. For the latter, parse, validation and variable
// errors have status 200, as its clients expect; all else that is refused has
// the same 4xx status in both.
//
// Server-sent events follow graphql-sse in its distinct connections mode
// (https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md): every
// operation may be answered so when Accept prefers text/event-stream, and a
// subscription when Accept has it at all.
//
// WebSockets follow graphql-transport-ws
// (https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md), for
// every operation.
//
// A page of another site may make a browser send requests. Those that it would
// send without asking first are refused: see [Handler.ServeHTTP].
//
// What is refused is answered with {"errors":[{"message","extensions":{"code"}}]},
// never with a part of the request's body. An answer has no data key when
// nothing was executed. Queries and mutations have one answer: @defer, which is a
// hint, is not followed.
package transport

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/answer"
	"github.com/portico-gateway/portico/gateway/problem"
)

// Handler answers requests. It is safe for concurrent use. Make one with
// [New].
type Handler struct {
	current atomic.Pointer[setup]
	writer  *answer.Writer
	bodies  bodyPool
	streams *streams
	callers callers

	overloaded *refusal
	retryAfter []string // the value of the field
}

// New returns a handler that answers from a source with a writer.
//
// Serve it from a [Listener], which cuts clients that don't read, by an
// [http.Server] with a ReadTimeout, within which a request must have come in
// completely; it does not bound what comes after that.
func New(source Source, writer *answer.Writer, config Config) *Handler {
	h := &Handler{writer: writer, streams: newStreams(), overloaded: overloaded(), retryAfter: []string{"1"}}
	h.Change(source, config)
	return h
}

// setup is where answers are from, and what bounds requests.
type setup struct {
	source Source
	config Config
}

func (h *Handler) config() *Config { return &h.current.Load().config }

// Change makes requests, and operations of WebSockets, from now on be answered from a source
// and within the limits of config. Connections stay, and what is under way ends as it began,
// unless Accepts refuses its caller.
func (h *Handler) Change(source Source, config Config) {
	h.current.Store(&setup{source, config.withDefaults()})
}

// Streams returns how many event streams and WebSockets are open.
func (h *Handler) Streams() int { return h.streams.count() }

// Subscriptions returns how many subscriptions are under way, over event streams and WebSockets,
// and how many may be.
func (h *Handler) Subscriptions() (open, most int) {
	return int(h.callers.subscriptions.Load()), h.config().MaxSubscriptions
}

// Shutdown ends all event streams and WebSockets (these with 1001, going
// away), so that clients connect again, elsewhere. New ones are refused with
// 503 from then on; single answers are not affected. It returns when all have
// ended, or with ctx's error. It may be called several times.
//
// An [http.Server] waits for event streams without ending them and does not
// know of WebSockets: call this first, or by its RegisterOnShutdown.
func (h *Handler) Shutdown(ctx context.Context) error {
	return h.streams.shutdown(ctx)
}

// ServeHTTP answers one request.
//
// No page of another site can make a browser send one without a CORS
// preflight. A POST must have the Content-Type application/json, which needs
// one. A GET is refused with 403 and CSRF_BLOCKED unless
//   - it has a Content-Type other than application/x-www-form-urlencoded,
//     multipart/form-data and text/plain; or
//   - it has a header Apollo-Require-Preflight, GraphQL-Require-Preflight or
//     X-Apollo-Operation-Name that is not empty; or
//   - it has Sec-Fetch-Site: same-origin, which browsers set and pages can't.
//
// So a browser's EventSource, which can't send headers, works from the
// gateway's own origin only. A WebSocket must come from the same or a
// configured origin.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer h.recovered(w, r)
	if isUpgrade(r) {
		h.serveWebSocket(w, r)
		return
	}
	request, want, refused := h.read(w, r)
	defer request.memory.release()
	if request.recalled {
		h.writer.Write(w, r, &request.answer, want.format)
		return
	}
	if refused != nil {
		h.refuse(w, r, refused)
		return
	}
	// It would end the operation: net/http goes on reading, to find out when the
	// client leaves.
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{}) // not every writer has one
	if request.single == nil {
		h.answerBatch(r.Context(), w, r, request.batch)
		return
	}
	h.answer(w, r, &request, want)
}

// read is everything that a request must fulfil to be a GraphQL request.
func (h *Handler) read(w http.ResponseWriter, r *http.Request) (received, accepted, *refusal) {
	if r.Method != http.MethodGet && r.Method != http.MethodPost {
		return received{}, accepted{}, methodNotAllowed("GET, POST", "GraphQL requests are sent by POST or GET.")
	}
	if r.Method == http.MethodGet && !preflighted(r) {
		return received{}, accepted{}, &refusal{status: http.StatusForbidden, problem: problem.New(problem.CSRFBlocked,
			"A browser could send this request for another site. Send it by POST, or with the header GraphQL-Require-Preflight.")}
	}
	want, ok := negotiate(r.Header.Values("Accept"))
	if !ok {
		return received{}, accepted{}, refusef(http.StatusNotAcceptable,
			"The answer is %s, %s or %s, none of which the header Accept allows.", graphqlResponse, plainJSON, eventStream)
	}
	got, refused := h.readParams(w, r, want)
	return got, want, refused
}

// answer executes the operation in the way that its kind and Accept ask for.
func (h *Handler) answer(w http.ResponseWriter, r *http.Request, request *received, want accepted) {
	operation, failed := h.current.Load().source.Prepare(r.Context(), request.single)
	if failed != nil {
		h.answerFailed(w, r, failed, want)
		return
	}
	switch kind := operation.Kind(); {
	case kind == ast.Mutation && r.Method == http.MethodGet:
		h.refuse(w, r, methodNotAllowed("POST", "A mutation is sent by POST."))
	case kind == ast.Subscription && !want.events:
		h.refuse(w, r, refusef(http.StatusNotAcceptable,
			"A subscription is answered as %s, which the header Accept must name, or over WebSocket.", eventStream))
	case kind == ast.Subscription || want.format == eventStream:
		request.memory.release() // it may last
		h.serveEvents(w, r, kind == ast.Subscription, operation.Run)
	default:
		operation.Run(r.Context(), func(a *answer.Answer) bool {
			h.writer.Write(w, r, a, want.format)
			return true
		})
	}
}

// answerFailed answers a GraphQL request that can't be executed. Into an event
// stream goes an event: a browser's EventSource, for one, does not show the
// body of another status (graphql-sse, distinct connections mode).
func (h *Handler) answerFailed(w http.ResponseWriter, r *http.Request, failed *answer.Answer, want accepted) {
	if want.format == eventStream {
		h.serveEvents(w, r, false, func(_ context.Context, send func(*answer.Answer) bool) { send(failed) })
		return
	}
	h.writer.Write(w, r, failed, want.format)
}

// recovered answers a panic of the transport or of the source; those of resolvers
// do not come here.
func (h *Handler) recovered(w http.ResponseWriter, r *http.Request) {
	value := recover()
	if value == nil {
		return
	}
	if value == http.ErrAbortHandler { //nolint:errorlint // a sentinel that is compared, as net/http does
		panic(value)
	}
	h.writer.Write(w, r, h.panicked(r.Context(), value), problemFormat(r.Header))
}

// panicked logs a panic, with an id that the answer has too. Call it in the
// deferred function.
func (h *Handler) panicked(ctx context.Context, value any) *answer.Answer {
	return answer.Errors(problem.NewPresenter(h.config().Log).Present(ctx, problem.Recovered(value)))
}
