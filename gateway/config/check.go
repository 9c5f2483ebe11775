package config

import (
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// check adds what is wrong with the values to p.
func (c *Config) check(p *problems) {
	p.need(isListenAddress(c.Server.Listen), "server.listen",
		"must be host:port, such as 127.0.0.1:8080, or :8080 for all addresses, or unix: and an absolute path of at most 80 bytes")
	p.need(isListenAddress(c.Admin.Listen), "admin.listen",
		"must be host:port, such as 127.0.0.1:9090, or :9090 for all addresses, or unix: and an absolute path of at most 80 bytes")
	p.need(c.Server.Listen != c.Admin.Listen || c.Server.Listen == "127.0.0.1:0", "admin.listen",
		"must not be server.listen: write another port or path, since frontends must not reach what operators do")
	c.Server.check(p)
	p.need(c.Server.LameDuck >= 0, "server.lameDuck", "must not be negative")
	p.need(c.Server.Drain >= 0, "server.drain", "must not be negative")
	p.need(c.Server.ReadTimeout > 0, "server.readTimeout", "must be more than 0")
	p.need(c.Server.WriteTimeout > 0, "server.writeTimeout", "must be more than 0")
	p.need(c.Cache.Size == 0 || c.Cache.Size >= 1<<20, "cache.size", "must be at least 1MiB, or 0 to keep nothing")
	p.need(c.Cache.Missing >= 0, "cache.missing", "must not be negative")
	p.need(c.Redis.Timeout > 0, "redis.timeout", "must be more than 0")
	p.need(c.Redis.LocalShare > 0 && c.Redis.LocalShare <= 1, "redis.localShare", "must be more than 0 and at most 1")
	c.checkCertificates(p)
	for i, issuer := range c.Auth.Issuers {
		issuer.check(p, fmt.Sprintf("auth.issuers[%d]", i))
	}
	p.need(c.AccessLog.Sample >= 0 && c.AccessLog.Sample <= 1, "accessLog.sample", "must be from 0 to 1")
	p.need(c.AccessLog.Slow >= 0, "accessLog.slow", "must not be negative")
	c.OTLP.check(p)
	p.need(c.Usage.Days >= 1 && c.Usage.Days <= 3650, "usage.days", "must be from 1 to 3650")
	p.need(c.Redis.isValid(), "redis.url", "must be redis://host:port or rediss://host:port, or several with commas")
	c.Frontend.check(p, "frontend")
	largest := c.Frontend.Limits.Body
	for name, f := range c.Frontends {
		f.check(p, "frontends."+name)
		largest = max(largest, f.Limits.Body)
	}
	p.need(c.Server.BodyBudget >= 2*largest, "server.bodyBudget",
		fmt.Sprintf("must be at least %v, twice the largest limits.body, or the largest requests never fit", 2*largest))
	p.need(c.Discovery.Resolver == "" || isAddress(c.Discovery.Resolver), "discovery.resolver", "must be host:port of a DNS server, such as 127.0.0.1:53")
	for name, s := range c.Services {
		s.check(p, "services."+name)
	}
	c.checkHeaders(p)
}

func (o *OTLP) check(p *problems) {
	target, err := url.Parse(o.Endpoint)
	isURL := err == nil && target.Host != "" && slices.Contains([]string{"http", "https", "grpc", "grpcs"}, target.Scheme) &&
		target.User == nil && target.RawQuery == "" && (target.Path == "" || strings.HasPrefix(target.Scheme, "http"))
	p.need(o.Endpoint == "" || isURL, "otlp.endpoint", "must be http://host:port or https for OTLP over HTTP, or grpc://host:port or grpcs for OTLP over gRPC")
	for name := range o.Headers {
		p.need(headerName.MatchString(name), "otlp.headers."+name, "must be the name of a header, such as Authorization")
	}
	p.need(o.Metrics >= 0, "otlp.metrics", "must not be negative")
	p.need(o.Sample >= 0 && o.Sample <= 1, "otlp.sample", "must be from 0 to 1")
	p.need(o.SampleCallers >= 0, "otlp.sampleCallers", "must not be negative")
}

func (f *Frontend) check(p *problems, path string) {
	l := f.Limits
	for name, value := range map[string]int64{
		"body": int64(l.Body), "batch": int64(l.Batch), "timeout": int64(l.Timeout), "operations": int64(l.Operations),
		"tokens": int64(l.Tokens), "document": int64(l.Document), "depth": int64(l.Depth), "fields": int64(l.Fields),
		"aliases": int64(l.Aliases), "rootFields": int64(l.RootFields), "perKey": int64(l.PerKey),
		"directives": int64(l.Directives), "spreads": int64(l.Spreads), "spreadDepth": int64(l.SpreadDepth), "inputDepth": int64(l.InputDepth),
		"inputItems": int64(l.InputItems), "sockets": int64(l.Sockets), "callerOperations": int64(l.CallerOperations), "queue": int64(l.Queue),
		"response": int64(l.Response), "subscriptions": int64(l.Subscriptions), "callerSubscriptions": int64(l.CallerSubscriptions),
	} {
		p.need(value > 0, path+".limits."+name, "must be more than 0")
	}
	p.need(f.Cost.Max > 0, path+".cost.max", "must be more than 0")
	p.need(f.Cost.Parse >= 0 && f.Cost.Parse <= f.Cost.Max, path+".cost.parse", "must be from 0 to cost.max")
	p.need(f.Cost.ListSize > 0, path+".cost.listSize", "must be more than 0")
	p.need(f.Documents.Memory >= 1<<20, path+".documents.memory", "must be at least 1MiB")
	f.RateLimit.Anonymous.check(p, path+".rateLimit.anonymous", f.Cost.Max)
	f.RateLimit.Authenticated.check(p, path+".rateLimit.authenticated", f.Cost.Max)
	for name, bucket := range f.RateLimit.Tiers {
		bucket.check(p, path+".rateLimit.tiers."+name, f.Cost.Max)
	}
	f.Documents.check(p, path+".documents")
	p.need(f.Caching.MaxAge >= 0, path+".caching.maxAge", "must not be negative")
	p.need(f.Caching.StaleWhileRevalidate >= 0, path+".caching.staleWhileRevalidate", "must not be negative")
	p.need(f.Caching.StaleIfError >= 0, path+".caching.staleIfError", "must not be negative")
	for i, origin := range f.CORS.Origins {
		p.need(!strings.Contains(origin, "*") || !f.CORS.Credentials, fmt.Sprintf("%s.cors.origins[%d]", path, i),
			"must not have * with credentials, or other sites could act for your users: write the origins")
	}
}

// check has the rules of gateway/persisted: a gateway with other settings does not start.
func (d Documents) check(p *problems, path string) {
	off := d.Mode == "off"
	p.need(off || d.Manifest != "", path+".manifest", "must be a file, since mode is "+d.Mode)
	p.need(!off || d.Manifest == "", path+".mode", "must be allow, log-unknown or only, since there is a manifest")
	p.need(!d.Automatic || d.Mode != "only", path+".automatic", "must be false, since mode is only: callers can't add documents")
}

// check has the rules of gateway/auth.
func (i Issuer) check(p *problems, path string) {
	p.need(i.Issuer != "", path+".issuer", "must be what tokens have as iss, such as https://login.example")
	p.need(i.Leeway >= 0 && i.Leeway <= Duration(10*time.Minute), path+".leeway", "must be from 0s to 10m")
	p.need(i.Refresh >= Duration(time.Second), path+".refresh", "must be at least 1s")
	p.need(i.JWKS == "" || isWeb(i.JWKS), path+".jwks", "must be the http or https URL of the issuer's keys")
	p.need(i.JWKS != "" || i.Issuer == "" || isWeb(i.Issuer), path+".jwks", "must be the URL of the issuer's keys, since issuer is no URL to discover it from")
}

func isWeb(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https")
}

// isAddress reports whether a text is host:port; the host may be empty.
func isAddress(text string) bool {
	_, port, err := net.SplitHostPort(text)
	if err != nil {
		return false
	}
	_, err = strconv.ParseUint(port, 10, 16)
	return err == nil
}

// isValid reports whether URL has schemes of Redis; what else it has is checked when it
// is opened.
func (r Redis) isValid() bool {
	for one := range strings.SplitSeq(string(r.URL), ",") {
		scheme, rest, found := strings.Cut(strings.TrimSpace(one), "://")
		if r.URL != "" && (!found || rest == "" || !slices.Contains([]string{"redis", "rediss", "unix"}, scheme)) {
			return false
		}
	}
	return true
}

// check wants a bucket that an operation of the highest cost fits into: it
// would be refused for ever otherwise.
func (b *Bucket) check(p *problems, path string, most float64) {
	if b == nil {
		return
	}
	p.need(b.Capacity > 0, path+".capacity", "must be more than 0")
	p.need(b.Refill > 0, path+".refill", "must be more than 0")
	p.need(b.Capacity >= most, path+".capacity", fmt.Sprintf("must be at least cost.max (%v), or operations that are allowed never fit", most))
}
