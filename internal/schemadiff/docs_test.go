package schemadiff_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/portico-gateway/portico/internal/schemadiff"
)

var update = flag.Bool("update", false, "write the table of changes into the documentation")

// docs/schema-changes.md has a table of all changes.
func TestDocumentation(t *testing.T) {
	const file, begin, end = "../../docs/schema-changes.md", "<!-- begin -->\n", "<!-- end -->"
	var table strings.Builder
	table.WriteString("| code | level | what changed | affects |\n|---|---|---|---|\n")
	for _, kind := range schemadiff.Kinds() {
		affects := kind.Affects
		if affects == "" {
			affects = "–"
		}
		fmt.Fprintf(&table, "| `%s` | %s | %s | %s |\n", kind.Code, kind.Level, kind.Means, affects)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), begin)
	old, after, also := strings.Cut(rest, end)
	if !ok || !also {
		t.Fatalf("%s has no place for the table", file)
	}
	if *update {
		if err := os.WriteFile(file, []byte(before+begin+table.String()+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if old != table.String() {
		t.Errorf("the table of %s is not that of the code: go test ./internal/schemadiff -run TestDocumentation -update", file)
	}
}

// Every code is that of one kind.
func TestKinds(t *testing.T) {
	seen := map[schemadiff.Code]bool{}
	for _, kind := range schemadiff.Kinds() {
		if seen[kind.Code] || kind.Means == "" || (kind.Level == schemadiff.Safe) != (kind.Affects == "") {
			t.Errorf("%+v", kind)
		}
		seen[kind.Code] = true
	}
}
