package server

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"time"

	"github.com/portico-gateway/portico/gateway/auth"
	"github.com/portico-gateway/portico/gateway/cache"
	"github.com/portico-gateway/portico/gateway/cachecontrol"
	"github.com/portico-gateway/portico/gateway/config"
	"github.com/portico-gateway/portico/gateway/document"
	"github.com/portico-gateway/portico/gateway/input"
	"github.com/portico-gateway/portico/gateway/operation"
	"github.com/portico-gateway/portico/gateway/persisted"
	"github.com/portico-gateway/portico/gateway/ratelimit"
	"github.com/portico-gateway/portico/gateway/redis"
	"github.com/portico-gateway/portico/gateway/transport"
)

// What follows makes the configurations of the parts from the gateway's.

// openLink returns the link to Redis; nil if there is none.
func openLink(cfg config.Redis, log *slog.Logger) (*redis.Link, error) {
	if cfg.URL == "" {
		return nil, nil //nolint:nilnil // documented
	}
	return redis.Open(redis.Config{URL: string(cfg.URL), Prefix: cfg.Prefix, Timeout: time.Duration(cfg.Timeout)}, log)
}

// openStore returns the memory for what is cached, which gateways share through the
// link, if there is one.
func openStore(cfg config.Cache, link *redis.Link) (*cache.Store, error) {
	return cache.New(cache.Config{Size: int64(cfg.Size), Missing: time.Duration(cfg.Missing), Separate: !cfg.Coalesce, Link: link})
}

func openVerifier(cfg config.Auth, log *slog.Logger) (*auth.Verifier, error) {
	out := auth.Config{KeyHeader: cfg.KeyHeader, Log: log}
	for _, i := range cfg.Issuers {
		out.Issuers = append(out.Issuers, auth.Issuer{
			Issuer: i.Issuer, JWKS: i.JWKS, Audiences: i.Audiences, Algorithms: i.Algorithms, Leeway: time.Duration(i.Leeway),
			Scopes: i.Scopes, Subject: i.Subject, Tier: i.Tier, Refresh: time.Duration(i.Refresh),
		})
	}
	texts := [][]byte{[]byte(cfg.Keys)}
	if cfg.KeyFile != "" {
		text, err := os.ReadFile(cfg.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("auth.keyFile: %w", err)
		}
		texts = append(texts, text)
	}
	for _, text := range texts {
		keys, err := auth.ReadKeys(text)
		if err != nil {
			return nil, fmt.Errorf("auth: API keys: %w", err)
		}
		out.Keys = append(out.Keys, keys...)
	}
	return auth.Open(out)
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
		Caller:              auth.Client,

		Init: func(ctx context.Context, payload map[string]any) (context.Context, error) {
			return s.session(ctx, frontend, payload)
		},
		Until: until,
		Log:   s.log,
	}
	if s.admission != nil {
		out.Shed = s.admission.Shed
	}
	return out
}

// operationConfig returns the configuration of a frontend's operations.
func (s *Server) operationConfig(cfg config.Frontend) operation.Config {
	l := cfg.Limits
	return operation.Config{
		Policies: s.options.Policies,
		Documents: document.Limits{
			Bytes: int(l.Document), Tokens: l.Tokens, Depth: l.Depth, Fields: l.Fields, Aliases: l.Aliases, RootFields: l.RootFields, PerKey: l.PerKey,
			Directives: l.Directives, Spreads: l.Spreads, SpreadDepth: l.SpreadDepth, InputDepth: l.InputDepth, InputItems: l.InputItems,
		},
		DocumentMemory: int64(cfg.Documents.Memory),
		Persisted: persisted.Config{
			Mode: persisted.Mode(cfg.Documents.Mode), Manifest: cfg.Documents.Manifest, Automatic: cfg.Documents.Automatic,
		},
		// A request has at most the limits of the configuration; variables that are
		// used several times, and defaults, make more of it.
		Inputs:             input.Limits{Items: 10 * l.InputItems, Depth: 2 * l.InputDepth, Bytes: 2 * int(l.Body)},
		Introspection:      cfg.Introspection,
		IntrospectionScope: cfg.IntrospectionScope,
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
