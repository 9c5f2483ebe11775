package server

import (
	"context"
	"crypto/sha256"
	"log/slog"
	"maps"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/validator/core"

	"github.com/portico-gateway/portico/gateway/access"
	"github.com/portico-gateway/portico/gateway/auth"
	"github.com/portico-gateway/portico/gateway/cache"
	"github.com/portico-gateway/portico/gateway/cachecontrol"
	"github.com/portico-gateway/portico/gateway/config"
	"github.com/portico-gateway/portico/gateway/cost"
	"github.com/portico-gateway/portico/gateway/document"
	"github.com/portico-gateway/portico/gateway/execute"
	"github.com/portico-gateway/portico/gateway/input"
	"github.com/portico-gateway/portico/gateway/introspection"
	"github.com/portico-gateway/portico/gateway/persisted"
	"github.com/portico-gateway/portico/gateway/problem"
	"github.com/portico-gateway/portico/gateway/provenance"
	"github.com/portico-gateway/portico/gateway/ratelimit"
	"github.com/portico-gateway/portico/gateway/transport"
)

// pipeline is what every operation of a frontend passes before it is executed:
//
//	persisted id → document with its facts → variables → introspection →
//	cost → scopes and policies → rate limit → cache → identical queries under way
//
// Everything after the document is a lookup in what is known of it.
type pipeline struct {
	*executor.Executor
	frontend  string
	config    config.Frontend
	log       *slog.Logger
	documents *document.Store[facts]
	persisted *persisted.Library
	limiter   *ratelimit.Limiter
	answers   *answers

	introspection *introspection.Corrections
}

// facts are what is known of an operation before it is asked for.
type facts struct {
	inputs     *input.Operation
	cost       *cost.Formula
	guards     *access.Guards
	limits     *ratelimit.Fields
	introspect *ast.Field // one of the fields that tell of the schema; nil without
	identity   cache.Key
	caching    *cachecontrol.Operation
	learned    *learned
	plans      *execute.Plans
}

var _ graphql.GraphExecutor = (*pipeline)(nil)

func newPipeline(f execute.Frontend, cfg config.Frontend, s *Server) (*pipeline, error) {
	schema := f.Schema.Schema()
	rules, err := access.New(schema, s.options.Policies)
	if err != nil {
		return nil, err
	}
	model := cost.New(schema, cfg.Cost.ListSize)
	caching := cachecontrol.New(schema, cachecontrol.Defaults{
		MaxAge:               time.Duration(cfg.Caching.MaxAge),
		StaleWhileRevalidate: time.Duration(cfg.Caching.StaleWhileRevalidate),
		StaleIfError:         time.Duration(cfg.Caching.StaleIfError),
	})
	suggestions := cfg.Introspection && cfg.IntrospectionScope == ""
	inputs, err := input.New(input.Config{Schema: schema, Parsers: f.Parsers, Limits: inputLimits(cfg.Limits), Suggestions: suggestions, Log: s.log})
	if err != nil {
		return nil, err
	}
	version := sha256.Sum256([]byte(sdl(schema) + build()))
	documents, err := document.New(document.Config{
		Schema:      schema,
		Limits:      documentLimits(cfg.Limits),
		Memory:      int64(cfg.Documents.Memory),
		Suggestions: suggestions,
		Inputs:      inputs,
		Rules:       []core.Rule{model.Rule()},
	}, func(operation *ast.OperationDefinition, inputs *input.Operation) facts {
		known := facts{
			inputs:     inputs,
			cost:       model.Formula(operation, inputs),
			guards:     rules.Guards(operation),
			limits:     ratelimit.OfOperation(f.Name, schema, operation),
			introspect: introspecting(operation.SelectionSet),
			identity:   identity(f.Name, version, operation.Position.Src.Input, operation.Name),
			caching:    caching.Of(operation),
			plans:      &execute.Plans{},
		}
		if known.guards != nil || known.introspect != nil && cfg.IntrospectionScope != "" {
			known.caching.Policy.Private = true // only some may have it, whatever the schema says
		}
		known.learned = newLearned(known.caching.Policy.Private)
		return known
	})
	if err != nil {
		return nil, err
	}
	p := &pipeline{Executor: newExecutor(f, s.log), frontend: f.Name, config: cfg, log: s.log,
		documents: documents, limiter: s.limiter, introspection: introspection.New(schema)}
	if p.answers, err = newAnswers(s.store, time.Duration(cfg.Limits.Timeout)); err != nil {
		return nil, err
	}
	p.persisted, err = persisted.Open(persisted.Config{
		Mode: persisted.Mode(cfg.Documents.Mode), Manifest: cfg.Documents.Manifest, Automatic: cfg.Documents.Automatic,
		Check: p.check, Log: s.log,
	})
	return p, err
}

