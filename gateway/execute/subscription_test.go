package execute_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/execute"
	"github.com/portico-gateway/portico/gateway/loader"
	"github.com/portico-gateway/portico/gateway/problem"
)

// stream is a schema whose subscriptions have the events of a sequence. It does
// what gqlgen generates.
type stream struct {
	graphql.ExecutableSchema

	schema *ast.Schema
	events iter.Seq2[*object, error]
	below  execute.Below[*object]
	err    error // of the root field's resolver
}

var subscriptions = gqlparser.MustLoadSchema(&ast.Source{Input: `
	type Query { id: Int }
	type Subscription { maybe: Object sure: Object! }
	type Object { id: Int! }`})

func (s *stream) Schema() *ast.Schema { return s.schema }

func (s *stream) Exec(ctx context.Context) graphql.ResponseHandler {
	oc := graphql.GetOperationContext(ctx)
	field := graphql.CollectFields(oc, oc.Operation.SelectionSet, []string{oc.Operation.Name})[0]
	ctx = graphql.WithFieldContext(ctx, &graphql.FieldContext{Object: "Subscription"})
	next := graphql.ResolveFieldStream(ctx, oc, field,
		func(_ context.Context, field graphql.CollectedField) (*graphql.FieldContext, error) {
			return &graphql.FieldContext{Object: "Subscription", Field: field, IsResolver: true}, nil
		},
		func(ctx context.Context) (any, error) {
			if s.err != nil {
				return nil, s.err
			}
			return execute.Stream(ctx, s.events, s.below), nil
		}, nil, marshal, true, field.Definition.Type.NonNull)
	return func(ctx context.Context) *graphql.Response {
		data := next(ctx)
		if data == nil {
			return nil
		}
		var b bytes.Buffer
		data.MarshalGQL(&b)
		return &graphql.Response{Data: b.Bytes()}
	}
}

// marshal writes an object. The id of one that is negative fails.
func marshal(ctx context.Context, selections ast.SelectionSet, o *object) graphql.Marshaler {
	if o == nil {
		if graphql.GetFieldContext(ctx).Field.Definition.Type.NonNull {
			graphql.AddInvalidNullError(ctx, "Object!")
		}
		return graphql.Null
	}
	oc := graphql.GetOperationContext(ctx)
	field := graphql.CollectFields(oc, selections, []string{"Object"})[0]
	if o.id < 0 {
		ctx = graphql.WithFieldContext(ctx, &graphql.FieldContext{Object: "Object", Field: field})
		graphql.AddError(ctx, graphql.AddFieldLocationToError(ctx, errors.New("negative")))
		return graphql.Null
	}
	return graphql.WriterFunc(graphql.MarshalString(fmt.Sprint(field.Alias, " ", o.id)).MarshalGQL)
}

