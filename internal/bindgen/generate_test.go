package bindgen_test

import (
	"errors"
	"flag"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/portico-gateway/portico/internal/bindgen"
	"github.com/portico-gateway/portico/internal/longtest"
)

var update = flag.Bool("update", false, "write what is generated into the cases")

// wantFile is the part of a case with the expected outcome.
const wantFile = "want"

// TestMistakes runs the cases of testdata/mistakes: projects with mistakes,
// and what a run says of them. A run must not change the project.
func TestMistakes(t *testing.T) {
	for _, file := range cases(t, "mistakes") {
		t.Run(name(file), func(t *testing.T) {
			archive := parse(t, file)
			dir := materialise(t, archive)
			before := snapshot(t, dir)
			err := bindgen.Generate(t.Context(), dir, nil)
			var found bindgen.Diagnostics
			if !errors.As(err, &found) {
				t.Fatalf("got %v, want diagnostics", err)
			}
			compare(t, file, archive, wantFile, found.Error()+"\n")
			if after := snapshot(t, dir); len(diff(before, after)) > 0 {
				t.Errorf("a failed run changed %v", diff(before, after))
			}
		})
	}
}

// TestProjects runs the cases of testdata/projects: they are generated, those with
// expected files twice and compared with these, vetted, and their own tests are run.
func TestProjects(t *testing.T) {
	for _, file := range cases(t, "projects") {
		t.Run(name(file), func(t *testing.T) {
			t.Parallel()
			archive := parse(t, file)
			dir := materialise(t, archive)
			generate(t, dir)
			first := snapshot(t, dir)
			if hasExpectations(archive) {
				generate(t, dir)
				if changed := diff(first, snapshot(t, dir)); len(changed) > 0 {
					t.Errorf("a second run changed %v", changed)
				}
			}
			for _, f := range archive.Files {
				if wanted, ok := strings.CutPrefix(f.Name, wantFile+"/"); ok {
					compare(t, file, archive, f.Name, first[wanted])
				}
			}
			generateReference(t, dir)
			goCommand(t, dir, "test", "-vet=all", "./...")
		})
	}
}

// hasExpectations reports whether a case has files that are expected to be generated.
func hasExpectations(archive *txtar.Archive) bool {
	return slices.ContainsFunc(archive.Files, func(f txtar.File) bool { return strings.HasPrefix(f.Name, wantFile+"/") })
}

// TestCompiledLong compares compiled execution with that of gqlgen and of graphql-js
// in many more operations: see testdata/projects/compiled.txtar.
func TestCompiledLong(t *testing.T) {
	longtest.Only(t)
	dir := materialise(t, parse(t, filepath.Join("testdata", "projects", "compiled.txtar")))
	generate(t, dir)
	generateReference(t, dir)
	goCommand(t, dir, "test", "-gcflags=", "-race", "-timeout", "60m", "-run", "GQLGen", ".")
	goCommand(t, dir, "test", "-gcflags=", "-timeout", "60m", "-run", "GraphQLJS", ".") // most of its time is that of graphql-js
}

// TestRemovedFrontend generates a project, removes a frontend and generates
// again: nothing of it is left, and what is not generated stays.
func TestRemovedFrontend(t *testing.T) {
	dir := materialise(t, parse(t, filepath.Join("testdata", "projects", "shapes.txtar")))
	tv := filepath.Join(dir, "schema", "tv")
	if err := os.Mkdir(tv, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(tv, "tv.graphqls"), []byte("enum Status { LIVE }"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := bindgen.Generate(t.Context(), dir, nil); err != nil {
		t.Fatal(err)
	}
	if registry := snapshot(t, dir)["graph/frontends.gen.go"]; !strings.Contains(registry, "tv.New(root, services)") {
		t.Errorf("the registry lacks the frontend:\n%s", registry)
	}
	keep := filepath.Join(dir, "graph", "notes.txt")
	if err := os.WriteFile(keep, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(tv); err != nil {
		t.Fatal(err)
	}
	if err := bindgen.Generate(t.Context(), dir, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "graph", "tv")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("graph/tv is still there: %v", err)
	}
	if _, err := os.Stat(keep); err != nil {
		t.Errorf("a file that was not generated is gone: %v", err)
	}
}

func cases(t *testing.T, kind string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", kind, "*.txtar"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases in testdata/%s: %v", kind, err)
	}
	return files
}

func name(file string) string { return strings.TrimSuffix(filepath.Base(file), ".txtar") }

func parse(t *testing.T, file string) *txtar.Archive {
	t.Helper()
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return archive
}

