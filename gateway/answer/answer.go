// Package answer caches and writes the answers to operations. It knows no
// operation: [Cache.Get] is given a function that makes an answer.
//
// A cached answer is kept as the bytes that are sent, with the header fields
// that go with them (RFC 9111), and is served to every caller whose request has
// the same key. The key has what the answer varies by, which is learned from
// the answers themselves (package provenance).
//
// A [Writer] sends answers over HTTP, compressed in a way that the client
// accepts.
package answer

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/portico-gateway/portico/gateway/problem"
	"github.com/portico-gateway/portico/gateway/provenance"
)

// Answer is the answer to a request, or one event of a subscription. It belongs to the
// request; data that it shares with other answers is immutable.
type Answer struct {
	// Header has the HTTP header fields of the answer, except those of its content. It
	// may be nil.
	Header http.Header
	// Status is the HTTP status; 0 for the default of the response.
	Status   int
	response *graphql.Response // nil: that of cached
	cost     float64           // in points
	cached   *cached           // nil if nothing is cached
	status   string            // of Cache-Status; empty for none
	hit      bool              // it was made for an earlier request
	stale    bool              // it is a hit that is not fresh
	joined   bool              // it was made for a concurrent request
	passed   passed
	calls    Calls
}

// Calls are the calls of services that an answer took.
type Calls struct {
	Number int
	Waited time.Duration // while at least one was under way
}

func callsOf(s provenance.Summary) Calls { return Calls{s.Calls, s.Waited} }

// Calls returns the calls that were made for this answer; none if it was made for another
// request.
func (a *Answer) Calls() Calls { return a.calls }

// How an answer was made, as [Answer.Outcome] says.
const (
	Hit       = "hit"       // for an earlier request
	Stale     = "stale"     // so, and it is not fresh
	Coalesced = "coalesced" // for a concurrent request
	Miss      = "miss"      // for this one
	Bypass    = "bypass"    // without the cache
)

// Outcome returns how the answer was made.
func (a *Answer) Outcome() string {
	switch {
	case a.stale:
		return Stale
	case a.hit:
		return Hit
	case a.joined:
		return Coalesced
	case a.status == "" || a.status == bypassed:
		return Bypass
	}
	return Miss
}

// EachCode calls f with the code of each error.
func (a *Answer) EachCode(f func(problem.Code)) {
	if a.response == nil {
		return
	}
	for _, e := range a.response.Errors {
		code, _ := e.Extensions["code"].(string)
		f(problem.Code(code))
	}
}

// New returns an answer that is not cached, with its actual cost in points.
func New(response *graphql.Response, cost float64) *Answer {
	return &Answer{response: response, cost: cost}
}

// Bypass records that the cache was not used.
func (a *Answer) Bypass() { a.status = bypassed }

// Cost returns the actual cost of the answer, in points.
func (a *Answer) Cost() float64 { return a.cost }

// Pass adds the header fields that services pass to the caller, and the calls, from the provenance
// of the answer. The answer must not be cached.
func (a *Answer) Pass(s provenance.Summary) { a.passed, a.calls = passedOf(s), callsOf(s) }

// LostPassed reports whether services passed more header fields than an answer
// may have ([provenance.MaxPassed]), so that it has none.
func (a *Answer) LostPassed() bool { return a.passed.lost }

// Errors returns the answer to a request that is not executed.
func Errors(errs ...*gqlerror.Error) *Answer { return New(&graphql.Response{Errors: errs}, 0) }

// Problem returns the answer to a request that is not executed for a problem.
func Problem(p *problem.Error) *Answer {
	return Errors(p.OfRequest())
}

// RetryAfter returns the number of seconds after which a client may retry: the maximum of
// the answer's problems ([problem.RetryAfter]), or 0.
func (a *Answer) RetryAfter() float64 {
	if a.response == nil {
		return 0
	}
	most := 0.0
	for _, e := range a.response.Errors {
		seconds, _ := e.Extensions[problem.RetryAfter].(float64)
		most = max(most, seconds)
	}
	return most
}

