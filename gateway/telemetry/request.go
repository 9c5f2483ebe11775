package telemetry

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/portico-gateway/portico/gateway/observe"
	"github.com/portico-gateway/portico/gateway/upstream"
)

// Request is what an [Observer] knows of an HTTP request. The zero value is one that is not
// observed.
type Request struct {
	// ID is that of the request, as a header has it.
	ID [1]string

	client, version string
	transport       string
	method          string
	lasts           bool // each operation is logged when it ends: of a WebSocket
	traced          traced

	mu    sync.Mutex
	ended bool
	first observe.Line
	lines int
	more  []observe.Line
}

// RequestKey is where the context of a request has its *[Request].
type RequestKey struct{}

func requestOf(ctx context.Context) *Request {
	r, _ := ctx.Value(RequestKey{}).(*Request)
	return r
}

// Trace returns the place in a trace that services are sent; nil if they are sent the caller's headers.
func (r *Request) Trace() *upstream.Trace { return r.traced.sent() }

// BeginRequest begins to observe a request, whose ID is set.
func (o *Observer) BeginRequest(known *Request, r *http.Request) {
	known.method, known.transport = r.Method, "http"
	known.client, known.version = clientOf(r.Header)
	if len(r.Header["Upgrade"]) > 0 {
		known.transport, known.lasts = "websocket", true
	}
	known.traced = o.tracing.of(r.Header)
}

// Sent is what was sent for a request when its handler returned.
type Sent struct {
	Took   time.Duration
	Status int
	Bytes  int64 // of the body
	// Hijacked reports that the answer goes on without net/http.
	Hijacked bool
}

// closedRequest is the status of a request whose caller has closed the connection, which nobody
// receives, as nginx and others log it.
const closedRequest = 499

// EndRequest logs and counts a request whose handler has returned.
func (o *Observer) EndRequest(r *Request, sent Sent) {
	r.mu.Lock()
	if r.ended = true; sent.Hijacked && !r.lasts {
		r.transport = "sse"
	}
	left := r.lines > 0 && r.first.Outcome == observe.Left
	r.mu.Unlock()
	status, bytes := sent.Status, sent.Bytes
	if left && !sent.Hijacked {
		status, bytes = closedRequest, 0
	}
	o.metrics.Request(status)
	if sent.Hijacked { // a stream goes on, so that what was written until now says nothing
		status, bytes = 0, 0
	}
	switch {
	case r.lines > 0:
		for i := range r.lines {
			line := &r.first
			if i > 0 {
				line = &r.more[i-1]
			}
			r.describe(line)
			line.Status, line.Bytes = status, bytes
			o.write(line)
		}
	case sent.Hijacked: // each operation is logged when it ends
	default:
		line := observe.Line{Status: sent.Status, Bytes: sent.Bytes, Took: sent.Took}
		r.describe(&line)
		line.Trace = r.traced.trace.ID
		o.access.Write(&line)
	}
}

// hold stores a line until the request ends. It is false if it must be written now.
func (r *Request) hold(line *observe.Line) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended || r.lasts {
		return false
	}
	if r.lines++; r.lines == 1 {
		r.first = *line
	} else {
		r.more = append(r.more, *line)
	}
	return true
}

// describe adds what is known of the request to a line.
func (r *Request) describe(line *observe.Line) {
	r.mu.Lock()
	defer r.mu.Unlock()
	line.Request, line.Transport, line.Method, line.Client, line.Version = r.ID[0], r.transport, r.method, r.client, r.version
}

// Introduce notes the client that the payload of connection_init names as the headers of
// requests do: browsers send no headers of their own with a WebSocket.
func Introduce(ctx context.Context, payload map[string]any) {
	r := requestOf(ctx)
	if r == nil {
		return
	}
	header := http.Header{}
	for name, value := range payload {
		if text, ok := value.(string); ok {
			header.Set(name, text)
		}
	}
	if name, version := clientOf(header); name != "" {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.client, r.version = name, version
	}
}

// clientOf returns the name and the version of the client that sends a request, as Apollo's
// libraries and others tell them.
func clientOf(header http.Header) (name, version string) {
	for _, names := range [...][2]string{
		{"Apollographql-Client-Name", "Apollographql-Client-Version"},
		{"Graphql-Client-Name", "Graphql-Client-Version"},
	} {
		if values := header[names[0]]; len(values) > 0 {
			return values[0], header.Get(names[1])
		}
	}
	return "", ""
}
