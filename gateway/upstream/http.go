package upstream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/portico-gateway/portico/gateway/cache"
	"github.com/portico-gateway/portico/gateway/decode"
	"github.com/portico-gateway/portico/gateway/endpoint"
	"github.com/portico-gateway/portico/gateway/provenance"
)

// httpClient is an [HTTP].
type httpClient struct {
	service

	buffers sync.Pool // of *[]byte, to read answers with
	store   *cache.Store
	gets    *cache.Cache // of *got
	// What requests have in common.
	json, xml, done, events *Media
	userAgent               []string
}

func newHTTP(c Config) *httpClient {
	return &httpClient{
		service: service{hubs: newHubs(c)},
		buffers: sync.Pool{New: func() any { return new(make([]byte, readAtOnce)) }},
		store:   c.Store,
		gets:    cache.NewCache(c.Store, cache.Kind{Timeout: c.Timeout, Codec: codec(c.Store), Failed: isFailure}),
		json:    JSON(), xml: XML(), done: JSON("*"),
		events:    &Media{accept: []string{serverSentType + ", " + jsonLinesType}},
		userAgent: []string{userAgent(debug.ReadBuildInfo())},
	}
}

func (c *httpClient) newPeer(s *setup, e *endpoint.Endpoint) io.Closer { return newHTTPPeer(s, e) }

func (c *httpClient) common() *service { return &c.service }

func (c *httpClient) apply(s *setup) *setup {
	c.gets.SetTimeout(s.config.Timeout)
	return c.service.apply(s)
}

func (c *httpClient) close() {
	c.gets.Close()
	c.service.close()
}

// Store is part of [Service].
func (c *httpClient) Store() *cache.Store { return c.store }

// Batches is part of [Service].
func (c *httpClient) Batches(loader string) func(keys int) { return c.config().batches(loader) }

// MaxBatch is part of [Service].
func (c *httpClient) MaxBatch() int { return c.config().MaxBatch }

// GetJSON is part of [HTTP].
func (c *httpClient) GetJSON(ctx context.Context, r Request) (*decode.JSON, error) {
	var answer *decode.JSON
	if r.Accepts == nil {
		r.Accepts = c.json
	}
	err := c.do(ctx, r, func(contentType, body string) error {
		if body == "" {
			return c.empty(r)
		}
		charset, err := c.charset(r, contentType, body)
		if err != nil {
			return err
		}
		if body, err = decode.UTF8(body, charset); err != nil {
			return c.Source(r.Binding).Malformed("the answer", err)
		}
		r.Expect.answered(body)
		answer = decode.NewJSON(body, c.sourceOf(r))
		answer.Copy = r.Kept
		return nil
	})
	return answer, err
}

// GetJSON decodes the JSON of the answer to a request, for hand-written code. Names of
// JSON are those of T's tags, and are case-sensitive; those that T does not have are
// ignored. null is T's zero value. For an empty answer, [IsEmpty] reports true for the
// error. On an error the value is zero.
func GetJSON[T any](ctx context.Context, c HTTP, r Request) (T, error) {
	var none T
	answer, err := c.GetJSON(ctx, r)
	if err != nil {
		return none, err
	}
	v, fault := decode.Value[T](answer)
	if fault == decode.ErrMissing { //nolint:errorlint // it is null, which is T's zero value
		fault = nil
	}
	if err := answer.Done("the answer", fault); err != nil {
		return none, err
	}
	return v, nil
}

// do calls the service, and read with the Content-Type and the body of its answer.
// The answer to a GET can be a cached one. A mutation calls the service, and may
// have changed all that it answered before.
func (c *httpClient) do(ctx context.Context, r Request, read func(contentType, body string) error) error {
	ctx, cancel := context.WithTimeout(ctx, c.config().Timeout)
	defer cancel()
	r.Passes.begin(ctx)
	provenance.From(ctx).Calls(c.config().Name)
	if provenance.IsWriting(ctx) {
		defer c.store.Invalidate(ctx, cache.ServiceTag(c.config().Name))
		return c.call(ctx, r, read)
	}
	if r.Method != "" && r.Method != http.MethodGet || r.Body != nil {
		return c.call(ctx, r, read)
	}
	answer, err := c.get(ctx, r)
	if err != nil {
		if e, ok := errors.AsType[*StatusError](err); ok && e.answer != nil {
			e.answer.note(ctx) // what a field makes of it, such as null for 404, is cached no longer
		}
		return err
	}
	answer.note(ctx)
	return c.read(r, answer, read)
}

// read calls read with an answer that no condition of the request makes an error.
func (c *httpClient) read(r Request, answer *got, read func(mediaType, body string) error) error {
	if r.ResponseHeader != nil {
		*r.ResponseHeader = answer.header
	}
	mediaType := answer.header.Get("Content-Type")
	if err := c.refusal(r, answer.status, mediaType, answer.body); err != nil {
		return err
	}
	return read(mediaType, answer.body)
}

// call calls the service, whatever is kept.
func (c *httpClient) call(ctx context.Context, r Request, read func(contentType, body string) error) error {
	req, err := c.request(ctx, r)
	if err != nil {
		return err
	}
	answer, err := c.answer(ctx, r, req)
	if err != nil {
		return err
	}
	answer.note(ctx)
	return c.read(r, answer, read)
}

