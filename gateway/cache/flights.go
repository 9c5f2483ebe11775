package cache

import (
	"context"
	"sync"
	"time"

	"github.com/portico-gateway/portico/gateway/problem"
)

// Flights make values, each once for all who ask for it at the same time.
//
// A value is made in a goroutine of its own, whose context has the values of
// the first caller's but not its end: that caller may leave, and the others
// still get what they wait for. It is cancelled when all have left. Each
// caller waits no longer than its own context lasts.
//
// Nobody is given a value whose making began before the latest invalidation.
type Flights[V any] struct {
	store   *Store
	timeout time.Duration

	mu     sync.Mutex
	flying map[flightKey]*flight[V]
	closed bool
	group  sync.WaitGroup
}

type flightKey struct {
	key   Key
	epoch uint64
}

type flight[V any] struct {
	id     flightKey
	done   chan struct{}
	cancel context.CancelFunc
	value  V
	err    error

	waiting int // guarded by Flights.mu
}

// NewFlights returns flights that take at most so long and keep what they make
// in a store.
func NewFlights[V any](store *Store, timeout time.Duration) *Flights[V] {
	return &Flights[V]{store: store, timeout: timeout, flying: map[flightKey]*flight[V]{}}
}

// Close cancels what is under way and waits for it. Nothing begins after it.
func (f *Flights[V]) Close() {
	f.mu.Lock()
	f.closed = true
	for _, one := range f.flying {
		one.cancel()
	}
	f.mu.Unlock()
	f.group.Wait()
}

// Make makes a value. What it puts is kept in the store, if nothing invalidated
// it since the flight began; it is seen by all before the flight ends.
type Make[V any] func(ctx context.Context, put func(*Entry)) (V, error)

// Do returns the value of a key from the flight that is under way, or from a
// new one. joined tells which. An error is that of create, or of ctx.
func (f *Flights[V]) Do(ctx context.Context, key Key, create Make[V]) (value V, joined bool, err error) {
	one, joined, err := f.board(ctx, key, create, false)
	if err != nil {
		return value, false, err
	}
	select {
	case <-one.done:
		return one.value, joined, one.err
	case <-ctx.Done():
		f.leave(one)
		return value, joined, ctx.Err()
	}
}

// Start begins a flight that nobody waits for, unless one is under way.
func (f *Flights[V]) Start(ctx context.Context, key Key, create Make[V]) {
	_, _, _ = f.board(ctx, key, create, true) // a gateway that stops needs no fresh values
}

// forever is a caller that does not leave.
const forever = 1 << 30

// board finds the flight of a key, or begins one. Whoever starts one in the
// background counts as a caller that does not leave.
func (f *Flights[V]) board(ctx context.Context, key Key, create Make[V], background bool) (*flight[V], bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	id := flightKey{key, f.store.Epoch()}
	one, joined := f.flying[id]
	if !joined {
		if f.closed {
			return nil, false, problem.New(problem.Unavailable, "The gateway is stopping.")
		}
		one = f.begin(ctx, id, create)
	}
	if one.waiting++; background {
		one.waiting += forever
	}
	return one, joined, nil
}

// leave takes a caller off. What nobody waits for is cancelled, and nobody
// boards it any more.
func (f *Flights[V]) leave(one *flight[V]) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if one.waiting--; one.waiting == 0 {
		one.cancel()
		f.land(one)
	}
}

func (f *Flights[V]) land(one *flight[V]) {
	if f.flying[one.id] == one {
		delete(f.flying, one.id)
	}
}

func (f *Flights[V]) begin(ctx context.Context, id flightKey, create Make[V]) *flight[V] {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), f.timeout)
	one := &flight[V]{id: id, done: make(chan struct{}), cancel: cancel}
	f.flying[id] = one
	f.group.Go(func() {
		defer cancel()
		kept := false
		one.value, one.err = guarded(ctx, create, func(e *Entry) {
			kept = true
			f.store.Put(e, id.epoch)
		})
		if kept { // whoever comes after this flight must find it
			f.store.settle()
		}
		f.mu.Lock()
		f.land(one)
		f.mu.Unlock()
		close(one.done)
	})
	return one
}

func guarded[V any](ctx context.Context, create Make[V], put func(*Entry)) (value V, err error) {
	defer func() {
		if crash := recover(); crash != nil {
			err = problem.Recovered(crash)
		}
	}()
	return create(ctx, put)
}
