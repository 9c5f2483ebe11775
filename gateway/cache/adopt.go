package cache

import "maps"

// adopted are the tags of what an entry became a part of. They are immutable: the
// parts of an answer share them.
type adopted struct {
	tags map[string]struct{}
	any  bool // too many: every invalidation is one of it
}

// mostAdopted is how many tags an entry adopts.
const mostAdopted = 1000

// Adoption adds to entries the tags of an answer that they became parts of. It is not
// safe for concurrent use.
type Adoption struct {
	tags     []string
	from, to *adopted // the latest that grew, and what it grew to; to is nil before
}

// Adopting returns the adoption of tags.
func Adopting(tags []string) *Adoption { return &Adoption{tags: tags} }

// By adds the tags to an entry, so that an invalidation of the answer also invalidates
// the entry; otherwise a new answer would be made of it. It reports whether one of the
// tags was invalidated since the making of the entry began: then the answer is not valid.
func (a *Adoption) By(p *Part) (valid bool) {
	e := p.entry.Value()
	if e == nil { // it was dropped
		return p.store.tags.validSince(a.tags, p.began.Load())
	}
	for {
		have := e.adopted.Load()
		grown := a.grow(have)
		if grown == have || p.store.tags.adopt(e, have, grown) {
			return p.store.tags.valid(e)
		}
	}
}

// Adopt is [Adoption.By] of one entry.
func (p *Part) Adopt(tags []string) (valid bool) { return Adopting(tags).By(p) }

// grow returns what an entry has adopted after the adoption: have itself if it has all
// tags already.
func (a *Adoption) grow(have *adopted) *adopted {
	switch {
	case a.to != nil && (have == a.from || have == a.to):
		return a.to
	case len(a.tags) == 0 || have != nil && have.has(a.tags):
		a.from, a.to = have, have
		return have
	}
	grown := &adopted{tags: make(map[string]struct{}, len(a.tags))}
	for _, tag := range a.tags {
		grown.tags[tag] = struct{}{}
	}
	if have != nil {
		maps.Copy(grown.tags, have.tags)
	}
	if len(grown.tags) > mostAdopted {
		grown = &adopted{any: true}
	}
	a.from, a.to = have, grown
	return grown
}

func (a *adopted) has(tags []string) bool {
	for _, tag := range tags {
		if _, ok := a.tags[tag]; !ok && !a.any {
			return false
		}
	}
	return true
}
