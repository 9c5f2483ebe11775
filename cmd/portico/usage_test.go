package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

const (
	usageOfShop = `{"version":1,"from":"2026-11-01","to":"2026-11-26"}
{"frontend":"web","client":"shop-web","clientVersion":"4.2","coordinate":"Query.product","count":120,"first":"2026-11-03","last":"2026-11-20"}
{"frontend":"web","client":"shop-web","clientVersion":"4.2","coordinate":"Product.name","count":120,"first":"2026-11-03","last":"2026-11-20"}
{"frontend":"web","client":"shop-web","clientVersion":"4.2","coordinate":"Product.cost","count":7,"first":"2026-11-03","last":"2026-11-04"}
`
	usageOfOthers = `{"version":1,"from":"2026-11-20","to":"2026-11-27"}
{"frontend":"web","coordinate":"Product.cost","count":1,"first":"2026-11-21","last":"2026-11-21"}
{"frontend":"web","client":"shop-web","clientVersion":"4.2","coordinate":"Product.cost","count":3,"first":"2026-11-20","last":"2026-11-22"}
`
)

// usedProject makes a project with usage in the current folder.
func usedProject(t *testing.T) {
	t.Helper()
	t.Chdir(t.TempDir())
	put(t, "schema/shared/product.graphqls", "type Product {\n  name: String\n  price: Float\n  cost: Float @deprecated(reason: \"Use price.\")\n  old: Int @deprecated\n}\n")
	put(t, "schema/web/web.graphqls", "type Query {\n  product: Product\n  products: [Product!]\n}\n")
	put(t, "schema/tv/tv.graphqls", "type Query {\n  product: Product\n}\n")
	put(t, "a.jsonl", usageOfShop)
	put(t, "b.jsonl", usageOfOthers)
	put(t, "wrong.jsonl", usageOfShop+"{}\n")
	put(t, "incomplete.jsonl", `{"version":1,"from":"2026-11-20","to":"2026-11-27","incomplete":true}`+"\n")
}

func runUsage(t *testing.T, args ...string) (string, int) {
	t.Helper()
	var out, failed strings.Builder
	code := exitCode(run(t.Context(), append([]string{"usage"}, args...), &out), &failed)
	return out.String() + failed.String(), code
}

func TestUsage(t *testing.T) {
	usedProject(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer secret" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		text := usageOfOthers
		if r.URL.RawQuery == "wrong" {
			text += "\n{"
		}
		_, _ = io.WriteString(w, text)
	}))
	defer server.Close()
	const ofBoth = `tv: there is no usage of it

schema/shared/product.graphqls:3:3: Product.price was not requested
schema/shared/product.graphqls:5:3: Product.old was not requested, and is deprecated: No longer supported
schema/web/web.graphqls:3:3: Query.products was not requested
schema/shared/product.graphqls:4:3: Product.cost is used, and is deprecated: Use price.
	by clients without a name: 1 request, the last on 2026-11-21
	by shop-web 4.2: 10 requests, the last on 2026-11-22
web: 3 of 6 fields not requested, 1 deprecated part used; usage from 2026-11-01 to 2026-11-27
`
	for _, c := range []struct {
		args  []string
		token string
		code  int
		want  string
	}{
		{[]string{"a.jsonl", "b.jsonl"}, "", 0, ofBoth},
		{[]string{"a.jsonl", server.URL + "/usage"}, "secret", 0, ofBoth},
		{[]string{"--frontend", "web", "a.jsonl", "--since", "2026-11-10"}, "", 0, `schema/shared/product.graphqls:4:3: Product.cost was not requested, and is deprecated: Use price.
schema/shared/product.graphqls:5:3: Product.old was not requested, and is deprecated: No longer supported
schema/web/web.graphqls:3:3: Query.products was not requested
web: 4 of 6 fields not requested, 0 deprecated parts used; usage from 2026-11-10 to 2026-11-26
`},
		{[]string{"a.jsonl", "incomplete.jsonl"}, "", 0, "web: the usage is incomplete: what is listed as not requested may have been\n"},
		{[]string{"wrong.jsonl"}, "", 2, "portico usage: wrong.jsonl:5: \"\" is not a schema coordinate"},
		{[]string{"none.jsonl"}, "", 2, "portico usage: open none.jsonl: no such file or directory\n"},
		{[]string{server.URL + "/usage?wrong"}, "secret", 2, "portico usage: " + server.URL + "/usage?wrong:5: it must be a JSON object"},
		{[]string{server.URL + "/usage"}, "", 2, "/usage: the answer is 401 Unauthorized; set ADMIN_TOKEN to the gateway's admin.token\n"},
		{[]string{"--frontend", "webb", "a.jsonl"}, "", 2, "portico usage: there is no frontend webb; did you mean web?\n"},
		{[]string{"--since", "2026-12-01", "a.jsonl"}, "", 2, "portico usage: the usage is from 2026-11-01 to 2026-11-26: there is none since 2026-12-01\n"},
		{[]string{"--since", "yesterday", "a.jsonl"}, "", 2, `"yesterday" is not a day`},
		{[]string{"-C", "schema", "a.jsonl"}, "", 2, "portico usage: schema has no folder schema/"},
		{nil, "", 2, "portico: usage needs an argument: portico usage FILE... [flags]; see portico usage --help\n"},
		{[]string{"-h"}, "", 0, "Usage:\n  portico usage FILE..."},
	} {
		t.Setenv("ADMIN_TOKEN", c.token)
		if out, code := runUsage(t, c.args...); code != c.code || !strings.Contains(out, c.want) {
			t.Errorf("%v: exit %d, want %d\n%s\nwant:\n%s", c.args, code, c.code, out, c.want)
		}
	}
	t.Setenv("ADMIN_TOKEN", "secret")
	put(t, "old/web.graphqls", "type Query {\n  product: Int\n}\n")
	put(t, "new/web.graphqls", "type Query {\n  other: Int\n}\n")
	put(t, "c.jsonl", usageOfShop)
	if out, _ := runDiff(t, "old", "new", "--frontend", "web", "--usage", "c.jsonl", "--usage", server.URL); !strings.Contains(out, "used by shop-web 4.2: 120 requests") {
		t.Errorf("portico diff with a URL: %s", out)
	}
}

// The examples of the documentation are what the program prints.
func TestUsageDocumentation(t *testing.T) {
	_, section, ok := strings.Cut(get(t, "../../docs/schema-changes.md"), "\n## What is used\n")
	if !ok {
		t.Fatal("the documentation has no examples")
	}
	block := func(language string) string {
		_, text, _ := strings.Cut(section, "```"+language+"\n")
		text, _, _ = strings.Cut(text, "```")
		return text
	}
	example := block("json")
	usedProject(t)
	if out, code := runUsage(t, "--frontend", "web", "a.jsonl"); code != 0 || out != block("text") {
		t.Errorf("exit %d\n%s\nwant:\n%s", code, out, block("text"))
	}
	out, code := runUsage(t, "--frontend", "web", "--json", "a.jsonl")
	var got, want any
	if err := json.Unmarshal([]byte(out), &got); err != nil || code != 0 {
		t.Fatalf("exit %d, %v: %s", code, err, out)
	}
	if err := json.Unmarshal([]byte(example), &want); err != nil {
		t.Fatal(err)
	}
	if a, b := indented(t, got), indented(t, want); a != b {
		t.Errorf("the example is\n%s\nwant\n%s", b, a)
	}
}

func indented(t *testing.T, v any) string {
	t.Helper()
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
