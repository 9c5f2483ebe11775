// Package operation answers the operations of one frontend. An operation passes
//
//	persisted id → document with its facts → variables → introspection → cost →
//	scopes and policies → rate limit → cached answer, or execution
//
// Whatever depends on the document only is known from its facts, which are
// found once (see facts); a request costs lookups.
package operation

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"hash/maphash"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/99designs/gqlgen/graphql"
	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/vektah/gqlparser/v2/validator/core"

	"github.com/portico-gateway/portico/gateway/access"
	"github.com/portico-gateway/portico/gateway/answer"
	"github.com/portico-gateway/portico/gateway/auth"
	"github.com/portico-gateway/portico/gateway/cache"
	"github.com/portico-gateway/portico/gateway/cachecontrol"
	"github.com/portico-gateway/portico/gateway/cost"
	"github.com/portico-gateway/portico/gateway/document"
	"github.com/portico-gateway/portico/gateway/execute"
	"github.com/portico-gateway/portico/gateway/input"
	"github.com/portico-gateway/portico/gateway/overload"
	"github.com/portico-gateway/portico/gateway/persisted"
	"github.com/portico-gateway/portico/gateway/ratelimit"
	"github.com/portico-gateway/portico/gateway/transport"
)

// Config configures a frontend. There are no defaults.
type Config struct {
	// Policies decide what @policy asks, by name.
	Policies map[string]access.Policy
	// Documents limits the documents of requests, and DocumentMemory the size of cached
	// parsed documents in bytes.
	Documents      document.Limits
	DocumentMemory int64
	// Persisted configures which documents are known by an id. Its Check and Log are
	// set by New.
	Persisted persisted.Config
	// Inputs bound the arguments of an operation.
	Inputs input.Limits
	// Introspection permits introspection; a principal needs the IntrospectionScope
	// for it, unless that is empty.
	Introspection      bool
	IntrospectionScope string
	// Cost bounds what an operation may cost.
	Cost Cost
	// Tiers are the buckets of the Limiter that operations are charged to.
	Tiers   ratelimit.Tiers
	Limiter *ratelimit.Limiter
	// Caching is the policy of fields that have none in the schema.
	Caching cachecontrol.Defaults
	// Store has cached answers.
	Store *cache.Store
	// Admission bounds the operations that are executed at a time; nil for no bound.
	Admission *overload.Limiter
	// MaxResponse is the size in bytes of the data of a response; 0 for no limit.
	MaxResponse int
	// Timeout bounds the execution of a query or a mutation.
	Timeout time.Duration
	// CancelMutations cancels a mutation when its caller leaves, as queries are.
	CancelMutations bool
	// NameServices adds the name of a service to its problems.
	NameServices bool
	// Explain lets requests ask for extensions.explain, by the extension of the same name, if
	// the caller has ExplainScope, or that is empty.
	Explain      bool
	ExplainScope string
	// Observer observes requests; it may be nil.
	Observer Observer
	// Log receives problems with their causes, which callers do not see.
	Log *slog.Logger
}

// Cost bounds what an operation may cost, in points.
type Cost struct {
	// Max is the maximum estimated cost of an operation.
	Max float64
	// ListSize is the length of lists without @listSize.
	ListSize int
	// Parse is the cost of a document that is not cached.
	Parse float64
	// Report selects the answers that have extensions.cost.
	Report Report
}

// Report selects the answers that have a report.
type Report string

// The values of Report.
const (
	Never     Report = "never"
	Requested Report = "requested" // by the extension of the same name
	Always    Report = "always"
)

// Frontend answers the operations of a frontend. It is safe for concurrent use.
type Frontend struct {
	name      string
	schema    graphql.ExecutableSchema
	config    Config
	documents *document.Store[facts]
	persisted *persisted.Library
	answers   *answer.Cache

	// recalled are requests whose answers are cached, by a hash of their texts.
	recalled *lru.Cache[uint64, *recalled]
	seed     maphash.Seed
}

var _ transport.Source = (*Frontend)(nil)

