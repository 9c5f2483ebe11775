package server

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"time"

	"github.com/portico-gateway/portico/gateway/auth"
	"github.com/portico-gateway/portico/gateway/cache"
	"github.com/portico-gateway/portico/gateway/cachecontrol"
	"github.com/portico-gateway/portico/gateway/config"
	"github.com/portico-gateway/portico/gateway/document"
	"github.com/portico-gateway/portico/gateway/input"
	"github.com/portico-gateway/portico/gateway/middleware"
	"github.com/portico-gateway/portico/gateway/observe"
	"github.com/portico-gateway/portico/gateway/operation"
	"github.com/portico-gateway/portico/gateway/persisted"
	"github.com/portico-gateway/portico/gateway/ratelimit"
	"github.com/portico-gateway/portico/gateway/redis"
	"github.com/portico-gateway/portico/gateway/reload"
	"github.com/portico-gateway/portico/gateway/telemetry"
	"github.com/portico-gateway/portico/gateway/transport"
)

// What follows makes the configurations of the parts from the gateway's.

// openLink returns the link to Redis; nil if there is none.
func openLink(of *config.Config, log *slog.Logger) (*redis.Link, error) {
	cfg := of.Redis
	if cfg.URL == "" {
		return nil, nil //nolint:nilnil // documented
	}
	link, err := redis.Open(redis.Config{URL: string(cfg.URL), Prefix: cfg.Prefix, Timeout: time.Duration(cfg.Timeout)}, log)
	if err != nil {
		return nil, of.At("redis.url", err)
	}
	return link, nil
}

// openStore returns the memory for what is cached, which gateways share through the
// link, if there is one.
func openStore(cfg config.Cache, link *redis.Link) (*cache.Store, error) {
	return cache.New(cache.Config{Size: int64(cfg.Size), Missing: time.Duration(cfg.Missing), Separate: !cfg.Coalesce, Link: link})
}

// openVerifier returns the verifier that takes the place of another one.
func openVerifier(cfg *config.Config, f reload.Files, log *slog.Logger, before *auth.Verifier) (*auth.Verifier, error) {
	of, err := authConfig(cfg, f, log)
	if err != nil {
		return nil, err
	}
	opened, err := before.Succeed(of)
	return opened, cfg.At("auth", err)
}

func authConfig(of *config.Config, f reload.Files, log *slog.Logger) (auth.Config, error) {
	cfg := of.Auth
	out := auth.Config{KeyHeader: cfg.KeyHeader, Log: log}
	for _, i := range cfg.Issuers {
		out.Issuers = append(out.Issuers, auth.Issuer{
			Issuer: i.Issuer, JWKS: i.JWKS, Audiences: i.Audiences, Algorithms: i.Algorithms, Leeway: time.Duration(i.Leeway),
			Scopes: i.Scopes, Subject: i.Subject, Tier: i.Tier, Refresh: time.Duration(i.Refresh),
		})
	}
	for _, c := range cfg.Certificates {
		out.Certificates = append(out.Certificates, auth.Certificate{Subject: c.Subject, Scopes: c.Scopes, Tier: c.Tier})
	}
	var errs []error
	for _, from := range []struct{ setting, text string }{{"auth.keys", string(cfg.Keys)}, {"auth.keyFile", f[cfg.KeyFile]}} {
		keys, err := auth.ReadKeys([]byte(from.text))
		if err != nil && from.setting == "auth.keyFile" {
			err = fmt.Errorf("%s: %w", cfg.KeyFile, err)
		}
		errs = append(errs, of.At(from.setting, err))
		out.Keys = append(out.Keys, keys...)
	}
	return out, errors.Join(errs...)
}

func limiterConfig(cfg config.Redis, link *redis.Link, log *slog.Logger) ratelimit.Config {
	out := ratelimit.Config{Log: log}
	if link != nil {
		out.Redis = &ratelimit.Redis{Link: link, LocalShare: cfg.LocalShare}
	}
	return out
}

