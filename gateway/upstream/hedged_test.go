package upstream_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/portico-gateway/portico/clients/inventory/inventorypb"
	"github.com/portico-gateway/portico/gateway/upstream"
)

// hanging is a service that answers a number of calls at once. Of those that follow,
// each second one answers, and the others hang until they are cancelled.
type hanging struct {
	quick     int64
	calls     atomic.Int64
	cancelled chan struct{}
}

// call returns the number of a call that is answered. An error says that it was
// cancelled.
func (h *hanging) call(ctx context.Context) (int64, error) {
	n := h.calls.Add(1)
	if n > h.quick && (n-h.quick)%2 == 1 {
		<-ctx.Done()
		h.cancelled <- struct{}{}
		return n, status.Error(codes.Canceled, "cancelled")
	}
	return n, nil
}

const learns = 100 // calls, after which a route is known and there is a budget

// A GET that hangs is made again. The answer is that of the second attempt, and the
// first one is cancelled.
func TestHedgedGet(t *testing.T) {
	h := &hanging{quick: learns, cancelled: make(chan struct{}, 100)}
	var expected atomic.Int64 // attempts that say how long they wait
	client := open(t, upstream.Config{Hedging: 0.95, Timeout: time.Minute, URL: serve(t, func(w http.ResponseWriter, r *http.Request) {
		if left, _ := strconv.Atoi(r.Header.Get("X-Envoy-Expected-Rq-Timeout-Ms")); left > 0 && left <= 60_000 {
			expected.Add(1)
		}
		n, err := h.call(r.Context())
		if err != nil {
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Number", strconv.FormatInt(n, 10))
		fmt.Fprint(w, n)
	})})
	const hedged = 5
	for range learns + hedged {
		var header http.Header
		n, err := upstream.GetJSON[int64](t.Context(), client, upstream.Request{Path: []string{"n"}, ResponseHeader: &header})
		if err != nil {
			t.Fatal(err)
		}
		if header.Get("X-Number") != strconv.FormatInt(n, 10) {
			t.Errorf("the body is of call %d, the header of %s", n, header.Get("X-Number"))
		}
	}
	for range hedged {
		<-h.cancelled
	}
	if n := h.calls.Load(); n != learns+2*hedged || expected.Load() != n {
		t.Errorf("%d calls for %d, %d say how long they wait", n, learns+hedged, expected.Load())
	}
}

// A call of gRPC that hangs is made again. Message and header are those of the second
// attempt.
func TestHedgedMessages(t *testing.T) {
	h := &hanging{quick: learns, cancelled: make(chan struct{}, 100)}
	services := serveGRPC(t, upstream.Config{Hedging: 0.95, Timeout: time.Minute}, nil, func(ctx context.Context) error {
		n, err := h.call(ctx)
		return errors.Join(err, grpc.SetHeader(ctx, metadata.Pairs("number", strconv.FormatInt(n, 10))))
	})
	conn, err := services.GRPC("inventory")
	if err != nil {
		t.Fatal(err)
	}
	client := inventorypb.NewInventoryServiceClient(upstream.Conn(conn))
	const hedged = 5
	for range learns + hedged {
		var header map[string][]string
		if _, err := client.GetStock(t.Context(), &inventorypb.GetStockRequest{}, grpc.Header((*metadata.MD)(&header))); err != nil {
			t.Fatal(err)
		}
		n, err := strconv.ParseInt(strings.Join(header["number"], " "), 10, 64)
		if err != nil || n > learns && (n-learns)%2 == 1 {
			t.Errorf("the header is %v", header)
		}
	}
	for range hedged {
		<-h.cancelled
	}
	if n := h.calls.Load(); n != learns+2*hedged {
		t.Errorf("%d calls for %d", n, learns+hedged)
	}
}
