package project

import (
	"bytes"
	"go/ast"
	"go/build"
	"go/parser"
	"go/scanner"
	"go/token"
	"go/types"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// Name is the name of the package.
func (p *GoPackage) Name() string { return p.Files[0].Name.Name }

// ReadGo parses the Go files in a folder of the project, without tests and
// files that portico generate wrote. It returns nil if there are none. Syntax
// errors go to the report; the error is one of the file system.
func ReadGo(p *Project, folder string, r *Report) (*GoPackage, error) {
	dir := filepath.Join(p.Root, filepath.FromSlash(folder))
	entries, err := os.ReadDir(dir)
	if os.IsNotExist(err) {
		return nil, nil //nolint:nilnil // documented
	}
	if err != nil {
		return nil, err
	}
	pkg := &GoPackage{Path: path.Join(p.Module, folder), Fset: token.NewFileSet()}
	for _, entry := range entries {
		if !isGoSource(entry) {
			continue
		}
		if built, err := build.Default.MatchFile(dir, entry.Name()); err != nil || !built {
			continue // for another platform
		}
		name := path.Join(folder, entry.Name())
		text, err := os.ReadFile(filepath.Join(p.Root, filepath.FromSlash(name)))
		if err != nil {
			return nil, err
		}
		if bytes.HasPrefix(text, []byte(GeneratedHeader)) || strings.HasPrefix(folder, GraphFolder+"/") && strings.HasSuffix(entry.Name(), GeneratedSuffix) {
			continue
		}
		file, err := parser.ParseFile(pkg.Fset, name, text, parser.SkipObjectResolution)
		if err != nil {
			reportGo(r, folder, err)
			continue
		}
		pkg.Files = append(pkg.Files, file)
	}
	if len(pkg.Files) == 0 {
		return nil, nil //nolint:nilnil // documented
	}
	return pkg, nil
}

// scanClients finds the packages below clients/ that have a hand-written
// client: a type Client and func New(upstream.Clients) (*Client, error).
func scanClients(p *Project) (map[string]string, error) {
	clients := map[string]string{}
	folders, err := os.ReadDir(filepath.Join(p.Root, ClientsFolder))
	if os.IsNotExist(err) {
		return clients, nil
	}
	if err != nil {
		return nil, err
	}
	for _, folder := range folders {
		if !folder.IsDir() {
			continue
		}
		// The compiler reports mistakes in it.
		pkg, err := ReadGo(p, path.Join(ClientsFolder, folder.Name()), &Report{})
		if err != nil {
			return nil, err
		}
		if pkg != nil && hasClient(pkg) {
			clients[folder.Name()] = pkg.Name()
		}
	}
	return clients, nil
}

func hasClient(pkg *GoPackage) bool {
	for _, file := range pkg.Files {
		for _, decl := range file.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if ok && fn.Recv == nil && fn.Name.Name == "New" && fn.Type.Results != nil && len(fn.Type.Results.List) == 2 &&
				types.ExprString(fn.Type.Results.List[0].Type) == "*Client" {
				return true
			}
		}
	}
	return false
}

func isGoSource(entry fs.DirEntry) bool {
	return !entry.IsDir() && strings.HasSuffix(entry.Name(), ".go") && !strings.HasSuffix(entry.Name(), "_test.go")
}

func reportGo(r *Report, folder string, err error) {
	list, ok := err.(scanner.ErrorList) //nolint:errorlint // what the parser returns, by its documentation
	if !ok {
		r.Add(Diagnostic{File: folder, Message: err.Error()})
		return
	}
	for _, e := range list {
		r.AtGo(e.Pos, "", "%s", e.Msg)
	}
}
