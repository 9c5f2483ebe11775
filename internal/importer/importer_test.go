package importer_test

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"golang.org/x/tools/txtar"

	"github.com/portico-gateway/portico/internal/importer"
)

var update = flag.Bool("update", false, "write what is drafted into the cases")

// TestDrafts runs the cases of testdata: a case has a document or protos,
// options, maybe a schema around, and the wanted draft or error.
func TestDrafts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("there are no cases", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			dir := unpack(t, archive)
			got := runCase(t, dir, archive)
			if *update {
				writeWanted(t, file, archive, got)
				return
			}
			for _, name := range []string{"want.graphqls", "want.txt"} {
				if want := part(archive, name); want != got[name] {
					t.Errorf("%s differs, got:\n%s\nwant:\n%s", name, got[name], want)
				}
			}
		})
	}
}

// runCase makes the draft of a case: twice, to see that it is the same.
func runCase(t *testing.T, dir string, archive *txtar.Archive) map[string]string {
	t.Helper()
	first, err := draftCase(t, dir, archive)
	second, again := draftCase(t, dir, archive)
	if err != nil {
		if _, ok := errors.AsType[*importer.MistakeError](err); !ok {
			t.Errorf("the error is no mistake: %v", err)
		}
		return map[string]string{"want.txt": strings.ReplaceAll(err.Error(), dir+"/", "") + "\n"}
	}
	if again != nil || string(first.Files[0].Content) != string(second.Files[0].Content) {
		t.Errorf("the second draft differs: %v", again)
	}
	checkDraft(t, dir, first)
	return map[string]string{"want.graphqls": string(first.Files[0].Content), "want.txt": summary(first)}
}

func draftCase(t *testing.T, dir string, archive *txtar.Archive) (*importer.Draft, error) {
	t.Helper()
	o := importer.Options{Dir: dir, Service: "shop"}
	for line := range strings.Lines(part(archive, "options")) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch key {
		case "service":
			o.Service = value
		case "frontend":
			o.Frontend = value
		case "only":
			o.Only = importer.ParseOnly(value)
		case "root":
			o.Roots = append(o.Roots, filepath.Join(dir, value))
		}
	}
	var protos []string
	for _, f := range archive.Files {
		file := filepath.Join(dir, f.Name)
		switch {
		case strings.HasPrefix(f.Name, "openapi."):
			return importer.OpenAPI(t.Context(), file, o)
		case strings.HasSuffix(f.Name, ".proto") && !strings.HasPrefix(f.Name, "imported/"):
			protos = append(protos, file)
		}
	}
	return importer.Proto(t.Context(), protos, o)
}

// summary is all of a draft but its SDL.
func summary(d *importer.Draft) string {
	var b strings.Builder
	for _, f := range d.Files {
		fmt.Fprintln(&b, "file:", f.Path)
	}
	fmt.Fprintln(&b, "fields:", d.Fields)
	if d.URL != "" {
		fmt.Fprintln(&b, "url:", d.URL)
	}
	for _, s := range d.LeftOut {
		fmt.Fprintln(&b, "left out:", s)
	}
	for _, s := range d.Notes {
		fmt.Fprintln(&b, "note:", s)
	}
	return b.String()
}

func unpack(t *testing.T, archive *txtar.Archive) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "schema", "shared"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, f := range archive.Files {
		if strings.HasPrefix(f.Name, "want.") || f.Name == "options" {
			continue
		}
		write(t, filepath.Join(dir, f.Name), string(f.Data))
	}
	return dir
}

func write(t *testing.T, name, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func part(archive *txtar.Archive, name string) string {
	for _, f := range archive.Files {
		if f.Name == name {
			return string(f.Data)
		}
	}
	return ""
}

func writeWanted(t *testing.T, file string, archive *txtar.Archive, got map[string]string) {
	t.Helper()
	archive.Files = slices.DeleteFunc(archive.Files, func(f txtar.File) bool { return strings.HasPrefix(f.Name, "want.") })
	for _, name := range []string{"want.graphqls", "want.txt"} {
		if got[name] != "" {
			archive.Files = append(archive.Files, txtar.File{Name: name, Data: []byte(got[name])})
		}
	}
	if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
		t.Fatal(err)
	}
}

// checkDraft loads the draft with the schema around it and checks that each
// variable of a binding is an argument of its field.
func checkDraft(t *testing.T, dir string, d *importer.Draft) {
	t.Helper()
	schema, err := load(dir, d)
	if err != nil {
		t.Fatalf("the draft is no valid schema: %v\n%s", err, d.Files[0].Content)
	}
	for _, root := range []*ast.Definition{schema.Query, schema.Mutation, schema.Subscription} {
		if root == nil {
			continue
		}
		for _, f := range root.Fields {
			checkBinding(t, f)
		}
	}
	for _, def := range schema.Types {
		if !def.BuiltIn && def.Kind == ast.InputObject && !strings.HasSuffix(def.Name, "Input") && !strings.HasPrefix(def.Name, "Binding") {
			t.Errorf("the input type %s is not named as one", def.Name)
		}
	}
}

