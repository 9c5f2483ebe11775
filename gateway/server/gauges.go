package server

import (
	"runtime"
	"runtime/debug"

	"github.com/portico-gateway/portico/gateway/observe"
	"github.com/portico-gateway/portico/gateway/ratelimit"
	"github.com/portico-gateway/portico/gateway/transport"
	"github.com/portico-gateway/portico/gateway/upstream"
)

// addGauges adds what is read when metrics are.
func (s *Server) addGauges() {
	m := s.observer.metrics
	s.addProcess(m)
	if s.admission != nil {
		s.addAdmission(m)
	}
	s.addTransports(m)
	s.addCache(m)
	s.addRateLimits(m)
	if s.link != nil {
		s.addRedis(m)
	}
	s.addEndpoints(m)
	s.addCalls(m)
}

// single adds a metric that has no labels.
func single(m *observe.Metrics, name, help string, read func() float64) {
	m.Gauge(name, help, nil, func() []observe.Sample { return []observe.Sample{{Value: read()}} })
}

func oneIf(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

func (s *Server) addProcess(m *observe.Metrics) {
	version := upstream.ModuleVersion(debug.ReadBuildInfo())
	m.Gauge("build_info", "Always 1, with the versions of Portico and of Go.", []string{"version", "goversion"}, func() []observe.Sample {
		return []observe.Sample{{Value: 1, Labels: []string{version, runtime.Version()}}}
	})
	single(m, "config_stale", "Whether the configuration that is in effect is not the latest, which has mistakes.", func() float64 {
		return oneIf(s.reloading.state().Error != "")
	})
	single(m, "config_loaded_timestamp_seconds", "When the configuration that is in effect was loaded.", func() float64 {
		return float64(s.reloading.state().Loaded.UnixMilli()) / 1e3
	})
	single(m, "ready", "Whether /readyz answers 200, by the latest checks.", func() float64 {
		if _, fresh := s.health.latest(); !fresh {
			s.health.want() // maybe nobody asks for /readyz; the next time it is known
		}
		_, ready := s.health.known()
		return oneIf(ready && !s.health.stopping.Load() && s.now().verifier.Ready() == nil)
	})
}

// addAdmission adds how many operations are executed, and what that follows.
func (s *Server) addAdmission(m *observe.Metrics) {
	read := s.admission.Stats
	single(m, "admission_limit", "Operations that may be executed at a time.", func() float64 { return float64(read().Limit) })
	single(m, "admission_running", "Operations that are executed.", func() float64 { return float64(read().Busy) })
	single(m, "admission_waiting", "Operations that wait until they may be executed.", func() float64 { return float64(read().Waiting) })
	single(m, "admission_refused_total", "Operations that were not executed, since there was too much to do.", func() float64 {
		return float64(read().Refused)
	})
	single(m, "admission_waits_total", "Operations that had to wait until they were executed.", func() float64 { return float64(read().Waits) })
	single(m, "admission_wait_seconds_total", "How long operations waited until they were executed, in total.", func() float64 {
		return read().Waited.Seconds()
	})
	single(m, "cpu_wait_seconds", "How long goroutines waited for a CPU in the last 50 ms, the 90th percentile. Above 0.02 the limit shrinks.", func() float64 {
		return read().Last.Wait.Seconds()
	})
	single(m, "heap_limit_ratio", "The part of the memory limit that the live heap has. Above 0.9, queries are refused.", func() float64 {
		return read().Last.Heap
	})
}

// addTransports adds connections, streams and bodies.
func (s *Server) addTransports(m *observe.Metrics) {
	listeners := func(value func(*transport.Listener) float64) func() []observe.Sample {
		return func() []observe.Sample {
			at := s.listening.Load()
			if at == nil {
				return nil
			}
			return []observe.Sample{{Value: value(at.public), Labels: []string{"public"}}, {Value: value(at.admin), Labels: []string{"admin"}}}
		}
	}
	m.Gauge("connections", "Connections of clients that are open.", []string{"listener"}, listeners(func(l *transport.Listener) float64 {
		open, _ := l.Connections()
		return float64(open)
	}))
	m.Gauge("connections_refused_total", "Connections that were closed at once, since there were too many.", []string{"listener"},
		listeners(func(l *transport.Listener) float64 {
			_, refused := l.Connections()
			return float64(refused)
		}))
	frontends := func(value func(*transport.Handler) int) func() []observe.Sample {
		return func() (out []observe.Sample) {
			for name, t := range s.transports {
				out = append(out, observe.Sample{Value: float64(value(t)), Labels: []string{name}})
			}
			return out
		}
	}
	of := []string{"frontend"}
	m.Gauge("streams", "Event streams and WebSockets that are open.", of, frontends((*transport.Handler).Streams))
	m.Gauge("subscriptions", "Subscriptions that are under way.", of, frontends(func(t *transport.Handler) int {
		open, _ := t.Subscriptions()
		return open
	}))
	m.Gauge("subscriptions_limit", "Subscriptions that may be under way.", of, frontends(func(t *transport.Handler) int {
		_, most := t.Subscriptions()
		return most
	}))
	single(m, "body_budget_used_bytes", "The memory of large requests that are read, decoded or answered.", func() float64 {
		used, _ := s.bodies.Used()
		return float64(used)
	})
	single(m, "body_budget_bytes", "The memory that large requests may have together.", func() float64 {
		_, size := s.bodies.Used()
		return float64(size)
	})
}

func (s *Server) addCache(m *observe.Metrics) {
	read := s.store.Stats
	single(m, "cache_bytes", "What the cache holds in memory.", func() float64 { return float64(read().Bytes) })
	m.Gauge("cache_lookups_total", "Lookups of answers, keys and GETs.", []string{"result"}, func() []observe.Sample {
		stats := read()
		return []observe.Sample{
			{Value: float64(stats.Hits - stats.Stale), Labels: []string{"hit"}}, {Value: float64(stats.Stale), Labels: []string{"stale"}},
			{Value: float64(stats.Shared), Labels: []string{"shared"}}, {Value: float64(stats.Misses), Labels: []string{"miss"}},
		}
	})
	single(m, "cache_evictions_total", "Entries that made room for others.", func() float64 { return float64(read().Evicted) })
}

func (s *Server) addRateLimits(m *observe.Metrics) {
	m.Gauge("rate_limit_decisions_total", "Decisions of rate limits, by where the buckets are.", []string{"store", "result"}, func() (out []observe.Sample) {
		stats := s.limiter.Stats()
		for store, d := range map[string]ratelimit.Decisions{"memory": stats.Memory, "redis": stats.Redis} {
			if store == "redis" && s.link == nil {
				continue
			}
			out = append(out, observe.Sample{Value: float64(d.Granted), Labels: []string{store, "granted"}},
				observe.Sample{Value: float64(d.Refused), Labels: []string{store, "throttled"}})
		}
		return out
	})
}

func (s *Server) addRedis(m *observe.Metrics) {
	single(m, "redis_up", "Whether Redis answers.", func() float64 { return oneIf(s.link.Up()) })
	m.Gauge("redis_calls_total", "Calls of Redis that requests waited for.", []string{"result"}, func() []observe.Sample {
		stats := s.link.Stats()
		return []observe.Sample{
			{Value: float64(stats.Answered), Labels: []string{observe.Success}}, {Value: float64(stats.Failed), Labels: []string{observe.Failure}},
		}
	})
	single(m, "redis_call_seconds_total", "How long calls of Redis took that requests waited for, in total.", func() float64 {
		return s.link.Stats().Took.Seconds()
	})
	single(m, "rate_limit_lost_returns_total", "How often points could not be given back to Redis.", func() float64 { return float64(s.limiter.Stats().Lost) })
}

func (s *Server) addEndpoints(m *observe.Metrics) {
	add := func(name, help string, value func(upstream.EndpointStatus) float64) {
		m.Gauge(name, help, []string{"service", "version", "endpoint"}, func() (out []observe.Sample) {
			for _, e := range s.services.Endpoints() {
				out = append(out, observe.Sample{Value: value(e), Labels: []string{e.Service, e.Version, e.Address}})
			}
			return out
		})
	}
	add("endpoint_available", "Whether an endpoint is used: it is not ejected, and its health checks succeed.", func(e upstream.EndpointStatus) float64 {
		return oneIf(e.Available)
	})
	add("endpoint_calls", "Calls and streams that are under way at an endpoint.", func(e upstream.EndpointStatus) float64 { return float64(e.Open) })
	add("endpoint_connections", "Connections to an endpoint that are open.", func(e upstream.EndpointStatus) float64 { return float64(e.Connections) })
}

// addCalls adds the state of the policies around calls.
func (s *Server) addCalls(m *observe.Metrics) {
	add := func(name, help string, value func(upstream.CallStatus) float64) {
		m.Gauge(name, help, []string{"service", "version"}, func() (out []observe.Sample) {
			for _, c := range s.services.Calls() {
				out = append(out, observe.Sample{Value: value(c), Labels: []string{c.Service, c.Version}})
			}
			return out
		})
	}
	add("calls_running", "Calls of a service that are under way.", func(c upstream.CallStatus) float64 { return float64(c.Running) })
	add("calls_limit", "Calls of a service that may be under way.", func(c upstream.CallStatus) float64 { return float64(c.Limit) })
	add("calls_waiting", "Calls of a service that wait until they may begin.", func(c upstream.CallStatus) float64 { return float64(c.Waiting) })
	add("call_waits_total", "Calls of a service that had to wait.", func(c upstream.CallStatus) float64 { return float64(c.Waits) })
	add("call_wait_seconds_total", "How long calls of a service waited until they began, in total.", func(c upstream.CallStatus) float64 {
		return c.Waited.Seconds()
	})
	add("circuit_breakers_open", "Routes of a service whose circuit breaker is not closed.", func(c upstream.CallStatus) float64 {
		return float64(c.OpenBreakers)
	})
	add("circuit_breaker_openings_total", "How often a circuit breaker opened that was closed.", func(c upstream.CallStatus) float64 {
		return float64(c.Opened)
	})
}
