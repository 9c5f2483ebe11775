package apidocs

import (
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/cost"
	"github.com/portico-gateway/portico/gateway/execute"
)

// builder makes the types of a reference.
type builder struct {
	schema *ast.Schema
	names  []string // of the types that operations can reach, sorted
	routes map[string][]execute.Route
	costs  *cost.Model
	uses   map[string][]string // the examples that use a coordinate
}

func newBuilder(s Source, uses map[string][]string) *builder {
	b := &builder{schema: s.Schema, names: reachable(s.Schema), routes: map[string][]execute.Route{}, costs: cost.New(s.Schema, s.ListSize), uses: uses}
	for _, r := range s.Routes {
		b.routes[r.Field] = append(b.routes[r.Field], r)
	}
	return b
}

// reachable returns the names of the types that operations can reach, sorted, without those of introspection and
// without those that every schema has.
func reachable(schema *ast.Schema) []string {
	seen := map[string]bool{}
	var visit func(def *ast.Definition)
	visit = func(def *ast.Definition) {
		if def == nil || seen[def.Name] || strings.HasPrefix(def.Name, "__") {
			return
		}
		seen[def.Name] = true
		for _, f := range def.Fields {
			visit(schema.Types[f.Type.Name()])
			for _, arg := range f.Arguments {
				visit(schema.Types[arg.Type.Name()])
			}
		}
		for _, name := range def.Interfaces {
			visit(schema.Types[name])
		}
		for _, possible := range schema.PossibleTypes[def.Name] {
			visit(possible)
		}
	}
	for _, root := range []*ast.Definition{schema.Query, schema.Mutation, schema.Subscription} {
		visit(root)
	}
	var names []string
	for name := range seen {
		if !schema.Types[name].BuiltIn {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func (b *builder) typ(def *ast.Definition) Type {
	t := Type{
		Name: def.Name, Keyword: keyword(def.Kind), Description: def.Description, Notes: typeNotes(def),
		Root: def == b.schema.Query || def == b.schema.Mutation || def == b.schema.Subscription,
	}
	t.Interfaces = slices.Clone(def.Interfaces)
	if def.IsAbstractType() {
		for _, possible := range b.schema.PossibleTypes[def.Name] {
			if possible.Name != def.Name {
				t.Members = append(t.Members, possible.Name)
			}
		}
		slices.Sort(t.Members)
		t.Members = slices.Compact(t.Members)
	}
	if by := def.Directives.ForName("specifiedBy"); by != nil && by.Arguments.ForName("url") != nil {
		t.SpecifiedBy = by.Arguments.ForName("url").Value.Raw
	}
	for _, v := range def.EnumValues {
		t.Values = append(t.Values, Value{ID: def.Name + "." + v.Name, Name: v.Name, Description: v.Description, Notes: deprecated(v.Directives)})
	}
	for _, f := range def.Fields {
		switch {
		case strings.HasPrefix(f.Name, "__"):
		case def.Kind == ast.InputObject:
			in := &ast.ArgumentDefinition{Name: f.Name, Description: f.Description, Type: f.Type, DefaultValue: f.DefaultValue, Directives: f.Directives}
			t.Inputs = append(t.Inputs, b.input(def.Name, in))
		default:
			t.Fields = append(t.Fields, b.field(def, f))
		}
	}
	return t
}

// keyword begins the definition of a type.
func keyword(kind ast.DefinitionKind) string {
	switch kind {
	case ast.InputObject:
		return "input"
	case ast.Object:
		return "type"
	}
	return strings.ToLower(string(kind))
}

func (b *builder) field(def *ast.Definition, f *ast.FieldDefinition) Field {
	id := def.Name + "." + f.Name
	out := Field{ID: id, Name: f.Name, Description: f.Description, Type: b.ref(f.Type), Routes: b.routes[id], Examples: b.uses[id]}
	for _, arg := range f.Arguments {
		out.Arguments = append(out.Arguments, b.input(id, arg))
	}
	out.Notes, out.Codes = b.fieldNotes(def, f)
	return out
}

// input returns an argument, or a field of an input type, of what has this coordinate.
func (b *builder) input(of string, arg *ast.ArgumentDefinition) Input {
	in := Input{ID: of + "." + arg.Name, Name: arg.Name, Description: arg.Description, Type: b.ref(arg.Type), Notes: inputNotes(arg)}
	if arg.DefaultValue != nil {
		in.Default = arg.DefaultValue.String()
	}
	return in
}

// ref returns a type as it is written. Types that every schema has are not linked.
func (b *builder) ref(t *ast.Type) TypeRef {
	text, name := t.String(), t.Name()
	at := strings.Index(text, name)
	_, linked := slices.BinarySearch(b.names, name)
	return TypeRef{Before: text[:at], Name: name, After: text[at+len(name):], Linked: linked}
}
