package upstream

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"strings"
	"sync/atomic"
	"time"

	"github.com/portico-gateway/portico/gateway/endpoint"
)

// setup is how a service is called. It is replaced as a whole when the configuration
// changes; a call that is under way may use both, one after the other.
type setup struct {
	config   Config
	tls      *tls.Config // nil for plain text
	base     string      // scheme, host and path, without a slash at the end; the host is that of the first target
	versions *versions
	patience time.Duration // in which a stream of gRPC whose first message may take any time is refused, or open
}

// client calls a service over one protocol.
type client interface {
	// newPeer returns what calls an endpoint of a setup.
	newPeer(s *setup, e *endpoint.Endpoint) io.Closer
	// checkEndpoint is the active health check of an endpoint.
	checkEndpoint(ctx context.Context, e *endpoint.Endpoint) error
	// apply makes a setup the current one, and returns the one before; nil if there was
	// none.
	apply(s *setup) *setup
	// common returns what clients of all protocols have.
	common() *service
	// check returns nil if the service answers.
	check(ctx context.Context) error
	// close ends what is under way. No call may begin after it.
	close()
}

// service is what clients of all protocols have.
type service struct {
	current atomic.Pointer[setup]
	hubs    *hubs    // of streams that are shared
	values  []string // the names that bindings need; see Need
	used    bool     // the gateway calls it: it must stay
}

// apply makes a setup the current one, and returns the one before; nil if there was none.
func (s *service) apply(next *setup) *setup {
	s.hubs.window.Store(int64(next.config.Resume))
	before := s.current.Swap(next)
	s.hubs.renew()
	return before
}

func (s *service) close() { s.hubs.close() }

func (s *service) config() *Config     { return &s.current.Load().config }
func (s *service) versions() *versions { return s.current.Load().versions }

// need fails if the service lacks values for bindings, now or after a change.
func (s *service) need(names []string) error {
	s.values = append(s.values, names...)
	return s.config().need(names)
}

// newSetup returns the setup of a configuration for a client of the service, which is
// made if it is nil. The client must not have been given another scheme before.
func newSetup(c Config, of client) (*setup, client, error) {
	config, err := c.TLS.config()
	if err != nil {
		return nil, nil, err
	}
	s := &setup{config: c, patience: c.Timeout}
	c.Endpoints.Open = func(e *endpoint.Endpoint) io.Closer { return of.newPeer(s, e) }
	c.Endpoints.Health.Check = func(ctx context.Context, e *endpoint.Endpoint) error { return of.checkEndpoint(ctx, e) }
	if s.versions, err = newVersions(c); err != nil {
		return nil, nil, err
	}
	u := s.versions.url()
	s.base = u.String()
	if u.Scheme == "https" || u.Scheme == "grpcs" {
		s.tls = config
	}
	if err := s.check(of); err != nil {
		s.versions.close()
		return nil, nil, err
	}
	switch {
	case of != nil:
	case s.isGRPC():
		of = newGRPC(c)
	default:
		of = newHTTP(c)
	}
	return s, of, nil
}

func (s *setup) isGRPC() bool { return strings.HasPrefix(s.versions.url().Scheme, "grpc") }

// check returns the error of a setup of a client, which may be nil.
func (s *setup) check(of client) error {
	if s.tls != nil && s.versions.url().SRV && s.config.TLS.ServerName == "" {
		return errors.New("SRV records over TLS need tls.serverName: DNS must not decide whose certificate is accepted")
	}
	if s.isGRPC() {
		if err := checkMetadata(s.config.Headers); err != nil {
			return err
		}
	}
	if of == nil {
		return nil
	}
	if _, isGRPC := of.(*grpcClient); isGRPC != s.isGRPC() {
		return errors.New("it can't change between HTTP and gRPC while the gateway runs")
	}
	return s.config.need(of.common().values)
}
