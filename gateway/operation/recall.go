package operation

import (
	"context"
	"hash/maphash"

	"github.com/portico-gateway/portico/gateway/answer"
	"github.com/portico-gateway/portico/gateway/auth"
	"github.com/portico-gateway/portico/gateway/cache"
	"github.com/portico-gateway/portico/gateway/transport"
)

// mostRecalled is how many requests are known by their texts.
const mostRecalled = 4096

// recalled is a request whose text was read before.
type recalled struct {
	method, text string

	facts     *facts
	variables map[string]any // for guards and rate limits; nil if there are none
	key       cache.Key
	answer    *answer.Answer // if it is always the same; nil if it is cached under key
	requested float64
	version   uint64 // of the trusted documents
}

// find returns the answer, if it is there and fresh.
func (r *recalled) find(ctx context.Context, cached *answer.Cache) (answer.Answer, bool) {
	if r.answer != nil {
		return *r.answer, true
	}
	return cached.Fresh(ctx, r.key, r.facts.variation)
}

// remember makes a request known by its text.
func (f *Frontend) remember(r *transport.Request, known *recalled) {
	known.method, known.text = r.Method, r.Text
	f.recalled.Add(maphash.String(f.seed, r.Text), known)
}

// Recall is part of [transport.Source]: it finds the answer to a request that came
// before, if it is fresh and the caller may have it. Then there is nothing to
// decode and to look up.
func (f *Frontend) Recall(ctx context.Context, method string, text []byte) (answer.Answer, bool) {
	known, ok := f.recalled.Get(maphash.Bytes(f.seed, text))
	if !ok || known.text != string(text) || known.method != method || known.version != f.persisted.Version() {
		return answer.Answer{}, false
	}
	a, ok := known.find(ctx, f.answers)
	if !ok {
		return answer.Answer{}, false
	}
	if known.facts.guards.Check(ctx, auth.From(ctx), known.variables) != nil || known.facts.introspect != nil && !f.MayIntrospect(ctx) {
		return answer.Answer{}, false
	}
	if bucket, _ := f.bucket(auth.From(ctx)); bucket == nil && known.facts.limits == nil {
		return a, true
	}
	paid := &account{requested: known.requested}
	header, err := f.charge(ctx, paid, known.facts.limits, known.variables)
	if err != nil {
		return answer.Answer{}, false // it is charged, and refused, again
	}
	f.giveBack(paid, a.Cost)
	a.Header = header
	return a, true
}
