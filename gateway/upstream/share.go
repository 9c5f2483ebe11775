package upstream

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"slices"
	"strconv"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"

	"github.com/portico-gateway/portico/gateway/cache"
	"github.com/portico-gateway/portico/gateway/decode"
	"github.com/portico-gateway/portico/gateway/problem"
)

// FollowShared is like [Follow] for a stream that subscribers share, if the request and
// the forwarded data of the caller are the same. Each subscriber has its own copy of the
// messages.
func FollowShared[Req, Res any](ctx context.Context, of GRPC, sharing Sharing, method string, request *Req) (iter.Seq2[*Res, error], error) {
	c := of.(*grpcClient) //nolint:forcetypeassert // there is no other
	key, err := c.streamKey(ctx, sharing, method, any(request), any((*Res)(nil)))
	if err != nil {
		return nil, err
	}
	md, _ := metadata.FromOutgoingContext(ctx)
	caller := callerOf(ctx)
	f := following[Req, Res]{client: c, method: method, request: request, within: c.config().firstMessage(sharing)}
	messages, err := c.hubs.subscribe(ctx, sharedStream{key, sharing, method}, func(ctx context.Context) (source, error) {
		return f.open(WithCaller(metadata.NewOutgoingContext(ctx, md), caller))
	})
	if err != nil {
		return nil, err
	}
	return func(yield func(*Res, error) bool) {
		for message, err := range messages {
			var of *Res
			if err == nil {
				of, err = message.(*received[Res]).of(c.config().Name) //nolint:forcetypeassert // see following.open
			}
			if err == nil {
				of, _ = any(proto.Clone(any(of).(proto.Message))).(*Res) //nolint:forcetypeassert // it is a message
			}
			if !yield(of, err) {
				return
			}
		}
	}, nil
}

// lostIfUnavailable returns err as a *lostError if the service was not available,
// which is the code of a connection that was lost, too, or not called because of that,
// or silent.
func lostIfUnavailable(err error) error {
	_, open := errors.AsType[openError](err)
	_, silent := errors.AsType[firstMessageError](err)
	if open || silent || IsCode(err, codes.Unavailable) {
		return &lostError{err}
	}
	return err
}

// streamKey returns the key of a stream: all that the service is sent, except what
// is for logs and traces, and how the stream is shared.
func (c *grpcClient) streamKey(ctx context.Context, sharing Sharing, method string, request, message any) (cache.Key, error) {
	out, err := c.outgoing(ctx)
	if err != nil {
		return cache.Key{}, err
	}
	of, ok := request.(proto.Message)
	if !ok {
		return cache.Key{}, impossible(c.config().Name, fmt.Errorf("%T is not a message", request))
	}
	bytes, err := proto.MarshalOptions{Deterministic: true}.Marshal(of)
	if err != nil {
		return cache.Key{}, impossible(c.config().Name, err)
	}
	text := append(make([]byte, 0, 1<<10), "STREAM"...)
	for _, part := range []string{c.versions().of(ctx).name, strconv.Itoa(int(sharing)), method, fmt.Sprintf("%T %T", request, message), string(bytes)} {
		text = cache.AppendPart(text, part)
	}
	md, _ := metadata.FromOutgoingContext(out)
	return sha256.Sum256(appendHeader(text, md)), nil
}

// appendHeader appends a header to the text of a key, without what is for logs and
// traces.
func appendHeader(text []byte, header map[string][]string) []byte {
	names := make([]string, 0, len(header))
	for name := range header {
		if !isForLogs(http.CanonicalHeaderKey(name)) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		text = cache.AppendPart(text, name)
		text = binary.BigEndian.AppendUint64(text, uint64(len(header[name])))
		for _, value := range header[name] {
			text = cache.AppendPart(text, value)
		}
	}
	return text
}

// shared is [HTTP.StreamJSON] of a stream that subscribers share, if the service
// is sent the same for them.
func (c *httpClient) shared(ctx context.Context, r Request) (iter.Seq2[*decode.JSON, error], error) {
	key, err := c.streamKey(ctx, r)
	if err != nil {
		return nil, err
	}
	caller, lastID, again := callerOf(ctx), "", false
	messages, err := c.hubs.subscribe(ctx, sharedStream{key, r.Sharing, r.route()}, func(ctx context.Context) (source, error) {
		from, err := c.openShared(WithCaller(ctx, caller), r, &lastID, again)
		again = again || err == nil
		return from, err
	})
	if err != nil {
		return nil, err
	}
	return func(yield func(*decode.JSON, error) bool) {
		for message, err := range messages {
			var answer *decode.JSON
			if text, ok := message.(string); ok {
				answer = decode.NewJSON(text, c.Source(r.Binding))
			}
			if !yield(answer, err) {
				return
			}
		}
	}, nil
}

// openShared opens a stream, after the event that had the last id, if that is not
// empty. again reports whether it was open before.
func (c *httpClient) openShared(ctx context.Context, r Request, lastID *string, again bool) (source, error) {
	if *lastID != "" && validHeader(*lastID) {
		r.Header = r.Header.Clone()
		if r.Header == nil {
			r.Header = http.Header{}
		}
		r.Header.Set("Last-Event-ID", *lastID)
	}
	s, err := c.openStream(ctx, r, again)
	if err != nil {
		return source{}, err
	}
	next := func() (any, error) {
		text, err := s.next()
		if err != nil {
			return nil, err
		}
		*lastID = s.from.lastID()
		r.Expect.answered(text)
		return text, nil
	}
	return source{next, s.close}, nil
}

// lostIfGone returns err, which is that of a stream's start, as a *lostError if
// there was no connection, or the service was not available.
func lostIfGone(err error) error {
	if e, ok := errors.AsType[*StatusError](err); ok {
		switch e.Status {
		case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
			return &lostError{err}
		}
		return err
	}
	switch problem.CodeOf(err) {
	case problem.ServiceError, problem.ServiceTimeout:
		return &lostError{err}
	}
	return err
}

// streamKey returns the key of a stream: all that the service is sent, except what
// is for logs and traces, which events are read, and how the stream is shared.
func (c *httpClient) streamKey(ctx context.Context, r Request) (cache.Key, error) {
	r.Accepts = c.events
	req, err := c.request(ctx, r)
	if err != nil {
		return cache.Key{}, err
	}
	body := []byte{}
	if req.Body != nil {
		if body, err = io.ReadAll(req.Body); err != nil {
			return cache.Key{}, impossible(c.config().Name, err)
		}
	}
	text := append(make([]byte, 0, 1<<10), "STREAM"...)
	count := strconv.Itoa(len(r.Events))
	parts := []string{c.versions().of(ctx).name, strconv.Itoa(int(r.Sharing)), req.Method, req.URL.String(), string(body), count}
	for _, part := range append(parts, r.Events...) {
		text = cache.AppendPart(text, part)
	}
	return sha256.Sum256(appendHeader(text, req.Header)), nil
}
