package server

import (
	"bytes"
	"cmp"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/config"
	"github.com/portico-gateway/portico/gateway/execute"
)

// introspected is a schema with something of everything.
const introspected = `
"""
The schema.
It has two lines.
"""
schema { query: Query mutation: Mutation }

"Of the project's own."
directive @tagged("A name." name: String! = "x", old: Int @deprecated, "Lists." list: [[Int!]] = [[1], []]) repeatable on FIELD | OBJECT | VARIABLE_DEFINITION

"""
  Has an id.
    And more lines.
"""
interface Node { id: ID! }
interface Named implements Node { id: ID! "What it is called." name: String }
interface Alone { x: Int }
type User implements Named & Node { id: ID! name: String age(unit: Unit! = YEARS, "Not any more." old: Int = 3 @deprecated(reason: "because"), older: Int @deprecated): Int @deprecated }
type Robot implements Node & Named { id: ID! name: String friends(first: Int = 10, filter: Filter = {text: "a\"b", units: [YEARS, DAYS], nested: {text: null, units: [YEARS], both: false, float: 1.5, block: "a\\n  b"}, both: false, float: 1.5, block: "x"}): [User!]! }
type Empty { gone: Int @deprecated(reason: "gone") }
union Anybody = User | Robot
enum Unit { YEARS "The days." DAYS MONTHS @deprecated WEEKS @deprecated(reason: "seven days") }
input Filter { text: String = "all" units: [Unit!] = [YEARS] nested: Filter old: Int @deprecated(reason: "old") both: Boolean! = false float: Decimal = 1.5 at: DateTime block: String = """
   a
     b
""" }
input By @oneOf { id: ID name: String }
input Gone { gone: Int @deprecated }
scalar DateTime @specifiedBy(url: "https://scalars.graphql.org/andimarek/date-time.html")
scalar Decimal
type Query { node(id: ID!): Node anybody(by: By!): Anybody users(filter: Filter): [[User]!] at: DateTime alone: Alone empty(gone: Gone): Empty }
type Mutation { rename(id: ID!, name: String!): Named }
`

// serving serves a schema.
func serving(t *testing.T, schema string) *httptest.Server {
	t.Helper()
	cfg, err := config.Load("../../portico.yaml", func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(cfg, slog.New(slog.DiscardHandler), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	loaded := gqlparser.MustLoadSchema(&ast.Source{Name: "schema.graphqls", Input: schema})
	err = s.open([]execute.Frontend{
		{Name: "web", Schema: toy(loaded, nil), Receivers: []string{"accounts", "orders"}},
		{Name: "mobile", Schema: toy(loaded, nil), Receivers: []string{"accounts", "orders"}},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return server
}

// graphqlData posts a document and returns its data.
func graphqlData(t *testing.T, server *httptest.Server, query string) map[string]any {
	t.Helper()
	body, err := json.Marshal(map[string]any{"query": query})
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Post(server.URL+"/graphql/web", "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var answer struct {
		Data   map[string]any
		Errors []any
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || answer.Errors != nil {
		t.Fatalf("%v %v", err, answer.Errors)
	}
	return answer.Data
}

// Introspection answers what graphql-js does, but for the order of types and
// directives, spaces in default values, and what the specification itself
// defines: its texts, and deprecated directives, of which it has none yet.
func TestIntrospectionSameAsGraphQLJS(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), "node", "introspect.mjs")
	cmd.Dir, cmd.Stdin = "../../e2e/clients", strings.NewReader(introspected)
	var failed bytes.Buffer
	cmd.Stderr = &failed
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v (make test installs what it needs)\n%s", err, failed.String())
	}
	var cases []struct {
		Query string
		Data  map[string]any
	}
	if err := json.Unmarshal(out, &cases); err != nil {
		t.Fatal(err)
	}
	server := serving(t, introspected)
	for _, c := range cases {
		compareJSON(t, "data", normal(graphqlData(t, server, c.Query)), normal(c.Data))
	}
}

// normal sorts lists of what has names, and leaves descriptions of built-in
// types and directives out.
func normal(value any) any {
	switch v := value.(type) {
	case map[string]any:
		name, _ := v["name"].(string)
		_, isDirective := v["locations"]
		builtIn := strings.HasPrefix(name, "__") || slices.Contains([]string{"Int", "Float", "String", "Boolean", "ID"}, name) ||
			isDirective && slices.Contains([]string{"skip", "include", "deprecated", "specifiedBy", "oneOf"}, name)
		out := map[string]any{}
		for key, member := range v {
			out[key] = normal(member)
			if list, ok := out[key].([]any); ok && slices.Contains([]string{"types", "directives", "possibleTypes"}, key) {
				slices.SortStableFunc(list, func(a, b any) int { return cmp.Compare(nameOf(a), nameOf(b)) })
			}
		}
		if builtIn {
			withoutDescriptions(out)
		}
		switch name {
		case "__Directive", "__Schema":
			delete(out, "fields")
		}
		if text, ok := out["defaultValue"].(string); ok {
			out["defaultValue"] = strings.NewReplacer(", ", ",", ": ", ":").Replace(text)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = normal(v[i])
		}
		return out
	}
	return value
}

func nameOf(value any) string {
	object, _ := value.(map[string]any)
	name, _ := object["name"].(string)
	return name
}

func withoutDescriptions(value any) {
	switch v := value.(type) {
	case map[string]any:
		delete(v, "description")
		for _, member := range v {
			withoutDescriptions(member)
		}
	case []any:
		for _, item := range v {
			withoutDescriptions(item)
		}
	}
}

// compareJSON reports where two values differ.
func compareJSON(t *testing.T, path string, got, want any) {
	t.Helper()
	switch want := want.(type) {
	case map[string]any:
		if have, ok := got.(map[string]any); ok {
			for key := range want {
				compareJSON(t, path+"."+key, have[key], want[key])
			}
			if len(have) != len(want) {
				t.Errorf("%s: got %d members, want %d", path, len(have), len(want))
			}
			return
		}
	case []any:
		have, ok := got.([]any)
		if ok && len(have) == len(want) {
			for i := range want {
				compareJSON(t, path+"["+cmp.Or(nameOf(want[i]), "?")+"]", have[i], want[i])
			}
			return
		}
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: got %s, want %s", path, asJSON(got), asJSON(want))
	}
}

func asJSON(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// What is not the schema's is not told.
func TestIntrospectionOfWhatIsNotThere(t *testing.T) {
	const own = "directive @defer(if: Boolean! = true, label: String) on FRAGMENT_SPREAD | INLINE_FRAGMENT"
	for declared, schema := range map[bool]string{false: "type Query { a: Int }", true: "type Query { a: Int } " + own} {
		server := serving(t, schema)
		data := asJSON(graphqlData(t, server, `{ __schema { directives { name args { name type { kind } } } types { name } } float: __type(name: "Float") { name } int: __type(name: "Int") { name } none: __type(name: "None") { name } }`))
		if strings.Contains(data, `"defer"`) != declared {
			t.Errorf("@defer is declared: %t; introspection: %s", declared, data)
		}
		if strings.Contains(data, `"name":"Float"`) || strings.Contains(data, `"name":"ID"`) || !strings.Contains(data, `"int":{"name":"Int"}`) || !strings.Contains(data, `"float":null`) || !strings.Contains(data, `"none":null`) {
			t.Errorf("scalars that nothing refers to: %s", data)
		}
		resp, err := http.Get(server.URL + "/graphql/web/schema.graphql")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil || strings.Contains(string(text), "@defer") != declared {
			t.Errorf("@defer is declared: %t; the schema: %s %v", declared, text, err)
		}
	}
}
