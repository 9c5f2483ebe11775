package transport

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"sync"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/portico-gateway/portico/gateway/problem"
)

// write answers with a response and the status of its outcome.
func (h *Handler) write(w http.ResponseWriter, resp *graphql.Response, format string) {
	h.writeStatus(w, resp, format, status(resp, format))
}

func (h *Handler) writeStatus(w http.ResponseWriter, resp *graphql.Response, format string, status int) {
	buffer := h.buffers.get()
	defer h.buffers.put(buffer)
	appendResponse(buffer, resp)
	header := w.Header()
	header.Set("Content-Type", format+"; charset=utf-8")
	header.Set("Content-Length", strconv.Itoa(buffer.Len()))
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Cache-Control", "no-store") // what can be kept elsewhere is Finished
	w.WriteHeader(status)
	_, _ = w.Write(buffer.Bytes()) // the caller left: nobody to tell
}

// status is 200 when the operation was executed, whatever its errors. Else it
// is that of the first error; application/json has 200 for what is wrong with
// the document or its variables, as its clients expect.
func status(resp *graphql.Response, format string) int {
	if executed(resp) {
		return http.StatusOK
	}
	code, _ := resp.Errors[0].Extensions["code"].(string)
	switch problem.Code(code) {
	case problem.ParseFailed, problem.ValidationFailed, problem.BadUserInput:
		if format == plainJSON {
			return http.StatusOK
		}
		return http.StatusBadRequest
	case problem.Unauthenticated:
		return http.StatusUnauthorized
	case problem.Forbidden, problem.CSRFBlocked:
		return http.StatusForbidden
	case problem.Throttled:
		return http.StatusTooManyRequests
	case problem.PersistedQueryNotFound, problem.PersistedQueryNotSupported:
		return http.StatusOK // what clients of automatic persisted queries expect
	case problem.Unavailable:
		return http.StatusServiceUnavailable
	case problem.ServiceTimeout:
		return http.StatusGatewayTimeout
	case problem.Internal, "":
		return http.StatusInternalServerError
	}
	return http.StatusBadRequest
}

// executed reports whether a response is that of an execution, which always has
// data, if only null.
func executed(resp *graphql.Response) bool { return resp.Data != nil || len(resp.Errors) == 0 }

// appendResponse writes the JSON of a response: errors first, as the GraphQL
// specification (7.1) recommends, and data byte for byte. The parts of an
// incremental response (label, path, hasNext) are left out: there is none.
func appendResponse(b *bytes.Buffer, resp *graphql.Response) {
	b.WriteByte('{')
	if len(resp.Errors) > 0 {
		b.WriteString(`"errors":`)
		b.Write(errorsJSON(resp.Errors))
		if executed(resp) {
			b.WriteByte(',')
		}
	}
	if executed(resp) {
		b.WriteString(`"data":`)
		if resp.Data == nil {
			b.WriteString("null")
		}
		b.Write(resp.Data)
	}
	if len(resp.Extensions) > 0 {
		if text, err := json.Marshal(resp.Extensions); err == nil { // they are no part of the result
			b.WriteString(`,"extensions":`)
			b.Write(text)
		}
	}
	b.WriteByte('}')
}

// errorsJSON is a list of errors. Extensions that JSON can't say are left out
// but for the code: the client must learn of the errors all the same.
func errorsJSON(errs gqlerror.List) []byte {
	text, err := json.Marshal(errs)
	if err == nil {
		return text
	}
	plain := make(gqlerror.List, len(errs))
	for i, e := range errs {
		code, _ := e.Extensions["code"].(string)
		plain[i] = &gqlerror.Error{Message: e.Message, Path: e.Path, Locations: e.Locations, Extensions: map[string]any{"code": code}}
	}
	text, _ = json.Marshal(plain) // strings and numbers always can be
	return text
}

// bufferPool reuses the buffers of bodies and answers.
type bufferPool struct{ pool sync.Pool }

// largestKept is the most that a buffer may have grown to be reused: one large
// answer must not hold memory for ever.
const largestKept = 1 << 18

// get returns an empty buffer.
func (p *bufferPool) get() *bytes.Buffer {
	if b, ok := p.pool.Get().(*bytes.Buffer); ok {
		b.Reset()
		return b
	}
	return new(bytes.Buffer)
}

func (p *bufferPool) put(b *bytes.Buffer) {
	if b.Cap() <= largestKept {
		p.pool.Put(b)
	}
}
