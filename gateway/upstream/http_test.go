package upstream_test

import (
	"bytes"
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

	"github.com/go-json-experiment/json/jsontext"
	"go.uber.org/goleak"

	"github.com/portico-gateway/portico/gateway/problem"
	"github.com/portico-gateway/portico/gateway/upstream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type row struct {
	ID string `json:"id" xml:"id,attr"`
}

// open makes a client of a service.
func open(t testing.TB, c upstream.Config) upstream.HTTP {
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

// However a service fails, it is a problem that reveals to the frontend no more than
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
			if want := c.code == problem.ServiceTimeout || c.status == 500 || c.status == 503; p.Outage != want {
				t.Errorf("an outage: got %t, want %t", p.Outage, want)
			}
			if p.Code != c.code || p.Service != "rows" || p.Extensions["service"] != nil || p.Extensions["status"] != c.status {
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
	if p, ok := errors.AsType[*problem.Error](err); !ok || p.Code != problem.ServiceError || !p.Outage {
		t.Errorf("got %v", err)
	}
}

func TestNotFound(t *testing.T) {
	client := open(t, upstream.Config{URL: serve(t, answers(404, "application/json", `{}`))})
	if _, err := upstream.GetJSON[row](t.Context(), client, upstream.Request{}); !upstream.IsNotFound(err) || !upstream.IsStatus(err, 404) || upstream.IsStatus(err, 409) {
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
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() {
		<-called
		cancel(errors.New("the browser was closed"))
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
	ctx := upstream.WithCaller(t.Context(), upstream.Caller{Authorization: "Bearer " + secret})
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

func TestGzipAndXML(t *testing.T) {
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/xml")
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		_, _ = z.Write([]byte(`<row id="a"/>`))
		_ = z.Close()
	})
	answer, err := open(t, upstream.Config{URL: base}).GetXML(t.Context(), upstream.Request{})
	if err != nil {
		t.Fatal(err)
	}
	id := ""
	if answer.Object() == nil && answer.Next() && answer.Name() == "@id" {
		id, err = answer.Text()
	}
	if err != nil || id != "a" || answer.Done("row") != nil {
		t.Errorf("got %q, %v", id, err)
	}
	// What is small when packed must not be large in memory.
	var packed bytes.Buffer // before the call, whose time is limited
	z := gzip.NewWriter(&packed)
	_, _ = io.CopyN(z, zeros{}, 10<<20)
	_ = z.Close()
	bomb := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(packed.Bytes())
	})
	if _, err := upstream.GetJSON[row](t.Context(), open(t, upstream.Config{URL: bomb, MaxResponseBytes: 1000}), upstream.Request{}); problem.CodeOf(err) != problem.ServiceError {
		t.Errorf("got %v", err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

// What goes into the log is bounded, whatever was asked and answered.
func TestLogIsBounded(t *testing.T) {
	long := strings.Repeat("a", 64<<10)
	for name, address := range map[string]string{
		"nobody is there": "http://127.0.0.1:1",
		"an error":        serve(t, answers(500, "text/plain", long)),
		"HTML":            serve(t, answers(200, "text/html", long)),
	} {
		_, err := upstream.GetJSON[row](t.Context(), open(t, upstream.Config{URL: address}), upstream.Request{Path: []string{long}})
		if err == nil || len(err.Error()) > 1000 {
			t.Errorf("%s: the log gets %d bytes", name, len(err.Error()))
		}
	}
}

// The body of an error is there for clients that know it, but not all of it.
func TestBodyOfAnError(t *testing.T) {
	_, err := upstream.GetJSON[row](t.Context(), open(t, upstream.Config{URL: serve(t, answers(409, "text/plain", "why"+strings.Repeat(" ", 1<<20)))}), upstream.Request{})
	e, ok := errors.AsType[*upstream.StatusError](err)
	if !ok || !strings.HasPrefix(string(e.Body), "why") || len(e.Body) > 64<<10 {
		t.Errorf("got %d bytes", len(e.Body))
	}
}

// A service that breaks off is no service that is slow.
func TestBreaksOff(t *testing.T) {
	client := open(t, upstream.Config{URL: serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", "100")
		_, _ = w.Write([]byte(`{"id":`))
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})})
	if _, err := upstream.GetJSON[row](t.Context(), client, upstream.Request{}); problem.CodeOf(err) != problem.ServiceError || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v", err)
	}
}

// What a call returned stays as it is when its buffer is used again.
func TestValuesShareNothing(t *testing.T) {
	var calls atomic.Int32
	client := open(t, upstream.Config{URL: serve(t, func(w http.ResponseWriter, r *http.Request) {
		answers(200, "application/json", fmt.Sprintf(`{"id":"id%d","raw":[%[1]d]}`, calls.Add(1)))(w, r)
	})})
	type rawRow struct {
		ID  string         `json:"id"`
		Raw jsontext.Value `json:"raw"`
	}
	first, err := upstream.GetJSON[rawRow](t.Context(), client, upstream.Request{})
	for range 10 {
		if _, err := upstream.GetJSON[rawRow](t.Context(), client, upstream.Request{}); err != nil {
			t.Fatal(err)
		}
	}
	if err != nil || first.ID != "id1" || string(first.Raw) != "[1]" {
		t.Errorf("the first is now %s %s, %v", first.ID, first.Raw, err)
	}
}

// Calls one after the other use one connection, also after errors.
func TestConnectionsAreReused(t *testing.T) {
	var connections, calls atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status := 200
		if calls.Add(1)%2 == 0 {
			status = 400
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
	wrong := []string{
		"ftp://x", "http://", "::", "grpc://x", "x", "grpc://x:1/path", "http://x?key=1", "http://x#a",
		"http://u:" + secret + "@x", "ftp://u:" + secret + "@x", "http://u:" + secret + "@x:y",
	}
	var configs []upstream.Config
	for i, address := range wrong {
		configs = append(configs, upstream.Config{Name: fmt.Sprint("wrong", i), URL: address})
	}
	if _, err = upstream.Open(configs); err == nil || strings.Contains(err.Error(), secret) {
		t.Errorf("got %v", err)
	}
	for _, c := range configs {
		if !strings.Contains(err.Error(), "services."+c.Name+": ") {
			t.Errorf("%s: no error", c.URL)
		}
	}
}

// A call costs so many allocations, most of them net/http's and those of the
// server, which is in the same process.
func BenchmarkGetJSON(b *testing.B) {
	for name, body := range map[string]string{"small": `{"id":"a"}`, "20 kB": `{"id":"` + strings.Repeat("a", 20_000) + `"}`} {
		b.Run(name, func(b *testing.B) {
			client := open(b, upstream.Config{URL: serve(b, answers(200, "application/json", body))})
			b.ReportAllocs()
			for b.Loop() {
				if _, err := upstream.GetJSON[row](b.Context(), client, upstream.Request{Path: []string{"rows"}}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
