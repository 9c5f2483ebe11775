// Package upstream calls services, over HTTP and gRPC.
//
// Hand-written code has the client of a service from [Clients], or from a generated client,
// which embeds it. Over HTTP, it calls [GetJSON], [HTTP.StreamJSON] for a stream and
// [HTTP.Done] where it needs no answer; over gRPC, generated stubs with [Conn], [Watch] or
// [Follow]. [IsNotFound], [IsStatus] and [IsCode] distinguish errors, and [Header] returns a
// header of the caller's request. Most of the rest is for generated clients and for the
// gateway.
//
// All errors are a *problem.Error with a code and a message that a frontend may see, and
// a cause for the log ([StatusError]), except that the error is context.Canceled if the
// caller left.
//
// Services are called where their URLs say: redirects are followed only within the
// origin of a service, if at all, and proxies that the environment names are not
// used.
package upstream

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/portico-gateway/portico/gateway/cache"
	"github.com/portico-gateway/portico/gateway/endpoint"
)

// Config describes one service. Zero values stand for the defaults.
type Config struct {
	// Name is the name in portico.yaml and in problems.
	Name string
	// URL is a target as described at [endpoint.ParseURL]; empty if Endpoints has
	// targets.
	URL string
	// Endpoints configures the endpoints of the service. The package sets Open and
	// Health.Check.
	Endpoints endpoint.Config
	// Versions are other versions of the service, by name: of their configurations, only
	// the targets and the file count.
	Versions map[string]endpoint.Config
	// Canary are the rules by which a request gets one of Versions; the first matching
	// rule applies.
	Canary []Rule
	// Mirror sends copies of reading calls to one of Versions.
	Mirror Mirror
	// Fallback is the version that gets reading calls that fail because the service is
	// not available; empty for none.
	Fallback string
	// HealthPath is the path of active health checks of an HTTP endpoint, below the path of
	// its URL; /healthz by default. HealthService is the service name in gRPC's health
	// protocol. Checks are made if the interval of Endpoints.Health is more than 0.
	HealthPath, HealthService string
	// ConnectTimeout limits the time to connect, including the TLS handshake; 2 s by default.
	ConnectTimeout time.Duration
	// Connections is the maximum number of connections to an endpoint: 0 means no limit
	// for HTTP, and 10 for gRPC.
	Connections int
	// IdleTimeout is how long an unused connection is kept; 90 s by default.
	IdleTimeout time.Duration
	// TLS configures https and grpcs.
	TLS TLS
	// Timeout limits a call, from waiting for a connection to the end of the answer, in
	// addition to the caller's deadline; 5 s by default. For a stream, it limits the time
	// until the answer begins or, over gRPC, until the endpoint permits the stream; for a
	// [ShareState] stream, also over gRPC, until the first event.
	Timeout time.Duration
	// FirstMessage limits the time until the first message of other streams; 0 for no
	// limit.
	FirstMessage time.Duration
	// MaxBatch is the maximum number of keys of a call; 100 by default.
	MaxBatch int
	// MaxResponseBytes limits an uncompressed answer, or a message or event of a stream;
	// 8 MiB by default.
	MaxResponseBytes int64
	// Attempts is the maximum number of attempts of an idempotent call: a GET, or a gRPC
	// call for a field of a query; 2 by default. Calls of mutations are not retried.
	Attempts int
	// Hedging is the quantile of a route's latencies, such as 0.95, after which an
	// idempotent call without an answer is hedged; 0 for never.
	Hedging float64
	// Concurrency limits concurrent calls, without streams; 256 by default. One binding,
	// or method of gRPC, has at most half of them. Over HTTP/1.1 each has a connection.
	Concurrency int
	// Resume is how long the gateway tries to reopen a broken shared stream before its
	// subscribers receive an error; 10 s by default. See [Sharing].
	Resume time.Duration
	// ForwardAuthorization sends the service the caller's Authorization.
	ForwardAuthorization bool
	// FollowRedirects follows redirects of GETs within the origin of URL (scheme, host
	// and port), at most 5 for a call. Targets are called like URL, with the caller's
	// identity.
	FollowRedirects bool
	// SubjectHeader is the header, or the gRPC metadata, that has the principal's
	// subject; empty for none.
	SubjectHeader string
	// Headers are the names of headers of the caller's request that are sent to the
	// service, for gRPC as metadata, unless the call sets them. They must not be
	// credentials, such as Authorization and Cookie.
	Headers []string
	// Store caches cacheable answers to GETs; nil caches none.
	Store *cache.Store
	// Values are the values of $config in bindings.
	Values map[string]string
	// OnStream is called for events of shared streams; it may be nil. It must not block.
	OnStream func(StreamEvent)
	// Observer observes calls with one answer; it may be nil.
	Observer Observer
	// ObserveBatches returns a function that is called with the number of keys of each batch of
	// a loader; it may be nil. It is called once for each loader of the service.
	ObserveBatches func(service, loader string) func(keys int)
	// Suspect receives suspicions about bindings, each once; it may be nil. It must not
	// block. With Strict, for tests, a single answer is enough; by default, several must
	// agree.
	Suspect func(Suspicion)
	Strict  bool
}

