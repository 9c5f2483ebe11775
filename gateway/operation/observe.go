package operation

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/answer"
	"github.com/portico-gateway/portico/gateway/coordinate"
	"github.com/portico-gateway/portico/gateway/problem"
	"github.com/portico-gateway/portico/gateway/provenance"
)

// Observer observes requests for operations. It must be safe for concurrent use, and must not
// block.
type Observer interface {
	// Describe returns the description of an operation that is passed to Requested and
	// Observe for each of its requests.
	Describe(of Description) any
	// Begin is called before an operation is executed, with the time of its request. The operation
	// is executed with the returned context, which is also passed to Observe. Begin is not called
	// for operations that are not executed.
	Begin(ctx context.Context, began time.Time) context.Context
	// Requested is called for each request for an operation of a valid document, whatever its
	// outcome.
	Requested(ctx context.Context, described any)
	// Observe is called when the answer to a request is complete, before it is sent, or
	// when a subscription has ended. described is nil if the document is not valid.
	Observe(ctx context.Context, described any, of Outcome)
}

// Description is an operation of a document.
type Description struct {
	Frontend string
	// Name is that of the operation; empty for none.
	Name string
	Kind ast.Operation
	// Hash is the SHA-256 of the document in hexadecimal digits.
	Hash string
	// Known reports that the document is one of the frontend's: trusted, or an example. Others have
	// names that callers make up.
	Known bool
	// Uses are the coordinates of the schema that the operation uses. They keep no document.
	Uses coordinate.Set
}

// Outcome is the result of a request.
type Outcome struct {
	// Frontend is the name of the frontend.
	Frontend string
	Began    time.Time
	Took     time.Duration
	// Executed reports that the answer has data, if only null: it was executed, or cached. Of a
	// subscription, and of Codes, it is for the last event.
	Executed bool
	// Codes are those of the errors, each once; nil for none.
	Codes []problem.Code
	// Cache is how the answer was made: see [answer.Answer.Outcome].
	Cache string
	// Calls are the calls for this answer, including those before a failure.
	Calls answer.Calls
	// Requested is the most that the operation can cost, and Actual what it did, in points.
	Requested, Actual float64
	// Extensions are those of the request; nil if it was recalled by its text.
	Extensions map[string]any
	// Events is the number of events of a subscription.
	Events int

	record *provenance.Record // of the calls; nil if there are none
}

// EachCall calls f with the calls for the answer, including those that the cache answered, at
// most [provenance.MaxCalls]. It returns the number of other calls.
func (o *Outcome) EachCall(f func(*provenance.Call)) (more int) { return o.record.EachCall(f) }

// of returns an outcome with what an answer says, which is nil if the caller left.
func (o Outcome) of(a *answer.Answer) Outcome {
	o.Took = time.Since(o.Began)
	if a == nil || !a.Executed() { // the calls of an answer that was not waited for are known to the record only
		o.Calls.Number, o.Calls.Waited = o.record.Work()
	} else if o.Calls = a.Calls(); o.Calls.Number == 0 && a.Outcome() != answer.Miss && a.Outcome() != answer.Bypass {
		o.record = nil // it is that of an execution in the background
	}
	if a == nil {
		return o
	}
	o.Executed, o.Cache, o.Actual = a.Executed(), a.Outcome(), a.Cost()
	a.EachCode(func(code problem.Code) {
		if !slices.Contains(o.Codes, code) {
			o.Codes = append(o.Codes, code)
		}
	})
	return o
}

// described is what an observer made of an operation: as one of the frontend's, and as another.
type described struct {
	of     Description
	values [2]atomic.Pointer[any]
}

func newDescribed(frontend string, operation *ast.OperationDefinition, uses coordinate.Set, isExample func(hash string) bool) *described {
	sum := sha256.Sum256([]byte(operation.Position.Src.Input))
	hash := hex.EncodeToString(sum[:])
	// It is kept for longer than the document, whose text the name is a part of.
	return &described{of: Description{
		Frontend: frontend, Name: strings.Clone(operation.Name), Kind: operation.Operation, Hash: hash, Known: isExample(hash), Uses: uses,
	}}
}

// value returns what the observer made of the operation of a document that is trusted or not.
func (d *described) value(o Observer, trusted bool) any {
	of, at := d.of, 0
	if of.Known = of.Known || trusted; of.Known {
		at = 1
	}
	if value := d.values[at].Load(); value != nil {
		return *value
	}
	value := o.Describe(of)
	d.values[at].Store(&value)
	return value
}

// requested notifies the observer of a request whose document is valid.
func (p *prepared) requested(ctx context.Context) {
	if o := p.frontend.config.Observer; o != nil {
		o.Requested(ctx, p.facts.described.value(o, p.trusted))
	}
}

// observe notifies the observer of a request that has an answer; the answer is nil if its caller left.
func (p *prepared) observe(ctx context.Context, a *answer.Answer, events int) {
	o := p.frontend.config.Observer
	if o == nil {
		return
	}
	var value any
	if p.facts != nil {
		value = p.facts.described.value(o, p.trusted)
	}
	o.Observe(ctx, value, p.outcome(a, events))
}

// outcome returns what came of the request by now.
func (p *prepared) outcome(a *answer.Answer, events int) Outcome {
	return Outcome{
		Frontend: p.frontend.name, Began: p.began, Requested: p.account.requested, Extensions: p.request.Extensions, Events: events,
		record: p.record.Load(),
	}.of(a)
}
