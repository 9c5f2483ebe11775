package transport

import (
	"bytes"
	"context"
	"sync"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/answer"
	"github.com/portico-gateway/portico/gateway/problem"
)

// operations are those of one WebSocket. The zero value has none.
type operations struct {
	mu      sync.Mutex
	live    map[string]*subscription // until an end was sent or received
	running int                      // until the goroutine ended
	group   sync.WaitGroup
}

// subscription is an operation of a WebSocket, of whatever type.
type subscription struct {
	id     string
	cancel context.CancelFunc
	ended  bool // guarded by operations.mu: nothing is sent with its id any more
}

// What add says.
const (
	added = iota
	duplicate
	tooMany
)

// add makes an operation live and running. An operation that its client has
// completed still counts as running while its resolvers don't return, or a
// client could start any number of them.
func (o *operations) add(sub *subscription, limit int) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.live[sub.id] != nil {
		return duplicate
	}
	if o.running >= limit {
		return tooMany
	}
	if o.live == nil {
		o.live = map[string]*subscription{}
	}
	o.live[sub.id] = sub
	o.running++
	return added
}

// send calls write for an operation that has not ended; when last, it has
// then. The lock is held meanwhile: after complete, nothing is sent.
func (o *operations) send(sub *subscription, last bool, write func()) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if sub.ended {
		return false
	}
	if last {
		o.end(sub)
	}
	write()
	return !last
}

// complete ends an operation for its client. Unknown ids have ended before.
func (o *operations) complete(id string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if sub := o.live[id]; sub != nil {
		sub.cancel()
		o.end(sub)
	}
}

func (o *operations) end(sub *subscription) {
	sub.ended = true
	delete(o.live, sub.id)
}

// done is called when the operation's goroutine ends.
func (o *operations) done() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.running--
}

func (o *operations) wait() { o.group.Wait() }

// subscribe starts an operation.
func (s *socket) subscribe(ctx context.Context, m *message) *closing {
	ctx, cancel := context.WithCancel(ctx)
	sub := &subscription{id: m.id, cancel: cancel}
	config, caller := s.handler.config(), s.caller.Load()
	if !caller.begin(config.MaxCallerOperations) {
		cancel()
		s.tooMany(ctx, m.id, "You have %d operations under way on WebSockets: complete one first.", config.MaxCallerOperations)
		return nil
	}
	if outcome := s.operations.add(sub, config.MaxOperations); outcome != added {
		caller.end()
		cancel()
		if outcome == duplicate {
			return duplicateID()
		}
		s.tooMany(ctx, m.id, "This connection has %d operations under way: complete one first.", config.MaxOperations)
		return nil
	}
	s.operations.group.Go(func() {
		defer caller.end()
		defer s.operations.done()
		defer cancel()
		s.run(ctx, sub, caller, m.request)
	})
	return nil
}

// tooMany refuses an operation.
func (s *socket) tooMany(ctx context.Context, id, format string, limit int) {
	a := answer.Problem(problem.New(problem.BadRequest, format, limit))
	s.queue(a.Size()+envelope, func() {
		s.write(ctx, func(b *bytes.Buffer) { appendError(b, id, a) })
	})
}

// run executes an operation and sends what comes of it: errors if it can't be
// executed, else its responses and their end.
func (s *socket) run(ctx context.Context, sub *subscription, caller *caller, request *Request) {
	defer func() {
		if value := recover(); value != nil {
			s.respond(ctx, sub, s.handler.panicked(ctx, value))
		}
	}()
	if !s.accepted(ctx) {
		return
	}
	setup := s.handler.current.Load()
	ctx = setup.config.Renew(ctx)
	operation, failed := setup.source.Prepare(ctx, request)
	if failed != nil {
		s.respond(ctx, sub, failed)
		return
	}
	if operation.Kind() == ast.Subscription {
		callers := &s.handler.callers
		if p := callers.subscribe(caller, s.handler.config()); p != nil {
			s.respond(ctx, sub, answer.Problem(p))
			return
		}
		defer callers.unsubscribe(caller)
	}
	operation.Run(ctx, func(a *answer.Answer) bool { return s.accepted(ctx) && s.respond(ctx, sub, a) })
	s.finish(ctx, sub)
}

// respond sends an answer, as errors if nothing was executed: these are an
// end. It reports whether more can be sent.
func (s *socket) respond(ctx context.Context, sub *subscription, a *answer.Answer) bool {
	last := !a.Executed()
	return s.send(ctx, sub, last, a.Size()+envelope, func(b *bytes.Buffer) {
		if last {
			appendError(b, sub.id, a)
		} else {
			appendNext(b, sub.id, a)
		}
	})
}

// send writes a message of about n bytes of an operation, if that has not ended; when last, it
// has then. It reports whether more can be sent: not after the end of ctx.
func (s *socket) send(ctx context.Context, sub *subscription, last bool, n int, appendTo func(b *bytes.Buffer)) (more bool) {
	if ctx.Err() != nil {
		return false
	}
	s.queue(n, func() {
		more = s.operations.send(sub, last, func() { s.write(ctx, appendTo) })
	})
	return more
}

// finish sends the end of an operation, unless it was cancelled: then either
// the client has ended it, or the connection ends.
func (s *socket) finish(ctx context.Context, sub *subscription) {
	s.send(ctx, sub, true, envelope, func(b *bytes.Buffer) { appendComplete(b, sub.id) })
}
