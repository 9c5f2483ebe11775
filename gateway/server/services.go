package server

import (
	"time"

	"github.com/portico-gateway/portico/gateway/config"
	"github.com/portico-gateway/portico/gateway/endpoint"
	"github.com/portico-gateway/portico/gateway/upstream"
)

// serviceConfigs returns what the services are opened with.
func (s *Server) serviceConfigs(cfg *config.Config) []upstream.Config {
	var list []upstream.Config
	for name, of := range cfg.Services {
		c := upstream.Config{
			Name:                 name,
			URL:                  of.URL,
			Endpoints:            endpointConfig(cfg, name),
			Versions:             map[string]endpoint.Config{},
			Fallback:             of.Fallback,
			ConnectTimeout:       time.Duration(of.ConnectTimeout),
			Connections:          of.Connections,
			IdleTimeout:          time.Duration(of.IdleTimeout),
			TLS:                  upstream.TLS(of.TLS),
			Timeout:              time.Duration(of.Timeout),
			MaxBatch:             of.MaxBatch,
			Attempts:             of.Attempts,
			Hedging:              of.Hedging,
			Concurrency:          of.Concurrency,
			MaxResponseBytes:     int64(of.MaxResponse),
			ForwardAuthorization: of.ForwardAuthorization,
			SubjectHeader:        of.SubjectHeader,
			FollowRedirects:      of.FollowRedirects,
			Headers:              of.Headers,
			FirstMessage:         time.Duration(of.FirstMessage),
			Resume:               time.Duration(of.Resume),
			Store:                s.store,
			Values:               of.Config,
		}
		s.observer.LogService(&c)
		if !s.options.Unobserved {
			s.observer.ObserveService(&c)
		}
		for version, at := range of.Versions {
			c.Versions[version] = endpoint.Config{Targets: at.Targets(), File: at.URLsFile}
		}
		for _, rule := range of.Canary {
			c.Canary = append(c.Canary, upstream.Rule(rule))
		}
		if of.Mirror != nil {
			c.Mirror = upstream.Mirror(*of.Mirror)
		}
		if h := of.HealthCheck; h != nil {
			c.HealthPath, c.HealthService = h.Path, h.Service
		}
		list = append(list, c)
	}
	return list
}

// endpointConfig returns where the endpoints of a service are.
func endpointConfig(cfg *config.Config, service string) endpoint.Config {
	s := cfg.Services[service]
	c := endpoint.Config{Targets: s.URLs, File: s.URLsFile, Resolver: cfg.Discovery.Resolver, Zone: cfg.Discovery.Zone}
	if h := s.HealthCheck; h != nil {
		c.Health.Interval, c.Health.Timeout = time.Duration(h.Interval), time.Duration(h.Timeout)
	}
	return c
}
