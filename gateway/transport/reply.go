package transport

import (
	"context"
	"net/http"
)

// Finished is an answer that is bytes already.
type Finished interface {
	// Serve answers a request: status, header and body. format is the media
	// type, without parameters.
	Serve(w http.ResponseWriter, r *http.Request, format string)
}

// Reply is the HTTP answer that an operation is executed for. An executor can
// add to it before it returns a response.
type Reply struct {
	// Header is the answer's.
	Header http.Header
	// Method is the request's.
	Method string
	// Text is what the request is made of: the query of a URL, or the body. It is
	// empty when it is large.
	Text string

	finished Finished
	memory   *reservation
}

// Finish answers with f in place of the response that is returned, which must
// say the same.
func (r *Reply) Finish(f Finished) { r.finished = f }

type replyKey struct{}

// ReplyOf is the answer that the context's operation is executed for. It is nil
// where operations share an answer: of a WebSocket and of a batch.
func ReplyOf(ctx context.Context) *Reply {
	reply, _ := ctx.Value(replyKey{}).(*Reply)
	return reply
}
