package cache

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/portico-gateway/portico/gateway/problem"
	"github.com/portico-gateway/portico/gateway/stack"
)

// Kind describes the values of a [Cache].
type Kind struct {
	// Timeout limits the making of a value.
	Timeout time.Duration
	// Codec shares values with other gateways; nil does not.
	Codec *Codec
	// Failed reports whether the result of [Make] is a failure, instead of which a stale
	// value may be served. If it is nil, no result is.
	Failed func(e *Entry, err error) bool
}

// Cache serves the values of one kind from a store, and makes missing ones. It is safe
// for concurrent use.
//
// Concurrent callers of one key share the making of its value (request
// coalescing), unless the store keeps them separate. It happens in a goroutine
// of its own, whose context has the values of the first caller's but not its
// end: that caller may leave, and the others still get the value. It is
// cancelled when all have left. Each caller waits no longer than its own context
// lasts, and than the timeout of the making. No caller is given a value whose making began before the latest
// invalidation.
type Cache struct {
	store   *Store
	kind    Kind
	timeout atomic.Int64 // see SetTimeout

	mu     sync.Mutex
	flying map[flightKey]*flight
	closed bool
	group  sync.WaitGroup
}

// NewCache returns a cache that stores its values in a store, which may be shared with
// other caches. Their keys must be different. Close must be called at the end.
func NewCache(store *Store, kind Kind) *Cache {
	c := &Cache{store: store, kind: kind, flying: map[flightKey]*flight{}}
	c.SetTimeout(kind.Timeout)
	return c
}

// SetTimeout changes the timeout of makers that start from now on.
func (c *Cache) SetTimeout(d time.Duration) { c.timeout.Store(int64(d)) }

// Make makes a value. An entry without freshness is not cached. have is the stale cached
// entry; nil if there is none.
type Make func(ctx context.Context, have *Entry) (*Entry, error)

// Status is how a value was found.
type Status struct {
	// Hit reports that it was made for an earlier caller, Stale that it is not
	// fresh.
	Hit, Stale bool
	// Joined reports that it was made for a concurrent caller.
	Joined bool
	// Stored reports that it was made and is cached now.
	Stored bool
	// Invalid reports that the value was invalidated while it was made: it must not be
	// cached.
	Invalid bool
}

// Fresh returns the entry of a key that is in this gateway's memory and fresh; nil
// if there is none.
func (c *Cache) Fresh(key Key) *Entry {
	e := c.store.get(key)
	if e.use(c.store.Now()) != fresh {
		return nil
	}
	c.store.counts.hits.Add(1)
	return e
}

// Fetch returns the entry of a key: a fresh one, of this gateway or another one; a
// stale one while a new one is made, or because making one failed, if its policy
// permits that; else a new one. The error is that of making it, or of ctx, or
// [context.DeadlineExceeded] after the timeout.
func (c *Cache) Fetch(ctx context.Context, key Key, create Make) (*Entry, Status, error) {
	have := c.store.get(key)
	switch have.use(c.store.Now()) {
	case fresh:
		c.store.counts.hits.Add(1)
		return have, Status{Hit: true}, nil
	case revalidating:
		_, _, _ = c.board(ctx, key, create, true) // a gateway that stops needs no new value
		return c.stale(have)
	case onError, nothing:
	}
	made, status, err := c.do(ctx, key, create)
	if c.kind.Failed != nil && c.kind.Failed(made, err) && ctx.Err() == nil &&
		have.use(c.store.Now()) >= onError && c.store.tags.valid(have) {
		return c.stale(have)
	}
	return made, status, err
}

func (c *Cache) stale(e *Entry) (*Entry, Status, error) {
	c.store.counts.hits.Add(1)
	c.store.counts.stale.Add(1)
	return e, Status{Hit: true, Stale: true}, nil
}

// Close cancels running makers and waits for them. No other starts after it.
func (c *Cache) Close() {
	c.mu.Lock()
	c.closed = true
	for _, f := range c.flying {
		f.cancel()
	}
	c.mu.Unlock()
	c.group.Wait()
}

