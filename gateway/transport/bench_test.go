package transport_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/answer"
	"github.com/portico-gateway/portico/gateway/transport"
)

// canned is a source that has its answer ready: what is measured is the
// transport.
type canned struct{ resp *graphql.Response }

func (c canned) Recall(context.Context, string, []byte) (answer.Answer, bool) {
	return answer.Answer{}, false
}

func (c canned) Prepare(context.Context, *transport.Request) (transport.Operation, *answer.Answer) {
	return c, nil
}

func (c canned) Kind() ast.Operation { return ast.Query }

func (c canned) Run(_ context.Context, send func(*answer.Answer) bool) { send(answer.New(c.resp, 0)) }

// newCanned returns a handler of a canned answer.
func newCanned(t testing.TB, data []byte) *transport.Handler {
	return transport.New(canned{&graphql.Response{Data: data}}, newWriter(t), transport.Config{})
}

// sink is a ResponseWriter that costs nothing.
type sink struct {
	header http.Header
	status int
}

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) WriteHeader(status int)      { s.status = status }
func (s *sink) Write(p []byte) (int, error) { return len(p), nil }

const benchBody = `{"query":"query Page($id: ID!) { product(id: $id) { id name price { amount currency } } }","variables":{"id":"p1"},"operationName":"Page"}`

// largeData is about 11 KB of JSON, as a list of 100 objects is.
func largeData() []byte {
	list, _ := json.Marshal(strings.Split(strings.Repeat(`id p1 name "Ä" price 12.30 `, 60), " "))
	return []byte(`{"list":` + strings.Repeat(string(list)+" ", 1)[:len(list)] + `,"text":"` + strings.Repeat("x", 9000) + `"}`)
}

func post(serve func(http.ResponseWriter, *http.Request), body *bytes.Reader, s *sink) {
	body.Reset([]byte(benchBody))
	clear(s.header)
	serve(s, &http.Request{
		Method: http.MethodPost, Body: io.NopCloser(body), ContentLength: int64(len(benchBody)),
		Header: http.Header{"Content-Type": {"application/json"}, "Accept": {"application/graphql-response+json, application/json;q=0.9"}},
	})
}

// TestAllocationsOfAPost keeps the transport's own cost where it is.
func TestAllocationsOfAPost(t *testing.T) {
	h := newCanned(t, largeData())
	body, s := bytes.NewReader(nil), &sink{header: http.Header{}}
	allocs := testing.AllocsPerRun(1000, func() { post(h.ServeHTTP, body, s) })
	if s.status != http.StatusOK {
		t.Fatal(s.status)
	}
	const limit = 50
	if allocs > limit {
		t.Errorf("%.0f allocations, want at most %d", allocs, limit)
	}
}

func BenchmarkPost(b *testing.B) {
	data := largeData()
	h := newCanned(b, data)
	b.ReportAllocs()
	body, s := bytes.NewReader(nil), &sink{header: http.Header{}}
	for b.Loop() {
		post(h.ServeHTTP, body, s)
	}
	b.SetBytes(int64(len(data)))
}

// BenchmarkPostOverSocket has net/http and a loopback connection in it: one as
// it is, and one of a Listener.
func BenchmarkPostOverSocket(b *testing.B) {
	for _, guarded := range []bool{false, true} {
		server := httptest.NewUnstartedServer(newCanned(b, largeData()))
		server.Config.ReadTimeout = time.Minute
		if guarded {
			server.Listener = transport.NewListener(server.Listener, transport.ListenerConfig{WriteTimeout: time.Minute})
			transport.Attach(server.Config, time.Minute)
		}
		server.Start()
		b.Run(map[bool]string{false: "plain", true: "Listener"}[guarded], func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				resp, err := server.Client().Post(server.URL, "application/json", strings.NewReader(benchBody))
				if err != nil {
					b.Fatal(err)
				}
				if _, err := io.Copy(io.Discard, resp.Body); err != nil {
					b.Fatal(err)
				}
				resp.Body.Close()
			}
		})
		server.Close()
	}
}
