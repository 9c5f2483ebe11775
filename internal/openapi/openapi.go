// Package openapi reads documents of HTTP services: Swagger 2.0 and OpenAPI 3.0 and 3.1, as YAML or JSON, in one file or several.
//
// A [Source] is the text as a tree, in the order of the document. Of it, operations are selected; a [Document] has these and what they refer
// to, as OpenAPI 3.
package openapi

import (
	"cmp"
	"context"
	"encoding/json"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// Source is a document with the files that it refers to.
type Source struct {
	// Missing are references to schemas and examples that lead nowhere. There is nothing in their places.
	Missing []*Error

	location string
	content  []byte
	json     bool // the format of content; otherwise it is YAML
	verbatim bool // the content is all of root
	root     *node
	rules    rules
}

// Operation is an operation of a document.
type Operation struct {
	Method string // in capitals
	Path   string
	ID     string // "" if it has none
}

// Document is a part of a source: the selected operations and what they refer to.
type Document struct {
	*openapi3.T
	// Operations are those of the document, in its order.
	Operations []Operation
	// Content is the document's text. It is that of the source, byte for byte, if this is one file of OpenAPI 3 of which all operations
	// are selected. Otherwise it is OpenAPI 3 in the format of the source: YAML or JSON.
	Content []byte
	// JSON reports whether Content is JSON.
	JSON bool

	orders map[string][]string
}

// Read reads a document from a file or, if location begins with http:// or https://, from a URL. References to other files, which end with
// .yaml, .yml or .json, are followed; from a URL, only those to the same host. All files together have at most 64 MiB. An error in a document
// is an [Error].
func Read(ctx context.Context, location string) (*Source, error) {
	if !isURL(location) {
		location = filepath.Clean(location) // as references to it are resolved
	}
	f := newFiles(ctx, location)
	content, err := f.read(location)
	if err != nil {
		return nil, err
	}
	return newSource(f, location, content)
}

func newSource(f *files, location string, content []byte) (*Source, error) {
	root, inJSON, err := parse(location, content)
	if err != nil {
		return nil, err
	}
	s := &Source{location: location, content: content, json: inJSON, root: root, rules: grammar()}
	if err := cmp.Or(s.checkVersion(), s.checkPaths()); err != nil {
		return nil, err
	}
	f.trees[location] = root
	b := newBundle(f, s)
	if err := b.walk(root, "document", location); err != nil {
		return nil, err
	}
	s.verbatim = len(f.trees) == 1 && !s.swagger()
	return s, nil
}

// swagger reports whether the document is Swagger 2.0.
func (s *Source) swagger() bool { return s.root.get("swagger") != nil }

func (s *Source) checkVersion() error {
	fail := func(n *node, message, fix string) error {
		e := &Error{File: s.location, Message: message, Fix: fix}
		if n != nil {
			e.Line, e.Column = n.line, n.column
		}
		return e
	}
	version, swagger := s.root.get("openapi"), s.root.get("swagger")
	switch {
	case version != nil && (strings.HasPrefix(version.string(), "3.0") || strings.HasPrefix(version.string(), "3.1")):
	case version != nil:
		return fail(version, "OpenAPI "+version.string()+" is not known", "use OpenAPI 3.0 or 3.1")
	case swagger != nil && slices.Contains([]string{"2", "2.0"}, swagger.string()):
	case swagger != nil:
		return fail(swagger, "Swagger "+swagger.string()+" is not known", "convert it to OpenAPI 3")
	default:
		return fail(nil, "this is no OpenAPI document: it has no openapi: 3.0.x or 3.1.x and no swagger: \"2.0\"", "give the service's OpenAPI document")
	}
	return nil
}

// checkPaths checks that what would be an operation is one, since others are skipped.
func (s *Source) checkPaths() error {
	fail := func(n *node, what string) error {
		return &Error{File: s.location, Line: n.line, Column: n.column, Message: what + " is not an object"}
	}
	paths := s.root.get("paths")
	if paths == nil {
		return nil
	}
	if paths.kind != object {
		return fail(paths, "paths")
	}
	for i, path := range paths.keys {
		item := paths.values[i]
		if item.kind != object && item.text != "null" {
			return fail(item, path)
		}
		for operation := range s.rules.children(item, "path") {
			if v := operation.value(); operation.rule == "operation" && v.kind != object && v.text != "null" {
				return fail(v, strings.ToUpper(item.keys[operation.i])+" "+path)
			}
		}
	}
	return nil
}

// Operations returns the operations in the order of the document.
func (s *Source) Operations() []Operation {
	var all []Operation
	paths := s.root.get("paths")
	if paths == nil || paths.kind != object {
		return nil
	}
	for i, path := range paths.keys {
		for operation := range s.rules.children(paths.values[i], "path") {
			if operation.rule == "operation" && operation.value().kind == object {
				all = append(all, Operation{strings.ToUpper(operation.of.keys[operation.i]), path, operation.value().get("operationId").string()})
			}
		}
	}
	return all
}

// Select returns the document of the operations for which keep returns true. It consumes the source.
func (s *Source) Select(keep func(Operation) bool) (*Document, error) {
	all := s.Operations()
	selected := slices.DeleteFunc(slices.Clone(all), func(op Operation) bool { return !keep(op) })
	s.prune(selected)
	if s.swagger() {
		if err := s.convert(); err != nil {
			return nil, err
		}
		s.prune(selected) // what the conversion has made
	}
	d := &Document{T: &openapi3.T{}, Operations: selected, JSON: s.json, Content: s.content, orders: map[string][]string{}}
	s.order(d.orders, s.root, "document", map[*node]bool{})
	encoded := s.root.json()
	if !s.verbatim || len(selected) != len(all) {
		d.Content = encoded
		if !d.JSON {
			var err error
			if d.Content, err = s.root.yaml(); err != nil {
				return nil, err
			}
		}
	}
	s.root, s.content = nil, nil
	if err := json.Unmarshal(encoded, d.T); err != nil {
		return nil, &Error{File: s.location, Message: err.Error()}
	}
	if d.Paths == nil {
		d.Paths = openapi3.NewPaths()
	}
	if err := openapi3.NewLoader().ResolveRefsIn(d.T, nil); err != nil {
		return nil, &Error{File: s.location, Message: err.Error()}
	}
	return d, nil
}

// All is the selection of all operations.
func All(Operation) bool { return true }

// Server is the URL of the document's first server, with the defaults of its variables and without a last slash; "" if it is not absolute.
func (d *Document) Server() string {
	if len(d.Servers) == 0 || d.Servers[0] == nil {
		return ""
	}
	url := d.Servers[0].URL
	for name, v := range d.Servers[0].Variables {
		url = strings.ReplaceAll(url, "{"+name+"}", v.Default)
	}
	if !strings.HasPrefix(url, "http://") && !strings.HasPrefix(url, "https://") {
		return ""
	}
	return strings.TrimSuffix(url, "/")
}

// Extension is that of a file with the document's text.
func (d *Document) Extension() string {
	if d.JSON {
		return ".json"
	}
	return ".yaml"
}

// Name is the last part of the location.
func (s *Source) Name() string { return path.Base(strings.ReplaceAll(s.location, "\\", "/")) }

// Ordered returns the names of properties in the order of the document.
func Ordered[T any](d *Document, properties map[string]T) []string {
	keys := make([]string, 0, len(properties))
	for key := range properties {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	if ordered := d.orders[strings.Join(keys, "\x00")]; ordered != nil {
		return ordered
	}
	return keys
}

// order collects the orders of properties by their sorted names.
func (s *Source) order(orders map[string][]string, n *node, rule string, seen map[*node]bool) {
	if seen[n] {
		return
	}
	seen[n] = true
	if properties := n.get("properties"); rule == "schema" && properties != nil && properties.kind == object {
		sorted := slices.Clone(properties.keys)
		slices.Sort(sorted)
		if key := strings.Join(sorted, "\x00"); orders[key] == nil {
			orders[key] = properties.keys
		}
	}
	for child := range s.rules.children(n, rule) {
		s.order(orders, child.value(), child.rule, seen)
	}
}
