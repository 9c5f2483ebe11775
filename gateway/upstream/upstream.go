// Package upstream calls services, over HTTP and gRPC.
//
// Whatever goes wrong leaves it as a *problem.Error with a code and a message
// that a frontend may see; the cause has what the log needs ([StatusError]).
// The one exception is a caller who left: that error is context.Canceled.
//
// Services are called where their URLs say: redirects are followed only within the
// origin of a service, if at all, and proxies that the environment names are not
// used.
package upstream

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/portico-gateway/portico/gateway/cache"
)

// Config describes one service. Zero values stand for the defaults.
type Config struct {
	// Name is that of portico.yaml and of problems.
	Name string
	// URL is http://, https://, grpc:// (plain text) or grpcs://host:port. An
	// HTTP URL may have a path, which goes before those of all requests.
	URL string
	// Timeout bounds one call, from waiting for a connection to the end of the
	// answer, in addition to the caller's deadline; 5 s by default. Of an HTTP
	// stream it bounds the time until the answer begins, and of one with the state of
	// a service ([ShareState]), also over gRPC, until the first event.
	Timeout time.Duration
	// FirstMessage bounds the time until the first message of other streams; 0 for
	// any time.
	FirstMessage time.Duration
	// MaxBatch is how many keys one call may have; 100 by default.
	MaxBatch int
	// MaxResponseBytes bounds an answer, uncompressed, or one message or event of
	// a stream; 8 MiB by default.
	MaxResponseBytes int64
	// Attempts is how often an idempotent call is made at most: a GET, or a call of
	// gRPC for a field of a query; 2 by default. Mutations call once.
	Attempts int
	// Hedging is the quantile of a route's latencies, such as 0.95, after which an
	// idempotent call that has no answer is made a second time; 0 for never.
	Hedging float64
	// Concurrency bounds the calls that are under way, without streams; 100 by
	// default. One binding, or method of gRPC, has at most three quarters of them.
	// Over HTTP/1.1 each has a connection.
	Concurrency int
	// Resume is how long a shared stream that broke is opened again before its
	// subscribers receive an error; 10 s by default. See [Sharing].
	Resume time.Duration
	// ForwardAuthorization sends the service the caller's Authorization.
	ForwardAuthorization bool
	// FollowRedirects follows redirects of GETs within the origin of URL (scheme, host
	// and port), at most 5 for a call. Where they lead is called as URL is, with the
	// caller's identity.
	FollowRedirects bool
	// SubjectHeader is the header, or the metadata of gRPC, that tells the
	// service the principal's subject; empty for none.
	SubjectHeader string
	// Store keeps answers to GETs that may be kept; nil keeps none.
	Store *cache.Store
	// Values are what bindings find as $config.
	Values map[string]string
	// Suspect gets to know of bindings that look wrong, each reason once; nil for
	// nobody. It must not block. Strict makes it at the first answer, as tests want
	// it; by default, several must agree.
	Suspect func(Suspicion)
	Strict  bool
}

func (c Config) need(names []string) error {
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

// Need fails when portico.yaml lacks one of these values for bindings.
func (c *HTTP) Need(names ...string) error { return c.config.need(names) }

// Need fails when portico.yaml lacks one of these values for bindings.
func (c *GRPC) Need(names ...string) error { return c.config.need(names) }

// Value is a value that portico.yaml has for bindings; empty when it has none.
func (c *HTTP) Value(name string) string { return c.config.Values[name] }

// Value is a value that portico.yaml has for bindings; empty when it has none.
func (c *GRPC) Value(name string) string { return c.config.Values[name] }

func (c Config) withDefaults() Config {
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
		c.Concurrency = 100
	}
	if c.Resume == 0 {
		c.Resume = 10 * time.Second
	}
	if c.Store == nil {
		c.Store = cache.Nothing()
	}
	return c
}

// Services are the services of a gateway. They are safe for concurrent use.
type Services struct {
	http map[string]*HTTP
	grpc map[string]*GRPC
}

// Open prepares the clients of services. It connects to none of them: a service
// that is down fails the calls to it, not the gateway. Its error has every
// mistake.
func Open(configs []Config) (*Services, error) {
	s := &Services{http: map[string]*HTTP{}, grpc: map[string]*GRPC{}}
	var errs []error
	for _, c := range configs {
		if err := s.open(c.withDefaults()); err != nil {
			errs = append(errs, fmt.Errorf("service %s: %w", c.Name, err))
		}
	}
	if len(errs) > 0 {
		return nil, errors.Join(append(errs, s.Close())...)
	}
	return s, nil
}

func (s *Services) open(c Config) error {
	u, err := url.Parse(c.URL)
	if err != nil {
		return errors.New("its URL is none") // err would tell a password that is in it
	}
	if u.Host == "" {
		return errors.New("its URL has no host")
	}
	if u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" { // not to be dropped in silence
		return errors.New("its URL must be without user, query and fragment")
	}
	switch u.Scheme {
	case "http", "https":
		s.http[c.Name] = newHTTP(c, u)
	case "grpc", "grpcs":
		client, err := newGRPC(c, u)
		if err != nil {
			return err
		}
		s.grpc[c.Name] = client
	default:
		return fmt.Errorf("its URL begins with %q: want http, https, grpc or grpcs", u.Scheme)
	}
	return nil
}

// HTTP returns the client of an HTTP service; an error tells which there are.
func (s *Services) HTTP(name string) (*HTTP, error) {
	if c, ok := s.http[name]; ok {
		return c, nil
	}
	return nil, s.missing(name, "http or https", slices.Sorted(maps.Keys(s.http)))
}

// GRPC returns the client of a gRPC service; an error tells which there are.
func (s *Services) GRPC(name string) (*GRPC, error) {
	if c, ok := s.grpc[name]; ok {
		return c, nil
	}
	return nil, s.missing(name, "grpc or grpcs", slices.Sorted(maps.Keys(s.grpc)))
}

func (s *Services) missing(name, scheme string, have []string) error {
	return fmt.Errorf("portico.yaml has no service %q with a URL of %s; of these there are: %s", name, scheme, strings.Join(have, ", "))
}

// Check tells whether a service answers: nil when it does. An HTTP service is
// asked for /healthz, where any answer below 500 will do; a gRPC service by
// its health protocol, where not to implement that is an answer that will do.
func (s *Services) Check(ctx context.Context, name string) error {
	if c, ok := s.http[name]; ok {
		return c.check(ctx)
	}
	if c, ok := s.grpc[name]; ok {
		return c.check(ctx)
	}
	return s.missing(name, "any kind", slices.Sorted(maps.Keys(s.http)))
}

// Close closes all connections.
func (s *Services) Close() error {
	var errs []error
	for _, c := range s.http {
		c.gets.Close()
		c.hubs.close()
		c.transport.CloseIdleConnections()
		c.streams.CloseIdleConnections()
	}
	for _, c := range s.grpc {
		c.hubs.close()
		errs = append(errs, c.conn.Close())
	}
	return errors.Join(errs...)
}
