package importer

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"

	"github.com/portico-gateway/portico/internal/nearest"
)

// visible is what the project defines where the draft can be seen. Names of
// types and fields are in lower case, as Go's names would clash.
type visible struct {
	types   map[string]bool
	fields  map[string]bool // query.product
	roots   map[string]bool
	scalars map[string]bool
	// hasQuery reports whether there is a type Query.
	hasQuery bool
	// pageInfo reports whether there is a type PageInfo that connections can have.
	pageInfo bool

	folders []string                   // that have files, without shared
	homes   map[string]map[string]bool // of roots and scalars: the folders that define them
}

func newVisible() *visible {
	return &visible{types: map[string]bool{}, fields: map[string]bool{}, roots: map[string]bool{}, scalars: map[string]bool{},
		homes: map[string]map[string]bool{}}
}

// readVisible reads the schema around the draft's file.
func readVisible(o Options) (*visible, error) {
	if !regexp.MustCompile(`^[a-z][a-z0-9]*$`).MatchString(o.Service) {
		return nil, &MistakeError{Message: fmt.Sprintf("%q can't name a service", o.Service),
			Fix: "give --service a name of small letters and digits that starts with a letter: it becomes a Go package"}
	}
	entries, err := os.ReadDir(filepath.Join(o.Dir, "schema"))
	if err != nil {
		return nil, fmt.Errorf("a project has a folder schema/; -C says where the project is: %w", err)
	}
	v := newVisible()
	var folders []string
	for _, entry := range entries {
		if entry.IsDir() {
			folders = append(folders, entry.Name())
		}
	}
	if o.folder() != sharedFolder && !slices.Contains(folders, o.Frontend) {
		hint := nearest.Hint(o.Frontend, slices.DeleteFunc(slices.Clone(folders), func(folder string) bool { return folder == sharedFolder }))
		if !strings.HasSuffix(hint, "?") {
			hint += "."
		}
		return nil, &MistakeError{Message: fmt.Sprintf("there is no frontend %q", o.Frontend), Fix: hint + " A new frontend needs its folder in schema/ first."}
	}
	for _, folder := range folders {
		if o.folder() == sharedFolder || folder == sharedFolder || folder == o.Frontend {
			if err := v.readFolder(o, folder); err != nil {
				return nil, err
			}
			continue
		}
		if err := v.readOther(o, folder); err != nil {
			return nil, err
		}
	}
	return v, nil
}

// readOther reads the folder of another frontend. It defines nothing for this
// one, but all frontends share the Go models: two types of one name would
// become one.
func (v *visible) readOther(o Options, folder string) error {
	other := newVisible()
	if err := other.readFolder(o, folder); err != nil {
		return err
	}
	for name := range other.scalars {
		delete(other.types, strings.ToLower(name))
	}
	maps.Copy(v.types, other.types)
	maps.Copy(v.fields, other.fields)
	return nil
}

func (v *visible) readFolder(o Options, folder string) error {
	files, err := fs.Glob(os.DirFS(o.Dir), path.Join("schema", folder, "*.graphqls"))
	if err != nil {
		return err
	}
	if folder != sharedFolder && len(files) > 0 {
		v.folders = append(v.folders, folder)
	}
	for _, file := range files {
		if file == o.target() {
			continue
		}
		content, err := os.ReadFile(filepath.Join(o.Dir, filepath.FromSlash(file)))
		if err != nil {
			return err
		}
		doc, err := parser.ParseSchema(&ast.Source{Name: file, Input: string(content)})
		if err != nil {
			return mistakeOf(err, file)
		}
		for _, def := range doc.Definitions {
			v.define(folder, def)
			v.pageInfo = v.pageInfo || isPageInfo(def) && (folder == sharedFolder || folder == o.folder())
		}
		for _, def := range append(doc.Definitions, doc.Extensions...) {
			for _, f := range def.Fields {
				v.fields[strings.ToLower(def.Name+"."+f.Name)] = true
			}
		}
	}
	return nil
}

// isPageInfo reports whether a type is the PageInfo of connections: a service may call something else so.
func isPageInfo(def *ast.Definition) bool {
	return def.Name == "PageInfo" && def.Kind == ast.Object && def.Fields.ForName("hasNextPage") != nil && def.Fields.ForName("endCursor") != nil
}

func (v *visible) define(folder string, def *ast.Definition) {
	v.types[strings.ToLower(def.Name)] = true
	switch {
	case def.Kind == ast.Scalar:
		v.scalars[def.Name] = true
	case isRoot(def.Name):
		v.roots[def.Name] = true
		v.hasQuery = v.hasQuery || def.Name == rootQuery
	default:
		return
	}
	if v.homes[def.Name] == nil {
		v.homes[def.Name] = map[string]bool{}
	}
	v.homes[def.Name][folder] = true
}

// missing are the frontends that don't have a name that the shared draft counts
// on, because only other frontends define it.
func (v *visible) missing(o Options, name string) []string {
	homes := v.homes[name]
	if o.folder() != sharedFolder || len(homes) == 0 || homes[sharedFolder] {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(v.folders), func(folder string) bool { return homes[folder] })
}
