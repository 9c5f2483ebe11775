package transport

import (
	"context"
	"crypto/sha256"
	"net/http"
)

// Finished is an answer that is bytes already.
type Finished interface {
	// Serve answers a request: status, header and body. format is the media
	// type, without parameters.
	Serve(w http.ResponseWriter, r *http.Request, format string)
}

// Digest tells requests apart by their bytes: the query of a URL, or the body.
type Digest [sha256.Size]byte

// Reply is the HTTP answer that an operation is executed for. An executor can
// add to it before it returns a response.
type Reply struct {
	// Header is the answer's.
	Header http.Header
	// Digest is that of the request; zero when it is large.
	Digest Digest

	finished Finished
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

// digest is that of a request by GET or POST.
func digest(method string, text []byte) Digest {
	d := sha256.Sum256(text)
	if method == http.MethodGet {
		d[0] ^= 1 // the same bytes mean something else in a URL
	}
	return d
}
