package e2e_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The README's way to add a frontend, in a copy of this repository: the schema
// of the README, one command, and it is served. Without its folder it is gone.
func TestAddFrontend(t *testing.T) {
	dir := copyRepository(t)
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	schema := regexp.MustCompile("(?s)`schema/tv/tv.graphqls`:.*?```graphql\n(.*?)```").FindSubmatch(readme)
	if schema == nil {
		t.Fatal("the README has no schema for a new frontend")
	}
	tv := filepath.Join(dir, "schema", "tv")
	write(t, filepath.Join(tv, "tv.graphqls"), string(schema[1]))
	in(t, dir, "make", "generate")
	in(t, dir, "go", "build", "-o", "bin/gateway", "./cmd/gateway")
	g := startIn(t, dir, filepath.Join(dir, "bin", "gateway"))
	a := g.query(t, "tv", `{ product(id: "p1") { name thumbnailUrl rating } }`, nil)
	if want := `{"product":{"name":"Stovetop Espresso Maker, 6 Cups","thumbnailUrl":"https://cdn.example.com/products/p1/200.webp","rating":4.7}}`; string(a.Data) != want {
		t.Errorf("got %s", a.body)
	}
	if a := g.query(t, "tv", `{ product(id: "p1") { description } }`, nil); a.code() != "GRAPHQL_VALIDATION_FAILED" {
		t.Errorf("got %s", a.body)
	}
	if err := os.RemoveAll(tv); err != nil {
		t.Fatal(err)
	}
	in(t, dir, "make", "generate")
	if out := in(t, dir, "git", "status", "--porcelain"); out != "" {
		t.Errorf("something is left of the frontend:\n%s", out)
	}
}

// Three mistakes are told at once, each with its place, and nothing changes.
func TestBrokenSchema(t *testing.T) {
	dir := copyRepository(t)
	file := filepath.Join(dir, "schema", "web", "catalog.graphqls")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	broken := strings.NewReplacer(
		"description: String\n", "description: Strng\n", // line 2
		"author: User @rest", "author: User!! @rest",
		"categories: [Category!]! @rest(service: \"catalog\", get: \"/categories\", select: \"categories\")\n", "shelves: [Category!]!\n",
	).Replace(string(text))
	write(t, file, broken)
	in(t, dir, "git", "commit", "-qam", "broken")
	cmd := exec.CommandContext(t.Context(), "make", "generate")
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err == nil {
		t.Errorf("make generate succeeded:\n%s", out)
	}
	for _, want := range []string{
		"schema/web/catalog.graphqls:2:16: Undefined type Strng.\n\tfix: did you mean String?",
		"schema/web/catalog.graphqls:29:16: Expected Name, found !",
		"schema/web/catalog.graphqls:51:3: nothing resolves Query.shelves",
		"3 mistakes; no file was changed",
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("missing %q in\n%s", want, out)
		}
	}
	if status := in(t, dir, "git", "status", "--porcelain"); status != "" {
		t.Errorf("a failed run changed\n%s", status)
	}
}

// copyRepository copies what git tracks, as it is on disk, into a repository of
// its own.
func copyRepository(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name := range strings.SplitSeq(strings.TrimSuffix(in(t, "..", "git", "ls-files", "-z"), "\x00"), "\x00") {
		text, err := os.ReadFile(filepath.Join("..", name))
		if os.IsNotExist(err) {
			continue // removed and not committed yet
		}
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, name), string(text))
	}
	in(t, dir, "git", "init", "-q")
	in(t, dir, "git", "add", "-A")
	in(t, dir, "git", "-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-qm", "copy")
	in(t, dir, "git", "config", "user.name", "t")
	in(t, dir, "git", "config", "user.email", "t@example.com")
	return dir
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// in runs a command in a folder and returns what it prints.
func in(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s%s", name, args, err, out, stderr.String())
	}
	return string(out)
}
