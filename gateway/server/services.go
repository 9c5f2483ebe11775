package server

import (
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/portico-gateway/portico/gateway/cache"
	"github.com/portico-gateway/portico/gateway/config"
	"github.com/portico-gateway/portico/gateway/endpoint"
	"github.com/portico-gateway/portico/gateway/problem"
	"github.com/portico-gateway/portico/gateway/upstream"
)

// serviceConfigs returns what the services are opened with. The observer may be nil.
func serviceConfigs(cfg *config.Config, store *cache.Store, o *observer, log *slog.Logger) []upstream.Config {
	suspect := func(s upstream.Suspicion) {
		log.Warn("a binding looks wrong", "service", s.Service, "binding", s.Binding, "reason", s.Message)
	}
	onStream := func(e upstream.StreamEvent) { logStream(log, e) }
	var list []upstream.Config
	for name, s := range cfg.Services {
		c := upstream.Config{
			Name:                 name,
			URL:                  s.URL,
			Endpoints:            endpointConfig(cfg, name, log),
			Versions:             map[string]endpoint.Config{},
			Fallback:             s.Fallback,
			ConnectTimeout:       time.Duration(s.ConnectTimeout),
			Connections:          s.Connections,
			IdleTimeout:          time.Duration(s.IdleTimeout),
			TLS:                  upstream.TLS(s.TLS),
			Timeout:              time.Duration(s.Timeout),
			MaxBatch:             s.MaxBatch,
			Attempts:             s.Attempts,
			Hedging:              s.Hedging,
			Concurrency:          s.Concurrency,
			MaxResponseBytes:     int64(s.MaxResponse),
			ForwardAuthorization: s.ForwardAuthorization,
			SubjectHeader:        s.SubjectHeader,
			FollowRedirects:      s.FollowRedirects,
			Headers:              s.Headers,
			FirstMessage:         time.Duration(s.FirstMessage),
			Resume:               time.Duration(s.Resume),
			Store:                store,
			Values:               s.Config,
			OnStream:             onStream,
			Suspect:              suspect,
		}
		if o != nil {
			o.observeService(&c)
		}
		for version, of := range s.Versions {
			c.Versions[version] = endpoint.Config{Targets: of.Targets(), File: of.URLsFile}
		}
		for _, rule := range s.Canary {
			c.Canary = append(c.Canary, upstream.Rule(rule))
		}
		if s.Mirror != nil {
			c.Mirror = upstream.Mirror(*s.Mirror)
		}
		if h := s.HealthCheck; h != nil {
			c.HealthPath, c.HealthService = h.Path, h.Service
		}
		list = append(list, c)
	}
	return list
}

// endpointConfig returns where the endpoints of a service are. What happens to them is
// logged.
func endpointConfig(cfg *config.Config, service string, log *slog.Logger) endpoint.Config {
	s := cfg.Services[service]
	c := endpoint.Config{
		Targets: s.URLs, File: s.URLsFile, Resolver: cfg.Discovery.Resolver, Zone: cfg.Discovery.Zone,
		Notify: func(e endpoint.Event) {
			attrs := []any{"service", service}
			if e.Endpoint != nil {
				attrs = append(attrs, "endpoint", e.Endpoint)
			}
			if e.Err != nil {
				attrs = append(attrs, "cause", e.Err)
			}
			if e.Kind.IsBad() {
				log.Warn(string(e.Kind), attrs...)
			} else {
				log.Info(string(e.Kind), attrs...)
			}
		},
	}
	if h := s.HealthCheck; h != nil {
		c.Health.Interval, c.Health.Timeout = time.Duration(h.Interval), time.Duration(h.Timeout)
	}
	return c
}

// observeService makes what happens to a service be counted, besides being logged.
func (o *observer) observeService(c *upstream.Config) {
	labels, name, notify, onStream := eventLabels(), c.Name, c.Endpoints.Notify, c.OnStream
	o.metrics.Service(name, []string{string(problem.ServiceError), string(problem.ServiceTimeout)}, decisions(), slices.Collect(maps.Values(labels)))
	c.Observer, c.ObserveBatches = o, o.metrics.Batches
	c.Endpoints.Notify = func(e endpoint.Event) {
		o.metrics.Endpoint(name, labels[e.Kind])
		notify(e)
	}
	c.OnStream = func(e upstream.StreamEvent) {
		o.metrics.SharedStream(name, e.Dropped)
		onStream(e)
	}
}

// decisions returns those that are counted for each service.
func decisions() (out []string) {
	for _, d := range []upstream.Decision{
		upstream.Retried, upstream.NotRetried, upstream.Moved, upstream.Hedged, upstream.HedgeWon,
		upstream.FellBack, upstream.Mirrored, upstream.Broken, upstream.Limited,
	} {
		out = append(out, string(d))
	}
	return out
}

// eventLabels returns the labels of what happens to endpoints.
func eventLabels() map[endpoint.EventKind]string {
	return map[endpoint.EventKind]string{
		endpoint.Ejected: "ejected", endpoint.Restored: "restored", endpoint.Unhealthy: "unhealthy", endpoint.Healthy: "healthy",
		endpoint.Changed: "changed", endpoint.LookupFailed: "lookup_failed",
	}
}

// logStream logs what happened to a shared stream.
func logStream(log *slog.Logger, e upstream.StreamEvent) {
	if e.Dropped > 0 {
		log.Warn("subscribers of a shared stream read too slowly and were dropped",
			"service", e.Service, "stream", e.Stream, "dropped", e.Dropped, "subscribers", e.Subscribers)
		return
	}
	log.Warn("a shared stream broke and was resumed",
		"service", e.Service, "stream", e.Stream, "outage", e.Outage, "attempts", e.Attempts, "subscribers", e.Subscribers, "cause", e.Cause)
}
