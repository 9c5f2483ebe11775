package main

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

func runDocs(t *testing.T, args ...string) (string, int) {
	t.Helper()
	var out, failed strings.Builder
	code := exitCode(run(t.Context(), append([]string{"docs"}, args...), &out), &failed)
	return out.String() + failed.String(), code
}

// documentedProject makes a project with two frontends and examples, in a git repository with the tag v1.
func documentedProject(t *testing.T) string {
	t.Helper()
	dir := repository(t)
	put(t, filepath.Join(dir, "go.mod"), "module example.com/shop\n\ngo 1.26\n")
	put(t, filepath.Join(dir, "gqlgen.yml"), "schema: [schema/shared/*.graphqls, 'schema/{frontend}/*.graphqls']\n")
	put(t, filepath.Join(dir, "portico.yaml"), "frontend:\n  limits:\n    depth: ${DEPTH:-7}\n")
	put(t, filepath.Join(dir, "schema/web/web.graphqls"), `type Query {
  "The best ones."
  top(first: Int!): [Product!]
  product(id: ID!): Product
}
type Mutation { buy: Int }
type Subscription { bought: Int }
`)
	for name, text := range map[string]string{
		"Price": "query Price($id: ID!) { product(id: $id) { id } }", "Top": "# The best.\nquery Top { top(first: 3) { id } }",
		"Names": "query Names { top(first: 1) { name } }", "Buy": "mutation Buy { buy }", "Bought": "subscription Bought { bought }",
	} {
		put(t, filepath.Join(dir, "operations/web", name+".graphql"), text+"\n")
	}
	return dir
}

// folder returns the files of a folder, by their paths with slashes.
func folder(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := fs.ReadFile(os.DirFS(dir), name)
		files[name] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// The documentation is files that refer to each other, the same each time.
func TestDocs(t *testing.T) {
	dir, out := documentedProject(t), filepath.Join(t.TempDir(), "site", "docs")
	text, code := runDocs(t, "-C", dir, "--out", out)
	if code != 0 || !strings.HasPrefix(text, "7 files in ") {
		t.Fatalf("exit %d: %s", code, text)
	}
	files := folder(t, out)
	want := []string{".portico-docs", "assets/docs.css", "assets/docs.js", "index.html", "mobile.md", "mobile/index.html", "web.md", "web/index.html"}
	if got := slices.Sorted(maps.Keys(files)); !slices.Equal(got, want) {
		t.Errorf("there are %v", got)
	}
	for name, text := range files {
		for _, m := range regexp.MustCompile(`(?:href|src)="([^"#]+)"`).FindAllStringSubmatch(text, -1) {
			if to := filepath.ToSlash(filepath.Join(filepath.Dir(name), m[1])); m[1] != "data:," && files[to] == "" {
				t.Errorf("%s refers to %s, which is not there", name, m[1])
			}
		}
	}
	for name, texts := range map[string][]string{
		"web/index.html": {"The best ones.", `id="Query.top"`, `id="example-Top"`, "signed in", "<td>7</td>", `<script defer src="../assets/docs.js">`},
		"web.md":         {"#### Query.top", "The best."},
		"index.html":     {`href="web/index.html"`, `href="mobile/index.html"`},
	} {
		for _, text := range texts {
			if !strings.Contains(files[name], text) {
				t.Errorf("%s lacks %s", name, text)
			}
		}
	}
	for _, absent := range []string{"type=\"module\"", "data-run-at", "Changes", "/playground/", "Resolved by"} {
		if strings.Contains(files["web/index.html"], absent) {
			t.Errorf("the page has %s", absent)
		}
	}
	t.Setenv("DEPTH", "3")
	if text, code := runDocs(t, "-C", dir, "--out", out); code != 0 {
		t.Fatalf("again: exit %d: %s", code, text)
	}
	if again := folder(t, out); !maps.Equal(again, files) {
		t.Error("the same project makes other files")
	}
}

// Files of others are neither overwritten nor removed; what is no longer written is.
func TestFolderOfDocs(t *testing.T) {
	dir, out := documentedProject(t), t.TempDir()
	put(t, filepath.Join(out, "mine.txt"), "mine")
	if text, code := runDocs(t, "-C", dir, "--out", out); code != 1 || !strings.Contains(text, "has files that portico docs did not write, such as mine.txt") {
		t.Errorf("exit %d: %s", code, text)
	}
	if got := folder(t, out); len(got) != 1 {
		t.Errorf("it wrote %v", got)
	}
	if err := os.Remove(filepath.Join(out, "mine.txt")); err != nil {
		t.Fatal(err)
	}
	if text, code := runDocs(t, "-C", dir, "--out", out, "--frontend", "web"); code != 0 {
		t.Fatalf("exit %d: %s", code, text)
	}
	put(t, filepath.Join(out, "mine.txt"), "mine")
	put(t, filepath.Join(out, "mobile.md"), "mine")
	before := folder(t, out)
	if text, code := runDocs(t, "-C", dir, "--out", out); code != 1 || !strings.Contains(text, "mobile.md was not written by portico docs") {
		t.Errorf("exit %d: %s", code, text)
	}
	if !maps.Equal(before, folder(t, out)) {
		t.Error("a run that fails changed files")
	}
	if err := os.Remove(filepath.Join(out, "mobile.md")); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{}, {"--frontend", "mobile"}} {
		if text, code := runDocs(t, append(args, "-C", dir, "--out", out)...); code != 0 {
			t.Fatalf("exit %d: %s", code, text)
		}
	}
	want := []string{".portico-docs", "assets/docs.css", "assets/docs.js", "index.html", "mine.txt", "mobile.md", "mobile/index.html"}
	if got := slices.Sorted(maps.Keys(folder(t, out))); !slices.Equal(got, want) {
		t.Errorf("there are %v, want %v", got, want)
	}
	if _, err := os.Stat(filepath.Join(out, "web")); err == nil {
		t.Error("an empty folder is left")
	}
	put(t, filepath.Join(out, ".portico-docs"), "../victim\n")
	put(t, filepath.Join(out, "../victim"), "x")
	if text, code := runDocs(t, "-C", dir, "--out", out); code != 1 || !strings.Contains(text, "is not in the folder") {
		t.Errorf("exit %d: %s", code, text)
	}
}

