package main

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/portico-gateway/portico/gateway/usage"
)

// repository makes a git repository with a project of two frontends in a folder of
// it. The web frontend has changed since the tag v1, and the shared schema since the
// last commit.
func repository(t *testing.T) (dir string) {
	t.Helper()
	root := t.TempDir()
	dir = filepath.Join(root, "shop")
	git := func(args ...string) { runGit(t, root, args...) }
	put(t, filepath.Join(dir, "schema/shared/shared.graphqls"), "type Product {\n  id: ID!\n  name: String\n  cost: Int @inaccessible\n}\n")
	put(t, filepath.Join(dir, "schema/web/web.graphqls"), "type Query {\n  product(id: ID!): Product\n  top: [Product!]\n}\n\nextend type Product {\n  price: Float\n}\n")
	put(t, filepath.Join(dir, "schema/mobile/mobile.graphqls"), "type Query {\n  top: [Product!]\n}\n")
	put(t, filepath.Join(dir, "operations/web/Price.graphql"), "query Price($id: ID!) {\n  product(id: $id) {\n    price\n  }\n}\n")
	put(t, filepath.Join(dir, "operations/mobile/trusted.json"), `{
  "format": "apollo-persisted-query-manifest",
  "version": 1,
  "operations": [
    {"id": "1f", "name": "Top", "type": "query", "body": "query Top { top { name } }"},
    {"id": "2e", "name": "Ids", "type": "query", "body": "query Ids { top { id } }"}
  ]
}
`)
	git("init", "-q", "-b", "main")
	git("add", ".")
	git("commit", "-q", "-m", "first")
	git("tag", "v1")
	put(t, filepath.Join(dir, "schema/web/web.graphqls"), "type Query {\n  product(id: ID!): Product\n  top(first: Int!): [Product!]\n}\n")
	put(t, filepath.Join(dir, "operations/web/Price.graphql"), "query Price($id: ID!) {\n  product(id: $id) {\n    id\n  }\n}\n")
	git("commit", "-q", "-a", "-m", "second")
	put(t, filepath.Join(dir, "schema/shared/shared.graphqls"), "type Product {\n  id: ID!\n  name: String @authenticated\n}\n")
	return dir
}

func runGit(t *testing.T, dir string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", append([]string{"-C", dir, "-c", "user.name=a", "-c", "user.email=a@localhost"}, args...)...)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, out)
	}
}

// TestDiffRevisions runs the binary in a git repository.
func TestDiffRevisions(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "portico")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	dir := repository(t)
	put(t, filepath.Join(dir, "usage.jsonl"), `{"version":1,"from":"2026-11-01","to":"2026-11-26"}
{"frontend":"mobile","client":"android","clientVersion":"7.0","coordinate":"Product.name","count":12,"first":"2026-11-02","last":"2026-11-09"}
{"frontend":"mobile","client":"ios","clientVersion":"7.1","coordinate":"Product.id","count":1,"first":"2026-11-02","last":"2026-11-09"}
`)
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"v1", "--usage", "usage.jsonl"}, 1, `schema/shared/shared.graphqls:3:17: breaking: Product.name requires an authenticated caller now [authentication-required]
	v1:operations/mobile/trusted.json:5:12: used by Top
	used by android 7.0: 12 requests, the last on 2026-11-09
mobile: 1 breaking change; checked against 2 documents and usage from 2026-11-01 to 2026-11-26

schema/shared/shared.graphqls:3:17: breaking: Product.name requires an authenticated caller now [authentication-required]
	breaking, but nothing that is known uses it
v1:schema/web/web.graphqls:7:3: breaking: Product.price was removed [field-removed]
	v1:operations/web/Price.graphql:3:5: used by Price (no longer valid)
schema/web/web.graphqls:3:7: breaking: Query.top has the new argument first, which is required [required-argument-added]
	breaking, but nothing that is known uses it
web: 3 breaking changes; checked against 1 document and no usage
`},
		{[]string{"v1", "main", "--frontend=web", "--ignore-unused", "--operations", "operations"}, 0, `v1:schema/web/web.graphqls:7:3: breaking: Product.price was removed [field-removed]
	breaking, but nothing that is known uses it
main:schema/web/web.graphqls:3:7: breaking: Query.top has the new argument first, which is required [required-argument-added]
	breaking, but nothing that is known uses it
web: 2 breaking changes; checked against 1 document and no usage
`},
		{[]string{"main", "v1", "--frontend", "web"}, 1, `main:schema/web/web.graphqls:3:7: breaking: the argument first of Query.top was removed [argument-removed]
`},
		{[]string{"git:main~1", "v1"}, 0, `mobile: no changes; checked against 2 documents and no usage

web: no changes; checked against 1 document and no usage
`},
		{[]string{"v1", "--frontend", "mobile", "--usage", "usage.jsonl", "--since", "2026-11-10", "--operations", "operations/web"}, 1,
			`operations/web/Price.graphql:2:3: note: not checked`},
		{[]string{"schema/web", "v1", "--frontend", "web"}, 1, `breaking: the argument first of Query.top was removed [argument-removed]`},
		{[]string{"v2"}, 2, `portico diff: there is no file and no git revision "v2"` + "\n"},
		{[]string{"v1", "--frontend", "webb"}, 2, "portico diff: v1 has no frontend webb; did you mean web?\n"},
		{[]string{"old.graphqls"}, 2, "portico diff: stat old.graphqls: no such file or directory\n"},
		{[]string{"schema/web", "v1"}, 2, "portico diff: schema/web is one schema, and v1 is a project: say which frontend it is with --frontend (mobile, web)\n"},
		{[]string{"v1", "--manifest", "operations/mobile/trusted.json"}, 2, "portico diff: --manifest has the documents of one frontend: say which with --frontend\n"},
		{[]string{"v1", "--usage", "schema/web/web.graphqls"}, 2, "portico diff: schema/web/web.graphqls:1: it must be a JSON object"},
		{[]string{"v1", "--since", "2026-11-10"}, 2, "portico diff: --since needs --usage\n"},
		{[]string{}, 2, "portico: diff needs an argument: portico diff OLD [NEW] [flags]; see portico diff --help\n"},
		{[]string{"v1", "--fail-on", "all"}, 2, "write breaking or dangerous"},
		{[]string{"-h"}, 0, "Usage:\n  portico diff OLD [NEW]"},
	} {
		cmd := exec.CommandContext(t.Context(), binary, append([]string{"diff"}, c.args...)...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		code := 0
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			code = exit.ExitCode()
		} else if err != nil {
			t.Fatal(err)
		}
		if c.code != code || !strings.Contains(string(out), c.want) {
			t.Errorf("%v: exit %d, want %d\n%s\nwant:\n%s", c.args, code, c.code, out, c.want)
		}
	}
}

