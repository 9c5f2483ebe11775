package upstream_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/portico-gateway/portico/clients/inventory/inventorypb"
	"github.com/portico-gateway/portico/gateway/problem"
	"github.com/portico-gateway/portico/gateway/upstream"
)

// opener opens a stream of a service, and returns the error of that, or the one that
// ended the stream before its first event.
type opener func(ctx context.Context) error

// openers returns the ways to open a stream of a service, and how often it was asked.
// refuses reports whether the service is not available, by the number of the stream.
// Others have an event unless they are silent.
func openers(t *testing.T, c upstream.Config, silent bool, refuses func(n int64) bool) (ways map[string]opener, asked *atomic.Int64) {
	t.Helper()
	asked = &atomic.Int64{}
	c.URL = serve(t, func(w http.ResponseWriter, r *http.Request) {
		if refuses(asked.Add(1)) {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Content-Type", sse)
		_ = http.NewResponseController(w).Flush()
		if silent {
			<-r.Context().Done()
			return
		}
		fmt.Fprint(w, "data: {\"id\": \"a\"}\n\n")
	})
	web := open(t, c)
	rpc, err := serveInventory(t, c, nil, inventory{watch: func(stream grpc.ServerStreamingServer[inventorypb.WatchStockResponse]) error {
		if refuses(asked.Add(1)) {
			return status.Error(codes.Unavailable, secret)
		}
		if silent {
			<-stream.Context().Done()
			return stream.Context().Err()
		}
		return stream.Send(&inventorypb.WatchStockResponse{})
	}}).GRPC("inventory")
	if err != nil {
		t.Fatal(err)
	}
	const method = inventorypb.InventoryService_WatchStock_FullMethodName
	over := func(sharing upstream.Sharing) opener {
		return func(ctx context.Context) error {
			_, err := rows(ctx, web, upstream.Request{Path: []string{"x"}, Sharing: sharing})
			return err
		}
	}
	return map[string]opener{
		"HTTP": over(upstream.ShareNothing), "HTTP STATE": over(upstream.ShareState), "HTTP EVENTS": over(upstream.ShareEvents),
		"gRPC": func(ctx context.Context) error {
			messages, err := upstream.Follow[inventorypb.WatchStockRequest, inventorypb.WatchStockResponse](ctx, rpc, method, &inventorypb.WatchStockRequest{})
			return firstOf(messages, err)
		},
		"gRPC STATE": func(ctx context.Context) error {
			messages, err := upstream.FollowShared[inventorypb.WatchStockRequest, inventorypb.WatchStockResponse](
				ctx, rpc, upstream.ShareState, method, &inventorypb.WatchStockRequest{})
			return firstOf(messages, err)
		},
		"gRPC EVENTS": func(ctx context.Context) error {
			messages, err := upstream.FollowShared[inventorypb.WatchStockRequest, inventorypb.WatchStockResponse](
				ctx, rpc, upstream.ShareEvents, method, &inventorypb.WatchStockRequest{})
			return firstOf(messages, err)
		},
	}, asked
}

func firstOf[M any](messages func(yield func(M, error) bool), err error) error {
	if err != nil {
		return err
	}
	for _, err := range messages {
		return err
	}
	return nil
}

// A stream is opened again if the service is not available.
func TestOpeningIsRepeated(t *testing.T) {
	ways, asked := openers(t, upstream.Config{}, false, func(n int64) bool { return n%2 == 1 })
	for name, try := range ways {
		before := asked.Load()
		if err := try(t.Context()); err != nil || asked.Load() != before+2 {
			t.Errorf("%s: %v after %d streams", name, err, asked.Load()-before)
		}
	}
}

// A service that refuses all streams is not called for a while.
func TestBreakerOfStreams(t *testing.T) {
	for _, name := range []string{"HTTP", "gRPC", "HTTP STATE", "gRPC EVENTS"} {
		ways, asked := openers(t, upstream.Config{Attempts: 1}, false, func(int64) bool { return true })
		const tries = 40
		for range tries {
			if err := ways[name](t.Context()); problem.CodeOf(err) != problem.ServiceError {
				t.Errorf("%s: %v", name, err)
			}
		}
		if n := asked.Load(); n < 20 || n > tries/2+5 {
			t.Errorf("%s: the service was called %d times", name, n)
		}
	}
}

// The first message of a stream that begins with the state has the service's timeout,
// that of others what firstMessage says.
func TestFirstMessage(t *testing.T) {
	for name, c := range map[string]struct {
		config upstream.Config
		ways   []string
	}{
		"timeout": {
			upstream.Config{Timeout: 200 * time.Millisecond, Resume: time.Millisecond}, []string{"HTTP STATE", "gRPC STATE"},
		},
		"firstMessage": {
			upstream.Config{FirstMessage: 200 * time.Millisecond, Resume: time.Millisecond}, []string{"HTTP", "HTTP EVENTS", "gRPC", "gRPC EVENTS"},
		},
	} {
		ways, _ := openers(t, c.config, true, func(int64) bool { return false })
		for _, way := range c.ways {
			err := ways[way](t.Context())
			if problem.CodeOf(err) != problem.ServiceTimeout || !strings.Contains(fmt.Sprint(err), "the stream had no message within 200ms") {
				t.Errorf("%s of %s: %v", name, way, err)
			}
		}
	}
}

// Without firstMessage, the first message of a stream of events may take longer than
// the service's timeout.
func TestFirstMessageAtAnyTime(t *testing.T) {
	i := watchInventory(t, upstream.Config{})
	upstream.HurryStreams(i.client)
	go func() { (<-i.streams).send <- "a" }()
	messages, err := upstream.FollowShared[inventorypb.WatchStockRequest, inventorypb.WatchStockResponse](t.Context(), i.client,
		upstream.ShareEvents, inventorypb.InventoryService_WatchStock_FullMethodName, &inventorypb.WatchStockRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for message, err := range messages {
		if err != nil || message.GetStock().GetProductId() != "a" {
			t.Errorf("got %v, %v", message, err)
		}
		break
	}
}

// Streams have no places among the calls that are under way, however many there are.
func TestStreamsHoldNoPlaces(t *testing.T) {
	b, url := serveBroadcasts(t)
	client := open(t, upstream.Config{URL: url, Concurrency: 1})
	for range 3 {
		listen(t, t.Context(), client, upstream.Request{Path: []string{"x"}})
		<-b.streams
	}
	b.refuses.Store(http.StatusNoContent)
	if err := client.Done(t.Context(), upstream.Request{Path: []string{"x"}}); err != nil {
		t.Error(err)
	}
}
