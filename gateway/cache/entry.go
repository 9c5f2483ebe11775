package cache

import (
	"sync/atomic"
	"time"
	"weak"
)

// Key names a value: a SHA-256.
type Key [32]byte

// Policy is how long a value may be served, counted from when it was made. The zero
// value is not cached.
type Policy struct {
	// Fresh is how long the value is served to everyone.
	Fresh time.Duration
	// Revalidate is how long after Fresh it is served while a new one is made
	// (stale-while-revalidate, RFC 5861).
	Revalidate time.Duration
	// IfError is how long after Fresh it is served if making a new one failed
	// (stale-if-error, RFC 5861).
	IfError time.Duration
	// Validate is how long after Fresh the value is passed to [Make], which may find that
	// it has not changed.
	Validate time.Duration
}

// life returns how long a value is of use.
func (p Policy) life() time.Duration { return p.Fresh + max(p.Revalidate, p.IfError, p.Validate) }

// Entry is a value with its cache policy. It must not be modified after it was returned
// to a [Cache].
type Entry struct {
	Policy

	// Key is the key of the entry; the zero value stands for the requested key.
	Key Key
	// Value is what callers get.
	Value any
	// Cost is its size in bytes.
	Cost int64
	// Born is the time at which the value, or its oldest part, was made.
	Born time.Time
	// Tags are the tags that invalidate the value, besides adopted ones.
	Tags []string
	// Part reports that answers are made of the value, and that it adopts their tags.
	// Other gateways do not know these tags: for them, every invalidation invalidates it.
	Part bool
	// Parts are the cached entries that the value was made of: its making began when that
	// of the first part did.
	Parts []*Part

	until   time.Time     // the end of its life whatever its policy; zero for none
	began   uint64        // the epoch in which its making began
	valid   atomic.Uint64 // the latest epoch in which it was known to be valid
	adopted atomic.Pointer[adopted]
	self    atomic.Pointer[Part]
}

// Age returns how old the value is.
func (e *Entry) Age(now time.Time) time.Duration { return now.Sub(e.Born) }

// Expires returns when the value stops being fresh.
func (e *Entry) Expires() time.Time {
	at := e.Born.Add(e.Fresh)
	if !e.until.IsZero() && e.until.Before(at) {
		return e.until
	}
	return at
}

// use is what a value of some age is good for.
type use int

const (
	nothing      use = iota // at most to be validated
	onError                 // to be served if making a new one failed
	revalidating            // to be served while a new one is made
	fresh                   // to be served
)

// use decides whether the value may be served at its age: the only place that
// does. Of a nil entry it is nothing.
func (e *Entry) use(now time.Time) use {
	if e == nil || !e.until.IsZero() && !now.Before(e.until) {
		return nothing
	}
	switch age := e.Age(now); {
	case age < e.Fresh:
		return fresh
	case e.Fresh <= 0:
		return nothing // what was never fresh is not stale
	case age < e.Fresh+e.Revalidate:
		return revalidating
	case age < e.Fresh+e.IfError:
		return onError
	}
	return nothing
}

// jitter is the most by which the freshness of a value is shortened, as a share:
// values that were made together do not expire together.
const jitter = 0.05

// shorten shortens the freshness of a value by a random share, from 0 to 1, of the
// most.
func (e *Entry) shorten(random float64) {
	e.Fresh -= time.Duration(random * jitter * float64(e.Fresh))
}

// Part is a cached entry as a part of answers and of other entries
// (provenance.Part). It does not keep the entry from being dropped.
type Part struct {
	store *Store
	entry weak.Pointer[Entry]
	began atomic.Uint64
	until time.Time // that of the entry; set before anything is made of it
}

// PartOf returns an entry as a part of answers.
func (s *Store) PartOf(e *Entry) *Part {
	if e.self.Load() == nil {
		part := &Part{store: s, entry: weak.Make(e), until: e.until}
		part.began.Store(e.began)
		e.self.CompareAndSwap(nil, part)
	}
	return e.self.Load()
}

// Until returns the end of the entry's life, independent of its policy; zero for none.
// Values that are made of it are not fresh for longer.
func (p *Part) Until() time.Time { return p.until }
