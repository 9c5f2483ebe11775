package upstream_test

import (
	"context"
	"errors"
	"iter"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/portico-gateway/portico/clients/inventory/inventorypb"
	"github.com/portico-gateway/portico/gateway/problem"
	"github.com/portico-gateway/portico/gateway/upstream"
)

type stocks = iter.Seq2[*inventorypb.WatchStockResponse, error]

// feed runs a service that sends n messages and then does what end says, and
// watches it. The channel is closed when the stream has ended for the service.
func feed(t *testing.T, ctx context.Context, c upstream.Config, n int, end func(context.Context) error) (seq stocks, ended <-chan struct{}, err error) { //nolint:revive // t first, as everywhere in tests
	t.Helper()
	done := make(chan struct{})
	services := serveInventory(t, c, nil, inventory{watch: func(stream grpc.ServerStreamingServer[inventorypb.WatchStockResponse]) error {
		defer close(done)
		for range n {
			if err := stream.Send(&inventorypb.WatchStockResponse{}); err != nil {
				return err
			}
		}
		return end(stream.Context())
	}})
	conn, err := services.GRPC("inventory")
	if err != nil {
		t.Fatal(err)
	}
	seq, err = upstream.Watch(ctx, func(ctx context.Context) (grpc.ServerStreamingClient[inventorypb.WatchStockResponse], error) {
		return inventorypb.NewInventoryServiceClient(upstream.Conn(conn)).WatchStock(ctx, &inventorypb.WatchStockRequest{})
	})
	return seq, done, err
}

func fails(code codes.Code) func(context.Context) error {
	return func(context.Context) error { return status.Error(code, secret) }
}

func untilLeft(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

// A stream that breaks does not end in silence.
func TestWatch(t *testing.T) {
	for name, c := range map[string]struct {
		messages int
		end      func(context.Context) error
		code     problem.Code
	}{
		"ends at once": {0, fails(codes.OK), ""},
		"ends":         {3, fails(codes.OK), ""},
		"breaks":       {3, fails(codes.Unavailable), problem.ServiceError},
		"forbids":      {1, fails(codes.PermissionDenied), problem.Forbidden},
		"is cancelled": {1, fails(codes.Canceled), problem.ServiceError}, // by the service: the subscriber is still here
		"takes long":   {1, fails(codes.DeadlineExceeded), problem.ServiceTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			seq, ended, err := feed(t, t.Context(), upstream.Config{}, c.messages, c.end)
			if err != nil {
				t.Fatal(err)
			}
			messages := 0
			for message, e := range seq {
				if err != nil {
					t.Fatalf("%v, %v after an error", message, e)
				}
				if err = e; err == nil {
					messages++
				}
			}
			if messages != c.messages || (err == nil) != (c.code == "") || err != nil && problem.CodeOf(err) != c.code {
				t.Errorf("%d messages, then %v", messages, err)
			}
			<-ended
		})
	}
}

// What a service refuses is the error of the call.
func TestWatchThatIsRefused(t *testing.T) {
	_, ended, err := feed(t, t.Context(), upstream.Config{}, 0, fails(codes.NotFound))
	if !upstream.IsNotFound(err) || problem.CodeOf(err) != problem.ServiceError {
		t.Errorf("got %v", err)
	}
	<-ended
	for code, want := range map[codes.Code]problem.Code{codes.Canceled: problem.ServiceError, codes.DeadlineExceeded: problem.ServiceTimeout} {
		if _, _, err := feed(t, t.Context(), upstream.Config{}, 0, fails(code)); problem.CodeOf(err) != want {
			t.Errorf("%s: got %v", code, err)
		}
	}
	ctx := upstream.WithCaller(t.Context(), upstream.Caller{Authorization: "\n"})
	if _, _, err := feed(t, ctx, upstream.Config{ForwardAuthorization: true}, 0, fails(codes.OK)); problem.CodeOf(err) != problem.Unauthenticated {
		t.Errorf("got %v", err)
	}
}

// A loop that is left closes the stream.
func TestWatchThatIsLeft(t *testing.T) {
	seq, ended, err := feed(t, t.Context(), upstream.Config{}, 2, untilLeft)
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range seq {
		if err != nil {
			t.Error(err)
		}
		break
	}
	<-ended
}

// A stream ends with its context. The timeout, within which it is opened, is not that of
// the stream.
func TestWatchEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	seq, ended, err := feed(t, ctx, upstream.Config{Timeout: time.Second}, 1, untilLeft)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range seq {
		err = e
		cancel()
	}
	if _, isProblem := errors.AsType[*problem.Error](err); isProblem || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	<-ended
}
