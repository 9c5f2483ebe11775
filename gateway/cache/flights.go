package cache

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"github.com/portico-gateway/portico/gateway/problem"
)

// Flights coalesce the making of values: concurrent callers of one key share it.
//
// A value is made in a goroutine of its own, whose context has the values of
// the first caller's but not its end: that caller may leave, and the others
// still get what they wait for. It is cancelled when all have left. Each
// caller waits no longer than its own context lasts.
//
// Nobody is given a value whose making began before the latest invalidation.
//
// Of a store that does not coalesce, every caller of Do makes its own value.
type Flights[V any] struct {
	store   *Store
	timeout time.Duration
	codec   *Codec[V]

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

// Codec writes values for other gateways, and reads theirs.
type Codec[V any] struct {
	// Encode writes a value, and of its entry what Decode needs; nil for what
	// can't be written.
	Encode func(V, *Entry) []byte
	// Decode returns the value and what it is kept as: all of an entry but its
	// key. The text can be anything.
	Decode func([]byte) (V, *Entry, error)
}

// NewFlights returns flights that take at most so long and keep what they make
// in a store. With a codec, which can be nil, it is shared with other gateways.
func NewFlights[V any](store *Store, timeout time.Duration, codec *Codec[V]) *Flights[V] {
	return &Flights[V]{store: store, timeout: timeout, codec: codec, flying: map[flightKey]*flight[V]{}}
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
// new one. joined reports which. An error is that of create, or of ctx.
func (f *Flights[V]) Do(ctx context.Context, key Key, create Make[V]) (value V, joined bool, err error) {
	if !f.store.coalesces {
		return f.alone(ctx, key, create)
	}
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

// alone makes a value for one caller, in its goroutine.
func (f *Flights[V]) alone(ctx context.Context, key Key, create Make[V]) (value V, joined bool, err error) {
	f.mu.Lock()
	if f.closed {
		f.mu.Unlock()
		return value, false, errStopping()
	}
	f.group.Add(1)
	f.mu.Unlock()
	defer f.group.Done()
	ctx, cancel := within(ctx, f.timeout)
	defer cancel()
	one := &flight[V]{id: flightKey{key, f.store.Epoch()}}
	f.fly(ctx, one, create, func() {})
	return one.value, false, one.err
}

func errStopping() error { return problem.New(problem.Unavailable, "The gateway is stopping.") }

// within is [context.WithTimeout] unless the context ends before that anyway.
func within(ctx context.Context, timeout time.Duration) (context.Context, context.CancelFunc) {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= timeout {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, timeout)
}

// Start begins a flight in the background, unless one is under way.
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
			return nil, false, errStopping()
		}
		one = f.begin(ctx, id, create)
	}
	if one.waiting++; background {
		one.waiting += forever
	}
	return one, joined, nil
}

// leave removes a caller from a flight. A flight without callers is canceled, and
// cannot be joined any more.
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
		f.fly(ctx, one, create, func() {
			f.mu.Lock()
			f.land(one)
			f.mu.Unlock()
			close(one.done)
		})
	})
	return one
}

// fly makes the value of a flight, calls landed, and shares the value with other
// gateways.
func (f *Flights[V]) fly(ctx context.Context, one *flight[V], create Make[V], landed func()) {
	var kept *Entry
	put := func(e *Entry) {
		kept = e
		f.store.Put(e, one.id.epoch)
	}
	var ticket *Ticket
	one.value, ticket, one.err = f.find(ctx, one.id.key, create, put)
	if kept != nil { // callers that arrive after this flight find the entry
		f.store.settle()
	}
	landed()
	if kept != nil && ticket != nil {
		f.store.Tell(ticket, kept, f.codec.Encode(one.value, kept))
	}
}

// find returns a fresh value that another gateway made, else a new one. The
// ticket is for one that is new and to be shared.
func (f *Flights[V]) find(ctx context.Context, key Key, create Make[V], put func(*Entry)) (value V, ticket *Ticket, err error) {
	defer func() {
		if crash := recover(); crash != nil {
			err = problem.Recovered(crash)
		}
	}()
	if f.codec != nil {
		var texts [][]byte
		if texts, ticket = f.store.Ask(ctx, key); ticket != nil && texts[0] != nil {
			if value, entry, err := f.codec.Decode(texts[0]); err == nil && entry.IsFresh(time.Now()) {
				entry.Key = key
				put(entry)
				return value, nil, nil
			}
		}
	}
	value, err = create(ctx, put)
	return value, ticket, err
}

// Frame writes a head as JSON and a body as it is, for a [Codec]. It is nil when
// JSON can't say the head.
func Frame(head any, body []byte) []byte {
	text, err := json.Marshal(head)
	if err != nil {
		return nil
	}
	framed := binary.BigEndian.AppendUint32(make([]byte, 0, 4+len(text)+len(body)), uint32(len(text))) //nolint:gosec // heads are small
	return append(append(framed, text...), body...)
}

// Unframe reads what Frame wrote: the head into a pointer, and the body.
func Unframe(framed []byte, head any) ([]byte, error) {
	if len(framed) < 4 || uint64(len(framed)) < 4+uint64(binary.BigEndian.Uint32(framed)) {
		return nil, errors.New("it is cut off")
	}
	length := 4 + int(binary.BigEndian.Uint32(framed))
	return framed[length:], json.Unmarshal(framed[4:length], head)
}
