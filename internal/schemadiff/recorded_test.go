package schemadiff_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"

	"github.com/portico-gateway/portico/gateway/coordinate"
	"github.com/portico-gateway/portico/gateway/usage"
	"github.com/portico-gateway/portico/internal/longtest"
	"github.com/portico-gateway/portico/internal/schemadiff"
)

// What a gateway records of an operation is at least what a comparison looks up for
// it: a change that affects the operation is not unused by the recorded usage.
func TestRecordedUsageIsWhatChangesAffect(t *testing.T) { testRecordedUsage(t, 150) }

func TestRecordedUsageIsWhatChangesAffectLong(t *testing.T) {
	longtest.Only(t)
	testRecordedUsage(t, 3000)
}

func testRecordedUsage(t *testing.T, seeds int) {
	t.Helper()
	checked, affected := 0, 0
	for seed := range seeds {
		before, after := load(t, "old", dice{seed: seed}.schema()), load(t, "new", dice{seed: seed, changed: true}.schema())
		text := dice{seed: seed}.operation(before)
		doc, err := parser.ParseQuery(&ast.Source{Name: "op.graphql", Input: text})
		if err != nil {
			t.Fatal(err)
		}
		if len(validator.ValidateWithRules(before, doc, nil)) > 0 {
			continue
		}
		checked++
		set := coordinate.New(before).Of(doc.Operations[0])
		recorded := recordedUsage(t, set)
		for _, use := range schemadiff.CountedUses(before, doc.Operations[0]) {
			if def := before.Types[use]; def != nil && def.BuiltIn && def.Kind == ast.Scalar { // which can't change
				continue
			}
			if len(recorded.Clients([]string{use})) == 0 {
				t.Errorf("seed %d: %s is not recorded of\n%s\nbut %s", seed, use, text, set)
			}
		}
		changes := schemadiff.Compare(before, after)
		schemadiff.Check(changes, before, after, schemadiff.Known{
			Documents: []schemadiff.Document{{Source: &ast.Source{Name: "op.graphql", Input: text}}}, Usage: recorded,
		})
		for _, c := range changes {
			if len(c.Operations) > 0 {
				affected++
				if len(c.Clients) == 0 {
					t.Errorf("seed %d: %s affects the operation, but no client\n%s", seed, c.Message, text)
				}
			}
		}
	}
	if checked < seeds*3/5 || affected < seeds*3/5 {
		t.Errorf("%d operations, %d changes that affect them", checked, affected)
	}
}

// recordedUsage is the usage of one request.
func recordedUsage(t *testing.T, set coordinate.Set) *usage.Frontend {
	t.Helper()
	var file strings.Builder
	file.WriteString(`{"version":1,"from":"2026-11-01","to":"2026-11-01"}` + "\n")
	for of := range set.All() {
		fmt.Fprintf(&file, `{"frontend":"web","coordinate":%q,"count":1,"first":"2026-11-01","last":"2026-11-01"}`+"\n", of)
	}
	u, err := usage.Read(strings.NewReader(file.String()), usage.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range u.Records() {
		if r.Count != 1 {
			t.Errorf("%s is in the set %d times", r.Coordinate, r.Count)
		}
	}
	return u.Frontend("web", "")
}
