package imports_test

import (
	"go/ast"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/go/packages"
)

// A package of internal/ reads from its first file, the one that is named like it,
// down: there is an order of its files in which at most so many of the references
// between them run upwards, to what was read before. No file is longer than this.
const (
	mostUpwards  = 0.15
	longestLines = 400
)

func TestPackagesReadDown(t *testing.T) {
	loaded, err := packages.Load(&packages.Config{Mode: packages.LoadSyntax, Dir: root}, "./internal/...")
	if err != nil {
		t.Fatal(err)
	}
	for _, pkg := range loaded {
		t.Run(pkg.Name, func(t *testing.T) {
			if len(pkg.Errors) > 0 {
				t.Fatal(pkg.Errors)
			}
			for _, file := range pkg.GoFiles {
				text, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				if lines := strings.Count(string(text), "\n"); lines > longestLines {
					t.Errorf("%s has %d lines, at most %d are allowed", filepath.Base(file), lines, longestLines)
				}
			}
			refs := references(pkg)
			order, up := readingOrder(pkg.Name+".go", refs)
			if total := refs.count(func(from, to string) bool { return true }); total > 20 && float64(up) > mostUpwards*float64(total) {
				t.Errorf("%d of %d references run upwards at best, in the order %s", up, total, strings.Join(order, " "))
			}
		})
	}
}

// fileReferences count the references between the files of a package.
type fileReferences map[[2]string]int

func (r fileReferences) count(counted func(from, to string) bool) int {
	n := 0
	for pair, times := range r {
		if counted(pair[0], pair[1]) {
			n += times
		}
	}
	return n
}

// upwards are the references to files that come earlier in an order.
func (r fileReferences) upwards(order []string) int {
	return r.count(func(from, to string) bool { return slices.Index(order, to) < slices.Index(order, from) })
}

// references finds the uses of declarations, fields and methods of other files.
func references(pkg *packages.Package) fileReferences {
	refs := fileReferences{}
	for _, file := range pkg.Syntax {
		from := filepath.Base(pkg.Fset.Position(file.Pos()).Filename)
		ast.Inspect(file, func(n ast.Node) bool {
			id, ok := n.(*ast.Ident)
			if !ok {
				return true
			}
			used := pkg.TypesInfo.Uses[id]
			if used == nil || used.Pkg() != pkg.Types || used.Parent() != nil && used.Parent() != pkg.Types.Scope() {
				return true
			}
			if to := filepath.Base(pkg.Fset.Position(used.Pos()).Filename); to != from {
				refs[[2]string{from, to}]++
			}
			return true
		})
	}
	return refs
}

// readingOrder moves files until no move makes fewer references run upwards. The
// first file stays the first.
func readingOrder(first string, refs fileReferences) (order []string, up int) {
	for pair := range refs {
		for _, name := range pair {
			if name != first && !slices.Contains(order, name) {
				order = append(order, name)
			}
		}
	}
	slices.Sort(order)
	order = append([]string{first}, order...)
	up = refs.upwards(order)
	for improved := true; improved; {
		improved = false
		for from := 1; from < len(order); from++ {
			for to := 1; to < len(order); to++ {
				moved := slices.Insert(slices.Delete(slices.Clone(order), from, from+1), to, order[from])
				if n := refs.upwards(moved); n < up {
					order, up, improved = moved, n, true
				}
			}
		}
	}
	return order, up
}
