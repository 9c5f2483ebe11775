package binding

import (
	"errors"
	"go/token"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/internal/nearest"
)

// Report takes a mistake: where it is, what to do about it (or ""), and what it
// is.
type Report func(pos *ast.Position, fix, format string, args ...any)

// Read reads the binding of a field; nil when it has none, or one with
// mistakes, which are reported.
func Read(schema *ast.Schema, parent *ast.Definition, field *ast.FieldDefinition, report Report) *Binding {
	rest, grpc := field.Directives.ForName(RESTDirective), field.Directives.ForName(GRPCDirective)
	r := &reader{schema: schema, report: report}
	switch {
	case rest == nil && grpc == nil:
		return nil
	case rest != nil && grpc != nil:
		r.fail(grpc.Position, "keep one of them", "%s.%s has two bindings", parent.Name, field.Name)
		return nil
	case rest != nil:
		r.binding = &Binding{Parent: parent, Field: field, Pos: rest.Position}
		r.read(rest, r.rest)
	default:
		r.binding = &Binding{Parent: parent, Field: field, Pos: grpc.Position}
		r.read(grpc, r.grpc)
	}
	if r.failed {
		return nil
	}
	return r.binding
}

// reader reads one binding.
type reader struct {
	schema  *ast.Schema
	report  Report
	binding *Binding
	failed  bool
}

func (r *reader) fail(pos *ast.Position, fix, format string, args ...any) {
	r.failed = true
	r.report(pos, fix, format, args...)
}

// read reads what all bindings have; the rest is own's.
func (r *reader) read(d *ast.Directive, own func(d *ast.Directive)) {
	if !r.checkArguments(d) {
		return
	}
	b := r.binding
	b.Service = raw(d, "service")
	if !serviceName.MatchString(b.Service) {
		r.fail(d.Arguments.ForName("service").Value.Position, "use the name that portico.yaml gives the service",
			"%q can't name a service: it becomes a Go package, so it has only small letters and digits and starts with a letter", b.Service)
	}
	if token.IsKeyword(b.Service) || slices.Contains([]string{"main", "init", "internal", "vendor", "testdata", "proto", "clients", "error"}, b.Service) {
		r.fail(d.Arguments.ForName("service").Value.Position, "give the service another name in portico.yaml", "%q can't name a service: it becomes a Go package, which can't have this name", b.Service)
	}
	b.Select = r.path(d, "select")
	if arg := d.Arguments.ForName("max"); arg != nil {
		if b.Max, _ = strconv.Atoi(arg.Value.Raw); b.Max < 1 {
			r.fail(arg.Value.Position, "", "max must be at least 1")
		}
	}
	own(d)
	b.Page = r.page(d)
	b.Errors = r.errorRules(d)
	b.Key = r.key(d)
	if !r.failed {
		r.checkVars()
	}
}

var (
	serviceName   = regexp.MustCompile(`^[a-z][a-z0-9]*$`)
	converterName = regexp.MustCompile(`^[a-z][a-z0-9/]*\.[A-Z]\w*$`)
)

// raw is the text of a scalar argument; empty when it is absent.
func raw(d *ast.Directive, name string) string {
	if arg := d.Arguments.ForName(name); arg != nil {
		return arg.Value.Raw
	}
	return ""
}

func (r *reader) path(d *ast.Directive, name string) Path {
	arg := d.Arguments.ForName(name)
	if arg == nil {
		return nil
	}
	return r.pathOf(arg.Value)
}

func (r *reader) pathOf(v *ast.Value) Path {
	path, err := ParsePath(v.Raw)
	if err != nil {
		r.fail(v.Position, "write names with dots between them, such as data.items", "%v", err)
	}
	return path
}

// text reads a text and points mistakes out within it.
func (r *reader) text(v *ast.Value, from int) Text {
	text, err := ParseText(v.Raw[from:])
	if mistake, ok := errors.AsType[*TextError](err); ok {
		r.fail(within(v, from+mistake.Offset), "", "%v", err)
		return nil
	}
	at := from
	for _, part := range text {
		if part.Var != nil {
			at += strings.Index(v.Raw[at:], "{$")
			part.Var.Pos = within(v, at)
			at += len("{$")
		}
	}
	return text
}

// within is the position of a byte of a string on one line; of other values,
// where they begin.
func within(v *ast.Value, offset int) *ast.Position {
	if v.Kind != ast.StringValue || v.Position == nil {
		return v.Position
	}
	pos := *v.Position
	pos.Column += 1 + len([]rune(v.Raw[:offset])) // 1 for the quote
	return &pos
}

