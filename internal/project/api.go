package project

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"

	"github.com/portico-gateway/portico/gateway/directive"
	"github.com/portico-gateway/portico/internal/binding"
	"github.com/portico-gateway/portico/internal/nearest"
)

// API is a frontend as its callers see it.
type API struct {
	Name string
	// Schema lacks what is inaccessible and the directives about services. Its
	// positions are those of the files, unlike those of [Frontend.API].
	Schema *ast.Schema
	// Documents are the frontend's operations and trusted documents, which are not
	// validated.
	Documents []Document
}

// Document is a document with operations.
type Document struct {
	Source *ast.Source
	// ID is the id of a trusted document, whose text is at Line and Column of its
	// manifest. It is empty for a document in a file of its own.
	ID           string
	Line, Column int
}

// Files are the texts of a project's schemas and operations, by their paths, which
// are relative to the project and have slashes.
type Files map[string]string

// apiFolders are the folders that [ReadFiles] reads.
func apiFolders() []string { return []string{"schema", "operations"} }

// IsAPIFile reports whether a file of a project is read by [ReadAPIs].
func IsAPIFile(name string) bool {
	parts := strings.Split(name, "/")
	return len(parts) == 3 && slices.Contains(apiFolders(), parts[0]) && slices.Contains([]string{".graphqls", ".graphql", ".json"}, path.Ext(name))
}

