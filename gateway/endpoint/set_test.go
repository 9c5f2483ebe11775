package endpoint

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
)

const usualTime = 5 * time.Millisecond

// With few and with many callers, endpoints get the share of the calls that they
// should have.
func TestShares(t *testing.T) {
	usual := func(string, time.Duration) (time.Duration, Outcome) { return usualTime, Answered }
	bad := func(f func(now time.Duration) (time.Duration, Outcome)) func(string, time.Duration) (time.Duration, Outcome) {
		return func(address string, now time.Duration) (time.Duration, Outcome) {
			if address == "/c" {
				return f(now)
			}
			return usualTime, Answered
		}
	}
	for name, c := range map[string]struct {
		config Config
		answer func(string, time.Duration) (time.Duration, Outcome)
		after  time.Duration // when shares are looked at
		want   map[string][2]float64
	}{
		"equal endpoints": {
			Config{Targets: three()}, usual, 0,
			map[string][2]float64{"/a": {.28, .38}, "/b": {.28, .38}, "/c": {.28, .38}},
		},
		"weights": {
			Config{Targets: []Target{{URL: "http+unix:///a", Weight: 1}, {URL: "http+unix:///b", Weight: 3}}}, usual, 0,
			map[string][2]float64{"/a": {.2, .3}, "/b": {.7, .8}},
		},
		"a slow one": {
			Config{Targets: three()}, bad(func(time.Duration) (time.Duration, Outcome) { return 10 * usualTime, Answered }), time.Second,
			map[string][2]float64{"/c": {.0001, .06}, "/a": {.4, .55}},
		},
		"a slow one of two": {
			Config{Targets: targets("http+unix:///a", "http+unix:///c")},
			bad(func(time.Duration) (time.Duration, Outcome) { return 10 * usualTime, Answered }), time.Second,
			map[string][2]float64{"/c": {.0001, .1}},
		},
		"one that hangs": {
			Config{Targets: three()}, bad(func(time.Duration) (time.Duration, Outcome) { return 5 * time.Second, Silent }), time.Second,
			map[string][2]float64{"/c": {0, .001}},
		},
		"one that hangs for longer than callers have": {
			Config{Targets: three()}, bad(func(time.Duration) (time.Duration, Outcome) { return 2 * time.Second, Late }), 15 * time.Second,
			map[string][2]float64{"/c": {0, .01}},
		},
		"callers that have little time": { // which says nothing of an endpoint, but that it is silent
			Config{Targets: three()}, bad(func(time.Duration) (time.Duration, Outcome) { return usualTime, Late }), time.Second,
			map[string][2]float64{"/c": {.1, .38}},
		},
		"one that refuses": {
			Config{Targets: three()}, bad(func(time.Duration) (time.Duration, Outcome) { return time.Microsecond, Lost }), time.Second,
			map[string][2]float64{"/c": {0, .001}},
		},
		"one that fails": {
			Config{Targets: three()}, bad(func(time.Duration) (time.Duration, Outcome) { return time.Millisecond, Failed }), time.Second,
			map[string][2]float64{"/c": {0, .001}},
		},
		"one of which half of the calls fail": {
			Config{Targets: three()}, bad(func(now time.Duration) (time.Duration, Outcome) {
				if now%(2*time.Millisecond) < time.Millisecond {
					return usualTime, Failed
				}
				return usualTime + time.Millisecond/2, Answered
			}), 3 * time.Second,
			map[string][2]float64{"/c": {0, .02}},
		},
		"a service that fails": { // to eject its endpoints would not help
			Config{Targets: three()}, func(string, time.Duration) (time.Duration, Outcome) { return usualTime, Failed }, 0,
			map[string][2]float64{"/a": {.15, .6}, "/b": {.15, .6}, "/c": {.15, .6}},
		},
		"a priority": {
			Config{Targets: []Target{{URL: "http+unix:///a"}, {URL: "http+unix:///b", Priority: 1}}}, usual, 0,
			map[string][2]float64{"/a": {1, 1}},
		},
		"a priority whose endpoint is dead": {
			Config{Targets: []Target{{URL: "http+unix:///c"}, {URL: "http+unix:///b", Priority: 1}}},
			bad(func(time.Duration) (time.Duration, Outcome) { return time.Microsecond, Lost }), time.Second,
			map[string][2]float64{"/b": {.999, 1}},
		},
		"the own zone": {
			Config{Zone: "a", Targets: []Target{{URL: "http+unix:///a", Zone: "a"}, {URL: "http+unix:///b", Zone: "b"}, {URL: "http+unix:///c"}}}, usual, 0,
			map[string][2]float64{"/a": {1, 1}},
		},
	} {
		for _, callers := range []int{1, 30} {
			t.Run(name, func(t *testing.T) {
				s := newSim(t, c.config)
				s.answer = c.answer
				for range callers {
					s.caller()
				}
				s.run(c.after)
				s.calls = map[string]int{}
				s.run(c.after + 2*time.Second)
				shares := s.shares()
				for address, want := range c.want {
					if got := shares[address]; got < want[0] || got > want[1] {
						t.Errorf("%d callers: %s has %.4f of the calls, want %v (%s)", callers, address, got, want, s.log)
					}
				}
			})
		}
	}
}