var variables = regexp.MustCompile(`\$args\.(\w+)`)

func checkBinding(t *testing.T, f *ast.FieldDefinition) {
	t.Helper()
	for _, d := range f.Directives {
		if d.Name != "rest" && d.Name != "grpc" {
			continue
		}
		used := map[string]bool{}
		for _, arg := range d.Arguments {
			if text := arg.Value.String(); strings.Contains(text, "{$page.") { // is made of them
				used["first"] = true
				used["after"] = used["after"] || strings.Contains(text, "{$page.offset}") || strings.Contains(text, "{$page.number}")
			}
			for _, m := range variables.FindAllStringSubmatch(arg.Value.String(), -1) {
				used[m[1]] = true
				if f.Arguments.ForName(m[1]) == nil {
					t.Errorf("%s: the binding uses $args.%s, which is no argument", f.Name, m[1])
				}
			}
		}
		for _, a := range f.Arguments {
			if !used[a.Name] {
				t.Errorf("%s: the binding does not use the argument %s", f.Name, a.Name)
			}
		}
	}
}

// load makes a schema of the draft, the directives and what the project has
// beside the draft.
func load(dir string, d *importer.Draft) (*ast.Schema, error) {
	directives, err := os.ReadFile("../binding/directives.graphqls")
	if err != nil {
		return nil, err
	}
	sources := []*ast.Source{
		{Name: "directives.graphqls", Input: string(directives), BuiltIn: true},
		{Name: "constraint.graphqls", Input: "directive @constraint(min: Int, max: Int) on ARGUMENT_DEFINITION | INPUT_FIELD_DEFINITION", BuiltIn: true},
		{Name: d.Files[0].Path, Input: string(d.Files[0].Content)},
	}
	query := strings.Contains("\n"+string(d.Files[0].Content), "\ntype Query ")
	err = filepath.WalkDir(filepath.Join(dir, "schema"), func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || name == filepath.Join(dir, d.Files[0].Path) {
			return err
		}
		own, folder := path.Base(path.Dir(d.Files[0].Path)), filepath.Base(filepath.Dir(name))
		if own != "shared" && folder != own && folder != "shared" {
			return nil // another frontend's
		}
		content, err := os.ReadFile(name)
		query = query || strings.Contains("\n"+string(content), "\ntype Query ")
		sources = append(sources, &ast.Source{Name: name, Input: string(content)})
		return err
	})
	if err != nil {
		return nil, err
	}
	if !query {
		sources = append(sources, &ast.Source{Name: "query.graphqls", Input: "type Query { ping: Boolean }"})
	}
	return gqlparser.LoadSchema(sources...)
}

// TestLibraryDocuments imports every document in the library's own testdata:
// each yields a valid schema, or a mistake that is reported.
func TestLibraryDocuments(t *testing.T) {
	root := filepath.Join(moduleDir(t, "github.com/getkin/kin-openapi"), "openapi3", "testdata")
	imported, told := 0, 0
	err := filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(file)) {
			return err
		}
		dir := unpack(t, &txtar.Archive{})
		d, err := importer.OpenAPI(t.Context(), file, importer.Options{Dir: dir, Service: "shop"})
		var mistake *importer.MistakeError
		switch {
		case err == nil:
			imported++
			checkDraft(t, dir, d)
		case errors.As(err, &mistake) && mistake.Message != "":
			told++
			t.Log(strings.ReplaceAll(err.Error(), root, ""))
		default:
			t.Errorf("%s: %v", file, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if imported < 15 || told < 15 {
		t.Errorf("imported %d documents and refused %d: are they still there?", imported, told)
	}
}

func moduleDir(t *testing.T, module string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", module).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// FuzzOpenAPI imports documents: each yields a valid schema, or an
// error.
func FuzzOpenAPI(f *testing.F) {
	seed(f, "openapi.")
	f.Fuzz(func(t *testing.T, document string) {
		fuzzed(t, "openapi.yaml", document)
	})
}

// FuzzProto imports protos: each yields a valid schema, or an error.
func FuzzProto(f *testing.F) {
	seed(f, "protos/")
	f.Fuzz(func(t *testing.T, document string) {
		fuzzed(t, "shop.proto", document)
	})
}

// seed adds the documents of the cases, but for the large one.
func seed(f *testing.F, prefix string) {
	f.Helper()
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for _, part := range archive.Files {
			if strings.HasPrefix(part.Name, prefix) && len(part.Data) < 8<<10 {
				f.Add(string(part.Data))
			}
		}
	}
}

func fuzzed(t *testing.T, name, document string) {
	t.Helper()
	archive := &txtar.Archive{Files: []txtar.File{{Name: name, Data: []byte(document)}}}
	dir := unpack(t, archive)
	if d, err := draftCase(t, dir, archive); err == nil {
		checkDraft(t, dir, d)
	} else if err.Error() == "" || strings.Contains(err.Error(), "mistake of portico") {
		t.Error(err)
	}
}
