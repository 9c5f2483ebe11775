package execute

import (
	"context"
	"errors"
	"reflect"
	"slices"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/decode"
	"github.com/portico-gateway/portico/gateway/introspection"
	"github.com/portico-gateway/portico/gateway/problem"
	"github.com/portico-gateway/portico/gateway/provenance"
)

// Run is one execution of an operation. Its levels are resolved concurrently.
type Run struct {
	ctx           context.Context //nolint:containedctx // that of the execution
	denied        map[*ast.Field]error
	introspection *introspection.Schema
}

// Results are the results of the fields of a level's objects, by the position of
// the field in the selection: a [Column], or the results below a field whose values
// the objects have.
//
// Objects are identified by their positions. Objects that are nil, or that are faults
// as a whole, have none.
type Results struct {
	fields []any // *Column[R], *Children or nil
	run    *Run
	object *Object
	tasks  []func()
}

// Column has the values of a field of a level's objects, with what is below
// them.
type Column[R any] struct {
	values []R
	failed []error // nil, or by position
	below  *Children
}

// Children are the objects that the values of a field have, one after the other.
type Children struct {
	offsets []int32    // position of the first object of each parent's value
	index   []int32    // of an abstract type: position in the level of the object's type
	levels  []*Results // by type
}

// Level begins a level of objects of one type.
func (x *Run) Level(object *Object) *Results {
	return &Results{fields: make([]any, len(object.Fields)), run: x, object: object}
}

// Context returns the context of the execution.
func (x *Run) Context() context.Context { return x.ctx }

// Do resolves all added fields concurrently, and returns when they are done.
func (l *Results) Do() *Results {
	Concurrently(l.tasks...)
	l.tasks = nil
	return l
}

// Denied reports whether a field is denied: it is not resolved.
func (x *Run) Denied(f *Selected) bool { return x.denied[f.Field] != nil }

// Resolve resolves a field for all objects of a level, and then what is below.
func Resolve[P, R any](l *Results, i int, objects []P, resolve Resolver[P, R], below func(*Run, *Selected, []R) *Children) {
	f := &l.object.Fields[i]
	r := &Column[R]{}
	l.fields[i] = r
	l.tasks = append(l.tasks, func() {
		defer func() {
			if value := recover(); value != nil { // of the resolver or of what is below
				*r = Column[R]{values: make([]R, len(objects)), failed: repeat(problem.Recovered(value), len(objects))}
			}
		}()
		r.values, r.failed = resolve.callWithin(l.run.field(f, l.object.typ), objects, f.levels)
		if r.values == nil {
			r.values = make([]R, len(objects))
		}
		if below != nil {
			if lacks(r.values, r.failed) {
				provenance.From(l.run.ctx).Missing()
			}
			r.below = below(l.run, f, succeeded(r.values, r.failed))
		}
	})
}

// lacks reports whether one of objects is not there, though it did not fail. No tag
// of the object invalidates an answer that says so.
func lacks[R any](objects []R, failed []error) bool {
	if kind := reflect.TypeFor[R]().Kind(); kind != reflect.Pointer && kind != reflect.Interface {
		return false
	}
	var none R
	for i, object := range objects {
		if any(object) == any(none) && (failed == nil || failed[i] == nil) {
			return true
		}
	}
	return false
}

// ResolveRoot resolves a root field, and then what is below.
func ResolveRoot[R any](l *Results, i int, resolve func(context.Context) (R, error), below func(*Run, *Selected, []R) *Children) {
	Resolve(l, i, make([]struct{}, 1), func(ctx context.Context, _ []struct{}) ([]R, error) {
		value, err := resolve(ctx)
		if _, ok := errors.AsType[*decode.Items](err); ok { // the other items are there
			return []R{value}, itemErrors{err}
		}
		return []R{value}, err
	}, below)
}

// succeeded returns values, with none in place of those that failed. A list of which
// only items failed did not.
func succeeded[R any](values []R, failed []error) []R {
	if failed == nil {
		return values
	}
	values = slices.Clone(values)
	for i, err := range failed {
		if items, ok := errors.AsType[*decode.Items](err); err != nil && (!ok || items.Lost()) {
			var none R
			values[i] = none
		}
	}
	return values
}

// field returns the context that methods are called with.
func (x *Run) field(f *Selected, t *Type) context.Context {
	return graphql.WithFieldContext(x.ctx, &graphql.FieldContext{
		Object: t.Name, Field: graphql.CollectedField{Field: f.Field, Selections: f.selections}, IsResolver: true, IsMethod: true,
	})
}

