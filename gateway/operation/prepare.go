package operation

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/portico-gateway/portico/gateway/access"
	"github.com/portico-gateway/portico/gateway/answer"
	"github.com/portico-gateway/portico/gateway/auth"
	"github.com/portico-gateway/portico/gateway/document"
	"github.com/portico-gateway/portico/gateway/overload"
	"github.com/portico-gateway/portico/gateway/persisted"
	"github.com/portico-gateway/portico/gateway/problem"
	"github.com/portico-gateway/portico/gateway/provenance"
	"github.com/portico-gateway/portico/gateway/transport"
)

// prepared is the operation of one request, which may be executed.
type prepared struct {
	frontend  *Frontend
	request   *transport.Request
	presenter *problem.Presenter
	header    http.Header // of the answer

	facts   *facts
	oc      *graphql.OperationContext
	denied  access.Denied
	account account
	class   overload.Class

	// recallable requests are known by their texts, while the trusted documents
	// have this version.
	recallable bool
	version    uint64

	began   time.Time
	ran     time.Time                         // when its execution began, if it is explained
	trusted bool                              // the document is in the manifest
	record  atomic.Pointer[provenance.Record] // of the latest execution for this request; nil if there is none
}

// Kind is part of [transport.Operation].
func (p *prepared) Kind() ast.Operation { return p.oc.Operation.Operation }

// prepare returns why the operation is not executed.
func (p *prepared) prepare(ctx context.Context) gqlerror.List {
	r := p.request
	// The operation does not have the request's header: what reads it must be
	// noted (upstream.Header).
	p.oc = &graphql.OperationContext{
		OperationName:        r.OperationName,
		Extensions:           r.Extensions,
		DisableIntrospection: true,
		RecoverFunc:          recoverPanic,
	}
	operation, errs := p.document(ctx)
	if len(errs) > 0 {
		return errs
	}
	p.facts, p.oc.Operation = &operation.Facts, operation.Definition
	p.requested(ctx)
	if p.oc.Variables, errs = operation.Inputs.Coerce(graphql.WithOperationContext(ctx, p.oc), r.Variables); len(errs) > 0 {
		return p.charged(ctx, errs)
	}
	if err := p.introspect(ctx); err != nil {
		return gqlerror.List{err}
	}
	if err := p.admit(ctx); err != nil {
		return p.charged(ctx, gqlerror.List{err})
	}
	return nil
}

// document finds the operation that is requested.
func (p *prepared) document(ctx context.Context) (*document.Operation[facts], gqlerror.List) {
	r := p.request
	resolved, err := p.frontend.persisted.Resolve(ctx, persisted.Request{Document: r.Query, ID: r.DocumentID, Extensions: r.Extensions})
	if err != nil {
		return nil, gqlerror.List{{Err: err}}
	}
	p.oc.RawQuery, p.trusted = resolved.Document, resolved.Trusted
	doc, errs := p.parsed(ctx, resolved)
	if len(errs) > 0 {
		return nil, errs
	}
	p.frontend.persisted.Register(resolved)
	p.oc.Doc = doc.AST
	p.recallable = p.recallable && !resolved.Logged // every request for it is logged
	if operation := doc.Operation(r.OperationName); operation != nil {
		return operation, nil
	}
	if r.OperationName == "" {
		return nil, refusal(problem.New(problem.ValidationFailed, "The document has several operations: operationName must name one of them."))
	}
	return nil, refusal(problem.New(problem.ValidationFailed, "The document has no operation with the name that operationName gives."))
}

// parsed returns the document of a text. One that is not known is paid for before
// it is parsed, unless the operator trusts it.
func (p *prepared) parsed(ctx context.Context, resolved persisted.Resolved) (*document.Document[facts], gqlerror.List) {
	if doc := p.frontend.documents.Lookup(resolved.Document); doc != nil {
		return doc, nil
	}
	if !resolved.Trusted {
		if err := p.pay(ctx, p.frontend.config.Cost.Parse); err != nil {
			return nil, gqlerror.List{err}
		}
	}
	return p.frontend.documents.Get(resolved.Document)
}

// introspect refuses introspection where it is off, or the principal lacks the
// scope for it.
func (p *prepared) introspect(ctx context.Context) *gqlerror.Error {
	if p.facts.introspect == nil {
		return nil
	}
	if p.oc.DisableIntrospection = !p.frontend.MayIntrospect(ctx); !p.oc.DisableIntrospection {
		return nil
	}
	err := gqlerror.ErrorPosf(p.facts.introspect.Position, "Introspection is disabled for this frontend.")
	err.Extensions = map[string]any{"code": string(problem.IntrospectionDisabled)}
	return err
}

// admit decides whether the caller may execute the operation, and which of its
// fields.
func (p *prepared) admit(ctx context.Context) *gqlerror.Error {
	known, values, most := p.facts, p.oc.Variables, p.frontend.config.Cost.Max
	if err := known.cost.Check(values); err != nil {
		return err
	}
	p.account.requested = known.cost.Requested(values)
	if p.account.requested > most {
		return problem.New(problem.CostTooHigh,
			"The operation could cost %v points, of which %v are allowed: ask for less.", p.account.requested, most).
			With("cost", p.account.requested).With("maximum", most).OfRequest()
	}
	principal := auth.From(ctx)
	p.denied, p.class = known.guards.Check(ctx, principal, values), classOf(p.Kind(), principal)
	return nil
}

// What a request can make an answer grow to.
const (
	maxErrors  = 10
	maxMessage = 500 // bytes; messages have names from the document
)

// refuse returns the answer to a request that is not executed.
func (p *prepared) refuse(ctx context.Context, errs gqlerror.List) *answer.Answer {
	presented := make(gqlerror.List, min(len(errs), maxErrors))
	for i := range presented {
		presented[i] = p.presenter.Present(ctx, errs[i])
		presented[i].Message = cut(presented[i].Message, maxMessage)
	}
	a := answer.Errors(presented...)
	a.Header = p.header
	return a
}

// cut returns at most size bytes of text, without half a character.
func cut(text string, size int) string {
	if len(text) <= size {
		return text
	}
	for size > 0 && !utf8.RuneStart(text[size]) {
		size--
	}
	return text[:size] + "…"
}

// refusal returns the errors of a request that is not executed for a problem.
func refusal(p *problem.Error) gqlerror.List { return gqlerror.List{p.OfRequest()} }

// presenter returns a presenter for one operation.
func (f *Frontend) presenter() *problem.Presenter {
	out := problem.NewPresenter(f.config.Log)
	out.Services = f.config.NameServices
	return out
}

func recoverPanic(_ context.Context, value any) error { return problem.Recovered(value) }
