// Package server puts a gateway together: it serves frontends as a
// configuration says.
package server

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/portico-gateway/portico/gateway/access"
	"github.com/portico-gateway/portico/gateway/answer"
	"github.com/portico-gateway/portico/gateway/auth"
	"github.com/portico-gateway/portico/gateway/cache"
	"github.com/portico-gateway/portico/gateway/config"
	"github.com/portico-gateway/portico/gateway/execute"
	"github.com/portico-gateway/portico/gateway/memory"
	"github.com/portico-gateway/portico/gateway/overload"
	"github.com/portico-gateway/portico/gateway/ratelimit"
	"github.com/portico-gateway/portico/gateway/redis"
	"github.com/portico-gateway/portico/gateway/transport"
	"github.com/portico-gateway/portico/gateway/upstream"
)

// Server is a gateway. Use it as New, Services, Run, Close.
type Server struct {
	config     *config.Config
	options    Options
	log        *slog.Logger
	services   *upstream.Services
	verifier   *auth.Verifier
	link       *redis.Link // nil: there is no Redis
	limiter    *ratelimit.Limiter
	store      *cache.Store
	writer     *answer.Writer // of all frontends
	health     *health
	bodies     *transport.Budget // of all frontends
	admission  *overload.Limiter // nil: nothing is refused
	ownHeaders []string          // what services are not told by callers; canonical
}

// Options are what a project adds to a gateway. The zero value adds nothing.
type Options struct {
	// Policies decide what @policy asks, by name.
	Policies map[string]access.Policy
	// Unbounded executes any number of operations at a time, whatever the machine can do. It
	// is for measurements.
	Unbounded bool
}

// New prepares a gateway; it connects to nothing yet.
func New(cfg *config.Config, log *slog.Logger, options Options) (*Server, error) {
	verifier, errOfAuth := openVerifier(cfg.Auth, log)
	link, errOfLink := openLink(cfg.Redis, log)
	store, errOfStore := openStore(cfg.Cache, link)
	services, errOfServices := upstream.Open(serviceConfigs(cfg, store, log))
	writer, errOfWriter := answer.NewWriter()
	if err := errors.Join(errOfAuth, errOfLink, errOfServices, errOfStore, errOfWriter); err != nil {
		if errOfStore == nil {
			store.Close()
		}
		return nil, err
	}
	s := &Server{
		config:   cfg,
		options:  options,
		log:      log,
		services: services,
		verifier: verifier,
		link:     link,
		limiter:  ratelimit.New(limiterConfig(cfg.Redis, link, log)),
		store:    store,
		writer:   writer,
		bodies:   transport.NewBudget(int64(cfg.Server.BodyBudget)),
		health:   newHealth(cfg.Services, services.Check, verifier),
		// An API key lets its bearer act for its principal: services need none.
		ownHeaders: []string{http.CanonicalHeaderKey(cfg.Auth.KeyHeader)},
	}
	if !options.Unbounded {
		s.admission = overload.New(overload.Sampler())
	}
	for _, service := range cfg.Services {
		if service.SubjectHeader != "" {
			s.ownHeaders = append(s.ownHeaders, http.CanonicalHeaderKey(service.SubjectHeader))
		}
	}
	return s, nil
}

// Services are the gateway's services, for typed clients.
func (s *Server) Services() *upstream.Services { return s.services }

// Close closes the connections to services. Run must have returned.
func (s *Server) Close() error {
	err := s.services.Close()
	s.store.Close()
	return err
}

// ErrTerminated is the cause of a context that ends because the gateway is taken out of
// service, such as by Kubernetes: others may send it requests for a while.
var ErrTerminated = errors.New("the gateway is terminated")

