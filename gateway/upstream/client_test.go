package upstream_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	"github.com/portico-gateway/portico/clients/inventory/inventorypb"
	"github.com/portico-gateway/portico/gateway/problem"
	"github.com/portico-gateway/portico/gateway/upstream"
)

// What portico.yaml has for bindings, and which of it is missing.
func TestValuesOfConfig(t *testing.T) {
	values := map[string]string{"region": "eu", "empty": ""}
	services, err := upstream.Open([]upstream.Config{
		{Name: "web", URL: "http://127.0.0.1:1", Values: values},
		{Name: "rpc", URL: "grpc://127.0.0.1:1", Values: values},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer services.Close()
	web, errWeb := services.HTTP("web")
	rpc, errRPC := services.GRPC("rpc")
	if errWeb != nil || errRPC != nil {
		t.Fatal(errWeb, errRPC)
	}
	for name, c := range map[string]interface {
		Need(names ...string) error
		Value(name string) string
		MaxBatch() int
	}{"web": web, "rpc": rpc} {
		if c.Value("region") != "eu" || c.Value("empty") != "" || c.Value("zone") != "" || c.MaxBatch() != 100 {
			t.Errorf("%s: %q, %q, %q, %d", name, c.Value("region"), c.Value("empty"), c.Value("zone"), c.MaxBatch())
		}
		if err := c.Need("region", "empty"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		want := "portico.yaml has no services." + name + ".config.a, no services." + name + ".config.b, which a binding uses as $config"
		if err := c.Need("a", "region", "b"); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestHeadersOfCallers(t *testing.T) {
	if got := upstream.Header(t.Context(), "X-A"); got != "" {
		t.Errorf("without a request: %q", got)
	}
	ctx := upstream.WithCaller(t.Context(), upstream.Caller{Headers: http.Header{"X-A": {"1", "2"}}})
	for name, want := range map[string]string{"X-A": "1", "x-a": "1", "X-B": ""} {
		if got := upstream.Header(ctx, name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

// Done takes any answer for a success, also none or one that is no JSON.
func TestDone(t *testing.T) {
	for status, code := range map[int]problem.Code{200: "", 204: "", 302: problem.ServiceError, 404: problem.ServiceError, 409: problem.ServiceError, 401: problem.Unauthenticated} {
		client := open(t, upstream.Config{URL: serve(t, answers(status, "text/plain", ""))})
		err := client.Done(t.Context(), upstream.Request{Method: http.MethodDelete, Path: []string{"rows", "1"}})
		if code == "" && err != nil || code != "" && (problem.CodeOf(err) != code || !upstream.IsStatus(err, status)) {
			t.Errorf("%d: %v", status, err)
		}
	}
}

func TestIsStatusAndIsCode(t *testing.T) {
	conflict := problem.Wrap(&upstream.StatusError{Service: "s", Status: 409}, problem.ServiceError, "m")
	exists := problem.Wrap(&upstream.StatusError{Service: "s", Code: codes.AlreadyExists}, problem.ServiceError, "m")
	for name, c := range map[string]struct{ got, want bool }{
		"the status":            {upstream.IsStatus(conflict, 409), true},
		"another status":        {upstream.IsStatus(conflict, 404), false},
		"no status":             {upstream.IsStatus(exists, 409), false},
		"the code":              {upstream.IsCode(exists, codes.AlreadyExists), true},
		"another code":          {upstream.IsCode(exists, codes.NotFound), false},
		"OK is not that of 409": {upstream.IsCode(conflict, codes.OK), false},
		"another error":         {upstream.IsStatus(errors.New("x"), 0), false},
		"nothing":               {upstream.IsCode(nil, codes.OK), false},
	} {
		if c.got != c.want {
			t.Errorf("%s: %t", name, c.got)
		}
	}
	if text := exists.Error(); !strings.Contains(text, "AlreadyExists") {
		t.Errorf("the log lacks the code: %s", text)
	}
}

// A generated client follows a method by its name, without a stub.
func TestFollow(t *testing.T) {
	for name, c := range map[string]struct {
		ids  []string
		end  func(context.Context) error
		code codes.Code
	}{
		"ends":       {[]string{"p1", "p2"}, fails(codes.OK), codes.OK},
		"is refused": {nil, fails(codes.NotFound), codes.NotFound},
		"breaks":     {[]string{"p1"}, fails(codes.Unavailable), codes.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := followed(t, c.ids, c.end)
			if !slices.Equal(got, c.ids) || upstream.IsCode(err, c.code) != (c.code != codes.OK) || (err == nil) != (c.code == codes.OK) {
				t.Errorf("got %q, %v; want %q, %s", got, err, c.ids, c.code)
			}
			if err != nil && problem.CodeOf(err) != problem.ServiceError {
				t.Errorf("got %v", err)
			}
		})
	}
}

// followed are the ids that a service sends, and what it ends with.
func followed(t *testing.T, ids []string, end func(context.Context) error) (got []string, err error) {
	t.Helper()
	services := serveInventory(t, upstream.Config{}, nil, inventory{watch: func(stream grpc.ServerStreamingServer[inventorypb.WatchStockResponse]) error {
		for _, id := range ids {
			if err := stream.Send(&inventorypb.WatchStockResponse{Stock: &inventorypb.Stock{ProductId: id}}); err != nil {
				return err
			}
		}
		return end(stream.Context())
	}})
	client, err := services.GRPC("inventory")
	if err != nil {
		t.Fatal(err)
	}
	events, err := upstream.Follow[inventorypb.WatchStockRequest, inventorypb.WatchStockResponse](t.Context(), client,
		inventorypb.InventoryService_WatchStock_FullMethodName, &inventorypb.WatchStockRequest{})
	if err != nil {
		return nil, err
	}
	for event, err := range events {
		if err != nil {
			return got, err
		}
		got = append(got, event.GetStock().GetProductId())
	}
	return got, nil
}
