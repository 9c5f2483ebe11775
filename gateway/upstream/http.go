package upstream

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/portico-gateway/portico/gateway/problem"
)

// HTTP calls one HTTP service. It is safe for concurrent use.
type HTTP struct {
	config Config
	base   string // scheme, host and path, without a slash at the end
	client *http.Client
}

// Request is a call of an HTTP service.
type Request struct {
	// Method is GET when empty.
	Method string
	// Path has the segments of the path. Each stays one segment, whatever is
	// in it.
	Path []string
	// Query is encoded into the URL.
	Query url.Values
	// Header is sent; a value with a line break fails the call.
	Header http.Header
	// Body is sent as JSON unless it is nil.
	Body any
}

func newHTTP(c Config, u *url.URL) *HTTP {
	transport := &http.Transport{
		DialContext:            (&net.Dialer{Timeout: c.Timeout, KeepAlive: 30 * time.Second}).DialContext,
		ForceAttemptHTTP2:      true,
		MaxConnsPerHost:        c.MaxConnections,
		MaxIdleConns:           c.MaxConnections,
		MaxIdleConnsPerHost:    c.MaxConnections,
		IdleConnTimeout:        90 * time.Second,
		TLSHandshakeTimeout:    c.Timeout,
		MaxResponseHeaderBytes: 64 << 10,
	}
	return &HTTP{
		config: c,
		base:   strings.TrimSuffix(u.Scheme+"://"+u.Host+u.EscapedPath(), "/"),
		client: &http.Client{
			Transport: transport,
			// A redirect could lead the caller's token elsewhere.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// MaxBatch is how many keys one call may have.
func (c *HTTP) MaxBatch() int { return c.config.MaxBatch }

// GetJSON decodes the JSON that the service answers a request with.
func GetJSON[T any](ctx context.Context, c *HTTP, r Request) (T, error) {
	return decoded[T](ctx, c, r, "json", decodeJSON)
}

// decodeJSON is the only use of a decoder for what services answer; the choice
// is docs/adr/0003-json-decoder.md. Names are matched to the letter, and one
// that comes twice is an error; bytes that are not UTF-8 become U+FFFD.
func decodeJSON(text []byte, value any) error {
	return jsonv2.Unmarshal(text, value, jsontext.AllowInvalidUTF8(true))
}

// decoded decodes an answer whose media type is application/format, text/format
// or has the suffix +format.
func decoded[T any](ctx context.Context, c *HTTP, r Request, format string, decode func([]byte, any) error) (T, error) {
	var value T
	body, mediaType, err := c.do(ctx, r)
	if err != nil {
		return value, err
	}
	if parsed, _, err := mime.ParseMediaType(mediaType); err != nil || !strings.HasSuffix(parsed, "/"+format) && !strings.HasSuffix(parsed, "+"+format) {
		return value, nonsense(c.config.Name, fmt.Errorf("service %s: not %s but %q: %.*q", c.config.Name, format, mediaType, bodyInLog, body))
	}
	if err := decode(body, &value); err != nil {
		return value, nonsense(c.config.Name, fmt.Errorf("service %s: %w", c.config.Name, err))
	}
	return value, nil
}

// do calls the service and returns the body and media type of its answer.
func (c *HTTP) do(ctx context.Context, r Request) ([]byte, string, error) {
	ctx, cancel := context.WithTimeout(ctx, c.config.Timeout)
	defer cancel()
	req, err := c.request(ctx, r)
	if err != nil {
		return nil, "", problem.Wrap(err, problem.BadUserInput, "The service %s can't be asked for this value.", c.config.Name).With("service", c.config.Name)
	}
	resp, err := c.client.Do(req)
	if err != nil {
		return nil, "", failed(ctx, c.config.Name, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, c.config.MaxResponseBytes+1))
	switch {
	case err != nil:
		return nil, "", failed(ctx, c.config.Name, err)
	case int64(len(body)) > c.config.MaxResponseBytes:
		return nil, "", nonsense(c.config.Name, fmt.Errorf("service %s: the answer has more than %d bytes", c.config.Name, c.config.MaxResponseBytes))
	case resp.StatusCode < 200 || resp.StatusCode > 299:
		return nil, "", refused(&StatusError{Service: c.config.Name, Status: resp.StatusCode, Body: body})
	}
	return body, resp.Header.Get("Content-Type"), nil
}

func (c *HTTP) request(ctx context.Context, r Request) (*http.Request, error) {
	target, err := c.url(r)
	if err != nil {
		return nil, err
	}
	var body io.Reader
	if r.Body != nil {
		text, err := json.Marshal(r.Body)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(text)
	}
	method := r.Method
	if method == "" {
		method = http.MethodGet
	}
	req, err := http.NewRequestWithContext(ctx, method, target, body)
	if err != nil {
		return nil, err
	}
	maps.Copy(req.Header, r.Header)
	if r.Body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if authorization := c.config.authorization(ctx); authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	return req, nil
}

// errSegment tells of a path segment that servers and proxies could take for
// a step up or for no segment.
var errSegment = errors.New(`a path segment must not be empty, "." or ".."`)

func (c *HTTP) url(r Request) (string, error) {
	var b strings.Builder
	b.WriteString(c.base)
	for _, segment := range r.Path {
		if segment == "" || segment == "." || segment == ".." {
			return "", errSegment
		}
		b.WriteByte('/')
		b.WriteString(url.PathEscape(segment))
	}
	if len(r.Query) > 0 {
		b.WriteByte('?')
		b.WriteString(r.Query.Encode())
	}
	return b.String(), nil
}

func (c *HTTP) check(ctx context.Context) error {
	_, _, err := c.do(ctx, Request{Path: []string{"healthz"}})
	if e, ok := errors.AsType[*StatusError](err); ok && e.Status < 500 {
		return nil
	}
	return err
}
