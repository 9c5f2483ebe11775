package execute

import (
	"context"
	"errors"
	"iter"

	"github.com/99designs/gqlgen/graphql"

	"github.com/portico-gateway/portico/gateway/problem"
)

// Events are the events of a subscription: values of its root field, or errors in their place.
type Events iter.Seq2[any, error]

// Stream returns events of any type; nil has none. They must end with the context that they were
// opened with. A [problem.EventError] is an event; any other error ends the stream.
func Stream[T any](events iter.Seq2[T, error]) Events {
	return func(yield func(any, error) bool) {
		if events == nil {
			return
		}
		for event, err := range events {
			if !yield(event, err) {
				return
			}
		}
	}
}

// subscription is one that is under way: pass makes its events, in a goroutine, and next
// answers with them, when it is called.
type subscription struct {
	run     func(ctx context.Context) *graphql.Response // executes an event
	turns   chan turn                                   // before each event
	failure error                                       // what ended the stream; not to be read before turns is closed
}

// turn is the next event, or the error in its place.
type turn struct {
	event any
	err   error
}

// subscribe opens the stream of a subscription. The goroutine that it starts ends when the
// events do, which must end with ctx.
func (s *executable) subscribe(ctx context.Context, plan *Plan) graphql.ResponseHandler {
	field := &plan.root.Fields[0] // the only one (GraphQL specification, section 5.2.4.1)
	x := s.start(ctx)
	events, err := s.open(x.field(field, plan.root.typ), x, field) //nolint:contextcheck // it is made of ctx
	if err != nil {
		(&Writer{run: x, field: field, path: []step{{field: field}}}).Error(err)
		return graphql.OneShot(&graphql.Response{})
	}
	sub := &subscription{turns: make(chan turn), run: func(ctx context.Context) *graphql.Response {
		return s.run(ctx, plan, s.compiled.Subscription, s.compiled.WriteSubscription)
	}}
	go sub.pass(ctx, events)
	return sub.next
}

// open opens the stream of a root field.
func (s *executable) open(ctx context.Context, x *Run, field *Selected) (events Events, err error) {
	defer func() {
		if value := recover(); value != nil {
			err = problem.Recovered(value)
		}
	}()
	if err := x.denied[field.Field]; err != nil {
		return nil, err
	}
	return s.compiled.Subscribe(ctx, x, field)
}

// pass announces the events, until they end or the subscriber leaves.
func (s *subscription) pass(ctx context.Context, events Events) {
	defer close(s.turns)
	defer func() {
		if value := recover(); value != nil {
			s.failure = problem.Recovered(value)
		}
	}()
	for event, err := range events {
		if _, ofEvent := errors.AsType[*problem.EventError](err); err != nil && !ofEvent {
			if ctx.Err() == nil { // else the subscriber left, which is no failure
				s.failure = err
			}
			return
		}
		select {
		case s.turns <- turn{event, err}:
		case <-ctx.Done():
			return
		}
	}
}

// next waits for an event and answers with it. It is nil when there is none any
// more.
func (s *subscription) next(ctx context.Context) *graphql.Response {
	select {
	case now, more := <-s.turns:
		if !more {
			return s.end(ctx)
		}
		return s.answer(ctx, now)
	case <-ctx.Done():
		return nil
	}
}

// answer answers with an event. It is not a part of next, so that subscribers who
// wait have a smaller stack.
func (s *subscription) answer(ctx context.Context, now turn) *graphql.Response {
	ctx = Begin(ctx)
	executionOf(ctx).turn = now
	return s.run(ctx)
}

// Event returns the event that is being executed, or the error in its place.
func Event[T any](ctx context.Context) (T, error) {
	now := executionOf(ctx).turn
	event, _ := now.event.(T) // nil if the event is
	return event, now.err
}

// end answers with the error that ended the stream, once. It is nil if there is
// none.
func (s *subscription) end(ctx context.Context) *graphql.Response {
	err := s.failure
	if err == nil {
		return nil
	}
	s.failure = nil
	graphql.AddError(ctx, err)
	return &graphql.Response{}
}
