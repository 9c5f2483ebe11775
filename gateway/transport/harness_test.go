package transport_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"go.uber.org/goleak"

	"github.com/portico-gateway/portico/gateway/problem"
	"github.com/portico-gateway/portico/gateway/transport"
	"github.com/portico-gateway/portico/gateway/transport/internal/testschema"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for what must happen.
const patience = 10 * time.Second

// gateway is a handler that is served on a real socket.
type gateway struct {
	*httptest.Server
	handler   *transport.Handler
	resolvers *testschema.Resolvers
	log       *safeBuffer
}

// timeouts are those of a server; 0 for the default.
type timeouts struct{ read, write time.Duration }

// serve starts a gateway. Changes are made to its executor, which may be
// replaced.
func serve(t testing.TB, config transport.Config, changes ...func(*executor.Executor) graphql.GraphExecutor) *gateway {
	t.Helper()
	return serveWithin(t, timeouts{}, config, changes...)
}

// serveWithin is serve with timeouts.
func serveWithin(t testing.TB, timeouts timeouts, config transport.Config, changes ...func(*executor.Executor) graphql.GraphExecutor) *gateway {
	t.Helper()
	g := &gateway{resolvers: testschema.NewResolvers(), log: &safeBuffer{}}
	log := slog.New(slog.NewTextHandler(g.log, nil))
	exec := executor.New(g.resolvers.Schema())
	exec.SetErrorPresenter(problem.NewPresenter(log).Present)
	exec.SetRecoverFunc(func(_ context.Context, value any) error { return problem.Recovered(value) })
	var used graphql.GraphExecutor = exec
	for _, change := range changes {
		used = change(exec)
	}
	config.Log = log
	g.handler = transport.New(used, config)
	g.Server = httptest.NewUnstartedServer(g.handler)
	g.Listener = transport.NewListener(g.Listener, timeouts.write)
	g.Config.ConnState = transport.ConnState
	g.Config.ReadTimeout = timeouts.read
	g.Start()
	t.Cleanup(func() {
		g.shutdown(t)
		g.Close()
	})
	return g
}

func (g *gateway) shutdown(t testing.TB) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := g.handler.Shutdown(ctx); err != nil {
		t.Errorf("Shutdown: %v", err)
	}
}

// answer is what came of a request.
type answer struct {
	status int
	header http.Header
	body   string
}

// send sends a request. Headers are "Name: value".
func (g *gateway) send(t testing.TB, method, query, body string, headers ...string) answer {
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
	return answer{resp.StatusCode, resp.Header, string(text)}
}

// post sends an ordinary request.
func (g *gateway) post(t testing.TB, body string, headers ...string) answer {
	t.Helper()
	return g.send(t, http.MethodPost, "/", body, append([]string{"Content-Type: application/json"}, headers...)...)
}

func setHeaders(r *http.Request, headers []string) {
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ":")
		r.Header.Add(name, strings.TrimSpace(value))
	}
}

// await waits for something that a resolver tells.
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

// panicking is an executor with a mistake.
type panicking struct{ graphql.GraphExecutor }

func (panicking) CreateOperationContext(context.Context, *graphql.RawParams) (*graphql.OperationContext, gqlerror.List) {
	panic("secret of a panic")
}

func panics(exec *executor.Executor) graphql.GraphExecutor { return panicking{exec} }

// delayed is an executor that takes its time.
type delayed struct {
	graphql.GraphExecutor
	delay time.Duration
}

func (d delayed) DispatchOperation(ctx context.Context, oc *graphql.OperationContext) (graphql.ResponseHandler, context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(d.delay):
	}
	return d.GraphExecutor.DispatchOperation(ctx, oc)
}
