package endpoint

import (
	"context"
	"sync"
	"time"
)

// Health is an active health check. The zero value is none.
type Health struct {
	// Check calls an endpoint, and returns nil if it is healthy.
	Check func(context.Context, *Endpoint) error
	// Interval is the time between checks, and Timeout that of one.
	Interval, Timeout time.Duration
}

// unhealthyAfter is how many checks must fail in a row.
const unhealthyAfter = 2

// checkHealth checks all endpoints at each interval, until ctx is done.
func (s *Set) checkHealth(ctx context.Context) {
	failures := map[*Endpoint]int{}
	for {
		s.checkAll(ctx, failures)
		pause := time.Duration(float64(s.config.Health.Interval) * (0.9 + 0.2*s.config.Random())) //nolint:mnd // gateways must not check at once
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
	}
}

// checkAll checks all endpoints at once. failures has how many checks of an endpoint
// failed in a row.
func (s *Set) checkAll(ctx context.Context, failures map[*Endpoint]int) {
	all := s.All()
	results := make(chan func(), len(all))
	var group sync.WaitGroup
	for e := range all {
		group.Go(func() {
			end, ok := e.beginCheck()
			if !ok {
				return
			}
			defer end() // it leaves no connection behind
			ctx, cancel := context.WithTimeout(ctx, s.config.Health.Timeout)
			defer cancel()
			err := s.config.Health.Check(ctx, e)
			results <- func() { failures[e] = s.judge(e, failures[e], err) }
		})
	}
	group.Wait()
	close(results)
	if ctx.Err() != nil {
		return
	}
	for result := range results {
		result()
	}
	for e := range failures {
		if _, ok := all[e]; !ok {
			delete(failures, e)
		}
	}
}

// judge takes the result of a check, and returns how many failed in a row. An endpoint
// that is healthy and was ejected long enough is back.
func (s *Set) judge(e *Endpoint, failures int, err error) int {
	if err != nil {
		if failures++; failures >= unhealthyAfter {
			s.setHealth(e, false, err)
		}
		return failures
	}
	s.setHealth(e, true, nil)
	if at := e.probe.Load(); at != 0 && s.clock() >= at {
		s.restore(e, false)
	}
	return 0
}

func (s *Set) setHealth(e *Endpoint, healthy bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e.unhealthy != healthy {
		return
	}
	e.unhealthy = !healthy
	kind := Unhealthy
	if healthy {
		kind = Healthy
		e.fresh(s.clock())
	}
	s.rebuild()
	s.config.Notify(Event{Kind: kind, Endpoint: e, Err: err})
}
