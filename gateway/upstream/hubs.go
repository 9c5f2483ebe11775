package upstream

import (
	"context"
	"errors"
	"io"
	"iter"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/portico-gateway/portico/gateway/cache"
	"github.com/portico-gateway/portico/gateway/problem"
)

// Sharing determines whether subscribers share a stream, and what a late subscriber
// receives. A shared stream is resumed when it breaks.
type Sharing int

const (
	// ShareNothing opens a stream for each subscriber, which is not resumed.
	ShareNothing Sharing = iota
	// ShareState is for a stream that begins with the current state, each of whose
	// events replaces the one before. A late subscriber receives the latest event
	// at once.
	ShareState
	// ShareEvents is for a stream whose events are things that happened. A late
	// subscriber receives the following events.
	ShareEvents
)

// source is a stream of a service. It is used by one goroutine.
type source struct {
	// next returns the next message. The error at the end is io.EOF. It is a
	// *lostError if the stream can be resumed.
	next  func() (any, error)
	close func()
}

// opening opens a stream, which ends with ctx.
type opening func(ctx context.Context) (source, error)

// lostError is the error of a stream whose connection was lost, or whose service
// is not available: another attempt may succeed.
type lostError struct{ error }

func (e *lostError) Unwrap() error { return e.error }

// withoutLost returns the error that a *lostError has, or err.
func withoutLost(err error) error {
	if lost, ok := errors.AsType[*lostError](err); ok {
		return lost.error
	}
	return err
}

// endOf returns the error of a stream, which is nil at its end.
func endOf(err error) error {
	if errors.Is(err, io.EOF) && !isLost(err) {
		return nil
	}
	return err
}

func isLost(err error) bool {
	_, lost := errors.AsType[*lostError](err)
	return lost
}

// sharedStream is what a stream is that subscribers share.
type sharedStream struct {
	key     cache.Key
	sharing Sharing
	route   string // what is called, without the values of the call
}

// hubs are those of a service.
type hubs struct {
	service  string
	separate bool         // nothing is shared
	window   atomic.Int64 // how many ns a stream that broke is opened again
	random   func() float64
	report   func(StreamEvent) // nil for none

	mu     sync.Mutex
	open   map[cache.Key]*hub
	all    map[*hub]struct{} // also those that are not shared
	closed bool
	group  sync.WaitGroup
}

func newHubs(c Config) *hubs {
	hs := &hubs{
		service: c.Name, separate: !c.Store.Coalesces(), random: rand.Float64, report: c.OnStream,
		open: map[cache.Key]*hub{}, all: map[*hub]struct{}{},
	}
	hs.window.Store(int64(c.Resume))
	return hs
}

// subscribe returns the messages of a shared stream, which is opened if there
// is none. It returns when the stream has begun; what the service refuses is the
// returned error. The sequence ends as that of [Watch] does.
func (hs *hubs) subscribe(ctx context.Context, stream sharedStream, open opening) (iter.Seq2[any, error], error) {
	s := &subscriber{messages: make(chan any, mostWaiting)}
	h, err := hs.join(s, stream, open) //nolint:contextcheck // the stream may outlast its first subscriber
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { h.leave(s) })
	leave := func() {
		stop()
		h.leave(s)
	}
	select {
	case <-h.begun:
	case <-ctx.Done():
		leave()
		return nil, failed(ctx, hs.service, ctx.Err())
	}
	if h.refusal != nil {
		leave()
		if ctx.Err() != nil { // h may have ended because of it
			return nil, failed(ctx, hs.service, ctx.Err())
		}
		return nil, h.refusal
	}
	return func(yield func(any, error) bool) {
		defer leave()
		for {
			select {
			case message, more := <-s.messages:
				if more && yield(message, nil) {
					continue
				}
				if !more && s.err != nil {
					yield(nil, s.err)
				}
				return
			case <-ctx.Done():
				yield(nil, failed(ctx, hs.service, ctx.Err()))
				return
			}
		}
	}, nil
}

// join adds a subscriber to the hub of a stream, or to a new one.
func (hs *hubs) join(s *subscriber, stream sharedStream, open opening) (*hub, error) {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	if hs.closed {
		return nil, stopping()
	}
	if h := hs.open[stream.key]; h != nil && h.add(s) {
		return h, nil
	}
	ctx, cancel := context.WithCancel(context.Background())
	h := &hub{
		sharedStream: stream, hubs: hs, cancel: cancel, begun: make(chan struct{}),
		subscribers: map[*subscriber]struct{}{s: {}},
	}
	hs.all[h] = struct{}{}
	if !hs.separate {
		hs.open[stream.key] = h
	}
	hs.group.Go(func() { h.run(ctx, open) })
	return h, nil
}

func stopping() error { return problem.New(problem.Unavailable, "The gateway is stopping.") }

// renew makes those who subscribe from now on share other streams than those that are open.
func (hs *hubs) renew() {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	clear(hs.open)
}

// remove removes a hub that has ended.
func (hs *hubs) remove(h *hub) {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	delete(hs.all, h)
	if hs.open[h.key] == h {
		delete(hs.open, h.key)
	}
}

// close ends all streams and waits for that. None begins after it.
func (hs *hubs) close() {
	hs.mu.Lock()
	hs.closed = true
	for h := range hs.all {
		h.stop(stopping())
	}
	hs.mu.Unlock()
	hs.group.Wait()
}

const (
	firstPause   = 100 * time.Millisecond
	longestPause = 2 * time.Second
)

// pause returns how long to wait before a stream that an error ended is opened
// again: a random time, which doubles with each attempt, or longer if the service
// says so.
func (hs *hubs) pause(attempt int, err error) time.Duration {
	pause := longestPause
	if attempt < 8 { //nolint:mnd // more is longer than longestPause
		pause = min(firstPause<<attempt, longestPause)
	}
	pause = pause/2 + time.Duration(hs.random()*float64(pause/2))
	if e, ok := errors.AsType[*StatusError](err); ok {
		pause = max(pause, e.RetryAfter)
	}
	return pause
}
