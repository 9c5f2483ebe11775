package access_test

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/access"
	"github.com/portico-gateway/portico/gateway/auth"
	"github.com/portico-gateway/portico/gateway/problem"
)

const schema = `
directive @authenticated on OBJECT | FIELD_DEFINITION | INTERFACE | SCALAR | ENUM
directive @requiresScopes(scopes: [[String!]!]!) on OBJECT | FIELD_DEFINITION | INTERFACE | SCALAR | ENUM
directive @policy(policies: [[String!]!]!) on OBJECT | FIELD_DEFINITION | INTERFACE | SCALAR | ENUM
type Query {
  open: Open
  closed: String @authenticated
  scoped: String @requiresScopes(scopes: [["a", "b"], ["c"]])
  loose: String @requiresScopes(scopes: ["a", "b"])
  nobody: String @requiresScopes(scopes: [])
  both: String @authenticated @requiresScopes(scopes: [["a"]])
  viewer: Viewer
  node: Node
  nodes: [Node!]!
  found: Found
  mine(id: ID, in: In): String @policy(policies: [["mine"]])
  either: String @policy(policies: [["never"], ["mine", "always"]])
  broken: String @policy(policies: [["broken"]])
  secret: Secret
  mood: Mood
}
input In { id: ID = "u1" }
type Open { name: String secret: Secret price: String @requiresScopes(scopes: [["price"]]) }
type Viewer @authenticated { id: ID! email: String @requiresScopes(scopes: [["email"]]) friend: Viewer }
interface Node { id: ID! label: String size: Int @authenticated }
type Public implements Node { id: ID! label: String size: Int other: String }
type Private implements Node @requiresScopes(scopes: [["private"]]) { id: ID! label: String size: Int }
type Half implements Node { id: ID! label: String @requiresScopes(scopes: [["half"]]) size: Int }
union Found = Public | Private
scalar Secret @requiresScopes(scopes: [["secret"]])
enum Mood @authenticated { GOOD }
`

func policies() map[string]access.Policy {
	return map[string]access.Policy{
		"mine": func(_ context.Context, q access.Question) (bool, error) {
			if q.Policy != "mine" || q.Type != "Query" {
				return false, errors.New("the question is wrong")
			}
			in, _ := q.Arguments["in"].(map[string]any)
			return q.Principal != nil && (q.Field == "either" || q.Arguments["id"] == q.Principal.Subject || in["id"] == q.Principal.Subject), nil
		},
		"always": func(context.Context, access.Question) (bool, error) { return true, nil },
		"never":  func(context.Context, access.Question) (bool, error) { return false, nil },
		"broken": func(context.Context, access.Question) (bool, error) {
			return true, problem.New("BROKEN", "The policy is broken.")
		},
	}
}

// guardsOf returns what the fields of a document require.
func guardsOf(t *testing.T, document string) *access.Guards {
	t.Helper()
	s := gqlparser.MustLoadSchema(&ast.Source{Input: schema})
	rules, err := access.New(s, policies())
	if err != nil {
		t.Fatal(err)
	}
	doc, errs := gqlparser.LoadQueryWithRules(s, document, nil)
	if errs != nil {
		t.Fatal(errs)
	}
	return rules.Guards(doc.Operations[0])
}

// check returns the fields that are denied, with their codes, sorted.
func check(t *testing.T, document string, p *auth.Principal, variables map[string]any) []string {
	t.Helper()
	var out []string
	for field, err := range guardsOf(t, document).Check(t.Context(), p, variables) {
		out = append(out, field.ObjectDefinition.Name+"."+field.Name+" "+string(problem.CodeOf(err)))
	}
	slices.Sort(out)
	return out
}

