package plan

import (
	"bytes"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/99designs/gqlgen/codegen/templates"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/internal/goname"
	"github.com/portico-gateway/portico/internal/project"
)

// checkNames reports names that are invalid in Go, and different names that are
// the same in Go.
func checkNames(p *project.Project, r *project.Report) {
	declared := map[string]*ast.Position{}
	for _, name := range project.TypeNames(p.Union) {
		def := p.Union.Types[name]
		if def.BuiltIn || strings.HasPrefix(name, "__") {
			continue
		}
		if strings.HasPrefix(name, "_") || GoName(name) == "" {
			r.At(def.Position, "begin it with a letter", "%s can't be the name of a Go type", name)
			continue
		}
		distinct(r, declared, def.Position, GoName(name), name)
		checkFields(p.Union, def, r)
	}
	for _, name := range project.TypeNames(p.Union) { // gqlgen's models have a variable for each enum
		if def := p.Union.Types[name]; def.Kind == ast.Enum && !def.BuiltIn && !strings.HasPrefix(name, "__") {
			distinct(r, declared, def.Position, "All"+GoName(name), "the list of values of "+name)
		}
	}
}

// checkFields checks the names of a type's fields and their arguments.
func checkFields(union *ast.Schema, def *ast.Definition, r *project.Report) {
	fields := map[string]*ast.Position{}
	for _, field := range def.Fields {
		if strings.HasPrefix(field.Name, "__") {
			continue
		}
		checkName(r, fields, field.Position, GoName(field.Name), def.Name+"."+field.Name)
		if root := union.Types[field.Type.Name()]; root != nil && project.IsRoot(union, root) {
			r.At(field.Position, "give it another type", "%s.%s returns the root type %s, which has no values in Go", def.Name, field.Name, root.Name)
		}
		arguments := map[string]*ast.Position{}
		for _, arg := range field.Arguments {
			checkName(r, arguments, arg.Position, GoName(arg.Name), arg.Name)
		}
		for _, arg := range field.Arguments { // a variable of code's own makes Arg follow the name
			if other := arguments[GoName(arg.Name)+"Arg"]; other != nil {
				r.At(arg.Position, "give one of them another name", "%s and what %s has may be the same in Go", arg.Name, project.Where(other))
			}
		}
	}
}

func checkName(r *project.Report, have map[string]*ast.Position, at *ast.Position, inGo, name string) {
	if inGo == "" || strings.HasPrefix(inGo, "_") {
		r.At(at, "begin it with a letter", "%s can't be a name in Go", name)
		return
	}
	distinct(r, have, at, inGo, name)
}

// distinct reports a name whose Go name is taken.
func distinct(r *project.Report, have map[string]*ast.Position, at *ast.Position, inGo, name string) {
	if other := have[inGo]; other != nil {
		r.At(at, "give one of them another name", "%s is %s in Go, like the declaration at %s", name, inGo, project.Where(other))
		return
	}
	have[inGo] = at
}

// checkMethods reports fields and arguments whose names have another meaning in
// the methods that resolve them.
func (b *adapting) checkMethods(a *Adapters) {
	for _, field := range a.Fields {
		if slices.Contains(goname.Methods(), field.GoName) {
			b.report.At(b.position(field), "give it another name", "Go expects a signature of methods named %s that %s.%s can't have", field.GoName,
				a.Name, field.Name)
		}
	}
}

// checkFiles reports files of other generators at paths that this generator
// writes.
func checkFiles(p *Plan, r *project.Report) {
	names := []string{path.Join(project.ClientsFolder, "clients"+project.GeneratedSuffix)}
	for _, service := range p.calls.services() {
		names = append(names, path.Join(project.ClientsFolder, service, "client"+project.GeneratedSuffix))
	}
	for _, name := range names {
		text, err := os.ReadFile(filepath.Join(p.project.Root, filepath.FromSlash(name)))
		if err == nil && !bytes.HasPrefix(text, []byte(project.GeneratedHeader)) {
			r.Add(project.Diagnostic{File: name, Line: 1, Column: 1, Message: "portico generate writes this file, but another generator made it",
				Fix: "rename it"})
		}
	}
}

// FieldName returns an exported Go name for a name of a service, for which
// taken returns false.
func FieldName(name string, taken func(string) bool) string {
	out := templates.ToGo(strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return '_'
	}, strings.TrimPrefix(name, "@")))
	if first, _ := utf8.DecodeRuneInString(out); !unicode.IsUpper(first) { // not exported
		out = "Field" + out
	}
	for base, n := out, 2; taken(out); n++ {
		out = fmt.Sprintf("%s%d", base, n)
	}
	return out
}
