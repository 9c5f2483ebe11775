package upstream

import (
	"context"
	"iter"

	"google.golang.org/grpc"

	"github.com/portico-gateway/portico/gateway/cache"
	"github.com/portico-gateway/portico/gateway/decode"
)

// Clients finds the clients of services. It and the clients are interfaces since every package of a project that calls
// services compiles with them: what a [Services] is made of is a thousand types, many of which are generic and would be
// compiled again there.
type Clients interface {
	// HTTP returns the client of an HTTP service. The error for an unknown name lists the
	// existing services.
	HTTP(name string) (HTTP, error)
	// GRPC returns the client of a gRPC service. The error for an unknown name lists the
	// existing services.
	GRPC(name string) (GRPC, error)
}

// Service has the methods of clients of all protocols. They are safe for concurrent use.
type Service interface {
	// Store returns the store that caches answers of services.
	Store() *cache.Store
	// Batches returns a function that is called with the number of keys of each batch of a
	// loader, or nil. See [Config.ObserveBatches].
	Batches(loader string) func(keys int)
	// MaxBatch returns the maximum number of keys of a call.
	MaxBatch() int
	// Need returns an error if portico.yaml lacks one of these values for bindings.
	Need(names ...string) error
	// Value returns a value that portico.yaml has for bindings, or "".
	Value(name string) string
	// Source returns the description, in errors, of one answer of a binding, whose
	// position is file:line:column. It is for one goroutine.
	Source(binding string) decode.Source
}

// HTTP calls one HTTP service. It is safe for concurrent use.
type HTTP interface {
	Service

	// GetJSON sends a request and returns a reader of the JSON of its answer, for one
	// goroutine. For an empty answer, [IsEmpty] reports true for the error. The function
	// [GetJSON] decodes the answer as well.
	GetJSON(ctx context.Context, r Request) (*decode.JSON, error)
	// GetXML is like GetJSON for XML.
	GetXML(ctx context.Context, r Request) (*decode.XML, error)
	// StreamJSON sends a request whose answer is a stream of JSON values: server-sent
	// events, or lines of JSON. It returns when the answer begins; what the service
	// refuses is the returned error. The service's timeout bounds the time until then,
	// not the stream; of [ShareState] also the time until the first event. Opening a
	// stream is repeated if the service is not available. A stream is resumed when it breaks, and subscribers have one in
	// common, if the request says so: see [Sharing].
	//
	// The sequence has a reader for each event, whose text may be malformed. It ends
	// when the service ends the stream; after an error, which is the stream's and
	// the last pair; or with its context. An event that has more than
	// MaxResponseBytes, the names of its fields included, is such an error.
	//
	// Range over the sequence once, in one goroutine, which is all it needs. The
	// connection is closed when the loop is left, or when ctx is done.
	StreamJSON(ctx context.Context, r Request) (iter.Seq2[*decode.JSON, error], error)
	// Done sends a request and discards the answer, if it is successful. It may be empty.
	Done(ctx context.Context, r Request) error
	// Expect returns the expectation of a binding, whose position is
	// file:line:column. paths are the paths of names that its answers in JSON
	// should have, through lists.
	Expect(binding string, paths ...string) *Expectation
}

// GRPC calls one gRPC service. It is safe for concurrent use.
type GRPC interface {
	Service

	// Call calls a method, such as /package.Service/Method, with messages. It has the service's timeout, and carries
	// the identity of the caller that the service is configured to receive. header is set to the header of the answer,
	// with names in lower case; it may be nil.
	Call(ctx context.Context, method string, request, answer any, header *map[string][]string) error
	// Expect is like that of [HTTP] without paths, since the fields of messages are
	// known.
	Expect(binding string) *Expectation
}

// Conn returns the connection of a client for generated stubs. It is safe for concurrent use, and must not be closed. Calls
// have the service's timeout, streams do not: see [Watch] and [Follow]. Both carry the identity of the caller that the service
// is configured to receive, and return problems as errors.
func Conn(c GRPC) grpc.ClientConnInterface { return c.(*grpcClient) } //nolint:forcetypeassert // there is no other
