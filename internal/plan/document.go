package plan

import (
	"context"
	"errors"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/directive"
	"github.com/portico-gateway/portico/internal/binding"
	"github.com/portico-gateway/portico/internal/openapi"
	"github.com/portico-gateway/portico/internal/project"
)

// checkDocuments checks the bindings of services that have an OpenAPI document
// (clients/<service>/openapi.yaml or .json) against it.
func (m *maker) checkDocuments(ctx context.Context) {
	calls := m.plan.calls
	for _, name := range calls.services() {
		file := documentOf(m.project.Root, name)
		if file == "" {
			continue
		}
		doc, err := readDocument(ctx, filepath.Join(m.project.Root, filepath.FromSlash(file)))
		if err != nil {
			m.report.Add(documentDiagnostic(file, err))
			continue
		}
		d := &documentCheck{maker: m, service: &Service{Name: name}, doc: doc, file: file, seen: map[string]bool{}}
		for _, c := range calls.list {
			if c.Service == name && c.REST != nil {
				d.service.Calls = append(d.service.Calls, c)
			}
		}
		for _, c := range d.service.Calls {
			d.check(c)
		}
	}
}

func readDocument(ctx context.Context, file string) (*openapi.Document, error) {
	source, err := openapi.Read(ctx, file)
	if err != nil {
		return nil, err
	}
	return source.Select(openapi.All)
}

func documentDiagnostic(file string, err error) project.Diagnostic {
	d := project.Diagnostic{
		File: file, Line: 1, Column: 1, Message: err.Error(),
		Fix: "the bindings of the service are checked against this OpenAPI document: correct it, or remove it",
	}
	if e, ok := errors.AsType[*openapi.Error](err); ok {
		d.Message = e.Message
		if e.Line > 0 {
			d.Line, d.Column = e.Line, max(e.Column, 1)
		}
	}
	return d
}

// documentOf returns the service's OpenAPI document, relative to root; empty if
// there is none.
func documentOf(root, service string) string {
	for _, name := range []string{"openapi.yaml", "openapi.yml", "openapi.json"} {
		file := path.Join(project.ClientsFolder, service, name)
		if _, err := os.Stat(filepath.Join(root, filepath.FromSlash(file))); err == nil {
			return file
		}
	}
	return ""
}

// documentCheck checks the calls of one service.
type documentCheck struct {
	*maker
	service *Service
	doc     *openapi.Document
	file    string
	sorted  []template      // the paths
	seen    map[string]bool // pairs of types and schemas that are compared
	part    string          // "answer" or "body", for messages
}

func (d *documentCheck) check(c *Call) {
	items := d.pathItems(c.REST.Path)
	if len(items) == 0 {
		d.report.At(c.REST.PathPos, suggest(pathTemplate(c.REST.Path), d.doc.Paths.Keys(), "see "+d.file), "%s has no path %s", d.file,
			pathTemplate(c.REST.Path))
		return
	}
	withMethod := slices.DeleteFunc(slices.Clone(items), func(name string) bool { return d.doc.Paths.Value(name).GetOperation(c.REST.Method) == nil })
	if len(withMethod) == 0 {
		methods := slices.Sorted(maps.Keys(d.doc.Paths.Value(items[0]).Operations()))
		d.report.At(c.REST.PathPos, "there is "+strings.Join(methods, ", "), "%s has no %s %s", d.file, c.REST.Method, items[0])
		return
	}
	// In some documents, operations of one path differ by their query or their body. One of them must fit.
	report := d.report
	var best *project.Report
	for _, name := range withMethod {
		d.report = &project.Report{}
		d.checkOperation(c, name)
		if best == nil || d.report.Len() < best.Len() {
			best = d.report
		}
		if best.Len() == 0 {
			break
		}
	}
	d.report = report
	d.report.Join(best)
}

func (d *documentCheck) checkOperation(c *Call, name string) {
	item := d.doc.Paths.Value(name)
	operation := item.GetOperation(c.REST.Method)
	d.checkQuery(c, name, append(slices.Clone(operation.Parameters), item.Parameters...))
	d.checkBody(c, name, operation)
	if schema := d.answerSchema(operation); schema != nil && !c.REST.XML && !c.Stream() {
		d.checkAnswer(c, schema)
	}
}

