package transport

import (
	"context"
	"log/slog"
	"time"
)

// Config sets limits and what a connection begins with. A zero value stands
// for the default that is named at the field; there is no "unlimited".
type Config struct {
	// MaxBodyBytes bounds the body of a POST and a message of a WebSocket;
	// 1 MiB.
	MaxBodyBytes int64
	// MaxBatch is how many operations a POST may have; 1, for no batches.
	MaxBatch int
	// MaxInputItems is how many items of lists and members of objects an
	// operation may have in its variables, its extensions and what else its
	// request has besides the query; 1000. They are counted while a request is
	// read. A few more, for the members of the request itself, do not count.
	MaxInputItems int
	// MaxInputDepth is how many lists and objects may be within each other, in
	// variables or extensions; 10.
	MaxInputDepth int
	// Budget bounds the memory of all requests that are being read and decoded
	// at one time; nil for one of 64 MiB, of this handler only. What is beyond it
	// is refused with 503, a WebSocket with 1013.
	Budget *Budget
	// Shed reports whether a query is refused with 503 and SERVICE_OVERLOADED before it
	// is decoded, since the gateway has too much to do; nil for never. It is not called for answers that
	// the source recalls, mutations, documents whose text the request does not have, batches, and
	// requests of more than 4 KiB.
	Shed func() bool
	// MaxOperations is how many operations one WebSocket may have under way;
	// 100.
	MaxOperations int
	// MaxSockets is how many WebSockets a caller may have open; 100.
	MaxSockets int
	// MaxCallerOperations is how many operations a caller may have under way on
	// all its WebSockets; 1000.
	MaxCallerOperations int
	// MaxSubscriptions is how many subscriptions may be under way, over event streams and
	// WebSockets; 10,000. One too many is refused with 503 and SERVICE_OVERLOADED.
	MaxSubscriptions int
	// MaxCallerSubscriptions is how many of them may be of one caller; 1000. One too many is
	// refused with 429 and THROTTLED.
	MaxCallerSubscriptions int
	// MaxQueuedBytes is how many bytes of messages may wait until a caller reads,
	// on all its WebSockets; 16 MiB. A single message may be larger. A WebSocket
	// that has one too many is closed with 1008.
	MaxQueuedBytes int64
	// Caller names whom a context is of, for these limits: that of a request or handshake,
	// and after connection_init that of Init. Nil makes each WebSocket and event stream a
	// caller.
	Caller func(ctx context.Context) string
	// InitTimeout is how long a WebSocket may take until connection_ack,
	// including Init; 10 s.
	InitTimeout time.Duration
	// KeepAlive is the interval of SSE comments and of WebSocket pings; 12 s. A
	// WebSocket whose client sends nothing between two pings is cut.
	KeepAlive time.Duration
	// Origins may open WebSockets from browsers, besides the origin that the
	// gateway is served from: "https://shop.example", "https://*.shop.example"
	// (* matches no slash), or "*" for all. Requests without the header Origin
	// don't come from browsers and are always accepted.
	Origins []string
	// Init is called with the payload of connection_init, nil if it has none.
	// The context that it returns must be derived from the given one and is
	// that of all operations of the connection. An error, which the client
	// does not see, refuses the connection with 4403, or with 4401 if it is a
	// problem with the code UNAUTHENTICATED. Nil accepts everyone.
	Init func(ctx context.Context, payload map[string]any) (context.Context, error)
	// Renew returns the context of an operation of a WebSocket, given that of Init: what
	// follows from a configuration may be another since then. It must be derived from the
	// given one. Nil returns that.
	Renew func(ctx context.Context) context.Context
	// Until returns when the caller of a context is no longer valid, as when a
	// token expires; the zero time means never. Streams end then: an event stream
	// with a problem, a WebSocket with 4401. Nil means never.
	Until func(ctx context.Context) time.Time
	// Accepts reports whether the caller of a context is still one, whom for example a
	// [Handler.Change] has taken the rights from. Streams whose caller is not end as with
	// Until, when they are asked: before each event and each KeepAlive. Nil is always.
	Accepts func(ctx context.Context) bool
	// Log gets panics and connections that Init refused; nil for none.
	Log *slog.Logger
}

func (c Config) withDefaults() Config {
	setDefault(&c.MaxBodyBytes, 1<<20)
	setDefault(&c.MaxBatch, 1)
	setDefault(&c.MaxInputItems, 1000)
	setDefault(&c.MaxInputDepth, 10)
	setDefault(&c.MaxOperations, 100)
	setDefault(&c.MaxSockets, 100)
	setDefault(&c.MaxCallerOperations, 1000)
	setDefault(&c.MaxSubscriptions, 10_000)
	setDefault(&c.MaxCallerSubscriptions, 1000)
	setDefault(&c.MaxQueuedBytes, 16<<20)
	setDefault(&c.InitTimeout, 10*time.Second)
	setDefault(&c.KeepAlive, 12*time.Second)
	if c.Budget == nil {
		c.Budget = NewBudget(64 << 20)
	}
	if c.Init == nil {
		c.Init = func(ctx context.Context, _ map[string]any) (context.Context, error) { return ctx, nil }
	}
	if c.Renew == nil {
		c.Renew = func(ctx context.Context) context.Context { return ctx }
	}
	if c.Until == nil {
		c.Until = func(context.Context) time.Time { return time.Time{} }
	}
	if c.Accepts == nil {
		c.Accepts = func(context.Context) bool { return true }
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

func setDefault[T int | int64 | time.Duration](value *T, otherwise T) {
	if *value == 0 {
		*value = otherwise
	}
}
