package upstream

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// Suspicion is a sign of a typo in a binding: a name or a key that no answer of a service
// had. It is for services without a document that bindings are checked against.
type Suspicion struct {
	Service string
	// Binding is the position of the binding: file:line:column.
	Binding string
	// Message describes what was not found. It contains no data of an answer.
	Message string
}

// Expectation detects names that a binding reads and no answer has. A name that an answer
// had is not checked again. It is safe for concurrent use.
type Expectation struct {
	service, binding string
	suspect          func(Suspicion) // nil if nothing is checked
	enough           int             // number of answers without a name that is suspicious

	answers   atomic.Int64
	met       atomic.Bool // all names were found
	matched   atomic.Bool // a row had a requested key
	mu        sync.Mutex
	names     *expected
	unmatched int // answers with rows, but without a requested key
	reported  map[string]bool
}

// expected is a name that is expected in an answer.
type expected struct {
	inner   map[string]*expected
	seen    bool
	without int // number of answers that have the object, but not the name
}

// Checking an answer costs as much as decoding it. So after the first answers, only
// some are checked.
const (
	firstAnswers   = 32
	everyAnswer    = 64
	enoughAnswers  = 20
	longestLooked  = 1 << 20
	keyExpectation = "the key"
)

// Expect is part of [HTTP].
func (c *httpClient) Expect(binding string, paths ...string) *Expectation {
	return newExpectation(c.config(), binding, paths)
}

// Expect is part of [GRPC].
func (c *grpcClient) Expect(binding string) *Expectation {
	return newExpectation(c.config(), binding, nil)
}

func newExpectation(c *Config, binding string, paths []string) *Expectation {
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

// answered checks an answer.
func (e *Expectation) answered(body string) {
	if e == nil || e.suspect == nil || e.met.Load() || len(body) > longestLooked {
		return
	}
	if n := e.answers.Add(1); n > firstAnswers && n%everyAnswer != 0 {
		return
	}
	var value any
	if json.Unmarshal([]byte(body), &value) != nil {
		return // decoding reports it
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.look(value, e.names, map[*expected]bool{})
	e.met.Store(e.names.complete())
	e.report(e.names, "")
}

// look marks the names that a value has. counted are the names whose absence
// from this answer is counted already.
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

// report reports the names that too many answers lack, each once.
func (e *Expectation) report(at *expected, path string) {
	for name, inner := range at.inner {
		whole := strings.TrimPrefix(path+"."+name, ".")
		if !inner.seen && inner.without >= e.enough && !e.reported[whole] {
			e.reported[whole] = true
			e.suspect(Suspicion{e.service, e.binding, fmt.Sprintf("none of %d answers had %s; check its name in the binding", inner.without, whole)})
		}
		if inner.seen {
			e.report(inner, whole)
		}
	}
}

// Matching detects answers that have rows, but none with a requested key.
func (e *Expectation) Matching(keys, rows []string) {
	if e == nil || e.suspect == nil || e.matched.Load() || len(rows) == 0 {
		return
	}
	asked := make(map[string]bool, len(keys))
	for _, key := range keys {
		asked[key] = true
	}
	if slices.ContainsFunc(rows, func(key string) bool { return key != "" && asked[key] }) {
		e.matched.Store(true)
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.unmatched++; e.unmatched >= e.enough && !e.reported[keyExpectation] {
		e.reported[keyExpectation] = true
		e.matched.Store(true) // it is not looked for again
		e.suspect(Suspicion{e.service, e.binding, fmt.Sprintf("%d answers had rows, but none with a requested key; check the key of the binding", e.unmatched)})
	}
}
