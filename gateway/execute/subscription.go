package execute

import (
	"context"
	"errors"
	"iter"

	"github.com/99designs/gqlgen/graphql"

	"github.com/portico-gateway/portico/gateway/problem"
)

// gqlgen knows neither the errors of events nor their root field: its handler
// takes values from a channel and writes them outside of any field, so that
// paths would begin below the root field, and null in place of a non-null root
// field would stay there (GraphQL specification, sections 6.4.4 and 7.1.6).
// [Schema] puts that right.

// subscription is one that is under way. [Stream] makes its events, in a
// goroutine; next answers with them, when it is asked to.
type subscription struct {
	field   *graphql.FieldContext                       // of the root field; nil until there is a stream
	run     func(ctx context.Context) *graphql.Response // executes an event; nil if gqlgen does
	turns   chan turn                                   // before each event
	failure error                                       // what ended the stream; not to be read before turns is closed
}

// turn is the next event, or the error in its place.
type turn struct {
	event any
	err   error
}

type subscriptionKey struct{}

// subscribe executes a subscription of a schema, whose events run executes; gqlgen
// if it is nil.
func subscribe(ctx context.Context, schema graphql.ExecutableSchema, run func(context.Context) *graphql.Response) graphql.ResponseHandler {
	sub := &subscription{run: run, turns: make(chan turn)}
	events := schema.Exec(context.WithValue(ctx, subscriptionKey{}, sub))
	if sub.field == nil { // the root field failed
		return events
	}
	return func(ctx context.Context) *graphql.Response { return sub.next(ctx, events) }
}

// next waits for an event and answers with it. It is nil when there is none any
// more.
func (s *subscription) next(ctx context.Context, events graphql.ResponseHandler) *graphql.Response {
	select {
	case now, more := <-s.turns:
		if !more {
			return s.end(ctx)
		}
		return s.answer(ctx, events, now)
	case <-ctx.Done():
		return nil
	}
}

// answer answers with an event. It is not a part of next, so that subscribers who
// wait have a smaller stack.
func (s *subscription) answer(ctx context.Context, events graphql.ResponseHandler, now turn) *graphql.Response {
	if s.run != nil {
		ctx = Begin(ctx)
		executionOf(ctx).turn = now
		return s.run(ctx)
	}
	field := *s.field // gqlgen writes to it
	field.Result = now.event
	ctx = graphql.WithFieldContext(Begin(ctx), &field)
	null := `{"` + field.Field.Alias + `":null}`
	if now.err != nil {
		graphql.AddError(ctx, graphql.AddFieldLocationToError(ctx, now.err))
		return &graphql.Response{Data: s.orNull(null)}
	}
	resp := events(ctx)
	if resp != nil && string(resp.Data) == null {
		resp.Data = s.orNull(null)
	}
	return resp
}

// Event returns the event that is being executed, or the error in its place.
func Event[T any](ctx context.Context) (T, error) {
	now := executionOf(ctx).turn
	event, _ := now.event.(T) // nil if the event is
	return event, now.err
}

// orNull is data whose root field is null, or null if the field is not nullable.
func (s *subscription) orNull(data string) []byte {
	if s.field.Field.Definition.Type.NonNull {
		return []byte("null")
	}
	return []byte(data)
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

// give waits until the next event is wanted, and announces it. It reports whether
// the subscriber is still there.
func (s *subscription) give(ctx context.Context, next turn) bool {
	select {
	case s.turns <- next:
		return true
	case <-ctx.Done():
		return false
	}
}

// Stream sends the events of a subscription on, each after below, unless it is
// nil, has resolved what is selected of it. A [problem.EventError] is an event;
// any other error ends the stream. The schema must have been made by
// [Schema].
//
// The goroutine ends when the events do, which must end with ctx; the channel is
// closed then.
func Stream[T any](ctx context.Context, events iter.Seq2[T, error], below Below[T]) <-chan T {
	sub := ctx.Value(subscriptionKey{}).(*subscription) //nolint:forcetypeassert // Schema put it there
	sub.field = graphql.GetFieldContext(ctx)
	results := executionOf(ctx)
	out := make(chan T)
	go func() {
		defer close(out)
		defer close(sub.turns)
		defer func() {
			if value := recover(); value != nil {
				sub.failure = problem.Recovered(value)
			}
		}()
		for event, err := range events {
			if whole := faultsOf(event).Whole(); whole != nil && err == nil {
				err = problem.OfEvent(whole)
			}
			if _, ofEvent := errors.AsType[*problem.EventError](err); ofEvent {
				if !sub.give(ctx, turn{err: err}) {
					return
				}
				continue
			}
			if err != nil {
				if ctx.Err() == nil { // else the subscriber left, which is no failure
					sub.failure = err
				}
				return
			}
			if below != nil && sub.run == nil {
				results.resolve(ctx, func(ctx context.Context) { below(ctx, sub.field.Field.Selections, []T{event}) })
			}
			if !sub.give(ctx, turn{event: event}) {
				return
			}
			if sub.run != nil {
				continue
			}
			select {
			case out <- event:
			case <-ctx.Done():
				return
			}
		}
	}()
	return out
}
