package directive_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/directive"
)

// rightsSchema has a policy in each place that a field's rights come from, named
// like the place.
const rightsSchema = `
type Query {
  free: Int
  own: Int @authenticated
  several: Int @policy(policies: "p") @authenticated @requiresScopes(scopes: [["a", "b"], ["c"]])
  typed: Secret
  list: [[Secret!]!]
  coded: Code @policy(policies: "own")
  scalar: Instant
  node: Node
  any: Any
}
type Secret @policy(policies: "Secret") { id: ID! mine: Int @policy(policies: "Secret.mine") again: Secret }
enum Code @policy(policies: "Code") { A }
scalar Instant @policy(policies: "Instant")
interface Root @authenticated { id: ID! @policy(policies: "Root.id") }
interface Node implements Root @authenticated @policy(policies: "Node") {
  id: ID! @policy(policies: "Node.id")
  code: Named @policy(policies: "Node.code")
}
interface Named { name: String }
type Thing implements Node & Root @policy(policies: "Thing") { id: ID! @policy(policies: "Thing.id") code: Label only: Int }
type Plain implements Node & Root { id: ID! code: Label }
type Label implements Named @policy(policies: "Label") { name: String }
union Any = Thing | Secret
`

func TestRightsOf(t *testing.T) {
	schema := load(t, rightsSchema)
	for field, want := range map[string]string{
		"Query.free":    "",
		"Query.own":     "authenticated",
		"Query.several": "p authenticated a+b|c",
		"Query.typed":   "Secret",
		"Query.list":    "Secret",
		"Query.coded":   "own Code",
		"Query.scalar":  "Instant",
		"Query.node":    "authenticated Node",
		"Query.any":     "", // what is selected of the union needs it
		"Secret.id":     "Secret",
		"Secret.mine":   "Secret.mine Secret",
		"Secret.again":  "Secret", // reached twice

		// The field, the type, the interface, and its field of this name.
		"Thing.id":   "Thing.id Thing authenticated Node Node.id Root.id",
		"Thing.code": "Thing Label authenticated Node Node.code",
		"Thing.only": "Thing authenticated Node",
		"Plain.id":   "authenticated Node Node.id Root.id",
		"Label.name": "Label",

		// Of an interface, also what each possible type needs.
		"Node.id":    "Node.id authenticated Node Root.id Thing.id Thing",
		"Node.code":  "Node.code authenticated Node Thing Label",
		"Named.name": "Label",
		"Root.id":    "Root.id authenticated Node.id Node Thing.id Thing",
	} {
		typ, name, _ := strings.Cut(field, ".")
		def := schema.Types[typ]
		if got := spellRights(directive.RightsOf(schema, def, def.Fields.ForName(name))); got != want {
			t.Errorf("%s needs %q, want %q", field, got, want)
		}
	}
}

func spellRights(rights directive.Rights) string {
	var all []string
	for _, r := range rights {
		if r.Kind == directive.Authenticated {
			all = append(all, r.Directive.Name)
			continue
		}
		var lists []string
		for _, list := range r.AnyOf {
			lists = append(lists, strings.Join(list, "+"))
		}
		all = append(all, strings.Join(lists, "|"))
	}
	return strings.Join(all, " ")
}

// One value stands for a list of it. Nobody fulfils a directive without lists.
func TestListsOfRights(t *testing.T) {
	schema := load(t, "type Query { f: Int }")
	for text, want := range map[string]string{
		`@requiresScopes(scopes: "a")`:                 "1 [[a]]",
		`@requiresScopes(scopes: ["a"])`:               "1 [[a]]",
		`@requiresScopes(scopes: [["a"], ["b", "c"]])`: "1 [[a] [b c]]",
		`@requiresScopes(scopes: [[], ["b"]])`:         "1 [[b]]",
		`@requiresScopes(scopes: [])`:                  "1 []",
		`@requiresScopes(scopes: null)`:                "1 []",
		`@requiresScopes`:                              "1 []",
		`@policy(policies: "a")`:                       "2 [[a]]",
		`@authenticated`:                               "0 []",
	} {
		field := &ast.FieldDefinition{Name: "f", Type: ast.NamedType("Int", nil), Directives: on(t, text)}
		rights := directive.RightsOf(schema, schema.Query, field)
		if len(rights) != 1 || fmt.Sprint(rights[0].Kind, rights[0].AnyOf) != want {
			t.Errorf("%s: got %v, want %s", text, rights, want)
		}
	}
}
