// Package server puts a gateway together: it serves frontends as a
// configuration says.
package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/portico-gateway/portico/gateway/access"
	"github.com/portico-gateway/portico/gateway/admin"
	"github.com/portico-gateway/portico/gateway/answer"
	"github.com/portico-gateway/portico/gateway/auth"
	"github.com/portico-gateway/portico/gateway/cache"
	"github.com/portico-gateway/portico/gateway/config"
	"github.com/portico-gateway/portico/gateway/execute"
	"github.com/portico-gateway/portico/gateway/health"
	"github.com/portico-gateway/portico/gateway/listen"
	"github.com/portico-gateway/portico/gateway/memory"
	"github.com/portico-gateway/portico/gateway/middleware"
	"github.com/portico-gateway/portico/gateway/overload"
	"github.com/portico-gateway/portico/gateway/ratelimit"
	"github.com/portico-gateway/portico/gateway/redis"
	"github.com/portico-gateway/portico/gateway/reload"
	"github.com/portico-gateway/portico/gateway/telemetry"
	"github.com/portico-gateway/portico/gateway/transport"
	"github.com/portico-gateway/portico/gateway/upstream"
)

// Server is a gateway. Use it as New, Services, Run, Close.
type Server struct {
	options   Options
	started   *config.Config // that it was started with
	log       *slog.Logger
	observer  *telemetry.Observer
	services  *upstream.Services
	link      *redis.Link // nil: there is no Redis
	limiter   *ratelimit.Limiter
	store     *cache.Store
	writer    *answer.Writer // of all frontends
	health    *health.Health
	bodies    *transport.Budget // of all frontends
	admission *overload.Limiter // nil: nothing is refused
	tls       *transport.TLS    // of the public address; nil for plain text
	current   atomic.Pointer[state]
	reloader  *reload.Reloader

	// Of Run.
	frontends  []execute.Frontend
	policies   map[string]access.Policy
	transports map[string]*transport.Handler // by frontend
	addresses  atomic.Pointer[addresses]     // nil before it listens
}

// addresses are where the gateway is reached.
type addresses struct{ public, admin *listen.Address }

// Options are what the process adds to a gateway. The zero value adds nothing.
type Options struct {
	// AccessLog is where the access log goes; nil for nowhere.
	AccessLog io.Writer
	// Load reads the configuration again, for a reload; nil if that is impossible.
	Load func() (*config.Config, error)
	// File is the file that Load reads. The configuration is reloaded when it changes.
	File string
	// Reload asks for a reload, as SIGHUP does; it may be nil.
	Reload <-chan os.Signal
	// Ready is called when the gateway listens, with the URLs of its public and its admin address; nil for no call.
	Ready func(public, admin string)
	// Unbounded executes any number of operations at a time, whatever the machine can do. It
	// is for measurements.
	Unbounded bool
	// Unobserved makes no metrics of requests and calls, no access log, and records no usage. It is for measurements.
	Unobserved bool
}

// New prepares a gateway; it connects to nothing yet.
func New(cfg *config.Config, log *slog.Logger, options Options) (*Server, error) {
	s := &Server{
		options: options, started: cfg, log: log, bodies: transport.NewBudget(int64(cfg.Server.BodyBudget)),
	}
	s.reloader = reload.New(reload.Config{File: options.File, Signals: options.Reload, Notify: s.reloaded})
	if !options.Unbounded {
		s.admission = overload.New(overload.Sampler())
	}
	var errs [6]error
	s.observer, errs[0] = telemetry.New(cfg, options.AccessLog, log)
	s.link, errs[1] = openLink(cfg, log)
	s.limiter = ratelimit.New(limiterConfig(cfg.Redis, s.link, log))
	s.store, errs[2] = openStore(cfg.Cache, s.link)
	s.writer, errs[3] = answer.NewWriter()
	s.services, errs[4] = upstream.Open(s.serviceConfigs(cfg))
	s.health = health.New(health.Config{Check: s.services.Check, Missing: s.missing, Configuration: func() any { return s.reloader.State() }})
	first, err := s.newState(cfg, nil)
	errs[5] = err
	if err := cfg.At("", errors.Join(errs[:]...)); err != nil {
		_ = s.Close() // what is wrong is more
		return nil, err
	}
	if s.current.Store(first); first.tls != nil {
		s.tls = transport.NewTLS(first.tls.Config())
	}
	s.observer.AddGauges(telemetry.Parts{
		Admission: s.admission, Link: s.link, Store: s.store, Limiter: s.limiter, Services: s.services, Bodies: s.bodies,
		Addresses: s.listening, Transports: func() map[string]*transport.Handler { return s.transports },
		Ready: s.health.Ready, Configuration: s.reloader.State,
	})
	return s, nil
}

