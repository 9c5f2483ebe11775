// Package overload bounds how many operations are executed at a time, by how busy the
// process is: more of them than the CPUs can do make all of them slow, and in the end
// none is answered in time. What is too much is refused at once.
//
// The measure is how long goroutines that could run wait for a CPU, as Go's scheduler
// reports it. Unlike the time that operations take, it does not grow when services are
// slow, and unlike the load of CPUs, it tells what callers feel. The limit follows it as
// TCP's window follows losses: it shrinks by a part while goroutines wait too long, and
// grows by a little while they don't.
package overload

import (
	"context"
	"math"
	"sync/atomic"
	"time"

	"github.com/portico-gateway/portico/gateway/problem"
)

// Class is how important an operation is. Less important ones leave room for others.
type Class int

// The classes, the most important first.
const (
	// Mutation is of mutations.
	Mutation Class = iota
	// Tiered is of queries of principals with a tier.
	Tiered
	// Authenticated is of queries of other principals.
	Authenticated
	// Anonymous is of queries of nobody who is known.
	Anonymous
)

// room returns the part of the limit that operations of a class may fill.
func (c Class) room() float64 {
	const step = 0.1
	return 1 - step*float64(c)
}

// Limiter bounds the operations that are executed. It is safe for concurrent use. Run
// adapts it; without that, it admits all.
type Limiter struct {
	read func() Sample

	limit    atomic.Int64
	busy     atomic.Int64
	peak     atomic.Int64 // of busy, since the last sample
	refused  atomic.Int64 // all of them
	pressure atomic.Bool  // of memory
}

// Sample is how busy the process was since the last one.
type Sample struct {
	// Wait is how long goroutines waited for a CPU: the 90th percentile.
	Wait time.Duration
	// Heap is the part of the memory limit that the live heap has.
	Heap float64
}

const (
	interval   = 50 * time.Millisecond
	mostWait   = 10 * time.Millisecond
	leastLimit = 8
	mostLimit  = 100_000
	decrease   = 0.85
	mostHeap   = 0.9
)

// New returns a limiter that reads samples with a function.
func New(read func() Sample) *Limiter {
	l := &Limiter{read: read}
	l.limit.Store(mostLimit)
	return l
}

// Acquire admits an operation, whose end must call release, or returns a problem
// SERVICE_OVERLOADED.
func (l *Limiter) Acquire(class Class) (release func(), err error) {
	busy := l.busy.Add(1)
	limit := float64(l.limit.Load()) * class.room()
	if float64(busy) > math.Max(limit, 1) || l.pressure.Load() && class > Mutation {
		l.busy.Add(-1)
		l.refused.Add(1)
		return nil, problem.New(problem.Overloaded, "The gateway has too much to do. Try again.").With(problem.RetryAfter, 1.0)
	}
	for {
		peak := l.peak.Load()
		if busy <= peak || l.peak.CompareAndSwap(peak, busy) {
			return l.release, nil
		}
	}
}

func (l *Limiter) release() { l.busy.Add(-1) }

// Stats are for operators.
type Stats struct {
	// Limit is how many operations may be executed, and Busy how many are.
	Limit, Busy int64
	// Refused is how many were refused so far.
	Refused int64
}

// Stats returns how many operations are executed, may be, and were refused.
func (l *Limiter) Stats() Stats {
	return Stats{Limit: l.limit.Load(), Busy: l.busy.Load(), Refused: l.refused.Load()}
}

// Run adapts the limit until ctx is done.
func (l *Limiter) Run(ctx context.Context) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	l.read() // what was before
	for {
		select {
		case <-ticker.C:
			l.adapt(l.read())
		case <-ctx.Done():
			return
		}
	}
}

// adapt sets the limit by a sample.
func (l *Limiter) adapt(s Sample) {
	l.pressure.Store(s.Heap > mostHeap)
	peak := l.peak.Swap(l.busy.Load())
	limit := l.limit.Load()
	if s.Wait > mostWait {
		// Of a limit that nobody reached, nothing is known.
		l.limit.Store(max(int64(decrease*float64(min(limit, peak))), leastLimit))
		return
	}
	if float64(peak) >= float64(limit)*Anonymous.room()-1 {
		l.limit.Store(min(limit+1+int64(math.Sqrt(float64(limit))/2), mostLimit)) //nolint:mnd // quicker than one by one
	}
}
