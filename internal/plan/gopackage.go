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

// This file finds the signatures of hand-written functions. Only declarations are
// checked, not the bodies of functions: these may use what is about to be
// generated. Of what they import, the models are known before they are written,
// and other packages are loaded when a signature names them.

// goPackages has hand-written packages, checked.
type goPackages struct {
	models *Models
	loaded map[string]*types.Package
}

// Import is part of types.Importer.
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

// checkGo checks the declarations of packages and returns them by path. Mistakes
// in a declaration that is wanted go to the report.
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
		checked := types.NewPackage(pkg.Path, pkg.Files[0].Name.Name)
		if pkg.Path == models.Package.Path() {
			checked = models.Package // files beside those that are generated
		}
		err := types.NewChecker(&config, pkg.Fset, checked, nil).Files(pkg.Files)
		_ = err // the first of those that Error got
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

// namedImports adds the imports of a file that wanted signatures and declared types
// name.
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
	var unsure []string
	for _, spec := range file.Imports {
		importPath, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue
		}
		if spec.Name != nil {
			if spec.Name.Name == "." || names[spec.Name.Name] {
				paths[importPath] = true
			}
			delete(names, spec.Name.Name)
			continue
		}
		guess := slices.IndexFunc(guesses(importPath), func(name string) bool { return names[name] })
		if guess < 0 {
			unsure = append(unsure, importPath)
			continue
		}
		paths[importPath] = true
		delete(names, guesses(importPath)[guess])
	}
	if len(names) > 0 { // a package whose path does not show its name
		for _, importPath := range unsure {
			paths[importPath] = true
		}
	}
}

// guesses are the names that a package of this path may have.
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
