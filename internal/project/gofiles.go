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
// client: a type Client and func New(*upstream.Services) (*Client, error).
func scanClients(p *Project) ([]string, error) {
	folders, err := os.ReadDir(filepath.Join(p.Root, ClientsFolder))
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
		own, err := hasClient(filepath.Join(p.Root, ClientsFolder, folder.Name()))
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
		if !isGoSource(entry) || strings.HasSuffix(entry.Name(), GeneratedSuffix) {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(dir, entry.Name()), nil, parser.SkipObjectResolution)
		if err != nil {
			continue // the compiler reports it, with its position
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
