package upstream_test

import (
	"context"
	"errors"
	"iter"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/portico-gateway/portico/clients/inventory/inventorypb"
	"github.com/portico-gateway/portico/gateway/problem"
	"github.com/portico-gateway/portico/gateway/upstream"
)

// watched is a stream of the inventory that a test controls.
type watched struct {
	metadata metadata.MD
	send     chan string // ids of products
	end      chan error
	closed   chan struct{}
}

// inventoryOf is an inventory whose streams are sent on a channel.
func inventoryOf(asked *atomic.Int64, streams chan<- *watched) inventory {
	return inventory{watch: func(stream grpc.ServerStreamingServer[inventorypb.WatchStockResponse]) error {
		asked.Add(1)
		md, _ := metadata.FromIncomingContext(stream.Context())
		w := &watched{md, make(chan string), make(chan error), make(chan struct{})}
		streams <- w
		for {
			select {
			case id := <-w.send:
				if err := stream.Send(&inventorypb.WatchStockResponse{Stock: &inventorypb.Stock{ProductId: id}}); err != nil {
					return err
				}
			case err := <-w.end:
				return err
			case <-stream.Context().Done():
				close(w.closed)
				return stream.Context().Err()
			}
		}
	}}
}

type inventories struct {
	asked   atomic.Int64
	streams chan *watched
	client  upstream.GRPC
}

func watchInventory(t *testing.T, c upstream.Config) *inventories {
	t.Helper()
	i := &inventories{streams: make(chan *watched, 100)}
	client, err := serveInventory(t, c, nil, inventoryOf(&i.asked, i.streams)).GRPC("inventory")
	if err != nil {
		t.Fatal(err)
	}
	i.client = client
	return i
}

// follow watches a product.
func (i *inventories) follow(ctx context.Context, id string) (iter.Seq2[string, error], error) {
	messages, err := upstream.FollowShared[inventorypb.WatchStockRequest, inventorypb.WatchStockResponse](ctx, i.client, upstream.ShareState,
		inventorypb.InventoryService_WatchStock_FullMethodName, &inventorypb.WatchStockRequest{ProductId: id})
	if err != nil {
		return nil, err
	}
	return upstream.Events(messages, func(m *inventorypb.WatchStockResponse) (string, error) {
		id := m.GetStock().GetProductId()
		m.GetStock().ProductId = "changed" // of this subscriber's copy
		return id, nil
	}), nil
}

