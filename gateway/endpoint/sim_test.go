package endpoint

import (
	"container/heap"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"
	"time"
)

// sim is a simulation of callers and of the endpoints of a service, in which time
// passes only between events.
type sim struct {
	t      *testing.T
	set    *Set
	start  time.Time
	now    time.Duration
	events events
	random *rand.Rand

	// answer is how an endpoint answers a call: how long it takes, and how it ends.
	answer func(address string, now time.Duration) (time.Duration, Outcome)
	// done is called with each call that ends.
	done func(address string, began time.Duration, outcome Outcome)

	calls  map[string]int // that were begun, since it was reset
	closed []string
	log    []string
}

type peer struct {
	of *Endpoint
	s  *sim
}

func (p peer) Close() error {
	p.s.closed = append(p.s.closed, p.of.Address)
	return nil
}

func newSim(t *testing.T, c Config) *sim {
	t.Helper()
	s := &sim{t: t, start: time.Unix(1_800_000_000, 0), random: rand.New(rand.NewPCG(1, 2)), calls: map[string]int{}}
	c.Now = func() time.Time { return s.start.Add(s.now) }
	c.Random = s.random.Float64
	c.Open = func(e *Endpoint) io.Closer { return peer{e, s} }
	c.Notify = func(e Event) {
		s.log = append(s.log, fmt.Sprint(s.now.Round(time.Second), " ", e.Kind, " ", e.Endpoint))
	}
	var err error
	if s.set, err = NewSet(c); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.set.Close)
	return s
}

func targets(urls ...string) []Target {
	var list []Target
	for _, u := range urls {
		list = append(list, Target{URL: u})
	}
	return list
}

// three are endpoints a, b and c.
func three() []Target {
	return targets("http+unix:///a", "http+unix:///b", "http+unix:///c")
}

type event struct {
	at time.Duration
	do func()
}

type events []event

func (e events) Len() int           { return len(e) }
func (e events) Less(i, j int) bool { return e[i].at < e[j].at }
func (e events) Swap(i, j int)      { e[i], e[j] = e[j], e[i] }
func (e *events) Push(x any)        { *e = append(*e, x.(event)) }
func (e *events) Pop() any {
	last := (*e)[len(*e)-1]
	*e = (*e)[:len(*e)-1]
	return last
}

func (s *sim) at(at time.Duration, do func()) { heap.Push(&s.events, event{at, do}) }

// caller makes a call whenever the one before has ended. A failed call is made again
// elsewhere.
func (s *sim) caller() {
	var call func(avoid []*Endpoint)
	call = func(avoid []*Endpoint) {
		u, err := s.set.Use(context.Background(), Call, avoid, true)
		if err != nil {
			s.t.Fatal(err)
		}
		s.calls[u.Address]++
		began := s.now
		took, outcome := s.answer(u.Address, s.now)
		s.at(s.now+took, func() {
			u.End(outcome)
			if s.done != nil {
				s.done(u.Address, began, outcome)
			}
			if outcome == Lost && len(avoid) < 3 {
				call(append(avoid, u.Endpoint))
				return
			}
			call(nil)
		})
	}
	call(nil)
}

// run lets time pass.
func (s *sim) run(until time.Duration) {
	for len(s.events) > 0 && s.events[0].at <= until {
		e := heap.Pop(&s.events).(event)
		s.now = e.at
		e.do()
	}
	s.now = until
}

// shares returns the share of the calls of each endpoint since the last time.
func (s *sim) shares() map[string]float64 {
	total := 0
	for _, n := range s.calls {
		total += n
	}
	shares := map[string]float64{}
	for address, n := range s.calls {
		shares[address] = float64(n) / float64(total)
	}
	s.calls = map[string]int{}
	return shares
}
