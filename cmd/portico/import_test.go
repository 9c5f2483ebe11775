package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const shopDocument = `openapi: 3.1.0
info: {title: Shop, version: "1"}
servers: [{url: https://shop.example/v1}]
paths:
  /orders/{id}:
    get:
      operationId: getOrder
      responses: {"200": {description: ok, content: {application/json: {schema: {type: object, properties: {placed_at: {type: string, format: date-time}, extra: {}, total: {type: integer, format: int64}}}}}}}
  /file: {get: {responses: {"200": {description: ok, content: {text/csv: {}}}}}}
`

// newProject makes a project with the document beside it.
func newProject(t *testing.T) (dir, document string) {
	t.Helper()
	dir = t.TempDir()
	put(t, filepath.Join(dir, "schema/web/web.graphqls"), "type Query { ping: Boolean }\n")
	put(t, filepath.Join(dir, "gqlgen.yml"), "models:\n  DateTime:\n    model: github.com/99designs/gqlgen/graphql.Time\n")
	put(t, filepath.Join(dir, "portico.yaml"), "services:\n  other:\n    url: http://127.0.0.1:1\n")
	document = filepath.Join(t.TempDir(), "shop.yml")
	put(t, document, shopDocument)
	return dir, document
}

func put(t *testing.T, name, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// runImport runs the command. An answer other than "" is typed on a terminal.
func runImport(t *testing.T, answer string, args ...string) (string, error) {
	var out strings.Builder
	c := console{in: strings.NewReader(answer), out: &out, terminal: answer != "", colour: answer != ""}
	err := runWith(t.Context(), append([]string{"import"}, args...), c)
	return out.String(), err
}

func TestImportWritesADraftAndSaysWhatIsNext(t *testing.T) {
	dir, document := newProject(t)
	out, err := runImport(t, "", "openapi", "-C", dir, document, "--service", "shop")
	if err != nil {
		t.Fatal(err)
	}
	want := `wrote      schema/shared/shop.graphqls
wrote      clients/shop/openapi.yaml
1 operation of the service became a field

left out:
  GET /file: it answers with text/csv, not JSON or XML

add to services in portico.yaml:
  shop:
    url: https://shop.example/v1

then: make generate
`
	if out != want {
		t.Errorf("got:\n%s\nwant:\n%s", out, want)
	}
	if got := get(t, filepath.Join(dir, "clients/shop/openapi.yaml")); got != shopDocument {
		t.Errorf("the copy is another document:\n%s", got)
	}
	if got := get(t, filepath.Join(dir, "schema/shared/shop.graphqls")); !strings.Contains(got, `order(id: ID!): Order @rest(service: "shop", get: "/orders/{$args.id}")`) {
		t.Errorf("the draft has no order:\n%s", got)
	}
}

// TestImportAgain imports a document that has changed into a draft that was changed by hand.
func TestImportAgain(t *testing.T) {
	for _, c := range []struct {
		name, answer string
		flags        []string
		failure      string // of the command; "" when it succeeds
		shows        []string
		writes       bool
	}{
		{name: "without a terminal", shows: []string{"\n+  note: String\n"},
			failure: "schema/shared/shop.graphqls, clients/shop/openapi.yaml would change, so nothing was written; --yes overwrites without asking"},
		{name: "with --yes", flags: []string{"--yes"}, shows: []string{"wrote      schema/shared/shop.graphqls", "wrote      clients/shop/openapi.yaml"}, writes: true},
		{name: "yes", answer: "y\n", shows: []string{"\x1b[32m+  note: String\x1b[0m\n", "overwrite schema/shared/shop.graphqls, clients/shop/openapi.yaml? [y/N] "}, writes: true},
		{name: "no", answer: "n\n", failure: "nothing was written", shows: []string{"? [y/N] "}},
		{name: "just return", answer: "\n", failure: "nothing was written", shows: []string{"? [y/N] "}},
		{name: "end of input", answer: " ", failure: "nothing was written", shows: []string{"? [y/N] "}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir, document := newProject(t)
			args := []string{"openapi", document, "--service=shop", "-C", dir}
			if _, err := runImport(t, "", args...); err != nil {
				t.Fatal(err)
			}
			target := filepath.Join(dir, "schema/shared/shop.graphqls")
			mine := strings.Replace(get(t, target), "placedAt: DateTime @source", `placedAt: DateTime @deprecated @source`, 1) + "# mine\n"
			put(t, target, mine)
			put(t, document, strings.Replace(shopDocument, "total: {type: integer, format: int64}", "total: {type: integer, format: int64}, note: {type: string}", 1))
			out, err := runImport(t, c.answer, append(args, c.flags...)...)
			if c.failure == "" && err != nil || c.failure != "" && (err == nil || err.Error() != c.failure) {
				t.Errorf("the error is %v, want %q", err, c.failure)
			}
			for _, text := range c.shows {
				if !strings.Contains(out, text) {
					t.Errorf("%q is not shown:\n%s", text, out)
				}
			}
			want := mine
			if c.writes {
				want = strings.Replace(mine, "  total: Int64\n", "  total: Int64\n  note: String\n", 1)
			}
			if got := get(t, target); got != want {
				t.Errorf("the draft is\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// TestImportAgainOfWindows imports a document that has changed into a draft with the line ends of Windows, and one with a mistake.
func TestImportAgainOfWindows(t *testing.T) {
	dir, document := newProject(t)
	args := []string{"openapi", document, "--service=shop", "-C", dir, "--yes"}
	if _, err := runImport(t, "", args...); err != nil {
		t.Fatal(err)
	}
	target := filepath.Join(dir, "schema/shared/shop.graphqls")
	mine := strings.ReplaceAll(strings.Replace(get(t, target), "placedAt: DateTime @source", "placedAt: DateTime @deprecated @source", 1), "\n", "\r\n")
	put(t, target, mine)
	if out, err := runImport(t, "", args...); err != nil || !strings.HasPrefix(out, "unchanged  schema/shared/shop.graphqls\n") {
		t.Errorf("%v; it is changed by the same document:\n%s", err, out)
	}
	put(t, document, strings.Replace(shopDocument, "total: {type: integer, format: int64}", "total: {type: integer, format: int64}, note: {type: string}", 1))
	if _, err := runImport(t, "", args...); err != nil {
		t.Fatal(err)
	}
	if got, want := get(t, target), strings.Replace(mine, "  total: Int64\r\n", "  total: Int64\r\n  note: String\r\n", 1); got != want {
		t.Errorf("the draft is\n%q\nwant\n%q", got, want)
	}
	put(t, target, "type {\n")
	put(t, document, shopDocument)
	if _, err := runImport(t, "", args...); err == nil || !strings.HasPrefix(err.Error(), "schema/shared/shop.graphqls:1:6: ") {
		t.Errorf("a draft with a mistake is merged: %v", err)
	}
}

// TestImportAgainWithConflicts imports a document that has changed what was changed by hand, too, and that has no longer what a binding calls.
func TestImportAgainWithConflicts(t *testing.T) {
	dir, document := newProject(t)
	put(t, filepath.Join(dir, "go.mod"), "module example.com/shop\n\ngo 1.26\n")
	args := []string{"openapi", document, "--service=shop", "-C", dir, "--yes"}
	if _, err := runImport(t, "", args...); err != nil {
		t.Fatal(err)
	}
	target := filepath.Join(dir, "schema/shared/shop.graphqls")
	put(t, target, strings.Replace(get(t, target), "total: Int64", "total: String", 1))
	put(t, filepath.Join(dir, "schema/web/more.graphqls"), "extend type Query { again(id: ID!): Boolean! @rest(service: \"shop\", get: \"/orders/{$args.id}/again\") }\n")
	put(t, document, strings.Replace(shopDocument, "total: {type: integer, format: int64}", "total: {type: number}", 1))
	out, err := runImport(t, "", args...)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		"changed here and in the document, where the text here stays:\n  schema/shared/shop.graphqls:",
		": the document would have\n      total: Float\n",
		"no longer fit:\n  schema/",
		"clients/shop/openapi.yaml has no path /orders/{id}/again",
	} {
		if !strings.Contains(out, text) {
			t.Errorf("%q is not shown:\n%s", text, out)
		}
	}
	if got := get(t, target); !strings.Contains(got, "  total: String\n") {
		t.Errorf("the change by hand is lost:\n%s", got)
	}
}

func TestImportOfTheSameIsUnchanged(t *testing.T) {
	dir, document := newProject(t)
	put(t, filepath.Join(dir, "portico.yaml"), "services:\n  shop:\n    url: http://127.0.0.1:1\n")
	args := []string{"openapi", "--service", "shop", "--frontend", "web", "-C", dir, "--only", "getOrder", document}
	if _, err := runImport(t, "", args...); err != nil {
		t.Fatal(err)
	}
	out, err := runImport(t, "", args...)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(out, "unchanged  schema/web/shop.graphqls\nunchanged  clients/shop/openapi.yaml\n") {
		t.Errorf("it does not say that nothing changed:\n%s", out)
	}
	if strings.Contains(out, "portico.yaml") {
		t.Errorf("it asks for a service that portico.yaml has:\n%s", out)
	}
}

// TestImportForTwoFrontends imports other operations of one service for each of two frontends: the copy of the document has both.
func TestImportForTwoFrontends(t *testing.T) {
	dir, document := newProject(t)
	put(t, filepath.Join(dir, "schema/mobile/mobile.graphqls"), "type Query { ping: Boolean }\n")
	put(t, document, strings.Replace(shopDocument, "  /file:", "  /carts: {get: {operationId: carts, responses: {\"204\": {description: ok}}}}\n  /file:", 1))
	add := func(frontend, only string) {
		t.Helper()
		if _, err := runImport(t, "", "openapi", document, "--service", "shop", "-C", dir, "--yes", "--frontend", frontend, "--only", only); err != nil {
			t.Fatal(err)
		}
	}
	add("web", "getOrder")
	add("mobile", "carts")
	add("web", "getOrder")
	for _, text := range []string{"/orders/{id}:", "/carts:"} {
		if copied := get(t, filepath.Join(dir, "clients/shop/openapi.yaml")); !strings.Contains(copied, text) || strings.Contains(copied, "/file") {
			t.Errorf("the copy has not just what both need:\n%s", copied)
		}
	}
	target := filepath.Join(dir, "schema/web/shop.graphqls")
	if web := get(t, target); strings.Contains(web, "carts") || !strings.Contains(web, "order(id: ID!)") {
		t.Errorf("web has\n%s", web)
	}

	// The document of the import before has what web selects now, as mobile has selected it.
	put(t, target, strings.Replace(get(t, target), "extra:", "more:", 1))
	add("web", "getOrder,carts")
	if web := get(t, target); !strings.Contains(web, `get: "/carts"`) || !strings.Contains(web, "order(id: ID!)") || !strings.Contains(web, "more:") {
		t.Errorf("web has, with more operations,\n%s", web)
	}
	add("web", "carts")
	if web := get(t, target); !strings.Contains(web, `get: "/carts"`) || strings.Contains(web, "order(id: ID!)") {
		t.Errorf("web has, with other operations,\n%s", web)
	}
}

// TestGuideOfImports runs the first command of docs/import.md on its document: it prints and writes what the guide shows.
func TestGuideOfImports(t *testing.T) {
	text := get(t, "../../docs/import.md")
	block := func(begin string) string {
		t.Helper()
		_, rest, ok := strings.Cut(text, begin)
		body, _, closed := strings.Cut(rest, "```\n")
		if !ok || !closed {
			t.Fatalf("the guide has no %q", begin)
		}
		return body
	}
	dir := t.TempDir()
	put(t, filepath.Join(dir, "schema/web/web.graphqls"), "# nothing yet\n")
	put(t, filepath.Join(dir, "shop.yaml"), block("```yaml\n# shop.yaml\n"))
	command, want, _ := strings.Cut(block("```console\n$ portico import "), "\n")
	out, err := runImport(t, "", append(strings.Fields(strings.Replace(command, "shop.yaml", filepath.Join(dir, "shop.yaml"), 1)), "-C", dir)...)
	if err != nil || out != want {
		t.Errorf("%v; it prints\n%s\nwant\n%s", err, out, want)
	}
	if got, want := get(t, filepath.Join(dir, "schema/shared/shop.graphqls")), block("```graphql\n# schema/shared/shop.graphqls\n"); got != want {
		t.Errorf("it writes\n%s\nwant\n%s", got, want)
	}
}

func TestImportOfProtos(t *testing.T) {
	dir, _ := newProject(t)
	proto := filepath.Join(t.TempDir(), "shop/v1/shop.proto")
	put(t, proto, "syntax = \"proto3\";\npackage shop.v1;\nservice Shop { rpc GetOrder(Order) returns (Order); }\nmessage Order { string id = 1; }\n")
	out, err := runImport(t, "", "proto", "--service", "shop", proto, "-C", dir)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out, "url: grpc://") || !strings.Contains(out, "clients/proto/shop/v1/shop.proto") {
		t.Errorf("it does not tell of a gRPC service:\n%s", out)
	}
	if got := get(t, filepath.Join(dir, "clients/proto/shop/v1/shop.proto")); got != get(t, proto) {
		t.Errorf("the copy is another proto:\n%s", got)
	}
}

func TestImportOfMistakes(t *testing.T) {
	dir, document := newProject(t)
	for _, c := range []struct {
		name string
		args []string
		want string
	}{
		{"another kind", []string{"wsdl", document}, `unknown command "wsdl" for "portico import"`},
		{"no file", []string{"openapi", "--service", "shop"}, "openapi needs an argument"},
		{"no service", []string{"openapi", document}, `required flag(s) "service" not set`},
		{"two files", []string{"openapi", document, document, "--service", "shop"}, "openapi takes 1 argument at most, but got 2"},
		{"no such file", []string{"openapi", "missing.yaml", "--service", "shop", "-C", dir}, "open missing.yaml: no such file or directory"},
		{"no such proto", []string{"proto", "missing.proto", "--service", "shop", "-C", dir}, "missing.proto: no such file or directory"},
		{"no project", []string{"openapi", document, "--service", "shop", "-C", t.TempDir()}, "a project has a folder schema/"},
		{"bad service", []string{"openapi", document, "--service", "my-shop", "-C", dir}, `"my-shop" can't name a service`},
		{"no such operation", []string{"openapi", document, "--service", "shop", "-C", dir, "--only", "getOrders"}, "did you mean getOrder?"},
		{"unknown flag", []string{"openapi", document, "--servise", "shop"}, "unknown flag: --servise"},
		{"nothing", nil, "usage"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := runImport(t, "", c.args...)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
	if _, err := os.Stat(filepath.Join(dir, "clients")); !errors.Is(err, os.ErrNotExist) {
		t.Error("a mistake wrote clients/")
	}
}

func TestColoursNeedATerminal(t *testing.T) {
	getenv := func(string) string { return "" }
	if c := newConsole(os.Stdin, &strings.Builder{}, getenv); c.terminal || c.colour {
		t.Errorf("a builder is a terminal: %+v", c)
	}
	diff := "--- a\n+++ b\n@@ -1 +1 @@\n-old\n+new\n same\n"
	if got := (console{}).paint(diff); got != diff {
		t.Errorf("got %q", got)
	}
	want := "\x1b[31m--- a\x1b[0m\n\x1b[32m+++ b\x1b[0m\n\x1b[36m@@ -1 +1 @@\x1b[0m\n\x1b[31m-old\x1b[0m\n\x1b[32m+new\x1b[0m\n same\n"
	if got := (console{colour: true}).paint(diff); got != want {
		t.Errorf("got %q", got)
	}
}
