package importer

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/parser"
)

// OpenAPI makes a draft of an OpenAPI 3.0 or 3.1 document, YAML or JSON. A
// mistake in the document or in the options is a [*MistakeError].
func OpenAPI(file string, o Options) (*Draft, error) {
	project, err := readVisible(o)
	if err != nil {
		return nil, err
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	copied := File{Path: "clients/" + o.Service + "/openapi" + extension(file), Content: content}
	if err := otherDocument(o, copied.Path); err != nil {
		return nil, err
	}
	doc, err := loadOpenAPI(file, content)
	if err != nil {
		return nil, err
	}
	imp := &openAPI{draft: newDraft(o, project), doc: doc, made: map[typeKey]string{}, enums: map[*openapi3.Schema]*enum{},
		merged: map[*openapi3.Schema]*openapi3.Schema{}, visiting: map[*openapi3.Schema]bool{}}
	if err := imp.operations(o.Only); err != nil {
		return nil, err
	}
	out, err := imp.finish(o, file, []File{copied})
	if err != nil {
		return nil, err
	}
	out.URL = serverURL(doc)
	return out, nil
}

func extension(file string) string {
	if strings.EqualFold(filepath.Ext(file), ".json") {
		return ".json"
	}
	return ".yaml"
}

// otherDocument refuses a second document of a service.
func otherDocument(o Options, path string) error {
	other := strings.TrimSuffix(path, filepath.Ext(path)) + map[string]string{".json": ".yaml", ".yaml": ".json"}[filepath.Ext(path)]
	if _, err := os.Stat(filepath.Join(o.Dir, other)); err == nil {
		return &MistakeError{File: other, Message: "this is the service's document so far, and the new one would be " + path, Fix: "remove " + other}
	}
	return nil
}

func loadOpenAPI(file string, content []byte) (*openapi3.T, error) {
	loader := openapi3.NewLoader()
	loader.IncludeOrigin = true // for the order of the document
	doc, err := loader.LoadFromData(content)
	var external *openapi3.DisallowedExternalRefError
	switch {
	case errors.As(err, &external):
		m := &MistakeError{File: file, Message: "the document refers to another file: " + external.Ref, Fix: "bundle it into one file: npx @redocly/cli bundle " + file}
		m.locate(content, external.Ref)
		return nil, m
	case err != nil:
		return nil, loadMistake(file, content, err)
	case strings.HasPrefix(doc.OpenAPI, "3.0") || strings.HasPrefix(doc.OpenAPI, "3.1"):
		return doc, nil
	case doc.OpenAPI != "":
		return nil, &MistakeError{File: file, Message: "OpenAPI " + doc.OpenAPI + " is not known", Fix: "use OpenAPI 3.0 or 3.1"}
	case doc.Extensions["swagger"] != nil:
		return nil, &MistakeError{File: file, Message: fmt.Sprintf("this is Swagger %v", doc.Extensions["swagger"]), Fix: "convert it to OpenAPI 3: npx swagger2openapi " + file}
	}
	return nil, &MistakeError{File: file, Message: "this is no OpenAPI document: it has no openapi: 3.0.x or 3.1.x", Fix: "give the service's OpenAPI document"}
}

var (
	errorLine = regexp.MustCompile(`line (\d+):\s*`)
	errorRef  = regexp.MustCompile(`failed to resolve .*"(#[^"]+)"`)
)

// loadMistake gives the library's error the position that it tells.
func loadMistake(file string, content []byte, err error) *MistakeError {
	message := strings.Replace(err.Error(), "yaml: construct errors: ", "", 1)
	if i := strings.LastIndex(message, "yaml error: "); i >= 0 && extension(file) == ".yaml" {
		message = message[i+len("yaml error: "):]
	}
	m := &MistakeError{File: file, Message: message}
	var syntax *yaml.SyntaxError
	var inJSON *json.SyntaxError
	if _, err := parser.ParseBytes(content, 0); errors.As(err, &syntax) && syntax.Token != nil { // which tells columns
		m.Line, m.Column, m.Message = syntax.Token.Position.Line, syntax.Token.Position.Column, syntax.Message
	} else if extension(file) == ".json" && errors.As(json.Unmarshal(content, new(any)), &inJSON) {
		m.Message = inJSON.Error()
		m.at(string(content[:max(inJSON.Offset-1, 0)]))
	} else if strings.Contains(message, "into openapi3.T") {
		m.Message, m.Fix = "this is no OpenAPI document", "give the service's OpenAPI document"
	} else if found := errorLine.FindStringSubmatch(message); found != nil {
		m.Line, _ = strconv.Atoi(found[1])
		m.Message = strings.Replace(message, found[0], "", 1)
	} else if found := errorRef.FindStringSubmatch(message); found != nil {
		m.Message = "the reference " + found[1] + " leads nowhere"
		m.locate(content, found[1])
	}
	return m
}

// locate sets the position to where a text is first.
func (e *MistakeError) locate(content []byte, text string) {
	if before, _, ok := strings.Cut(string(content), text); ok {
		e.at(before)
	}
}

// at sets the position to the end of what is before it.
func (e *MistakeError) at(before string) {
	e.Line = 1 + strings.Count(before, "\n")
	e.Column = 1 + len([]rune(before[strings.LastIndexByte(before, '\n')+1:]))
}

// serverURL is the first server of the document, with the defaults of its
// variables; "" when it is not absolute.
func serverURL(doc *openapi3.T) string {
	if len(doc.Servers) == 0 || doc.Servers[0] == nil {
		return ""
	}
	url := doc.Servers[0].URL
	for name, v := range doc.Servers[0].Variables {
		url = strings.ReplaceAll(url, "{"+name+"}", v.Default)
	}
	if !strings.HasPrefix(url, "http://") && !strings.HasPrefix(url, "https://") {
		return ""
	}
	return strings.TrimSuffix(url, "/")
}

// openAPI is the import of one document.
type openAPI struct {
	*draft
	doc      *openapi3.T
	made     map[typeKey]string
	enums    map[*openapi3.Schema]*enum
	merged   map[*openapi3.Schema]*openapi3.Schema // of allOf
	visiting map[*openapi3.Schema]bool             // what is not an object and is being made
	xml      bool                                  // the answer that is being made is XML
}

// operation is an operation of the document.
type operation struct {
	*openapi3.Operation
	method, path string
	item         *openapi3.PathItem
}

func (op operation) String() string { return op.method + " " + op.path }

// place is where something is in its file; 0 when that is not known.
func place(o *openapi3.Origin) int {
	if o == nil || o.Key == nil {
		return 0
	}
	return o.Key.Line<<20 + o.Key.Column
}

// inOrder are the keys of a map in the order of the document.
func inOrder[T any](m map[string]T, origin func(T) *openapi3.Origin) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b string) int {
		return cmp.Or(cmp.Compare(place(origin(m[a])), place(origin(m[b]))), cmp.Compare(a, b))
	})
	return keys
}

