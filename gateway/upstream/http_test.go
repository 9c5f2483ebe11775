package upstream_test

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/portico-gateway/portico/gateway/problem"
	"github.com/portico-gateway/portico/gateway/upstream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type row struct {
	ID string `json:"id" xml:"id,attr"`
}

// open makes a client of a service.
func open(t testing.TB, c upstream.Config) *upstream.HTTP {
	t.Helper()
	c.Name = "rows"
	services, err := upstream.Open([]upstream.Config{c})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = services.Close() })
	client, err := services.HTTP("rows")
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// serve runs a service until the test ends.
func serve(t testing.TB, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

// answers is a service that answers with this.
func answers(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

const secret = "hunter2"

// However a service fails, it is a problem that tells the frontend no more than
// who failed.
func TestFailures(t *testing.T) {
	hang := make(chan struct{})
	t.Cleanup(func() { close(hang) })
	waits := func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-hang:
		case <-r.Context().Done():
		}
	}
	const plain = "application/json"
	for name, c := range map[string]struct {
		service http.HandlerFunc
		code    problem.Code
		status  any
	}{
		"internal error":  {answers(500, plain, secret), problem.ServiceError, 500},
		"unavailable":     {answers(503, plain, secret), problem.ServiceError, 503},
		"gateway timeout": {answers(504, plain, secret), problem.ServiceTimeout, 504},
		"unauthorized":    {answers(401, plain, secret), problem.Unauthenticated, nil},
		"forbidden":       {answers(403, plain, secret), problem.Forbidden, nil},
		"conflict":        {answers(409, plain, secret), problem.ServiceError, 409},
		"redirect":        {answers(302, plain, secret), problem.ServiceError, 302},
		"no content":      {answers(204, "", ""), problem.ServiceError, nil},
		"HTML":            {answers(200, "text/html", "<html>"+secret), problem.ServiceError, nil},
		"truncated JSON":  {answers(200, plain, `{"id":"`+secret), problem.ServiceError, nil},
		"a wrong type":    {answers(200, plain, `{"id":7}`), problem.ServiceError, nil},
		"a name twice":    {answers(200, plain, `{"id":"a","id":"`+secret+`"}`), problem.ServiceError, nil},
		"too large":       {answers(200, plain, `{"id":"`+strings.Repeat("a", 2000)+`"}`), problem.ServiceError, nil},
		"hangs":           {waits, problem.ServiceTimeout, nil},
	} {
		t.Run(name, func(t *testing.T) {
			client := open(t, upstream.Config{URL: serve(t, c.service), Timeout: 300 * time.Millisecond, MaxResponseBytes: 1000})
			_, err := upstream.GetJSON[row](t.Context(), client, upstream.Request{Path: []string{"x"}})
			p, ok := errors.AsType[*problem.Error](err)
			if !ok {
				t.Fatalf("not a problem: %v", err)
			}
			if p.Code != c.code || p.Extensions["service"] != "rows" || p.Extensions["status"] != c.status {
				t.Errorf("got %s %v, want %s and status %v", p.Code, p.Extensions, c.code, c.status)
			}
			if shown := p.Message + fmt.Sprint(p.Extensions); strings.Contains(shown, secret) || strings.Contains(shown, "127.0.0.1") {
				t.Errorf("it tells too much: %s", shown)
			}
		})
	}
}

func TestConnectionRefused(t *testing.T) {
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close() // nobody is there now
	_, err = upstream.GetJSON[row](t.Context(), open(t, upstream.Config{URL: "http://" + l.Addr().String()}), upstream.Request{})
	if problem.CodeOf(err) != problem.ServiceError {
		t.Errorf("got %v", err)
	}
}

func TestNotFound(t *testing.T) {
	client := open(t, upstream.Config{URL: serve(t, answers(404, "application/json", `{}`))})
	if _, err := upstream.GetJSON[row](t.Context(), client, upstream.Request{}); !upstream.IsNotFound(err) {
		t.Errorf("got %v", err)
	}
	if upstream.IsNotFound(errors.New("x")) || upstream.IsNotFound(nil) {
		t.Error("anything is not found")
	}
}

// A caller that leaves is no failure of the service.
func TestCallerLeaves(t *testing.T) {
	called := make(chan struct{})
	client := open(t, upstream.Config{URL: serve(t, func(_ http.ResponseWriter, r *http.Request) {
		close(called)
		<-r.Context().Done()
	})})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-called
		cancel()
	}()
	_, err := upstream.GetJSON[row](ctx, client, upstream.Request{})
	if _, isProblem := errors.AsType[*problem.Error](err); isProblem || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// The shorter of the caller's deadline and the service's timeout counts.
func TestDeadlineOfCaller(t *testing.T) {
	client := open(t, upstream.Config{URL: serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }), Timeout: time.Hour})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := upstream.GetJSON[row](ctx, client, upstream.Request{}); problem.CodeOf(err) != problem.ServiceTimeout {
		t.Errorf("got %v", err)
	}
}

