package importer

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// operation is an operation of the document.
type operation struct {
	*openapi3.Operation
	method, path string
	item         *openapi3.PathItem
}

func (op operation) String() string { return op.method + " " + op.path }

// fieldNames are what an operation can be called, the best first.
func (op operation) fieldNames() []string {
	method := strings.ToLower(op.method)
	full, short := method+" "+op.path, []string{method}
	segments := strings.FieldsFunc(op.path, func(r rune) bool { return r == '/' })
	for i, s := range segments {
		if strings.HasPrefix(s, "{") {
			continue
		}
		if i+1 < len(segments) && strings.HasPrefix(segments[i+1], "{") {
			s = singular(s) // /users/{id} is a user
		}
		short = append(short, s)
	}
	names := []string{camel(strings.Join(short, " ")), camel(full)}
	switch {
	case len(segments) == 0:
		names = []string{camel(method + " root")}
	case len(short) == 1:
		names = names[1:]
	}
	if len(pieces(op.OperationID)) > 0 {
		names = append([]string{camel(op.OperationID)}, names...)
	}
	return names
}

// call is an operation that becomes a field.
type call struct {
	operation
	field         field
	used          map[string]bool // names of arguments
	path          string
	query, header []string
}

func (c *call) binding(service string, body, xml bool) directive {
	args := []argument{text("service", service), text(strings.ToLower(c.method), c.path)}
	if len(c.query) > 0 {
		args = append(args, texts("query", c.query))
	}
	if len(c.header) > 0 {
		args = append(args, texts("headers", c.header))
	}
	if body {
		args = append(args, text("body", "{$args.input}"))
	}
	if xml {
		args = append(args, argument{name: "format", value: "XML"})
	}
	return directive{"rest", args}
}

func (c *call) omit(p *openapi3.Parameter, why string) {
	c.field.comments = append(c.field.comments, fmt.Sprintf("The %s parameter %s is left out: %s.", p.In, p.Name, why))
}

// about joins a summary and a description that says more.
func about(summary, description string) string {
	summary, description = strings.TrimSpace(summary), strings.TrimSpace(description)
	if strings.HasPrefix(description, summary) {
		return description
	}
	return strings.TrimSpace(summary + "\n\n" + description)
}

// unboundPath returns what keeps a path out of a binding.
func unboundPath(op operation) string {
	path, _, _ := strings.Cut(op.path, "?")
	switch {
	case !slices.Contains([]string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}, op.method):
		return "@rest has no " + op.method
	case !strings.HasPrefix(path, "/") || strings.Contains(path, "//") || len(path) > 1 && strings.HasSuffix(path, "/"):
		return "its path has an empty segment, which a binding can't have"
	case strings.ContainsAny(path, "#"):
		return "its path has a #, which is no part of a path"
	}
	return ""
}