// An ejected endpoint is called once in an interval, which grows; it is back with the
// first call that succeeds, and its share grows.
func TestEjectionAndRecovery(t *testing.T) {
	s := newSim(t, Config{Targets: three()})
	broken := true
	var failures []time.Duration
	s.answer = func(address string, _ time.Duration) (time.Duration, Outcome) {
		if address == "/b" && broken {
			return time.Microsecond, Lost
		}
		return usualTime, Answered
	}
	s.done = func(_ string, began time.Duration, outcome Outcome) {
		if outcome == Lost {
			failures = append(failures, began)
		}
	}
	for range 10 {
		s.caller()
	}
	s.run(5 * time.Minute)
	if len(failures) < 10 || len(failures) > 22 {
		t.Errorf("the dead endpoint was called %d times: %v", len(failures), failures)
	}
	failures = slices.DeleteFunc(failures, func(at time.Duration) bool { return at < time.Second })
	for i, at := range failures[1:] {
		if pause := at - failures[i]; pause < 4*time.Second || pause > 31*time.Second {
			t.Errorf("a probe %v after the one before", pause)
		}
	}
	broken = false
	s.run(6*time.Minute + 10*time.Second)
	s.calls = map[string]int{}
	s.run(6*time.Minute + 20*time.Second)
	if got := s.shares()["/b"]; got < .28 || got > .38 {
		t.Errorf("it has %.3f of the calls when it is back: %v", got, s.log)
	}
	if len(s.log) != 2 || !strings.Contains(s.log[0], "ejected unix:/b") || !strings.Contains(s.log[1], "back unix:/b") {
		t.Errorf("log: %q", s.log)
	}
}

// An ejection ends also without calls that can probe the endpoint: each time that it is
// back, one call that fails ejects it again. Streams never probe, since their opening can
// take long.
func TestEjectionWithoutProbes(t *testing.T) {
	for name, c := range map[string]struct {
		kind     Kind
		mayProbe bool
	}{"mutations": {Call, false}, "streams": {Stream, true}} {
		s := newSim(t, Config{Targets: three()})
		broken, failures := true, 0
		pass := func(until time.Duration) {
			for ; s.now < until; s.now += 10 * time.Millisecond {
				u, err := s.set.Use(t.Context(), c.kind, nil, c.mayProbe)
				if err != nil {
					t.Fatal(err)
				}
				s.calls[u.Address]++
				outcome := Answered
				if u.Address == "/b" && broken {
					outcome = Lost
					failures++
				}
				if u.Probe {
					t.Fatalf("%s: a probe", name)
				}
				u.End(outcome)
			}
		}
		pass(5 * time.Minute)
		if failures < 8 || failures > 15 { // 5, and one in 35 to 60 s
			t.Errorf("%s: %d calls of the endpoint failed: %q", name, failures, s.log)
		}
		broken = false
		pass(6*time.Minute + 15*time.Second)
		s.calls = map[string]int{}
		pass(7 * time.Minute)
		if got := s.shares()["/b"]; got < .28 || got > .38 {
			t.Errorf("%s: it has %.3f of the calls when it is back: %q", name, got, s.log)
		}
	}
}

// The same endpoints in another order, or twice, are no change.
func TestOrderOfAnswers(t *testing.T) {
	s := newSim(t, Config{Targets: three()})
	of := func(addresses ...string) (sites []site) {
		for _, address := range addresses {
			sites = append(sites, site{key: key{"tcp", address, "shop"}, weight: 1})
		}
		return sites
	}
	s.set.set(of("a:1", "b:1"))
	s.set.set(of("b:1", "a:1"))
	s.set.set(of("a:1", "b:1", "a:1"))
	if len(s.log) != 0 {
		t.Errorf("log: %q", s.log)
	}
	if s.set.set(of("a:1")); len(s.log) != 1 || s.set.Len() != 1 {
		t.Errorf("%d endpoints are left, log: %q", s.set.Len(), s.log)
	}
}

