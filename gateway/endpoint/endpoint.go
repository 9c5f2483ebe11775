// Package endpoint knows where services are: it finds their endpoints (addresses, DNS,
// SRV records, a file), chooses one for each call, and leaves out those that fail. It
// knows nothing of protocols: what calls an endpoint is its peer.
//
// The words are Envoy's: outlier detection and ejection, panic threshold, slow start,
// priorities. A call is given to the one with fewer calls under way of two that are
// drawn at random (power of two choices). Slow endpoints are drawn less often; one that
// does not answer counts as slow as long as it has been silent.
package endpoint

import (
	"io"
	"sync"
	"sync/atomic"
	"time"
)

// Kind is a kind of call. Endpoints are chosen by the number of those of the same kind.
type Kind int

const (
	// Call is a call with one answer.
	Call Kind = iota
	// Stream is a call that is open for long. How long it takes says nothing.
	Stream
	check // of health; it is not given to a caller
	kinds
)

// Outcome is how a call ended.
type Outcome int

const (
	// Left is of a call whose caller left: nothing is known of the endpoint.
	Left Outcome = iota
	// Answered is of an endpoint that works, whatever it answered.
	Answered
	// Failed is of an answer that says that the endpoint cannot do its work.
	Failed
	// Silent is of a call that took too long.
	Silent
	// Late is of a call whose deadline left the endpoint less time than calls may take. It
	// counts as Silent if calls usually take much less, and else as Left.
	Late
	// Lost is of a connection that could not be made, or broke.
	Lost
)

// Endpoint is one address of a service. It is safe for concurrent use.
type Endpoint struct {
	// Address is host:port, or the path of a Unix domain socket.
	Address string
	// Network is tcp or unix.
	Network string
	// Authority is the host that requests name, with the port unless it is the scheme's
	// default.
	Authority string

	set     *Set
	peer    io.Closer
	open    [kinds]atomic.Int64 // calls under way
	gone    atomic.Bool         // it is no endpoint of the set any more
	closing sync.Once

	waiting atomic.Int64  // since when calls are under way; see pace
	heard   atomic.Int64  // when it answered last
	share   atomic.Uint64 // of its weight that it is given; the bits of a float64
	ramp    atomic.Int64  // when slow start began; 0 for not at all

	mu     sync.Mutex
	pace   pace
	record record

	// Of the set, under its lock.
	ejected   bool
	unhealthy bool // says the active health check
	ejections int
	restored  int64 // when it was ejected no longer
	probe     atomic.Int64
}

// Peer returns what calls the endpoint, as [Config].Open made it.
func (e *Endpoint) Peer() io.Closer { return e.peer }

// Open returns how many calls of a kind are under way.
func (e *Endpoint) Open(kind Kind) int { return int(e.open[kind].Load()) }

// Use is a call of an endpoint. Its End must be called once.
type Use struct {
	*Endpoint
	// Probe reports that the endpoint is ejected, and the call finds out whether it is
	// to be used again.
	Probe bool

	kind  Kind
	began int64
}

// use begins a call.
func (e *Endpoint) use(kind Kind, probe bool) Use {
	now := e.set.clock()
	if kind == Call && e.open[kind].Load() == 0 {
		e.waiting.Store(now)
	}
	e.open[kind].Add(1)
	return Use{Endpoint: e, Probe: probe, kind: kind, began: now}
}

// End ends a call.
func (u Use) End(outcome Outcome) {
	e, now := u.Endpoint, u.set.clock()
	if e.open[u.kind].Add(-1) == 0 && e.gone.Load() {
		e.close()
	}
	if outcome == Late {
		outcome = u.judgeLate(time.Duration(now - u.began))
	}
	if outcome == Left {
		return
	}
	if outcome == Answered || outcome == Failed {
		e.heard.Store(now)
	}
	e.mu.Lock()
	if u.kind == Call && (outcome == Answered || outcome == Silent) {
		e.pace.add(now, time.Duration(now-u.began))
	}
	outlier := e.record.add(now, outcome == Answered)
	e.mu.Unlock()
	switch {
	case outcome == Answered:
		if u.Probe {
			u.set.restore(e, false)
		}
	case u.Probe || outlier:
		u.set.eject(e, u.Probe)
	}
}

// beginCheck begins a check of health, whose end must be called. It is false if the endpoint is gone.
func (e *Endpoint) beginCheck() (end func(), ok bool) {
	e.open[check].Add(1)
	end = func() {
		if e.open[check].Add(-1) == 0 && e.gone.Load() {
			e.close()
		}
	}
	if e.gone.Load() {
		end()
		return nil, false
	}
	return end, true
}

// remove ends an endpoint that the set has no longer: at once, or with its last call.
func (e *Endpoint) remove() {
	e.gone.Store(true)
	for kind := range e.open {
		if e.open[kind].Load() > 0 {
			return
		}
	}
	e.close()
}

// close closes the peer if no call is under way.
func (e *Endpoint) close() {
	for kind := range e.open {
		if e.open[kind].Load() > 0 {
			return
		}
	}
	e.closing.Do(func() { _ = e.peer.Close() })
}

// Works notes that a stream has begun, which goes on: its endpoint works.
func (u Use) Works() {
	e, now := u.Endpoint, u.set.clock()
	e.heard.Store(now)
	e.mu.Lock()
	e.record.add(now, true)
	e.mu.Unlock()
	if u.Probe {
		u.set.restore(e, false)
	}
}
