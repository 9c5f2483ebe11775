package upstream

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/portico-gateway/portico/gateway/endpoint"
	"github.com/portico-gateway/portico/gateway/provenance"
)

// expectedTimeout is the header field for how many milliseconds the answer of a service
// is waited for, as Envoy sends it. It is not part of what a call is, and each
// attempt has its own. gRPC has grpc-timeout.
const expectedTimeout = "X-Envoy-Expected-Rq-Timeout-Ms"

// reading reads the answer to an attempt of a call, which was requested at a time. ctx is that of
// the attempt.
type reading[T any] func(ctx context.Context, of *call, resp *http.Response, asked time.Time) (T, error)

// exchanging is a request that is sent through the policies of a service, and what is
// read of its answers.
type exchanging[T any] struct {
	http *httpClient
	req  based
	read reading[T]
	once bool // an attempt may send the request once only
	both bool // attempts may be concurrent
	call *call
	sent atomic.Bool // req was, so that the next attempt needs a copy
}

// exchange sends a request through the policies of the service, to which it is what
// says. read is called for
// each attempt, maybe concurrently. exchange returns what it returned for the attempt
// that counts, also if that failed.
func exchange[T any](c *httpClient, req based, what *call, read reading[T]) (T, error) {
	var value T
	x := &exchanging[T]{http: c, req: req, read: read, once: !what.idempotent}
	mine := &call{method: what.method, route: what.route, idempotent: what.idempotent, version: what.version} // what may be made again
	x.call = mine
	mine.attempt = func(ctx context.Context, to *endpoint.Endpoint) (err error) {
		value, err = x.make(ctx, to)
		return err
	}
	if c.config().Hedging > 0 {
		mine.separate = func() (another attempt, adopt func()) {
			var own T
			another = func(ctx context.Context, to *endpoint.Endpoint) (err error) {
				own, err = x.make(ctx, to)
				return err
			}
			return another, func() { value = own }
		}
	}
	if c.versions().mirror != nil {
		mine.copy = x.copy
	}
	x.both = mine.separate != nil || mine.copy != nil // the configuration may change
	err := mine.make(req.Context())
	what.fellBack = mine.fellBack
	return value, err
}

// make makes one attempt.
func (x *exchanging[T]) make(ctx context.Context, to *endpoint.Endpoint) (none T, err error) {
	ctx, end := peerOf(to).bounded(ctx)
	defer end()
	req, err := x.request(ctx, to)
	if err != nil {
		return none, impossible(x.http.config().Name, err)
	}
	asked := x.http.store.Now()
	resp, err := x.http.roundTrip(req, to)
	if err != nil {
		return none, err
	}
	defer resp.Body.Close()
	x.call.status.Store(int64(resp.StatusCode))
	return x.read(ctx, x.call, resp, asked)
}

// copy makes an attempt whose answer is read, so that the connection is used again, and
// ignored.
func (x *exchanging[T]) copy(ctx context.Context, to *endpoint.Endpoint) error {
	ctx, end := peerOf(to).bounded(ctx)
	defer end()
	x.sent.Store(true)
	req, err := x.request(ctx, to)
	if err != nil {
		return impossible(x.http.config().Name, err)
	}
	resp, err := x.http.roundTrip(req, to)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = x.http.body(ctx, new(call), resp)
	return err
}

// request returns the request of an attempt, to an endpoint. The transport may still read the one of
// an attempt that failed, and attempts may be concurrent.
func (x *exchanging[T]) request(ctx context.Context, to *endpoint.Endpoint) (*http.Request, error) {
	req, err := x.req.at(ctx, to)
	if err != nil {
		return nil, err
	}
	if x.sent.Swap(true) || x.both {
		req.Header = req.Header.Clone()
		if req.GetBody != nil {
			body, err := req.GetBody()
			if err != nil {
				return nil, err
			}
			req.Body = body
		}
	}
	if x.once {
		peerOf(to).once(req)
	}
	if t := traceOf(ctx); t != nil && t.Sampled {
		req.Header[traceParent] = []string{t.Parent()}
	}
	if deadline, ok := ctx.Deadline(); ok {
		left := max(time.Until(deadline).Milliseconds(), 1)
		req.Header[expectedTimeout] = []string{strconv.FormatInt(left, 10)}
	}
	return req, nil
}

// callOf returns what the request is to policies, without its attempts.
func (c *httpClient) callOf(ctx context.Context, r Request) *call {
	mayRepeat := r.Idempotent || r.Method == "" || r.Method == http.MethodGet
	return &call{method: cmp.Or(r.Method, http.MethodGet), route: r.route(), idempotent: mayRepeat && !provenance.IsWriting(ctx), version: c.versions().of(ctx)}
}

// at returns the request as an endpoint is sent it. That can be one of another configuration
// than the request was made for, whose URL has another scheme or path.
func (r based) at(ctx context.Context, to *endpoint.Endpoint) (*http.Request, error) {
	req, base := r.WithContext(ctx), peerOf(to).base
	if base != r.base {
		path, found := strings.CutPrefix(req.URL.String(), r.base)
		if !found {
			return nil, fmt.Errorf("the URL %s is not below %s", req.URL.Redacted(), r.base)
		}
		target, err := url.Parse(base + path)
		if err != nil {
			return nil, err
		}
		req.URL, req.Host = target, target.Host
	}
	return sentTo(req, to), nil
}

// sentTo makes a request, which is a copy, one to an endpoint, and returns it.
func sentTo(req *http.Request, to *endpoint.Endpoint) *http.Request {
	if req.URL.Host != to.Authority {
		target := *req.URL
		target.Host = to.Authority
		req.URL, req.Host = &target, to.Authority
	}
	return req
}

// isSame reports whether two URLs of a service differ in nothing but the endpoint.
func isSame(a, b *url.URL) bool {
	return a == b || a.Path == b.Path && a.RawPath == b.RawPath && a.RawQuery == b.RawQuery
}
