package transport

import (
	"context"
	"net/http"
)

type responseHeaderKey struct{}

func withResponseHeader(ctx context.Context, header http.Header) context.Context {
	return context.WithValue(ctx, responseHeaderKey{}, header)
}

// ResponseHeader is the header of the answer that an operation is executed for,
// so that an executor can add to it before it executes. It is nil where
// operations share an answer: of a WebSocket and of a batch.
func ResponseHeader(ctx context.Context) http.Header {
	header, _ := ctx.Value(responseHeaderKey{}).(http.Header)
	return header
}
