package bindgen

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path/filepath"

	"github.com/portico-gateway/portico/internal/plan"
	"github.com/portico-gateway/portico/internal/project"
)

// changedModels returns notes on model fields whose Go types change in this run
// because one frontend made them nullable. Hand-written methods of all
// frontends have to follow.
func (r *run) changedModels(s *stage) []string {
	name := filepath.Join(project.GraphFolder, project.ModelFolder, "models"+project.GeneratedSuffix)
	before, after := structFields(filepath.Join(r.root, name)), structFields(filepath.Join(s.dir, name))
	var notes []string
	for _, w := range r.project.Widened {
		field := plan.GoName(w.Type) + "." + plan.GoName(w.Field)
		was, is := before[field], after[field]
		if was == "" || is == "" || was == is {
			continue
		}
		notes = append(notes, fmt.Sprintf("%s: %s.%s can be null here, and not at %s: model.%s is %s now, and was %s",
			project.Where(w.Nullable), w.Type, w.Field, project.Where(w.NonNull), field, is, was))
	}
	return notes
}

// structFields returns the types of the fields of the structs in a Go file, by
// "Struct.Field"; none if it can't be read.
func structFields(file string) map[string]string {
	fields := map[string]string{}
	text, err := os.ReadFile(file)
	if err != nil {
		return fields
	}
	parsed, err := parser.ParseFile(token.NewFileSet(), file, text, parser.SkipObjectResolution)
	if err != nil {
		return fields
	}
	ast.Inspect(parsed, func(n ast.Node) bool {
		spec, ok := n.(*ast.TypeSpec)
		if !ok {
			return true
		}
		if s, ok := spec.Type.(*ast.StructType); ok {
			for _, field := range s.Fields.List {
				for _, name := range field.Names {
					fields[spec.Name.Name+"."+name.Name] = types.ExprString(field.Type)
				}
			}
		}
		return false
	})
	return fields
}