// build names the program: gateways that are built of other code share nothing.
func build() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.String()
	}
	return ""
}

func documentLimits(l config.Limits) document.Limits {
	return document.Limits{
		Bytes: int(l.Document), Tokens: l.Tokens, Depth: l.Depth, Fields: l.Fields, Aliases: l.Aliases, RootFields: l.RootFields, PerKey: l.PerKey,
		Directives: l.Directives, Spreads: l.Spreads, SpreadDepth: l.SpreadDepth, InputDepth: l.InputDepth, InputItems: l.InputItems,
	}
}

// inputLimits bound the arguments of an operation. A request has at most the limits
// of the configuration; variables that are used several times, and defaults, make
// more of it.
func inputLimits(l config.Limits) input.Limits {
	return input.Limits{Items: 10 * l.InputItems, Depth: 2 * l.InputDepth, Bytes: 2 * int(l.Body)}
}

// check returns why a trusted document can't be executed, or nil. It keeps the
// document.
func (p *pipeline) check(text string) error {
	if _, errs := p.documents.Get(text); len(errs) > 0 {
		return errs
	}
	return nil
}

// CreateOperationContext is part of graphql.GraphExecutor. The operation does
// not have the request's header: what reads it must be noted (upstream.Header).
func (p *pipeline) CreateOperationContext(ctx context.Context, params *graphql.RawParams) (*graphql.OperationContext, gqlerror.List) {
	oc := &graphql.OperationContext{
		OperationName:          params.OperationName,
		Extensions:             params.Extensions,
		DisableIntrospection:   true,
		RecoverFunc:            recoverPanic,
		ResolverMiddleware:     func(ctx context.Context, next graphql.Resolver) (any, error) { return next(ctx) },
		RootResolverMiddleware: func(ctx context.Context, next graphql.RootResolver) graphql.Marshaler { return next(ctx) },
		Stats:                  graphql.Stats{Read: params.ReadTime, OperationStart: graphql.GetStartTime(ctx)},
	}
	version := p.persisted.Version() // before what depends on it
	operation, logged, errs := p.document(ctx, params, oc)
	if len(errs) > 0 || operation == nil {
		return oc, orNoOperation(errs)
	}
	if oc.Variables, errs = operation.Inputs.Coerce(graphql.WithOperationContext(ctx, oc), params.Variables); len(errs) > 0 {
		return oc, p.refused(ctx, errs)
	}
	if err := p.mayIntrospect(ctx, operation.Facts, oc); err != nil {
		return oc, gqlerror.List{err}
	}
	a, err := p.admit(ctx, &operation.Facts, oc)
	if err != nil {
		return oc, p.refused(ctx, gqlerror.List{err})
	}
	a.recallable, a.version = !logged, version
	oc.Stats.SetExtension(admissionKey, a)
	if a.denied != nil {
		oc.ResolverMiddleware = execute.Deny(a.denied)
	}
	if operation.Facts.introspect != nil {
		oc.ResolverMiddleware = p.introspection.Around(oc.ResolverMiddleware)
	}
	return oc, nil
}

// orNoOperation are errors, of which there must be some: the transport knows
// what it means that a document has not the operation.
func orNoOperation(errs gqlerror.List) gqlerror.List {
	if len(errs) > 0 {
		return errs
	}
	return gqlerror.List{gqlerror.Errorf("The document does not have the operation.")}
}

// document finds what is asked for, and whether every request for it is logged.
// It is nil if the document does not have the operation.
func (p *pipeline) document(ctx context.Context, params *graphql.RawParams, oc *graphql.OperationContext) (
	_ *document.Operation[facts], logged bool, _ gqlerror.List,
) {
	id, _ := params.Extensions["documentId"].(string)
	resolved, err := p.persisted.Resolve(ctx, persisted.Request{Document: params.Query, ID: id, Extensions: params.Extensions})
	if err != nil {
		return nil, false, gqlerror.List{p.present(ctx, err)}
	}
	oc.RawQuery = resolved.Document
	doc, errs := p.parsed(ctx, resolved)
	if len(errs) > 0 {
		return nil, false, errs
	}
	p.persisted.Keep(resolved)
	oc.Doc = doc.AST
	operation := doc.Operation(params.OperationName)
	if operation != nil {
		oc.Operation = operation.Definition
	}
	return operation, resolved.Logged, nil
}

