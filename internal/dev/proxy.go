package dev

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"strings"
	"sync"
)

// proxy sends each request to the gateway that serves when it comes.
type proxy struct {
	status *status

	mu      sync.RWMutex
	current *backend // nil: none has started
	retired sync.WaitGroup
}

// backend is a gateway as the proxy sees it.
type backend struct {
	gateway       *gateway
	public, admin http.RoundTripper
	// waiting are the requests that have no answer yet: the gateway may not know of them, so that it would not wait
	// for them when it stops.
	waiting sync.WaitGroup
}

func newProxy(s *status) *proxy { return &proxy{status: s} }

// change makes a gateway answer the requests that come from now on. The one before stops when it has begun to answer its
// requests, and ends when they are answered.
func (p *proxy) change(to *gateway) {
	next := &backend{gateway: to, public: dialing(to.at.public), admin: dialing(to.at.admin)}
	p.mu.Lock()
	before := p.current
	p.current = next
	p.mu.Unlock()
	p.retire(before)
}

func (p *proxy) retire(b *backend) {
	if b == nil {
		return
	}
	p.retired.Go(func() {
		b.waiting.Wait()
		b.gateway.stop()
	})
}

// close ends all gateways, and waits for that.
func (p *proxy) close() {
	p.mu.Lock()
	before := p.current
	p.current = nil
	p.mu.Unlock()
	p.retire(before)
	p.retired.Wait()
}

// take returns the gateway that answers a request, which has no answer before done; nil if there is none.
func (p *proxy) take() (b *backend, done func()) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	if p.current == nil {
		return nil, nil
	}
	p.current.waiting.Add(1)
	return p.current, sync.OnceFunc(p.current.waiting.Done)
}

// public proxies requests of callers, and shows the status in the pages of the console.
func (p *proxy) public() http.Handler {
	forward := p.forward(func(b *backend) http.RoundTripper { return b.public })
	own := p.status.handler()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, ownPath) {
			own.ServeHTTP(w, r)
			return
		}
		forward.ServeHTTP(w, r)
	})
}

// admin proxies requests of operators.
func (p *proxy) admin() http.Handler {
	return p.forward(func(b *backend) http.RoundTripper { return b.admin })
}

func (p *proxy) forward(by func(*backend) http.RoundTripper) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, done := p.take()
		if b == nil {
			p.unavailable(w, r)
			return
		}
		defer done()
		reverse := &httputil.ReverseProxy{
			Rewrite:       rewrite,
			Transport:     by(b),
			FlushInterval: -1,
			ErrorLog:      log.New(io.Discard, "", 0),
			ModifyResponse: func(response *http.Response) error {
				done()
				return show(response)
			},
			ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
				refuse(w, http.StatusBadGateway, fmt.Sprintf("the gateway does not answer: %v", err))
			},
		}
		reverse.ServeHTTP(w, r)
	})
}

// rewrite keeps the request as it is, and adds the address of the caller, which the gateway believes what comes by a Unix
// domain socket.
func rewrite(r *httputil.ProxyRequest) {
	r.Out.URL.Scheme, r.Out.URL.Host, r.Out.Host = "http", "gateway", r.In.Host
	if r.Out.Body != nil {
		r.Out.Body = &readOnce{ReadCloser: r.Out.Body}
	}
	for _, name := range []string{"X-Forwarded-For", "X-Forwarded-Host"} {
		if values := r.In.Header.Values(name); len(values) > 0 {
			r.Out.Header[name] = values
		}
	}
	host := r.Out.Header.Values("X-Forwarded-Host")
	if r.SetXForwarded(); len(host) > 0 {
		r.Out.Header["X-Forwarded-Host"] = host
	}
	if isPage(r.In) {
		r.Out.Header.Del("Accept-Encoding")   // show changes the page
		r.Out.Header.Del("If-None-Match")     // which would say that it is as before
		r.Out.Header.Del("If-Modified-Since") // also without the script
	}
}

// readOnce is a body that is not read again after its end. The transport does that to find bytes beyond Content-Length, and closes the
// connection if it fails (transferWriter.writeBody in net/http); the server has closed the body by then if the answer has begun, as that of
// a stream does at once.
type readOnce struct {
	io.ReadCloser

	ended bool
}

// Read is part of [io.Reader].
func (b *readOnce) Read(p []byte) (int, error) {
	if b.ended {
		return 0, io.EOF
	}
	n, err := b.ReadCloser.Read(p)
	b.ended = errors.Is(err, io.EOF)
	return n, err
}

// isPage reports whether a request is one of a browser for a page.
func isPage(r *http.Request) bool {
	return r.Method == http.MethodGet && strings.Contains(r.Header.Get("Accept"), "text/html")
}

// unavailable answers while there is no gateway.
func (p *proxy) unavailable(w http.ResponseWriter, r *http.Request) {
	if isPage(r) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = io.WriteString(w, waitingPage)
		return
	}
	refuse(w, http.StatusServiceUnavailable, p.status.reason())
}

// refuse answers as a gateway does: see docs/operations.md, codes.
func refuse(w http.ResponseWriter, status int, message string) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"errors": []any{
		map[string]any{"message": message, "extensions": map[string]any{"code": "SERVICE_UNAVAILABLE"}},
	}})
}

// gateway returns the gateway that answers requests; nil if there is none.
func (p *proxy) gateway() *gateway {
	p.mu.RLock()
	defer p.mu.RUnlock()
	if p.current == nil {
		return nil
	}
	return p.current.gateway
}
