package apidocs_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/apidocs"
	"github.com/portico-gateway/portico/gateway/directive"
	"github.com/portico-gateway/portico/gateway/execute"
	"github.com/portico-gateway/portico/gateway/problem"
)

var update = flag.Bool("update", false, "write the golden files")

func schemaOf(t *testing.T, text string) *ast.Schema {
	t.Helper()
	schema, err := gqlparser.LoadSchema(append(directive.Definitions(), &ast.Source{Name: "schema.graphqls", Input: text})...)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// everything is a source that has something of each kind.
func everything(t *testing.T) apidocs.Source {
	t.Helper()
	text, err := os.ReadFile("testdata/everything.graphqls")
	if err != nil {
		t.Fatal(err)
	}
	return apidocs.Source{
		Frontend: "web", Endpoint: "/graphql/web", Schema: schemaOf(t, string(text)), ListSize: 10,
		Links: apidocs.Links{Assets: "/docs/assets/", Index: "/docs", Markdown: "/docs/web.md", Playground: "/playground/", Run: "/graphql/web"},
		Operations: []execute.Operation{
			{Name: "List", Document: "# All of them:\n# in one call.\nquery List { products(first: 5) { name related { id } } }\n"},
			{Name: "One", Document: `query One($id: ID!) { product(id: $id) { name } }`},
			{Name: "Buy", Document: `mutation Buy { buy(id: "p1") { id } }`},
			{Name: "Watch", Document: `subscription Watch { changed { name } }`},
			{Name: "Broken", Document: `query Broken { gone }`},
		},
		Routes: []execute.Route{
			{Field: "Query.products", Service: "catalog", Call: "GET /products"},
			{Field: "Product.related", Service: "catalog", Call: "Go method", Each: true},
			{Field: "Product.related", Service: "reviews", Call: "Go method"},
			{Field: "Query.me", Call: "Go method"},
		},
		Limits:  []apidocs.Limit{{Setting: "limits.depth", Value: "20", Meaning: "depth of nested fields"}},
		Codes:   problem.Descriptions(),
		Answers: map[string]apidocs.Answer{"List": {Text: `{"data": {}}`}, "Buy": {Note: "not run: it is a mutation"}},
		Changes: &apidocs.Changes{Since: "v1", List: []apidocs.Change{
			{Level: "breaking", Coordinate: "Product.weight", Message: "Product.weight was removed"},
			{Level: "safe", Coordinate: "Query.products(first:)", Message: "first has a default | now"},
		}},
	}
}

func html(t *testing.T, s apidocs.Source) string {
	t.Helper()
	var b bytes.Buffer
	if err := apidocs.WriteHTML(&b, apidocs.New(s)); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func markdown(t *testing.T, s apidocs.Source) string {
	t.Helper()
	var b bytes.Buffer
	if err := apidocs.WriteMarkdown(&b, apidocs.New(s)); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// The page and the Markdown of a schema that has everything.
func TestGolden(t *testing.T) {
	for name, write := range map[string]func(*testing.T, apidocs.Source) string{"everything.html": html, "everything.md": markdown} {
		got, file := write(t, everything(t)), filepath.Join("testdata", name)
		for range 5 {
			if again := write(t, everything(t)); again != got {
				t.Fatalf("%s: the same source makes other bytes", name)
			}
		}
		if *update {
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s is\n%s\nrun go test ./gateway/apidocs -update and look at the difference", name, got)
		}
	}
}

var (
	idOf   = regexp.MustCompile(` id="([^"]*)"`)
	linkOf = regexp.MustCompile(`href="#([^"]*)"`)
)

// Ids are unique, and every link within the page leads to one.
func TestLinks(t *testing.T) {
	page := html(t, everything(t))
	ids := map[string]bool{}
	for _, m := range idOf.FindAllStringSubmatch(page, -1) {
		if ids[m[1]] {
			t.Errorf("the id %s is there twice", m[1])
		}
		ids[m[1]] = true
	}
	links := linkOf.FindAllStringSubmatch(page, -1)
	for _, m := range links {
		if !ids[m[1]] {
			t.Errorf("#%s leads nowhere", m[1])
		}
	}
	if len(links) < 100 {
		t.Errorf("%d links", len(links))
	}
	for _, id := range []string{"Product", "Query.products", "Query.products.first", "Filter.text", "Kind.BOOK", "example-List", "code-FORBIDDEN"} {
		if !ids[id] {
			t.Errorf("there is no id %s", id)
		}
	}
	if strings.Contains(page, "Unreachable") || strings.Contains(page, "CacheControlScope") {
		t.Error("the page has types that no operation can reach")
	}
}

// Headings are nested: no level is left out.
func TestHeadings(t *testing.T) {
	last := byte('0')
	for _, m := range regexp.MustCompile(`<h([1-6])`).FindAllStringSubmatch(html(t, everything(t)), -1) {
		if m[1][0] > last+1 {
			t.Errorf("h%s follows h%c", m[1], last)
		}
		last = m[1][0]
	}
}

// Without routes, no service is named.
func TestWithoutRoutes(t *testing.T) {
	s := everything(t)
	s.Routes = nil
	for name, got := range map[string]string{"HTML": html(t, s), "Markdown": markdown(t, s)} {
		for _, secret := range []string{"Resolved by", "catalog", "Go method"} {
			if strings.Contains(got, secret) {
				t.Errorf("%s has %q", name, secret)
			}
		}
	}
}

// What directives say, in words.
func TestNotes(t *testing.T) {
	notes := map[string][]string{}
	note := func(id string, list []apidocs.Note) {
		for _, n := range list {
			notes[id] = append(notes[id], n.Text)
		}
	}
	codes := map[string][]problem.Code{}
	for _, section := range apidocs.New(everything(t)).Sections {
		for _, typ := range section.Types {
			note(typ.Name, typ.Notes)
			for _, f := range typ.Fields {
				note(f.ID, f.Notes)
				codes[f.ID] = f.Codes
				for _, arg := range f.Arguments {
					note(arg.ID, arg.Notes)
				}
			}
			for _, in := range typ.Inputs {
				note(in.ID, in.Notes)
			}
		}
	}
	for id, want := range map[string][]string{
		"Product":              {"cost 3", "cached for 60 s, public", "tagged p-{$this.id}"},
		"By":                   {"exactly one field"},
		"Query.product":        {"cost 3", "cached for 60 s, public", "tagged product-{$args.id}"},
		"Query.product.id":     {"global id of Product"},
		"Query.products":       {"cost 2.5 per item", "at most 100 items (first)", "cached for 60 s, public"},
		"Query.products.first": {"from 1 to 100"},
		"Query.search":         {"cost 3 per item", "as many items as limit says", "counted as 7 items"},
		"Query.search.text":    {"cost 3"},
		"Query.node":           {"cost 3", "not cached"},
		"Query.me":             {"signed in", "cost 1"},
		"Query.admin":          {"scopes admin or staff + audit", "policy weekday"},
		"Query.nothing":        {"nobody"},
		"Query.old":            {"deprecated: Use `product`.", "cost 3", "cached for 60 s, public"},
		"Mutation.buy":         {"scope orders:write", "cost 3", "invalidates answers tagged product-{$args.id}, type:Product", "3 per 1m per principal"},
		"Mutation.buy.coupon":  {"deprecated: No longer supported"},
		"Mutation.code":        {"5 per 1h per email and address"},
		"Mutation.all":         {"1 per 1m30s for all callers together"},
		"Product.cost":         {"signed in", "cached for 5 s, private"},
		"Product.price":        {"cost 1", "cached as long as its object, public"},
		"Filter.price":         {"at most 9"},
	} {
		if !slices.Equal(notes[id], want) {
			t.Errorf("%s: %q, want %q", id, notes[id], want)
		}
	}
	for id, want := range map[string][]problem.Code{
		"Query.me":       {problem.Unauthenticated},
		"Mutation.buy":   {problem.Unauthenticated, problem.Forbidden, problem.Throttled, problem.BadUserInput},
		"Query.products": {problem.BadUserInput, problem.ServiceError, problem.ServiceTimeout},
		"Product.name":   nil,
	} {
		if !slices.Equal(codes[id], want) {
			t.Errorf("%s: %v, want %v", id, codes[id], want)
		}
	}
}

// Examples say what they cost, and only queries that need no variables run.
func TestExamples(t *testing.T) {
	got := map[string]apidocs.Example{}
	for _, e := range apidocs.New(everything(t)).Examples {
		got[e.Name] = e
	}
	for name, want := range map[string]struct {
		cost float64 // -1 for none
		runs bool
	}{"List": {5*2.5 + 5*4*3, true}, "One": {-1, false}, "Buy": {13, false}, "Watch": {3, false}, "Broken": {-1, false}} {
		e := got[name]
		cost := -1.0
		if e.Cost != nil {
			cost = *e.Cost
		}
		if cost != want.cost || e.Runs() != want.runs || e.Restricted != (name == "Buy") {
			t.Errorf("%s costs %v and runs: %v, restricted: %v; want %v", name, cost, e.Runs(), e.Restricted, want)
		}
	}
	if e := got["List"]; e.Comment != "All of them:\nin one call." || strings.HasPrefix(e.Document, "#") {
		t.Errorf("the comment is %q, the document %q", e.Comment, e.Document)
	}
}

// The scripts of pages that are served and of pages that are opened as files are the same but for what is exported.
func TestScript(t *testing.T) {
	module, err := apidocs.Script(false)
	if err != nil {
		t.Fatal(err)
	}
	classic, err := apidocs.Script(true)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(module, []byte("export function enhance(root, options = {})")) || bytes.Contains(classic, []byte("\nexport")) {
		t.Errorf("%s\n%s", module, classic)
	}
}