// Run serves frontends until ctx is done; then it waits for the requests that
// are under way, for at most the configured time. If the cause is [ErrTerminated], it
// goes on to serve for the configured time first, and is not ready. It sets the garbage collector of
// the process (package memory). Its error is nil when it was
// stopped and nothing was cut off.
func (s *Server) Run(ctx context.Context, frontends []execute.Frontend) error {
	if err := checkReceivers(s.config, frontends); err != nil {
		return err
	}
	routes, err := s.newRoutes(frontends) //nolint:contextcheck // literals are parsed without a request
	if err != nil {
		return err
	}
	tuner, err := memory.Start()
	if err != nil {
		s.log.WarnContext(ctx, "the memory limit is not known", "cause", err)
	}
	defer tuner.Stop()
	defer s.background(ctx, routes)()
	defer s.connect(ctx)() // requests use it until they end
	public, err := listen(ctx, "server.listen", s.config.Server.Listen)
	if err != nil {
		return err
	}
	admin, err := listen(ctx, "admin.listen", s.config.Admin.Listen)
	if err != nil {
		return errors.Join(err, public.Close())
	}
	servers := []*http.Server{
		s.httpServer(s.leaving(chain(routes.mux, middlewares(s.config, s.log)))),
		s.httpServer(s.adminHandler()),
	}
	failed := make(chan error, len(servers))
	bounded := transport.NewListener(public, time.Duration(s.config.Server.WriteTimeout))
	for i, listener := range []net.Listener{bounded, transport.NewListener(admin, time.Duration(s.config.Server.WriteTimeout))} {
		go func() { failed <- servers[i].Serve(listener) }()
	}
	s.announce(public.Addr(), admin.Addr(), routes.names)
	select {
	case err := <-failed: // it can't listen any more
		return errors.Join(err, s.stop(servers, routes)) //nolint:contextcheck // see stop
	case <-ctx.Done():
		var err error
		if errors.Is(context.Cause(ctx), ErrTerminated) {
			err = s.lameDuck(failed)
		}
		if err == nil {
			s.drain(bounded) //nolint:contextcheck // see stop
		}
		return errors.Join(err, s.stop(servers, routes)) //nolint:contextcheck // see stop
	}
}

// adminHandler serves the admin address.
func (s *Server) adminHandler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", s.health.handler())
	mux.HandleFunc("POST /cache/purge", s.purge)
	mux.HandleFunc("GET /cache/stats", s.cacheStats)
	return mux
}

// background begins what runs beside requests. The function that it returns
// ends that and waits for it.
func (s *Server) background(ctx context.Context, routes *routes) (end func()) {
	ctx, cancel := context.WithCancel(ctx)
	var group sync.WaitGroup
	group.Go(func() { s.verifier.Run(ctx) })
	group.Go(func() { s.services.Run(ctx) })
	group.Go(func() { s.health.Run(ctx) })
	if s.admission != nil {
		group.Go(func() { s.admission.Run(ctx) })
	}
	for _, f := range routes.operations {
		group.Go(func() { f.Run(ctx) })
	}
	return func() {
		cancel()
		group.Wait()
		for _, f := range routes.operations {
			f.Close()
		}
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

func listen(ctx context.Context, setting, address string) (net.Listener, error) {
	var config net.ListenConfig
	config.SetMultipathTCP(false) // for which Drain can't drop what opens a connection
	l, err := config.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("%s: %w (is another gateway running? Stop it, or set another address)", setting, err)
	}
	return l, nil
}

func (s *Server) httpServer(handler http.Handler) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       time.Duration(s.config.Server.ReadTimeout),
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ConnState:         transport.ConnState,
		ErrorLog:          log.New(serverErrors{s.log}, "", 0),
	}
}

// announce tells where what is.
func (s *Server) announce(public, admin net.Addr, names []string) {
	base := "http://" + public.String()
	attrs := []any{"graphql", base + "/graphql", "frontends", strings.Join(names, ", ")}
	if s.config.Playground.Enabled {
		attrs = append(attrs, "playground", base+"/playground")
	}
	s.log.Info("ready to serve", append(attrs, "health", "http://"+admin.String()+"/readyz")...)
}

// lameDuck serves requests for a while longer, of clients and proxies that do not know yet
// that the gateway is not ready, unless a listener fails, which is the error.
func (s *Server) lameDuck(failed <-chan error) error {
	s.health.stopping.Store(true)
	s.log.Info("not ready; requests are served for a while", "for", time.Duration(s.config.Server.LameDuck).String())
	timer := time.NewTimer(time.Duration(s.config.Server.LameDuck))
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
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(s.config.Server.Drain))
	defer cancel()
	if err := public.Drain(ctx); err != nil {
		s.log.Warn("connections that wait to be accepted are reset", "cause", err)
	}
}

// leaving makes clients close their connections, and open new ones elsewhere, when the
// gateway is about to stop.
func (s *Server) leaving(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.health.stopping.Load() && r.ProtoMajor == 1 {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}

// stop ends streams, waits for requests, closes what is left, and waits until other
// gateways know what was invalidated, all within the time of draining. It is not
// cancelled with what it stops for.
func (s *Server) stop(servers []*http.Server, routes *routes) error {
	s.health.stopping.Store(true)
	s.log.Info("stopping")
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(s.config.Server.Drain))
	defer cancel()
	var errs []error
	if err := routes.close(ctx); err != nil {
		errs = append(errs, fmt.Errorf("streams did not end within %v: %w", s.config.Server.Drain, err))
	}
	for _, server := range servers {
		if err := server.Shutdown(ctx); err != nil {
			errs = append(errs, fmt.Errorf("requests were cut off after %v: %w", s.config.Server.Drain, err), server.Close())
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
