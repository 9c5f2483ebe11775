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

// call is an operation that becomes a field.
type call struct {
	operation
	root          string
	body, payload *media // nil for none
	page          *paging
	field         field
	used          map[string]bool // names of arguments
	path          string
	query, header []string
	selected      string // the path of the payload, or ""
	unclear       bool   // nothing says whether it only reads
}

func (c *call) binding(service string) directive {
	args := []argument{text("service", service), text(strings.ToLower(c.method), c.path)}
	if len(c.query) > 0 {
		args = append(args, texts("query", c.query))
	}
	if len(c.header) > 0 {
		args = append(args, texts("headers", c.header))
	}
	switch {
	case c.body != nil && c.body.digits:
		args = append(args, text("body", "{$args.input->number}"))
	case c.body != nil:
		args = append(args, text("body", "{$args.input}"))
	}
	if c.selected != "" {
		args = append(args, text("select", c.selected))
	}
	if c.page != nil {
		args = append(args, c.page.argument())
	}
	switch {
	case c.payload != nil && c.payload.xml:
		args = append(args, argument{name: "format", value: "XML"})
	case c.body != nil && c.body.form:
		args = append(args, argument{name: "format", value: "FORM"})
	}
	return directive{"rest", args}
}

// linked reports whether the document links the operation's answers to other operations.
func (op operation) linked() bool {
	for _, response := range op.Responses.Map() {
		if response != nil && response.Value != nil && len(response.Value.Links) > 0 {
			return true
		}
	}
	return false
}

// writes reports whether a POST is named as one that changes something: by its operationId, or by the end of its path.
func (op operation) writes() bool {
	segments := op.segments()
	if id := op.identifier(segments); len(id) > 0 && !isMethod(id[0]) && slices.Contains(writingVerbs(), id[0]) {
		return true
	}
	if len(segments) == 0 {
		return false
	}
	last := segments[len(segments)-1].words()
	return slices.Contains(writingVerbs(), last[0])
}

// unclear is a comment on a field of which nothing says whether it only reads.
func unclear(root string) string {
	return "Nothing says whether the method only reads: this is a field of " + root + ", which may have to change."
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
	path, _, _ := strings.Cut(strings.SplitN(op.path, "#", 2)[0], "?")
	switch {
	case !slices.Contains([]string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}, op.method):
		return "@rest has no " + op.method
	case !strings.HasPrefix(path, "/"):
		return "its path does not begin with /"
	case strings.Contains(path, "//"):
		return "its path has an empty segment, which a binding can't have"
	}
	return ""
}