// subscribe returns the responses of a subscription, as JSON.
func subscribe(t *testing.T, ctx context.Context, s *stream, query string) []string { //nolint:revive // t first, as everywhere in tests
	t.Helper()
	s.schema = subscriptions
	e := executor.New(execute.Schema(s, &execute.Compiled{}))
	ctx = graphql.StartOperationTrace(execute.Begin(ctx))
	oc, errs := e.CreateOperationContext(ctx, &graphql.RawParams{Query: query})
	if errs != nil {
		t.Fatal(errs)
	}
	next, ctx := e.DispatchOperation(ctx, oc)
	var out []string
	for resp := next(ctx); resp != nil; resp = next(ctx) {
		text, err := json.Marshal(resp)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, string(text))
	}
	return out
}

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
		"all":     {maybe, pairs(one, two), []string{`{"data":{"a":"n 1"}}`, `{"data":{"a":"n 2"}}`}},
		"nothing": {maybe, pairs(), nil},
		"null":    {maybe, pairs(nil, one), []string{`{"data":{"a":null}}`, `{"data":{"a":"n 1"}}`}},
		"null where there must be none": {sure, pairs(nil, one), []string{
			`{"errors":[{"message":"cannot return null for non-null field Subscription.sure (Object!): the resolver returned nil","path":["sure"]}],"data":null}`,
			`{"data":{"sure":"id 1"}}`}},
		"a field below fails": {maybe, pairs(negative, one), []string{
			`{"errors":[{"message":"negative","path":["a","n"],"locations":[{"line":1,"column":27}]}],"data":{"a":null}}`, `{"data":{"a":"n 1"}}`}},
		"a field below takes all with it": {sure, pairs(negative, one), []string{
			`{"errors":[{"message":"negative","path":["sure","id"],"locations":[{"line":2,"column":10}]}],"data":null}`, `{"data":{"sure":"id 1"}}`}},
		"an event fails": {maybe, pairs(ofEvent, one, fmt.Errorf("really: %w", ofEvent)), []string{
			`{"errors":[{"message":"odd","path":["a"],"locations":[{"line":1,"column":16}]}],"data":{"a":null}}`, `{"data":{"a":"n 1"}}`,
			`{"errors":[{"message":"really: odd","path":["a"],"locations":[{"line":1,"column":16}]}],"data":{"a":null}}`}},
		"an event that must be there fails": {sure, pairs(one, ofEvent, two), []string{`{"data":{"sure":"id 1"}}`,
			`{"errors":[{"message":"odd","path":["sure"],"locations":[{"line":2,"column":3}]}],"data":null}`, `{"data":{"sure":"id 2"}}`}},
		"the stream breaks": {sure, pairs(one, errBroken, two), []string{`{"data":{"sure":"id 1"}}`, `{"errors":[{"message":"broken"}],"data":null}`}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := subscribe(t, t.Context(), &stream{events: c.events}, c.query); !slices.Equal(got, c.want) {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// What is below an event is resolved before the event is written, each in a scope
// of its own; an event that failed has nothing below.
func TestBelowEvents(t *testing.T) {
	var got []int
	scopes := map[any]bool{}
	below := func(ctx context.Context, _ ast.SelectionSet, list []*object) {
		got = append(got, list[0].id)
		scopes[ctx] = true
	}
	s := &stream{events: pairs(&object{1}, problem.OfEvent(errOdd), &object{2}), below: below}
	if out := subscribe(t, t.Context(), s, `subscription { maybe { id } }`); len(out) != 3 || !slices.Equal(got, []int{1, 2}) || len(scopes) != 2 {
		t.Errorf("%d events, %v below in %d scopes", len(out), got, len(scopes))
	}
}

// Events are written in scopes of their own.
func TestScopesOfEvents(t *testing.T) {
	calls := 0
	l := loader.New(1, func(_ context.Context, keys []int) (map[int]int, error) {
		calls++
		return map[int]int{keys[0]: keys[0]}, nil
	})
	s := &stream{events: pairs(&object{1}, &object{1}), below: func(ctx context.Context, _ ast.SelectionSet, _ []*object) {
		_, _ = l.Load(ctx, 1)
		_, _ = l.Load(ctx, 1)
	}}
	if subscribe(t, t.Context(), s, `subscription { maybe { id } }`); calls != 2 {
		t.Errorf("%d calls for 2 events", calls)
	}
}

// A subscription that is refused has no stream.
func TestRefusedSubscription(t *testing.T) {
	got := subscribe(t, t.Context(), &stream{err: errBroken}, `subscription { maybe { id } }`)
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
			s := &stream{events: func(yield func(*object, error) bool) {
				if yield(&object{1}, nil) {
					cancel()
					pairs(after)(yield)
				}
			}}
			if got := subscribe(t, ctx, s, `subscription { maybe { id } }`); len(got) > 1 {
				t.Errorf("got %s", got)
			}
		})
	}
}

// A panic of a source ends its stream, not the process.
func TestStreamPanics(t *testing.T) {
	s := &stream{events: func(yield func(*object, error) bool) {
		if yield(&object{1}, nil) {
			panic("boom")
		}
	}}
	got := subscribe(t, t.Context(), s, `subscription { maybe { id } }`)
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