// Executed reports whether the operation was executed: then the answer has data,
// if only null.
func (a *Answer) Executed() bool {
	return a.response == nil || a.response.Data != nil || len(a.response.Errors) == 0
}

// Extend adds a member to the answer's extensions. A cached answer with extensions is
// sent as if it were not cached.
func (a *Answer) Extend(name string, value any) {
	resp := a.own()
	if resp.Extensions == nil {
		resp.Extensions = map[string]any{}
	}
	resp.Extensions[name] = value
}

// own returns the response, which only this answer has.
func (a *Answer) own() *graphql.Response {
	if a.response == nil {
		a.response = &graphql.Response{Data: a.cached.data()}
	}
	return a.response
}

// Report adds extensions.cache, which says how the cache answered.
func (a *Answer) Report() {
	report := cacheReport{Status: a.Outcome()}
	if report.Status == Coalesced {
		report.Status = Miss
	}
	if a.hit {
		report.Age = int64(time.Since(a.cached.born) / time.Second)
	}
	a.Extend("cache", report)
}

// cacheReport is extensions.cache.
type cacheReport struct {
	Status string `json:"status"` // hit, stale, miss, bypass
	Age    int64  `json:"age"`    // in seconds
}

// IsStale reports whether the answer was cached and is not fresh.
func (a *Answer) IsStale() bool { return a.stale }

// IsCached reports whether the answer is sent as it is cached: the same request
// may be answered so again (see [Cache.Fresh]).
func (a *Answer) IsCached() bool {
	return a.cached != nil && !a.stale && (a.response == nil || len(a.response.Extensions) == 0)
}

// IsPlain reports whether the answer has nothing but data.
func (a *Answer) IsPlain() bool {
	return a.response == nil || len(a.response.Errors)+len(a.response.Extensions) == 0
}

// Append appends the JSON of the response: errors first, as the GraphQL
// specification recommends (section 7.1), and the data byte for byte.
func (a *Answer) Append(b []byte) []byte {
	if a.response == nil {
		return append(b, a.cached.plain.body...)
	}
	resp := a.response
	b = append(b, '{')
	if len(resp.Errors) > 0 {
		b = a.AppendErrors(append(b, `"errors":`...))
		if a.Executed() {
			b = append(b, ',')
		}
	}
	if a.Executed() {
		b = append(b, `"data":`...)
		if resp.Data == nil {
			b = append(b, "null"...)
		}
		b = append(b, resp.Data...)
	}
	if len(resp.Extensions) > 0 {
		if text, err := json.Marshal(resp.Extensions); err == nil { // they are no part of the result
			b = append(append(b, `,"extensions":`...), text...)
		}
	}
	return append(b, '}')
}

// Size returns the approximate number of bytes that [Answer.Append] appends. Errors and extensions are
// estimated.
func (a *Answer) Size() int {
	const each = 256
	if a.response == nil {
		return len(a.cached.plain.body)
	}
	return len(a.response.Data) + each*(1+len(a.response.Errors)+len(a.response.Extensions))
}

// AppendErrors appends the errors as a JSON list.
func (a *Answer) AppendErrors(b []byte) []byte {
	if a.response == nil {
		return append(b, "[]"...)
	}
	return append(b, errorsJSON(a.response.Errors)...)
}

// errorsJSON returns a list of errors. Extensions that JSON cannot express are
// left out except for the code: the client must learn of the errors all the
// same.
func errorsJSON(errs gqlerror.List) []byte {
	text, err := json.Marshal(errs)
	if err == nil {
		return text
	}
	plain := make(gqlerror.List, len(errs))
	for i, e := range errs {
		code, _ := e.Extensions["code"].(string)
		plain[i] = &gqlerror.Error{Message: e.Message, Path: e.Path, Locations: e.Locations, Extensions: map[string]any{"code": code}}
	}
	text, _ = json.Marshal(plain) // strings and numbers always can be
	return text
}

// code returns the code of the first error; empty if there is none.
func (a *Answer) code() problem.Code {
	if a.response == nil || len(a.response.Errors) == 0 {
		return ""
	}
	code, _ := a.response.Errors[0].Extensions["code"].(string)
	return problem.Code(code)
}
