package transport

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/portico-gateway/portico/gateway/answer"
	"github.com/portico-gateway/portico/gateway/problem"
)

// refusal is why a request does not come to the source. Nil is none.
type refusal struct {
	status  int
	allow   string // the header Allow, of 405
	close   bool   // the connection of HTTP/1, since the request was not read to its end
	problem *problem.Error
	text    []byte // of the answer; nil for that of the problem
}

// refusef refuses what is not a GraphQL request, or can't be answered as it
// asks for.
func refusef(status int, format string, args ...any) *refusal {
	return &refusal{status: status, problem: problem.New(problem.BadRequest, format, args...)}
}

func methodNotAllowed(allow, message string) *refusal {
	r := refusef(http.StatusMethodNotAllowed, "%s", message)
	r.allow = allow
	return r
}

// unavailable refuses what the gateway can't do now, but soon.
func unavailable(message string) *refusal {
	return &refusal{status: http.StatusServiceUnavailable, problem: problem.New(problem.Unavailable, "%s", message)}
}

// stopping refuses new streams: the client finds another gateway, or tries
// again.
func stopping() *refusal { return unavailable("The gateway is stopping.") }

// lingering is how long the rest of a refused request is waited for.
const lingering = 500 * time.Millisecond

// refuse answers a request that does not come to the source.
func (h *Handler) refuse(w http.ResponseWriter, request *http.Request, r *refusal) {
	header := w.Header()
	if r.allow != "" {
		header.Set("Allow", r.allow)
	}
	if r.close && request.ProtoMajor == 1 { // a stream of HTTP/2 ends without its connection
		header.Set("Connection", "close")
		// net/http reads some more before it closes, so that the client gets the
		// answer; it must not wait long for that.
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(lingering)) // not every writer has one
	}
	if r.status == http.StatusServiceUnavailable || r.status == http.StatusTooManyRequests {
		header["Retry-After"] = h.retryAfter
	}
	if r.text != nil {
		h.writer.WriteJSON(w, request, r.status, problemFormat(request.Header), r.text)
		return
	}
	a := answer.Problem(r.problem)
	a.Status = r.status
	h.writer.Write(w, request, a, problemFormat(request.Header))
}

// WriteError answers a request that reaches no [Handler] with an error, as a response of GraphQL.
func WriteError(w http.ResponseWriter, r *http.Request, status int, err *gqlerror.Error) {
	w.Header().Set("Content-Type", problemFormat(r.Header)+"; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"errors": gqlerror.List{err}}) // the caller left: nothing to do
}