// operations imports those that only selects.
func (imp *openAPI) operations(only []string) error {
	selected := newSelection(only)
	items := imp.doc.Paths.Map()
	for _, path := range inOrder(items, func(p *openapi3.PathItem) *openapi3.Origin { return p.Origin }) {
		operations := items[path].Operations()
		for _, method := range inOrder(operations, func(op *openapi3.Operation) *openapi3.Origin { return op.Origin }) {
			op := operation{operations[method], method, path, items[path]}
			if selected.has(op.OperationID, op.String()) {
				imp.operation(op)
			}
		}
	}
	if len(selected.seen) == 0 {
		return &MistakeError{Message: "the document has no operations", Fix: "import a document that has paths"}
	}
	return selected.check()
}

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

func (imp *openAPI) operation(op operation) {
	body, payload, why := imp.payloads(op)
	if why == "" {
		why = unboundPath(op)
	}
	if why != "" {
		imp.leaveOut(op.String(), why)
		return
	}
	root := "Mutation"
	if op.method == http.MethodGet {
		root = "Query"
	}
	c := &call{operation: op, used: map[string]bool{}, path: op.path}
	c.field = field{name: imp.fieldName(root, op.fieldNames()...), description: about(op.Summary, op.Description)}
	if body != nil {
		c.used["input"] = true
	}
	imp.parameters(c)
	c.field.typ = "Boolean!"
	if body != nil {
		imp.body(c, body)
	}
	if payload != nil {
		c.field.typ = imp.answer(c, payload)
	}
	if len(op.item.Servers) > 0 || op.Servers != nil && len(*op.Servers) > 0 {
		c.field.comments = append(c.field.comments, "The document names a server of its own for this operation.")
	}
	c.field.directives = []directive{c.binding(imp.service, body != nil, payload != nil && payload.xml)}
	if op.Deprecated {
		c.field.directives = append(c.field.directives, deprecated())
	}
	imp.add(root, c.field)
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

// deprecated says no reason, as documents have none.
func deprecated() directive { return directive{name: "deprecated"} }

// about joins a summary and a description that says more.
func about(summary, description string) string {
	summary, description = strings.TrimSpace(summary), strings.TrimSpace(description)
	if strings.HasPrefix(description, summary) {
		return description
	}
	return strings.TrimSpace(summary + "\n\n" + description)
}

// unboundPath says what keeps a path out of a binding.
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

// media is a body of a call or of its answer.
type media struct {
	schema   *openapi3.SchemaRef
	required bool
	xml      bool
}

// payloads are the bodies of a call and of its answer, nil for none. Why says
// what keeps the operation out.
func (imp *openAPI) payloads(op operation) (body, payload *media, why string) {
	if op.RequestBody != nil && op.RequestBody.Value != nil && len(op.RequestBody.Value.Content) > 0 {
		schema, ok := find(op.RequestBody.Value.Content, isJSON)
		switch {
		case !ok:
			return nil, nil, "its body is " + kinds(op.RequestBody.Value.Content) + ", not JSON"
		case op.method != http.MethodGet:
			body = &media{schema: schema, required: op.RequestBody.Value.Required}
		case op.RequestBody.Value.Required:
			return nil, nil, "it is a GET with a body"
		}
	}
	var others openapi3.Content
	for _, content := range answers(op) {
		if schema, ok := find(content, isJSON); ok {
			return body, &media{schema: schema}, ""
		}
		if schema, ok := find(content, isXML); ok {
			return body, &media{schema: schema, xml: true}, ""
		}
		others = content
	}
	if others != nil {
		return nil, nil, "it answers with " + kinds(others) + ", not JSON or XML"
	}
	return body, nil, ""
}

// answers are the bodies of answers that mean success, by status. The default
// answer counts when there is no other.
func answers(op operation) []openapi3.Content {
	var all []openapi3.Content
	if op.Responses == nil {
		return nil
	}
	responses := op.Responses.Map()
	keys := slices.DeleteFunc(op.Responses.Keys(), func(key string) bool { return !strings.HasPrefix(key, "2") })
	if len(keys) == 0 {
		keys = []string{"default"}
	}
	slices.Sort(keys)
	for _, key := range keys {
		if r := responses[key]; r != nil && r.Value != nil && len(r.Value.Content) > 0 {
			all = append(all, r.Value.Content)
		}
	}
	return all
}

// find is the schema of the first media type that is wanted, by name; it is nil
// when the media type has none.
func find(content openapi3.Content, wanted func(string) bool) (schema *openapi3.SchemaRef, ok bool) {
	for _, name := range slices.Sorted(maps.Keys(content)) {
		if kind, _, err := mime.ParseMediaType(name); err != nil || !wanted(kind) {
			continue
		}
		if content[name] != nil {
			schema = content[name].Schema
		}
		return schema, true
	}
	return nil, false
}

func isJSON(kind string) bool {
	return kind == "application/json" || strings.HasSuffix(kind, "+json") || kind == "*/*" || kind == "application/*"
}

func isXML(kind string) bool {
	return kind == "application/xml" || kind == "text/xml" || strings.HasSuffix(kind, "+xml")
}

func kinds(content openapi3.Content) string {
	return strings.Join(slices.Sorted(maps.Keys(content)), " or ")
}

func (imp *openAPI) body(c *call, body *media) {
	s := imp.shape(body.schema, spot{name: pascal(c.field.name), input: true})
	arg := field{name: "input", typ: s.name, comments: s.comments()}
	if body.required {
		arg.typ += "!"
	}
	if v := c.RequestBody.Value; v.Description != "" {
		arg.description = v.Description
	}
	c.field.args = append(c.field.args, arg)
}

// answer is the type of a field. It can be null, so that a call that fails does
// not take the rest of the data with it.
func (imp *openAPI) answer(c *call, payload *media) string {
	imp.xml = payload.xml
	defer func() { imp.xml = false }()
	s := imp.shape(payload.schema, spot{name: pascal(c.field.name) + "Result"})
	c.field.comments = append(c.field.comments, s.comments()...)
	return s.name
}
