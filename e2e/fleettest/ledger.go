// Package fleettest has services for tests of a service with several endpoints:
// one over HTTP and one over gRPC. An endpoint counts its calls, and all
// endpoints of a service share a [Ledger] of the mutations that they were sent.
package fleettest

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// Ledger counts how often each mutation was sent, to whichever endpoint. Its zero
// value is empty. It is safe for concurrent use.
type Ledger struct {
	mu    sync.Mutex
	times map[string]int
}

// add notes that a mutation was sent.
func (l *Ledger) add(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.times == nil {
		l.times = map[string]int{}
	}
	l.times[id]++
}

// Times returns how often a mutation was sent.
func (l *Ledger) Times(id string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.times[id]
}

// Again returns the mutations that were sent more than once.
func (l *Ledger) Again() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var again []string
	for id, n := range l.times {
		if n > 1 {
			again = append(again, id)
		}
	}
	return again
}

// Len returns how many mutations were sent at least once.
func (l *Ledger) Len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.times)
}

// Options say how an endpoint behaves.
type Options struct {
	// Ledger counts mutations; nil counts none.
	Ledger *Ledger
	// Latency is how long an answer takes.
	Latency time.Duration
	// MaxStreams is how many streams a connection of gRPC may have at once
	// (MAX_CONCURRENT_STREAMS); 0 for no limit.
	MaxStreams uint32
	// MaxAge is when a connection of gRPC is sent GOAWAY; 0 for never.
	MaxAge time.Duration
}

// Backend is one endpoint of a service. It is safe for concurrent use.
type Backend struct {
	// Addr is host:port.
	Addr string

	options Options
	calls   atomic.Int64
	checks  atomic.Int64
	streams atomic.Int64
	failing atomic.Bool
	closing atomic.Bool
	stop    <-chan struct{} // closed when the test ends
}

// Calls returns how many queries and mutations the endpoint was sent, without
// health checks.
func (b *Backend) Calls() int64 { return b.calls.Load() }

// Checks returns how many health checks the endpoint was sent.
func (b *Backend) Checks() int64 { return b.checks.Load() }

// Streams returns how many streams, and calls that hang, are open.
func (b *Backend) Streams() int64 { return b.streams.Load() }

// SetFailing makes the endpoint answer each call with 500 or UNAVAILABLE, or
// answer again. Its health checks succeed all the same.
func (b *Backend) SetFailing(failing bool) { b.failing.Store(failing) }

// SetClosing makes the endpoint close each HTTP connection after an answer, which
// has "Connection: close".
func (b *Backend) SetClosing(closing bool) { b.closing.Store(closing) }

// called notes a call, and returns whether it fails, after the latency.
func (b *Backend) called(ctx context.Context, mutation string) (fails bool) {
	b.calls.Add(1)
	if mutation != "" && b.options.Ledger != nil {
		b.options.Ledger.add(mutation)
	}
	if b.options.Latency > 0 {
		timer := time.NewTimer(b.options.Latency)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
		case <-b.stop:
		}
	}
	return b.failing.Load()
}

// hang waits until the caller leaves or the test ends.
func (b *Backend) hang(ctx context.Context) {
	b.streams.Add(1)
	defer b.streams.Add(-1)
	select {
	case <-ctx.Done():
	case <-b.stop:
	}
}
