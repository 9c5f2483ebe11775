package schemadiff_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
	"golang.org/x/tools/txtar"

	"github.com/portico-gateway/portico/internal/project"
	"github.com/portico-gateway/portico/internal/schemadiff"
)

// A project that did not change has no changes, whatever its schemas say.
func TestNoChanges(t *testing.T) {
	archives, err := filepath.Glob("../bindgen/testdata/projects/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("%d projects: %v", len(archives), err)
	}
	for _, name := range archives {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files := project.Files{}
		for _, file := range archive.Files {
			if project.IsAPIFile(file.Name) {
				files[file.Name] = string(file.Data)
			}
		}
		report := &project.Report{}
		before, after := project.ReadAPIs(files, "", report), project.ReadAPIs(files, "", report)
		if err := report.Err(); err != nil || len(before) == 0 {
			t.Errorf("%s: %d frontends: %v", name, len(before), err)
			continue
		}
		for i := range before {
			for _, c := range schemadiff.Compare(before[i].Schema, after[i].Schema) {
				t.Errorf("%s: %s: %v", name, before[i].Name, c)
			}
		}
	}
}

// What is compared is what callers see: the published schema of this repository's
// project has the same types, fields, costs and rights. Only the project knows which fields are
// private because of their services.
func TestSameAsPublished(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	report := &project.Report{}
	p, err := project.Read(root, report)
	if err != nil || report.Err() != nil {
		t.Fatal(err, report.Err())
	}
	files, err := project.ReadFiles(root)
	if err != nil {
		t.Fatal(err)
	}
	apis := project.ReadAPIs(files, "", report)
	if len(apis) != len(p.Frontends) || len(apis) < 2 {
		t.Fatalf("%d frontends, %d in the project", len(apis), len(p.Frontends))
	}
	for i, f := range p.Frontends {
		for _, c := range schemadiff.Compare(f.API, apis[i].Schema) {
			if c.Code != schemadiff.CacheControlChanged {
				t.Errorf("%s: %v", f.Name, c)
			}
		}
	}
}

// No schema makes the comparison panic, and whatever is valid equals itself.
func FuzzCompare(f *testing.F) {
	for seed := range 20 {
		f.Add(dice{seed: seed}.schema(), dice{seed: seed, changed: true}.schema())
	}
	f.Add("type Query @authenticated { a(b: Int = 1 @constraint(min: 1)): [Int] @listSize(assumedSize: 1) @rateLimit(max: 1, window: \"1m\") }",
		"type Query @requiresScopes(scopes: [[\"a\"]]) { a(b: Int @cost(weight: \"1\")): Int @cacheControl(maxAge: 1) @inaccessible c: Int @cost(weight: 2) }")
	f.Fuzz(func(t *testing.T, before, after string) {
		read := func(text string) *ast.Schema {
			return project.ReadAPI("", nil, []*ast.Source{{Name: "schema", Input: text}}, &project.Report{})
		}
		old, now := read(before), read(after)
		if old == nil || now == nil {
			return
		}
		schemadiff.Compare(old, now)
		if changes := schemadiff.Compare(old, read(before)); len(changes) > 0 {
			t.Errorf("%s differs from itself: %v", strings.TrimSpace(before), changes)
		}
	})
}
