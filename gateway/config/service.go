package config

import (
	"strings"
	"time"

	"github.com/portico-gateway/portico/gateway/endpoint"
)

// Service is a backend.
type Service struct {
	// URL is the address of the service: http://host:port, https://…, grpc://host:port (plain
	// text) or grpcs://…; with +srv for SRV records, +unix for a socket. See
	// [endpoint.ParseURL].
	URL string `yaml:"url"`
	// URLs are several URLs, instead of url.
	URLs []endpoint.Target `yaml:"urls"`
	// URLsFile is a file with a list like urls, which is watched; instead of url and urls.
	URLsFile string `yaml:"urlsFile"`
	// Versions are other versions of the service, by name.
	Versions map[string]Version `yaml:"versions"`
	// Canary are the rules that select which requests get one of versions, in order.
	Canary Rules `yaml:"canary"`
	// Mirror sends copies of calls to one of Versions; nil for none.
	Mirror *Mirror `yaml:"mirror"`
	// Fallback is the version that is called when the service is unavailable.
	Fallback string `yaml:"fallback"`
	// ConnectTimeout is the timeout for connecting.
	ConnectTimeout Duration `yaml:"connectTimeout"`
	// Connections is the maximum number of connections per endpoint; 0 for no limit (for gRPC,
	// 10).
	Connections int `yaml:"connections"`
	// IdleTimeout is how long an idle connection stays open.
	IdleTimeout Duration `yaml:"idleTimeout"`
	// TLS is for https and grpcs.
	TLS TLS `yaml:"tls"`
	// HealthCheck calls endpoints to find out whether they work; nil for no such calls.
	HealthCheck *HealthCheck `yaml:"healthCheck"`
	// Timeout is the timeout of a call or, for a stream over HTTP, for its beginning.
	Timeout Duration `yaml:"timeout"`
	// MaxBatch is the maximum number of keys per call.
	MaxBatch int `yaml:"maxBatch" reload:"false"`
	// Attempts is the maximum number of attempts of a repeatable call; 1 for no retries.
	Attempts int `yaml:"attempts"`
	// Hedging is the quantile of a route's latencies after which a repeatable call is sent a
	// second time; 0 for never.
	Hedging float64 `yaml:"hedging"`
	// Concurrency is the maximum number of concurrent calls, without streams.
	Concurrency int `yaml:"concurrency"`
	// MaxResponse is the maximum size of an answer, or of an event of a stream.
	MaxResponse Bytes `yaml:"maxResponse"`
	// ForwardAuthorization sends the service the caller's Authorization.
	ForwardAuthorization bool `yaml:"forwardAuthorization"`
	// SubjectHeader is the header in which the service is sent the principal's subject; empty
	// for none.
	SubjectHeader string `yaml:"subjectHeader"`
	// Headers are the names of headers of the caller's request that are forwarded to the
	// service.
	Headers []string `yaml:"headers"`
	// FollowRedirects follows redirects of GETs within the origin of the URL.
	FollowRedirects bool `yaml:"followRedirects"`
	// Resume is how long the gateway tries to reopen a broken shared stream before its
	// subscribers get an error.
	Resume Duration `yaml:"resume"`
	// FirstMessage is the timeout for the first message of a stream that does not begin with
	// the service's state; 0 for no limit.
	FirstMessage Duration `yaml:"firstMessage"`
	// Config is a string that bindings use as {$config.name}.
	Config map[string]string `yaml:"config" secret:"true"`
	// Required makes the gateway ready only while the service passes its check: an answer to
	// GET /healthz below 500, or SERVING by gRPC's health protocol.
	Required bool `yaml:"required"`
}

// TLS is how a service is called with TLS.
type TLS struct {
	// CA is a PEM file with CA certificates; empty for the system's.
	CA string `yaml:"ca"`
	// Cert and Key are PEM files with the gateway's client certificate and key; empty for
	// none.
	Cert string `yaml:"cert"`
	Key  string `yaml:"key"`
	// ServerName is the name that the service's certificate must have; empty for the host of
	// the URL.
	ServerName string `yaml:"serverName"`
}

