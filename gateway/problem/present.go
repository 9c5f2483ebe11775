package problem

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"maps"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// Presenter turns errors of an execution into what the frontend sees. It is
// safe for concurrent use.
type Presenter struct {
	// Services includes the name of the service in the problems that frontends receive.
	Services bool

	log  *slog.Logger
	ids  sync.Map    // map[error]string: one id, one log line for an error on many fields
	kept atomic.Bool // whether ids has been written to since it was cleared, which takes memory
}

// NewPresenter returns a presenter that logs what it hides to log. Make one
// for each operation, so that an error on many of its fields is logged once.
func NewPresenter(log *slog.Logger) *Presenter {
	return &Presenter{log: log}
}

// Forget forgets the errors that were presented, so that a subscription does not keep those of all its
// events. An error that is presented again is logged again.
func (p *Presenter) Forget() {
	if p.kept.Swap(false) {
		p.ids.Clear()
	}
}

// keep returns the id of an error that was presented before, or else keeps this one.
func (p *Presenter) keep(err any, fresh string) (id any, seen bool) {
	p.kept.Store(true)
	return p.ids.LoadOrStore(err, fresh)
}

// Present shows a problem with its code, keeps the errors of the parser and
// the validator, and hides everything else behind [Internal] and an id.
// Path and locations of a [gqlerror.Error] around err are kept.
func (p *Presenter) Present(ctx context.Context, err error) *gqlerror.Error {
	out := &gqlerror.Error{}
	inner := err
	if g, ok := errors.AsType[*gqlerror.Error](err); ok {
		out.Path, out.Locations = g.Path, g.Locations
		if g.Err == nil { // made by the parser, the validator or the executor: written for the caller
			out.Message, out.Extensions = g.Message, maps.Clone(g.Extensions)
			p.code(out, executionCode(g))
			return out
		}
		inner = g.Err
	}
	if known, ok := errors.AsType[*Error](inner); ok {
		p.logProblem(ctx, known, out.Path)
		out.Message, out.Extensions = known.Message, maps.Clone(known.Extensions)
		p.code(out, known.Code)
		if p.Services && known.Service != "" {
			out.Extensions["service"] = known.Service
		}
		return out
	}
	if errors.Is(inner, context.Canceled) && errors.Is(ctx.Err(), context.Canceled) { // the caller left, and rarely reads this
		out.Message = "The request was cancelled."
		p.code(out, Unavailable)
		return out
	}
	if errors.Is(inner, context.DeadlineExceeded) || errors.Is(inner, context.Canceled) && ctx.Err() != nil { // what was cancelled then was late
		out.Message = "The operation took too long."
		p.code(out, ServiceTimeout)
		return out
	}
	p.hide(ctx, out, inner)
	return out
}

// executionCode is the code of an error that carries none: gqlgen assigns its
// own field errors (null in a non-null field, a value that an enum lacks) no
// code. They are this side's fault.
func executionCode(g *gqlerror.Error) Code {
	code, ok := g.Extensions["code"].(string)
	switch {
	case !ok:
		return Internal
	case Code(code) == ParseFailed && strings.HasPrefix(g.Message, "exceeded token limit"):
		return MaxTokensLimit // the parser has no code of its own for it
	}
	return Code(code)
}

func (p *Presenter) code(out *gqlerror.Error, code Code) {
	if out.Extensions == nil {
		out.Extensions = map[string]any{}
	}
	out.Extensions["code"] = string(code)
}

// OfRequest returns the problem as the error of a request that is not executed,
// which has no path.
func (e *Error) OfRequest() *gqlerror.Error {
	out := &gqlerror.Error{Message: e.Message, Extensions: map[string]any{}}
	maps.Copy(out.Extensions, e.Extensions)
	out.Extensions["code"] = string(e.Code)
	return out
}

func (p *Presenter) logProblem(ctx context.Context, e *Error, path ast.Path) {
	if e.cause == nil {
		return
	}
	if _, seen := p.keep(e, ""); !seen {
		p.log.WarnContext(ctx, e.inLog(), "code", e.Code, "path", inLog(path), "cause", e.cause)
	}
}

// longestPath is the most bytes of a path in the log: it has names of the caller's.
const longestPath = 500

// inLog returns a path for the log.
func inLog(path ast.Path) string {
	text := path.String()
	if len(text) > longestPath {
		text = strings.ToValidUTF8(text[:longestPath], "") + "…"
	}
	return text
}

// inLog returns the message for the log. Lines of one service are one kind.
func (e *Error) inLog() string {
	if e.Service == "" {
		return e.Message
	}
	return "service " + e.Service + ": " + e.Message
}

// FellBack logs an error that the frontend does not see, since a field has its fallback
// value instead. field is its name: "Product.reviews". It logs an error once, whether it
// is presented too or not.
func (p *Presenter) FellBack(ctx context.Context, field string, err error) {
	known, ok := errors.AsType[*Error](err)
	var key any = known
	if !ok {
		known, key = Wrap(err, ServiceTimeout, "The operation took too long."), identity(err)
	}
	if _, seen := p.keep(key, ""); !seen {
		p.log.WarnContext(ctx, known.inLog(), "code", known.Code, "fallback", field, "cause", known.cause)
	}
}

func (p *Presenter) hide(ctx context.Context, out *gqlerror.Error, err error) {
	fresh := rand.Text()
	id, seen := p.keep(identity(err), fresh)
	out.Message = "Something went wrong on our side."
	out.Extensions = map[string]any{"id": id}
	p.code(out, Internal)
	if seen {
		return
	}
	attrs := []any{"id", id, "path", inLog(out.Path), "cause", err}
	if crash, ok := errors.AsType[*PanicError](err); ok {
		attrs = append(attrs, "stack", string(crash.Stack))
	}
	p.log.ErrorContext(ctx, "internal error", attrs...)
}

// identity is a map key for an error: the error itself, or its text when its
// value can't be compared.
func identity(err error) any {
	if reflect.ValueOf(err).Comparable() {
		return err
	}
	return err.Error()
}
