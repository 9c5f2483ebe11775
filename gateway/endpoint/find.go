package endpoint

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// failedLookup is how long a lookup that failed is not made again.
const failedLookup = time.Second

// finding looks up targets. One lookup at a time is under way.
type finding struct {
	file   *file           // nil if there is none
	ctx    context.Context //nolint:containedctx // of the lookups, which outlast the call that began them
	cancel context.CancelFunc
	group  sync.WaitGroup

	mu      sync.Mutex
	targets []lookup
	base    URL // of the first target
	failed  error
	running chan struct{} // closed when the lookup that is under way has ended; nil if there is none
	closed  bool
}

// lookup is what was found of a target.
type lookup struct {
	target Target
	sites  []site
	until  int64 // when it is to be made again; 0 for never
	done   bool  // it has been made
	err    error // of the latest attempt
}

func (f *finding) init(c Config) {
	f.ctx, f.cancel = context.WithCancel(context.Background())
	if c.File != "" {
		f.file = &file{path: c.File}
	}
	for _, t := range c.Targets {
		f.targets = append(f.targets, lookup{target: t})
	}
}

// read reads the file for the first time, and checks the targets.
func (f *finding) read() error {
	if f.file != nil {
		targets, _, err := f.file.changed()
		if err != nil {
			return err
		}
		f.targets = nil
		for _, t := range targets {
			f.targets = append(f.targets, lookup{target: t})
		}
	}
	if err := CheckTargets(f.list()); err != nil {
		return err
	}
	f.base, _ = ParseURL(f.targets[0].target.URL) // it is valid
	return nil
}

func (f *finding) list() []Target {
	list := make([]Target, len(f.targets))
	for i, of := range f.targets {
		list[i] = of.target
	}
	return list
}

func (f *finding) first() URL { return f.base }

func (f *finding) close() {
	f.mu.Lock()
	f.closed = true
	f.mu.Unlock()
	f.cancel()
	f.group.Wait()
}

// find looks up what is to be looked up, and returns when it is known, or ctx is
// done. The error is of a service none of whose endpoints are known.
func (s *Set) find(ctx context.Context) error {
	f := &s.finding
	f.mu.Lock()
	if f.closed {
		f.mu.Unlock()
		return context.Canceled
	}
	if f.running == nil {
		done := make(chan struct{})
		f.running = done
		f.group.Go(func() { s.lookUp(done) })
	}
	done := f.running
	f.mu.Unlock()
	select {
	case <-done:
	case <-ctx.Done():
		return ctx.Err()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if s.current.Load() == nil {
		return f.failed
	}
	return nil
}

// lookUp reads the file if it has changed, looks up the targets whose time has come,
// and updates the set if anything has changed.
func (s *Set) lookUp(done chan struct{}) {
	f := &s.finding
	f.mu.Lock()
	targets, changed := f.reread(s.config.Notify)
	f.mu.Unlock()
	var group sync.WaitGroup
	now := s.clock()
	for i := range targets {
		if l := &targets[i]; !l.done || l.until != 0 && l.until <= now {
			changed = true
			group.Go(func() { s.lookUpOne(l) })
		}
	}
	group.Wait()
	sites, err := found(targets)
	if changed && len(sites) > 0 {
		s.set(sites)
	}
	f.mu.Lock()
	f.targets, f.failed, f.running = targets, err, nil
	f.mu.Unlock()
	close(done)
}

// reread returns a copy of the targets, with what is known of them, after the file was
// read again if it has changed. A file that is not valid changes nothing.
func (f *finding) reread(notify func(Event)) (targets []lookup, changed bool) {
	targets = slices.Clone(f.targets)
	if f.file == nil {
		return targets, false
	}
	list, changed, err := f.file.changed()
	if !changed {
		return targets, false
	}
	if err == nil {
		err = CheckTargets(list)
	}
	if err == nil {
		if u, _ := ParseURL(list[0].URL); u.Scheme != f.base.Scheme || u.Path != f.base.Path {
			err = fmt.Errorf("the scheme and the path of %s can only change with a restart", list[0].URL)
		}
	}
	if err != nil {
		notify(Event{Kind: LookupFailed, Err: err})
		return targets, false
	}
	next := make([]lookup, len(list))
	for i, t := range list {
		next[i].target = t
		if at := slices.IndexFunc(targets, func(l lookup) bool { return l.target == t }); at >= 0 {
			next[i] = targets[at]
		}
	}
	return next, true
}

// lookUpOne looks up a target. After an error it has what it had.
func (s *Set) lookUpOne(l *lookup) {
	sites, ttl, err := s.resolver.sites(s.finding.ctx, l.target)
	now, failedBefore := s.clock(), l.err != nil
	l.done, l.err = true, err
	switch {
	case err != nil:
		l.until = now + int64(failedLookup)
		if !failedBefore && s.finding.ctx.Err() == nil {
			s.config.Notify(Event{Kind: LookupFailed, Err: err})
		}
	case ttl == 0:
		l.sites, l.until = sites, 0
	default:
		l.sites, l.until = sites, now+int64(ttl)
	}
}

// found returns what was found of targets, and the errors if it is nothing.
func found(targets []lookup) ([]site, error) {
	var sites []site
	var errs []error
	for _, l := range targets {
		sites = append(sites, l.sites...)
		errs = append(errs, l.err)
	}
	if len(sites) > 0 {
		return sites, nil
	}
	return nil, errors.Join(errs...)
}

// inOrder sorts sites, and leaves out all but the preferred one of each endpoint: the order
// of DNS answers means nothing, and differs each time.
func inOrder(sites []site) []site {
	slices.SortFunc(sites, func(a, b site) int {
		return cmp.Or(
			cmp.Compare(a.network, b.network), cmp.Compare(a.address, b.address), cmp.Compare(a.authority, b.authority),
			cmp.Compare(a.priority, b.priority), cmp.Compare(a.rank, b.rank), cmp.Compare(b.weight, a.weight),
		)
	})
	return slices.CompactFunc(sites, func(a, b site) bool { return a.key == b.key })
}

// set updates the set if sites, whose order it changes, are not what it has.
func (s *Set) set(sites []site) {
	sites = inOrder(sites)
	s.mu.Lock()
	same := slices.EqualFunc(s.members, sites, func(m member, found site) bool { return m.site == found })
	first := s.current.Load() == nil
	s.mu.Unlock()
	if same && !first {
		return
	}
	s.update(sites)
	if !first {
		s.config.Notify(Event{Kind: Changed})
	}
}

// Run looks up targets when their time has come, watches the file, and checks the health
// of endpoints, until ctx is done.
func (s *Set) Run(ctx context.Context) {
	var group sync.WaitGroup
	if s.config.Health.Interval > 0 {
		group.Go(func() { s.checkHealth(ctx) })
	}
	_ = s.find(ctx) // those who call get the error
	for {
		wait, ok := s.finding.next(s.clock())
		if !ok {
			break
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
			_ = s.find(ctx)
			continue
		case <-ctx.Done():
			timer.Stop()
		}
		break
	}
	group.Wait()
}

// next returns how long it is until something is to be looked up; false if nothing is.
func (f *finding) next(now int64) (time.Duration, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	const most = time.Hour
	wait, ok := most, false
	if f.file != nil {
		wait, ok = pollFile, true
	}
	for _, l := range f.targets {
		if l.until != 0 {
			wait, ok = min(wait, max(time.Duration(l.until-now), time.Millisecond)), true
		}
	}
	return wait, ok
}
