package plan

import (
	"errors"
	"go/ast"
	"go/token"
	"go/types"
	"maps"
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

// goPackages imports the packages that hand-written declarations name.
type goPackages struct {
	project *project.Project
	models  *Models
	wanted  func(*ast.FuncDecl) bool
	sources map[string]*project.GoPackage // of the project, by path
	checked map[string]*types.Package     // of the project; nil while it is checked
	loaded  map[string]*types.Package     // of other modules
	report  func(pkg *project.GoPackage, mistake types.Error)
}

// checkGo type-checks the declarations of packages and returns the packages by
// path. Mistakes in the signatures that wanted selects go to the report.
func checkGo(p *project.Project, models *Models, all []*project.GoPackage, wanted func(*ast.FuncDecl) bool,
	r *project.Report) (map[string]*types.Package, error) {
	g := &goPackages{
		project: p, models: models, wanted: wanted,
		sources: map[string]*project.GoPackage{}, checked: map[string]*types.Package{}, loaded: map[string]*types.Package{},
	}
	g.report = func(pkg *project.GoPackage, mistake types.Error) {
		continued := strings.HasPrefix(mistake.Msg, "\t") // of the mistake before
		if slices.Contains(all, pkg) && !continued && inSignature(pkg, wanted, mistake.Pos) {
			r.AtGo(pkg.Fset.Position(mistake.Pos), "", "%s", mistake.Msg)
		}
	}
	if err := g.load(all); err != nil {
		return nil, err
	}
	out := map[string]*types.Package{}
	for _, pkg := range all {
		out[pkg.Path] = g.check(pkg)
	}
	return out, nil
}

// inSignature reports whether a position is in a signature that is wanted.
func inSignature(pkg *project.GoPackage, wanted func(*ast.FuncDecl) bool, pos token.Pos) bool {
	for _, file := range pkg.Files {
		for _, decl := range file.Decls {
			if fn, ok := decl.(*ast.FuncDecl); ok && wanted(fn) && pos >= fn.Pos() && pos <= fn.Type.End() {
				return true
			}
		}
	}
	return false
}

// load finds the packages that declarations name: those of the project as they are
// written, others as they are compiled.
func (g *goPackages) load(all []*project.GoPackage) error {
	paths, queue := map[string]bool{}, slices.Clone(all)
	for _, pkg := range all {
		g.sources[pkg.Path] = pkg
	}
	for len(queue) > 0 {
		pkg := queue[0]
		queue = queue[1:]
		named := map[string]bool{}
		for _, file := range pkg.Files {
			namedImports(file, g.wanted, named)
		}
		for importPath := range named {
			folder, ours := strings.CutPrefix(importPath, g.project.Module+"/")
			if !ours {
				paths[importPath] = true
				continue
			}
			if _, known := g.sources[importPath]; known || importPath == g.models.Package.Path() || g.models.protos[importPath] != nil {
				continue
			}
			found, err := project.ReadGo(g.project, folder, &project.Report{}) // the compiler reports mistakes in it
			if err != nil {
				return err
			}
			if g.sources[importPath] = found; found != nil {
				queue = append(queue, found)
			}
		}
	}
	if len(paths) == 0 {
		return nil
	}
	loaded, err := packages.Load(&packages.Config{Mode: packages.LoadTypes, Dir: g.project.Root}, slices.Sorted(maps.Keys(paths))...)
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

// check checks the declarations of a package of the project.
func (g *goPackages) check(pkg *project.GoPackage) *types.Package {
	if have, ok := g.checked[pkg.Path]; ok {
		return have
	}
	g.checked[pkg.Path] = nil
	out := types.NewPackage(pkg.Path, pkg.Name())
	if pkg.Path == g.models.Package.Path() {
		out = g.models.Package // files beside those that are generated
	}
	config := types.Config{Importer: g, IgnoreFuncBodies: true, Error: func(err error) {
		if mistake, ok := errors.AsType[types.Error](err); ok {
			g.report(pkg, mistake)
		}
	}}
	err := types.NewChecker(&config, pkg.Fset, out, nil).Files(pkg.Files)
	_ = err // the first of those that Error got
	out.MarkComplete()
	g.checked[pkg.Path] = out
	return out
}

// Import implements types.Importer.
func (g *goPackages) Import(importPath string) (*types.Package, error) {
	if importPath == g.models.Package.Path() {
		return g.models.Package, nil
	}
	if own := g.models.own[importPath]; own != nil {
		return own, nil
	}
	if proto := g.models.protos[importPath]; proto != nil {
		return proto, nil
	}
	if pkg := g.sources[importPath]; pkg != nil {
		if out := g.check(pkg); out != nil {
			return out, nil
		}
	}
	if pkg := g.loaded[importPath]; pkg != nil {
		return pkg, nil
	}
	return nil, errNotNamed
}

var errNotNamed = errors.New("no signature names it")

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
