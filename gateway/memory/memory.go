// Package memory sets the garbage collector of a gateway's process by the memory
// that it may use.
package memory

import (
	"errors"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"

	"github.com/KimMachineGun/automemlimit/memlimit"
)

// Tuner sets the garbage collector. A process should have one. Its methods are safe
// for concurrent use.
type Tuner struct {
	limit  int64
	room   int64
	before int // the percentage when it started

	mu      sync.Mutex
	percent int64
	stopped bool
}

// The bounds of the percentage by which the heap grows until it is collected. The
// lower one is Go's default.
const (
	leastPercent = 100
	mostPercent  = 400
)

// ratio is the part of the memory that is the limit: what is not the heap's needs
// the rest.
const ratio = 0.9

// mostRoom is the most bytes by which the heap may be larger than Go's default
// would let it be. A gateway's heap is small, so that it would be collected often.
const mostRoom = 24 << 20

// Start sets the soft memory limit of the process to nine tenths of the memory of
// its cgroup, else of the machine, and lets a small heap grow by more than Go's
// default, until Stop. What the environment sets by GOMEMLIMIT or GOGC stays. The
// error says that the memory is not known; the tuner works all the same.
func Start() (*Tuner, error) {
	limit, err := memlimit.Set(
		memlimit.WithProvider(memlimit.ApplyFallback(memlimit.FromCgroup, memlimit.FromSystem)), memlimit.WithRatio(ratio))
	if errors.Is(err, memlimit.ErrNoLimit) {
		err = nil
	}
	if err != nil || limit <= 0 {
		limit = debug.SetMemoryLimit(-1)
	}
	t := &Tuner{limit: limit, room: min(limit/8, mostRoom)}
	if _, set := os.LookupEnv("GOGC"); set {
		t.stopped = true
		return t, err
	}
	t.before = debug.SetGCPercent(leastPercent)
	t.percent = leastPercent
	t.afterCollection()
	return t, err
}

// Stop restores the percentage that was set before.
func (t *Tuner) Stop() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.stopped {
		t.stopped = true
		debug.SetGCPercent(t.before)
	}
}

// Limit returns the memory limit in bytes.
func (t *Tuner) Limit() int64 { return t.limit }

// afterCollection sets the percentage for what is in use, now and after each
// collection.
func (t *Tuner) afterCollection() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.stopped {
		return
	}
	if now := percent(inUse(), t.room); now != t.percent {
		t.percent = now
		debug.SetGCPercent(int(now))
	}
	runtime.AddCleanup(new([16]byte), (*Tuner).afterCollection, t) // it is garbage
}

// inUse returns the bytes that the last collection left.
func inUse() int64 {
	samples := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(samples)
	return int64(samples[0].Value.Uint64()) //nolint:gosec // it is less than the memory
}

// percent lets the heap grow by room, but by less than fivefold. It is rounded, so
// that it seldom changes: setting it stops the program for a moment.
func percent(inUse, room int64) int64 {
	const step = 50
	return min(max(room*100/max(inUse, 1)/step*step, leastPercent), mostPercent)
}