// parsed is the document of a text. One that is not known is paid for before it is
// parsed, unless the operator trusts it.
func (p *pipeline) parsed(ctx context.Context, resolved persisted.Resolved) (*document.Document[facts], gqlerror.List) {
	if doc := p.documents.Lookup(resolved.Document); doc != nil {
		return doc, nil
	}
	if !resolved.Trusted {
		if err := p.pay(ctx, p.config.Cost.Parse); err != nil {
			return nil, gqlerror.List{err}
		}
	}
	return p.documents.Get(resolved.Document)
}

// present makes an error of the request of a problem.
func (p *pipeline) present(ctx context.Context, err error) *gqlerror.Error {
	return p.presenter().Present(ctx, err)
}

// mayIntrospect refuses introspection where it is off, or the principal lacks
// the scope for it.
func (p *pipeline) mayIntrospect(ctx context.Context, known facts, oc *graphql.OperationContext) *gqlerror.Error {
	if known.introspect == nil {
		return nil
	}
	if oc.DisableIntrospection = !mayIntrospect(ctx, p.config); !oc.DisableIntrospection {
		return nil
	}
	err := gqlerror.ErrorPosf(known.introspect.Position, "Introspection is disabled for this frontend.")
	err.Extensions = map[string]any{"code": string(problem.IntrospectionDisabled)}
	return err
}

func mayIntrospect(ctx context.Context, cfg config.Frontend) bool {
	return cfg.Introspection && (cfg.IntrospectionScope == "" || auth.From(ctx).Has(cfg.IntrospectionScope))
}

// introspecting finds a field that tells of the schema, if only under a
// condition.
func introspecting(selections ast.SelectionSet) *ast.Field {
	for _, selection := range selections {
		var found *ast.Field
		switch s := selection.(type) {
		case *ast.Field:
			if s.Name == "__schema" || s.Name == "__type" {
				return s
			}
		case *ast.InlineFragment:
			found = introspecting(s.SelectionSet)
		case *ast.FragmentSpread:
			found = introspecting(s.Definition.SelectionSet)
		}
		if found != nil {
			return found
		}
	}
	return nil
}

// DispatchOperation is part of graphql.GraphExecutor. Every operation has a
// presenter and an account; every execution a scope for results and loaders.
func (p *pipeline) DispatchOperation(ctx context.Context, oc *graphql.OperationContext) (graphql.ResponseHandler, context.Context) {
	ctx = context.WithValue(ctx, presenterKey{}, p.presenter())
	a, _ := oc.Stats.GetExtension(admissionKey).(*admission)
	if a == nil { // CreateOperationContext refused it
		return graphql.OneShot(&graphql.Response{Errors: orNoOperation(nil)}), ctx
	}
	var header http.Header
	if reply := transport.ReplyOf(ctx); reply != nil {
		header = reply.Header
	}
	if err := p.charge(ctx, header, a, oc.Variables); err != nil {
		return graphql.OneShot(&graphql.Response{Errors: gqlerror.List{err}}), ctx
	}
	if oc.Operation.Operation == ast.Query {
		return once(p.queryOf(a, oc).respond), ctx
	}
	ctx = execute.WithPlans(execute.Begin(ctx), a.facts.plans)
	if oc.Operation.Operation == ast.Mutation {
		ctx = provenance.Writing(ctx)
	}
	if a.denied != nil {
		ctx = execute.WithDenied(ctx, a.denied)
	}
	next, ctx := p.Executor.DispatchOperation(ctx, oc)
	if oc.Operation.Operation == ast.Mutation {
		next = p.invalidating(next, a, oc)
	}
	return p.settled(next, a, oc), ctx
}

// once is a handler of one response.
func once(respond graphql.ResponseHandler) graphql.ResponseHandler {
	done := false
	return func(ctx context.Context) *graphql.Response {
		if done {
			return nil
		}
		done = true
		return respond(ctx)
	}
}

// invalidating forgets what a mutation changes before its answer goes out, so
// that the caller reads what was written. Whether it failed or not: it may have
// changed something.
func (p *pipeline) invalidating(next graphql.ResponseHandler, a *admission, oc *graphql.OperationContext) graphql.ResponseHandler {
	return once(func(ctx context.Context) *graphql.Response {
		defer func() { p.answers.store.Invalidate(ctx, a.facts.caching.Invalidated(oc.Variables, a.denied)...) }()
		return next(ctx)
	})
}

// refusal is an error of the request with a code.
func refusal(e *problem.Error) *gqlerror.Error {
	err := &gqlerror.Error{Message: e.Message, Extensions: map[string]any{"code": string(e.Code)}}
	maps.Copy(err.Extensions, e.Extensions)
	return err
}

func recoverPanic(_ context.Context, value any) error { return problem.Recovered(value) }
