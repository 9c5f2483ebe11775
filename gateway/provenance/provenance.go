// Package provenance records what an answer is made of while it is made: what
// of the caller it depends on, what can invalidate it, how long its parts are
// fresh, and what services' answers pass to the caller.
//
// It makes caching safe where a schema says too little. Every function that gives
// code access to the caller records that: so an answer that was made with a
// principal is that principal's, whether or not its fields are declared so.
//
// Hand-written methods need it only for tags of cached answers: From(ctx).Tag.
package provenance

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// Record is what one answer, or a part of it, is made of. It is safe for
// concurrent use. The methods of nil do nothing.
type Record struct {
	mu       sync.Mutex
	caller   Caller
	headers  map[string]struct{}
	tags     map[string]struct{}
	services map[string]struct{}
	overflow bool
	born     time.Time
	expires  time.Time
	validate bool
	missing  bool
	fellBack bool
	parts    []Part
	passed   passed

	outer       *Record       // nil for none
	calls, open int           // of services: all, and those under way
	began       time.Time     // when open was 0 last
	waited      time.Duration // while open was more
	list        *calls        // of the outermost record
}

// Part is something that is cached on its own and became a part of an answer.
type Part interface {
	// Adopt adds the tags of the answer to the part, when these are known, and reports
	// whether none of them was invalidated since the part was made.
	Adopt(tags []string) (valid bool)
}

// Caller is how much of the caller an answer depends on.
type Caller int

// The parts of a caller.
const (
	// Nobody is an answer that is the same for every caller, but for headers.
	Nobody Caller = iota
	// Principal is one that depends on who the caller is and on the
	// credentials.
	Principal
	// Everything is one that may depend on all of the request.
	Everything
)

// Summary is what a record has.
type Summary struct {
	// Caller is the most that was used.
	Caller Caller
	// Headers are the names of the request's headers that were read, in
	// canonical spelling, sorted.
	Headers []string
	// Tags are sorted.
	Tags []string
	// Born is when the oldest part was made; zero if all were made now.
	Born time.Time
	// Expires is when the first part stops being fresh; zero if none says so.
	Expires time.Time
	// MustRevalidate reports that a part must not be served when it is stale.
	MustRevalidate bool
	// Missing reports that a service had no object, or nothing for a key.
	Missing bool
	// FellBack reports that a field has its fallback value, since a service was not
	// available: the answer is not whole, and must not be cached.
	FellBack bool
	// Services are those that were called, sorted.
	Services []string
	// Parts are those that are cached.
	Parts []Part
	// Overflow reports that there were more than [MaxTags], so that some are
	// missing: such an answer cannot be invalidated, and must not be cached.
	Overflow bool
	// Passed are the fields of services' answers that the caller gets, in the
	// order of writes and bindings. PassedOver reports whether they had more than
	// [MaxPassed] bytes: then there are none.
	Passed     []Passed
	PassedOver bool
	// Calls is how many calls of services were made, and Waited for how long at least one of
	// them was under way.
	Calls  int
	Waited time.Duration
}

// MaxTags is how many tags one answer has.
const MaxTags = 10_000

type recordKey struct{}

// Begin returns a context with a new record, which hides an outer one. Only the calls count for
// both.
func Begin(ctx context.Context) (context.Context, *Record) {
	r := From(ctx)
	if r != nil {
		r = &Record{outer: r, list: r.list}
	} else {
		outermost := &struct {
			Record
			calls
		}{}
		r = &outermost.Record
		r.list = &outermost.calls
	}
	return context.WithValue(ctx, recordKey{}, r), r
}

// From returns the record of a context; nil without one.
func From(ctx context.Context) *Record {
	r, _ := ctx.Value(recordKey{}).(*Record)
	return r
}

type writingKey struct{}

// Writing returns a context of an operation that changes something: what is
// read in it is read from services, and what they answered before may be
// wrong.
func Writing(ctx context.Context) context.Context {
	return context.WithValue(ctx, writingKey{}, true)
}

// IsWriting reports whether the context is one of [Writing].
func IsWriting(ctx context.Context) bool {
	writing, _ := ctx.Value(writingKey{}).(bool)
	return writing
}

// Uses notes that the answer depends on the caller.
func (r *Record) Uses(c Caller) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.caller = max(r.caller, c)
}

// UsesHeader notes that the answer depends on a header of the request, in
// canonical spelling, be it absent.
func (r *Record) UsesHeader(name string) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.headers == nil {
		r.headers = map[string]struct{}{}
	}
	r.headers[name] = struct{}{}
}

