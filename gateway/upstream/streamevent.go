package upstream

import "time"

// StreamEvent is an event of a shared stream, for operators: it was resumed, or
// subscribers were dropped.
type StreamEvent struct {
	Service string
	// Stream is the position of a binding, or a gRPC method, without values of the call.
	Stream string
	// Subscribers is the number of subscribers, without dropped ones.
	Subscribers int

	// Dropped is the number of slow subscribers that were dropped at once; 0 if the
	// stream was resumed.
	Dropped int

	// Attempts is the number of attempts to resume the stream, Outage the time that they
	// took, and Cause the error that broke it. They are zero if subscribers were dropped.
	Attempts int
	Outage   time.Duration
	Cause    error
}

// outage is the time between the break of a stream and its resumption. The zero
// value is none.
type outage struct {
	since    time.Time
	cause    error
	attempts int
}

// broke notes that the stream broke, or could not be opened again.
func (o *outage) broke(err error) {
	if o.cause == nil {
		o.since, o.cause = time.Now(), err
	}
	o.attempts++
}

// resumed reports the end of an outage, if there was one.
func (h *hub) resumed(o *outage) {
	if o.cause == nil {
		return
	}
	h.report(StreamEvent{Attempts: o.attempts, Outage: time.Since(o.since), Cause: withoutLost(o.cause)})
	*o = outage{}
}

// report reports an event of the hub's stream; h.mu is not held.
func (h *hub) report(e StreamEvent) {
	if h.hubs.report == nil {
		return
	}
	h.mu.Lock()
	e.Service, e.Stream, e.Subscribers = h.hubs.service, h.route, len(h.subscribers)
	h.mu.Unlock()
	h.hubs.report(e)
}
