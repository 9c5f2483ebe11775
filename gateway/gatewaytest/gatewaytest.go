// Package gatewaytest starts the gateway of a project in a test, with mocks of its services, a recording or handlers of the test,
// and sends it operations.
//
//	func TestOrders(t *testing.T) {
//		gateway := gatewaytest.Start(t, graph.Open, gatewaytest.Mocks(1))
//		gateway.Query("web", `{ orders { id } }`, nil).JSON(`{"orders": [{"id": "1"}, {"id": "2"}, {"id": "3"}]}`)
//	}
//
// It is the gateway itself, with the project's portico.yaml, on a free port of the loopback interface, without what is outside
// of it: services that the test does not give answer with 501, and there is no Redis, no OTLP collector and no usage file.
// The keys of issuers of tokens are fetched as portico.yaml says; [Config] can remove the issuers.
package gatewaytest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/portico-gateway/portico/gateway"
	"github.com/portico-gateway/portico/gateway/config"
	"github.com/portico-gateway/portico/gateway/server"
	"github.com/portico-gateway/portico/internal/mock"
	"github.com/portico-gateway/portico/internal/record"
)

// Option configures how [Start] starts a gateway.
type Option func(*setup)

type setup struct {
	handlers   map[string]http.Handler
	mocks      bool
	seed       uint64
	recordings string // empty for none
	edit       []func(*config.Config)
}

// Service serves a service with a handler, which is called concurrently. For a gRPC service, the handler is a [grpc.Server],
// which implements [http.Handler]. [Start] fails the test if portico.yaml has no service of this name.
//
// [grpc.Server]: https://pkg.go.dev/google.golang.org/grpc#Server
func Service(name string, handler http.Handler) Option {
	return func(s *setup) { s.handlers[name] = handler }
}

// Mocks serves the services without a [Service] with mocks, which are made from their documents: clients/<service>/openapi.yaml,
// or the protos in clients/proto. The same seed yields the same answers to the same calls. A service over HTTP without a document
// is mocked from the bindings in the schemas, which are read once for all tests of a package; the Go command is needed for that.
func Mocks(seed uint64) Option {
	return func(s *setup) { s.mocks, s.seed = true, seed }
}

// Recordings serves the services without a [Service] with what portico record has recorded in dir, which is relative to the
// project's folder. It precedes [Mocks].
func Recordings(dir string) Option {
	return func(s *setup) { s.recordings = dir }
}

// Config edits the configuration of portico.yaml before the gateway starts. Settings in c.Frontend apply to the frontends that
// are not in c.Frontends, which has complete settings for each of its own.
func Config(edit func(*config.Config)) Option {
	return func(s *setup) { s.edit = append(s.edit, edit) }
}

// Call is a request that the gateway sent to a service.
type Call struct {
	Service string // the name in portico.yaml
	Method  string // of HTTP; POST over gRPC
	Path    string // decoded, such as /products/p7; over gRPC /package.Service/Method
	Query   string // as it was sent, without "?"
}

// String returns the call as "orders: GET /orders?limit=2".
func (c Call) String() string {
	if c.Query != "" {
		return fmt.Sprintf("%s: %s %s?%s", c.Service, c.Method, c.Path, c.Query)
	}
	return fmt.Sprintf("%s: %s %s", c.Service, c.Method, c.Path)
}

// Gateway is a gateway that serves until the end of its test. It is safe for concurrent use, but methods that can fail the
// test must be called from the goroutine of the test, as [testing.TB.FailNow] must.
type Gateway struct {
	// URL is its base URL, such as http://127.0.0.1:43210; /graphql/<frontend> is below it.
	URL string

	t    testing.TB
	root string

	mu    sync.Mutex
	calls []Call
}

// Start starts the gateway of the project whose portico.yaml is in the working directory, which is that of the test's package,
// or in the closest folder above it. The gateway stops when the test ends. Start fails the test if the gateway does not start.
func Start(t testing.TB, open gateway.Open, options ...Option) *Gateway {
	t.Helper()
	s := setup{handlers: map[string]http.Handler{}}
	for _, option := range options {
		option(&s)
	}
	g := &Gateway{t: t}
	var err error
	if g.root, err = project(); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(filepath.Join(g.root, "portico.yaml"), os.Getenv)
	if err != nil {
		t.Fatal(err)
	}
	isolate(cfg)
	for _, name := range sortedServices(cfg) {
		if err := g.replace(cfg, name, s); err != nil {
			t.Fatal(err)
		}
	}
	for name := range s.handlers {
		if _, ok := cfg.Services[name]; !ok {
			t.Fatalf("portico.yaml has no service %s", name)
		}
	}
	for _, edit := range s.edit {
		edit(cfg)
	}
	g.serve(cfg, open)
	return g
}

// project returns the folder of the project that the test is in.
func project() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		_, err := os.Stat(filepath.Join(dir, "portico.yaml"))
		if err == nil {
			return dir, nil
		}
		if parent := filepath.Dir(dir); errors.Is(err, fs.ErrNotExist) && parent != dir {
			dir = parent
			continue
		}
		return "", errors.New("there is no portico.yaml in the test's folder or above it")
	}
}