// The share of an endpoint that is new grows in slow start.
func TestSlowStart(t *testing.T) {
	s := newSim(t, Config{Targets: three()})
	s.answer = func(string, time.Duration) (time.Duration, Outcome) { return usualTime, Answered }
	for range 30 {
		s.caller()
	}
	s.run(time.Second)
	sites := s.set.current.Load().all
	next := []site{sites[0].site, sites[1].site, sites[2].site, {key: key{"unix", "/d", "localhost"}, weight: 1}}
	s.set.set(next)
	var shares []float64
	for at := time.Second; at < 13*time.Second; at += 2 * time.Second {
		s.calls = map[string]int{}
		s.run(at + 2*time.Second)
		shares = append(shares, s.shares()["/d"])
	}
	if !slices.IsSorted(shares[:5]) || shares[0] > .15 || math.Abs(shares[5]-.25) > .04 {
		t.Errorf("shares every 2 s: %.3f", shares)
	}
	s.set.set(next[:3])
	s.calls = map[string]int{}
	s.run(20 * time.Second)
	if s.calls["/d"] != 0 || !slices.Equal(s.closed, []string{"/d"}) {
		t.Errorf("an endpoint that is gone was called %d times; closed: %v", s.calls["/d"], s.closed)
	}
}

// If few endpoints of a level are left, they don't get all calls: those of the next one
// get some, and if there are none, all are called.
func TestLevels(t *testing.T) {
	of := func(priority int, available bool) member {
		return member{&Endpoint{ejected: !available}, site{weight: 1, priority: priority}}
	}
	for name, c := range map[string]struct {
		members []member
		loads   []float64
		sizes   []int
	}{
		"all":                  {[]member{of(0, true), of(0, true), of(1, true)}, []float64{1, 0}, []int{2, 1}},
		"three of four":        {[]member{of(0, true), of(0, true), of(0, true), of(0, false), of(1, true)}, []float64{1, 0}, []int{3, 1}},
		"one of two":           {[]member{of(0, true), of(0, false), of(1, true)}, []float64{.7, .3}, []int{1, 1}},
		"none of the first":    {[]member{of(0, false), of(1, true), of(2, true)}, []float64{0, 1, 0}, []int{0, 1, 1}},
		"one of two, alone":    {[]member{of(0, true), of(0, false)}, []float64{1}, []int{1}},
		"one of four, alone":   {[]member{of(0, true), of(0, false), of(0, false), of(0, false)}, []float64{1}, []int{4}},
		"none":                 {[]member{of(0, false), of(0, false), of(1, false)}, []float64{1, 0}, []int{2, 1}},
		"a quarter everywhere": {[]member{of(0, true), of(0, false), of(0, false), of(0, false), of(1, true), of(1, false)}, []float64{.35, .65}, []int{1, 1}},
	} {
		s := newSnapshot(c.members, "")
		for i, l := range s.levels {
			if math.Abs(l.load-c.loads[i]) > 1e-6 || len(l.members) != c.sizes[i] {
				t.Errorf("%s: level %d has %.3f of the calls and %d endpoints, want %.3f and %d", name, i, l.load, len(l.members), c.loads[i], c.sizes[i])
			}
		}
	}
}

// A call that failed at all available endpoints tries those that are ejected.
func TestAvoid(t *testing.T) {
	s := newSim(t, Config{Targets: three()})
	use := func(avoid ...*Endpoint) *Endpoint {
		u, err := s.set.Use(context.Background(), Call, avoid, false)
		if err != nil {
			t.Fatal(err)
		}
		u.End(Left)
		return u.Endpoint
	}
	a := use()
	b := use(a)
	c := use(a, b)
	if a == b || b == c || c == a {
		t.Fatal("an endpoint that is to be avoided was chosen")
	}
	for range 10 {
		u, _ := s.set.Use(context.Background(), Call, []*Endpoint{b, c}, false)
		u.End(Lost)
		s.now += time.Millisecond
		u, _ = s.set.Use(context.Background(), Call, []*Endpoint{a, c}, false)
		u.End(Answered)
	}
	if available := s.set.All(); available[a] || !available[b] || !available[c] {
		t.Fatalf("available: %v", available)
	}
	if got := use(b, c); got != a {
		t.Errorf("%s is chosen, not the one that is left", got)
	}
	use(a, b, c)
	for range 20 {
		if got := use(); got == a {
			t.Error("an ejected endpoint was chosen")
		}
	}
	u, _ := s.set.Use(context.Background(), Call, []*Endpoint{b, c}, false)
	if u.End(Answered); !s.set.All()[a] {
		t.Error("it is not back after a call that succeeded")
	}
}

// Choosing an endpoint allocates nothing.
func TestAllocationsOfUse(t *testing.T) {
	s := newSim(t, Config{Targets: three()})
	ctx := context.Background()
	if n := testing.AllocsPerRun(1000, func() {
		s.now += time.Millisecond / 2
		u, _ := s.set.Use(ctx, Call, nil, true)
		u.End(Answered)
	}); n > 0.5 { // the usual latency is found again at times
		t.Errorf("%.2f allocations", n)
	}
}

func BenchmarkUse(b *testing.B) {
	s := newSim(&testing.T{}, Config{Targets: three()})
	s.set.config.Now = time.Now
	ctx := context.Background()
	b.ReportAllocs()
	for b.Loop() {
		u, _ := s.set.Use(ctx, Call, nil, true)
		u.End(Answered)
	}
}
