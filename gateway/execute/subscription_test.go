package execute_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"testing"

	"github.com/portico-gateway/portico/gateway/execute"
	"github.com/portico-gateway/portico/gateway/loader"
	"github.com/portico-gateway/portico/gateway/problem"
)

// pairs is a sequence of objects, errors and nil.
func pairs(list ...any) iter.Seq2[*object, error] {
	return func(yield func(*object, error) bool) {
		for _, each := range list {
			o, _ := each.(*object)
			err, _ := each.(error)
			if !yield(o, err) {
				return
			}
		}
	}
}

var (
	errBroken = errors.New("broken")
	errOdd    = errors.New("odd")
)

func TestEvents(t *testing.T) {
	one, two, negative := &object{1}, &object{2}, &object{-1}
	ofEvent := problem.OfEvent(errOdd)
	const (
		maybe = `subscription { a: maybe { n: id } }`
		sure  = "subscription {\n  sure { id }\n}"
	)
	for name, c := range map[string]struct {
		query  string
		events iter.Seq2[*object, error]
		want   []string
	}{
		"all":       {maybe, pairs(one, two), []string{`{"data":{"a":{"n":1}}}`, `{"data":{"a":{"n":2}}}`}},
		"nothing":   {maybe, pairs(), nil},
		"no stream": {maybe, nil, nil},
		"null":      {maybe, pairs(nil, one), []string{`{"data":{"a":null}}`, `{"data":{"a":{"n":1}}}`}},
		"null where there must be none": {sure, pairs(nil, one), []string{
			`{"errors":[{"message":"cannot return null for non-null field Subscription.sure (Object!): the value was nil","path":["sure"]}],"data":null}`,
			`{"data":{"sure":{"id":1}}}`}},
		"a field below fails": {maybe, pairs(negative, one), []string{
			`{"errors":[{"message":"negative","path":["a","n"],"locations":[{"line":1,"column":27}]}],"data":{"a":null}}`, `{"data":{"a":{"n":1}}}`}},
		"a field below takes all with it": {sure, pairs(negative, one), []string{
			`{"errors":[{"message":"negative","path":["sure","id"],"locations":[{"line":2,"column":10}]}],"data":null}`, `{"data":{"sure":{"id":1}}}`}},
		"an event fails": {maybe, pairs(ofEvent, one, fmt.Errorf("really: %w", ofEvent)), []string{
			`{"errors":[{"message":"odd","path":["a"],"locations":[{"line":1,"column":16}]}],"data":{"a":null}}`, `{"data":{"a":{"n":1}}}`,
			`{"errors":[{"message":"really: odd","path":["a"],"locations":[{"line":1,"column":16}]}],"data":{"a":null}}`}},
		"an event that must be there fails": {sure, pairs(one, ofEvent, two), []string{`{"data":{"sure":{"id":1}}}`,
			`{"errors":[{"message":"odd","path":["sure"],"locations":[{"line":2,"column":3}]}],"data":null}`, `{"data":{"sure":{"id":2}}}`}},
		"the stream breaks": {sure, pairs(one, errBroken, two), []string{`{"data":{"sure":{"id":1}}}`, `{"errors":[{"message":"broken"}],"data":null}`}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := run(t.Context(), t, &project{events: execute.Stream(c.events)}, c.query); !slices.Equal(got, c.want) {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// Each event is resolved in a scope of its own, and one that failed is not resolved.
func TestScopesOfEvents(t *testing.T) {
	calls := 0
	l := loader.New(1, func(_ context.Context, keys []int) (map[int]int, error) {
		calls++
		return map[int]int{keys[0]: keys[0]}, nil
	})
	var got []int
	p := &project{events: execute.Stream(pairs(&object{1}, problem.OfEvent(errOdd), &object{1})), twice: func(ctx context.Context, objs []*object) ([]int, error) {
		got = append(got, objs[0].id)
		_, _ = l.Load(ctx, 1)
		one, err := l.Load(ctx, 1)
		return []int{one}, err
	}}
	if out := run(t.Context(), t, p, `subscription { maybe { twice } }`); len(out) != 3 || calls != 2 || !slices.Equal(got, []int{1, 1}) {
		t.Errorf("%d events, %d calls, resolved %v", len(out), calls, got)
	}
}

// A subscription that is refused has no stream.
func TestRefusedSubscription(t *testing.T) {
	got := run(t.Context(), t, &project{err: errBroken}, `subscription { maybe { id } }`)
	if len(got) != 1 || got[0] != `{"errors":[{"message":"broken","path":["maybe"],"locations":[{"line":1,"column":16}]}],"data":null}` {
		t.Errorf("got %s", got)
	}
}

// A subscriber that leaves is no failure, whatever the stream says then. The
// goroutine ends: see TestMain.
func TestSubscriberThatLeaves(t *testing.T) {
	for name, after := range map[string]any{"an event": &object{2}, "an error of one": problem.OfEvent(errOdd), "an error": errBroken, "nothing": nil} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			s := &project{events: execute.Stream(func(yield func(*object, error) bool) {
				if yield(&object{1}, nil) {
					cancel()
					pairs(after)(yield)
				}
			})}
			if got := run(ctx, t, s, `subscription { maybe { id } }`); len(got) > 1 {
				t.Errorf("got %s", got)
			}
		})
	}
}

// A panic of a source ends its stream, not the process.
func TestStreamPanics(t *testing.T) {
	s := &project{events: execute.Stream(func(yield func(*object, error) bool) {
		if yield(&object{1}, nil) {
			panic("boom")
		}
	})}
	got := run(t.Context(), t, s, `subscription { maybe { id } }`)
	if len(got) != 2 || got[1] != `{"errors":[{"message":"panic: boom"}],"data":null}` {
		t.Errorf("got %s", got)
	}
}

// What a frontend can't represent is an error of its event.
func TestFitEach(t *testing.T) {
	fit := func(o *object) (int, error) {
		if o.id < 0 {
			return 0, errOdd
		}
		return o.id, nil
	}
	var got []int
	var failed []error
	for event, err := range execute.FitEach(pairs(&object{1}, &object{-1}, &object{2}, errBroken), fit) {
		if got = append(got, event); err != nil {
			failed = append(failed, err)
		}
	}
	if !slices.Equal(got, []int{1, 0, 2, 0}) || len(failed) != 2 || !errors.Is(failed[0], errOdd) || !errors.Is(failed[1], errBroken) {
		t.Fatalf("got %v, %v", got, failed)
	}
	for i, want := range []bool{true, false} {
		if _, ofEvent := errors.AsType[*problem.EventError](failed[i]); ofEvent != want {
			t.Errorf("%v is of one event: %t", failed[i], ofEvent)
		}
	}
}