// pathTemplate returns a path as OpenAPI documents write it.
func pathTemplate(segments []directive.Text) string {
	var b strings.Builder
	for _, segment := range segments {
		b.WriteByte('/')
		for _, part := range segment {
			if part.Var != nil {
				b.WriteString("{" + part.Var.Path[len(part.Var.Path)-1] + "}")
			}
			b.WriteString(part.Literal)
		}
	}
	if b.Len() == 0 {
		return "/"
	}
	return b.String()
}

// pathItems returns the paths of the document that segments match. A variable matches a parameter; a literal matches itself or, if no path
// has it, a parameter. Of the paths, those with the most literals are returned.
func (d *documentCheck) pathItems(segments []directive.Text) []string {
	var best []string
	literals := 0
	for _, template := range d.templates() {
		switch n := matches(template.segments, segments); {
		case n < 0 || n < literals:
		case n > literals:
			best, literals = []string{template.name}, n
		default:
			best = append(best, template.name)
		}
	}
	return best
}

// template is a path of the document.
type template struct {
	name     string
	segments []string
}

// templates returns the paths of the document, sorted.
func (d *documentCheck) templates() []template {
	if d.sorted == nil {
		for _, name := range slices.Sorted(maps.Keys(d.doc.Paths.Map())) {
			bare, _, _ := strings.Cut(strings.SplitN(name, "#", 2)[0], "?") // in some documents, operations differ by these
			if d.doc.Paths.Value(name) != nil {
				d.sorted = append(d.sorted, template{name, strings.Split(strings.Trim(bare, "/"), "/")})
			}
		}
	}
	return d.sorted
}

// matches returns the number of literal segments of a template that segments
// match; negative if they do not match.
func matches(template []string, segments []directive.Text) int {
	if len(template) == 1 && template[0] == "" {
		template = nil
	}
	if len(template) != len(segments) {
		return -1
	}
	literals := 0
	for i, want := range template {
		parameter := strings.Contains(want, "{")
		words := len(segments[i]) == 1 && segments[i][0].Var == nil
		switch {
		case words && segments[i][0].Literal == want:
			literals++
		case !parameter:
			return -1
		}
	}
	return literals
}

func (d *documentCheck) checkQuery(c *Call, name string, parameters openapi3.Parameters) {
	var names []string
	if _, query, ok := strings.Cut(name, "?"); ok {
		for pair := range strings.SplitSeq(query, "&") {
			own, _, _ := strings.Cut(pair, "=")
			names = append(names, own)
		}
	}
	sent := map[string]bool{}
	for _, p := range c.REST.Query {
		name, _, _ := strings.Cut(p.Name, "[") // a member of an object, in the style deepObject
		sent[p.Name], sent[name] = true, true
	}
	for _, p := range parameters {
		if p == nil || p.Value == nil || p.Value.In != openapi3.ParameterInQuery {
			continue
		}
		names = append(names, p.Value.Name)
		if p.Value.Schema != nil && p.Value.Schema.Value != nil && p.Value.Style != "deepObject" {
			names = append(names, d.propertyNames(p.Value.Schema.Value)...) // each field of an object is a parameter
		}
		if p.Value.Required && !sent[p.Value.Name] && !d.sentInParts(p.Value, sent) {
			d.report.At(c.Pos, `add it to query: "`+p.Value.Name+`={$args.…}"`, "%s %s requires the parameter %s", c.REST.Method, name, p.Value.Name)
		}
	}
	for _, p := range c.REST.Query {
		known := slices.ContainsFunc(names, func(n string) bool { return n == p.Name || strings.HasPrefix(p.Name, n+"[") })
		if !known {
			d.report.At(p.Pos, suggest(p.Name, names, "see "+d.file), "%s %s has no parameter %s", c.REST.Method, name, p.Name)
		}
	}
}

// sentInParts reports whether a parameter is an object of which a member is sent as a parameter.
func (d *documentCheck) sentInParts(p *openapi3.Parameter, sent map[string]bool) bool {
	if p.Schema == nil || p.Schema.Value == nil {
		return false
	}
	return slices.ContainsFunc(d.propertyNames(p.Schema.Value), func(name string) bool { return sent[name] })
}

