package transport

import (
	"net/http"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/portico-gateway/portico/gateway/problem"
)

// refusal is why a request does not come to the executor. Nil is none.
type refusal struct {
	status  int
	allow   string // the header Allow, of 405
	problem *problem.Error
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

// stopping refuses new streams: the client finds another gateway, or tries
// again.
func stopping() *refusal {
	return &refusal{status: http.StatusServiceUnavailable, problem: problem.New(problem.Internal, "The gateway is stopping.")}
}

// refuse answers as application/json: whether the caller accepts it or not, it
// is what is read most.
func (h *Handler) refuse(w http.ResponseWriter, r *refusal) {
	if r.allow != "" {
		w.Header().Set("Allow", r.allow)
	}
	h.writeStatus(w, problemResponse(r.problem), plainJSON, r.status)
}

// problemResponse is the response to what is not executed.
func problemResponse(p *problem.Error) *graphql.Response {
	return &graphql.Response{Errors: gqlerror.List{{Message: p.Message, Extensions: map[string]any{"code": string(p.Code)}}}}
}
