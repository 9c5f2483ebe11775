package e2e_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/portico-gateway/portico/demo/demotest"
)

// usedPart is what portico usage --json says of a part.
type usedPart struct {
	Coordinate string
	Clients    []struct {
		Name, Version string
		Count         int
	}
}

// TestUsage is the way of a field that is to be removed, as docs/observability.md and
// docs/schema-changes.md describe it: a gateway records what two clients request, is
// restarted, and its file determines which changes break whom.
func TestUsage(t *testing.T) {
	t.Parallel()
	dir, d := t.TempDir(), demotest.Start(t)
	project, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	settings := strings.ReplaceAll(exampleOf(t, "docs/observability.md", "Usage", "yaml"), "/var/lib/portico", dir)
	file, recorded := filepath.Join(dir, "portico.yaml"), filepath.Join(dir, "usage.jsonl")
	write(t, file, settings+loopback+"cache: {size: 16MiB}\n"+authDemo(d)+services(d))
	shop := []string{"graphql-client-name", "shop-web", "graphql-client-version", "4.2"}
	app := []string{"apollographql-client-name", "app", "apollographql-client-version", "7"}

	first := startBeside(t, d, "..", binary, "-config", file)
	for range 3 { // from services, and from the cache
		first.query(t, "web", `{ product(id: "p1") { name price { amount } } }`, nil, shop...)
	}
	first.query(t, "mobile", `query ($id: ID!) { product(id: $id) { name } }`, map[string]any{"id": "p2"}, app...)
	first.query(t, "web", `{ product(id: "p1") { color } }`, nil, app...) // is not valid
	watched := openEvents(t, first, `subscription { stockChanged(productId: "p1") { available } }`)
	watched.next(t)

	// The commands of the document, while the gateway runs.
	commands := strings.NewReplacer("http://127.0.0.1:9090", first.admin, "go run ./cmd/portico usage", portico+" usage -C "+project+" --json").Replace(
		exampleOf(t, "docs/observability.md", "Usage", "sh"))
	in(t, t.TempDir(), "sh", "-ec", commands)
	if out := in(t, "..", portico, "usage", first.admin+"/usage?frontend=web"); !strings.Contains(out, "mobile: there is no usage of it") ||
		!strings.Contains(out, "Product.stock was not requested") || strings.Contains(out, "Subscription.stockChanged was not requested") {
		t.Errorf("of the gateway that runs:\n%s", out)
	}
	watched.close()
	first.stop(t)

	second := startBeside(t, d, "..", binary, "-config", file)
	second.query(t, "web", `{ product(id: "p1") { price { amount } } }`, nil, app...)
	second.query(t, "web", `{ product(id: "p1") { price { amount } } }`, nil, shop...)
	second.stop(t)

	// A price that is deprecated is used by both, with the requests before the restart.
	next := copySchema(t, filepath.Join(dir, "next"), regexp.MustCompile(`(?m)^(  price: Money!)`), "$1 @deprecated(reason: \"Use prices.\")")
	var listed struct {
		Frontends []struct {
			Frontend           string
			Unused, Deprecated []usedPart
		}
	}
	if err := json.Unmarshal([]byte(in(t, dir, portico, "usage", "-C", next, "--frontend", "web", "--json", recorded)), &listed); err != nil {
		t.Fatal(err)
	}
	of := listed.Frontends[0]
	if got := fmt.Sprint(of.Deprecated); got != "[{Product.price [{app 7 1} {shop-web 4.2 4}]}]" {
		t.Errorf("deprecated: %s", got)
	}
	for coordinate, unused := range map[string]bool{"Product.name": false, "Product.price": false, "Query.product": false, "Query.me": true, "Subscription.stockChanged": false} {
		if got := slices.ContainsFunc(of.Unused, func(p usedPart) bool { return p.Coordinate == coordinate }); got != unused {
			t.Errorf("%s is unused: %t", coordinate, got)
		}
	}

	// The gateway's file says whom the removal of a field breaks, and that nobody uses another.
	for field, want := range map[string]string{
		"price: Money!": "\tused by app 7: 1 request, the last on ",
		"stock: Stock":  "\tbreaking, but nothing that is known uses it\n",
	} {
		changed := copySchema(t, filepath.Join(dir, "without "+field), regexp.MustCompile(`(?m)^  `+field), "$0 @inaccessible")
		_, err := execute(dir, portico, "diff", project, changed, "--frontend", "web", "--operations", dir, "--usage", recorded)
		if err == nil || !strings.Contains(err.Error(), "exit status 1\n") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v\nwant:\n%s", field, err, want)
		}
	}
}

// copySchema copies this repository's schemas into the folder of another project, with a change.
func copySchema(t *testing.T, dir string, of *regexp.Regexp, with string) string {
	t.Helper()
	if err := os.CopyFS(filepath.Join(dir, "schema"), os.DirFS("../schema")); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "schema/*/*.graphqls"))
	if err != nil {
		t.Fatal(err)
	}
	changed := false
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if next := of.ReplaceAllString(string(text), with); next != string(text) {
			changed = true
			write(t, file, next)
		}
	}
	if !changed {
		t.Fatalf("no schema has %v", of)
	}
	return dir
}
