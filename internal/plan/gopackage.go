package plan

import (
	"errors"
	"go/ast"
	"go/token"
	"go/types"
	"path"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/tools/go/packages"

	"github.com/portico-gateway/portico/internal/project"
)

// This file type-checks the declarations of hand-written packages, without the
// bodies of functions, which may use code that is not generated yet. The models
// are known before they are written; other imports are loaded if a signature
// names them.

// goPackages imports the packages that hand-written signatures name.
type goPackages struct {
	models *Models
	loaded map[string]*types.Package
}

// Import implements types.Importer.
func (g *goPackages) Import(importPath string) (*types.Package, error) {
	if importPath == g.models.Package.Path() {
		return g.models.Package, nil
	}
	if pkg := g.loaded[importPath]; pkg != nil {
		return pkg, nil
	}
	return nil, errNotNamed
}

var errNotNamed = errors.New("no signature names it")

// checkGo type-checks the declarations of packages and returns the packages by
// path. Mistakes in the declarations that wanted selects go to the report.
func checkGo(p *project.Project, models *Models, all []*project.GoPackage, wanted func(*ast.FuncDecl) bool,
	r *project.Report) (map[string]*types.Package, error) {
	g := &goPackages{models: models, loaded: map[string]*types.Package{}}
	if err := g.load(p.Root, all, wanted); err != nil {
		return nil, err
	}
	out := map[string]*types.Package{}
	for _, pkg := range all {
		var spans [][2]token.Pos
		for _, file := range pkg.Files {
			for _, decl := range file.Decls {
				if fn, ok := decl.(*ast.FuncDecl); ok && wanted(fn) {
					spans = append(spans, [2]token.Pos{fn.Pos(), fn.Type.End()})
				}
			}
		}
		config := types.Config{Importer: g, IgnoreFuncBodies: true, Error: func(err error) {
			mistake, ok := errors.AsType[types.Error](err)
			if ok && slices.ContainsFunc(spans, func(s [2]token.Pos) bool { return mistake.Pos >= s[0] && mistake.Pos <= s[1] }) {
				r.AtGo(pkg.Fset.Position(mistake.Pos), "", "%s", mistake.Msg)
			}
		}}
		checked, err := config.Check(pkg.Path, pkg.Fset, pkg.Files, nil)
		_ = err // Error got it
		out[pkg.Path] = checked
	}
	return out, nil
}

// load loads the packages that declarations name.
func (g *goPackages) load(dir string, all []*project.GoPackage, wanted func(*ast.FuncDecl) bool) error {
	paths := map[string]bool{}
	for _, pkg := range all {
		for _, file := range pkg.Files {
			namedImports(file, wanted, paths)
		}
	}
	delete(paths, g.models.Package.Path())
	if len(paths) == 0 {
		return nil
	}
	var patterns []string
	for name := range paths {
		patterns = append(patterns, name)
	}
	slices.Sort(patterns)
	loaded, err := packages.Load(&packages.Config{Mode: packages.LoadTypes, Dir: dir}, patterns...)
	if err != nil {
		return err
	}
	for _, pkg := range loaded {
		if pkg.Types != nil && len(pkg.Errors) == 0 {
			g.loaded[pkg.PkgPath] = pkg.Types
		}
	}
	return nil
}

// namedImports adds to paths the imports of a file that its types and its
// wanted signatures name.
func namedImports(file *ast.File, wanted func(*ast.FuncDecl) bool, paths map[string]bool) {
	names := map[string]bool{}
	collect := func(n ast.Node) bool {
		if selector, ok := n.(*ast.SelectorExpr); ok {
			if id, ok := selector.X.(*ast.Ident); ok {
				names[id.Name] = true
			}
		}
		return true
	}
	for _, decl := range file.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			if wanted(d) {
				ast.Inspect(d.Type, collect)
			}
		case *ast.GenDecl:
			if d.Tok == token.TYPE {
				ast.Inspect(d, collect)
			}
		}
	}
	for _, spec := range file.Imports {
		importPath, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue
		}
		if spec.Name != nil && names[spec.Name.Name] || spec.Name == nil && slices.ContainsFunc(guesses(importPath),
			func(name string) bool { return names[name] }) {
			paths[importPath] = true
		}
	}
}

// guesses returns the names that a package of this path may have.
func guesses(importPath string) []string {
	base := path.Base(importPath)
	list := []string{base}
	if dir := path.Dir(importPath); len(base) > 1 && base[0] == 'v' && base[1] >= '0' && base[1] <= '9' {
		list = append(list, path.Base(dir)) // a major version
	}
	for _, name := range slices.Clone(list) {
		before, _, _ := strings.Cut(name, ".")
		list = append(list, before, strings.ReplaceAll(name, "-", ""), strings.ReplaceAll(name, "-", "_"), strings.TrimPrefix(name, "go-"),
			strings.TrimSuffix(name, "-go"))
	}
	return list
}