// ReadFiles reads the files of the project at root.
func ReadFiles(root string) (Files, error) {
	files := Files{}
	for _, folder := range apiFolders() {
		err := filepath.WalkDir(filepath.Join(root, folder), func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				if os.IsNotExist(err) {
					return nil
				}
				return err
			}
			rel, err := filepath.Rel(root, name)
			if rel = filepath.ToSlash(rel); err != nil || !IsAPIFile(rel) {
				return err
			}
			text, err := os.ReadFile(name)
			files[rel] = string(text)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return files, nil
}

// in returns the files of a folder that have the extension, sorted. prefix is put
// before their names.
func (f Files) in(folder, ext, prefix string) []*ast.Source {
	var sources []*ast.Source
	for _, name := range slices.Sorted(maps.Keys(f)) {
		if path.Dir(name) == folder && path.Ext(name) == ext {
			sources = append(sources, &ast.Source{Name: prefix + name, Input: strings.ReplaceAll(f[name], "\r\n", "\n")})
		}
	}
	return sources
}

// ReadAPIs reads the frontends of a project, sorted by name. prefix is put before
// the names of files in positions. Mistakes go to r; a frontend with mistakes has
// no Schema.
func ReadAPIs(files Files, prefix string, r *Report) []*API {
	var list []*API
	shared := files.in("schema/"+SharedFolder, ".graphqls", prefix)
	seen := map[string]bool{SharedFolder: true}
	for _, file := range slices.Sorted(maps.Keys(files)) {
		name := path.Base(path.Dir(file))
		if seen[name] || !strings.HasPrefix(file, "schema/") || path.Ext(file) != ".graphqls" {
			continue
		}
		seen[name] = true
		list = append(list, &API{
			Name:      name,
			Schema:    ReadAPI(name, shared, files.in("schema/"+name, ".graphqls", prefix), r),
			Documents: files.documents(name, prefix, r),
		})
	}
	return list
}

// ReadAPI reads the schema of a frontend, whose name may be empty: the sources that
// all frontends share, and its own. It returns nil if there are mistakes, which go
// to r. The sources may define Portico's directives, as a published schema does.
func ReadAPI(name string, shared, sources []*ast.Source, r *Report) *ast.Schema {
	own := &Report{}
	defer func() { r.list = append(r.list, own.list...) }()
	p, f := &Project{shared: shared, published: true}, &Frontend{Name: name, sources: sources}
	if validate(p, f, own); len(own.list) > 0 || f.Schema == nil {
		return nil
	}
	directive.Check(directive.Checked{Schema: f.Schema, Suggest: nearest.Hint, Inaccessible: binding.Inaccessible}, own.At)
	if hidden(f, own) || len(own.list) > 0 {
		return nil
	}
	doc, err := parser.ParseSchemas(slices.Concat([]*ast.Source{validator.Prelude}, directive.Definitions(), p.all(f))...)
	if err != nil {
		own.gql(err, "")
		return nil
	}
	onlyPublic(doc)
	secret := secretTypes(f.Schema)
	strip(&doc.Definitions, secret)
	strip(&doc.Extensions, secret)
	stripSchema(&doc.Schema)
	stripSchema(&doc.SchemaExtension)
	addCosts(f.Schema, doc)
	schema, err := validator.ValidateSchemaDocument(doc)
	if err != nil && isGraphQL(err) {
		own.gql(err, "the schema must be valid without its @inaccessible parts")
		return nil
	}
	return schema
}

// onlyPublic removes from a document what callers do not see of bindings, so that
// mistakes in them do not matter, and definitions that Portico has, too.
func onlyPublic(doc *ast.SchemaDocument) {
	for _, def := range slices.Concat(doc.Definitions, doc.Extensions) {
		bindingsOff(&def.Directives)
		for _, field := range def.Fields {
			bindingsOff(&field.Directives)
		}
		for _, value := range def.EnumValues {
			bindingsOff(&value.Directives)
		}
	}
	for _, def := range slices.Concat(doc.Schema, doc.SchemaExtension) {
		bindingsOff(&def.Directives)
	}
	types, directives := map[string]bool{}, map[string]bool{}
	for _, def := range doc.Definitions {
		types[def.Name] = types[def.Name] || def.BuiltIn
	}
	for _, def := range doc.Directives {
		directives[def.Name] = directives[def.Name] || builtIn(def.Position)
	}
	doc.Definitions = slices.DeleteFunc(doc.Definitions, func(d *ast.Definition) bool { return types[d.Name] && !d.BuiltIn })
	doc.Directives = slices.DeleteFunc(doc.Directives, func(d *ast.DirectiveDefinition) bool { return directives[d.Name] && !builtIn(d.Position) })
}

func bindingsOff(list *ast.DirectiveList) {
	*list = slices.DeleteFunc(*list, func(d *ast.Directive) bool { return d.Name != binding.InaccessibleDirective && binding.Private(d.Name) })
}

func builtIn(pos *ast.Position) bool { return pos != nil && pos.Src != nil && pos.Src.BuiltIn }

// documents returns the operations of a frontend.
func (f Files) documents(frontend, prefix string, r *Report) []Document {
	var list []Document
	for _, source := range f.in("operations/"+frontend, ".graphql", prefix) {
		list = append(list, Document{Source: source})
	}
	for _, m := range f.in("operations/"+frontend, ".json", prefix) {
		list = append(list, ReadManifest(m.Name, m.Input, r)...)
	}
	return list
}

// ReadDocuments reads the operations of a frontend in a folder, or in the frontend's
// folder in it, if there is one. Mistakes go to r.
func ReadDocuments(folder, frontend string, r *Report) ([]Document, error) {
	folder = filepath.ToSlash(filepath.Clean(folder))
	if info, err := os.Stat(path.Join(folder, frontend)); err == nil && info.IsDir() {
		folder = path.Join(folder, frontend)
	}
	if _, err := os.Stat(folder); err != nil {
		return nil, err
	}
	operations, err := readSources("", folder, ".graphql")
	if err != nil {
		return nil, err
	}
	manifests, err := readSources("", folder, ".json")
	if err != nil {
		return nil, err
	}
	var list []Document
	for _, source := range operations {
		list = append(list, Document{Source: source})
	}
	for _, m := range manifests {
		list = append(list, ReadManifest(m.Name, m.Input, r)...)
	}
	return list, nil
}

// ReadManifest returns the documents of a manifest of persisted documents, sorted by
// their ids. Mistakes go to r.
func ReadManifest(name, text string, r *Report) []Document {
	bodies, err := manifest([]byte(text))
	if err != nil {
		r.Add(Diagnostic{File: name, Line: 1, Column: 1, Message: err.Error(), Fix: manifestFix})
		return nil
	}
	var list []Document
	for _, id := range slices.Sorted(maps.Keys(bodies)) {
		line, column := positionIn(text, id)
		list = append(list, Document{&ast.Source{Name: name, Input: bodies[id]}, id, line, column})
	}
	return list
}

// positionIn returns the position of a string in a JSON text; 1, 1 if it is spelled
// in another way.
func positionIn(text, value string) (line, column int) {
	quoted, err := json.Marshal(value)
	at := bytes.Index([]byte(text), quoted)
	if err != nil || at < 0 {
		return 1, 1
	}
	before := text[:at]
	return strings.Count(before, "\n") + 1, at - strings.LastIndexByte(before, '\n')
}

// ReadFolder reads the schema in a folder of *.graphqls files, with those of the
// folder shared beside it, as the frontends of a project are; or that of one file.
func ReadFolder(name string) (shared, sources []*ast.Source, err error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, nil, err
	}
	if !info.IsDir() {
		text, err := os.ReadFile(name)
		return nil, []*ast.Source{{Name: filepath.ToSlash(name), Input: strings.ReplaceAll(string(text), "\r\n", "\n")}}, err
	}
	if sources, err = readSources("", filepath.ToSlash(filepath.Clean(name)), ".graphqls"); err != nil {
		return nil, nil, err
	}
	if len(sources) == 0 {
		return nil, nil, fmt.Errorf("%s has no *.graphqls file", name)
	}
	if filepath.Base(name) != SharedFolder {
		shared, err = readSources("", path.Join(path.Dir(filepath.ToSlash(filepath.Clean(name))), SharedFolder), ".graphqls")
	}
	return shared, sources, err
}
