package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/portico-gateway/portico/internal/longtest"
)

// demo copies the demo, with what it is built of, to a folder of its own.
func demo(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "demo")
	list, err := exec.CommandContext(t.Context(), "git", "-C", "../..", "ls-files", "--cached", "--others", "--exclude-standard").Output()
	if err != nil {
		t.Fatal(err)
	}
	for name := range strings.Lines(string(list)) {
		name = strings.TrimSuffix(name, "\n")
		if top, _, _ := strings.Cut(name, "/"); slices.Contains([]string{"bench", "docs", "e2e", "deploy"}, top) {
			continue
		}
		text, err := os.ReadFile(filepath.Join("../..", name))
		if err != nil {
			continue // it is removed
		}
		to := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// How long it takes from saving a file of the demo to the new answer, ten times. The figures are in docs/performance.md.
func TestDevLoopLong(t *testing.T) {
	longtest.Only(t)
	d := develop(t, demo(t))
	measure := func(name string, edit func(i int), served func(i int) bool) {
		var took []time.Duration
		for i := range 10 {
			began := time.Now()
			edit(i)
			d.settled()
			if took = append(took, time.Since(began).Round(10*time.Millisecond)); !served(i) {
				t.Fatalf("%s: edit %d is not served", name, i)
			}
		}
		slices.Sort(took)
		t.Logf("%s: median %v, worst %v of %v", name, took[len(took)/2], took[len(took)-1], took)
	}
	description := regexp.MustCompile(`(?m)^  description: String\n(  loop\d+: .*\n)?`)
	measure("schema", func(i int) {
		d.edit("schema/web/catalog.graphqls", description, fmt.Sprintf("  description: String\n  loop%d: String @source(name: \"description\")\n", i))
	}, func(i int) bool {
		return !strings.Contains(d.query(fmt.Sprintf(`{ product(id: "1") { loop%d } }`, i)), "Cannot query field")
	})
	depth := regexp.MustCompile(`(?m)^  explain: true.*\n(  limits: .*\n)?`)
	measure("portico.yaml", func(i int) {
		d.edit("portico.yaml", depth, fmt.Sprintf("  explain: true\n  limits: { depth: %d }\n", 1+i%2))
	}, func(i int) bool {
		_, err := post(t.Context(), d.url, `{ product(id: "1") { id } }`) // it is 2 deep
		return (err != nil && strings.Contains(err.Error(), "MAX_DEPTH_LIMIT")) == (i%2 == 0)
	})
}

// Random edits of the demo, valid and not: no request fails, and what is served is always the last that was valid.
func TestDevEditsLong(t *testing.T) {
	longtest.Only(t)
	const edits = 200
	d := develop(t, demo(t))
	defer d.load(`{ __typename }`, `{"data":{"__typename":"Query"}}`)()
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // no secret
	files := map[string][]string{         // the first ones are valid
		"schema/web/random.graphqls": {
			"extend type Query { randomA: [Category!]! @rest(service: \"catalog\", get: \"/categories\", select: \"categories\") }\n",
			"extend type Query { randomB: [Category!] @rest(service: \"catalog\", get: \"/categories\", select: \"categories\") }\n",
			"extend type Query { randomA: Nothing }\n",
			"extend type Query {",
		},
		"resolvers/random.go": {
			"package resolvers\n\nconst randomText = \"a\"\n", "package resolvers\n\nconst randomText = \"b\"\n",
			"package resolvers\n\nvar randomText int = \"\"\n", "package resolvers\n\nfunc {",
		},
	}
	names := []string{"schema/web/random.graphqls", "resolvers/random.go"}
	now := map[string]int{}
	for _, name := range names {
		d.save(name, files[name][0])
		d.settled()
	}
	served := now[names[0]] // the variant of the schema that is served
	began := time.Now()
	for i := range edits {
		name := names[random.IntN(len(names))]
		variant := random.IntN(len(files[name]))
		if variant == now[name] {
			variant = (variant + 1) % len(files[name])
		}
		now[name] = variant
		d.save(name, files[name][variant])
		report := d.settled()
		valid := now[names[0]] < 2 && now[names[1]] < 2
		if valid != (report.State == "serving") {
			t.Errorf("edit %d: %v is %+v", i, now, report)
		}
		if valid {
			served = now[names[0]]
		}
		for variant, field := range []string{"randomA", "randomB"} {
			has := !strings.Contains(d.query("{ "+field+" { id } }"), "Cannot query field")
			if has != (variant == served) {
				t.Errorf("edit %d: %v: %s is served: %v", i, now, field, has)
			}
		}
	}
	t.Logf("%d edits in %v", edits, time.Since(began).Round(time.Second))
}