// What prevents a comparison is an error of its own, with positions in both schemas.
func TestDiffTrouble(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	put(t, "old.graphqls", "type Query {\n  a: Strin\n}\n")
	put(t, "new.graphqls", "type Query {\n  a: String @authenticatd\n  b: Int\n  b: Int\n}\n")
	put(t, "empty.graphqls", "type Product {\n  a: String\n}\n")
	put(t, "good.graphqls", "type Query {\n  a: String\n}\n")
	put(t, "none/readme", "")
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"old.graphqls", "new.graphqls"}, "portico diff: new.graphqls:2:14: Undefined directive authenticatd.\n\tfix: did you mean authenticated?\n" +
			"new.graphqls:4:3: Field Query.b can only be defined once.\nold.graphqls:2:6: Undefined type Strin.\n\tfix: did you mean String?\n"},
		{[]string{"good.graphqls", "empty.graphqls"}, "portico diff: empty.graphqls:1:1: the schema has no type Query, which every GraphQL schema needs\n\tfix: add type Query { … }\n"},
		{[]string{"main", "good.graphqls"}, "portico diff: \"main\" is neither a file nor a folder, and . is not in a git repository"},
		{[]string{"good.graphqls"}, "portico diff: . has no folder schema/: run portico in a project, or give its folder with -C\n"},
		{[]string{"good.graphqls", "none"}, "portico diff: none has no *.graphqls file\n"},
	} {
		if out, code := runDiff(t, c.args...); code != 2 || !strings.Contains(out, c.want) {
			t.Errorf("%v: exit %d\n%s\nwant:\n%s", c.args, code, out, c.want)
		}
	}
}

// JSON has what the text has, and every list, even if it is empty.
func TestDiffJSON(t *testing.T) {
	dir := repository(t)
	t.Chdir(dir)
	out, code := runDiff(t, "v1", "--frontend", "web", "--json")
	var got any
	if err := json.Unmarshal([]byte(out), &got); err != nil || code != 1 {
		t.Fatalf("exit %d, %v: %s", code, err, out)
	}
	for _, want := range []string{
		`"version": 1`, `"level": "breaking"`, `"fails": true`, `"frontend": "web"`, `"code": "field-removed"`, `"coordinate": "Product.price"`, `"schema": "old"`,
		`"file": "v1:schema/web/web.graphqls"`, `"name": "Price"`, `"invalid": true`, `"clients": []`, `"skipped": []`, `"unused": true`,
	} {
		if !strings.Contains(out, want) {
			t.Errorf("there is no %s in %s", want, out)
		}
	}
}

