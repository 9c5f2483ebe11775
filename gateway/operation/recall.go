package operation

import (
	"context"
	"hash/maphash"
	"time"
	"weak"

	"github.com/portico-gateway/portico/gateway/answer"
	"github.com/portico-gateway/portico/gateway/auth"
	"github.com/portico-gateway/portico/gateway/cache"
	"github.com/portico-gateway/portico/gateway/ratelimit"
	"github.com/portico-gateway/portico/gateway/transport"
)

// mostRecalled is how many requests are known by their texts.
const mostRecalled = 4096

// recalled is a request whose text was read before.
type recalled struct {
	method, text string

	// facts are gone when the document is not kept any more: else many small
	// requests would keep many large documents.
	facts     weak.Pointer[facts]
	variables map[string]any // for guards and rate limits; nil if there are none
	key       cache.Key
	answer    *answer.Answer // that of a constant, which needs no facts; else nil
	described *described     // of a constant
	trusted   bool
	requested float64
	version   uint64 // of the trusted documents
}

// remember makes a request known by its text.
func (f *Frontend) remember(r *transport.Request, known *recalled) {
	known.method, known.text = r.Method, r.Text
	f.recalled.Add(maphash.String(f.seed, r.Text), known)
}

// Recall is part of [transport.Source]: it returns the cached answer to a request whose
// text was seen before, if it is fresh and the caller may read it, without decoding the
// request.
func (f *Frontend) Recall(ctx context.Context, method string, text []byte) (answer.Answer, bool) {
	if f.config.Observer == nil {
		a, _, _, ok := f.recall(ctx, method, text)
		return a, ok
	}
	began := time.Now()
	a, known, described, ok := f.recall(ctx, method, text)
	if ok {
		value := described.value(f.config.Observer, known.trusted)
		f.config.Observer.Requested(ctx, value)
		f.config.Observer.Observe(ctx, value, Outcome{
			Frontend: f.name, Began: began, Took: time.Since(began), Executed: true, Cache: a.Outcome(), Requested: known.requested, Actual: a.Cost(),
		})
	}
	return a, ok
}

func (f *Frontend) recall(ctx context.Context, method string, text []byte) (_ answer.Answer, _ *recalled, _ *described, ok bool) {
	known, ok := f.recalled.Get(maphash.Bytes(f.seed, text))
	if !ok || known.text != string(text) || known.method != method || known.version != f.persisted.Version() {
		return answer.Answer{}, nil, nil, false
	}
	if known.answer != nil {
		a, ok := f.paid(ctx, known, nil, *known.answer)
		return a, known, known.described, ok
	}
	of := known.facts.Value()
	if of == nil {
		return answer.Answer{}, nil, nil, false
	}
	a, ok := f.answers.Fresh(ctx, known.key, of.variation)
	if !ok || of.guards.Check(ctx, auth.From(ctx), known.variables) != nil || of.introspect != nil && !f.MayIntrospect(ctx) {
		return answer.Answer{}, nil, nil, false
	}
	a, ok = f.paid(ctx, known, of.limits, a)
	return a, known, of.described, ok
}

// paid charges for a recalled request what its answer cost. It is false if there
// is not enough: then the request is charged, and refused, again.
func (f *Frontend) paid(ctx context.Context, known *recalled, limits *ratelimit.Fields, a answer.Answer) (answer.Answer, bool) {
	if bucket, _ := f.bucket(auth.From(ctx)); bucket == nil && limits == nil {
		return a, true
	}
	paid := &account{requested: known.requested}
	header, err := f.charge(ctx, paid, limits, known.variables)
	if err != nil {
		return answer.Answer{}, false
	}
	f.giveBack(paid, a.Cost())
	a.Header = header
	return a, true
}
