package bindgen

import (
	"fmt"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"golang.org/x/mod/modfile"

	"github.com/portico-gateway/portico/internal/binding"
)

// project is what a run reads: nothing below this is read from disk but Go
// packages.
type project struct {
	root      string // absolute, links resolved
	module    string // the Go module's path
	gqlgen    string // gqlgen.yml
	shared    []*ast.Source
	frontends []*frontend // sorted by name
}

// frontend is one folder of schema/.
type frontend struct {
	name       string
	sources    []*ast.Source // its own, sorted by name
	operations []*ast.Source // operations/<name>/*.graphql, sorted by name

	// Set by validation.
	schema    *ast.Schema
	retyped   map[place]bool                         // types that stand for missing ones
	bindings  map[string]map[string]*binding.Binding // by type and field
	published []*ast.Source                          // what callers see
	api       *ast.Schema                            // of published; nil when there are mistakes
}

// sharedFolder holds what every frontend has.
const sharedFolder = "shared"

// all are the sources of the frontend's schema.
func (p *project) all(f *frontend) []*ast.Source {
	return slices.Concat(p.shared, f.sources)
}

func (p *project) names() []string {
	names := make([]string, len(p.frontends))
	for i, f := range p.frontends {
		names[i] = f.name
	}
	return names
}

// readProject reads the files of the project at root. Mistakes in names and
// files go to the report; the error is that of the file system.
func readProject(root string, r *report) (*project, error) {
	p := &project{root: root}
	var err error
	if p.module, err = readModule(root); err != nil {
		return nil, err
	}
	config, err := os.ReadFile(filepath.Join(root, "gqlgen.yml"))
	if err != nil {
		return nil, fmt.Errorf("a project needs gqlgen.yml: %w", err)
	}
	p.gqlgen = string(config)
	entries, err := os.ReadDir(filepath.Join(root, "schema"))
	if err != nil {
		return nil, fmt.Errorf("a project needs a folder schema/ with one folder for each frontend: %w", err)
	}
	for _, entry := range entries {
		if err := p.readFolder(entry, r); err != nil {
			return nil, err
		}
	}
	if len(p.frontends) == 0 && len(r.list) == 0 {
		r.add(Diagnostic{File: "schema", Message: "there is no frontend", Fix: "make a folder such as schema/web with a file web.graphqls in it"})
	}
	return p, nil
}

func (p *project) readFolder(entry os.DirEntry, r *report) error {
	name, folder := entry.Name(), path.Join("schema", entry.Name())
	if !entry.IsDir() {
		if path.Ext(name) == ".graphqls" {
			r.add(Diagnostic{File: folder, Message: "a schema file must be in the folder of a frontend", Fix: "move it to schema/shared/ or to schema/<frontend>/"})
		}
		return nil
	}
	sources, err := readSources(p.root, folder, ".graphqls")
	if err != nil {
		return err
	}
	if name == sharedFolder {
		p.shared = sources
		return nil
	}
	if why := badName(name); why != "" {
		r.add(Diagnostic{File: folder, Message: fmt.Sprintf("%q can't name a frontend: %s", name, why), Fix: "rename the folder"})
		return nil
	}
	if len(sources) == 0 {
		r.add(Diagnostic{File: folder, Message: "the frontend has no *.graphqls file", Fix: "add one, or remove the folder"})
		return nil
	}
	operations, err := readSources(p.root, path.Join("operations", name), ".graphql")
	if err != nil {
		return err
	}
	p.frontends = append(p.frontends, &frontend{name: name, sources: sources, operations: operations})
	return nil
}

// badName says why a folder can't name a frontend: the name becomes a Go
// package and a path of the gateway.
func badName(name string) string {
	switch {
	case !regexp.MustCompile(`^[a-z][a-z0-9]*$`).MatchString(name):
		return "it becomes a Go package and a URL, so it must have only small letters and digits and start with a letter"
	case token.IsKeyword(name):
		return "it is a keyword of Go"
	case slices.Contains([]string{"model", "graph", "resolvers", "main", "internal", "vendor"}, name):
		return "generated packages use this name"
	}
	return ""
}

// readSources reads the files of a folder that have this extension. A folder
// that does not exist has none.
func readSources(root, folder, ext string) ([]*ast.Source, error) {
	entries, err := os.ReadDir(filepath.Join(root, filepath.FromSlash(folder)))
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var sources []*ast.Source
	for _, entry := range entries { // sorted by name
		if entry.IsDir() || path.Ext(entry.Name()) != ext {
			continue
		}
		name := path.Join(folder, entry.Name())
		text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
		if err != nil {
			return nil, err
		}
		sources = append(sources, &ast.Source{Name: name, Input: strings.ReplaceAll(string(text), "\r\n", "\n")})
	}
	return sources, nil
}

func readModule(root string) (string, error) {
	text, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		return "", fmt.Errorf("a project is a Go module: %w", err)
	}
	module := modfile.ModulePath(text)
	if module == "" {
		return "", fmt.Errorf("%s has no module line", filepath.Join(root, "go.mod"))
	}
	return module, nil
}
