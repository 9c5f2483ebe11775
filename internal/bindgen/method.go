package bindgen

import (
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"go/types"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// method is a hand-written resolver: a method of a type of resolvers/ or
// resolvers/<frontend>/ that is named as a GraphQL type and embeds *Root.
type method struct {
	pkg      string // import path
	receiver string // the Go type, named as the GraphQL type
	name     string
	pos      token.Position
	Batch    bool // it takes all parents: its second parameter is a slice

	// Set by loadSignatures, once the models are there.
	params  []param // without the context
	results []string
	bad     bool // reported: it has no shape that a resolver can have
}

// param is a parameter of a method; its type is spelled with full import paths.
type param struct {
	name, typ string
	nilable   bool // nil is a value of its type
}

// methodSet finds methods by GraphQL type and Go name of the field.
type methodSet map[string]map[string]*method

func (s methodSet) find(typ, field string) *method { return s[typ][field] }

// methods are the hand-written methods of a project.
type methods struct {
	shared methodSet
	own    map[string]methodSet // by frontend
}

// find returns the method that resolves a field in a frontend: its own one, or
// the shared one.
func (m *methods) find(frontend, typ, field string) *method {
	if own := m.own[frontend].find(typ, field); own != nil {
		return own
	}
	return m.shared.find(typ, field)
}

// all are the methods of all sets, by place.
func (m *methods) all() []*method {
	var all []*method
	collect := func(set methodSet) {
		for _, byName := range set {
			for _, meth := range byName {
				all = append(all, meth)
			}
		}
	}
	collect(m.shared)
	for _, set := range m.own {
		collect(set)
	}
	slices.SortFunc(all, func(a, b *method) int {
		if c := strings.Compare(a.pos.Filename, b.pos.Filename); c != 0 {
			return c
		}
		return a.pos.Offset - b.pos.Offset
	})
	return all
}

// resolversFolder is the folder of the hand-written methods.
const resolversFolder = "resolvers"

// scanMethods finds the hand-written methods by syntax alone: before there are
// models, the packages do not compile.
func scanMethods(p *project, r *report) (*methods, error) {
	m := &methods{own: map[string]methodSet{}}
	var err error
	if m.shared, err = scanPackage(p, resolversFolder, r); err != nil {
		return nil, err
	}
	for _, f := range p.frontends {
		if m.own[f.name], err = scanPackage(p, path.Join(resolversFolder, f.name), r); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// scanClients finds the packages below clients/ that have a hand-written
// client: a type Client and func New(*upstream.Services) (*Client, error).
func scanClients(p *project) ([]string, error) {
	folders, err := os.ReadDir(filepath.Join(p.root, clientsFolder))
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var names []string
	for _, folder := range folders {
		if !folder.IsDir() {
			continue
		}
		own, err := hasClient(filepath.Join(p.root, clientsFolder, folder.Name()))
		if err != nil {
			return nil, err
		}
		if own {
			names = append(names, folder.Name())
		}
	}
	return names, nil
}

func hasClient(dir string) (bool, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return false, err
	}
	for _, entry := range entries {
		if !isGoSource(entry) || strings.HasSuffix(entry.Name(), generatedSuffix) {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(dir, entry.Name()), nil, parser.SkipObjectResolution)
		if err != nil {
			continue // the compiler reports it, with its place
		}
		for _, decl := range file.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if ok && fn.Recv == nil && fn.Name.Name == "New" && fn.Type.Results != nil && len(fn.Type.Results.List) == 2 &&
				types.ExprString(fn.Type.Results.List[0].Type) == "*Client" {
				return true, nil
			}
		}
	}
	return false, nil
}

func scanPackage(p *project, folder string, r *report) (methodSet, error) {
	fset := token.NewFileSet()
	entries, err := os.ReadDir(filepath.Join(p.root, filepath.FromSlash(folder)))
	if os.IsNotExist(err) {
		return methodSet{}, nil
	}
	if err != nil {
		return nil, err
	}
	var files []*ast.File
	for _, entry := range entries {
		if !isGoSource(entry) {
			continue
		}
		name := path.Join(folder, entry.Name())
		text, err := os.ReadFile(filepath.Join(p.root, filepath.FromSlash(name)))
		if err != nil {
			return nil, err
		}
		file, err := parser.ParseFile(fset, name, text, parser.SkipObjectResolution)
		if err != nil {
			reportGo(r, err)
			continue
		}
		files = append(files, file)
	}
	return collectMethods(fset, files, path.Join(p.module, folder)), nil
}

func isGoSource(entry fs.DirEntry) bool {
	return !entry.IsDir() && strings.HasSuffix(entry.Name(), ".go") && !strings.HasSuffix(entry.Name(), "_test.go")
}

func reportGo(r *report, err error) {
	list, ok := err.(scanner.ErrorList) //nolint:errorlint // what the parser returns, by its documentation
	if !ok {
		r.add(Diagnostic{File: resolversFolder, Message: err.Error()})
		return
	}
	for _, e := range list {
		r.atGo(e.Pos, "", "%s", e.Msg)
	}
}

func collectMethods(fset *token.FileSet, files []*ast.File, pkg string) methodSet {
	set := methodSet{}
	for _, file := range files {
		ast.Inspect(file, func(n ast.Node) bool {
			if spec, ok := n.(*ast.TypeSpec); ok && embedsRoot(spec.Type) {
				set[spec.Name.Name] = map[string]*method{}
			}
			_, isFunc := n.(*ast.FuncDecl)
			return !isFunc
		})
	}
	for _, file := range files {
		for _, decl := range file.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok || fn.Recv == nil || !fn.Name.IsExported() {
				continue
			}
			receiver := receiverName(fn)
			if set[receiver] == nil {
				continue
			}
			set[receiver][fn.Name.Name] = &method{
				pkg: pkg, receiver: receiver, name: fn.Name.Name,
				pos:   fset.Position(fn.Name.Pos()),
				Batch: takesAll(fn.Type),
			}
		}
	}
	return set
}

// embedsRoot tells a resolver type: a struct that embeds *Root and nothing
// else, so that generated code can make one.
func embedsRoot(t ast.Expr) bool {
	s, ok := t.(*ast.StructType)
	if !ok || s.Fields.NumFields() != 1 || len(s.Fields.List[0].Names) != 0 {
		return false
	}
	name := types.ExprString(s.Fields.List[0].Type)
	return name == "*Root" || name == "*resolvers.Root"
}

func receiverName(fn *ast.FuncDecl) string {
	t := fn.Recv.List[0].Type
	if star, ok := t.(*ast.StarExpr); ok {
		t = star.X
	}
	if id, ok := t.(*ast.Ident); ok {
		return id.Name
	}
	return ""
}

// takesAll tells whether the parameter after the context is a slice.
func takesAll(fn *ast.FuncType) bool {
	var flat []ast.Expr
	for _, field := range fn.Params.List {
		for range max(1, len(field.Names)) {
			flat = append(flat, field.Type)
		}
	}
	if len(flat) < 2 {
		return false
	}
	_, slice := flat[1].(*ast.ArrayType)
	return slice
}
