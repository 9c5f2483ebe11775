package endpoint

import (
	"math"
	"time"
)

const (
	paceWindow   = float64(2 * time.Second)  // what the average is of, roughly
	paceForgets  = float64(10 * time.Second) // without calls
	leastPace    = time.Millisecond          // below it, endpoints do not differ
	normalPace   = 1.5                       // times that of the others
	leastShare   = 0.001
	rampDuration = 10 * time.Second // slow start
	leastRamp    = 0.1
)

// pace is how long an endpoint takes to answer: an average that is weighted by
// time (EWMA).
type pace struct {
	average float64 // ns
	at      int64
}

func (p *pace) add(now int64, took time.Duration) {
	if p.at == 0 {
		p.average, p.at = float64(took), now
		return
	}
	share := -math.Expm1(-float64(now-p.at) / paceWindow)
	p.average += share * (float64(took) - p.average)
	p.at = now
}

// current returns the average, which is forgotten with time.
func (p *pace) current(now int64) float64 {
	return p.average * math.Exp(-float64(now-p.at)/paceForgets)
}

// latency returns how long a call is expected to take: at least as long as the endpoint
// has not answered while calls are under way.
func (e *Endpoint) latency(now int64) float64 {
	e.mu.Lock()
	expected := e.pace.current(now)
	e.mu.Unlock()
	if e.open[Call].Load() == 0 {
		return expected
	}
	return math.Max(expected, float64(now-max(e.waiting.Load(), e.heard.Load())))
}

// shareOf returns what an endpoint is given of its weight: less if it takes half
// as long again as the others, or longer, or is in slow start.
func (e *Endpoint) shareOf(now int64, usual float64) float64 {
	share := 1.0
	if expected := e.latency(now); expected > normalPace*usual {
		share = normalPace * usual / expected
		share *= share
	}
	if began := e.ramp.Load(); began != 0 {
		share *= min(leastRamp+(1-leastRamp)*float64(now-began)/float64(rampDuration), 1)
	}
	return math.Max(share, leastShare)
}

// A call is late that took several times as long as calls usually take, and long enough
// not to be one of a short pause.
const (
	lateTimes = 10
	lateLeast = 100 * time.Millisecond
)

// Usual returns how long calls take of late at endpoints that are not slow; 1 ms if it is
// less or not known.
func (s *Set) Usual() time.Duration { return max(time.Duration(s.usual.Load()), leastPace) }

// judgeLate returns what a call says of its endpoint whose deadline passed after a time.
func (u Use) judgeLate(took time.Duration) Outcome {
	if u.kind == Stream || took < max(lateTimes*u.set.Usual(), lateLeast) {
		return Left
	}
	return Silent
}

// record is how many calls failed of late.
type record struct {
	consecutive int
	began       int64 // the first of the failures in a row
	succeeded   int64 // the latest call that did
	since       int64 // when the current half of the period began
	calls       [2]int
	failures    [2]int
}

const (
	ejectConsecutive = 5
	ejectCalls       = 20 // at least, of which
	ejectRate        = 0.5
	ejectPeriod      = 10 * time.Second
)

// add notes a call, and reports whether the endpoint is an outlier, unless others are
// like it.
func (r *record) add(now int64, succeeded bool) bool {
	const half = int64(ejectPeriod / 2)
	switch passed := now - r.since; {
	case passed >= 2*half:
		r.calls, r.failures, r.since = [2]int{}, [2]int{}, now
	case passed >= half:
		r.calls, r.failures, r.since = [2]int{0, r.calls[0]}, [2]int{0, r.failures[0]}, now
	}
	r.calls[0]++
	if succeeded {
		r.consecutive, r.succeeded = 0, now
		return false
	}
	if r.consecutive == 0 {
		r.began = now
	}
	r.consecutive++
	r.failures[0]++
	return r.consecutive >= ejectConsecutive || r.calls[0]+r.calls[1] >= ejectCalls && r.rate() >= ejectRate
}

// rate returns the share of the calls that failed.
func (r *record) rate() float64 {
	return float64(r.failures[0]+r.failures[1]) / float64(max(r.calls[0]+r.calls[1], 1))
}

// isBetter reports whether an endpoint works while another one, which is an outlier,
// does not: it has answered since that fails in a row, or fails less than half as often.
func (r *record) isBetter(other record) bool {
	if other.consecutive >= ejectConsecutive {
		return r.succeeded > other.began
	}
	return r.calls[0]+r.calls[1] > 0 && r.rate() < other.rate()/2
}
