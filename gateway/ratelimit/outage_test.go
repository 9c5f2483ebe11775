package ratelimit_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/portico-gateway/portico/gateway/ratelimit"
)

// available returns what a limiter says that a bucket has.
func available(t *testing.T, l *ratelimit.Limiter, b ratelimit.Bucket) float64 {
	t.Helper()
	state, _ := take(t, l, b, 0)
	return state.Available
}

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if got < want-0.001 || got > want+0.001 {
		t.Errorf("%s: %.3f, want %.3f", what, got, want)
	}
}

// What a bucket has after an outage, in which each of two gateways may have granted
// something by itself.
func TestAfterAnOutage(t *testing.T) {
	s := simulate(t)
	b := ratelimit.Bucket{Key: "a", Capacity: 100, Refill: 1}
	for name, c := range map[string]struct {
		before, after func()
	}{
		"a partition":            {func() {}, func() {}},
		"a restart":              {func() {}, s.restart},
		"all keys are deleted":   {func() {}, s.flush},
		"a full bucket restored": {s.save, s.restore},
	} {
		t.Run(name, func(t *testing.T) {
			s.restart()
			one, first, settleOne := s.limiter()
			other, second, settleOther := s.limiter()
			take(t, one, b, 0)
			c.before()
			take(t, other, b, 60)
			near(t, "before", available(t, one, b), 40)

			first.cut, second.cut = true, true
			s.add(2 * time.Second)
			take(t, one, b, 5)
			near(t, "the share of one", available(t, one, b), 16)
			take(t, other, b, 15)
			near(t, "the share of the other", available(t, other, b), 6)
			if _, granted := take(t, one, b, 17); granted {
				t.Error("granted more than the share")
			}
			one.Return(b, 4)
			near(t, "the share with what was given back", available(t, one, b), 20)

			c.after()
			first.cut, second.cut = false, false
			settleOne()
			near(t, "of what one knows", available(t, one, b), 41)
			settleOther()
			near(t, "of what both know", available(t, one, b), 26)
			near(t, "the same", available(t, other, b), 26)
			s.add(10 * time.Second)
			near(t, "it fills", available(t, one, b), 36)
		})
	}
}

// A gateway that knows of more points than there are creates the bucket again. When
// the other comes, the bucket is corrected, and has a debt of at most half of its
// capacity.
func TestGatewaysKnowDifferently(t *testing.T) {
	s := simulate(t)
	b := ratelimit.Bucket{Key: "a", Capacity: 100, Refill: 1}
	one, _, _ := s.limiter()
	other, _, _ := s.limiter()
	take(t, one, b, 1)
	take(t, other, b, 90)
	s.restart()
	near(t, "the first knows nothing of the 90 points", available(t, one, b), 99)
	if _, granted := take(t, one, b, 30); !granted {
		t.Error("refused")
	}
	if _, granted := take(t, other, b, 1); granted {
		t.Error("the other one grants what it knows that is not there")
	}
	s.add(20 * time.Second)
	near(t, "the debt of 20 was paid back", available(t, one, b), 0)
	s.restart()
	take(t, one, b, 0)
	s.add(200 * time.Second)
	near(t, "everything is forgotten when it is full", available(t, other, b), 100)
}

// A gateway that no one asks any more reports what it knows to a Redis that has lost
// its data.
func TestReportWithoutCharges(t *testing.T) {
	s := simulate(t)
	b := ratelimit.Bucket{Key: "a", Capacity: 100, Refill: 1}
	one, _, _ := s.limiter()
	other, _, settle := s.limiter()
	take(t, other, b, 90)
	settle()
	s.restart()
	settle()
	near(t, "of what the other knows", available(t, one, b), 10)
}

// A bucket that expired because nobody charged it is not taken for a lost one.
func TestExpiryIsNoLoss(t *testing.T) {
	s := simulate(t)
	b := ratelimit.Bucket{Key: "a", Capacity: 100, Refill: 1}
	one, _, _ := s.limiter()
	other, _, settle := s.limiter()
	take(t, other, b, 90)
	take(t, one, b, 1) // it knows of 9
	other.Return(b, 90)
	settle()
	for range 30 {
		s.add(5 * time.Second)
		near(t, "the full bucket", available(t, other, b), 100)
		if s.Now().Sub(time.Unix(1000, 0)) < 90*time.Second {
			continue
		}
		near(t, "and by one that was there before", available(t, one, b), 100)
	}
	take(t, other, b, 90)
	take(t, one, b, 1)
	other.Return(b, 90)
	settle()
	s.add(50 * time.Second)
	near(t, "half a minute after it was full", available(t, one, b), 100)
	s.add(102 * time.Second)
	near(t, "after it expired", available(t, one, b), 100)
}

