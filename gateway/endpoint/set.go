package endpoint

import (
	"context"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

var errNoTarget = errors.New("it has no URL")

// Config describes the endpoints of a service. Zero values stand for the defaults.
type Config struct {
	// Targets are where they are.
	Targets []Target
	// File is a file with a list of targets, which is read again when it changes; empty
	// if there is none.
	File string
	// Resolver is the address of a DNS server, host:port; empty for those of the system.
	Resolver string
	// Zone is where the gateway is: endpoints of the same zone are preferred; empty for
	// no preference.
	Zone string
	// Open returns what calls an endpoint. It must not connect. Close ends it when no call
	// is under way.
	Open func(*Endpoint) io.Closer
	// Health is the active health check.
	Health Health
	// Notify gets to know of changes; nil for nobody. It must not block.
	Notify func(Event)

	// Now and Random are for tests.
	Now    func() time.Time
	Random func() float64
}

// Set are the endpoints of a service. It is safe for concurrent use.
type Set struct {
	config   Config
	resolver resolver
	start    time.Time
	current  atomic.Pointer[snapshot] // nil before the first lookup
	usual    atomic.Int64             // ns that calls take, of late; see share

	mu      sync.Mutex // of the members and their states
	members []member
	retired atomic.Bool

	finding finding
}

// NewSet returns the endpoints of a service. Nothing is looked up before the first call,
// or Run. The error is of a target or a file that is not valid.
func NewSet(c Config) (*Set, error) {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Random == nil {
		c.Random = rand.Float64
	}
	if c.Notify == nil {
		c.Notify = func(Event) {}
	}
	s := &Set{config: c, resolver: resolver{c.Resolver}, start: c.Now()}
	s.finding.init(c)
	if err := s.finding.read(); err != nil {
		return nil, err
	}
	return s, nil
}

// URL returns the URL of the first target: its scheme and path are those of all.
func (s *Set) URL() URL { return s.finding.first() }

// clock returns the time in nanoseconds; more than 0.
func (s *Set) clock() int64 { return int64(s.config.Now().Sub(s.start)) + 1 }

// ErrNoEndpoint is the error when a service has no endpoint.
var ErrNoEndpoint = errors.New("no endpoint")

// ErrRetired is the error of a set that is used after [Set.Retire].
var ErrRetired = errors.New("the endpoints were replaced")

// Use chooses an endpoint for a call, preferably none of those to avoid. With
// mayProbe, a call that is no stream can be one that finds out whether an ejected
// endpoint works again. The error is that of a lookup, or of ctx.
func (s *Set) Use(ctx context.Context, kind Kind, avoid []*Endpoint, mayProbe bool) (Use, error) {
	u, err := s.pick(ctx, kind, avoid, mayProbe)
	if s.retired.Load() {
		if err == nil {
			u.End(Left)
		}
		return Use{}, ErrRetired
	}
	return u, err
}

func (s *Set) pick(ctx context.Context, kind Kind, avoid []*Endpoint, mayProbe bool) (Use, error) {
	current := s.current.Load()
	if current == nil {
		if err := s.find(ctx); err != nil {
			return Use{}, err
		}
		current = s.current.Load()
	}
	if current == nil || len(current.all) == 0 { // nil if it was retired during the lookup
		return Use{}, ErrNoEndpoint
	}
	if len(current.all) == 1 {
		return current.all[0].use(kind, false), nil
	}
	now := s.clock()
	if len(avoid) == 0 && len(current.ejected) > 0 {
		if e := s.recovering(current, now, mayProbe && kind == Call); e != nil {
			return e.use(kind, true), nil
		}
	}
	if e := s.choose(current, kind, avoid, now); e != nil {
		return e.use(kind, false), nil
	}
	// All that are available have failed: another one, or any.
	for _, m := range current.all {
		if !slices.Contains(avoid, m.Endpoint) {
			return m.use(kind, m.IsEjected()), nil
		}
	}
	return current.all[int(s.config.Random()*float64(len(current.all)))].use(kind, false), nil
}

// recovering returns an ejected endpoint whose turn it is to be probed, or nil. Without
// mayProbe, those whose turn is long past are back on trial.
func (s *Set) recovering(c *snapshot, now int64, mayProbe bool) *Endpoint {
	if mayProbe {
		return c.toProbe(now)
	}
	for _, e := range c.ejected {
		if now-e.probe.Load() >= int64(longestEjection) {
			s.restore(e, true)
		}
	}
	return nil
}

// toProbe returns an ejected endpoint whose turn it is to be called, once in an interval.
func (c *snapshot) toProbe(now int64) *Endpoint {
	for _, e := range c.ejected {
		if at := e.probe.Load(); now >= at && e.probe.CompareAndSwap(at, now+int64(baseEjection)) {
			return e
		}
	}
	return nil
}

// choose returns the endpoint for a call, or nil if all that are available are to be
// avoided.
func (s *Set) choose(c *snapshot, kind Kind, avoid []*Endpoint, now int64) *Endpoint {
	c.share(s, now)
	random := s.config.Random()
	for i := range c.levels {
		if random -= c.levels[i].load; random < 0 {
			if e := s.ofTwo(&c.levels[i], kind, avoid); e != nil {
				return e
			}
			break
		}
	}
	for i := range c.levels { // that of its turn has none
		if e := s.ofTwo(&c.levels[i], kind, avoid); e != nil {
			return e
		}
	}
	return nil
}

// ofTwo draws two endpoints of a level, by weight and share, and returns the one with
// fewer calls under way for its weight.
func (s *Set) ofTwo(l *level, kind Kind, avoid []*Endpoint) *Endpoint {
	n := len(l.members)
	for _, m := range l.members {
		if slices.Contains(avoid, m.Endpoint) {
			n--
		}
	}
	if n == 0 {
		return nil
	}
	first, _ := s.draw(l, avoid, nil)
	if n == 1 {
		return first.Endpoint
	}
	second, ok := s.draw(l, avoid, first.Endpoint)
	if ok && float64(second.Open(kind))/second.weight < float64(first.Open(kind))/first.weight {
		return second.Endpoint
	}
	return first.Endpoint
}

// draw draws an endpoint that is not to be avoided; at least one must be left. It
// reports whether one was drawn that is given its share: a slow one need not be.
func (s *Set) draw(l *level, avoid []*Endpoint, other *Endpoint) (member, bool) {
	const most = 16
	var last member
	for range most {
		m := l.draw(s.config.Random())
		if m.Endpoint == other || slices.Contains(avoid, m.Endpoint) {
			continue
		}
		if share := math.Float64frombits(m.share.Load()); share >= 1 || s.config.Random() < share {
			return m, true
		}
		last = m
	}
	for _, m := range l.members {
		if last.Endpoint == nil && m.Endpoint != other && !slices.Contains(avoid, m.Endpoint) {
			last = m
		}
	}
	return last, false
}

// update makes sites the endpoints of the set. Those that stay keep what is known of
// them.
func (s *Set) update(sites []site) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.retired.Load() {
		return
	}
	have := map[key]*Endpoint{}
	for _, m := range s.members {
		have[m.key] = m.Endpoint
	}
	first := s.current.Load() == nil
	next := make([]member, 0, len(sites))
	seen := map[key]bool{}
	for _, found := range sites {
		if seen[found.key] {
			continue
		}
		seen[found.key] = true
		e := have[found.key]
		if e == nil {
			e = s.newEndpoint(found.key)
			if !first {
				e.ramp.Store(s.clock())
			}
		}
		delete(have, found.key)
		next = append(next, member{e, found})
	}
	s.members = next
	s.rebuild()
	for _, e := range have {
		e.remove()
	}
}