func (r *reader) rest(d *ast.Directive) {
	rest := &REST{XML: raw(d, "format") == "XML"}
	r.binding.REST = rest
	var target *ast.Argument
	for _, method := range []string{"get", "post", "put", "patch", "delete"} {
		arg := d.Arguments.ForName(method)
		if arg == nil {
			continue
		}
		if target != nil {
			r.fail(arg.Position, "keep one", "a call has one method, but this one has %s and %s", target.Name, arg.Name)
		}
		target, rest.Method = arg, strings.ToUpper(method)
	}
	if target == nil {
		r.fail(d.Position, `add one, such as get: "/products"`, "@rest has none of get, post, put, patch and delete")
		return
	}
	rest.Path, rest.PathPos = r.segments(target.Value), target.Value.Position
	rest.Query = r.params(d, "query", "=", queryName)
	rest.Headers = r.params(d, "headers", ":", headerName)
	for _, h := range rest.Headers {
		if slices.Contains([]string{"Authorization", "Host", "Content-Length", "Transfer-Encoding", "Connection", "Content-Type"}, http.CanonicalHeaderKey(h.Name)) {
			r.fail(h.Pos, "leave it out; forwardAuthorization in portico.yaml sends the caller's Authorization", "the gateway sets the header %s itself", h.Name)
		}
	}
	if arg := d.Arguments.ForName("body"); arg != nil {
		if rest.Method == http.MethodGet {
			r.fail(arg.Position, "use query, or another method", "a GET has no body")
		}
		rest.Body = r.value(arg.Value)
	}
}

// segments reads a path. The braces of a variable may have slashes in them.
func (r *reader) segments(v *ast.Value) []Text {
	if !strings.HasPrefix(v.Raw, "/") {
		r.fail(v.Position, "", "the path %q must begin with a slash", v.Raw)
		return nil
	}
	text := r.text(v, 0)
	var segments []Text
	for _, part := range text {
		if part.Var != nil {
			segments[len(segments)-1] = append(segments[len(segments)-1], part)
			continue
		}
		if i := strings.IndexAny(part.Literal, "?#"); i >= 0 {
			r.fail(v.Position, "use the argument query", "the path has a %q", part.Literal[i:i+1])
		}
		for i, piece := range strings.Split(part.Literal, "/") {
			if i > 0 {
				segments = append(segments, nil)
			}
			if piece != "" {
				segments[len(segments)-1] = append(segments[len(segments)-1], Part{Literal: piece})
			}
		}
	}
	for _, s := range segments {
		if len(s) == 0 && len(segments) > 1 || len(s) == 1 && (s[0].Literal == "." || s[0].Literal == "..") {
			r.fail(v.Position, "", "the path %q has a segment that is empty, \".\" or \"..\"", v.Raw)
		}
	}
	if len(segments) == 1 && len(segments[0]) == 0 {
		return nil // "/"
	}
	return segments
}

var (
	queryName  = regexp.MustCompile(`^[^\s=&#{}]+$`)
	headerName = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$") // token of RFC 9110, section 5.6.2
)

// params reads "name=value" or "Name: value".
func (r *reader) params(d *ast.Directive, argument, separator string, valid *regexp.Regexp) []Param {
	arg := d.Arguments.ForName(argument)
	if arg == nil {
		return nil
	}
	var params []Param
	for _, v := range Items(arg.Value) {
		name, rest, ok := strings.Cut(v.Raw, separator)
		if !ok || !valid.MatchString(name) {
			r.fail(v.Position, `write "name`+separator+`value"`, "%q is no part of %s", v.Raw, argument)
			continue
		}
		from := len(v.Raw) - len(rest)
		if separator == ":" {
			from += len(rest) - len(strings.TrimLeft(rest, " "))
		}
		params = append(params, Param{Name: name, Text: r.text(v, from), Pos: v.Position})
	}
	return params
}

func (r *reader) grpc(d *ast.Directive) {
	arg := d.Arguments.ForName("method")
	method := strings.TrimPrefix(arg.Value.Raw, "/")
	if service, name, ok := strings.Cut(method, "/"); !ok || service == "" || name == "" || strings.Contains(name, "/") {
		r.fail(arg.Value.Position, "write package.Service/Method", "%q is no method", arg.Value.Raw)
	}
	r.binding.GRPC = &GRPC{Method: method, Pos: arg.Value.Position}
	if arg := d.Arguments.ForName("request"); arg != nil {
		if arg.Value.Kind != ast.ObjectValue {
			r.fail(arg.Value.Position, `write {field: "{$args.x}"}`, "the request must be an object")
			return
		}
		r.binding.GRPC.Request = r.value(arg.Value)
	}
}

func (r *reader) value(v *ast.Value) *Value {
	out := &Value{Pos: v.Position}
	switch v.Kind {
	case ast.ObjectValue:
		out.Object = []Member{}
		for _, child := range v.Children {
			out.Object = append(out.Object, Member{Name: child.Name, Value: r.value(child.Value), Pos: child.Position})
		}
	case ast.ListValue:
		out.List = []*Value{}
		for _, child := range v.Children {
			out.List = append(out.List, r.value(child.Value))
		}
	case ast.StringValue, ast.BlockValue:
		text := r.text(v, 0)
		if len(text.Vars()) == 0 {
			out.Const = v
			break
		}
		out.Text = text
	default:
		out.Const = v
	}
	return out
}

