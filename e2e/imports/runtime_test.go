package imports_test

import (
	"flag"
	"go/types"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/go/packages"
)

var update = flag.Bool("update", false, "write what is expected")

// What generated code uses of the runtime is what it is in testdata/runtime.txt, or its version is another: then code that
// an earlier generator made does not compile, and the compiler says what to run.
func TestRuntimeOfGeneratedCode(t *testing.T) {
	const golden = "testdata/runtime.txt"
	loaded, err := packages.Load(&packages.Config{Mode: packages.LoadSyntax, Dir: root}, "./graph/...", "./clients/...")
	if err != nil {
		t.Fatal(err)
	}
	used, owners := map[string]bool{}, map[types.Object]string{}
	for _, pkg := range loaded {
		if len(pkg.Errors) > 0 {
			t.Fatal(pkg.Errors)
		}
		for _, imported := range pkg.Types.Imports() {
			addOwners(owners, imported)
		}
		for at, object := range pkg.TypesInfo.Uses {
			if strings.HasSuffix(pkg.Fset.Position(at.Pos()).Filename, ".gen.go") && object.Pkg() != nil && strings.Contains(object.Pkg().Path(), "/portico/gateway/") {
				used[owners[object]+described(object)] = true
			}
		}
	}
	version := regexp.MustCompile(`(?m)^const execute\.RunPorticoGenerate\d+`)
	now := strings.Join(slices.Sorted(maps.Keys(used)), "\n") + "\n"
	text, err := os.ReadFile(golden)
	if err != nil && !*update {
		t.Fatal(err)
	}
	before := string(text)
	if version.FindString(now) == "" {
		t.Fatal("generated code does not refer to its version")
	}
	if now == before {
		return
	}
	var gone []string
	for line := range strings.Lines(before) {
		if line = strings.TrimSuffix(line, "\n"); !used[line] {
			gone = append(gone, line)
		}
	}
	if gone != nil && version.FindString(now) == version.FindString(before) {
		t.Fatalf("generated code of before does not fit this runtime: raise the number of execute.RunPorticoGenerate, in internal/golang too. It used\n%s", strings.Join(gone, "\n"))
	}
	if !*update {
		t.Fatal("generated code uses more of the runtime: go test ./e2e/imports -run TestRuntimeOfGeneratedCode -update")
	}
	if err := os.WriteFile(golden, []byte(now), 0o600); err != nil {
		t.Fatal(err)
	}
}

// described returns an object as generated code sees it: a struct without the fields that only its own package reaches.
func described(object types.Object) string {
	text := types.ObjectString(object, (*types.Package).Name)
	of, ok := object.Type().Underlying().(*types.Struct)
	if _, isType := object.(*types.TypeName); !ok || !isType {
		return text
	}
	var exported []*types.Var
	for field := range of.Fields() {
		if field.Exported() {
			exported = append(exported, field)
		}
	}
	name, _, _ := strings.Cut(text, " struct{")
	return name + " " + types.TypeString(types.NewStruct(exported, nil), (*types.Package).Name)
}

// addOwners adds the structs of the fields of a package, which ObjectString lacks.
func addOwners(owners map[types.Object]string, pkg *types.Package) {
	for _, name := range pkg.Scope().Names() {
		of, ok := pkg.Scope().Lookup(name).Type().Underlying().(*types.Struct)
		if !ok {
			continue
		}
		for field := range of.Fields() {
			owners[field] = pkg.Name() + "." + name + " "
		}
	}
}
