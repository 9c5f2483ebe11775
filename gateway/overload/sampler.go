package overload

import (
	"math"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// Sampler returns a function that reads samples of this process. It must not be called
// concurrently.
func Sampler() func() Sample {
	s := &sampler{read: []metrics.Sample{{Name: "/sched/latencies:seconds"}, {Name: "/gc/heap/live:bytes"}, {Name: "/gc/cycles/total:gc-cycles"}}}
	return s.sample
}

type sampler struct {
	read   []metrics.Sample
	before []uint64 // the counts of the histogram
	cycles uint64   // of the garbage collector
	full   int      // samples in this cycle with a heap that was nearly full
}

const (
	percentile = 0.9

	// collectAfter is after how many samples of a heap that is nearly full, and of no
	// collection, one is begun; a second.
	collectAfter = 20
)

func (s *sampler) sample() Sample {
	metrics.Read(s.read)
	var out Sample
	if s.read[0].Value.Kind() == metrics.KindFloat64Histogram {
		h := s.read[0].Value.Float64Histogram()
		out.Wait = s.quantile(h)
	}
	if s.read[1].Value.Kind() == metrics.KindUint64 {
		out.Heap = float64(s.read[1].Value.Uint64()) / float64(debug.SetMemoryLimit(-1))
	}
	if s.read[2].Value.Kind() == metrics.KindUint64 {
		s.collect(out.Heap, s.read[2].Value.Uint64())
	}
	return out
}

// collect runs the garbage collector if the live heap was nearly full after the last
// cycle, and no other cycle began for a second. The live heap is measured by a cycle.
// Queries are refused until then, so there may be too little garbage for a cycle to
// begin within minutes.
func (s *sampler) collect(heap float64, cycles uint64) {
	if cycles != s.cycles || heap <= mostHeap {
		s.cycles, s.full = cycles, 0
	}
	if heap <= mostHeap {
		return
	}
	if s.full++; s.full >= collectAfter {
		runtime.GC()
	}
}

// quantile returns the percentile of what has come to a histogram since the last time.
func (s *sampler) quantile(h *metrics.Float64Histogram) time.Duration {
	counts := make([]uint64, len(h.Counts))
	total := uint64(0)
	for i, n := range h.Counts {
		counts[i] = n
		if i < len(s.before) {
			counts[i] -= s.before[i]
		}
		total += counts[i]
	}
	s.before = append(s.before[:0], h.Counts...)
	below := uint64(0)
	for i, n := range counts {
		if below += n; n > 0 && float64(below) >= percentile*float64(total) {
			upper := h.Buckets[i+1]
			if math.IsInf(upper, 1) {
				upper = h.Buckets[i]
			}
			return time.Duration(upper * float64(time.Second))
		}
	}
	return 0
}
