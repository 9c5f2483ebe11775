package server

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/portico-gateway/portico/gateway/config"
)

// A query whose time is over is answered with the data that is there, whether its execution is shared or not; one with a
// method that does not heed its context, without any, and its callers do not wait for it.
func TestQueriesThatTakeTooLong(t *testing.T) {
	for name, coalesce := range map[string]bool{"shared": true, "not shared": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			end := make(chan struct{})
			server, _ := cachingGateway(t, `type Query { quick: Int slow: Int heedless: Int }`, map[string]field{
				"quick": func(context.Context, map[string]any) (any, error) { return 1, nil },
				"slow": func(ctx context.Context, _ map[string]any) (any, error) {
					<-ctx.Done()
					return nil, ctx.Err()
				},
				"heedless": func(context.Context, map[string]any) (any, error) {
					<-end
					return 1, nil
				},
			}, func(c *config.Config) {
				c.Frontend.Limits.Timeout = config.Duration(time.Second)
				c.Cache.Coalesce = coalesce
			})
			got := ask(t, server, http.MethodPost, "{quick slow}")
			const partial = `{"errors":[{"message":"The operation took too long.","path":["slow"],"locations":[{"line":1,"column":8}],` +
				`"extensions":{"code":"DOWNSTREAM_TIMEOUT"}}],"data":{"quick":1,"slow":null}}`
			if got.status != http.StatusOK || got.body != partial {
				t.Errorf("%d %s", got.status, got.body)
			}
			if !coalesce {
				return // the request's own goroutine executes it
			}
			defer close(end)
			got = ask(t, server, http.MethodPost, "{heedless}")
			if want := `{"errors":[{"message":"The operation took too long.","extensions":{"code":"DOWNSTREAM_TIMEOUT"}}]}`; got.body != want || got.status != http.StatusGatewayTimeout {
				t.Errorf("%d %s", got.status, got.body)
			}
		})
	}
}

// A stale answer that may be served if services fail is served in place of one that does not come.
func TestStaleAnswerInTime(t *testing.T) {
	end := make(chan struct{})
	defer close(end)
	var calls atomic.Int64
	server, _ := cachingGateway(t, `type Query { n: Int @cacheControl(maxAge: 1, staleIfError: 60) }`, map[string]field{
		"n": func(context.Context, map[string]any) (any, error) {
			if calls.Add(1) > 1 {
				<-end // without its context
			}
			return 1, nil
		},
	}, func(c *config.Config) { c.Frontend.Limits.Timeout = config.Duration(time.Second) })
	var got asked
	for calls.Load() < 2 { // until the first one is stale
		got = ask(t, server, http.MethodPost, "{n}")
	}
	if !strings.HasPrefix(got.body, `{"data":{"n":1},"extensions":{"cache":{"status":"stale"`) || got.status != http.StatusOK {
		t.Errorf("%d %s", got.status, got.body)
	}
}

// TestRequestsThatDoNotCome: server.readTimeout is for heads and bodies, on both listeners.
func TestRequestsThatDoNotCome(t *testing.T) {
	r := runGateway(t, nil, func(c *config.Config) {
		c.Server.TLS, c.Server.ReadTimeout = nil, config.Duration(50*time.Millisecond)
	})
	const head = "POST /graphql/toy HTTP/1.1\r\nHost: a.example\r\nContent-Type: application/json\r\n"
	for _, c := range []struct{ base, request, status string }{
		{r.url, head, ""},
		{r.url, head + "Content-Length: 100\r\n\r\n", "HTTP/1.1 408 Request Timeout"},
		{r.admin, head, ""},
	} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(c.base, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := io.WriteString(conn, c.request); err != nil {
			t.Fatal(err)
		}
		_ = conn.SetReadDeadline(time.Now().Add(time.Minute)) // it only ends a test that fails
		answer, err := io.ReadAll(conn)
		status, _, _ := strings.Cut(string(answer), "\r\n")
		if errors.Is(err, os.ErrDeadlineExceeded) || status != c.status {
			t.Errorf("%s: %q: %q, %v", c.base, c.request, answer, err)
		}
	}
}
