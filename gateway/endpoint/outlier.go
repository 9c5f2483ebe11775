package endpoint

import "time"

// Event is what happens to the endpoints of a service, for the log and for metrics.
type Event struct {
	Kind EventKind
	// Endpoint is nil if the event is not about one.
	Endpoint *Endpoint
	// Err is the cause; nil if there is none.
	Err error
}

// EventKind is a kind of [Event], in words for the log.
type EventKind string

// The kinds of events.
const (
	Ejected      EventKind = "an endpoint is ejected"
	Restored     EventKind = "an endpoint is back"
	Unhealthy    EventKind = "an endpoint is unhealthy"
	Healthy      EventKind = "an endpoint is healthy"
	Changed      EventKind = "the endpoints have changed"
	LookupFailed EventKind = "the endpoints can't be looked up"
)

// IsBad reports whether an event is for an operator's attention.
func (k EventKind) IsBad() bool { return k == Ejected || k == Unhealthy || k == LookupFailed }

const (
	baseEjection    = 5 * time.Second
	longestEjection = 30 * time.Second
	forgiven        = time.Minute // after which an ejection does not count
)

// eject leaves an endpoint out, for longer each time, unless the others are not
// better: then it is the service that fails, and to call fewer of its endpoints would
// not help. A probe that failed only prolongs it.
func (s *Set) eject(e *Endpoint, probe bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock()
	if e.ejected {
		if probe {
			e.ejections++
			e.probe.Store(now + int64(ejection(e.ejections)))
		}
		return
	}
	if !s.hasBetter(e) {
		return
	}
	if now-e.restored > int64(forgiven) {
		e.ejections = 0
	}
	e.ejections++
	e.ejected = true
	e.probe.Store(now + int64(ejection(e.ejections)))
	s.rebuild()
	s.config.Notify(Event{Kind: Ejected, Endpoint: e})
}

func ejection(n int) time.Duration {
	return min(baseEjection*time.Duration(n), longestEjection)
}

// hasBetter reports whether another endpoint is available that works.
func (s *Set) hasBetter(e *Endpoint) bool {
	mine := e.recent()
	for _, m := range s.members {
		if m.Endpoint == e || m.ejected || m.unhealthy {
			continue
		}
		if of := m.recent(); of.isBetter(mine) {
			return true
		}
	}
	return false
}

func (e *Endpoint) recent() record {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.record
}

// IsEjected reports whether the endpoint is left out, but for calls that find out whether
// it works again.
func (e *Endpoint) IsEjected() bool {
	e.set.mu.Lock()
	defer e.set.mu.Unlock()
	return e.ejected
}

// restore makes an ejected endpoint one of those that are chosen, with slow start.
func (s *Set) restore(e *Endpoint) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !e.ejected {
		return
	}
	e.ejected = false
	e.restored = s.clock()
	e.fresh(e.restored)
	s.rebuild()
	s.config.Notify(Event{Kind: Restored, Endpoint: e})
}

// fresh forgets what is known of an endpoint that is back.
func (e *Endpoint) fresh(now int64) {
	e.mu.Lock()
	e.record, e.pace = record{}, pace{}
	e.mu.Unlock()
	e.ramp.Store(now)
}