// The examples of the documentation have the formats of the program.
func TestDiffDocumentation(t *testing.T) {
	blocks := strings.Split(get(t, "../../docs/schema-changes.md"), "```json\n")
	if len(blocks) != 4 { // the last is that of portico usage
		t.Fatalf("there are %d examples", len(blocks)-1)
	}
	for i := range blocks {
		blocks[i], _, _ = strings.Cut(blocks[i], "```")
	}
	var example, actual jsonDiff
	d := json.NewDecoder(strings.NewReader(blocks[1]))
	d.DisallowUnknownFields()
	if err := d.Decode(&example); err != nil {
		t.Error(err)
	}
	if u, err := usage.Read(strings.NewReader(blocks[2]), usage.Limits{}); err != nil || len(u.Records()) != 1 {
		t.Error(err)
	}
	t.Chdir(repository(t))
	put(t, "usage.jsonl", strings.Replace(blocks[2], "web", "mobile", 1))
	out, _ := runDiff(t, "v1", "--json", "--usage", "usage.jsonl")
	if err := json.Unmarshal([]byte(out), &actual); err != nil {
		t.Fatal(err)
	}
	if example.Version != actual.Version || *example.Usage != *actual.Usage || len(actual.Frontends) != 2 {
		t.Errorf("%s", out)
	}
}

// A revision that was not fetched is an error that describes what to do.
func TestDiffOfAClone(t *testing.T) {
	dir := repository(t)
	root := filepath.Dir(dir)
	runGit(t, root, "branch", "feature", "v1")
	clone, shallow := filepath.Join(t.TempDir(), "clone"), filepath.Join(t.TempDir(), "shallow")
	runGit(t, root, "clone", "-q", root, clone)
	runGit(t, root, "clone", "-q", "--depth", "1", "file://"+root, shallow)
	for dir, c := range map[string]struct{ revision, want string }{
		clone:   {"feature", `there is no file and no git revision "feature"; did you mean origin/feature?`},
		shallow: {"v1", `there is no file and no git revision "v1"; the clone is shallow: fetch the revision`},
	} {
		if out, code := runDiff(t, "-C", filepath.Join(dir, "shop"), c.revision); code != 2 || !strings.Contains(out, c.want) {
			t.Errorf("exit %d\n%s\nwant:\n%s", code, out, c.want)
		}
	}
	if out, code := runDiff(t, "-C", filepath.Join(clone, "shop"), "origin/feature"); code != 1 || !strings.Contains(out, "origin/feature:schema/web/web.graphqls:7:3: breaking: Product.price was removed") {
		t.Errorf("exit %d\n%s", code, out)
	}
	if out, code := runDiff(t, "-C", clone, "main"); code != 2 || !strings.Contains(out, "main has no schema: no file schema/<frontend>/*.graphqls") {
		t.Errorf("exit %d\n%s", code, out)
	}
}

// Frontends come and go. A manifest has documents of clients that are in no folder.
func TestDiffFrontends(t *testing.T) {
	t.Chdir(t.TempDir())
	put(t, "old/schema/web/web.graphqls", "type Query {\n  colour: Colour\n}\n\nenum Colour {\n  RED\n}\n")
	put(t, "old/schema/tv/tv.graphqls", "type Query {\n  a: Int\n}\n")
	put(t, "new/schema/web/web.graphqls", "type Query {\n  colour: Colour\n}\n\nenum Colour {\n  RED\n  BLUE\n}\n")
	put(t, "new/schema/watch/watch.graphqls", "type Query {\n  a: Int\n}\n")
	put(t, "relay.json", "{\n  \"5f\": \"query Paint { colour }\",\n  \"6e\": \"query Wrong { color }\",\n  \"7d\": \"{ colour }\"\n}\n")
	put(t, "wrong.json", "[]")
	put(t, "tv/a.graphql", "{ a }\n")
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"old", "new"}, 1, `old/schema/tv/tv.graphqls:1:6: breaking: the frontend tv was removed [frontend-removed]
tv: 1 breaking change; checked against no documents and no usage

new/schema/watch/watch.graphqls:1:6: safe: the frontend watch is new [frontend-added]
watch: 1 safe change; checked against no documents and no usage

new/schema/web/web.graphqls:7:3: dangerous: Colour has the new value BLUE [enum-value-added]
web: 1 dangerous change; checked against no documents and no usage
`},
		{[]string{"old", "new", "--frontend", "web", "--fail-on", "dangerous", "--manifest", "relay.json"}, 1,
			`new/schema/web/web.graphqls:7:3: dangerous: Colour has the new value BLUE [enum-value-added]
	relay.json:2:3: used by Paint
	relay.json:4:3: used by 7d
relay.json:3:3: note: not checked, since it is not valid in the old schema: Cannot query field "color" on type "Query". Did you mean "colour"?
web: 1 dangerous change; checked against 3 documents and no usage
`},
		{[]string{"old", "new", "--frontend", "tv", "--operations", "tv"}, 1, "\ttv/a.graphql:1:1: used by an operation without a name (no longer valid)\n"},
		{[]string{"old", "new", "--frontend", "web", "--manifest", "wrong.json"}, 2, "portico diff: wrong.json:1:1: invalid manifest of persisted documents"},
		{[]string{"old", "old"}, 0, "tv: no changes; checked against no documents and no usage\n\nweb: no changes; checked against no documents and no usage\n"},
	} {
		if out, code := runDiff(t, c.args...); code != c.code || !strings.Contains(out, c.want) {
			t.Errorf("%v: exit %d, want %d\n%s\nwant:\n%s", c.args, code, c.code, out, c.want)
		}
	}
}