// Fail makes a field fail for all objects of a level.
func Fail[R any](l *Results, i, objects int, err error) {
	l.fields[i] = &Column[R]{values: make([]R, objects), failed: repeat(err, objects)}
}

// Descend resolves the selections below a field whose values the objects have.
func (l *Results) Descend(i int, below func(*Run, *Selected) *Children) {
	l.tasks = append(l.tasks, func() { l.fields[i] = below(l.run, &l.object.Fields[i]) })
}

// Noted records the tags of answers with the objects of a level: see package provenance.
// An empty string is ignored.
func Noted[P any](x *Run, objects []P, tag func(P) string) {
	record := provenance.From(x.ctx)
	if record == nil {
		return
	}
	tags := make([]string, len(objects))
	for i, object := range objects {
		tags[i] = tag(object)
	}
	record.Tag(tags...)
}

// One returns what is below values that are objects of one type. there reports whether a
// value is an object.
func One[P any](x *Run, object *Object, values []P, there func(P) bool, level func(*Run, *Object, []P) *Results) *Children {
	if !object.resolves {
		return nil
	}
	offsets, objects := make([]int32, len(values)), make([]P, 0, len(values))
	for i, value := range values {
		offsets[i] = int32(len(objects)) //nolint:gosec // memory has fewer
		if there(value) {
			objects = append(objects, value)
		}
	}
	return &Children{offsets: offsets, levels: []*Results{level(x, object, objects)}}
}

// Many is like [One] for lists.
func Many[P any](x *Run, object *Object, values [][]P, there func(P) bool, level func(*Run, *Object, []P) *Results) *Children {
	if !object.resolves {
		return nil
	}
	total := 0
	for _, list := range values {
		total += len(list)
	}
	offsets, objects := make([]int32, len(values)), make([]P, 0, total)
	for i, list := range values {
		offsets[i] = int32(len(objects)) //nolint:gosec // memory has fewer
		for _, value := range list {
			if there(value) {
				objects = append(objects, value)
			}
		}
	}
	return &Children{offsets: offsets, levels: []*Results{level(x, object, objects)}}
}

// Abstract is like [Many] for values of an interface or a union. level has the
// levels by type, and the position of each value in the one of its type.
func Abstract[T any](x *Run, f *Selected, values [][]T, level func(*Run, *Selected, []T) ([]*Results, []int32)) *Children {
	if !slices.ContainsFunc(f.below, func(o *Object) bool { return o != nil && o.resolves }) {
		return nil
	}
	offsets := make([]int32, len(values))
	var all []T
	for i, list := range values {
		offsets[i] = int32(len(all)) //nolint:gosec // memory has fewer
		all = append(all, list...)
	}
	levels, index := level(x, f, all)
	return &Children{offsets: offsets, index: index, levels: levels}
}

// Single returns each value as a list of one.
func Single[T any](values []T) [][]T {
	lists := make([][]T, len(values))
	for i := range values {
		lists[i] = values[i : i+1]
	}
	return lists
}

// Flatten returns the lists in each value as one.
func Flatten[T any](values [][][]T) [][]T {
	out := make([][]T, len(values))
	for i, lists := range values {
		out[i] = slices.Concat(lists...)
	}
	return out
}

// At returns the value of a field of the object at a position, what is below it,
// and the position of its first object there.
func At[R any](l *Results, i, at int) (value R, err error, below *Children, first int) { //nolint:staticcheck // in the order of use
	r, ok := l.fields[i].(*Column[R])
	if !ok {
		return value, errNotResolved, nil, 0
	}
	if r.failed != nil {
		err = r.failed[at]
	}
	return r.values[at], err, r.below, r.below.first(at)
}

// Under returns what is below a field that objects have, and the position of the
// first object there of the object at a position.
func (l *Results) Under(i, at int) (*Children, int) {
	if l == nil {
		return nil, 0
	}
	below, _ := l.fields[i].(*Children)
	return below, below.first(at)
}

func (b *Children) first(at int) int {
	if b == nil {
		return 0
	}
	return int(b.offsets[at])
}

// Level returns the level of the objects of one type.
func (b *Children) Level() *Results {
	if b == nil {
		return nil
	}
	return b.levels[0]
}

// Of returns the level of objects of a type, and the position there of the object
// at a position among those of all types.
func (b *Children) Of(typ, at int) (*Results, int) {
	if b == nil {
		return nil, 0
	}
	return b.levels[typ], int(b.index[at])
}
