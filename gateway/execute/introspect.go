package execute

import (
	"maps"
	"slices"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/introspection"
	"github.com/portico-gateway/portico/gateway/problem"
)

// introspected is the ID of __schema and __type in the query root type. The writer answers
// them itself.
const introspected = -1

// withIntrospection returns types with those of introspection after them, and with the fields
// of introspection in the query root type.
func withIntrospection(schema *ast.Schema, types []*Type) []*Type {
	positions := map[string]int{}
	for _, name := range slices.Sorted(maps.Keys(schema.Types)) {
		if strings.HasPrefix(name, "__") && schema.Types[name].Kind == ast.Object {
			positions[name] = len(types) + len(positions)
		}
	}
	all := make([]*Type, len(types)+len(positions))
	for i, t := range types {
		if all[i] = t; t.Name == schema.Query.Name {
			root := *t
			root.Fields = maps.Clone(t.Fields)
			root.Fields["__schema"] = FieldOf{ID: introspected, Types: []int{positions["__Schema"]}}
			root.Fields["__type"] = FieldOf{ID: introspected, Types: []int{positions["__Type"]}}
			all[i] = &root
		}
	}
	for name, at := range positions {
		fields := map[string]FieldOf{"__typename": {}}
		for i, f := range schema.Types[name].Fields {
			of := FieldOf{ID: i + 1}
			if position, ok := positions[f.Type.Name()]; ok {
				of.Types = []int{position}
			}
			fields[f.Name] = of
		}
		all[at] = &Type{Name: name, Implements: []string{name}, Fields: fields}
	}
	return all
}

// introspect writes the value of __schema or __type. It fails if the operation has not been
// permitted to introspect.
func (w *Writer) introspect(f *Selected) {
	if graphql.GetOperationContext(w.run.ctx).DisableIntrospection {
		w.Error(problem.New(problem.IntrospectionDisabled, "Introspection is disabled for this frontend."))
		return
	}
	if f.Name == "__schema" {
		w.described(f, w.run.introspection.Schema())
		return
	}
	name, _ := w.run.arguments(f)["name"].(string)
	if t := w.run.introspection.Type(name); t != nil {
		w.described(f, t)
	} else {
		w.Null()
	}
}

// described writes a value of introspection.
func (w *Writer) described(f *Selected, value any) {
	switch v := value.(type) {
	case nil:
		w.Null()
	case string:
		w.String(v)
	case bool:
		w.Bool(v)
	case *introspection.Object:
		w.describedObject(f, v)
	case []string:
		describedList(w, f, v)
	case []*introspection.Object:
		describedList(w, f, v)
	}
}

func describedList[T any](w *Writer, f *Selected, list []T) {
	w.List()
	for i, value := range list {
		w.Item(i)
		w.described(f, value)
	}
	w.EndList(true)
}

func (w *Writer) describedObject(f *Selected, o *introspection.Object) {
	at := slices.IndexFunc(f.below, func(selected *Object) bool { return selected != nil }) // there is one type
	selected := f.below[at]
	w.Object(nil)
	for i := range selected.Fields {
		f := &selected.Fields[i]
		mark, _ := w.Begin(f, nil)
		if f.ID == Typename {
			w.String(o.Type)
		} else {
			deprecated, _ := w.run.arguments(f)["includeDeprecated"].(bool)
			w.described(f, o.Value(f.Name, deprecated))
		}
		w.End(f, mark)
	}
	w.Close(true)
}