// Changes are those since a revision, with links to what is still there.
func TestChangesInDocs(t *testing.T) {
	dir, out := documentedProject(t), t.TempDir()
	t.Chdir(dir)
	if text, code := runDocs(t, "--out", out, "--since", "v1"); code != 0 {
		t.Fatalf("exit %d: %s", code, text)
	}
	page := folder(t, out)["web/index.html"]
	for _, text := range []string{
		"Changes since v1", `<td>breaking</td><th scope="row"><a href="#Product"><code>Product.price</code></a></th>`, `href="#Query.top.first"`,
	} {
		if !strings.Contains(page, text) {
			t.Errorf("the page lacks %s", text)
		}
	}
	if text, code := runDocs(t, "--out", out, "--since", "v9"); code != 1 || !strings.Contains(text, "no git revision") {
		t.Errorf("exit %d: %s", code, text)
	}
}

// A gateway answers the examples that only read; for the others it is said why they are not run.
func TestAnswersInDocs(t *testing.T) {
	var mu sync.Mutex
	var asked []string
	long := false
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var request struct{ Query string }
		if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
			w.WriteHeader(http.StatusBadRequest)
		}
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, strings.Fields(request.Query)[1])
		text := fmt.Sprintf("%s as %q", r.URL.Path, r.Header.Get("Authorization"))
		if long {
			text = strings.Repeat("é", 20_000)
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"data": text})
	}))
	defer server.Close()
	dir, out := documentedProject(t), t.TempDir()
	for name, c := range map[string]struct {
		args, asked, texts []string
	}{
		"without a token": {nil, []string{"Top"}, []string{
			`/graphql/web as \"\"`, "Not run: it needs a token.", "Not run: it is a mutation.", "Not run: it is a subscription.", "Not run: it needs variables.",
		}},
		"with a token": {[]string{"--header", "Authorization: Bearer x"}, []string{"Names", "Top"}, []string{`/graphql/web as \"Bearer x\"`}},
	} {
		asked = nil
		if text, code := runDocs(t, append([]string{"-C", dir, "--out", out, "--run", server.URL}, c.args...)...); code != 0 {
			t.Fatalf("%s: exit %d: %s", name, code, text)
		}
		if slices.Sort(asked); !slices.Equal(asked, c.asked) {
			t.Errorf("%s: asked %v, want %v", name, asked, c.asked)
		}
		for _, text := range c.texts {
			if !strings.Contains(folder(t, out)["web.md"], text) {
				t.Errorf("%s: no %s in\n%s", name, text, folder(t, out)["web.md"])
			}
		}
	}
	long = true
	if text, code := runDocs(t, "-C", dir, "--out", out, "--run", server.URL); code != 0 {
		t.Fatalf("exit %d: %s", code, text)
	}
	if page := folder(t, out)["web.md"]; !regexp.MustCompile(`The first 1638[34] of 400\d\d bytes`).MatchString(page) || len(page) > 40_000 {
		t.Errorf("%d bytes: %s", len(page), page)
	}
	server.Close()
	if text, code := runDocs(t, "-C", dir, "--out", out, "--run", server.URL); code != 1 || !strings.Contains(text, "web/") {
		t.Errorf("exit %d: %s", code, text)
	}
}

func TestUseOfDocs(t *testing.T) {
	dir, out := documentedProject(t), t.TempDir()
	for want, args := range map[string][]string{
		`2 required flag(s) "out" not set`:              {},
		"0 portico docs --out DIR":                      {"-h"},
		"2 docs takes no arguments":                     {"--out", out, "x"},
		"1 there is no frontend wab; did you mean web?": {"-C", dir, "--out", out, "--frontend", "wab"},
		"1 a project is a Go module":                    {"-C", out, "--out", out},
		`1 --run "x" is no URL`:                         {"-C", dir, "--out", out, "--run", "x"},
		"2 write 'Name: value'":                         {"--out", out, "--header", "x"},
		"2 unknown flag: --nothing":                     {"--nothing"},
	} {
		text, code := runDocs(t, args...)
		if !strings.Contains(fmt.Sprint(code, " ", text), want[2:]) || !strings.HasPrefix(want, strconv.Itoa(code)) {
			t.Errorf("%v: exit %d: %s; want %s", args, code, text, want)
		}
	}
	if files := folder(t, out); len(files) > 0 {
		t.Errorf("wrong use wrote %v", files)
	}
}
