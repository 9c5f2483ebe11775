package transport

import (
	"context"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/answer"
)

// Source answers the requests of a frontend. It is safe for concurrent use.
type Source interface {
	// Recall returns the answer to a request that is known by its text, before that
	// is decoded: the query of a URL, or the body, which must not be kept. It is
	// false for a request that must be prepared. Recall is not called for event
	// streams.
	Recall(ctx context.Context, method string, text []byte) (answer.Answer, bool)
	// Prepare returns the operation of a request, or, if the caller may not execute
	// it, the answer instead.
	Prepare(ctx context.Context, r *Request) (Operation, *answer.Answer)
}

// Request is a GraphQL request, in whatever way it came in.
type Request struct {
	Query         string
	OperationName string
	Variables     map[string]any // as decoded; numbers are [json.Number]
	Extensions    map[string]any
	// DocumentID names a persisted document (GraphQL over HTTP, "Persisted
	// Documents").
	DocumentID string

	// Method is that of the HTTP request, and Text what [Source.Recall] may be
	// asked for the same request. Text is empty if that is never asked: of a
	// large request, of a batch, and over WebSocket.
	Method string
	Text   string
}

// Operation is an operation that can be executed, once.
type Operation interface {
	// Kind returns whether it is a query, a mutation or a subscription.
	Kind() ast.Operation
	// Run executes it and calls send with the answer, or with those to a
	// subscription until it ends, ctx is done, or send returns false.
	Run(ctx context.Context, send func(*answer.Answer) bool)
}