func (r *reader) page(d *ast.Directive) *Page {
	arg := d.Arguments.ForName("page")
	if arg == nil {
		return nil
	}
	page := &Page{Start: 1, Pos: arg.Position}
	for name, path := range map[string]*Path{"next": &page.Next, "total": &page.Total, "more": &page.More} {
		if v := arg.Value.Children.ForName(name); v != nil {
			*path = r.pathOf(v)
		}
	}
	if v := arg.Value.Children.ForName("start"); v != nil {
		page.Start, _ = strconv.Atoi(v.Raw)
	}
	return page
}

var grpcCode = regexp.MustCompile(`^[A-Z]+(_[A-Z]+)*$`)

func (r *reader) errorRules(d *ast.Directive) []ErrorRule {
	arg := d.Arguments.ForName("errors")
	if arg == nil {
		return nil
	}
	var rules []ErrorRule
	for _, v := range Items(arg.Value) {
		rule := r.errorRule(v)
		if slices.ContainsFunc(rules, func(other ErrorRule) bool { return other.Status == rule.Status }) {
			r.fail(rule.Pos, "keep one", "there are two rules for %s", rule.Status)
		}
		rules = append(rules, rule)
	}
	return rules
}

func (r *reader) errorRule(v *ast.Value) ErrorRule {
	rule := ErrorRule{Pos: v.Position}
	status := v.Children.ForName("status")
	rule.Status = status.Raw
	if r.binding.GRPC != nil {
		if !slices.Contains(codes(), rule.Status) {
			r.fail(status.Position, nearest.Hint(rule.Status, codes()), "%q is no code of gRPC for an error", rule.Status)
		}
	} else if n, err := strconv.Atoi(rule.Status); err != nil || n < 400 || n > 599 {
		r.fail(status.Position, "", "%q is no HTTP status of an error: they are from 400 to 599", rule.Status)
	}
	code := v.Children.ForName("code")
	switch {
	case code == nil:
		r.fail(v.Position, `add code: "OUT_OF_STOCK", or code: null for a field that is null then`, "the error has no code")
	case code.Kind == ast.NullValue:
		rule.Null = true
		if r.binding.Field.Type.NonNull {
			r.fail(code.Position, "make the field nullable", "%s.%s can't be null", r.binding.Parent.Name, r.binding.Field.Name)
		}
		if r.binding.Parent == r.schema.Subscription {
			r.fail(code.Position, "give it a code", "%s.%s is followed, so there is no value that could be null", r.binding.Parent.Name, r.binding.Field.Name)
		}
		return rule
	case !grpcCode.MatchString(code.Raw):
		r.fail(code.Position, "", "the code %q is not in upper snake case", code.Raw)
	default:
		rule.Code = code.Raw
	}
	if message := v.Children.ForName("message"); message == nil || message.Raw == "" {
		r.fail(v.Position, "add a message that tells callers what to do", "the error has no message")
	} else {
		rule.Message = message.Raw
	}
	if extensions := v.Children.ForName("extensions"); extensions != nil {
		if extensions.Kind != ast.ObjectValue || r.binding.GRPC != nil {
			r.fail(extensions.Position, "", "extensions must be an object of names and paths; a gRPC error has no body to take them from")
			return rule
		}
		for _, child := range extensions.Children {
			if child.Name == "code" {
				r.fail(child.Position, "give it another name", "the extension code is the problem's code")
			}
			rule.Extensions = append(rule.Extensions, Extension{Name: child.Name, Path: r.pathOf(child.Value)})
		}
	}
	return rule
}

// codes are the gRPC codes of errors (google.rpc.Code).
func codes() []string {
	return []string{
		"CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED",
		"RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE",
		"DATA_LOSS", "UNAUTHENTICATED",
	}
}

// key reads how rows are matched: "id", or "id={$batch.x}".
func (r *reader) key(d *ast.Directive) *Key {
	var batch *Var
	for _, v := range r.binding.Vars() {
		if v.Root != Batch {
			continue
		}
		if batch != nil && batch.String() != v.String() {
			r.fail(v.Pos, "use one of them; $this.x makes a call for each parent", "a batch has one key, but this one has %s and %s", batch, v)
			return nil
		}
		batch = v
	}
	arg := d.Arguments.ForName("key")
	switch {
	case arg == nil && batch == nil:
		return nil
	case arg == nil:
		r.fail(d.Position, `add key: "id", the field of a row that has the value of `+batch.String(), "a batch needs a key to match rows to parents by")
		return nil
	}
	row, rest, given := strings.Cut(arg.Value.Raw, "=")
	key := &Key{Batch: batch, Pos: arg.Value.Position}
	if given {
		text := r.text(arg.Value, len(arg.Value.Raw)-len(rest))
		if v := text.Alone(); v != nil && v.Root == Batch && (batch == nil || batch.String() == v.String()) {
			key.Batch = v
		} else if !r.failed {
			r.fail(arg.Value.Position, `write "id={$batch.x}"`, "%q does not tell the key of the parents", rest)
		}
	}
	if key.Batch == nil && !r.failed {
		r.fail(arg.Value.Position, `put {$batch.x} into the call, or write key: "`+row+`={$batch.x}"`, "nothing tells the key of the parents")
	}
	path, err := ParsePath(row)
	if err != nil {
		r.fail(arg.Value.Position, "", "%v", err)
	}
	key.Row = path
	return key
}
