// Package overload bounds how many operations are executed at a time, by how busy the
// process is: more of them than the CPUs can do make all of them slow, and in the end
// none is answered in time. Operations beyond the limit are refused at once.
//
// The measure is how long goroutines that could run wait for a CPU, as Go's scheduler
// reports it. Unlike the time that operations take, it does not grow when services are
// slow, and unlike the load of CPUs, it shows what callers feel. The limit follows it as
// TCP's window follows losses: it shrinks by a part while goroutines wait too long, and
// grows by a little while they don't.
package overload

import (
	"container/list"
	"context"
	"math"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/portico-gateway/portico/gateway/problem"
)

// Class is how important an operation is.
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
	classes
)

// Limiter bounds the operations that are executed. What is over the limit waits for a
// moment, the most important first. It is safe for concurrent use. Run adapts the limit;
// without that, all are admitted.
type Limiter struct {
	read  func() Sample
	least int // that the limit is

	mu       sync.Mutex
	limit    int
	busy     int
	peak     int // of busy, since the last sample
	refused  int64
	pressure bool               // of memory
	waiting  [classes]list.List // of *waiter
	queued   int
	admitted int // since the last sample
	excess   int // refused, since the last sample
	waits    int64
	waited   time.Duration
	last     Sample

	shed  atomic.Uint64 // the share of queries that are refused at once; the bits of a float64
	early atomic.Int64  // how many were, since the last sample
}

// waiter is an operation that waits.
type waiter struct {
	ready    chan struct{} // closed when it is admitted or refused
	admitted bool
	refused  bool
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
	mostWait   = 20 * time.Millisecond
	leastLimit = 64 // for each CPU
	mostLimit  = 100_000
	decrease   = 0.85
	mostHeap   = 0.9

	longestQueue = 10 * time.Millisecond
	shedShare    = 0.9 // of what is refused, without a look at its importance
	leastShed    = 0.05
)

// New returns a limiter that reads samples with a function.
func New(read func() Sample) *Limiter {
	return &Limiter{read: read, least: leastLimit * runtime.GOMAXPROCS(0), limit: mostLimit}
}

// Acquire admits an operation, whose end must call release, or returns a problem
// SERVICE_OVERLOADED, or the error of ctx.
func (l *Limiter) Acquire(ctx context.Context, class Class) (release func(), err error) {
	l.mu.Lock()
	switch {
	case l.pressure && class > Mutation, l.queued >= l.limit/2 && !l.displace(class):
		l.refuse()
		l.mu.Unlock()
		return nil, overloaded()
	case l.busy < l.limit && l.queued == 0:
		l.begin()
		l.mu.Unlock()
		return l.release, nil
	}
	w := &waiter{ready: make(chan struct{})}
	at := l.waiting[class].PushBack(w)
	l.queued++
	l.mu.Unlock()

	began := time.Now()
	timer := time.NewTimer(longestQueue)
	defer timer.Stop()
	select {
	case <-w.ready:
	case <-timer.C:
		err = overloaded()
	case <-ctx.Done():
		err = ctx.Err()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waits++
	l.waited += time.Since(began)
	switch {
	case w.admitted: // maybe in the moment in which its time was over
		return l.release, nil
	case w.refused:
		return nil, overloaded()
	}
	l.waiting[class].Remove(at)
	l.queued--
	l.refuse()
	return nil, err
}

// displace makes room in a full queue for an operation of a class: it refuses the least
// important one that waits, if that is less important, and came last of those.
func (l *Limiter) displace(class Class) bool {
	for least := classes - 1; least > class; least-- {
		if queue := &l.waiting[least]; queue.Len() > 0 {
			w := queue.Remove(queue.Back()).(*waiter) //nolint:forcetypeassert // see waiting
			l.queued--
			l.refuse()
			w.refused = true
			close(w.ready)
			return true
		}
	}
	return false
}

func (l *Limiter) refuse() {
	l.refused++
	l.excess++
}

func overloaded() error {
	return problem.New(problem.Overloaded, "The gateway has too much to do. Try again.").With(problem.RetryAfter, 1.0)
}

func (l *Limiter) begin() {
	l.busy++
	l.admitted++
	l.peak = max(l.peak, l.busy)
}

func (l *Limiter) release() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.busy--
	l.admit()
}

// admit admits operations that wait, the most important first.
func (l *Limiter) admit() {
	for class := range l.waiting {
		queue := &l.waiting[class]
		for l.busy < l.limit && queue.Len() > 0 {
			w := queue.Remove(queue.Front()).(*waiter) //nolint:forcetypeassert // see waiting
			l.queued--
			l.begin()
			w.admitted = true
			close(w.ready)
		}
	}
}

// Shed reports whether a query is to be refused before anything is done for it: while
// many have to be refused, most of these are refused so, which costs little.
func (l *Limiter) Shed() bool {
	share := math.Float64frombits(l.shed.Load())
	if share == 0 || rand.Float64() >= share {
		return false
	}
	l.early.Add(1)
	return true
}

// Stats are for operators.
type Stats struct {
	// Limit is how many operations may be executed, Busy how many are, and Waiting how many wait
	// for a place.
	Limit, Busy, Waiting int
	// Refused is how many were refused so far, without those that Shed did.
	Refused int64
	// Waits is how many have waited so far, with those that were refused then, and Waited for how
	// long, in total.
	Waits  int64
	Waited time.Duration
	// Last is the latest sample.
	Last Sample
}

// Stats returns how many operations are executed, may be, wait, and were refused.
func (l *Limiter) Stats() Stats {
	l.mu.Lock()
	defer l.mu.Unlock()
	return Stats{Limit: l.limit, Busy: l.busy, Waiting: l.queued, Refused: l.refused, Waits: l.waits, Waited: l.waited, Last: l.last}
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
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last, l.pressure = s, s.Heap > mostHeap
	early := int(l.early.Swap(0))
	excess := float64(early + l.excess)
	share := shedShare * excess / math.Max(excess+float64(l.admitted), 1)
	if share < leastShed {
		share = 0
	}
	l.shed.Store(math.Float64bits(share))
	l.admitted, l.excess = 0, 0
	peak := l.peak
	l.peak = l.busy
	switch {
	case s.Wait > mostWait:
		// Of a limit that was not reached, nothing is known; and as few operations as
		// are always executed are not why goroutines wait.
		if peak > l.least {
			l.limit = max(int(decrease*float64(min(l.limit, peak))), l.least)
		}
	case peak >= l.limit:
		l.limit = min(l.limit+1+int(math.Sqrt(float64(l.limit))/2), mostLimit) //nolint:mnd // quicker than one by one
		l.admit()
	}
}
