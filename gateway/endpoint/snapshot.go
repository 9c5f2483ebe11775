package endpoint

import (
	"cmp"
	"iter"
	"math"
	"slices"
	"sort"
	"sync/atomic"
	"time"
)

// snapshot is what endpoints are chosen from. It is immutable, but for the shares of its
// endpoints.
type snapshot struct {
	levels  []level // those that are preferred first
	all     []member
	ejected []*Endpoint

	sharedAt atomic.Int64 // when the shares were found; 0 for not yet
}

// member is an endpoint of a snapshot.
type member struct {
	*Endpoint
	site
}

// level are endpoints of one preference.
type level struct {
	members []member // those that are available, or all in panic
	all     []member
	sums    []float64 // of the weights so far; nil if all are equal
	load    float64   // the share of the calls
}

// overprovisioning is how much more than its share an endpoint can do: as long as
// 1/1.4 of a level are available, it has all calls (Envoy's default).
const overprovisioning = 1.4

// panicThreshold is the share of a level that must be available. It is less than Envoy's
// 0.5: the calls that a dead endpoint gets in panic fail, if they can't be made again.
const panicThreshold = 0.3

// newSnapshot returns the snapshot of members, of which some are not available.
// Endpoints of the zone are preferred to others of their priority, if it is not empty.
// If too few of a level are available, it is in panic: all of its endpoints get calls,
// since a few could not do the work of all.
func newSnapshot(members []member, zone string) *snapshot {
	s := &snapshot{all: members}
	preference := func(a, b member) int {
		return cmp.Or(
			cmp.Compare(a.priority, b.priority),
			compareBool(zone != "" && a.zone != zone, zone != "" && b.zone != zone),
			cmp.Compare(a.rank, b.rank),
			compareBool(a.other, b.other),
		)
	}
	sorted := slices.Clone(members)
	slices.SortStableFunc(sorted, preference)
	left := 1.0 // of the calls
	for of := range chunks(sorted, preference) {
		available := make([]member, 0, len(of))
		for _, m := range of {
			if !m.ejected && !m.unhealthy {
				available = append(available, m)
			}
			if m.ejected {
				s.ejected = append(s.ejected, m.Endpoint)
			}
		}
		l := level{members: available, all: of, load: min(left, overprovisioning*float64(len(available))/float64(len(of)))}
		left -= l.load
		s.levels = append(s.levels, l)
	}
	if len(s.levels) > 0 && left > 0 {
		s.overload(1 - left)
	}
	for i := range s.levels {
		s.levels[i].sum()
	}
	return s
}

// chunks returns the runs of a sorted list whose elements are equal.
func chunks(sorted []member, compare func(a, b member) int) iter.Seq[[]member] {
	return func(yield func([]member) bool) {
		for len(sorted) > 0 {
			n := 1
			for n < len(sorted) && compare(sorted[0], sorted[n]) == 0 {
				n++
			}
			if !yield(sorted[:n]) {
				return
			}
			sorted = sorted[n:]
		}
	}
}

// overload assigns all calls to levels that can do too little, in total less than 1:
// each in proportion to what it can do, or the first if none can do anything.
func (s *snapshot) overload(total float64) {
	for i := range s.levels {
		l := &s.levels[i]
		switch {
		case total > 0:
			l.load /= total
		case i == 0:
			l.load = 1
		}
		if float64(len(l.members)) < panicThreshold*float64(len(l.all)) {
			l.members = l.all
		}
	}
}

// sum prepares draws by weight.
func (l *level) sum() {
	equal := true
	for _, m := range l.members {
		equal = equal && m.weight == l.members[0].weight
	}
	if equal {
		return
	}
	sum := 0.0
	for _, m := range l.members {
		sum += m.weight
		l.sums = append(l.sums, sum)
	}
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// draw returns a member by its weight.
func (l *level) draw(random float64) member {
	n := len(l.members)
	if l.sums == nil {
		return l.members[min(int(random*float64(n)), n-1)]
	}
	i := sort.SearchFloat64s(l.sums, random*l.sums[n-1])
	return l.members[min(i, n-1)]
}

// sharesHold is how long the shares of endpoints are not found again.
const sharesHold = int64(50 * time.Millisecond)

// share finds the shares of the endpoints that are chosen from, if they are old. Those are
// slow that take more than one and a half times as long as the lower median.
func (s *snapshot) share(of *Set, now int64) {
	at := s.sharedAt.Load()
	if at != 0 && now-at < sharesHold || !s.sharedAt.CompareAndSwap(at, max(now, 1)) {
		return
	}
	latencies := make([]float64, 0, len(s.all))
	for _, l := range s.levels {
		for _, m := range l.members {
			if expected := m.latency(now); expected > 0 {
				latencies = append(latencies, expected)
			}
		}
	}
	usual := float64(leastPace)
	if len(latencies) > 0 {
		slices.Sort(latencies)
		usual = max(usual, latencies[(len(latencies)-1)/2])
	}
	of.usual.Store(int64(usual))
	for _, l := range s.levels {
		for _, m := range l.members {
			m.share.Store(math.Float64bits(m.shareOf(now, usual)))
		}
	}
}