// defaults are files that a case has unless it brings its own; one that is empty is left out.
var defaults = map[string]string{
	"gqlgen.yml":        "exec: {filename: graph/{frontend}/executor.gen.go}\n",
	"resolvers/root.go": "package resolvers\n\n// Root is empty.\ntype Root struct{}\n",
}

// materialise writes a case's files into a temporary module. One with tests that
// declare serviceNames gets the harness for them.
func materialise(t *testing.T, archive *txtar.Archive) string {
	t.Helper()
	dir := t.TempDir()
	write := func(name, text string) {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range defaults {
		if !slices.ContainsFunc(archive.Files, func(f txtar.File) bool { return f.Name == name }) {
			write(name, text)
		}
	}
	for _, f := range archive.Files {
		_, isDefault := defaults[f.Name]
		if leftOut := isDefault && len(f.Data) == 0; !leftOut && f.Name != wantFile && !strings.HasPrefix(f.Name, wantFile+"/") {
			write(f.Name, string(f.Data))
		}
	}
	for name, text := range moduleFiles(t) {
		write(name, text)
	}
	if strings.Contains(string(txtar.Format(archive)), "var serviceNames = ") {
		text, err := os.ReadFile(filepath.Join("testdata", "harness", "harness_test.go.txt"))
		if err != nil {
			t.Fatal(err)
		}
		write("harness_test.go", string(text))
	}
	return dir
}

// moduleFiles are a go.mod that requires this module as it is on disk, and its
// go.sum.
func moduleFiles(t *testing.T) map[string]string {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	sum, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	const self = "github.com/portico-gateway/portico"
	text := regexp.MustCompile(`(?m)^module .*$`).ReplaceAllString(string(mod), "module example.com/project")
	text += "\nrequire " + self + " v0.0.0\n\nreplace " + self + " => " + root + "\n"
	return map[string]string{"go.mod": text, "go.sum": string(sum)}
}

// snapshot reads all files below dir.
func snapshot(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(file)
		rel, _ := filepath.Rel(dir, file)
		files[filepath.ToSlash(rel)] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func diff(before, after map[string]string) []string {
	var changed []string
	for name, text := range before {
		if now, ok := after[name]; !ok || now != text {
			changed = append(changed, name)
		}
	}
	for name := range after {
		if _, ok := before[name]; !ok {
			changed = append(changed, name)
		}
	}
	return changed
}

// compare compares a part of a case with what came out, or updates it.
func compare(t *testing.T, file string, archive *txtar.Archive, part, got string) {
	t.Helper()
	for i, f := range archive.Files {
		if f.Name != part {
			continue
		}
		if string(f.Data) == got {
			return
		}
		if !*update {
			t.Errorf("%s of %s differs (go test ./internal/bindgen -update writes it)\ngot:\n%s\nwant:\n%s", part, file, got, f.Data)
			return
		}
		archive.Files[i].Data = []byte(got)
		if err := os.WriteFile(file, txtar.Format(archive), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Fatalf("%s has no part %s", file, part)
}

func goCommand(t *testing.T, dir string, args ...string) {
	t.Helper()
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("go %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// A field that becomes nullable in one frontend changes the models of all: the run
// says so, with both places, once.
func TestNoteOfChangedModels(t *testing.T) {
	dir := materialise(t, &txtar.Archive{Files: []txtar.File{
		{Name: "schema/web/a.graphqls", Data: []byte("type Query { a: User @rest(service: \"s\", get: \"/a\") }\ntype User { name: String! }\n")},
		{Name: "schema/tv/a.graphqls", Data: []byte("type Query { a: User @rest(service: \"s\", get: \"/a\") }\ntype User { name: String! }\n")},
	}})
	notes := func() []string {
		var all []string
		if err := bindgen.Generate(t.Context(), dir, func(s bindgen.Step) { all = append(all, s.Notes...) }); err != nil {
			t.Fatal(err)
		}
		return all
	}
	if got := notes(); len(got) > 0 {
		t.Errorf("at first: %q", got)
	}
	text := "type Query { a: User @rest(service: \"s\", get: \"/a\") }\ntype User { name: String }\n"
	if err := os.WriteFile(filepath.Join(dir, "schema", "tv", "a.graphqls"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	want := "schema/tv/a.graphqls:2:13: User.name can be null here, and not at schema/web/a.graphqls:2:13: model.User.Name is *string now, and was string"
	if got := notes(); len(got) != 1 || got[0] != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := notes(); len(got) > 0 {
		t.Errorf("once more: %q", got)
	}
}