func (s *Set) newEndpoint(k key) *Endpoint {
	e := &Endpoint{Network: k.network, Address: k.address, Authority: k.authority, set: s}
	e.peer = s.config.Open(e)
	return e
}

// rebuild makes what endpoints are chosen from. The lock must be held.
func (s *Set) rebuild() {
	s.current.Store(newSnapshot(s.members, s.config.Zone))
}

// Len returns the number of endpoints that are known.
func (s *Set) Len() int {
	if current := s.current.Load(); current != nil {
		return len(current.all)
	}
	return 0
}

// All returns the endpoints, and whether each is available.
func (s *Set) All() map[*Endpoint]bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := map[*Endpoint]bool{}
	for _, m := range s.members {
		all[m.Endpoint] = !m.ejected && !m.unhealthy
	}
	return all
}

// Retire ends the use of the set: no call is given to an endpoint any more, and each is closed
// when its calls and streams have ended. Run may still be about to return.
func (s *Set) Retire() {
	s.retired.Store(true)
	s.finding.close()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.members {
		m.remove()
	}
}

// Close closes the peers. Run must have returned, and calls have ended.
func (s *Set) Close() {
	s.finding.close()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.members {
		m.closing.Do(func() { _ = m.peer.Close() })
	}
}

// String is for the log.
func (e *Endpoint) String() string {
	if e.Network == "unix" {
		return "unix:" + e.Address
	}
	return e.Address
}
