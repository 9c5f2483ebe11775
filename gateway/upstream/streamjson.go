package upstream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"mime"
	"net/http"
	"time"

	"github.com/portico-gateway/portico/gateway/decode"
	"github.com/portico-gateway/portico/gateway/endpoint"
)

// StreamJSON is part of [HTTP].
func (c *httpClient) StreamJSON(ctx context.Context, r Request) (iter.Seq2[*decode.JSON, error], error) {
	if r.Sharing != ShareNothing {
		return c.shared(ctx, r)
	}
	stream, err := c.openStream(ctx, r, false)
	if err != nil {
		return nil, withoutLost(err)
	}
	return func(yield func(*decode.JSON, error) bool) {
		defer stream.close()
		for {
			text, err := stream.next()
			if errors.Is(err, io.EOF) && !isLost(err) {
				return
			}
			if err != nil {
				yield(nil, withoutLost(err))
				return
			}
			r.Expect.answered(text)
			if !yield(decode.NewJSON(text, c.Source(r.Binding)), nil) {
				return
			}
		}
	}, nil
}

// jsonStream is an open stream.
type jsonStream struct {
	from  events
	next  func() (string, error) // the error at the end is io.EOF
	close func()
}

// openStream opens a stream, which ends with ctx, through the policies of streams.
// again reports whether it was open before: then its hub tries again. Errors after
// which the stream can be resumed are a *lostError.
func (c *httpClient) openStream(ctx context.Context, r Request, again bool) (*jsonStream, error) {
	var s *jsonStream
	var unusable error // the service works, but does not stream
	what := &call{route: r.route(), idempotent: !again, version: c.versions().of(ctx)}
	what.attempt = func(ctx context.Context, to *endpoint.Endpoint) (err error) {
		what.lasts = &ending{}
		s, unusable, err = c.connect(ctx, to, r, what.lasts)
		return err
	}
	if err := what.open(ctx); err != nil {
		return nil, lostIfGone(err)
	}
	return s, unusable
}

// connect opens a stream to an endpoint, once. end is to know when it ends.
func (c *httpClient) connect(ctx context.Context, to *endpoint.Endpoint, r Request, end *ending) (s *jsonStream, unusable, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	began := time.Now()
	late := time.AfterFunc(c.config().Timeout, func() { cancel(context.DeadlineExceeded) })
	resp, err := c.stream(ctx, to, r) //nolint:bodyclose // close closes it
	if !late.Stop() && err == nil {
		_ = resp.Body.Close()
		err = failed(ctx, c.config().Name, context.DeadlineExceeded)
	}
	if err != nil {
		cancel(nil)
		return nil, nil, err
	}
	from, err := c.eventsIn(resp, r)
	if err != nil {
		cancel(nil)
		_ = resp.Body.Close()
		end.now()
		return nil, err, nil
	}
	within := c.config().firstMessage(r.Sharing)
	if within > 0 { // until the first event is read
		late = time.AfterFunc(within-time.Since(began), func() { cancel(firstMessageError{within}) })
	}
	return &jsonStream{
		from: from,
		next: func() (string, error) {
			text, err := from.next()
			late.Stop()
			if err != nil && !errors.Is(err, io.EOF) {
				err = c.broken(ctx, err)
			}
			return text, err
		},
		close: func() {
			late.Stop()
			cancel(nil) // before Close, which could wait for the service
			_ = resp.Body.Close()
			end.now()
		},
	}, nil, nil
}

// stream sends a request to an endpoint and returns the start of a good answer. What is
// not a good one is an error.
func (c *httpClient) stream(ctx context.Context, to *endpoint.Endpoint, r Request) (*http.Response, error) {
	r.Accepts = c.events
	req, err := c.requestAt(ctx, r, peerOf(to).base)
	if err != nil {
		return nil, err
	}
	resp, err := peerOf(to).streams.RoundTrip(sentTo(req, to))
	if err != nil {
		return nil, unsent(failed(ctx, c.config().Name, err), err)
	}
	if err := c.statusError(resp); err != nil {
		_ = resp.Body.Close()
		return nil, err
	}
	return resp, nil
}

// eventsIn returns the reader of an answer, which depends on its media type.
func (c *httpClient) eventsIn(resp *http.Response, r Request) (events, error) {
	name, header := c.config().Name, resp.Header
	if coding := header.Get("Content-Encoding"); coding != "" && coding != "identity" {
		return nil, nonsense(name, fmt.Errorf("service %s: the stream has the content coding %q, which was not asked for", name, coding))
	}
	mediaType, _, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err == nil {
		if from := eventsOf(mediaType, resp.Body, c.config().MaxResponseBytes, r.Events); from != nil {
			return from, nil
		}
	}
	return nil, nonsense(name, fmt.Errorf("service %s: not a stream but %q: want %s, or %s or another type of JSON lines",
		name, header.Get("Content-Type"), serverSentType, jsonLinesType))
}

// broken returns the problem of a stream that an error ended; a *lostError, unless
// the service sent what can't be read.
func (c *httpClient) broken(ctx context.Context, err error) error {
	if errors.Is(err, errLongEvent) {
		return nonsense(c.config().Name, fmt.Errorf("service %s: %w: more than %d", c.config().Name, err, c.config().MaxResponseBytes))
	}
	return &lostError{failed(ctx, c.config().Name, fmt.Errorf("read the stream: %w", err))}
}
