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
// that is a function returns the value. The object of an interface or a union names its type as __typename.
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
		for _, abstract := range schema.Implements[def.Name] {
			types[i].Implements = append(types[i].Implements, abstract.Name)
		}
		root := def == schema.Query || def == schema.Mutation || def == schema.Subscription
		for id, f := range def.Fields {
			of := execute.FieldOf{ID: id + 1, Resolves: root}
			for _, possible := range schema.PossibleTypes[f.Type.Name()] {
				of.Types = append(of.Types, t.positions[possible.Name])
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
	t.object(w, selected.Fields[0].ObjectDefinition.Name, selected, func(i int, f *execute.Selected) {
		value, err, _, _ := execute.At[any](level, i, 0)
		if err != nil {
			w.Error(err)
			return
		}
		t.value(w, f, f.Definition.Type, value)
	})
}

func (t *toy) object(w *execute.Writer, typename string, selected *execute.Object, write func(i int, f *execute.Selected)) {
	w.Object(nil)
	ok := true
	for i := range selected.Fields {
		f := &selected.Fields[i]
		mark, good := w.Begin(f, nil)
		switch {
		case good && f.ID == execute.Typename:
			w.String(typename)
		case good:
			write(i, f)
		}
		ok = w.End(f, mark) && ok
	}
	w.Close(ok)
}

// value writes a value of a type that a field has, or its items.
func (t *toy) value(w *execute.Writer, f *execute.Selected, typ *ast.Type, value any) {
	switch v := value.(type) {
	case nil:
		w.NullOr(typ.NonNull)
	case func() any:
		t.value(w, f, typ, v())
	case string:
		w.String(v)
	case Object:
		if len(f.SelectionSet) == 0 { // of a custom scalar
			t.json(w, v)
			return
		}
		name, ok := v["__typename"].(string)
		if !ok {
			name = typ.Name()
		}
		t.object(w, name, f.Below(t.positions[name]), func(_ int, f *execute.Selected) { t.value(w, f, f.Definition.Type, v[f.Name]) })
	case []any:
		if typ.Elem == nil { // of a custom scalar
			t.json(w, v)
			return
		}
		t.list(w, f, typ.Elem, v)
	default:
		t.json(w, v)
	}
}

func (t *toy) list(w *execute.Writer, f *execute.Selected, typ *ast.Type, list []any) {
	w.List()
	ok := true
	for i, value := range list {
		mark := w.Item(i)
		t.value(w, f, typ, value)
		ok = w.EndItem(mark, typ.NonNull) && ok
	}
	w.EndList(ok)
}

func (t *toy) json(w *execute.Writer, value any) {
	text, err := json.Marshal(value)
	if err != nil {
		w.Error(err)
		return
	}
	_, _ = w.Write(text)
}
