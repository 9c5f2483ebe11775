package upstream

import (
	"context"
	"errors"
	"net/http"

	"github.com/portico-gateway/portico/gateway/problem"
)

type authorizationKey struct{}

// WithAuthorization returns a context with the caller's Authorization, which
// goes to the services that are to be sent it: as the header of an HTTP request
// or the metadata of a gRPC call. Empty stands for none.
func WithAuthorization(ctx context.Context, authorization string) context.Context {
	return context.WithValue(ctx, authorizationKey{}, authorization)
}

type headersKey struct{}

// WithHeaders returns a context with the headers of the caller's request, for
// bindings that send some of them on. They must not change any more.
func WithHeaders(ctx context.Context, headers http.Header) context.Context {
	return context.WithValue(ctx, headersKey{}, headers)
}

// Header is the first value of a header of the caller's request; empty when
// there is none.
func Header(ctx context.Context, name string) string {
	headers, _ := ctx.Value(headersKey{}).(http.Header)
	return headers.Get(name)
}

// errAuthorization tells of credentials that no header can have. They come from
// the payload of a WebSocket, where they may be any text.
var errAuthorization = errors.New("the Authorization has characters other than printable ASCII")

// authorization is what to send to the service, or empty. Its error is a
// problem.
func (c Config) authorization(ctx context.Context) (string, error) {
	if !c.ForwardAuthorization {
		return "", nil
	}
	value, _ := ctx.Value(authorizationKey{}).(string)
	for i := range len(value) {
		if value[i] < ' ' || value[i] > '~' {
			return "", problem.Wrap(errAuthorization, problem.Unauthenticated, "The Authorization that was sent is malformed.")
		}
	}
	return value, nil
}