// Drain waits until no value is being made for several callers, or in the background, or ctx is
// done.
func (c *Cache) Drain(ctx context.Context) {
	for {
		f := c.anyFlight()
		if f == nil {
			return
		}
		select {
		case <-f.done:
		case <-ctx.Done():
			return
		}
	}
}

func (c *Cache) anyFlight() *flight {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, f := range c.flying {
		return f
	}
	return nil
}

// flight is the making of a value for several callers.
type flight struct {
	id     flightKey
	ctx    context.Context //nolint:containedctx // that of its making
	done   chan struct{}
	cancel context.CancelFunc
	entry  *Entry
	status Status
	err    error

	waiting int // guarded by Cache.mu
}

type flightKey struct {
	key   Key
	epoch uint64
}

// do returns the entry of a key from the flight that is under way, or from a new
// one.
func (c *Cache) do(ctx context.Context, key Key, create Make) (*Entry, Status, error) {
	if c.store.config.Separate {
		return c.alone(ctx, key, create)
	}
	f, joined, err := c.board(ctx, key, create, false)
	if err != nil {
		return nil, Status{}, err
	}
	if err := f.wait(ctx); err != nil {
		c.leave(f)
		return nil, Status{Joined: joined}, err
	}
	status := f.status
	if status.Joined = joined; joined {
		status.Stored = false
	}
	return f.entry, status, f.err
}

// grace is how long a flight has to land after its timeout. What its maker returns then says more than that it took too
// long.
const grace = 100 * time.Millisecond

// wait waits until the flight has landed. The error is that of ctx, or that the maker does not heed the timeout.
func (f *flight) wait(ctx context.Context) error {
	select {
	case <-f.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-f.ctx.Done(): // also when it has landed, and when the cache is closed
	}
	select {
	case <-f.done:
		return nil
	default:
	}
	deadline, _ := f.ctx.Deadline()
	late := time.NewTimer(time.Until(deadline) + grace)
	defer late.Stop()
	select {
	case <-f.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-late.C:
		return context.DeadlineExceeded
	}
}

// alone makes a value for one caller, in its goroutine.
func (c *Cache) alone(ctx context.Context, key Key, create Make) (*Entry, Status, error) {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return nil, Status{}, errStopping()
	}
	c.group.Add(1)
	c.mu.Unlock()
	defer c.group.Done()
	ctx, cancel := within(ctx, time.Duration(c.timeout.Load()))
	defer cancel()
	f := &flight{id: flightKey{key, c.store.Epoch()}}
	c.fly(ctx, f, create, func() {})
	return f.entry, f.status, f.err
}

func errStopping() error { return problem.New(problem.Unavailable, "The gateway is stopping.") }

// within is [context.WithTimeout] unless the context ends before that anyway.
func within(ctx context.Context, timeout time.Duration) (context.Context, context.CancelFunc) {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= timeout {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, timeout)
}

// forever is a caller that does not leave.
const forever = 1 << 30

// board finds the flight of a key, or begins one. A flight in the background has a
// caller that does not leave.
func (c *Cache) board(ctx context.Context, key Key, create Make, background bool) (*flight, bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	id := flightKey{key, c.store.Epoch()}
	f, joined := c.flying[id]
	if joined = joined && f.ctx.Err() == nil; !joined { // a maker that does not heed its timeout stops nobody
		if c.closed {
			return nil, false, errStopping()
		}
		f = c.begin(ctx, id, create)
	}
	if f.waiting++; background {
		f.waiting += forever
	}
	return f, joined, nil
}

// leave removes a caller from a flight. A flight without callers is cancelled, and
// cannot be joined any more.
func (c *Cache) leave(f *flight) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if f.waiting--; f.waiting == 0 {
		f.cancel()
		c.land(f)
	}
}

func (c *Cache) land(f *flight) {
	if c.flying[f.id] == f {
		delete(c.flying, f.id)
	}
}

