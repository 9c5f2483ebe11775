package dev

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
)

// closing is a body as a server has it when the answer has begun: it can't be read again after its end.
type closing struct {
	io.Reader

	ended bool
}

func (c *closing) Read(p []byte) (int, error) {
	if c.ended {
		return 0, http.ErrBodyReadAfterClose
	}
	n, err := c.Reader.Read(p)
	if err == nil {
		_, err = c.Reader.Read(nil) // a server's body says EOF with its last bytes
	}
	c.ended = errors.Is(err, io.EOF)
	return n, err
}

func (c *closing) Close() error { return nil }

// A stream goes on although the body of its request can't be read again.
func TestStreamsOfRequestsWithABody(t *testing.T) {
	written := make(chan struct{})
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			t.Error(err)
		}
		_, _ = io.WriteString(w, "first ")
		_ = http.NewResponseController(w).Flush()
		<-written
		_, _ = io.WriteString(w, strings.Repeat("second ", 100_000))
	}))
	defer service.Close()
	to, err := url.Parse(service.URL)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "/", &closing{Reader: strings.NewReader("query")})
	r.ContentLength = 5
	r = r.WithContext(httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
		WroteRequest: func(httptrace.WroteRequestInfo) { close(written) },
	}))
	w := httptest.NewRecorder()
	proxy := &httputil.ReverseProxy{FlushInterval: -1, Rewrite: func(p *httputil.ProxyRequest) {
		rewrite(p)
		p.Out.URL.Host = to.Host
	}}
	func() {
		defer func() { _ = recover() }() // http.ErrAbortHandler, of an answer that ended early
		proxy.ServeHTTP(w, r)
	}()
	if w.Body.Len() != len("first ")+100_000*len("second ") {
		t.Errorf("%d bytes of the answer came; status %d", w.Body.Len(), w.Code)
	}
}
