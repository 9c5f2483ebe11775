package fault

import (
	"bytes"
	"io"
	"net/http"
)

// maxBody is more than any route of the demo takes, in bytes.
const maxBody = 1 << 20

const page = `<!doctype html>
<html><head><title>Welcome to nginx!</title></head>
<body><h1>Welcome to nginx!</h1><p>This page is a fault of the demo: see /faults of its control service.</p></body></html>
`

// HTTP lets calls of an HTTP service meet its fault.
func (s *Switch) HTTP(service string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// net/http notices that a caller has gone only once the body is read.
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			http.Error(w, "the body cannot be read", http.StatusBadRequest)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))

		v, err := s.judge(r.Context(), service)
		switch {
		case err != nil:
			panic(http.ErrAbortHandler) // cut the connection: no answer must look like one
		case v.html:
			writePage(w, v.fail)
		case v.fail:
			http.Error(w, "this error is a fault of the demo", http.StatusInternalServerError)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func writePage(w http.ResponseWriter, fail bool) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if fail {
		w.WriteHeader(http.StatusBadGateway)
	}
	_, _ = io.WriteString(w, page) // a caller that has gone needs no page
}
