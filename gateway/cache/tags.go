package cache

import (
	"sync"
	"sync/atomic"
)

// ServiceTag is the tag of what a service answered.
func ServiceTag(service string) string { return "service:" + service }

// invalidations are the latest invalidations of tags.
type invalidations struct {
	epoch atomic.Uint64

	mu sync.RWMutex
	// recent and older have the epochs of tags. What is in neither was last
	// invalidated at floor, or never.
	recent, older map[string]uint64
	began         uint64 // the epoch in which recent began
	floor         uint64
}

// mostTags is how many tags recent has.
const mostTags = 50_000

func (i *invalidations) init() { i.recent = map[string]uint64{} }

func (i *invalidations) add(tags []string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	// Not before the tags are there: who sees the epoch must see them.
	next := i.epoch.Load() + 1
	for _, tag := range tags {
		if len(i.recent) >= mostTags {
			i.floor = i.began // older has nothing newer
			i.older, i.recent, i.began = i.recent, map[string]uint64{}, next
		}
		i.recent[tag] = next
	}
	i.epoch.Store(next)
}

func (i *invalidations) addAll() {
	i.mu.Lock()
	defer i.mu.Unlock()
	next := i.epoch.Load() + 1
	i.older, i.recent, i.began, i.floor = nil, map[string]uint64{}, next, next
	i.epoch.Store(next)
}

// adopt replaces the tags of an entry, but not while the entry is found valid
// by fewer. It reports whether it had these.
func (i *invalidations) adopt(e *Entry, have, grown *adopted) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	if !e.adopted.CompareAndSwap(have, grown) {
		return false
	}
	e.valid.Store(e.began)
	return true
}

// valid reports whether no tag of an entry was invalidated since it was known to be
// valid.
func (i *invalidations) valid(e *Entry) bool {
	known, now := e.valid.Load(), i.epoch.Load()
	if known == now {
		return true
	}
	i.mu.RLock()
	defer i.mu.RUnlock()
	now = i.epoch.Load()
	if known < i.floor {
		return false
	}
	for _, tag := range e.Tags {
		if i.last(tag) > known {
			return false
		}
	}
	if a := e.adopted.Load(); a != nil {
		if a.any && now > known {
			return false
		}
		for tag := range a.tags {
			if i.last(tag) > known {
				return false
			}
		}
	}
	e.valid.CompareAndSwap(known, now)
	return true
}

// validSince reports whether no tag was invalidated after an epoch.
func (i *invalidations) validSince(tags []string, epoch uint64) bool {
	i.mu.RLock()
	defer i.mu.RUnlock()
	if epoch < i.floor {
		return false
	}
	for _, tag := range tags {
		if i.last(tag) > epoch {
			return false
		}
	}
	return true
}

// last returns the epoch in which a tag was invalidated last, as far as that is
// remembered.
func (i *invalidations) last(tag string) uint64 { return max(i.recent[tag], i.older[tag]) }
