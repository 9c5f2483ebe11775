package transport

import (
	"bytes"
	"net/http"

	"github.com/portico-gateway/portico/gateway/answer"
	"github.com/portico-gateway/portico/gateway/problem"
)

// overloaded returns the refusal of requests that are shed. It has its text, since there may be many of them, and none
// is to cost much.
func overloaded() *refusal {
	p := problem.New(problem.Overloaded, "The gateway has too much to do. Try again.").With(problem.RetryAfter, 1.0)
	return &refusal{status: http.StatusServiceUnavailable, problem: p, text: answer.Problem(p).Append(nil)}
}

// sheds reports whether a request is refused because there is too much to do, before it is decoded. It is asked for
// every request that is not recalled.
func (h *Handler) sheds(method string, text []byte) bool {
	return h.config().Shed != nil && len(text) <= largestRecalled && sheddable(method, text) && h.config().Shed()
}

// sheddable reports whether a request is for one query, as far as its text shows at a glance. A mutation is taken for a query
// only if it is written with escapes, which no client does. One that names a persisted document, or has a list of
// operations, can be a mutation.
func sheddable(method string, text []byte) bool {
	if method == http.MethodGet {
		return true
	}
	start := bytes.TrimLeft(text, blank)
	return len(start) > 0 && start[0] == '{' && bytes.Contains(text, []byte(`"query"`)) && !mayMutate(text)
}

func mayMutate(text []byte) bool {
	return bytes.Contains(text, []byte("mutation")) || bytes.Contains(text, []byte("persistedQuery")) || bytes.Contains(text, []byte(documentID))
}