// What is given back while Redis is away is not lost.
func TestReturnsInAnOutage(t *testing.T) {
	s := simulate(t)
	b := ratelimit.Bucket{Key: "a", Capacity: 100, Refill: 0.001}
	for name, after := range map[string]func(){"a partition": func() {}, "a restart": s.restart} {
		t.Run(name, func(t *testing.T) {
			s.restart()
			l, w, settle := s.limiter()
			take(t, l, b, 80)
			l.Return(b, 10) // queued
			w.cut = true
			l.Return(b, 50)
			settle()
			near(t, "alone", available(t, l, b), 70)
			after()
			w.cut = false
			settle()
			near(t, "afterwards", available(t, l, b), 80)
		})
	}
}

// A gateway whose session is older than the data, and one whose session is not, do not
// correct the bucket over and over.
func TestSessionsDiffer(t *testing.T) {
	s := simulate(t)
	b := ratelimit.Bucket{Key: "a", Capacity: 100, Refill: 0.001}
	one, first, _ := s.limiter()
	other, second, _ := s.limiter()
	first.life = "0"
	for i := range 20 {
		if i == 15 {
			first.life = ""
		}
		s.add(time.Microsecond)
		near(t, "one", available(t, one, b), float64(100-4*i))
		take(t, one, b, 1)
		take(t, other, b, 3)
	}
	second.life = "1"
	near(t, "the other", available(t, other, b), 20)
}

// Many keys do not make a gateway forget an empty bucket of Redis.
func TestManyBucketsInAnOutage(t *testing.T) {
	s := simulate(t)
	w := &way{simulation: s}
	l, _ := ratelimit.NewOn(w, "test", 6400, 0.5, s.Now)
	b := ratelimit.Bucket{Key: "drained", Capacity: 100, Refill: 0.001}
	take(t, l, b, 99)
	w.cut = true
	for i := range 50_000 {
		take(t, l, ratelimit.Bucket{Key: fmt.Sprint("attacker", i), Capacity: 100, Refill: 0.001}, 1)
	}
	near(t, "the share", available(t, l, b), 0.5)
}

// Callers that always ask for more have the refill as soon as Redis is back, however
// long it was away.
func TestTheRefillIsBack(t *testing.T) {
	s := simulate(t)
	for name, after := range map[string]func(){"a partition": func() {}, "a restart": s.restart} {
		for _, away := range []time.Duration{time.Second, 10 * time.Second, time.Hour} {
			t.Run(name+" of "+away.String(), func(t *testing.T) {
				s.restart()
				h := newHistory(s, 1)
				h.bucket = ratelimit.Bucket{Key: "a", Capacity: 100, Refill: 20}
				second := func() (granted int) {
					for range 50 {
						s.add(20 * time.Millisecond)
						for i := range h.gateways {
							if _, ok := take(t, h.gateways[i].Limiter, h.bucket, 1); ok {
								granted++
							}
						}
					}
					return granted
				}
				for range 10 {
					second()
				}
				s.up = false
				for range min(int(away.Seconds()), 20) {
					second()
				}
				s.add(max(away-20*time.Second, 0))
				for range 20 {
					second()
				}
				after()
				s.up = true
				for i := range h.gateways {
					h.gateways[i].settle()
				}
				second()
				for i := range 5 {
					if got := second(); got < 19 || got > 21 {
						t.Errorf("second %d: granted %d of 20", i+2, got)
					}
				}
			})
		}
	}
}

// Decisions are counted by where they are made.
func TestStats(t *testing.T) {
	s := simulate(t)
	b := ratelimit.Bucket{Key: "a", Capacity: 100, Refill: 1}
	one, way, _ := s.limiter()
	take(t, one, b, 60)
	take(t, one, b, 60)
	way.cut = true
	take(t, one, b, 1)
	take(t, one, b, 99)
	take(t, one, b, 99)
	want := ratelimit.Stats{Redis: ratelimit.Decisions{Granted: 1, Refused: 1}, Memory: ratelimit.Decisions{Granted: 1, Refused: 2}}
	if got := one.Stats(); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}
