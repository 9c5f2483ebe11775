package project

import (
	"go/ast"
	"go/token"
	"go/types"
	"path"
	"slices"
	"strings"
)

// Method is a hand-written resolver: a method of a type of resolvers/ or
// resolvers/<frontend>/ that is named as a GraphQL type and embeds *Root.
type Method struct {
	Package  *GoPackage
	Receiver string // the Go type, named as the GraphQL type
	Name     string
	Pos      token.Position
	Batch    bool // it resolves all parents at once: its second parameter is a slice
}

// GoPackage is the syntax of a folder of the project. Its files may not compile
// yet, since they use generated code.
type GoPackage struct {
	Path  string // import path
	Fset  *token.FileSet
	Files []*ast.File
}

// methodSet finds methods by GraphQL type and Go name of the field.
type methodSet map[string]map[string]*Method

// Methods are the hand-written methods of a project.
type Methods struct {
	// Incomplete reports whether files have mistakes in their syntax, so that methods
	// may be missing.
	Incomplete bool

	root *GoPackage // resolvers/; nil if there is none

	shared methodSet
	own    map[string]methodSet // by frontend
}

// Find returns the method that resolves a field in a frontend, given the Go
// names of the type and the field: the frontend's own method, or else the
// shared one; nil if there is none.
func (m *Methods) Find(frontend, typ, field string) *Method {
	if own := m.own[frontend][typ][field]; own != nil {
		return own
	}
	return m.shared[typ][field]
}

// All returns the methods of all frontends, sorted by position.
func (m *Methods) All() []*Method {
	var all []*Method
	collect := func(set methodSet) {
		for _, byName := range set {
			for _, method := range byName {
				all = append(all, method)
			}
		}
	}
	collect(m.shared)
	for _, set := range m.own {
		collect(set)
	}
	slices.SortFunc(all, func(a, b *Method) int {
		if c := strings.Compare(a.Pos.Filename, b.Pos.Filename); c != 0 {
			return c
		}
		return a.Pos.Offset - b.Pos.Offset
	})
	return all
}

// scanMethods finds the hand-written methods by syntax alone.
func scanMethods(p *Project, r *Report) (*Methods, error) {
	m := &Methods{own: map[string]methodSet{}}
	before := r.Len()
	defer func() { m.Incomplete = r.Len() > before }()
	var err error
	if m.shared, err = scanFolder(p, ResolversFolder, m, r); err != nil {
		return nil, err
	}
	for _, f := range p.Frontends {
		if m.own[f.Name], err = scanFolder(p, path.Join(ResolversFolder, f.Name), m, r); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func scanFolder(p *Project, folder string, m *Methods, r *Report) (methodSet, error) {
	pkg, err := ReadGo(p, folder, r)
	if err != nil || pkg == nil {
		return nil, err
	}
	if folder == ResolversFolder {
		m.root = pkg
	}
	return collectMethods(pkg), nil
}

// ResolverPackage returns the hand-written code of resolvers/; nil if there is none.
func (p *Project) ResolverPackage() *GoPackage { return p.Methods.root }

// HasType reports whether the package declares a type.
func (p *GoPackage) HasType(name string) bool {
	for _, file := range p.Files {
		for _, decl := range file.Decls {
			gen, ok := decl.(*ast.GenDecl)
			if ok && slices.ContainsFunc(gen.Specs, func(spec ast.Spec) bool {
				t, ok := spec.(*ast.TypeSpec)
				return ok && t.Name.Name == name
			}) {
				return true
			}
		}
	}
	return false
}

// Signature returns the type of a function as it is written, without the names of parameters, such as
// func(*clients.Set) *Root; empty if the package has no such function, or it has type parameters.
func (p *GoPackage) Signature(name string) string {
	for _, file := range p.Files {
		for _, decl := range file.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if ok && fn.Recv == nil && fn.Name.Name == name && fn.Type.TypeParams == nil {
				return "func" + fieldTypes(fn.Type.Params, true) + results(fn.Type.Results)
			}
		}
	}
	return ""
}

func results(list *ast.FieldList) string {
	if list.NumFields() == 0 {
		return ""
	}
	return " " + fieldTypes(list, list.NumFields() > 1)
}

// fieldTypes returns the types of a list, each as often as it has names.
func fieldTypes(list *ast.FieldList, parentheses bool) string {
	var texts []string
	for _, field := range list.List {
		for range max(len(field.Names), 1) {
			texts = append(texts, types.ExprString(field.Type))
		}
	}
	text := strings.Join(texts, ", ")
	if parentheses {
		return "(" + text + ")"
	}
	return text
}

func collectMethods(pkg *GoPackage) methodSet {
	set := methodSet{}
	for _, file := range pkg.Files {
		ast.Inspect(file, func(n ast.Node) bool {
			if spec, ok := n.(*ast.TypeSpec); ok && embedsRoot(spec.Type) {
				set[spec.Name.Name] = map[string]*Method{}
			}
			_, isFunc := n.(*ast.FuncDecl)
			return !isFunc
		})
	}
	for _, file := range pkg.Files {
		for _, decl := range file.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok || fn.Recv == nil || !fn.Name.IsExported() {
				continue
			}
			receiver := receiverName(fn)
			if set[receiver] == nil {
				continue
			}
			set[receiver][fn.Name.Name] = &Method{
				Package: pkg, Receiver: receiver, Name: fn.Name.Name,
				Pos:   pkg.Fset.Position(fn.Name.Pos()),
				Batch: takesAll(fn.Type),
			}
		}
	}
	return set
}

// embedsRoot reports whether t is a resolver type: a struct that embeds *Root and nothing
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

// takesAll reports whether the parameter after the context is a slice.
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
