package e2e_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/portico-gateway/portico/demo/demotest"
)

// The README's way to add a frontend, in a copy of this repository: the schema
// of the README, one command, and it is served. Without its folder it is gone.
func TestAddFrontend(t *testing.T) {
	d := demotest.Start(t)
	g := startExtended(t, d, loopback+authDemo(d), nil)
	a := g.query(t, "tv", `{ product(id: "p1") { name thumbnailUrl rating } }`, nil)
	if want := `{"product":{"name":"Stovetop Espresso Maker, 6 Cups","thumbnailUrl":"https://cdn.example.com/products/p1/200.webp","rating":4.7}}`; string(a.Data) != want {
		t.Errorf("got %s", a.body)
	}
	if a := g.query(t, "tv", `{ product(id: "p1") { description } }`, nil); a.code() != "GRAPHQL_VALIDATION_FAILED" {
		t.Errorf("got %s", a.body)
	}
	if e, _ := extended(); e.left != "" {
		t.Errorf("something is left of the frontend:\n%s", e.left)
	}
}

// Three mistakes are reported together, each with its place, and nothing changes.
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
