// Package scaffold makes the files of a new project: see portico init.
package scaffold

import (
	"bytes"
	"errors"
	"fmt"
	"go/token"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// Options say what the project is.
type Options struct {
	// Name is the project's name, such as shop.
	Name string
	// Module is the path of its Go module.
	Module string
	// Frontends are the names of its frontends; there is at least one.
	Frontends []string
	// Services are the services that it calls.
	Services []Service
	// Portico is the version of Portico that it requires.
	Portico Portico
	// Directives are the definitions of all directives, and Settings is the JSON Schema of portico.yaml, for editors.
	Directives []*ast.Source
	Settings   []byte
}

// Check returns the mistakes in the names of a project; nil if there are none.
func (o Options) Check() error {
	if !regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9._-]*$`).MatchString(o.Name) {
		return fmt.Errorf("%q can't name a project: use letters, digits, dots and dashes", o.Name)
	}
	for i, name := range o.Frontends {
		if !regexp.MustCompile(`^[a-z][a-z0-9]*$`).MatchString(name) || token.IsKeyword(name) || slices.Contains(reserved(), name) {
			return fmt.Errorf("%q can't name a frontend: use small letters and digits, such as web or mobile", name)
		}
		if slices.Contains(o.Frontends[:i], name) {
			return fmt.Errorf("the frontend %s is named twice", name)
		}
	}
	if len(o.Frontends) == 0 {
		return errors.New("a project has at least one frontend, such as web")
	}
	return nil
}

func reserved() []string {
	return []string{"shared", "model", "graph", "resolvers", "main", "internal", "vendor"}
}

// Files returns the files of a project, without its schemas other than an empty one for each frontend.
func Files(o Options) ([]File, error) {
	own, err := readModule(o.Portico.Dir)
	if err != nil {
		return nil, err
	}
	data := struct {
		Options
		GoVersion string // such as 1.26, without the patch
	}{o, strings.Join(strings.Split(own.Go.Version, ".")[:2], ".")}
	var list []File
	for _, f := range []struct{ template, path string }{
		{"gqlgen.yml", "gqlgen.yml"},
		{"portico.yaml", "portico.yaml"},
		{"main.go", "cmd/gateway/main.go"},
		{"Makefile", "Makefile"},
		{"gitignore", ".gitignore"},
		{"graphqlrc.yml", ".graphqlrc.yml"},
		{"editorconfig", ".editorconfig"},
		{"extensions.json", ".vscode/extensions.json"},
		{"ci.yml", ".github/workflows/ci.yml"},
		{"Dockerfile", "Dockerfile"},
		{"README.md", "README.md"},
	} {
		content, err := render(f.template, data)
		if err != nil {
			return nil, err
		}
		list = append(list, File{f.path, content})
	}
	for _, name := range o.Frontends {
		content, err := render("frontend.graphqls", map[string]string{"Frontend": name})
		if err != nil {
			return nil, err
		}
		list = append(list, File{path.Join("schema", name, name+".graphqls"), content})
	}
	var directives bytes.Buffer
	directives.WriteString("# The directives of Portico, for editors: .graphqlrc.yml has this file. It is no part of the schema.\n")
	for _, source := range o.Directives {
		directives.WriteString("\n" + strings.TrimSpace(source.Input) + "\n")
	}
	module, err := moduleFiles(o.Module, o.Portico, own)
	list = append(list, File{"directives.graphqls", directives.Bytes()}, File{"portico.schema.json", o.Settings})
	return append(list, module...), err
}
