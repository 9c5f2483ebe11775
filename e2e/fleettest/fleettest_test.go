package fleettest_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/portico-gateway/portico/e2e/fleettest"
)

// do sends a request and returns the answer.
func do(t *testing.T, method, url, body string) (resp *http.Response, text string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err = http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	read, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, strings.TrimSpace(string(read))
}

func TestHTTP(t *testing.T) {
	ledger := &fleettest.Ledger{}
	b := fleettest.StartHTTP(t, "127.0.0.1:0", fleettest.Options{Ledger: ledger, Latency: time.Millisecond})
	other := fleettest.StartHTTP(t, "127.0.0.1:0", fleettest.Options{Ledger: ledger})
	url := "http://" + b.Addr + fleettest.Base
	for _, c := range []struct{ method, path, body, want string }{
		{"GET", "/items/a", "", `{"id":"a"}`},
		{"POST", "/items", `{"id":"m1"}`, `{"id":"m1"}`},
		{"GET", "/touched/m2", "", `{"id":"m2"}`},
	} {
		if resp, got := do(t, c.method, url+c.path, c.body); resp.StatusCode != 200 || got != c.want || resp.Close {
			t.Errorf("%s %s: %d %s", c.method, c.path, resp.StatusCode, got)
		}
	}
	do(t, "POST", "http://"+other.Addr+fleettest.Base+"/items", `{"id":"m1"}`)
	do(t, "GET", "http://"+b.Addr+"/healthz", "")
	if b.Calls() != 3 || b.Checks() != 1 || other.Calls() != 1 || ledger.Len() != 2 || ledger.Times("m1") != 2 || strings.Join(ledger.Again(), " ") != "m1" {
		t.Errorf("%d calls, %d checks, %d calls of the other; %v", b.Calls(), b.Checks(), other.Calls(), ledger.Again())
	}
	b.SetFailing(true)
	b.SetClosing(true)
	if resp, _ := do(t, "GET", url+"/items/a", ""); resp.StatusCode != 500 || !resp.Close {
		t.Errorf("%d, close: %v", resp.StatusCode, resp.Close)
	}
}

// A mutation that fails was sent all the same.
func TestGRPC(t *testing.T) {
	ledger := &fleettest.Ledger{}
	b := fleettest.StartGRPC(t, "127.0.0.1:0", fleettest.Options{Ledger: ledger, MaxStreams: 1})
	conn, err := grpc.NewClient(b.Addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	call := func(ctx context.Context, method string) (string, error) {
		reply := &wrapperspb.StringValue{}
		err := conn.Invoke(ctx, "/parts.v1.Parts/"+method, wrapperspb.String("a"), reply)
		return reply.GetValue(), err
	}
	for _, method := range []string{"Get", "Add"} {
		if got, err := call(t.Context(), method); got != "a" || err != nil {
			t.Errorf("%s: %q, %v", method, got, err)
		}
	}
	b.SetFailing(true)
	if _, err := call(t.Context(), "Add"); status.Code(err) != codes.Unavailable {
		t.Error(err)
	}
	b.SetFailing(false)
	if b.Calls() != 3 || ledger.Times("a") != 2 {
		t.Errorf("%d calls, %d mutations", b.Calls(), ledger.Times("a"))
	}

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	stream, err := conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, "/parts.v1.Parts/Watch")
	if err != nil {
		t.Fatal(err)
	}
	first := &wrapperspb.StringValue{}
	if err := stream.SendMsg(wrapperspb.String("w")); err != nil {
		t.Fatal(err)
	}
	if err := stream.RecvMsg(first); err != nil || first.GetValue() != "w" {
		t.Fatalf("%q, %v", first.GetValue(), err)
	}
	// The stream is the only one that the connection may have.
	short, end := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer end()
	if _, err := call(short, "Get"); status.Code(err) != codes.DeadlineExceeded {
		t.Error(err)
	}
	cancel()
	if got, err := call(t.Context(), "Get"); got != "a" || err != nil {
		t.Errorf("after the stream: %q, %v", got, err)
	}
}

// Connections that are too old are sent GOAWAY, and no call fails of it.
func TestGoAway(t *testing.T) {
	b := fleettest.StartGRPC(t, "127.0.0.1:0", fleettest.Options{MaxAge: time.Millisecond})
	conn, err := grpc.NewClient(b.Addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for state, left := conn.GetState(), false; !left; state = conn.GetState() {
		if err := conn.Invoke(t.Context(), "/parts.v1.Parts/Get", wrapperspb.String("a"), &wrapperspb.StringValue{}, grpc.WaitForReady(true)); err != nil {
			t.Fatal(err)
		}
		left = conn.GetState() != state && state.String() == "READY"
	}
}