// New returns a frontend. Run must be called for it, and Close at its end.
func New(f execute.Frontend, config Config) (*Frontend, error) {
	schema := f.Schema.Schema()
	rules, err := access.New(schema, config.Policies)
	if err != nil {
		return nil, err
	}
	suggestions := config.Introspection && config.IntrospectionScope == ""
	inputs, err := input.New(input.Config{Schema: schema, Parsers: f.Parsers, Limits: config.Inputs, Suggestions: suggestions, Log: config.Log})
	if err != nil {
		return nil, err
	}
	finder := &finder{
		frontend: f.Name, schema: schema, rules: rules,
		version: sha256.Sum256([]byte(document.SDL(schema) + build())),
		cost:    cost.New(schema, config.Cost.ListSize),
		caching: cachecontrol.New(schema, config.Caching),
		scoped:  config.IntrospectionScope != "", examples: map[string]bool{},
	}
	for _, example := range f.Operations {
		sum := sha256.Sum256([]byte(example.Document))
		finder.examples[hex.EncodeToString(sum[:])] = true
	}
	out := &Frontend{name: f.Name, schema: f.Schema, config: config, seed: maphash.MakeSeed()}
	if out.recalled, err = lru.New[uint64, *recalled](mostRecalled); err != nil {
		return nil, err
	}
	out.documents, err = document.New(document.Config{
		Schema:      schema,
		Limits:      config.Documents,
		Memory:      config.DocumentMemory,
		Suggestions: suggestions,
		Inputs:      inputs,
		Rules:       []core.Rule{finder.cost.Rule()},
	}, finder.find)
	if err != nil {
		return nil, err
	}
	trusted := config.Persisted
	trusted.Check, trusted.Log = out.check, config.Log
	if out.persisted, err = persisted.Open(trusted); err != nil {
		return nil, err
	}
	out.answers = answer.NewCache(config.Store, config.Timeout)
	return out, nil
}

// build names the program: gateways that are built of other code share nothing.
func build() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.String()
	}
	return ""
}

// check returns why a trusted document cannot be executed, or nil. It keeps the
// document.
func (f *Frontend) check(text string) error {
	if _, errs := f.documents.Get(text); len(errs) > 0 {
		return errs
	}
	return nil
}

// Run runs the frontend's background work until ctx is done.
func (f *Frontend) Run(ctx context.Context) { f.persisted.Run(ctx) }

// Close cancels executions that no caller waits for, and waits until they end.
func (f *Frontend) Close() { f.answers.Close() }

// Drain waits until no shared execution is running, or ctx is done. It is for a frontend that gets
// no more requests.
func (f *Frontend) Drain(ctx context.Context) { f.answers.Drain(ctx) }

// MayIntrospect reports whether the caller of ctx may read the schema.
func (f *Frontend) MayIntrospect(ctx context.Context) bool {
	return f.config.Introspection && (f.config.IntrospectionScope == "" || auth.From(ctx).Has(f.config.IntrospectionScope))
}

// MayExplain reports whether the caller of ctx may read routes and extensions.explain.
func (f *Frontend) MayExplain(ctx context.Context) bool {
	return f.config.Explain && (f.config.ExplainScope == "" || auth.From(ctx).Has(f.config.ExplainScope))
}

// Trusted returns what trusted documents are for, and these, by their ids.
func (f *Frontend) Trusted() (persisted.Mode, []persisted.Document) {
	return f.config.Persisted.Mode, f.persisted.Trusted()
}

// SDL returns the schema in the schema definition language.
func (f *Frontend) SDL() string { return document.SDL(f.schema.Schema()) }

// Prepare finds the document of a request and decides whether the caller may
// execute the operation, without executing anything.
func (f *Frontend) Prepare(ctx context.Context, r *transport.Request) (transport.Operation, *answer.Answer) {
	p := &prepared{frontend: f, request: r, presenter: f.presenter(), recallable: r.Text != "", version: f.persisted.Version(), began: time.Now()}
	if errs := p.prepare(ctx); len(errs) > 0 {
		refused := p.refuse(ctx, errs)
		p.observe(ctx, refused, 0)
		return nil, refused
	}
	return p, nil
}
