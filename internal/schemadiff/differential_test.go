package schemadiff_test

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"

	"github.com/portico-gateway/portico/internal/longtest"
	"github.com/portico-gateway/portico/internal/schemadiff"
)

type schemaPair struct {
	Old string `json:"old"`
	New string `json:"new"`
}

// theirs is what graphql-js calls each kind of change that it knows.
func theirs(c schemadiff.Change) string {
	switch c.Code {
	case schemadiff.TypeRemoved:
		return "TYPE_REMOVED"
	case schemadiff.TypeKindChanged:
		return "TYPE_CHANGED_KIND"
	case schemadiff.FieldRemoved, schemadiff.InputFieldRemoved:
		return "FIELD_REMOVED"
	case schemadiff.FieldTypeChanged, schemadiff.InputFieldTypeChanged:
		return "FIELD_CHANGED_KIND"
	case schemadiff.InputFieldMadeRequired:
		if strings.Contains(c.Message, "default") {
			return "" // it compares no defaults of input fields
		}
		return "FIELD_CHANGED_KIND"
	case schemadiff.ArgumentRemoved:
		return "ARG_REMOVED"
	case schemadiff.ArgumentTypeChanged:
		return "ARG_CHANGED_KIND"
	case schemadiff.ArgumentMadeRequired:
		if strings.Contains(c.Message, "default") {
			return "ARG_DEFAULT_VALUE_CHANGE" // which is only dangerous there
		}
		return "ARG_CHANGED_KIND"
	case schemadiff.ArgumentDefaultChanged:
		if strings.HasSuffix(c.Message, " now") {
			return "" // a default that is new is no change there
		}
		return "ARG_DEFAULT_VALUE_CHANGE"
	case schemadiff.RequiredArgumentAdded:
		return "REQUIRED_ARG_ADDED"
	case schemadiff.ArgumentAdded:
		return "OPTIONAL_ARG_ADDED" // dangerous there
	case schemadiff.RequiredInputFieldAdded:
		return "REQUIRED_INPUT_FIELD_ADDED"
	case schemadiff.InputFieldAdded:
		return "OPTIONAL_INPUT_FIELD_ADDED" // dangerous there
	case schemadiff.EnumValueRemoved:
		return "VALUE_REMOVED_FROM_ENUM"
	case schemadiff.EnumValueAdded:
		return "VALUE_ADDED_TO_ENUM"
	case schemadiff.UnionMemberRemoved:
		return "TYPE_REMOVED_FROM_UNION"
	case schemadiff.UnionMemberAdded:
		return "TYPE_ADDED_TO_UNION"
	case schemadiff.InterfaceRemoved:
		return "IMPLEMENTED_INTERFACE_REMOVED"
	case schemadiff.InterfaceAdded:
		return "IMPLEMENTED_INTERFACE_ADDED"
	case schemadiff.DirectiveRemoved:
		return "DIRECTIVE_REMOVED"
	case schemadiff.DirectiveLocationRemoved:
		return "DIRECTIVE_LOCATION_REMOVED"
	case schemadiff.DirectiveRepeatableRemoved:
		return "DIRECTIVE_REPEATABLE_REMOVED"
	case schemadiff.DirectiveArgumentRemoved:
		return "DIRECTIVE_ARG_REMOVED"
	case schemadiff.RequiredDirectiveArgument:
		return "REQUIRED_DIRECTIVE_ARG_ADDED"
	}
	return ""
}

// The changes of random schemas are those that graphql-js finds, but for the
// differences that theirs names.
func TestSameAsGraphQLJS(t *testing.T) {
	var pairs []schemaPair
	for seed := range 400 {
		pairs = append(pairs, schemaPair{dice{seed: seed}.schema(), dice{seed: seed, changed: true}.schema()})
	}
	input, err := json.Marshal(pairs)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "node", "changes.mjs")
	cmd.Dir, cmd.Stdin = "../../e2e/clients", bytes.NewReader(input)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("node: %v (make test-setup installs it): %s", err, stderr.Bytes())
	}
	var found [][]struct{ Type, Of string }
	if err := json.Unmarshal(out, &found); err != nil || len(found) != len(pairs) {
		t.Fatalf("%d lists: %v", len(found), err)
	}
	kinds := map[string]int{}
	for i, pair := range pairs {
		var want, got []string
		for _, c := range found[i] {
			want = append(want, c.Type+" "+c.Of)
			kinds[c.Type]++
		}
		for _, c := range schemadiff.Compare(load(t, "old", pair.Old), load(t, "new", pair.New)) {
			if name := theirs(c); name != "" {
				got = append(got, name+" "+c.Coordinate)
			}
		}
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Fatalf("seed %d: got\n%s\ngraphql-js:\n%s\nold:\n%s\nnew:\n%s", i, strings.Join(got, "\n"), strings.Join(want, "\n"), pair.Old, pair.New)
		}
	}
	if len(kinds) < 20 {
		t.Errorf("the schemas have only %d kinds of changes: %v", len(kinds), kinds)
	}
}

// An operation that is no longer valid is affected by a breaking change.
func TestInvalidOperationsAreAffected(t *testing.T) { testInvalidOperations(t, 300) }

func TestInvalidOperationsAreAffectedLong(t *testing.T) {
	longtest.Only(t)
	testInvalidOperations(t, 5000)
}

func testInvalidOperations(t *testing.T, seeds int) {
	t.Helper()
	checked, invalid := 0, 0
	for seed := range seeds {
		before, after := load(t, "old", dice{seed: seed}.schema()), load(t, "new", dice{seed: seed, changed: true}.schema())
		changes := schemadiff.Compare(before, after)
		text := dice{seed: seed}.operation(before)
		known := schemadiff.Known{Documents: []schemadiff.Document{{Source: &ast.Source{Name: "op.graphql", Input: text}}}}
		if skipped := schemadiff.Check(changes, before, after, known); len(skipped) > 0 {
			continue
		}
		checked++
		doc, err := parser.ParseQuery(&ast.Source{Name: "op.graphql", Input: text})
		if err != nil {
			t.Fatal(err)
		}
		errs := validator.ValidateWithRules(after, doc, nil)
		if len(errs) == 0 {
			continue
		}
		invalid++
		if !slices.ContainsFunc(changes, func(c schemadiff.Change) bool { return c.Level == schemadiff.Breaking && len(c.Operations) > 0 }) {
			t.Fatalf("seed %d: %v, but no change affects\n%s", seed, errs[0], text)
		}
	}
	if checked < seeds*2/3 || invalid < seeds/5 {
		t.Errorf("%d operations were checked, %d became invalid", checked, invalid)
	}
}
