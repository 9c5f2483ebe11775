package input_test

import (
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"

	"github.com/portico-gateway/portico/gateway/globalid"
	"github.com/portico-gateway/portico/gateway/input"
)

// A variable is decoded where it is used, and its own value, which other arguments
// can have too, stays.
func TestGlobalIDs(t *testing.T) {
	schema := gqlparser.MustLoadSchema(&ast.Source{Input: `
directive @globalID(type: String) on ARGUMENT_DEFINITION | INPUT_FIELD_DEFINITION
interface Node { id: ID! }
type A implements Node { id: ID! }
type Query { f(a: [ID!] @globalID(type: "A"), any: [ID!] @globalID, plain: [ID!]): Int }`})
	inputs, err := input.New(input.Config{Schema: schema})
	if err != nil {
		t.Fatal(err)
	}
	document, err := parser.ParseQuery(&ast.Source{Input: `query($ids: [ID!]) { f(a: $ids, any: $ids, plain: $ids) }`})
	if err != nil {
		t.Fatal(err)
	}
	if errs := validator.ValidateWithRules(schema, document, nil); errs != nil {
		t.Fatal(errs)
	}
	compiled, errs := inputs.Compile(document)
	if errs != nil {
		t.Fatal(errs)
	}
	operation := compiled.Operation(document.Operations[0])
	id := globalid.Of("A", "7")
	values, errs := operation.Coerce(t.Context(), map[string]any{"ids": []any{id}})
	if errs != nil {
		t.Fatal(errs)
	}
	got := document.Operations[0].SelectionSet[0].(*ast.Field).ArgumentMap(values)
	for name, want := range map[string]any{"a": "7", "any": id, "plain": id} {
		if list := got[name].([]any); len(list) != 1 || list[0] != want {
			t.Errorf("%s is %v, want %v", name, list, want)
		}
	}
	for _, wrong := range []any{"7", globalid.Of("B", "7"), ""} {
		_, errs := operation.Coerce(t.Context(), map[string]any{"ids": []any{id, wrong}})
		if len(errs) == 0 || errs[0].Extensions["code"] != "BAD_USER_INPUT" || errs[0].Extensions["variable"] != "$ids[1]" {
			t.Errorf("%v: %v", wrong, errs)
		}
	}
}