// begin watches a product; first is the first event of its stream, which is sent
// unless it is empty.
func (i *inventories) begin(t *testing.T, ctx context.Context, id, first string) (*listener, *watched) { //nolint:revive // t first, as everywhere in tests
	t.Helper()
	sent := make(chan *watched, 1)
	go func() {
		if first == "" {
			sent <- nil
			return
		}
		w := <-i.streams
		w.send <- first
		sent <- w
	}()
	ids, err := i.follow(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	return listenTo(t, ids), <-sent
}

// Messages are shared, and a stream that breaks is resumed.
func TestSharedMessages(t *testing.T) {
	i := watchInventory(t, upstream.Config{})
	first, w := i.begin(t, t.Context(), "p", "a")
	all := []*listener{first}
	for range 20 {
		l, _ := i.begin(t, t.Context(), "p", "") // begins with the latest event
		all = append(all, l)
	}
	for _, l := range all {
		l.wants("a")
	}
	w.send <- "b"
	w.end <- status.Error(codes.Unavailable, secret)
	w = <-i.streams
	w.send <- "c"
	for _, l := range all {
		l.wants("b", "c")
	}
	if n := i.asked.Load(); n != 2 {
		t.Errorf("%d streams", n)
	}
	w.end <- nil
	for _, l := range all {
		l.wantsEnd("")
	}
	last, w := i.begin(t, t.Context(), "p", "d")
	last.wants("d")
	last.leave()
	<-w.closed
}

// The request and the caller, as they are sent to the service, distinguish streams.
func TestMessagesThatAreNotShared(t *testing.T) {
	i := watchInventory(t, upstream.Config{ForwardAuthorization: true, SubjectHeader: "X-Subject"})
	for _, c := range []struct {
		caller upstream.Caller
		md     []string
		id     string
	}{
		{upstream.Caller{Authorization: "a", Subject: "s"}, nil, "p"},
		{upstream.Caller{Authorization: "b", Subject: "s"}, nil, "p"},
		{upstream.Caller{Authorization: "a", Subject: "t"}, nil, "p"},
		{upstream.Caller{Authorization: "a", Subject: "s"}, nil, "q"},
		{upstream.Caller{Authorization: "a", Subject: "s"}, []string{"x-own", "1"}, "q"},
	} {
		ctx := metadata.AppendToOutgoingContext(upstream.WithCaller(t.Context(), c.caller), c.md...)
		l, w := i.begin(t, ctx, c.id, "x")
		l.wants("x")
		if w.metadata.Get("authorization")[0] != c.caller.Authorization || w.metadata.Get("x-subject")[0] != c.caller.Subject ||
			len(w.metadata.Get("x-own")) != len(c.md)/2 {
			t.Errorf("the service was told %v", w.metadata)
		}
	}
	caller := upstream.Caller{Authorization: "a", Subject: "s", RequestID: "1", Headers: map[string][]string{"Traceparent": {"1"}}}
	i.begin(t, upstream.WithCaller(t.Context(), caller), "p", "")
	if n := i.asked.Load(); n != 5 {
		t.Errorf("%d streams", n)
	}
	ctx := upstream.WithCaller(t.Context(), upstream.Caller{Authorization: "\n"})
	if _, err := i.follow(ctx, "p"); problem.CodeOf(err) != problem.Unauthenticated {
		t.Errorf("got %v", err)
	}
}

// A refusal is passed on at once, also when a stream is resumed.
func TestSharedMessagesThatAreRefused(t *testing.T) {
	for code, want := range map[codes.Code]problem.Code{
		codes.PermissionDenied: problem.Forbidden, codes.NotFound: problem.ServiceError,
		codes.Canceled: problem.ServiceError, codes.DeadlineExceeded: problem.ServiceTimeout,
	} {
		i := watchInventory(t, upstream.Config{Resume: time.Hour})
		go func() { (<-i.streams).end <- status.Error(code, secret) }()
		if _, err := i.follow(t.Context(), "p"); problem.CodeOf(err) != want || !upstream.IsCode(err, code) {
			t.Errorf("%s: %v", code, err)
		}
		l, w := i.begin(t, t.Context(), "p", "a")
		l.wants("a")
		w.end <- status.Error(codes.Unavailable, secret)
		(<-i.streams).end <- status.Error(code, secret)
		l.wantsEnd(want)
	}
	// One that does not begin is tried again as often as a call is.
	i := watchInventory(t, upstream.Config{Resume: time.Hour})
	go func() {
		for range 2 {
			(<-i.streams).end <- status.Error(codes.Unavailable, secret)
		}
	}()
	if _, err := i.follow(t.Context(), "p"); !upstream.IsCode(err, codes.Unavailable) {
		t.Errorf("got %v", err)
	}
	// One that ends at once has no messages.
	go func() { (<-i.streams).end <- nil }()
	ids, err := i.follow(t.Context(), "p")
	if err != nil {
		t.Fatal(err)
	}
	listenTo(t, ids).wantsEnd("")
}

// A subscriber who leaves before the first message ends the stream.
func TestSharedMessagesBeforeTheFirst(t *testing.T) {
	i := watchInventory(t, upstream.Config{})
	ctx, cancel := context.WithCancel(t.Context())
	closed := make(chan (<-chan struct{}), 1)
	go func() {
		w := <-i.streams
		closed <- w.closed
		cancel()
	}()
	if _, err := i.follow(ctx, "p"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	<-<-closed
}