// HealthCheck is an active health check of endpoints.
type HealthCheck struct {
	// Interval is the interval between checks of an endpoint.
	Interval Duration `yaml:"interval"`
	// Timeout is the timeout of a check.
	Timeout Duration `yaml:"timeout"`
	// Path is the path of the GET that checks an endpoint over HTTP.
	Path string `yaml:"path"`
	// Service is the service name for gRPC's health protocol; empty for the whole server.
	Service string `yaml:"service"`
}

// Discovery is how endpoints of services are found.
type Discovery struct {
	// Resolver is a DNS server, host:port; empty for the system's.
	Resolver string `yaml:"resolver"`
	// Zone is the zone of the gateway: endpoints in the same zone are preferred.
	Zone string `yaml:"zone"`
}

// DefaultMaxBatch is how many keys one call may have unless the service says
// otherwise.
const DefaultMaxBatch = 100

// setDefaults sets what a service may leave out.
func (s *Service) setDefaults() {
	*s = Service{
		ConnectTimeout: Duration(2 * time.Second),
		IdleTimeout:    Duration(90 * time.Second),
		Timeout:        Duration(5 * time.Second),
		Resume:         Duration(10 * time.Second),
		MaxBatch:       DefaultMaxBatch,
		Attempts:       2,
		Concurrency:    256,
		MaxResponse:    8 << 20,
	}
}

// setDefaults sets what the section may leave out.
func (h *HealthCheck) setDefaults() {
	*h = HealthCheck{Interval: Duration(5 * time.Second), Timeout: Duration(time.Second), Path: "/healthz"}
}

func (s *Service) check(p *problems, path string) {
	scheme := s.checkEndpoints(p, path)
	s.checkVersions(p, path, scheme)
	p.need(s.Timeout > 0, path+".timeout", "must be more than 0")
	p.need(s.Resume > 0, path+".resume", "must be more than 0")
	p.need(s.FirstMessage >= 0, path+".firstMessage", "must be 0, for any time, or more")
	p.need(s.MaxBatch > 0, path+".maxBatch", "must be more than 0")
	p.need(s.Attempts > 0 && s.Attempts <= 10, path+".attempts", "must be from 1, for no retries, to 10")
	p.need(s.Hedging == 0 || s.Hedging >= 0.5 && s.Hedging < 1, path+".hedging",
		"must be 0, for never, or a quantile of at least 0.5 and less than 1, such as 0.95")
	p.need(s.Concurrency > 0, path+".concurrency", "must be more than 0")
	p.need(s.MaxResponse > 0, path+".maxResponse", "must be more than 0")
}

// checkEndpoints checks where the service is and how it is connected to, and returns the
// scheme of its URLs; empty if that is not known.
func (s *Service) checkEndpoints(p *problems, path string) (scheme string) {
	scheme = Version{s.URL, s.URLs, s.URLsFile}.check(p, path)
	p.need(s.ConnectTimeout > 0, path+".connectTimeout", "must be more than 0")
	p.need(s.IdleTimeout > 0, path+".idleTimeout", "must be more than 0")
	p.need(s.Connections >= 0, path+".connections", "must not be negative")
	p.need((s.TLS.Cert == "") == (s.TLS.Key == ""), path+".tls", "must have both cert and key, or neither: write the files of both")
	p.need(s.TLS == TLS{} || scheme == "" || strings.HasSuffix(scheme, "s"), path+".tls",
		"is for https and grpcs, and the URL is of "+scheme+": remove it, or write "+scheme+"s")
	if h := s.HealthCheck; h != nil {
		p.need(h.Interval > 0, path+".healthCheck.interval", "must be more than 0")
		p.need(h.Timeout > 0, path+".healthCheck.timeout", "must be more than 0")
		p.need(strings.HasPrefix(h.Path, "/"), path+".healthCheck.path", "must begin with a slash, such as /healthz")
	}
	p.need(!s.FollowRedirects || !strings.HasPrefix(scheme, "grpc"), path+".followRedirects", "is for http and https: remove it, since gRPC has no redirects")
	return scheme
}
