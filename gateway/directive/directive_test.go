package directive_test

import (
	"slices"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"

	"github.com/portico-gateway/portico/gateway/directive"
)

// load returns a schema with the directives.
func load(t *testing.T, sdl string) *ast.Schema {
	t.Helper()
	schema, err := gqlparser.LoadSchema(append(directive.Definitions(), &ast.Source{Name: "test.graphqls", Input: sdl})...)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// on returns the directives of a field that has these.
func on(t *testing.T, directives string) ast.DirectiveList {
	t.Helper()
	list, ok := parsed(directives)
	if !ok {
		t.Fatalf("%s can't be parsed", directives)
	}
	return list
}

func parsed(directives string) (ast.DirectiveList, bool) {
	doc, err := parser.ParseSchema(&ast.Source{Input: "type T { f: Int " + directives + " }"})
	if err != nil || len(doc.Definitions) != 1 || len(doc.Definitions[0].Fields) != 1 {
		return nil, false
	}
	return doc.Definitions[0].Fields[0].Directives, true
}

func TestDefinitions(t *testing.T) {
	doc, err := parser.ParseSchemas(directive.Definitions()...)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, d := range doc.Directives {
		if d.Description == "" {
			t.Errorf("@%s has no description", d.Name)
		}
		names = append(names, d.Name)
	}
	slices.Sort(names)
	want := []string{
		directive.NameAuthenticated, directive.NameCacheControl, directive.NameCacheTag, directive.NameConstraint, directive.NameCost,
		directive.NameGlobalID, directive.NameInvalidates, directive.NameListSize, directive.NamePolicy, directive.NameRateLimit, directive.NameRequiresScopes,
	}
	if !slices.Equal(names, want) {
		t.Errorf("got %v, want %v", names, want)
	}
	// Tools that know these names expect the specification's shapes.
	if d := doc.Directives.ForName("listSize"); d.IsRepeatable || d.Arguments.ForName("requireOneSlicingArgument").DefaultValue.Raw != "true" {
		t.Error("@listSize is not that of IBM's cost specification")
	}
	if slices.Contains(doc.Directives.ForName("cost").Locations, ast.LocationInterface) {
		t.Error("@cost is not that of IBM's cost specification")
	}
}
