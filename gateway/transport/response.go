package transport

import (
	"encoding/json"
	"net/http"
	"strconv"
	"sync"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/portico-gateway/portico/gateway/problem"
)

// buffers are reused for answers.
var buffers = sync.Pool{New: func() any { return new([]byte) }} //nolint:gochecknoglobals // a pool of the process

// largestKept is the most that a buffer may have grown to be reused: one large
// answer must not hold memory for ever.
const largestKept = 1 << 20

// appendResponse appends the JSON of a response: errors first, since they are
// what is looked for (GraphQL specification, 7.1), and the data as it is.
func appendResponse(b []byte, resp *graphql.Response) []byte {
	b = append(b, '{')
	if len(resp.Errors) > 0 {
		b = append(b, `"errors":`...)
		b = appendJSON(b, resp.Errors)
	}
	if len(resp.Data) > 0 {
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = append(b, `"data":`...)
		b = append(b, resp.Data...)
	}
	if len(resp.Extensions) > 0 {
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = append(b, `"extensions":`...)
		b = appendJSON(b, resp.Extensions)
	}
	return append(b, '}')
}

// appendJSON appends a value that a project may have put into the answer; one
// that JSON can't say becomes null.
func appendJSON(b []byte, value any) []byte {
	text, err := json.Marshal(value)
	if err != nil {
		return append(b, "null"...)
	}
	return append(b, text...)
}

// writeResponse writes a response at once.
func writeResponse(w http.ResponseWriter, status int, format string, resp *graphql.Response) {
	buffer := buffers.Get().(*[]byte) //nolint:forcetypeassert // New makes them
	body := appendResponse((*buffer)[:0], resp)
	header := w.Header()
	header.Set("Content-Type", format+"; charset=utf-8")
	header.Set("Content-Length", strconv.Itoa(len(body)))
	header.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(body) // the caller left: nothing to do
	if cap(body) <= largestKept {
		*buffer = body
		buffers.Put(buffer)
	}
}

// writeRefusal answers what is not executed.
func writeRefusal(w http.ResponseWriter, status int, p *problem.Error) {
	writeResponse(w, status, plainJSON, &graphql.Response{Errors: gqlerror.List{presented(p)}})
}

func presented(p *problem.Error) *gqlerror.Error {
	return &gqlerror.Error{Message: p.Message, Extensions: map[string]any{"code": string(p.Code)}}
}
