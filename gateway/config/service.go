package config

import (
	"net/url"
	"strings"
	"time"
)

// Service is a backend.
type Service struct {
	// URL is its address: http, https, grpc (plain text) or grpcs.
	URL string `yaml:"url"`
	// Timeout is the most that one call may take or, of a stream over HTTP, that
	// may pass until it begins.
	Timeout Duration `yaml:"timeout"`
	// MaxBatch is how many keys one call may have.
	MaxBatch int `yaml:"maxBatch"`
	// Attempts is how often a call that may be repeated is made at most; 1 for no
	// retries.
	Attempts int `yaml:"attempts"`
	// Hedging is the quantile of a route's latencies after which a call that may be
	// repeated is made a second time; 0 for never.
	Hedging float64 `yaml:"hedging"`
	// Concurrency is how many calls may be under way.
	Concurrency int `yaml:"concurrency"`
	// MaxResponse is the most that an answer may have, or an event of a stream.
	MaxResponse Bytes `yaml:"maxResponse"`
	// ForwardAuthorization sends the service the caller's Authorization.
	ForwardAuthorization bool `yaml:"forwardAuthorization"`
	// SubjectHeader is the header that tells the service the principal's
	// subject; empty for none.
	SubjectHeader string `yaml:"subjectHeader"`
	// FollowRedirects follows redirects of GETs within the origin of the URL.
	FollowRedirects bool `yaml:"followRedirects"`
	// Resume is how long a shared stream that broke is opened again.
	Resume Duration `yaml:"resume"`
	// FirstMessage is how long the first message of a stream may take, if that does
	// not begin with the state of the service; 0 for any time.
	FirstMessage Duration `yaml:"firstMessage"`
	// Config has what bindings find as $config.
	Config map[string]string `yaml:"config"`
	// Required makes the gateway ready only when the service answers.
	Required bool `yaml:"required"`
}

// DefaultMaxBatch is how many keys one call may have unless the service says
// otherwise.
const DefaultMaxBatch = 100

// serviceDefaults sets what a service leaves out.
func serviceDefaults(s *Service) {
	if s.Timeout == 0 {
		s.Timeout = Duration(5 * time.Second)
	}
	if s.Resume == 0 {
		s.Resume = Duration(10 * time.Second)
	}
	if s.MaxBatch == 0 {
		s.MaxBatch = DefaultMaxBatch
	}
	if s.Attempts == 0 {
		s.Attempts = 2
	}
	if s.Concurrency == 0 {
		s.Concurrency = 100
	}
	if s.MaxResponse == 0 {
		s.MaxResponse = 8 << 20
	}
}

func (s *Service) check(p *problems, path string) {
	u, err := url.Parse(s.URL)
	known := map[string]bool{"http": true, "https": true, "grpc": true, "grpcs": true}
	p.need(err == nil && known[u.Scheme] && u.Host != "", path+".url", "must be a URL such as http://host:port, https://…, grpc://host:port or grpcs://…")
	p.need(s.Timeout > 0, path+".timeout", "must be more than 0")
	p.need(s.Resume > 0, path+".resume", "must be more than 0")
	p.need(s.FirstMessage >= 0, path+".firstMessage", "must be 0, for any time, or more")
	p.need(s.MaxBatch > 0, path+".maxBatch", "must be more than 0")
	p.need(s.Attempts > 0 && s.Attempts <= 10, path+".attempts", "must be from 1, for no retries, to 10")
	p.need(s.Hedging == 0 || s.Hedging >= 0.5 && s.Hedging < 1, path+".hedging",
		"must be 0, for never, or a quantile of at least 0.5 and less than 1, such as 0.95")
	p.need(s.Concurrency > 0, path+".concurrency", "must be more than 0")
	p.need(s.MaxResponse > 0, path+".maxResponse", "must be more than 0")
	p.need(!s.FollowRedirects || err != nil || !strings.HasPrefix(u.Scheme, "grpc"), path+".followRedirects", "is for http and https: gRPC has no redirects")
}