// missing returns what the gateway waits for besides services; empty if there is nothing.
func (s *Server) missing() string {
	if s.now().credentials.Verifier.Ready() != nil {
		return "waiting for the keys of token issuers"
	}
	return ""
}

// listening returns the addresses by name.
func (s *Server) listening() map[string]*listen.Address {
	at := s.addresses.Load()
	if at == nil {
		return nil
	}
	return map[string]*listen.Address{"public": at.public, "admin": at.admin}
}

// Services are the gateway's services, for typed clients.
func (s *Server) Services() *upstream.Services { return s.services }

// Close closes the connections to services. Run must have returned.
func (s *Server) Close() error {
	var err error
	if s.services != nil {
		err = s.services.Close()
	}
	if s.store != nil {
		s.store.Close()
	}
	return err
}

// ErrTerminated is the cause of a context that ends because the gateway is taken out of
// service, such as by Kubernetes: others may send it requests for a while.
var ErrTerminated = errors.New("the gateway is terminated")

// Run serves frontends, whose @policy the policies decide by name, until ctx is done; then it waits for the requests that
// are under way, for at most the configured time. If the cause is [ErrTerminated], it
// goes on to serve for the configured time first, and is not ready. It sets the garbage collector of
// the process (package memory). Its error is nil when it was
// stopped and nothing was cut off.
func (s *Server) Run(ctx context.Context, frontends []execute.Frontend, policies map[string]access.Policy) error {
	if err := s.open(frontends, policies); err != nil { //nolint:contextcheck // literals are parsed without a request
		return err
	}
	cfg := s.now().config
	tuner, err := memory.Start()
	if err != nil {
		s.log.WarnContext(ctx, "the memory limit is not known", "cause", err)
	}
	defer tuner.Stop()
	defer s.background(ctx)()
	defer s.connect(ctx)() // requests use it until they end
	at, err := s.listen(ctx, cfg)
	if err != nil {
		return err
	}
	s.addresses.Store(at)
	failed := make(chan error, 2)
	for _, address := range []*listen.Address{at.public, at.admin} {
		go func() { failed <- address.Serve() }()
	}
	s.announce(at.public.URL(), at.admin.URL())
	if s.options.Ready != nil {
		s.options.Ready(at.public.URL(), at.admin.URL())
	}
	select {
	case err := <-failed: // it can't listen any more
		return errors.Join(err, s.stop(at)) //nolint:contextcheck // see stop
	case <-ctx.Done():
		var err error
		if errors.Is(context.Cause(ctx), ErrTerminated) {
			err = s.lameDuck(failed)
		}
		if err == nil {
			s.drain(at.public) //nolint:contextcheck // see stop
		}
		return errors.Join(err, s.stop(at)) //nolint:contextcheck // see stop
	}
}

// The modes of Unix domain sockets. A process that can connect to the public one may name
// the address of a client, so it needs the same user or group; operators need the same user.
const (
	publicMode fs.FileMode = 0o660
	adminMode  fs.FileMode = 0o600
)

// listen opens both addresses.
func (s *Server) listen(ctx context.Context, of *config.Config) (*addresses, error) {
	cfg := of.Server
	both := listen.Config{ReadTimeout: time.Duration(cfg.ReadTimeout), WriteTimeout: time.Duration(cfg.WriteTimeout), Log: s.log}
	public, admins := both, both
	public.Address, public.Mode, public.Handler = cfg.Listen, publicMode, middleware.Leave(s.health.Stopping, s)
	public.TLS, public.H2C = s.tls, cfg.H2C
	public.Connections, public.ConnectionsPerAddress, public.Unlimited = cfg.Connections, cfg.ConnectionsPerAddress, s.trustsAddress
	admins.Address, admins.Mode, admins.Handler = of.Admin.Listen, adminMode, s.adminHandler()
	at := &addresses{}
	var err error
	if at.public, err = listen.Open(ctx, public); err != nil {
		return nil, fmt.Errorf("server.listen: %w", err)
	}
	if at.admin, err = listen.Open(ctx, admins); err != nil {
		return nil, errors.Join(fmt.Errorf("admin.listen: %w", err), at.public.Close())
	}
	return at, nil
}

