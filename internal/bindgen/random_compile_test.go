package bindgen_test

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/passes/assign"
	"golang.org/x/tools/go/analysis/passes/bools"
	"golang.org/x/tools/go/analysis/passes/composite"
	"golang.org/x/tools/go/analysis/passes/copylock"
	"golang.org/x/tools/go/analysis/passes/inspect"
	"golang.org/x/tools/go/analysis/passes/stdmethods"
	"golang.org/x/tools/go/analysis/passes/structtag"
	"golang.org/x/tools/go/analysis/passes/unreachable"
	"golang.org/x/tools/go/ast/inspector"
)

// generatedModule is the module path of the projects that tests generate.
const generatedModule = "example.com/project"

// compiler type-checks projects. It reads the packages that they import from
// the export data that the Go command has of them, once for all projects.
type compiler struct {
	mu      sync.Mutex // go/importer is for one at a time
	fset    *token.FileSet
	exports map[string]string // files with export data, by import path
	others  types.Importer
}

func newCompiler() (*compiler, error) {
	c := &compiler{fset: token.NewFileSet(), exports: map[string]string{}}
	if err := c.load("github.com/portico-gateway/portico/gateway/...", "google.golang.org/protobuf/types/known/..."); err != nil {
		return nil, err
	}
	c.others = importer.ForCompiler(c.fset, "gc", func(path string) (io.ReadCloser, error) {
		if c.exports[path] == "" {
			if err := c.load(path); err != nil {
				return nil, err
			}
		}
		return os.Open(c.exports[path])
	})
	return c, nil
}

// load asks the Go command for the export data of packages and of what they
// import.
func (c *compiler) load(packages ...string) error {
	args := append([]string{"list", "-export", "-deps", "-f", "{{.ImportPath}} {{.Export}}"}, packages...)
	out, err := exec.Command("go", args...).Output()
	if err != nil {
		return fmt.Errorf("go list %v: %w", packages, err)
	}
	for line := range strings.Lines(string(out)) {
		if path, file, ok := strings.Cut(strings.TrimSpace(line), " "); ok {
			c.exports[path] = file
		}
	}
	return nil
}

// check type-checks and vets all packages of a project, and returns at most
// ten mistakes.
func (c *compiler) check(dir string) ([]string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := &checked{compiler: c, dir: dir, done: map[string]*types.Package{}}
	err := filepath.WalkDir(dir, func(file string, d os.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			name, _ := filepath.Rel(dir, file)
			_, err = p.Import(strings.TrimSuffix(generatedModule+"/"+filepath.ToSlash(name), "/."))
		}
		if errors.Is(err, errNoFiles) {
			return nil
		}
		return err
	})
	return p.mistakes[:min(10, len(p.mistakes))], err
}

var errNoFiles = errors.New("no Go files")

// checked is a project while it is checked.
type checked struct {
	*compiler
	dir      string
	done     map[string]*types.Package
	mistakes []string
}

// Import is part of [types.Importer].
func (p *checked) Import(path string) (*types.Package, error) {
	rest, own := strings.CutPrefix(path, generatedModule)
	if !own {
		return p.others.Import(path)
	}
	if pkg, ok := p.done[path]; ok {
		if pkg == nil {
			return nil, fmt.Errorf("import cycle through %s", path)
		}
		return pkg, nil
	}
	files, err := p.parse(filepath.Join(p.dir, filepath.FromSlash(rest)))
	if err != nil {
		return nil, err
	}
	p.done[path] = nil
	info := &types.Info{
		Types: map[ast.Expr]types.TypeAndValue{}, Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{},
		Selections: map[*ast.SelectorExpr]*types.Selection{}, Implicits: map[ast.Node]types.Object{}, Scopes: map[ast.Node]*types.Scope{},
		Instances: map[*ast.Ident]types.Instance{}, FileVersions: map[*ast.File]string{},
	}
	config := types.Config{Importer: p, GoVersion: "go1.26", Sizes: types.SizesFor("gc", "amd64"), Error: func(err error) { p.mistakes = append(p.mistakes, p.relative(err.Error())) }}
	before := len(p.mistakes)
	pkg, _ := config.Check(path, p.fset, files, info) // Error has the mistakes
	p.done[path] = pkg
	if len(p.mistakes) == before {
		p.vet(files, pkg, info)
	}
	return pkg, nil
}

func (p *checked) parse(dir string) ([]*ast.File, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(names) == 0 {
		return nil, fmt.Errorf("%w in %s", errNoFiles, dir)
	}
	var files []*ast.File
	for _, name := range names {
		file, err := parser.ParseFile(p.fset, name, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			p.mistakes = append(p.mistakes, p.relative(err.Error()))
		}
		if file != nil {
			files = append(files, file)
		}
	}
	return files, nil
}

func (p *checked) relative(message string) string { return strings.ReplaceAll(message, p.dir+"/", "") }

// vet runs those of go vet's analyzers that find what a generator does wrong.
// `go vet` itself takes seconds for a project.
func (p *checked) vet(files []*ast.File, pkg *types.Package, info *types.Info) {
	results := map[*analysis.Analyzer]any{inspect.Analyzer: inspector.New(files)}
	for _, a := range []*analysis.Analyzer{assign.Analyzer, bools.Analyzer, composite.Analyzer, copylock.Analyzer, stdmethods.Analyzer, structtag.Analyzer, unreachable.Analyzer} {
		pass := &analysis.Pass{
			Analyzer: a, Fset: p.fset, Files: files, Pkg: pkg, TypesInfo: info, TypesSizes: types.SizesFor("gc", "amd64"), ResultOf: results,
			ReadFile: os.ReadFile,
			Report: func(d analysis.Diagnostic) {
				p.mistakes = append(p.mistakes, p.relative(fmt.Sprintf("%s: vet: %s: %s", p.fset.Position(d.Pos), a.Name, d.Message)))
			},
		}
		if _, err := a.Run(pass); err != nil {
			p.mistakes = append(p.mistakes, fmt.Sprintf("vet: %s: %v", a.Name, err))
		}
	}
}

// goVet is what `go vet` says of a project; empty when it is content.
func goVet(dir string) string {
	cmd := exec.Command("go", "vet", "./...")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return strings.TrimSpace(string(bytes.TrimSpace(out)) + "\n" + err.Error())
	}
	return ""
}
