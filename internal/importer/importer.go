// Package importer makes a draft of a schema with bindings out of the document
// of a service: an OpenAPI 3 document, or the protos of a gRPC service. The
// draft is SDL text; what it means is told by internal/binding.
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
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"

	"github.com/portico-gateway/portico/internal/nearest"
)

// Options say what is imported and where to.
type Options struct {
	// Dir is the project's folder.
	Dir string
	// Service is the name that portico.yaml gives the service.
	Service string
	// Frontend is the folder of schema/ that gets the draft; "" for shared.
	Frontend string
	// Only has the operations to import, all when it is empty: operationIds or
	// "GET /path" for OpenAPI, methods for protos. A * stands for any text.
	Only []string
	// Roots are folders that imports of protos are found in, before those that
	// the files themselves tell.
	Roots []string
}

// Draft is what an import would write. Making one writes nothing.
type Draft struct {
	// Files begins with the SDL; the others are copies of the documents.
	Files []File
	// Fields is how many operations became fields.
	Fields int
	// LeftOut tells which chosen operations can't be bound, and why.
	LeftOut []string
	// Notes tell what the project needs before it can be generated.
	Notes []string
	// URL is where the service is, as far as its document tells; or "".
	URL string
	// Scalars are the scalars that the draft uses, other than GraphQL's own.
	Scalars []string
}

// File is a file of the project.
type File struct {
	Path    string // relative to the project, with slashes
	Content []byte
}

// MistakeError is a mistake in what was given: the command line, a document or
// the project.
type MistakeError struct {
	File         string // "" for the command line
	Line, Column int    // 0 when not known
	Message      string
	Fix          string // what to do about it, or ""
}

// Error is file:line:column: message, and on a second line what to do.
func (e *MistakeError) Error() string {
	place := e.File
	if e.Line > 0 {
		place = fmt.Sprintf("%s:%d", place, e.Line)
	}
	if e.Column > 0 {
		place = fmt.Sprintf("%s:%d", place, e.Column)
	}
	if place != "" {
		place += ": "
	}
	if e.Fix != "" {
		return place + e.Message + "\n\tfix: " + e.Fix
	}
	return place + e.Message
}

// target is the file of the draft.
func (o Options) target() string { return path.Join("schema", o.folder(), o.Service+".graphqls") }

func (o Options) folder() string {
	if o.Frontend == "" {
		return sharedFolder
	}
	return o.Frontend
}

// sharedFolder has what every frontend has.
const sharedFolder = "shared"

// visible is what the project defines where the draft can be seen. Names of
// types and fields are in lower case, as Go's names would clash.
type visible struct {
	types   map[string]bool
	fields  map[string]bool // query.product
	roots   map[string]bool
	scalars map[string]bool

	folders []string                   // that have files, without shared
	homes   map[string]map[string]bool // of roots and scalars: the folders that define them
}

func newVisible() *visible {
	return &visible{types: map[string]bool{}, fields: map[string]bool{}, roots: map[string]bool{}, scalars: map[string]bool{}, homes: map[string]map[string]bool{}}
}

// readVisible reads the schema around the draft's file.
func readVisible(o Options) (*visible, error) {
	if !regexp.MustCompile(`^[a-z][a-z0-9]*$`).MatchString(o.Service) {
		return nil, &MistakeError{Message: fmt.Sprintf("%q can't name a service", o.Service),
			Fix: "give --service a name of small letters and digits that starts with a letter: it becomes a Go package"}
	}
	entries, err := os.ReadDir(filepath.Join(o.Dir, "schema"))
	if err != nil {
		return nil, fmt.Errorf("a project has a folder schema/, and -C tells where the project is: %w", err)
	}
	v := newVisible()
	var folders []string
	for _, entry := range entries {
		if entry.IsDir() {
			folders = append(folders, entry.Name())
		}
	}
	if o.folder() != sharedFolder && !slices.Contains(folders, o.Frontend) {
		return nil, &MistakeError{Message: fmt.Sprintf("there is no frontend %q", o.Frontend), Fix: nearest.Hint(o.Frontend, folders) + " A new frontend needs its folder in schema/ first."}
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
		}
		for _, def := range append(doc.Definitions, doc.Extensions...) {
			for _, f := range def.Fields {
				v.fields[strings.ToLower(def.Name+"."+f.Name)] = true
			}
		}
	}
	return nil
}

func (v *visible) define(folder string, def *ast.Definition) {
	v.types[strings.ToLower(def.Name)] = true
	switch {
	case def.Kind == ast.Scalar:
		v.scalars[def.Name] = true
	case isRoot(def.Name):
		v.roots[def.Name] = true
	default:
		return
	}
	if v.homes[def.Name] == nil {
		v.homes[def.Name] = map[string]bool{}
	}
	v.homes[def.Name][folder] = true
}

// mistakeOf tells a syntax error of SDL with its position.
func mistakeOf(err error, file string) error {
	m := &MistakeError{File: file, Message: err.Error()}
	var list gqlerror.List
	if found, ok := err.(*gqlerror.Error); ok { //nolint:errorlint // gqlparser returns it as it is
		list = append(list, found)
	}
	if len(list) > 0 && len(list[0].Locations) > 0 {
		m.Line, m.Column, m.Message = list[0].Locations[0].Line, list[0].Locations[0].Column, list[0].Message
	}
	return m
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

// finish makes the result of a draft. Copies are the documents.
func (d *draft) finish(o Options, origin string, copies []File) (*Draft, error) {
	d.prune()
	out := &Draft{LeftOut: d.leftOut}
	for _, name := range rootNames() {
		if root := d.roots[name]; root != nil {
			out.Fields += len(root.fields)
			out.note(o, d.project, "type "+name, name)
		}
	}
	if out.Fields == 0 {
		return nil, &MistakeError{File: origin, Message: strings.Join(append([]string{"nothing can be imported"}, d.leftOut...), "\n\t")}
	}
	for name := range d.scalars {
		lower := strings.ToLower(name)
		if d.project.types[lower] && !d.project.scalars[name] {
			return nil, &MistakeError{Message: "the draft needs a scalar " + name + ", but the project has another type of this name", Fix: "rename the project's type"}
		}
		out.Scalars = append(out.Scalars, name)
		out.note(o, d.project, "scalar "+name, name)
	}
	slices.Sort(out.Scalars)
	slices.Sort(out.Notes)
	sdl := d.render(path.Base(filepath.ToSlash(origin)))
	if _, err := parser.ParseSchema(&ast.Source{Name: o.target(), Input: sdl}); err != nil {
		return nil, fmt.Errorf("this is a mistake of portico, please report it: the draft is no SDL: %w", err)
	}
	out.Files = append([]File{{Path: o.target(), Content: []byte(sdl)}}, copies...)
	return out, nil
}

func (d *Draft) note(o Options, v *visible, what, name string) {
	if missing := v.missing(o, name); len(missing) > 0 {
		d.Notes = append(d.Notes, fmt.Sprintf("%s is not in schema/shared/, and schema/%s/ has none: move it to schema/shared/", what, strings.Join(missing, "/, schema/")))
	}
}