// transportConfig returns the configuration of a frontend's transports.
func (s *Server) transportConfig(frontend string, cfg config.Frontend) transport.Config {
	callers := s.callers(frontend)
	out := transport.Config{
		MaxBodyBytes:  int64(cfg.Limits.Body),
		MaxBatch:      cfg.Limits.Batch,
		MaxInputItems: cfg.Limits.InputItems,
		MaxInputDepth: cfg.Limits.InputDepth,
		Budget:        s.bodies,
		MaxOperations: cfg.Limits.Operations,
		Origins:       cfg.CORS.Origins,

		MaxSockets:          cfg.Limits.Sockets,
		MaxCallerOperations: cfg.Limits.CallerOperations,
		MaxQueuedBytes:      int64(cfg.Limits.Queue),

		MaxSubscriptions:       cfg.Limits.Subscriptions,
		MaxCallerSubscriptions: cfg.Limits.CallerSubscriptions,
		Caller:                 auth.Client,

		Init:    callers.Session,
		Renew:   callers.Renew,
		Until:   middleware.Until,
		Accepts: callers.Accepts,
		Log:     s.log,
	}
	if s.admission != nil {
		shed := s.observer.Metrics().Shed(frontend)
		out.Shed = func() bool {
			if !s.admission.Shed() {
				return false
			}
			shed()
			return true
		}
	}
	return out
}

// operationConfig returns the configuration of a frontend's operations.
func (s *Server) operationConfig(cfg config.Frontend) operation.Config {
	l := cfg.Limits
	out := operation.Config{
		Policies:       s.policies,
		Documents:      DocumentLimits(l),
		DocumentMemory: int64(cfg.Documents.Memory),
		MaxResponse:    int(l.Response),
		Persisted: persisted.Config{
			Mode: persisted.Mode(cfg.Documents.Mode), Manifest: cfg.Documents.Manifest, Automatic: cfg.Documents.Automatic,
		},
		// A request has at most the limits of the configuration; variables that are
		// used several times, and defaults, make more of it.
		Inputs:             input.Limits{Items: 10 * l.InputItems, Depth: 2 * l.InputDepth, Bytes: 2 * int(l.Body)},
		Introspection:      cfg.Introspection,
		IntrospectionScope: cfg.IntrospectionScope,
		Explain:            cfg.Explain,
		ExplainScope:       cfg.ExplainScope,
		Cost:               operation.Cost{Max: cfg.Cost.Max, ListSize: cfg.Cost.ListSize, Parse: cfg.Cost.Parse, Report: operation.Report(cfg.Cost.Report)},
		Tiers:              tiers(cfg.RateLimit),
		Limiter:            s.limiter,
		Admission:          s.admission,
		Caching: cachecontrol.Defaults{
			MaxAge:               time.Duration(cfg.Caching.MaxAge),
			StaleWhileRevalidate: time.Duration(cfg.Caching.StaleWhileRevalidate),
			StaleIfError:         time.Duration(cfg.Caching.StaleIfError),
		},
		Store:           s.store,
		Timeout:         time.Duration(l.Timeout),
		CancelMutations: cfg.CancelMutations,
		NameServices:    cfg.Errors.Services,
		Log:             s.log,
	}
	if !s.options.Unobserved {
		out.Observer = s.observer
	}
	return out
}

// telemetrySettings returns what a reload changes of what is reported to operators.
func telemetrySettings(cfg *config.Config) telemetry.Settings {
	log := cfg.AccessLog
	return telemetry.Settings{
		Access: observe.AccessConfig{All: log.Enabled, Sample: log.Sample, Slow: time.Duration(log.Slow)},
		Sample: cfg.OTLP.Sample, SampleCallers: cfg.OTLP.SampleCallers, UsageDays: cfg.Usage.Days,
	}
}

// DocumentLimits returns the limits of documents.
func DocumentLimits(l config.Limits) document.Limits {
	return document.Limits{
		Bytes: int(l.Document), Tokens: l.Tokens, Depth: l.Depth, Fields: l.Fields, Aliases: l.Aliases, RootFields: l.RootFields, PerKey: l.PerKey,
		Directives: l.Directives, Spreads: l.Spreads, SpreadDepth: l.SpreadDepth, InputDepth: l.InputDepth, InputItems: l.InputItems,
	}
}

func tiers(limits config.RateLimit) ratelimit.Tiers {
	out := ratelimit.Tiers{Anonymous: bucket(limits.Anonymous), Authenticated: bucket(limits.Authenticated), Named: map[string]*ratelimit.Bucket{}}
	for name, b := range limits.Tiers {
		out.Named[name] = bucket(b)
	}
	return out
}

func bucket(b *config.Bucket) *ratelimit.Bucket {
	if b == nil {
		return nil
	}
	return &ratelimit.Bucket{Capacity: b.Capacity, Refill: b.Refill}
}

func proxies(cfg config.Server) auth.Proxies {
	out := auth.Proxies{Header: cfg.ForwardedHeader}
	for _, network := range cfg.TrustedProxies {
		out.Trusted = append(out.Trusted, netip.Prefix(network))
	}
	return out
}
