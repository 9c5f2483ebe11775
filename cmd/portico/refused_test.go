package main

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/portico-gateway/portico/internal/bindgen"
)

// The operations that the gateway would refuse are mistakes of a check, at their places; others are none.
func TestCheckRefused(t *testing.T) {
	const schema = `type Query {
  things(first: Int): [Thing!] @rest(service: "a", get: "/things", query: "n={$args.first}") @listSize(slicingArguments: ["first"])
  thing: Thing @rest(service: "a", get: "/thing")
}
type Thing { id: ID! inner: Thing name(id: ID!): String }
`
	scalars, err := os.ReadFile("../../gqlgen.yml")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, operation, settings, want string
	}{
		{"fine", "query A { thing { id } }", "", ""},
		{"depth", "query A {\n  thing { inner { inner { id } } } }", "frontend: { limits: { depth: 3 } }",
			"operations/web/A.graphql:1:1: the gateway would refuse this: The operation is nested deeper than 3 fields."},
		{"of a frontend", "query A { thing { inner { inner { id } } } }", "frontends: { web: { limits: { depth: 3 } } }", "nested deeper than 3 fields"},
		{"cost", "# a comment\nquery A { things(first: 50) { id } }", "frontend: { cost: { max: 20 } }",
			"operations/web/A.graphql:2:1: the operation could cost 50 points, of which cost.max allows 20"},
		{"cost of variables", "query A($n: Int!) { things(first: $n) { id } }", "frontend: { cost: { max: 20 } }", ""},
		{"slicing argument", "query A { things { id } }", "", "operations/web/A.graphql:1:11: the gateway would refuse this: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			writeFiles(t, dir, map[string]string{
				"go.mod": "module example.com/a\n\ngo 1.26\n", "gqlgen.yml": string(scalars), "schema/web/web.graphqls": schema, "operations/web/A.graphql": c.operation, "portico.yaml": c.settings})
			err := withRefused(dir, nil)
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("%v; want %q", err, c.want)
			}
			both := withRefused(dir, bindgen.Diagnostics{{Message: "another"}})
			if both == nil || !strings.Contains(both.Error(), "another") {
				t.Errorf("what the check reports is lost: %v", both)
			}
		})
	}
	failure := errors.New("a failure")
	if err := withRefused(t.TempDir(), failure); !errors.Is(err, failure) {
		t.Errorf("%v, want %v", err, failure)
	}
	var out bytes.Buffer
	if code := exitCode(run(t.Context(), []string{"check", "-C", "../..", "--json"}, &out), &out); code != 0 || !strings.Contains(out.String(), `"mistakes": []`) {
		t.Errorf("exit code %d: %s", code, out.String())
	}
}