func (c *Cache) begin(ctx context.Context, id flightKey, create Make) *flight {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Duration(c.timeout.Load()))
	f := &flight{id: id, ctx: ctx, done: make(chan struct{}), cancel: cancel}
	c.flying[id] = f
	c.group.Go(func() {
		defer cancel()
		stack.Grow()
		c.fly(ctx, f, create, func() {
			c.mu.Lock()
			c.land(f)
			c.mu.Unlock()
			close(f.done)
		})
	})
	return f
}

// fly makes the value of a flight, calls landed, and shares the value with other
// gateways.
func (c *Cache) fly(ctx context.Context, f *flight, create Make, landed func()) {
	var ticket *ticket
	f.entry, f.status, ticket, f.err = c.find(ctx, f.id, create)
	landed()
	if f.status.Stored {
		c.store.share(ticket, f.entry, c.kind.Codec)
	}
}

// find returns a fresh entry that was cached after it was looked for, or that
// another gateway made, else a new one. The ticket is for one that is new.
func (c *Cache) find(ctx context.Context, id flightKey, create Make) (e *Entry, status Status, t *ticket, err error) {
	defer func() {
		if crash := recover(); crash != nil {
			e, err = nil, problem.Recovered(crash)
		}
	}()
	have := c.store.get(id.key)
	if have.use(c.store.Now()) == fresh {
		c.store.counts.hits.Add(1)
		return have, Status{Hit: true}, nil, nil
	}
	found, t := c.ask(ctx, id.epoch, id.key)
	if len(found) > 0 && found[0] != nil {
		c.store.settle(found[0])
		return found[0], Status{Hit: true}, nil, nil
	}
	c.store.counts.misses.Add(1)
	if e, err = create(ctx, have); err != nil {
		return nil, Status{}, t, err
	}
	if e.Key == (Key{}) {
		e.Key = id.key
	}
	if e.life() <= 0 {
		return e, Status{}, t, nil
	}
	if !c.put(e, id.epoch) {
		return e, Status{Invalid: true}, t, nil
	}
	return e, Status{Stored: c.store.settle(e)}, t, nil
}

// put adds a new entry, if its policy permits that, and reports whether it is
// valid.
func (c *Cache) put(e *Entry, epoch uint64) bool {
	if e.life() <= 0 {
		return false
	}
	e.shorten(c.store.config.Random())
	return c.store.put(e, epoch)
}

// ask returns what other gateways have of keys, if it is fresh and valid, and puts
// it; nil where there is nothing. The ticket is for what is made now. All are nil
// if nothing is shared.
func (c *Cache) ask(ctx context.Context, epoch uint64, keys ...Key) ([]*Entry, *ticket) {
	if c.kind.Codec == nil || c.store.shared == nil || !c.store.Stores() {
		return nil, nil
	}
	texts, t := c.store.shared.ask(ctx, keys)
	if t == nil {
		return nil, nil
	}
	found, now := make([]*Entry, len(keys)), c.store.Now()
	for i, text := range texts {
		if text == nil {
			continue
		}
		e, err := c.kind.Codec.decode(text, keys[i], now)
		if err == nil && e.use(now) == fresh && c.store.put(e, epoch) {
			c.store.counts.remote.Add(1)
			found[i] = e
		}
	}
	return found, t
}

// Batch is Fetch for several keys, for a caller that coalesces them itself and has looked
// them up with [Cache.Fresh]. It returns the entries that other gateways have, and nil
// for the other keys. For these, create is called with their positions, if there are any;
// it returns the entries to cache, in any order, each with its key.
func (c *Cache) Batch(ctx context.Context, keys []Key, create func(missing []int) []*Entry) []*Entry {
	epoch := c.store.Epoch()
	found, t := c.ask(ctx, epoch, keys...)
	missing := make([]int, 0, len(keys))
	for i := range keys {
		if found == nil || found[i] == nil {
			missing = append(missing, i)
		}
	}
	if len(missing) == 0 {
		return found
	}
	c.store.counts.misses.Add(uint64(len(missing)))
	for _, e := range create(missing) {
		if c.put(e, epoch) {
			c.store.share(t, e, c.kind.Codec)
		}
	}
	return found
}