func (d *documentCheck) checkBody(c *Call, name string, operation *openapi3.Operation) {
	body := operation.RequestBody
	if c.REST.Body == nil {
		if body != nil && body.Value != nil && body.Value.Required {
			d.report.At(c.Pos, "add body", "%s %s requires a body", c.REST.Method, name)
		}
		return
	}
	if body == nil || body.Value == nil {
		d.report.At(c.REST.Body.Pos, "remove it", "%s %s takes no body", c.REST.Method, name)
		return
	}
	d.part = "body"
	if schema := jsonSchema(body.Value.Content); schema != nil {
		d.checkValue(c, c.REST.Body, schema)
	}
}

// checkValue checks a part of a body.
func (d *documentCheck) checkValue(c *Call, v *binding.Value, schema *openapi3.Schema) {
	for _, m := range v.Object {
		property, open := d.property(schema, m.Name)
		if property == nil {
			if !open {
				d.report.At(m.Pos, suggest(m.Name, d.propertyNames(schema), "see "+d.file), "%s: the body has no field %s", d.file, m.Name)
			}
			continue
		}
		d.checkValue(c, m.Value, property)
	}
	if one := v.Text.Alone(); one != nil && one.Root == directive.Args {
		if t := binding.TypeOf(c.frontend.Schema, c.Binding, one); t != nil {
			d.compare(t, schema, one.Pos, one.String())
		}
	}
}

// answerSchema returns the schema of the answer of a successful call; nil if
// the document has none.
func (d *documentCheck) answerSchema(operation *openapi3.Operation) *openapi3.Schema {
	if operation.Responses == nil {
		return nil
	}
	codes := operation.Responses.Keys()
	slices.Sort(codes)
	for _, code := range codes {
		if answer := operation.Responses.Value(code); (strings.HasPrefix(code,
			"2") || code == "default" && len(codes) == 1) && answer != nil && answer.Value != nil {
			if schema := jsonSchema(answer.Value.Content); schema != nil {
				return schema
			}
		}
	}
	return nil
}

func jsonSchema(content openapi3.Content) *openapi3.Schema {
	for _, mediaType := range slices.Sorted(maps.Keys(content)) {
		media := content[mediaType]
		base, _, _ := strings.Cut(mediaType, ";")
		if media == nil || media.Schema == nil {
			continue
		}
		if base == "application/json" || strings.HasSuffix(base, "+json") || base == "*/*" {
			return media.Schema.Value
		}
	}
	return nil
}

func (d *documentCheck) checkAnswer(c *Call, schema *openapi3.Schema) {
	if c.Done() {
		return
	}
	d.part = "answer"
	what := c.Parent.Name + "." + c.Field.Name
	if c.Page != nil {
		for _, beside := range []*binding.Beside{c.Page.Next, c.Page.Total, c.Page.More} {
			if beside != nil {
				d.follow(schema, beside.Path, c.Page.Pos)
			}
		}
	}
	rows, ok := d.follow(schema, c.Select, c.Pos)
	if !ok {
		return
	}
	t := d.rowsType(c)
	if t == nil || c.Entries {
		return
	}
	if c.Page != nil {
		d.checkRows(c, t, rows, what)
		return
	}
	if c.Key != nil && c.Key.Match == binding.ByMap {
		d.checkMap(t.Elem, rows, c.Pos, what)
		return
	}
	d.compare(t, rows, c.Pos, what)
	if c.Keyed() && rows.Items != nil && rows.Items.Value != nil {
		for _, part := range c.Key.Parts {
			d.follow(rows.Items.Value, part.Row, part.Pos)
		}
	}
}

// checkMap checks an object that has values of a type by key.
func (d *documentCheck) checkMap(t *ast.Type, schema *openapi3.Schema, pos *ast.Position, what string) {
	switch values := schema.AdditionalProperties.Schema; {
	case !permits(schema, "object"):
		d.report.At(pos, "use key, or match: POSITION", "%s is matched by a map, but %s in %s", what, kindOf(schema), d.file)
	case values != nil && values.Value != nil:
		d.compare(t, values.Value, pos, what)
	}
}

// checkRows checks the rows of a page.
func (d *documentCheck) checkRows(c *Call, t *ast.Type, rows *openapi3.Schema, what string) {
	if rows.Items == nil || rows.Items.Value == nil || c.Page.Node == nil && c.Page.Cursor == nil {
		d.compare(t, rows, c.Pos, what)
		return
	}
	d.follow(rows.Items.Value, c.Page.Cursor, c.Page.Pos)
	if node, ok := d.follow(rows.Items.Value, c.Page.Node, c.Page.Pos); ok {
		d.compare(t.Elem, node, c.Pos, what)
	}
}