func TestRequest(t *testing.T) {
	var got *http.Request
	var body []byte
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		got = r
		body, _ = io.ReadAll(r.Body)
		answers(200, "application/vnd.rows+json; charset=utf-8", `{"id":"a"}`)(w, r)
	})
	ctx := upstream.WithAuthorization(t.Context(), "Bearer "+secret)
	for _, forward := range []bool{false, true} {
		client := open(t, upstream.Config{URL: base + "/v1/", ForwardAuthorization: forward})
		value, err := upstream.GetJSON[row](ctx, client, upstream.Request{
			Method: http.MethodPost, Path: []string{"a b", "c/d"}, Query: url.Values{"q": {"x&y=1#"}},
			Header: http.Header{"X-Tenant": {"7"}}, Body: row{ID: "b"},
		})
		if err != nil || value.ID != "a" {
			t.Fatalf("got %v, %v", value, err)
		}
		if got.Method != "POST" || got.URL.EscapedPath() != "/v1/a%20b/c%2Fd" || got.URL.Query().Get("q") != "x&y=1#" || got.Header.Get("X-Tenant") != "7" {
			t.Errorf("the service was asked %s %s", got.Method, got.URL)
		}
		if string(body) != `{"id":"b"}` || got.Header.Get("Content-Type") != "application/json" {
			t.Errorf("the body was %s", body)
		}
		if sent := got.Header.Get("Authorization") != ""; sent != forward {
			t.Errorf("forward %v, but sent %v", forward, sent)
		}
	}
}

func TestHeaderWithLineBreak(t *testing.T) {
	client := open(t, upstream.Config{URL: serve(t, answers(200, "application/json", `{}`))})
	if _, err := upstream.GetJSON[row](t.Context(), client, upstream.Request{Header: http.Header{"X-A": {"b\r\nX-Evil: 1"}}}); err == nil {
		t.Error("a header with a line break was sent")
	}
}

func TestGzipAndXML(t *testing.T) {
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/xml")
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		_, _ = z.Write([]byte(`<row id="a"/>`))
		_ = z.Close()
	})
	value, err := upstream.GetXML[row](t.Context(), open(t, upstream.Config{URL: base}), upstream.Request{})
	if err != nil || value.ID != "a" {
		t.Errorf("got %v, %v", value, err)
	}
	// What is small when packed must not be large in memory.
	bomb := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		_, _ = io.CopyN(z, zeros{}, 10<<20)
		_ = z.Close()
	})
	if _, err := upstream.GetJSON[row](t.Context(), open(t, upstream.Config{URL: bomb, MaxResponseBytes: 1000}), upstream.Request{}); problem.CodeOf(err) != problem.ServiceError {
		t.Errorf("got %v", err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

// Calls one after the other use one connection, also after errors.
func TestConnectionsAreReused(t *testing.T) {
	var connections, calls atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status := 200
		if calls.Add(1)%2 == 0 {
			status = 500
		}
		answers(status, "application/json", `{"id":"a"}`)(w, r)
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	client := open(t, upstream.Config{URL: server.URL})
	for range 100 {
		_, _ = upstream.GetJSON[row](t.Context(), client, upstream.Request{}) // every second one fails
	}
	if n := connections.Load(); n != 1 || calls.Load() != 100 {
		t.Errorf("%d connections for %d calls", n, calls.Load())
	}
}

func TestServices(t *testing.T) {
	services, err := upstream.Open([]upstream.Config{{Name: "a", URL: "http://127.0.0.1:1"}, {Name: "b", URL: "grpc://127.0.0.1:1"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = services.Close() })
	if _, err := services.HTTP("b"); err == nil || !strings.Contains(err.Error(), "of these there are: a") {
		t.Errorf("got %v", err)
	}
	if _, err := services.GRPC("a"); err == nil || !strings.Contains(err.Error(), "of these there are: b") {
		t.Errorf("got %v", err)
	}
	if err := services.Check(t.Context(), "c"); err == nil {
		t.Error("an unknown service is well")
	}
	for _, address := range []string{"ftp://x", "http://", "::", "grpc://x", "x"} {
		if _, err := upstream.Open([]upstream.Config{{Name: "a", URL: address}}); err == nil {
			t.Errorf("%s: no error", address)
		}
	}
}

// A value stays the one segment, or the one parameter, that it is; or the call
// is refused.
func FuzzPathAndQuery(f *testing.F) {
	for _, seed := range []string{"../admin?x#", "%2e%2e", "a/b", "", ".", "..", "a\r\nb", "é", strings.Repeat("x", 64<<10), "\xff", ";", "//"} {
		f.Add(seed)
	}
	type seen struct{ path, query string }
	var last atomic.Pointer[seen] // a call may be sent twice, over a new connection
	client := open(f, upstream.Config{URL: serve(f, func(w http.ResponseWriter, r *http.Request) {
		segments := strings.Split(strings.TrimPrefix(r.URL.EscapedPath(), "/"), "/")
		segment, err := url.PathUnescape(segments[len(segments)-1])
		if err != nil || len(segments) != 2 {
			segment = fmt.Sprintf("%d segments: %q", len(segments), segments)
		}
		last.Store(&seen{segment, r.URL.Query().Get("q")})
		answers(200, "application/json", `{"id":"a"}`)(w, r)
	})})
	f.Fuzz(func(t *testing.T, value string) {
		_, err := upstream.GetJSON[row](t.Context(), client, upstream.Request{Path: []string{"rows", value}, Query: url.Values{"q": {value}}})
		switch {
		case err == nil:
			if got := last.Load(); got.path != value || got.query != value {
				t.Errorf("%q came as %q and %q", value, got.path, got.query)
			}
		case problem.CodeOf(err) != problem.BadUserInput && len(value) < 1000:
			t.Errorf("%q: %v", value, err)
		}
	})
}

// A call costs so many allocations, most of them net/http's.
func BenchmarkGetJSON(b *testing.B) {
	client := open(b, upstream.Config{URL: serve(b, answers(200, "application/json", `{"id":"a"}`))})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := upstream.GetJSON[row](b.Context(), client, upstream.Request{Path: []string{"rows"}}); err != nil {
			b.Fatal(err)
		}
	}
}
