package transport_test

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/portico-gateway/portico/gateway/answer"
	"github.com/portico-gateway/portico/gateway/cache"
	"github.com/portico-gateway/portico/gateway/document"
	"github.com/portico-gateway/portico/gateway/execute"
	"github.com/portico-gateway/portico/gateway/input"
	"github.com/portico-gateway/portico/gateway/operation"
	"github.com/portico-gateway/portico/gateway/persisted"
	"github.com/portico-gateway/portico/gateway/ratelimit"
	"github.com/portico-gateway/portico/gateway/transport"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for what must happen.
const patience = time.Minute

// gateway is a handler that is served on a real socket.
type gateway struct {
	*httptest.Server
	handler   *transport.Handler
	resolvers *resolvers
	log       *safeBuffer
}

// timeouts are those of a server and of operations; 0 for the default.
type timeouts struct{ read, write, operation time.Duration }

// serve starts a gateway. Changes are made to its source, which may be replaced.
func serve(t testing.TB, config transport.Config, changes ...func(transport.Source) transport.Source) *gateway {
	t.Helper()
	return serveWithin(t, timeouts{}, config, changes...)
}

// serveWithin is serve with timeouts.
func serveWithin(t testing.TB, timeouts timeouts, config transport.Config, changes ...func(transport.Source) transport.Source) *gateway {
	t.Helper()
	g := &gateway{resolvers: newResolvers(), log: &safeBuffer{}}
	config.Log = slog.New(slog.NewTextHandler(g.log, nil))
	g.handler = transport.New(newSource(t, g.resolvers, timeouts, config.Log, changes), newWriter(t), config)
	g.Server = httptest.NewUnstartedServer(g.handler)
	g.Listener = transport.NewListener(g.Listener, transport.ListenerConfig{WriteTimeout: timeouts.write})
	transport.Attach(g.Config, timeouts.write)
	g.Config.ReadTimeout = timeouts.read
	g.Start()
	t.Cleanup(func() {
		g.shutdown(t)
		g.Close()
	})
	return g
}

// newSource returns a source of the test schema without limits.
func newSource(t testing.TB, resolvers *resolvers, timeouts timeouts, log *slog.Logger, changes []func(transport.Source) transport.Source) transport.Source {
	t.Helper()
	many := 1_000_000
	limiter := ratelimit.New(ratelimit.Config{})
	frontend, err := operation.New(execute.Frontend{Name: "test", Schema: resolvers.schema()}, operation.Config{
		Documents: document.Limits{
			Bytes: many, Tokens: many, Depth: many, Fields: many, Aliases: many, RootFields: many, PerKey: many, Directives: many,
			Spreads: many, SpreadDepth: many, InputDepth: many, InputItems: many,
		},
		DocumentMemory: 1 << 20,
		Persisted:      persisted.Config{Mode: persisted.Off},
		Inputs:         input.Limits{Items: many, Depth: many, Bytes: many},
		Introspection:  true,
		Cost:           operation.Cost{Max: math.MaxInt32, ListSize: 1, Report: operation.Never},
		Limiter:        limiter,
		Store:          cache.Nothing(),
		Timeout:        cmp.Or(timeouts.operation, time.Minute),
		Log:            log,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(frontend.Close)
	var source transport.Source = frontend
	for _, change := range changes {
		source = change(source)
	}
	return source
}

func newWriter(t testing.TB) *answer.Writer {
	t.Helper()
	w, err := answer.NewWriter()
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func (g *gateway) shutdown(t testing.TB) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := g.handler.Shutdown(ctx); err != nil {
		t.Errorf("Shutdown: %v", err)
	}
}

// reply is what came of a request.
type reply struct {
	status int
	header http.Header
	body   string
}

// send sends a request. Headers are "Name: value".
func (g *gateway) send(t testing.TB, method, query, body string, headers ...string) reply {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, g.URL+query, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	setHeaders(r, headers)
	resp, err := g.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply{resp.StatusCode, resp.Header, string(text)}
}

// post sends an ordinary request.
func (g *gateway) post(t testing.TB, body string, headers ...string) reply {
	t.Helper()
	return g.send(t, http.MethodPost, "/", body, append([]string{"Content-Type: application/json"}, headers...)...)
}

func setHeaders(r *http.Request, headers []string) {
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ":")
		r.Header.Add(name, strings.TrimSpace(value))
	}
}

// await waits for a signal of a resolver.
func await(t testing.TB, what string, signal <-chan struct{}) {
	t.Helper()
	select {
	case <-signal:
	case <-time.After(patience):
		t.Fatalf("waited in vain until a field %s", what)
	}
}

// safeBuffer is a buffer for several goroutines.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// panicking is a source with a mistake.
type panicking struct{ transport.Source }

func (panicking) Prepare(context.Context, *transport.Request) (transport.Operation, *answer.Answer) {
	panic("secret of a panic")
}

func panics(source transport.Source) transport.Source { return panicking{source} }

// delayed is a source that takes its time.
type delayed struct {
	transport.Source
	delay time.Duration
}

func (d delayed) Prepare(ctx context.Context, r *transport.Request) (transport.Operation, *answer.Answer) {
	select {
	case <-ctx.Done():
	case <-time.After(d.delay):
	}
	return d.Source.Prepare(ctx, r)
}
