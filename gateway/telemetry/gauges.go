package telemetry

import (
	"runtime"
	"runtime/debug"

	"github.com/portico-gateway/portico/gateway/cache"
	"github.com/portico-gateway/portico/gateway/listen"
	"github.com/portico-gateway/portico/gateway/observe"
	"github.com/portico-gateway/portico/gateway/overload"
	"github.com/portico-gateway/portico/gateway/ratelimit"
	"github.com/portico-gateway/portico/gateway/redis"
	"github.com/portico-gateway/portico/gateway/reload"
	"github.com/portico-gateway/portico/gateway/transport"
	"github.com/portico-gateway/portico/gateway/upstream"
)

// Parts are the parts of a gateway whose state is read when metrics are. Functions are called at that time.
type Parts struct {
	// Admission and Link may be nil: nothing is refused, and there is no Redis.
	Admission *overload.Limiter
	Link      *redis.Link
	Store     *cache.Store
	Limiter   *ratelimit.Limiter
	Services  *upstream.Services
	Bodies    *transport.Budget
	// Addresses are those of the gateway by name; empty before the gateway listens.
	Addresses func() map[string]*listen.Address
	// Transports are those of the frontends by name.
	Transports func() map[string]*transport.Handler
	// Ready reports whether the gateway is ready.
	Ready func() bool
	// Configuration returns which configuration is in effect.
	Configuration func() reload.State
}

