package execute_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"go.uber.org/goleak"

	"github.com/portico-gateway/portico/gateway/execute"
	"github.com/portico-gateway/portico/gateway/loader"
	"github.com/portico-gateway/portico/gateway/problem"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Generated code is tested with real schemas in internal/bindgen; these tests are about what a
// project's methods can do wrong.

var schema = gqlparser.MustLoadSchema(&ast.Source{Input: `
	type Query { objects: [Object] }
	type Subscription { maybe: Object sure: Object! }
	type Object { id: Int! twice: Int }`})

type object struct{ id int }

func isObject(o *object) bool { return o != nil }

func objects(n int) []*object {
	list := make([]*object, n)
	for i := range list {
		list[i] = &object{i}
	}
	return list
}

// project has what generated code calls, and is written like it.
type project struct {
	objects []*object
	twice   execute.Resolver[*object, int]
	events  execute.Events
	err     error // of the subscription's root field
}

// The positions of types.
const (
	query = iota
	subscriptions
	objectType
)

func (p *project) compiled() *execute.Compiled {
	of := []int{objectType}
	return &execute.Compiled{
		Types: []*execute.Type{
			{Name: "Query", Implements: []string{"Query"}, Fields: map[string]execute.FieldOf{"objects": {ID: 1, Resolves: true, Types: of}}},
			{Name: "Subscription", Implements: []string{"Subscription"}, Fields: map[string]execute.FieldOf{
				"maybe": {ID: 1, Resolves: true, Types: of}, "sure": {ID: 2, Resolves: true, Types: of},
			}},
			{Name: "Object", Implements: []string{"Object"}, Fields: map[string]execute.FieldOf{
				"__typename": {}, "id": {ID: 1}, "twice": {ID: 2, Resolves: true},
			}},
		},
		Query: func(x *execute.Run, selected *execute.Object) *execute.Results {
			level := x.Level(selected)
			for i := range selected.Fields {
				execute.ResolveRoot(level, i, func(context.Context) ([]*object, error) { return p.objects, nil },
					func(x *execute.Run, f *execute.Selected, values [][]*object) *execute.Children {
						return execute.Many(x, f.Below(objectType), values, isObject, p.level)
					})
			}
			return level.Do()
		},
		WriteQuery: func(w *execute.Writer, selected *execute.Object, level *execute.Results) {
			w.Object(nil)
			ok := true
			for i := range selected.Fields {
				f := &selected.Fields[i]
				mark, good := w.Begin(f, nil)
				if good {
					list, _, below, at := execute.At[[]*object](level, i, 0)
					w.List()
					for k, o := range list {
						item := w.Item(k)
						p.write(w, f.Below(objectType), below.Level(), at+k, o)
						w.EndItem(item, false)
					}
					w.EndList(true)
				}
				ok = w.End(f, mark) && ok
			}
			w.Close(ok)
		},
		Subscribe: func(context.Context, *execute.Run, *execute.Selected) (execute.Events, error) { return p.events, p.err },
		Subscription: func(x *execute.Run, selected *execute.Object) *execute.Results {
			level := x.Level(selected)
			execute.ResolveRoot(level, 0, execute.Event[*object], func(x *execute.Run, f *execute.Selected, values []*object) *execute.Children {
				return execute.One(x, f.Below(objectType), values, isObject, p.level)
			})
			return level.Do()
		},
		WriteSubscription: func(w *execute.Writer, selected *execute.Object, level *execute.Results) {
			w.Object(nil)
			f := &selected.Fields[0]
			mark, _ := w.Begin(f, nil)
			value, err, below, at := execute.At[*object](level, 0, 0)
			switch {
			case err != nil:
				w.Error(err)
			case value == nil && f.ID == 2:
				w.Missing()
			case value == nil:
				w.Null()
			default:
				p.write(w, f.Below(objectType), below.Level(), at, value)
			}
			w.Close(w.End(f, mark))
		},
	}
}

func (p *project) level(x *execute.Run, selected *execute.Object, objs []*object) *execute.Results {
	level := x.Level(selected)
	for i := range selected.Fields {
		if selected.Fields[i].ID == 2 {
			execute.Resolve(level, i, objs, p.twice, nil)
		}
	}
	return level.Do()
}

func (p *project) write(w *execute.Writer, selected *execute.Object, level *execute.Results, at int, o *object) {
	w.Object(nil)
	ok := true
	for i := range selected.Fields {
		f := &selected.Fields[i]
		mark, _ := w.Begin(f, nil)
		switch {
		case f.ID == 1 && o.id < 0:
			w.Error(errors.New("negative"))
		case f.ID == 1:
			w.Int(o.id)
		case f.ID == 2:
			if value, err, _, _ := execute.At[int](level, i, at); err == nil || w.Fault(err) {
				w.Int(value)
			}
		}
		ok = w.End(f, mark) && ok
	}
	w.Close(ok)
}

