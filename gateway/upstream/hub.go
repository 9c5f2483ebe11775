package upstream

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/portico-gateway/portico/gateway/problem"
)

// hub has one stream of a service and sends its messages to all of its
// subscribers. Its goroutine runs as long as it has one, or until the stream ends.
//
// Messages are shared, so that subscribers must not change them.
type hub struct {
	sharedStream

	hubs    *hubs
	cancel  context.CancelFunc
	begun   chan struct{} // closed when the stream has begun, or could not
	refusal error         // why it could not; not to be read before begun is closed

	mu          sync.Mutex
	subscribers map[*subscriber]struct{}
	latest      any // the latest message; nil if there is none
	ended       bool
	stopped     error // why it was stopped; nil if it was not
}

// subscriber is one of a hub's.
type subscriber struct {
	messages chan any // closed when no more follow
	err      error    // why no more follow; not to be read before messages is closed
}

// mostWaiting is how many messages can wait for a subscriber.
const mostWaiting = 16

// add adds a subscriber. It returns false if the hub has ended.
func (h *hub) add(s *subscriber) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.ended {
		return false
	}
	h.subscribers[s] = struct{}{}
	if h.sharing == ShareState && h.latest != nil {
		s.messages <- h.latest
	}
	return true
}

// leave removes a subscriber, if it has not been removed. The last one ends the
// hub.
func (h *hub) leave(s *subscriber) {
	h.mu.Lock()
	delete(h.subscribers, s)
	last := len(h.subscribers) == 0 && !h.ended
	h.ended = h.ended || last
	h.mu.Unlock()
	if last {
		h.cancel()
		h.hubs.remove(h)
	}
}

// send sends all subscribers a message. One whose buffer is full is removed: it
// gets what waits for it, and then an error.
func (h *hub) send(message any) {
	if dropped := h.give(message); dropped > 0 {
		h.report(StreamEvent{Dropped: dropped})
	}
}

// give is send; it returns how many subscribers were removed.
func (h *hub) give(message any) (dropped int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.latest = message
	for s := range h.subscribers {
		select {
		case s.messages <- message:
		default:
			dropped++
			h.end(s, problem.Wrap(errSlow, problem.Unavailable, "Events were not read quickly enough. Subscribe again."))
		}
	}
	if len(h.subscribers) == 0 {
		h.ended = true
		h.cancel()
	}
	return dropped
}

// errSlow is the cause of the problem of a slow subscriber.
var errSlow = errors.New("a subscriber has read too few of the events that it shares with others")

// end ends a subscription; h.mu is held.
func (h *hub) end(s *subscriber, err error) {
	s.err = err
	close(s.messages)
	delete(h.subscribers, s)
}

// stop ends the hub with an error.
func (h *hub) stop(err error) {
	h.mu.Lock()
	h.stopped = err
	h.mu.Unlock()
	h.finish(err)
	h.cancel()
}

func (h *hub) whyStopped() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.stopped
}

// finish ends all subscriptions, with an error unless it is nil.
func (h *hub) finish(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ended = true
	for s := range h.subscribers {
		h.end(s, err)
	}
}

// run opens the stream, and sends subscribers its messages until it ends for
// good.
func (h *hub) run(ctx context.Context, open opening) {
	defer h.cancel()
	begun := false
	begin := func(err error) {
		if !begun {
			begun, h.refusal = true, err
			close(h.begun)
		}
	}
	err := h.follow(ctx, func(ctx context.Context) (source, error) {
		from, err := open(ctx)
		if err == nil {
			begin(nil)
		}
		return from, err
	})
	if stopped := h.whyStopped(); stopped != nil {
		err = stopped
	}
	err = withoutLost(err)
	begin(err)
	h.finish(err)
	h.hubs.remove(h)
}

// follow sends subscribers the messages of the stream. When it breaks, it is
// opened again, until the window is over, but only if it had begun.
func (h *hub) follow(ctx context.Context, open opening) (err error) {
	defer func() {
		if value := recover(); value != nil {
			err = problem.Recovered(value)
		}
	}()
	window := time.Duration(h.hubs.window.Load())
	var deadline time.Time
	begun, attempt := false, 0
	var out outage
	for {
		started, sent := time.Now(), false
		var from source
		if from, err = open(ctx); err == nil {
			begun = true
			h.resumed(&out)
			sent, err = h.read(from)
		}
		if !isLost(err) || !begun || ctx.Err() != nil {
			return err
		}
		out.broke(err)
		lasted := time.Since(started) >= window
		if lasted {
			attempt = 0
		}
		if lasted || sent || deadline.IsZero() {
			deadline = time.Now().Add(window)
		}
		pause := h.hubs.pause(attempt, err)
		attempt++
		if time.Now().Add(pause).After(deadline) {
			return err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return err
		}
	}
}

// read sends subscribers the messages of an open stream, and reports whether
// there was one. The error is nil when the service has ended the stream.
func (h *hub) read(from source) (sent bool, err error) {
	defer from.close()
	for {
		message, err := from.next()
		if err != nil {
			return sent, endOf(err)
		}
		h.send(message)
		sent = true
	}
}
