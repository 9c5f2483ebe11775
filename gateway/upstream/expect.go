package upstream

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
)

// Suspicion is something in the answers of a service that hints at a typing error
// in a binding: no document of the service says what its answers have.
type Suspicion struct {
	Service string
	// Binding is where the binding is: file:line:column.
	Binding string
	// Message says what was looked for in vain, without anything of an answer.
	Message string
}

// Expectation is what a binding reads of answers. It notices what none of them has;
// what one answer had is not looked for again. It is safe for concurrent use.
type Expectation struct {
	service, binding string
	suspect          func(Suspicion) // nil: nobody wants to know
	enough           int             // answers without a name are suspicious

	answers   atomic.Int64
	met       atomic.Bool // all names were there
	matched   atomic.Bool // a row had a key
	mu        sync.Mutex
	names     *expected
	unmatched int // answers of which no row had a key
	reported  map[string]bool
}

// expected is a name in an answer.
type expected struct {
	inner   map[string]*expected
	seen    bool
	without int // answers that have what it should be in
}

// Looking at an answer costs as much as decoding it. So after the first ones only
// some are looked at.
const (
	firstAnswers   = 32
	everyAnswer    = 64
	enoughAnswers  = 20
	longestLooked  = 1 << 20
	keyExpectation = "the key"
)

// Expect returns the expectation of a binding, which is at file:line:column: paths
// of names in the answers' JSON, through lists.
func (c *HTTP) Expect(binding string, paths ...string) *Expectation {
	return newExpectation(c.config, binding, paths)
}

// Expect is as [HTTP.Expect], without paths: messages have what their protos say.
func (c *GRPC) Expect(binding string) *Expectation {
	return newExpectation(c.config, binding, nil)
}

func newExpectation(c Config, binding string, paths []string) *Expectation {
	e := &Expectation{
		service: c.Name, binding: binding, suspect: c.Suspect, enough: enoughAnswers,
		names: &expected{inner: map[string]*expected{}}, reported: map[string]bool{},
	}
	if c.Strict {
		e.enough = 1
	}
	for _, path := range paths {
		at := e.names
		for name := range strings.SplitSeq(path, ".") {
			if at.inner[name] == nil {
				at.inner[name] = &expected{inner: map[string]*expected{}}
			}
			at = at.inner[name]
		}
	}
	e.met.Store(len(paths) == 0)
	return e
}

// answered looks at an answer.
func (e *Expectation) answered(body []byte) {
	if e == nil || e.suspect == nil || e.met.Load() || len(body) > longestLooked {
		return
	}
	if n := e.answers.Add(1); n > firstAnswers && n%everyAnswer != 0 {
		return
	}
	var value any
	if json.Unmarshal(body, &value) != nil {
		return // decoding reports it
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.look(value, e.names, map[*expected]bool{})
	e.met.Store(e.names.complete())
	e.report(e.names, "")
}

// look marks the names that a value has. counted are those that this answer lacks.
func (e *Expectation) look(value any, at *expected, counted map[*expected]bool) {
	switch value := value.(type) {
	case []any:
		for _, item := range value {
			e.look(item, at, counted)
		}
	case map[string]any:
		for name, inner := range at.inner {
			found, ok := value[name]
			switch {
			case ok:
				inner.seen = true
				e.look(found, inner, counted)
			case !counted[inner]:
				counted[inner] = true
				inner.without++
			}
		}
	}
}

// complete reports whether all names were seen.
func (x *expected) complete() bool {
	for _, inner := range x.inner {
		if !inner.seen || !inner.complete() {
			return false
		}
	}
	return true
}

// report reports names that many answers lack, each once.
func (e *Expectation) report(at *expected, path string) {
	for name, inner := range at.inner {
		whole := strings.TrimPrefix(path+"."+name, ".")
		if !inner.seen && inner.without >= e.enough && !e.reported[whole] {
			e.reported[whole] = true
			e.suspect(Suspicion{e.service, e.binding, fmt.Sprintf("none of %d answers had %s; is that its name?", inner.without, whole)})
		}
		if inner.seen {
			e.report(inner, whole)
		}
	}
}

// Matching returns rows as they are, and notices when none of them has any of the
// keys that were asked for.
func Matching[K comparable, R any](e *Expectation, keys []K, rows []*R, key func(*R) K) []*R {
	if e == nil || e.suspect == nil || e.matched.Load() || len(rows) == 0 {
		return rows
	}
	asked := make(map[K]bool, len(keys))
	for _, k := range keys {
		asked[k] = true
	}
	for _, row := range rows {
		if row != nil && asked[key(row)] {
			e.matched.Store(true)
			return rows
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.unmatched++; e.unmatched >= e.enough && !e.reported[keyExpectation] {
		e.reported[keyExpectation] = true
		e.suspect(Suspicion{e.service, e.binding, fmt.Sprintf("%d answers had rows, none with a key that was asked for; is key the right field?", e.unmatched)})
	}
	return rows
}
