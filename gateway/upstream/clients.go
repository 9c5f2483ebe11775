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
	// HTTP returns the client of an HTTP service; an error lists those that there are.
	HTTP(name string) (HTTP, error)
	// GRPC returns the client of a gRPC service; an error lists those that there are.
	GRPC(name string) (GRPC, error)
}

// Service is what clients of all protocols have. They are safe for concurrent use.
type Service interface {
	// Store keeps what services answered.
	Store() *cache.Store
	// Batches returns what is called with the number of keys of each batch of a loader; nil for
	// nobody. See [Config.ObserveBatches].
	Batches(loader string) func(keys int)
	// MaxBatch is how many keys one call may have.
	MaxBatch() int
	// Need fails when portico.yaml lacks one of these values for bindings.
	Need(names ...string) error
	// Value is a value that portico.yaml has for bindings; empty when it has none.
	Value(name string) string
	// Source returns what errors say of the answers of a binding, whose position is
	// file:line:column.
	Source(binding string) decode.Source
}

// HTTP calls one HTTP service. It is safe for concurrent use.
type HTTP interface {
	Service

	// GetJSON sends a request and returns a reader of the JSON of its answer. The
	// error of an answer without content is one of [IsEmpty].
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
	// Done calls the service and wants only to know that it succeeded, not what it
	// answered.
	Done(ctx context.Context, r Request) error
	// Expect returns the expectation of a binding, whose position is
	// file:line:column. paths are the paths of names that its answers in JSON
	// should have, through lists.
	Expect(binding string, paths ...string) *Expectation
}

// GRPC calls one gRPC service. It is safe for concurrent use.
type GRPC interface {
	Service

	// Call calls a method, such as /package.Service/Method, with messages. The service's timeout bounds it, and it carries
	// the identity of the caller that the service is configured to receive. header gets the header of the answer, with names in lower case; it
	// may be nil.
	Call(ctx context.Context, method string, request, answer any, header *map[string][]string) error
	// Expect is like that of [HTTP] without paths, since the fields of messages are
	// known.
	Expect(binding string) *Expectation
}

// Conn returns a client as what generated clients call: their calls get the service's timeout, their streams do not, and
// both carry the identity of the caller that the service is configured to receive, and their errors are problems.
func Conn(c GRPC) grpc.ClientConnInterface { return c.(*grpcClient) } //nolint:forcetypeassert // there is no other