// isolate removes what is outside of the gateway.
func isolate(cfg *config.Config) {
	cfg.Server.Listen, cfg.Admin.Listen = "127.0.0.1:0", "127.0.0.1:0"
	cfg.Server.TLS, cfg.Redis, cfg.OTLP, cfg.Usage.File = nil, config.Defaults().Redis, config.Defaults().OTLP, ""
}

func sortedServices(cfg *config.Config) []string {
	var names []string
	for name := range cfg.Services {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// replace sets the address of a service to that of a server of the test.
func (g *Gateway) replace(cfg *config.Config, name string, s setup) error {
	handler := s.handlers[name]
	if handler == nil && s.recordings != "" {
		dir := s.recordings
		if !filepath.IsAbs(dir) {
			dir = filepath.Join(g.root, dir)
		}
		handler = record.NewReplayer(filepath.Join(dir, name), func(err error) { g.t.Logf("%s: %v", name, err) })
	}
	if handler == nil && s.mocks {
		made, err := mocksOf(g.root).Service(g.t.Context(), name, addressOf(cfg.Services[name]), s.seed)
		switch handler = made; {
		case errors.Is(err, mock.ErrNoDocument):
			handler = unmocked(name, err)
		case err != nil:
			return err
		}
	}
	if handler == nil {
		handler = missing(name)
	}
	of := cfg.Services[name]
	scheme := "http"
	if strings.HasPrefix(addressOf(of), "grpc") {
		scheme = "grpc"
	}
	at := g.listen(name, handler)
	of.URL, of.URLs, of.URLsFile = scheme+strings.TrimPrefix(at, "http"), nil, ""
	of.Versions, of.Canary, of.Mirror, of.Fallback = nil, config.Rules{}, nil, ""
	of.TLS, of.HealthCheck, of.Required = config.TLS{}, nil, false
	cfg.Services[name] = of
	return nil
}

// addressOf returns the first URL of a service.
func addressOf(of config.Service) string {
	if of.URL == "" && len(of.URLs) > 0 {
		return of.URLs[0].URL
	}
	return of.URL
}

// missing answers for a service that the test has not given.
func missing(name string) http.Handler {
	return refusing(fmt.Sprintf("the test has no service %s: give gatewaytest.Service(%q, …) or gatewaytest.Mocks(1)", name, name))
}

// unmocked answers for a service that can't be mocked.
func unmocked(name string, err error) http.Handler {
	return refusing(fmt.Sprintf("%s has no mock: %v: add its document clients/%s/openapi.yaml, or give gatewaytest.Service(%q, …)", name, err, name, name))
}

func refusing(message string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, message, http.StatusNotImplemented) })
}

// mocksOf returns the mocks of the project at root, whose bindings are read once.
func mocksOf(root string) *mock.Project {
	found, _ := projects.LoadOrStore(root, mock.NewProject(root))
	return found.(*mock.Project) //nolint:forcetypeassert // nothing else is stored
}

var projects sync.Map //nolint:gochecknoglobals // tests have nothing in common but the process

// listen serves a handler, over HTTP/1.1 and HTTP/2 in plain text, until the test ends, and returns its URL.
func (g *Gateway) listen(service string, handler http.Handler) string {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.mu.Lock()
		g.calls = append(g.calls, Call{service, r.Method, r.URL.Path, r.URL.RawQuery})
		g.mu.Unlock()
		handler.ServeHTTP(w, r)
	}))
	s.Config.Protocols = new(http.Protocols)
	s.Config.Protocols.SetHTTP1(true)
	s.Config.Protocols.SetUnencryptedHTTP2(true)
	s.Start()
	g.t.Cleanup(s.Close)
	return s.URL
}

// serve serves until the test ends.
func (g *Gateway) serve(cfg *config.Config, open gateway.Open) {
	g.t.Helper()
	ready := make(chan string, 1)
	log := slog.New(slog.NewTextHandler(testWriter{g.t}, &slog.HandlerOptions{Level: slog.LevelWarn}))
	s, err := server.New(cfg, log, server.Options{Ready: func(public, _ string) { ready <- public }})
	if err != nil {
		g.t.Fatal(err)
	}
	frontends, policies, err := open(s.Services())
	if err != nil {
		g.t.Fatal(errors.Join(err, s.Close()))
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx, frontends, policies) }()
	select {
	case g.URL = <-ready:
	case err := <-ended:
		cancel()
		g.t.Fatal(errors.Join(err, s.Close()))
	}
	g.t.Cleanup(func() {
		cancel()
		if err := errors.Join(<-ended, s.Close()); err != nil {
			g.t.Error(err)
		}
	})
}

// testWriter writes the gateway's log into the test's.
type testWriter struct{ t testing.TB }

func (w testWriter) Write(line []byte) (int, error) {
	w.t.Log(strings.TrimSuffix(string(line), "\n"))
	return len(line), nil
}

// Calls returns the calls of services since the start, or since the previous Calls, in the order in which they arrived, which
// is not determined for concurrent calls.
func (g *Gateway) Calls() []Call {
	g.mu.Lock()
	defer g.mu.Unlock()
	calls := g.calls
	g.calls = nil
	return calls
}

// client has a timeout: a failed test says more than one that hangs.
var client = &http.Client{Timeout: time.Minute} //nolint:gochecknoglobals // it is not changed
