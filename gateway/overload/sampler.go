package overload

import (
	"math"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// Sampler returns a function that reads samples of this process. It must not be called
// concurrently.
func Sampler() func() Sample {
	s := &sampler{read: []metrics.Sample{{Name: "/sched/latencies:seconds"}, {Name: "/gc/heap/live:bytes"}}}
	return s.sample
}

type sampler struct {
	read   []metrics.Sample
	before []uint64 // the counts of the histogram
}

const percentile = 0.9

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
	return out
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