// run executes an operation, and returns its responses as JSON.
func run(ctx context.Context, t *testing.T, p *project, query string) []string {
	t.Helper()
	e := executor.New(execute.Schema(schema, p.compiled()))
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

func twice(_ context.Context, objs []*object) ([]int, error) {
	return execute.Map(objs, func(o *object) int { return 2 * o.id }), nil
}

func TestErrors(t *testing.T) {
	broken := errors.New("broken")
	const location = `"locations":[{"line":1,"column":13}]`
	at := func(message, index string) string {
		return `{"message":"` + message + `","path":["objects",` + index + `,"twice"],` + location + `}`
	}
	for name, c := range map[string]struct {
		resolve execute.Resolver[*object, int]
		want    string
	}{
		"none":     {twice, `{"data":{"objects":[{"twice":0},{"twice":2}]}}`},
		"of all":   {func(context.Context, []*object) ([]int, error) { return nil, broken }, `{"errors":[` + at("broken", "0") + "," + at("broken", "1") + `],"data":{"objects":[{"twice":null},{"twice":null}]}}`},
		"of one":   {func(context.Context, []*object) ([]int, error) { return []int{5, 6}, loader.Errors{nil, broken} }, `{"errors":[` + at("broken", "1") + `],"data":{"objects":[{"twice":5},{"twice":null}]}}`},
		"too few":  {func(context.Context, []*object) ([]int, error) { return []int{1}, nil }, `{"errors":[` + at("a resolver returned 1 results for 2 parents", "0") + "," + at("a resolver returned 1 results for 2 parents", "1") + `],"data":{"objects":[{"twice":null},{"twice":null}]}}`},
		"too many": {func(context.Context, []*object) ([]int, error) { return []int{1, 2, 3}, nil }, `{"errors":[` + at("a resolver returned 3 results for 2 parents", "0") + "," + at("a resolver returned 3 results for 2 parents", "1") + `],"data":{"objects":[{"twice":null},{"twice":null}]}}`},
		"a panic":  {func(context.Context, []*object) ([]int, error) { panic("boom") }, `{"errors":[` + at("panic: boom", "0") + "," + at("panic: boom", "1") + `],"data":{"objects":[{"twice":null},{"twice":null}]}}`},
		"of a check": {execute.Check(twice, func(o *object) error {
			if o.id == 0 {
				return broken
			}
			return nil
		}), `{"errors":[` + at("broken", "0") + `],"data":{"objects":[{"twice":null},{"twice":2}]}}`},
		"a panic of one": {execute.Each(func(_ context.Context, o *object) (int, error) {
			if o.id == 1 {
				panic("boom")
			}
			return 7, nil
		}), `{"errors":[` + at("panic: boom", "1") + `],"data":{"objects":[{"twice":7},{"twice":null}]}}`},
		"a panic of one, in order": {execute.InOrder(func(_ context.Context, o *object) (int, error) {
			if o.id == 0 {
				panic("boom")
			}
			return 7, nil
		}), `{"errors":[` + at("panic: boom", "0") + `],"data":{"objects":[{"twice":null},{"twice":7}]}}`},
	} {
		t.Run(name, func(t *testing.T) {
			if got := run(t.Context(), t, &project{objects: objects(2), twice: c.resolve}, `{ objects { twice } }`); len(got) != 1 || got[0] != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// A hand-written method gets each object once, in the order of the first.
func TestEachObjectOnce(t *testing.T) {
	list := objects(3)
	calls := 0
	p := &project{objects: []*object{list[2], list[0], list[2], list[1]}, twice: execute.Distinct(func(ctx context.Context, objs []*object) ([]int, error) {
		if calls++; !slices.Equal(objs, []*object{list[2], list[0], list[1]}) {
			t.Errorf("parents %v", objs)
		}
		return twice(ctx, objs)
	})}
	const want = `{"data":{"objects":[{"twice":4},{"twice":0},{"twice":4},{"twice":2}]}}`
	if got := run(t.Context(), t, p, `{ objects { twice } }`); len(got) != 1 || got[0] != want || calls != 1 {
		t.Errorf("got %s, calls %d", got, calls)
	}
}

// Who executes an operation must permit introspection, as package operation does and gqlgen's
// executor does not by default.
func TestIntrospectionNeedsPermission(t *testing.T) {
	for query, want := range map[string]string{
		`{ __schema { queryType { name } } }`: `{"errors":[{"message":"INTROSPECTION_DISABLED: Introspection is disabled for this frontend.","path":["__schema"],"locations":[{"line":1,"column":3}]}],"data":null}`,
		`{ __type(name: "Object") { name } }`: `{"errors":[{"message":"INTROSPECTION_DISABLED: Introspection is disabled for this frontend.","path":["__type"],"locations":[{"line":1,"column":3}]}],"data":{"__type":null}}`,
	} {
		if got := run(t.Context(), t, &project{}, query); len(got) != 1 || got[0] != want {
			t.Errorf("%s\ngot  %s\nwant %s", query, got, want)
		}
	}
}

// What @defer asks for is a part of the answer.
func TestDefer(t *testing.T) {
	const want = `{"data":{"objects":[{"id":0,"twice":0}]}}`
	got := run(t.Context(), t, &project{objects: objects(1), twice: twice}, `{ objects { id ... @defer { twice } } }`)
	if len(got) != 1 || got[0] != want {
		t.Errorf("got %s", got)
	}
}

// A panic of a task is one of the caller, not of the process.
func TestPanicsOfTasks(t *testing.T) {
	defer func() {
		if _, ok := recover().(*problem.PanicError); !ok {
			t.Error("Concurrently did not panic")
		}
	}()
	execute.Concurrently(func() {}, func() { panic("task") })
}
