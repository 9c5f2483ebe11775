package execute_test

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"go.uber.org/goleak"

	"github.com/portico-gateway/portico/gateway/execute"
	"github.com/portico-gateway/portico/gateway/loader"
	"github.com/portico-gateway/portico/gateway/problem"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The generated walkers are tested with real schemas in internal/bindgen; these
// tests are about what a project's methods can do wrong.

type object struct{ id int }

func collected(deferred bool) graphql.CollectedField {
	f := graphql.CollectedField{Field: &ast.Field{Name: "f", Alias: "f"}}
	if deferred {
		f.Deferrables = []*graphql.Deferrable{{}}
	}
	return f
}

// at is the context in which gqlgen asks for a field.
func at(ctx context.Context, f graphql.CollectedField) context.Context {
	return graphql.WithFieldContext(ctx, &graphql.FieldContext{Field: f})
}

func objects(n int) []*object {
	list := make([]*object, n)
	for i := range list {
		list[i] = &object{i}
	}
	return list
}

// level resolves one field for objects and returns what each of them gets.
func level(t *testing.T, objs []*object, resolve execute.Resolver[*object, int]) ([]int, []error) {
	t.Helper()
	ctx, f := execute.Begin(t.Context()), collected(false)
	l := execute.NewLevel(ctx, objs)
	execute.Add(l, f, resolve, nil)
	l.Run()
	values, errs := make([]int, len(objs)), make([]error, len(objs))
	for i, o := range objs {
		value, ok, err := execute.Resolved[*object, int](at(ctx, f), o)
		if !ok {
			t.Fatalf("object %d was not resolved", i)
		}
		values[i], errs[i] = value, err
	}
	return values, errs
}

func ids(_ context.Context, objs []*object) ([]int, error) {
	out := make([]int, len(objs))
	for i, o := range objs {
		out[i] = o.id
	}
	return out, nil
}

func TestEachObjectOnce(t *testing.T) {
	objs := objects(3)
	calls := 0
	values, errs := level(t, []*object{objs[2], objs[0], objs[2], objs[1]}, func(ctx context.Context, objs []*object) ([]int, error) {
		calls++
		if len(objs) != 3 {
			t.Errorf("%d parents, want 3", len(objs))
		}
		return ids(ctx, objs)
	})
	if !slices.Equal(values, []int{2, 0, 2, 1}) || errors.Join(errs...) != nil || calls != 1 {
		t.Errorf("values %v, errors %v, calls %d", values, errs, calls)
	}
}

func TestErrorOfAll(t *testing.T) {
	broken := errors.New("broken")
	_, errs := level(t, objects(2), func(context.Context, []*object) ([]int, error) { return nil, broken })
	if !errors.Is(errs[0], broken) || !errors.Is(errs[1], broken) {
		t.Errorf("errors %v", errs)
	}
}

func TestErrorOfOne(t *testing.T) {
	broken := errors.New("broken")
	values, errs := level(t, objects(3), func(ctx context.Context, objs []*object) ([]int, error) {
		out, _ := ids(ctx, objs)
		return out, loader.Errors{nil, broken, nil}
	})
	if errs[0] != nil || !errors.Is(errs[1], broken) || errs[2] != nil || !slices.Equal(values, []int{0, 0, 2}) {
		t.Errorf("values %v, errors %v", values, errs)
	}
}

func TestWrongNumberOfResults(t *testing.T) {
	for _, results := range [][]int{nil, {1}, {1, 2, 3}} {
		_, errs := level(t, objects(2), func(context.Context, []*object) ([]int, error) { return results, nil })
		if errs[0] == nil || errs[1] == nil {
			t.Errorf("%d results for 2 parents: errors %v", len(results), errs)
		}
	}
}

func TestPanics(t *testing.T) {
	boom := func(context.Context, []*object) ([]int, error) { panic("boom") }
	one := execute.Each(func(_ context.Context, o *object) (int, error) {
		if o.id == 1 {
			panic("boom")
		}
		return o.id, nil
	})
	_, errs := level(t, objects(2), boom)
	crash, ok := errors.AsType[*problem.PanicError](errs[0])
	if !ok || errs[1] == nil || len(crash.Stack) == 0 {
		t.Errorf("errors %v", errs)
	}
	values, errs := level(t, objects(3), one)
	if errs[0] != nil || errs[1] == nil || errs[2] != nil || values[2] != 2 {
		t.Errorf("values %v, errors %v", values, errs)
	}
}

// A panic below a field is that of the field, and does not end the process.
func TestPanicBelow(t *testing.T) {
	ctx, f := execute.Begin(t.Context()), collected(false)
	l := execute.NewLevel(ctx, objects(1))
	execute.Add(l, f, ids, func(context.Context, ast.SelectionSet, []int) { panic("below") })
	l.Run()
	if _, _, err := execute.Resolved[*object, int](at(ctx, f), l.Objects()[0]); err == nil {
		t.Error("no error")
	}
	defer func() {
		if recover() == nil {
			t.Error("Concurrently did not panic")
		}
	}()
	execute.Concurrently(func() {}, func() { panic("task") })
}

func TestBelowGetsWhatSucceeded(t *testing.T) {
	ctx := execute.Begin(t.Context())
	l := execute.NewLevel(ctx, objects(3))
	var got []int
	execute.Add(l, collected(false), func(ctx context.Context, objs []*object) ([]int, error) {
		out, _ := ids(ctx, objs)
		return out, loader.Errors{nil, errors.New("broken"), nil}
	}, func(_ context.Context, _ ast.SelectionSet, values []int) { got = values })
	l.Run()
	if !slices.Equal(got, []int{0, 2}) {
		t.Errorf("got %v", got)
	}
}

// A deferred field waits until gqlgen asks, and is then resolved for all.
func TestDeferred(t *testing.T) {
	ctx, f := execute.Begin(t.Context()), collected(true)
	l := execute.NewLevel(ctx, objects(3))
	var calls atomic.Int32
	execute.Add(l, f, func(ctx context.Context, objs []*object) ([]int, error) {
		calls.Add(1)
		return ids(ctx, objs)
	}, nil)
	l.Down(f, func() { t.Error("what is below a deferred field was resolved") })
	l.Run()
	if calls.Load() != 0 {
		t.Error("resolved before it was asked for")
	}
	for i, o := range l.Objects() {
		if value, ok, err := execute.Resolved[*object, int](at(ctx, f), o); !ok || err != nil || value != i {
			t.Errorf("got %d, %v, %v", value, err, ok)
		}
	}
	if calls.Load() != 1 {
		t.Errorf("%d calls, want 1", calls.Load())
	}
}

func TestResetForgets(t *testing.T) {
	ctx, f := execute.Begin(t.Context()), collected(false)
	l := execute.NewLevel(ctx, objects(1))
	execute.Add(l, f, ids, nil)
	l.Run()
	execute.Reset(ctx)
	if _, ok, _ := execute.Resolved[*object, int](at(ctx, f), l.Objects()[0]); ok {
		t.Error("a result survived")
	}
}