func (c *Config) need(names []string) error {
	var missing []string
	for _, name := range names {
		if _, ok := c.Values[name]; !ok {
			missing = append(missing, "services."+c.Name+".config."+name)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return fmt.Errorf("portico.yaml has no %s, which a binding uses as $config", strings.Join(missing, ", no "))
}

func (c *Config) batches(loader string) func(keys int) {
	if c.ObserveBatches == nil {
		return nil
	}
	return c.ObserveBatches(c.Name, loader)
}

// Need is part of [Service].
func (c *httpClient) Need(names ...string) error { return c.need(names) }

// Need is part of [Service].
func (c *grpcClient) Need(names ...string) error { return c.need(names) }

// Value is part of [Service].
func (c *httpClient) Value(name string) string { return c.config().Values[name] }

// Value is part of [Service].
func (c *grpcClient) Value(name string) string { return c.config().Values[name] }

func (c Config) withDefaults() Config {
	if c.ConnectTimeout == 0 {
		c.ConnectTimeout = 2 * time.Second
	}
	if c.IdleTimeout == 0 {
		c.IdleTimeout = 90 * time.Second
	}
	if c.HealthPath == "" {
		c.HealthPath = "/healthz"
	}
	if c.URL != "" {
		c.Endpoints.Targets = []endpoint.Target{{URL: c.URL}}
	}
	if c.Timeout == 0 {
		c.Timeout = 5 * time.Second
	}
	if c.MaxBatch == 0 {
		c.MaxBatch = 100
	}
	if c.MaxResponseBytes == 0 {
		c.MaxResponseBytes = 8 << 20
	}
	if c.Attempts == 0 {
		c.Attempts = 2
	}
	if c.Concurrency == 0 {
		c.Concurrency = 256
	}
	if c.Resume == 0 {
		c.Resume = 10 * time.Second
	}
	if c.Store == nil {
		c.Store = cache.Nothing()
	}
	c.Headers = canonical(c.Headers)
	return c
}

// Services are the services of a gateway. They are safe for concurrent use.
type Services struct {
	rules atomic.Pointer[map[string][]Rule] // by service; only those that have some

	mu      sync.Mutex
	clients map[string]client
	all     []*versions
	run     func(*versions) // nil unless Run is running
}

// Open prepares the clients of services. It connects to none of them: a service
// that is down fails the calls to it, not the gateway. Its error has every
// mistake.
func Open(configs []Config) (*Services, error) {
	s := &Services{clients: map[string]client{}}
	change, err := s.Change(configs, nil)
	if err != nil {
		return nil, err
	}
	change.Apply()
	return s, nil
}

// Run keeps the endpoints up to date until ctx is done.
func (s *Services) Run(ctx context.Context) {
	var group sync.WaitGroup
	s.mu.Lock()
	s.run = func(vs *versions) { group.Go(func() { vs.run(ctx) }) }
	for _, vs := range s.all {
		s.run(vs)
	}
	s.mu.Unlock()
	<-ctx.Done()
	s.mu.Lock()
	s.run = nil
	s.mu.Unlock()
	group.Wait()
}

// HTTP is part of [Clients].
func (s *Services) HTTP(name string) (HTTP, error) {
	return find[*httpClient](s, name, "http or https")
}

// GRPC is part of [Clients].
func (s *Services) GRPC(name string) (GRPC, error) {
	return find[*grpcClient](s, name, "grpc or grpcs")
}

// find returns the client of a service that has one of a type.
func find[C client](s *Services, name, scheme string) (none C, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c, ok := s.clients[name].(C); ok {
		c.common().used = true
		return c, nil
	}
	var have []string
	for name, c := range s.clients {
		if _, ok := c.(C); ok {
			have = append(have, name)
		}
	}
	slices.Sort(have)
	return none, fmt.Errorf("portico.yaml has no service %q with a URL of %s; of these there are: %s", name, scheme, strings.Join(have, ", "))
}

// client returns the client of a service; nil if there is none.
func (s *Services) client(name string) client {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.clients[name]
}

// Check checks whether a service answers: it returns nil when it does. For HTTP, it
// requests /healthz and accepts any status below 500; for gRPC, it uses the health
// protocol and also accepts UNIMPLEMENTED.
func (s *Services) Check(ctx context.Context, name string) error {
	c := s.client(name)
	if c == nil {
		return fmt.Errorf("there is no service %q", name)
	}
	return c.check(context.WithValue(ctx, checkKey{}, true))
}

// checkKey is what the context of a check has, of which the observer of calls gets to know
// nothing: it is made for no caller.
type checkKey struct{}

// Close closes all connections. Run must have returned.
func (s *Services) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.clients {
		c.close()
	}
	for _, vs := range s.all {
		vs.close()
	}
	return nil
}