// trustsAddress reports whether an address is that of a trusted proxy.
func (s *Server) trustsAddress(address netip.Addr) bool {
	return proxies(s.now().config.Server).Trust(address)
}

func (s *Server) adminHandler() http.Handler {
	return admin.Handler(&admin.Config{
		Token:     func() string { return string(s.now().config.Admin.Token) },
		Verifier:  func() *auth.Verifier { return s.now().credentials.Verifier },
		Frontends: func() []string { return s.now().names },
		Health:    s.health, Reloader: s.reloader, Observer: s.observer, Store: s.store, Log: s.log,
	})
}

// background begins what runs beside requests, also while they are drained. The function that
// it returns ends that and waits for it. Reloads end with ctx.
func (s *Server) background(ctx context.Context) (end func()) {
	own, cancel := context.WithCancel(context.WithoutCancel(ctx))
	ctx, stop := context.WithCancel(ctx)
	endSending := s.observer.Send()
	var group sync.WaitGroup
	group.Go(func() { s.services.Run(own) })
	group.Go(func() { s.observer.Run(own) })
	group.Go(func() { s.health.Run(own) })
	if s.admission != nil {
		group.Go(func() { s.admission.Run(own) })
	}
	group.Go(func() { s.runStates(ctx, own) })
	return func() {
		stop()
		cancel()
		group.Wait()
		endSending(context.WithoutCancel(own))
	}
}

// connect runs what needs Redis, and returns when it is known whether that is
// there. The function that it returns ends that and waits for it: what requests
// left is sent before the link ends.
func (s *Server) connect(ctx context.Context) (end func()) {
	if s.link == nil {
		return func() {}
	}
	run := func(run func(context.Context)) (end func()) {
		own, cancel := context.WithCancel(context.WithoutCancel(ctx))
		done := make(chan struct{})
		go func() {
			defer close(done)
			run(own)
		}()
		return func() {
			cancel()
			<-done
		}
	}
	link := run(s.link.Run)
	select {
	case <-s.link.Tried():
	case <-ctx.Done():
	}
	store, limiter := run(s.store.Run), run(s.limiter.Run)
	return func() {
		limiter()
		store()
		link()
	}
}

// announce logs the addresses of what the gateway serves.
func (s *Server) announce(public, admin string) {
	attrs := []any{"graphql", public + "/graphql", "frontends", strings.Join(s.now().names, ", ")}
	if s.now().config.Playground.Enabled {
		attrs = append(attrs, "playground", public+"/playground")
	}
	s.log.Info("ready to serve", append(attrs, "health", admin+"/readyz")...)
}

// lameDuck serves requests for a while longer, of clients and proxies that do not know yet
// that the gateway is not ready, unless a listener fails, which is the error.
func (s *Server) lameDuck(failed <-chan error) error {
	s.health.Stop()
	lameDuck := s.now().config.Server.LameDuck
	s.log.Info("not ready; requests are served for a while", "for", time.Duration(lameDuck).String())
	timer := time.NewTimer(time.Duration(lameDuck))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case err := <-failed:
		return err
	}
}

// drain accepts the connections that clients have opened, as the last ones.
func (s *Server) drain(public *listen.Address) {
	s.health.Stop()
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(s.now().config.Server.Drain))
	defer cancel()
	if err := public.Drain(ctx); err != nil {
		s.log.Warn("connections that wait to be accepted are reset", "cause", err)
	}
}

// stop ends streams, waits for requests, closes what is left, and waits until other
// gateways know what was invalidated, all within the time of draining. It is not
// cancelled with what it stops for.
func (s *Server) stop(at *addresses) error {
	s.health.Stop()
	s.log.Info("stopping")
	drain := s.now().config.Server.Drain
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(drain))
	defer cancel()
	var errs []error
	for name, t := range s.transports {
		if err := t.Shutdown(ctx); err != nil {
			errs = append(errs, fmt.Errorf("streams of the frontend %s did not end within %v: %w", name, drain, err))
		}
	}
	for _, address := range []*listen.Address{at.public, at.admin} {
		if err := address.Shutdown(ctx); err != nil {
			errs = append(errs, fmt.Errorf("requests were cut off after %v: %w", drain, err), address.Close())
		}
	}
	switch pending := s.store.Flush(ctx); pending {
	case 0:
	case -1:
		s.log.Error("other gateways do not know that everything cached was invalidated: they serve what they have for its maxAge")
	default:
		s.log.Error("other gateways do not know what was invalidated: they serve what they have for its maxAge", "tags", pending)
	}
	return errors.Join(errs...)
}