// versionOf is before the name of a service whose version an answer depends on, among
// the headers. No header begins with a colon.
const versionOf = ":version of "

// UsesVersion notes that the answer depends on the version of a service that the request
// gets.
func (r *Record) UsesVersion(service string) { r.UsesHeader(versionOf + service) }

// ServiceOf returns the service if a name of [Summary].Headers is not that of a header,
// but says that the answer depends on the version of a service.
func ServiceOf(name string) (service string, ok bool) { return strings.CutPrefix(name, versionOf) }

// Tag adds tags, by which the answer can be invalidated. Empty ones are left out. Values in a
// tag must be escaped: see [Escape].
func (r *Record) Tag(tags ...string) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, tag := range tags {
		r.tag(tag)
	}
}

func (r *Record) tag(tag string) {
	if tag == "" {
		return
	}
	if r.tags == nil {
		r.tags = map[string]struct{}{}
	}
	if r.tags[tag] = struct{}{}; len(r.tags) > MaxTags {
		delete(r.tags, tag)
		r.overflow = true
	}
}

// Born notes when a part was made.
func (r *Record) Born(at time.Time) {
	if r == nil || at.IsZero() {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.born.IsZero() || at.Before(r.born) {
		r.born = at
	}
}

// Expires notes when a part stops being fresh.
func (r *Record) Expires(at time.Time) {
	if r == nil || at.IsZero() {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.expires.IsZero() || at.Before(r.expires) {
		r.expires = at
	}
}

// MustRevalidate notes that a part must not be served when it is stale (RFC 9111,
// section 5.2.2.2).
func (r *Record) MustRevalidate() {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.validate = true
}

// Missing notes that a service had no object, or nothing for a key: no tag of an
// object invalidates that.
func (r *Record) Missing() {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.missing = true
}

// FellBack notes that a field has its fallback value, since a service was not
// available.
func (r *Record) FellBack() {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fellBack = true
}

// Calls notes that a service was called.
func (r *Record) Calls(service string) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.services == nil {
		r.services = map[string]struct{}{}
	}
	r.services[service] = struct{}{}
}

// Has notes a part of the answer.
func (r *Record) Has(p Part) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.parts = append(r.parts, p)
}

// Add notes what another answer was made of, which is a part of this one.
func (r *Record) Add(s Summary) {
	if r == nil {
		return
	}
	r.Uses(s.Caller)
	for _, name := range s.Headers {
		r.UsesHeader(name)
	}
	r.Tag(s.Tags...)
	for _, part := range s.Parts {
		r.Has(part)
	}
	for _, service := range s.Services {
		r.Calls(service)
	}
	r.Born(s.Born)
	r.Expires(s.Expires)
	for _, field := range s.Passed {
		r.Pass(field)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.overflow, r.validate, r.missing = r.overflow || s.Overflow, r.validate || s.MustRevalidate, r.missing || s.Missing
	r.fellBack = r.fellBack || s.FellBack
	if s.PassedOver {
		r.passed = passed{step: r.passed.step, over: true}
	}
}

// Summary returns what was noted until now.
func (r *Record) Summary() Summary {
	if r == nil {
		return Summary{}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return Summary{
		Caller:         r.caller,
		Headers:        sorted(r.headers),
		Tags:           sorted(r.tags),
		Born:           r.born,
		Expires:        r.expires,
		MustRevalidate: r.validate,
		Missing:        r.missing,
		FellBack:       r.fellBack,
		Services:       sorted(r.services),
		Parts:          slices.Clone(r.parts),
		Overflow:       r.overflow,
		Passed:         slices.Clone(r.passed.list),
		PassedOver:     r.passed.over,
		Calls:          r.calls,
		Waited:         r.waited,
	}
}

func sorted(set map[string]struct{}) []string {
	if len(set) == 0 {
		return nil
	}
	return slices.Sorted(maps.Keys(set))
}

// Escape writes a value so that it can be a part of a tag: tags are separated
// by spaces or commas in headers. All bytes but letters, digits and -_.~:@ are
// percent-encoded (RFC 3986, section 2.1).
func Escape(value string) string {
	plain := true
	for i := range len(value) {
		plain = plain && inTag(value[i])
	}
	if plain {
		return value
	}
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(value) {
		if c := value[i]; inTag(c) {
			b.WriteByte(c)
		} else {
			b.Write([]byte{'%', digits[c>>4], digits[c&15]})
		}
	}
	return b.String()
}

func inTag(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-_.~:@", c) >= 0
}
