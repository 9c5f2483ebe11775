package scaffold

import (
	"bytes"
	"embed"
	"strings"
	"text/template"
)

//go:embed files
var files embed.FS

// File is a file of the project.
type File struct {
	Path    string // relative to the project, with slashes
	Content []byte
}

// Service is a service of the project.
type Service struct {
	Name, URL string
}

// Variable returns the service's URL as portico.yaml has it: the environment may have another.
func (s Service) Variable() string {
	return "${" + strings.ToUpper(s.Name) + "_URL:-" + s.URL + "}"
}

// render executes a template of files/.
func render(name string, data any) ([]byte, error) {
	t, err := template.ParseFS(files, "files/"+name+".tmpl")
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = t.Execute(&out, data)
	return out.Bytes(), err
}