func TestCheck(t *testing.T) {
	with := func(scopes ...string) *auth.Principal {
		slices.Sort(scopes)
		return &auth.Principal{Subject: "u1", Scopes: scopes}
	}
	for name, c := range map[string]struct {
		document  string
		principal *auth.Principal
		denied    string
	}{
		"nothing is needed":                {"{ open { name } __typename }", nil, ""},
		"anonymous":                        {"{ closed }", nil, "Query.closed UNAUTHENTICATED"},
		"authenticated":                    {"{ closed mood }", with(), ""},
		"an enum":                          {"{ mood }", nil, "Query.mood UNAUTHENTICATED"},
		"anonymous, scopes":                {"{ scoped }", nil, "Query.scoped UNAUTHENTICATED"},
		"one scope of two":                 {"{ scoped }", with("a"), "Query.scoped FORBIDDEN"},
		"two scopes":                       {"{ scoped }", with("a", "b"), ""},
		"the other list":                   {"{ scoped }", with("c"), ""},
		"a list of texts is one of lists":  {"{ loose }", with("b"), ""},
		"an empty list is for nobody":      {"{ nobody }", with("a"), "Query.nobody FORBIDDEN"},
		"two directives":                   {"{ both }", with("b"), "Query.both FORBIDDEN"},
		"the type of a field":              {"{ viewer { id } }", nil, "Query.viewer UNAUTHENTICATED, Viewer.id UNAUTHENTICATED"},
		"a field of it":                    {"{ viewer { id email friend { id } } }", with(), "Viewer.email FORBIDDEN"},
		"a scalar":                         {"{ secret open { secret name } }", with(), "Open.secret FORBIDDEN, Query.secret FORBIDDEN"},
		"an alias":                         {"{ x: closed }", nil, "Query.closed UNAUTHENTICATED"},
		"a fragment":                       {"{ ...F } fragment F on Query { open { ...G } } fragment G on Open { price }", with(), "Open.price FORBIDDEN"},
		"an inline fragment":               {"{ ... on Query { ... { closed } } }", nil, "Query.closed UNAUTHENTICATED"},
		"a condition does not matter":      {"query ($x: Boolean = false) { closed @include(if: $x) }", nil, "Query.closed UNAUTHENTICATED"},
		"an interface: the strictest":      {"{ node { id } }", with(), "Node.id FORBIDDEN"},
		"an interface: its own":            {"{ node { size } }", with("private"), ""},
		"an interface, all scopes but one": {"{ node { id label } }", with("private"), "Node.label FORBIDDEN"},
		"an interface, all scopes":         {"{ nodes { id label size } }", with("private", "half"), ""},
		"a type of it that is open":        {"{ node { ... on Public { id other label } } }", nil, ""},
		"a type of it that is closed":      {"{ node { ... on Private { id } } }", with(), "Private.id FORBIDDEN"},
		"what the interface needs":         {"{ node { ... on Public { size } } }", nil, "Public.size UNAUTHENTICATED"},
		"a union":                          {"{ found { ... on Public { id } ... on Private { id } } }", with(), "Private.id FORBIDDEN"},
		"an interface in a union":          {"{ found { ... on Node { id } } }", with(), "Node.id FORBIDDEN"},
		"a policy by a literal":            {`{ mine(id: "u1") }`, with(), ""},
		"a policy by a variable":           {`query ($id: ID) { mine(id: $id) }`, with(), ""},
		"a policy of another":              {`{ mine(id: "u2") }`, with(), "Query.mine FORBIDDEN"},
		"a policy for one of two aliases":  {`{ a: mine(id: "u1") b: mine(id: "u2") }`, with(), "Query.mine FORBIDDEN"},
		"a policy by a member":             {`{ mine(in: {id: "u1"}) }`, with(), ""},
		"a policy, anonymous":              {`{ mine(id: "u1") }`, nil, "Query.mine UNAUTHENTICATED"},
		"policies: one of the lists":       {`{ either }`, with(), ""},
		"a policy that fails":              {`{ broken }`, with(), "Query.broken BROKEN"},
		"both of one key":                  {"{ node { id ... on Public { id } } }", with(), "Node.id FORBIDDEN"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := strings.Join(check(t, c.document, c.principal, map[string]any{"id": "u1"}), ", "); got != c.denied {
				t.Errorf("denied %q, want %q", got, c.denied)
			}
		})
	}
}

func TestPoliciesThatNobodyHas(t *testing.T) {
	s := gqlparser.MustLoadSchema(&ast.Source{Input: schema})
	_, err := access.New(s, map[string]access.Policy{"mine": policies()["mine"]})
	if err == nil || !strings.Contains(err.Error(), "@policy(always, broken, never)") {
		t.Errorf("got %v", err)
	}
}