// answer sends a request and returns its answer, which is not cached.
func (c *httpClient) answer(ctx context.Context, r Request, req based) (*got, error) {
	req.Request = req.WithContext(ctx)
	answer, err := exchange(c, req, c.callOf(ctx, r), func(ctx context.Context, of *call, resp *http.Response, asked time.Time) (*got, error) {
		body, err := c.body(ctx, of, resp)
		answer := &got{status: resp.StatusCode, header: resp.Header, body: body}
		answer.read(req.Request, asked)
		return answer, err
	})
	if answer != nil {
		r.Passes.note(ctx, r.Binding, answer.header)
	}
	if err != nil {
		return nil, err
	}
	return answer, nil
}

// route returns what a request calls, without its values.
func (r Request) route() string {
	if r.Binding != "" || len(r.Path) == 0 {
		return r.Binding
	}
	return r.Path[0] // hand-written: the collection, usually
}

// statusError returns the error of an answer with a status other than 2xx, whose body
// it reads.
func (c *httpClient) statusError(resp *http.Response) error {
	if resp.StatusCode >= 200 && resp.StatusCode <= 299 {
		return nil
	}
	// The status says more than why its body could not be read.
	body, _ := io.ReadAll(io.LimitReader(resp.Body, bodyOfError))
	answer := &got{header: resp.Header}
	answer.read(resp.Request, c.store.Now())
	return refused(&StatusError{
		Service: c.config().Name, Status: resp.StatusCode, RetryAfter: retryAfter(resp.StatusCode, resp.Header), Body: body,
		mediaType: resp.Header.Get("Content-Type"), answer: answer,
	})
}

// body reads the body of a good answer to a call. What is not a good one is an error.
func (c *httpClient) body(ctx context.Context, of *call, resp *http.Response) (string, error) {
	if err := c.statusError(resp); err != nil {
		return "", err
	}
	if hasNoContent(resp.StatusCode) {
		return "", nil
	}
	tooLarge := func() error {
		return nonsense(c.config().Name, tooLargeError{c.config().Name, c.config().MaxResponseBytes})
	}
	if resp.ContentLength > c.config().MaxResponseBytes {
		return "", tooLarge()
	}
	var body strings.Builder
	body.Grow(int(max(resp.ContentLength, 0)))
	buffer, _ := c.buffers.Get().(*[]byte)
	defer c.buffers.Put(buffer)
	switch _, err := io.CopyBuffer(&body, io.LimitReader(resp.Body, c.config().MaxResponseBytes+1), *buffer); {
	case err != nil:
		return "", failed(ctx, c.config().Name, fmt.Errorf("read the answer: %w", err))
	case int64(body.Len()) > c.config().MaxResponseBytes:
		return "", tooLarge()
	}
	of.bytes.Store(int64(body.Len()))
	return body.String(), nil
}

// tooLargeError says that an answer has more bytes than are read.
type tooLargeError struct {
	service string
	most    int64
}

// Error is part of error.
func (e tooLargeError) Error() string {
	return fmt.Sprintf("service %s: the answer has more than %d bytes", e.service, e.most)
}

// readAtOnce is the number of bytes that are read of an answer at once.
const readAtOnce = 32 << 10

// based is a request and the base of its URL.
type based struct {
	*http.Request
	base string
}

// request returns what the service is sent, with what it is to know of the caller.
func (c *httpClient) request(ctx context.Context, r Request) (based, error) {
	base := c.current.Load().base
	req, err := c.requestAt(ctx, r, base)
	return based{req, base}, err
}

// requestAt is request for a base.
func (c *httpClient) requestAt(ctx context.Context, r Request, base string) (*http.Request, error) {
	req, err := r.build(ctx, base)
	if err != nil {
		return nil, impossible(c.config().Name, err)
	}
	if provenance.IsWriting(ctx) {
		sendOnce(req)
	}
	c.forward(ctx, req.Header)
	if r.Accepts == nil {
		r.Accepts = c.done
	}
	if req.Header["Accept"] == nil {
		req.Header["Accept"] = r.Accepts.accept
	}
	if req.Header["User-Agent"] == nil {
		req.Header["User-Agent"] = c.userAgent
	}
	err = c.config().identify(ctx, func(name, value string) {
		if req.Header.Del(name); value != "" {
			req.Header.Set(name, value)
		}
	})
	if err != nil {
		return nil, err
	}
	return req, nil
}

// sendOnce keeps the transport from sending a request again on its own, as it does
// with a GET if the service closes a connection that was used before: the service may
// have done what the request says. The body is empty, but the transport can't know
// that it may send it again.
func sendOnce(req *http.Request) {
	if req.Method == http.MethodGet && req.Body == nil {
		req.Body = io.NopCloser(strings.NewReader(""))
	}
}

func (c *httpClient) check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, c.config().Timeout)
	defer cancel()
	err := c.call(ctx, Request{Path: []string{"healthz"}}, func(string, string) error { return nil })
	if e, ok := errors.AsType[*StatusError](err); ok && e.Status < 500 {
		return nil
	}
	return err
}

// checkEndpoint is the active health check of an endpoint: it is healthy if it answers
// with 2xx.
func (c *httpClient) checkEndpoint(ctx context.Context, to *endpoint.Endpoint) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, peerOf(to).base+c.config().HealthPath, http.NoBody)
	if err != nil {
		return err
	}
	req = sentTo(req, to)
	req.Header["User-Agent"] = c.userAgent
	resp, err := c.roundTrip(req, to)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err := c.body(ctx, new(call), resp); err != nil {
		return err
	}
	return nil
}

// Done is part of [HTTP].
func (c *httpClient) Done(ctx context.Context, r Request) error {
	return c.do(ctx, r, func(string, string) error { return nil })
}
