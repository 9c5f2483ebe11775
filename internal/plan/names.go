package plan

import (
	"bytes"
	"os"
	"path"
	"path/filepath"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/internal/project"
)

// checkNames reports types, and fields of a type, that would have the same name in
// Go.
func checkNames(p *project.Project, r *project.Report) {
	types := map[string]*ast.Definition{}
	for _, name := range project.TypeNames(p.Union) {
		def := p.Union.Types[name]
		if def.BuiltIn {
			continue
		}
		if other := types[goName(name)]; other != nil {
			r.At(def.Position, "give one of them another name", "%s and %s (%s) are both %s in Go", name, other.Name, where(other.Position), goName(name))
		}
		types[goName(name)] = def
		fields := map[string]*ast.FieldDefinition{}
		for _, field := range def.Fields {
			if other := fields[goName(field.Name)]; other != nil {
				r.At(field.Position, "give one of them another name", "%s.%s and %s.%s (%s) are both %s in Go",
					name, field.Name, name, other.Name, where(other.Position), goName(field.Name))
			}
			fields[goName(field.Name)] = field
		}
	}
}

// checkFiles reports files that another generator has where a run writes.
func checkFiles(p *Plan, r *project.Report) {
	names := []string{path.Join(project.ClientsFolder, "clients"+project.GeneratedSuffix)}
	for _, service := range p.calls.services() {
		names = append(names, path.Join(project.ClientsFolder, service, "client"+project.GeneratedSuffix))
	}
	for _, name := range names {
		text, err := os.ReadFile(filepath.Join(p.project.Root, filepath.FromSlash(name)))
		if err == nil && !bytes.HasPrefix(text, []byte(project.GeneratedHeader)) {
			r.Add(project.Diagnostic{File: name, Line: 1, Column: 1, Message: "portico generate writes this file, but another generator made it", Fix: "rename it"})
		}
	}
}
