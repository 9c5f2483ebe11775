// Package server puts a gateway together: it serves frontends as a
// configuration says.
package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/portico-gateway/portico/gateway/access"
	"github.com/portico-gateway/portico/gateway/answer"
	"github.com/portico-gateway/portico/gateway/cache"
	"github.com/portico-gateway/portico/gateway/config"
	"github.com/portico-gateway/portico/gateway/execute"
	"github.com/portico-gateway/portico/gateway/memory"
	"github.com/portico-gateway/portico/gateway/observe"
	"github.com/portico-gateway/portico/gateway/overload"
	"github.com/portico-gateway/portico/gateway/ratelimit"
	"github.com/portico-gateway/portico/gateway/redis"
	"github.com/portico-gateway/portico/gateway/transport"
	"github.com/portico-gateway/portico/gateway/upstream"
	"github.com/portico-gateway/portico/gateway/usage"
)

// Server is a gateway. Use it as New, Services, Run, Close.
type Server struct {
	options   Options
	observer  *observer
	log       *slog.Logger
	services  *upstream.Services
	link      *redis.Link // nil: there is no Redis
	limiter   *ratelimit.Limiter
	store     *cache.Store
	writer    *answer.Writer // of all frontends
	health    *health
	bodies    *transport.Budget // of all frontends
	admission *overload.Limiter // nil: nothing is refused
	tls       *transport.TLS    // of the public address; nil for plain text
	current   atomic.Pointer[state]
	reloading *reloading

	// Of Run.
	frontends  []execute.Frontend
	policies   map[string]access.Policy
	transports map[string]*transport.Handler // by frontend
	listening  atomic.Pointer[listeners]     // nil before it listens
}

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
	o := &observer{
		metrics: observe.NewMetrics(), access: observe.NewAccess(options.AccessLog, rand.Float64),
		usage: usage.NewRecorder(usage.RecorderConfig{File: cfg.Usage.File, Log: log, Now: time.Now}, cfg.Usage.Days),
	}
	var errOfTracing error
	o.tracing, errOfTracing = openTracing(cfg.OTLP, o.metrics, log)
	link, errOfLink := openLink(cfg.Redis, log)
	store, errOfStore := openStore(cfg.Cache, link)
	services, errOfServices := upstream.Open(serviceConfigs(cfg, store, o.unless(options.Unobserved), log))
	writer, errOfWriter := answer.NewWriter()
	s := &Server{
		options:   options,
		observer:  o,
		log:       log,
		services:  services,
		link:      link,
		limiter:   ratelimit.New(limiterConfig(cfg.Redis, link, log)),
		store:     store,
		writer:    writer,
		bodies:    transport.NewBudget(int64(cfg.Server.BodyBudget)),
		reloading: newReloading(),
	}
	if !options.Unbounded {
		s.admission = overload.New(overload.Sampler())
	}
	s.health = newHealth(cfg.Services, s.services.Check, func() error { return s.now().verifier.Ready() }, s.reloading.state)
	first, errOfState := s.newState(cfg, nil)
	if err := errors.Join(errOfStore, errOfWriter, cfg.At("", errors.Join(errOfLink, errOfServices, errOfState, errOfTracing))); err != nil {
		_ = s.Close() // what is wrong is more
		return nil, err
	}
	s.addGauges()
	if s.current.Store(first); first.tls != nil {
		s.tls = transport.NewTLS(first.tls)
	}
	return s, nil
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
	s.listening.Store(&at)
	servers := []*http.Server{s.publicServer(s), s.httpServer(s.adminHandler())}
	failed := make(chan error, len(servers))
	for i, listener := range []net.Listener{at.public, at.admin} {
		go func() { failed <- servers[i].Serve(listener) }()
	}
	s.announce(urlOf(at.public), urlOf(at.admin))
	if s.options.Ready != nil {
		s.options.Ready(urlOf(at.public), urlOf(at.admin))
	}
	select {
	case err := <-failed: // it can't listen any more
		return errors.Join(err, s.stop(servers)) //nolint:contextcheck // see stop
	case <-ctx.Done():
		var err error
		if errors.Is(context.Cause(ctx), ErrTerminated) {
			err = s.lameDuck(failed)
		}
		if err == nil {
			s.drain(at.public) //nolint:contextcheck // see stop
		}
		return errors.Join(err, s.stop(servers)) //nolint:contextcheck // see stop
	}
}

// background begins what runs beside requests, also while they are drained. The function that
// it returns ends that and waits for it. Reloads end with ctx.
func (s *Server) background(ctx context.Context) (end func()) {
	own, cancel := context.WithCancel(context.WithoutCancel(ctx))
	ctx, stop := context.WithCancel(ctx)
	endTracing := s.observer.tracing.start()
	var group sync.WaitGroup
	group.Go(func() { s.services.Run(own) })
	group.Go(func() { s.observer.access.Run(own) })
	group.Go(func() { s.observer.usage.Run(own) })
	group.Go(func() { s.health.Run(own) })
	if s.admission != nil {
		group.Go(func() { s.admission.Run(own) })
	}
	group.Go(func() { s.runStates(ctx, own) })
	return func() {
		stop()
		cancel()
		group.Wait()
		endTracing(context.WithoutCancel(own))
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

func (s *Server) httpServer(handler http.Handler) *http.Server {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       time.Duration(s.now().config.Server.ReadTimeout),
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          log.New(serverErrors{s.log}, "", 0),
	}
	transport.Attach(server, time.Duration(s.now().config.Server.WriteTimeout))
	return server
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
	s.health.stopping.Store(true)
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
func (s *Server) drain(public *transport.Listener) {
	s.health.stopping.Store(true)
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(s.now().config.Server.Drain))
	defer cancel()
	if err := public.Drain(ctx); err != nil {
		s.log.Warn("connections that wait to be accepted are reset", "cause", err)
	}
}

// leaving makes clients close their connections, and open new ones elsewhere, when the
// gateway is about to stop.
func (s *Server) leaving(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.health.stopping.Load() { // net/http sends GOAWAY over HTTP/2
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}

// stop ends streams, waits for requests, closes what is left, and waits until other
// gateways know what was invalidated, all within the time of draining. It is not
// cancelled with what it stops for.
func (s *Server) stop(servers []*http.Server) error {
	s.health.stopping.Store(true)
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
	for _, server := range servers {
		if err := server.Shutdown(ctx); err != nil {
			errs = append(errs, fmt.Errorf("requests were cut off after %v: %w", drain, err), server.Close())
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