// AddGauges adds the metrics of parts. It is called once.
func (o *Observer) AddGauges(p Parts) {
	m := o.metrics
	p.addProcess(m)
	if p.Admission != nil {
		p.addAdmission(m)
	}
	p.addTransports(m)
	p.addCache(m)
	p.addRateLimits(m)
	if p.Link != nil {
		p.addRedis(m)
	}
	p.addEndpoints(m)
	p.addCalls(m)
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

func (p Parts) addProcess(m *observe.Metrics) {
	version := upstream.ModuleVersion(debug.ReadBuildInfo())
	m.Gauge("build_info", "Always 1, with the versions of Portico and of Go.", []string{"version", "goversion"}, func() []observe.Sample {
		return []observe.Sample{{Value: 1, Labels: []string{version, runtime.Version()}}}
	})
	single(m, "config_stale", "1 if the latest configuration is invalid, so that the previous one is in effect.", func() float64 {
		return oneIf(p.Configuration().Error != "")
	})
	single(m, "config_loaded_timestamp_seconds", "When the current configuration was loaded.", func() float64 {
		return float64(p.Configuration().Loaded.UnixMilli()) / 1e3
	})
	single(m, "ready", "1 if /readyz answers 200, by the latest checks.", func() float64 {
		return oneIf(p.Ready())
	})
}

// addAdmission adds how many operations are executed, and what that follows.
func (p Parts) addAdmission(m *observe.Metrics) {
	read := p.Admission.Stats
	single(m, "admission_limit", "Maximum number of concurrent operations.", func() float64 { return float64(read().Limit) })
	single(m, "admission_running", "Operations being executed.", func() float64 { return float64(read().Busy) })
	single(m, "admission_waiting", "Operations waiting for execution.", func() float64 { return float64(read().Waiting) })
	single(m, "admission_refused_total", "Operations rejected because of overload.", func() float64 {
		return float64(read().Refused)
	})
	single(m, "admission_waits_total", "Operations that waited for execution.", func() float64 { return float64(read().Waits) })
	single(m, "admission_wait_seconds_total", "Total time that operations waited for execution.", func() float64 {
		return read().Waited.Seconds()
	})
	single(m, "cpu_wait_seconds", "90th percentile of goroutines' wait for a CPU in the last 50 ms. Above 0.02, the limit shrinks.", func() float64 {
		return read().Last.Wait.Seconds()
	})
	single(m, "heap_limit_ratio", "Live heap as a share of the memory limit. Above 0.9, queries are rejected.", func() float64 {
		return read().Last.Heap
	})
}

// addTransports adds connections, streams and bodies.
func (p Parts) addTransports(m *observe.Metrics) {
	addresses := func(value func(*listen.Address) float64) func() []observe.Sample {
		return func() (out []observe.Sample) {
			for name, at := range p.Addresses() {
				out = append(out, observe.Sample{Value: value(at), Labels: []string{name}})
			}
			return out
		}
	}
	m.Gauge("connections", "Open client connections.", []string{"listener"}, addresses(func(a *listen.Address) float64 {
		open, _ := a.Connections()
		return float64(open)
	}))
	m.Gauge("connections_refused_total", "Connections closed at once because of a connection limit.", []string{"listener"},
		addresses(func(a *listen.Address) float64 {
			_, refused := a.Connections()
			return float64(refused)
		}))
	frontends := func(value func(*transport.Handler) int) func() []observe.Sample {
		return func() (out []observe.Sample) {
			for name, t := range p.Transports() {
				out = append(out, observe.Sample{Value: float64(value(t)), Labels: []string{name}})
			}
			return out
		}
	}
	of := []string{"frontend"}
	m.Gauge("streams", "Open event streams and WebSockets.", of, frontends((*transport.Handler).Streams))
	m.Gauge("subscriptions", "Open subscriptions.", of, frontends(func(t *transport.Handler) int {
		open, _ := t.Subscriptions()
		return open
	}))
	m.Gauge("subscriptions_limit", "Maximum number of open subscriptions.", of, frontends(func(t *transport.Handler) int {
		_, most := t.Subscriptions()
		return most
	}))
	single(m, "body_budget_used_bytes", "Memory used by the bodies of large requests in flight.", func() float64 {
		used, _ := p.Bodies.Used()
		return float64(used)
	})
	single(m, "body_budget_bytes", "Maximum memory for the bodies of large requests.", func() float64 {
		_, size := p.Bodies.Used()
		return float64(size)
	})
}

func (p Parts) addCache(m *observe.Metrics) {
	read := p.Store.Stats
	single(m, "cache_bytes", "Size of the cache in memory.", func() float64 { return float64(read().Bytes) })
	m.Gauge("cache_lookups_total", "Cache lookups of answers, keys and GETs.", []string{"result"}, func() []observe.Sample {
		stats := read()
		return []observe.Sample{
			{Value: float64(stats.Hits - stats.Stale), Labels: []string{"hit"}}, {Value: float64(stats.Stale), Labels: []string{"stale"}},
			{Value: float64(stats.Shared), Labels: []string{"shared"}}, {Value: float64(stats.Misses), Labels: []string{"miss"}},
		}
	})
	single(m, "cache_evictions_total", "Entries evicted from the cache.", func() float64 { return float64(read().Evicted) })
}

func (p Parts) addRateLimits(m *observe.Metrics) {
	m.Gauge("rate_limit_decisions_total", "Rate limit decisions, by where the buckets are stored.", []string{"store", "result"}, func() (out []observe.Sample) {
		stats := p.Limiter.Stats()
		for store, d := range map[string]ratelimit.Decisions{"memory": stats.Memory, "redis": stats.Redis} {
			if store == "redis" && p.Link == nil {
				continue
			}
			out = append(out, observe.Sample{Value: float64(d.Granted), Labels: []string{store, "granted"}},
				observe.Sample{Value: float64(d.Refused), Labels: []string{store, "throttled"}})
		}
		return out
	})
}

func (p Parts) addRedis(m *observe.Metrics) {
	single(m, "redis_up", "1 if Redis answers.", func() float64 { return oneIf(p.Link.Up()) })
	m.Gauge("redis_calls_total", "Calls to Redis that requests waited for.", []string{"result"}, func() []observe.Sample {
		stats := p.Link.Stats()
		return []observe.Sample{
			{Value: float64(stats.Answered), Labels: []string{observe.Success}}, {Value: float64(stats.Failed), Labels: []string{observe.Failure}},
		}
	})
	single(m, "redis_call_seconds_total", "Total duration of calls to Redis that requests waited for.", func() float64 {
		return p.Link.Stats().Took.Seconds()
	})
	single(m, "rate_limit_lost_returns_total", "Failed returns of unused points to Redis.", func() float64 { return float64(p.Limiter.Stats().Lost) })
}

func (p Parts) addEndpoints(m *observe.Metrics) {
	add := func(name, help string, value func(upstream.EndpointStatus) float64) {
		m.Gauge(name, help, []string{"service", "version", "endpoint"}, func() (out []observe.Sample) {
			for _, e := range p.Services.Endpoints() {
				out = append(out, observe.Sample{Value: value(e), Labels: []string{e.Service, e.Version, e.Address}})
			}
			return out
		})
	}
	add("endpoint_available", "1 if an endpoint is available: not ejected, and its health checks succeed.", func(e upstream.EndpointStatus) float64 {
		return oneIf(e.Available)
	})
	add("endpoint_calls", "Calls and streams in flight at an endpoint.", func(e upstream.EndpointStatus) float64 { return float64(e.Open) })
	add("endpoint_connections", "Open connections to an endpoint.", func(e upstream.EndpointStatus) float64 { return float64(e.Connections) })
}

// addCalls adds the state of the policies around calls.
func (p Parts) addCalls(m *observe.Metrics) {
	add := func(name, help string, value func(upstream.CallStatus) float64) {
		m.Gauge(name, help, []string{"service", "version"}, func() (out []observe.Sample) {
			for _, c := range p.Services.Calls() {
				out = append(out, observe.Sample{Value: value(c), Labels: []string{c.Service, c.Version}})
			}
			return out
		})
	}
	add("calls_running", "Calls to a service in flight.", func(c upstream.CallStatus) float64 { return float64(c.Running) })
	add("calls_limit", "Maximum number of concurrent calls to a service.", func(c upstream.CallStatus) float64 { return float64(c.Limit) })
	add("calls_waiting", "Calls to a service waiting to begin.", func(c upstream.CallStatus) float64 { return float64(c.Waiting) })
	add("call_waits_total", "Calls to a service that had to wait.", func(c upstream.CallStatus) float64 { return float64(c.Waits) })
	add("call_wait_seconds_total", "Total time that calls to a service waited to begin.", func(c upstream.CallStatus) float64 {
		return c.Waited.Seconds()
	})
	add("circuit_breakers_open", "Routes of a service whose circuit breaker is not closed.", func(c upstream.CallStatus) float64 {
		return float64(c.OpenBreakers)
	})
	add("circuit_breaker_openings_total", "Transitions of circuit breakers from closed to open.", func(c upstream.CallStatus) float64 {
		return float64(c.Opened)
	})
}
