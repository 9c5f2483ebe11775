package demo_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"github.com/portico-gateway/portico/demo"
	"github.com/portico-gateway/portico/demo/demotest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A harness is a running demo with somebody who calls it.
type harness struct {
	*demo.Demo

	t      *testing.T
	client *http.Client
}

func start(t *testing.T) *harness {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &harness{t: t, Demo: demotest.Start(t), client: &http.Client{Transport: transport}}
}

// An answer is what a service said over HTTP.
type answer struct {
	status int
	header http.Header
	body   string
}

// do sends a request to "GET /path" of a service; token and body may be empty.
func (h *harness) do(ctx context.Context, service, route, token, body string) (answer, error) {
	method, path, _ := strings.Cut(route, " ")
	req, err := http.NewRequestWithContext(ctx, method, h.URL(service)+path, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := h.client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return answer{status: res.StatusCode, header: res.Header, body: string(b)}, err
}

// call is do that must be answered.
func (h *harness) call(service, route, token, body string) answer {
	h.t.Helper()
	a, err := h.do(h.t.Context(), service, route, token, body)
	if err != nil {
		h.t.Fatal(err)
	}
	return a
}

// get expects status 200 and JSON that fits v exactly.
func (h *harness) get(service, path, token string, v any) {
	h.t.Helper()
	a := h.call(service, "GET "+path, token, "")
	if a.status != http.StatusOK {
		h.t.Fatalf("GET %s: status %d: %s", path, a.status, a.body)
	}
	a.decode(h.t, v)
}

func (a answer) decode(t *testing.T, v any) {
	t.Helper()
	if got := a.header.Get("Content-Type"); got != "application/json" {
		t.Errorf("Content-Type %q", got)
	}
	d := json.NewDecoder(strings.NewReader(a.body))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		t.Fatalf("decode %s: %v", a.body, err)
	}
}

// token mints for a user.
func (h *harness) token(userID string, scopes ...string) string {
	h.t.Helper()
	return demotest.Token(h.t, h.Demo, userID, scopes...)
}

func (h *harness) dial(service string) *grpc.ClientConn {
	h.t.Helper()
	conn, err := grpc.NewClient(h.Addr(service), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// A refusal is a request that a service answers with an error.
type refusal struct {
	name, route, token, body string
	status                   int
	code                     string
}

func (h *harness) expectRefusals(service string, cases []refusal) {
	h.t.Helper()
	for _, tc := range cases {
		h.t.Run(tc.name, func(t *testing.T) {
			a := h.call(service, tc.route, tc.token, tc.body)
			var got struct {
				Error struct {
					Code      string
					Message   string
					ProductID string `json:"product_id"`
					Available *int32
				}
			}
			a.decode(t, &got)
			if a.status != tc.status || got.Error.Code != tc.code || got.Error.Message == "" {
				t.Errorf("got %d %s, want %d %s", a.status, a.body, tc.status, tc.code)
			}
		})
	}
}

func expectCode(t *testing.T, err error, want codes.Code) {
	t.Helper()
	if got := status.Code(err); got != want {
		t.Errorf("got %v (%v), want %v", got, err, want)
	}
}
