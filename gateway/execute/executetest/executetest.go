// Package executetest makes executable schemas of functions, for tests.
package executetest

import (
	"context"
	"encoding/json"
	"iter"
	"slices"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/execute"
)

// Field resolves a root field. Its value is written as JSON, unless it is an [Object].
type Field func(ctx context.Context, args map[string]any) (any, error)

// Stream opens the events of a subscription.
type Stream func(ctx context.Context, args map[string]any) (iter.Seq2[any, error], error)

// Object has the values of an object's fields, of which the selected ones are written. A value
// that is a function returns the value.
type Object map[string]any

// Schema returns an executable schema. fields and streams have the root fields by their names;
// those of a type that nothing selects can be missing.
func Schema(schema *ast.Schema, fields map[string]Field, streams map[string]Stream) graphql.ExecutableSchema {
	t := &toy{fields: fields, streams: streams, positions: map[string]int{}}
	return execute.Schema(schema, &execute.Compiled{
		Types: t.types(schema),
		Query: t.query, Mutation: t.mutation, Subscription: t.event,
		WriteQuery: t.write, WriteMutation: t.write, WriteSubscription: t.write,
		Subscribe: t.subscribe,
	})
}

type toy struct {
	fields    map[string]Field
	streams   map[string]Stream
	positions map[string]int // of object types
}

func (t *toy) types(schema *ast.Schema) []*execute.Type {
	var defs []*ast.Definition
	for _, def := range schema.Types {
		if def.Kind == ast.Object && !strings.HasPrefix(def.Name, "__") {
			defs = append(defs, def)
		}
	}
	slices.SortFunc(defs, func(a, b *ast.Definition) int { return strings.Compare(a.Name, b.Name) })
	for i, def := range defs {
		t.positions[def.Name] = i
	}
	types := make([]*execute.Type, len(defs))
	for i, def := range defs {
		types[i] = &execute.Type{Name: def.Name, Implements: []string{def.Name}, Fields: map[string]execute.FieldOf{"__typename": {}}}
		root := def == schema.Query || def == schema.Mutation || def == schema.Subscription
		for id, f := range def.Fields {
			of := execute.FieldOf{ID: id + 1, Resolves: root}
			if position, ok := t.positions[f.Type.Name()]; ok {
				of.Types = []int{position}
			}
			types[i].Fields[f.Name] = of
		}
	}
	return types
}

func arguments(ctx context.Context, f *execute.Selected) map[string]any {
	return f.ArgumentMap(graphql.GetOperationContext(ctx).Variables)
}

func (t *toy) query(x *execute.Run, selected *execute.Object) *execute.Results {
	return t.level(x, selected, false)
}

func (t *toy) mutation(x *execute.Run, selected *execute.Object) *execute.Results {
	return t.level(x, selected, true)
}

func (t *toy) level(x *execute.Run, selected *execute.Object, inOrder bool) *execute.Results {
	level := x.Level(selected)
	for i := range selected.Fields {
		f := &selected.Fields[i]
		field, ok := t.fields[f.Name]
		if !ok || x.Denied(f) {
			continue
		}
		execute.ResolveRoot(level, i, func(ctx context.Context) (any, error) { return field(ctx, arguments(ctx, f)) }, nil)
		if inOrder {
			level.Do()
		}
	}
	return level.Do()
}

func (t *toy) subscribe(ctx context.Context, _ *execute.Run, f *execute.Selected) (execute.Events, error) {
	events, err := t.streams[f.Name](ctx, arguments(ctx, f))
	if err != nil {
		return nil, err
	}
	return execute.Stream(events), nil
}

func (t *toy) event(x *execute.Run, selected *execute.Object) *execute.Results {
	level := x.Level(selected)
	execute.ResolveRoot(level, 0, execute.Event[any], nil)
	return level.Do()
}

// write writes the root fields.
func (t *toy) write(w *execute.Writer, selected *execute.Object, level *execute.Results) {
	t.object(w, selected, func(i int, f *execute.Selected) {
		value, err, _, _ := execute.At[any](level, i, 0)
		if err != nil {
			w.Error(err)
			return
		}
		t.value(w, f, value)
	})
}

func (t *toy) object(w *execute.Writer, selected *execute.Object, write func(i int, f *execute.Selected)) {
	w.Object(nil)
	ok := true
	for i := range selected.Fields {
		f := &selected.Fields[i]
		mark, good := w.Begin(f, nil)
		switch {
		case good && f.ID == execute.Typename:
			w.String(f.ObjectDefinition.Name)
		case good:
			write(i, f)
		}
		ok = w.End(f, mark) && ok
	}
	w.Close(ok)
}

func (t *toy) value(w *execute.Writer, f *execute.Selected, value any) {
	switch v := value.(type) {
	case nil:
		w.NullOr(f.Definition.Type.NonNull)
	case func() any:
		t.value(w, f, v())
	case string:
		w.String(v)
	case Object:
		t.object(w, f.Below(t.positions[f.Definition.Type.Name()]), func(_ int, f *execute.Selected) { t.value(w, f, v[f.Name]) })
	default:
		text, err := json.Marshal(v)
		if err != nil {
			w.Error(err)
			return
		}
		_, _ = w.Write(text)
	}
}
