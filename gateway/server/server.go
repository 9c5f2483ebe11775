// Package server puts a gateway together: it serves frontends as a
// configuration says.
package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/portico-gateway/portico/gateway/config"
	"github.com/portico-gateway/portico/gateway/execute"
	"github.com/portico-gateway/portico/gateway/transport"
	"github.com/portico-gateway/portico/gateway/upstream"
)

// Server is a gateway. Use it as New, Services, Run, Close.
type Server struct {
	config   *config.Config
	log      *slog.Logger
	services *upstream.Services
	health   *health
}

// New prepares the services of a gateway; it connects to none of them yet.
func New(cfg *config.Config, log *slog.Logger) (*Server, error) {
	services, err := upstream.Open(serviceConfigs(cfg))
	if err != nil {
		return nil, err
	}
	return &Server{
		config:   cfg,
		log:      log,
		services: services,
		health:   &health{services: cfg.Services, check: services.Check},
	}, nil
}

func serviceConfigs(cfg *config.Config) []upstream.Config {
	var list []upstream.Config
	for name, s := range cfg.Services {
		list = append(list, upstream.Config{
			Name:                 name,
			URL:                  s.URL,
			Timeout:              time.Duration(s.Timeout),
			MaxBatch:             s.MaxBatch,
			MaxResponseBytes:     int64(s.MaxResponse),
			ForwardAuthorization: s.ForwardAuthorization,
			Values:               s.Config,
		})
	}
	return list
}

// Services are the gateway's services, for typed clients.
func (s *Server) Services() *upstream.Services { return s.services }

// Close closes the connections to services. Run must have returned.
func (s *Server) Close() error { return s.services.Close() }

// Run serves frontends until ctx is done; then it waits for the requests that
// are under way, for at most the configured time. Its error is nil when it was
// stopped and nothing was cut off.
func (s *Server) Run(ctx context.Context, frontends []execute.Frontend) error {
	routes, err := newRoutes(s.config, s.log, frontends)
	if err != nil {
		return err
	}
	public, err := listen(ctx, "server.listen", s.config.Server.Listen)
	if err != nil {
		return err
	}
	admin, err := listen(ctx, "admin.listen", s.config.Admin.Listen)
	if err != nil {
		return errors.Join(err, public.Close())
	}
	servers := []*http.Server{
		s.httpServer(chain(routes.mux, middlewares(s.config, s.log))),
		s.httpServer(s.health.handler()),
	}
	failed := make(chan error, len(servers))
	for i, listener := range []net.Listener{public, admin} {
		go func() { failed <- servers[i].Serve(listener) }()
	}
	s.announce(public.Addr(), admin.Addr(), routes.names)
	select {
	case err := <-failed: // it can't listen any more
		return errors.Join(err, s.stop(servers, routes)) //nolint:contextcheck // see stop
	case <-ctx.Done():
		return s.stop(servers, routes) //nolint:contextcheck // see stop
	}
}

func listen(ctx context.Context, setting, address string) (net.Listener, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("%s: %w (is another gateway running? Stop it, or set another address)", setting, err)
	}
	return l, nil
}

func (s *Server) httpServer(handler http.Handler) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
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

// stop ends streams, waits for requests and closes what is left. It is not
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
	return errors.Join(errs...)
}

// transportConfig is the part of the configuration that transports need.
func transportConfig(cfg *config.Config, log *slog.Logger) transport.Config {
	return transport.Config{
		MaxBodyBytes:     int64(cfg.Limits.Body),
		OperationTimeout: time.Duration(cfg.Limits.Timeout),
		MaxOperations:    cfg.Limits.Operations,
		Origins:          cfg.CORS.Origins,
		Init:             callerOf,
		Log:              log,
	}
}

// callerOf takes the caller's Authorization from a WebSocket's
// connection_init, since browsers can't send it as a header.
func callerOf(ctx context.Context, payload map[string]any) (context.Context, error) {
	for name, value := range payload {
		text, ok := value.(string)
		if ok && strings.EqualFold(name, "Authorization") {
			return upstream.WithAuthorization(ctx, text), nil
		}
	}
	return ctx, nil
}