// What is allowed costs no allocation.
func BenchmarkCheck(b *testing.B) {
	s := gqlparser.MustLoadSchema(&ast.Source{Input: schema})
	rules, err := access.New(s, policies())
	if err != nil {
		b.Fatal(err)
	}
	guards := rules.Guards(gqlparser.MustLoadQueryWithRules(s, "{ viewer { id email friend { id email } } scoped closed nodes { id } }", nil).Operations[0])
	p := &auth.Principal{Subject: "u1", Scopes: []string{"c", "email", "half", "private"}}
	b.ReportAllocs()
	for b.Loop() {
		if denied := guards.Check(b.Context(), p, nil); denied != nil {
			b.Fatal(denied)
		}
	}
	if n := testing.AllocsPerRun(100, func() { guards.Check(b.Context(), p, nil) }); n != 0 {
		b.Errorf("%v allocations", n)
	}
}

// A denial names the scopes that are missing, those of each list that would
// suffice, and nothing else.
func TestWhatIsMissing(t *testing.T) {
	for name, c := range map[string]struct {
		document string
		scopes   []string
		message  string
		missing  [][]string
	}{
		"all":                    {"{ scoped }", nil, "You may not have this. Missing scopes: a and b, or c.", [][]string{{"a", "b"}, {"c"}}},
		"one of two":             {"{ scoped }", []string{"a"}, "You may not have this. Missing scopes: b, or c.", [][]string{{"b"}, {"c"}}},
		"one":                    {"{ both }", []string{"b"}, "You may not have this. Missing scopes: a.", [][]string{{"a"}}},
		"of a type":              {"{ secret }", []string{"a"}, "You may not have this. Missing scopes: secret.", [][]string{{"secret"}}},
		"nobody can have it":     {"{ nobody }", []string{"a"}, "You may not have this.", nil},
		"a policy is not named":  {`{ mine(id: "u2") }`, nil, "You may not have this.", nil},
		"nor are those of lists": {`query { either(id: "u2") }`, nil, "You may not have this.", nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := gqlparser.MustLoadSchema(&ast.Source{Input: strings.Replace(schema, "either: String", "either(id: ID): String", 1)})
			all := policies()
			all["mine"] = func(context.Context, access.Question) (bool, error) { return false, nil }
			rules, err := access.New(s, all)
			if err != nil {
				t.Fatal(err)
			}
			denied := rules.Guards(gqlparser.MustLoadQueryWithRules(s, c.document, nil).Operations[0]).Check(t.Context(), &auth.Principal{Subject: "u1", Scopes: c.scopes}, nil)
			if len(denied) != 1 {
				t.Fatalf("denied: %v", denied)
			}
			for _, err := range denied {
				p, _ := errors.AsType[*problem.Error](err)
				missing, _ := p.Extensions["missingScopes"].([][]string)
				if p.Code != problem.Forbidden || p.Message != c.message || !slices.EqualFunc(missing, c.missing, slices.Equal) {
					t.Errorf("got %q %v, want %q %v", p.Message, p.Extensions, c.message, c.missing)
				}
			}
		})
	}
}

// Rights say what each field requires, and which ones are denied.
func TestRights(t *testing.T) {
	guards := guardsOf(t, `{ open { name price } closed scoped mine }`)
	got := guards.Rights(guards.Check(t.Context(), &auth.Principal{Subject: "u2", Scopes: []string{"c"}}, nil))
	want := []access.Right{
		{Field: "Open.price", Requires: []string{`@requiresScopes(scopes: [["price"]])`}, Denied: true},
		{Field: "Query.closed", Requires: []string{"@authenticated"}},
		{Field: "Query.scoped", Requires: []string{`@requiresScopes(scopes: [["a", "b"], ["c"]])`}},
		{Field: "Query.mine", Requires: []string{`@policy(policies: [["mine"]])`}, Denied: true},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
	if got := guardsOf(t, `{ open { name } }`).Rights(nil); got != nil {
		t.Errorf("what requires nothing: %+v", got)
	}
}
