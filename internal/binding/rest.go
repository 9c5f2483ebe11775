package binding

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/directive"
)

func (r *reader) rest(d *ast.Directive) {
	rest := &REST{XML: raw(d, "format") == "XML", Form: raw(d, "format") == "FORM"}
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
		r.fail(d.Position, `add one, such as get: "/products"`, "@rest needs one of get, post, put, patch and delete")
		return
	}
	rest.Path, rest.PathPos = r.segments(target.Value), target.Value.Position
	if n := len(rest.Path); n > 0 && len(rest.Path[n-1]) == 0 {
		rest.Path, rest.Slash = rest.Path[:n-1], true
	}
	rest.Query = r.params(d, "query", "=", queryName)
	rest.Headers = r.params(d, "headers", ":", headerName)
	rest.ContentTypes = r.contentTypes(d)
	for _, h := range rest.Headers {
		if slices.Contains([]string{"Authorization", "Host", "Content-Length", "Transfer-Encoding", "Connection", "Content-Type"},
			http.CanonicalHeaderKey(h.Name)) {
			r.fail(h.Pos, "remove it; forwardAuthorization in portico.yaml sends the caller's Authorization",
				"the gateway sets the header %s itself", h.Name)
		}
	}
	if arg := d.Arguments.ForName("body"); arg != nil {
		if rest.Method == http.MethodGet {
			r.fail(arg.Position, "use query, or another method", "a GET request has no body")
		}
		rest.Body = r.body(arg.Value)
	}
	if rest.Form && (rest.Body == nil || rest.Body.Const != nil || rest.Body.List != nil) {
		r.fail(d.Position, `add body: { name: "{$args.name}" }, or remove format`, "format: FORM is for a body that is an object")
	}
	rest.Idempotent = r.idempotent(d, rest.Method)
	rest.Events = r.events(d)
	rest.Passes = r.passes(d)
	if arg := d.Arguments.ForName("contentType"); arg != nil && r.streams() {
		r.fail(arg.Position, "remove it", "%s.%s is a stream, whose media type determines its format", r.binding.Parent.Name, r.binding.Field.Name)
	}
	if format := d.Arguments.ForName("format"); rest.XML && r.streams() {
		r.fail(format.Position, "remove it", "%s.%s is a stream, whose events are JSON", r.binding.Parent.Name, r.binding.Field.Name)
	}
}

// events reads the names of server-sent events.
func (r *reader) events(d *ast.Directive) []string {
	arg := d.Arguments.ForName("event")
	if arg == nil || arg.Value.Kind == ast.NullValue {
		return nil
	}
	if !r.streams() {
		r.fail(arg.Position, "remove it, or bind a field of Subscription", "%s.%s is not a stream, which would have events",
			r.binding.Parent.Name, r.binding.Field.Name)
		return nil
	}
	var names []string
	for _, v := range directive.Items(arg.Value) {
		if v.Raw == "" || strings.ContainsAny(v.Raw, "\r\n") {
			r.fail(v.Position, `write a name, such as "message", that of events without one`, "%q can't be the name of an event", v.Raw)
		}
		names = append(names, v.Raw)
	}
	if len(names) == 0 {
		r.fail(arg.Value.Position, "remove event, so that all events are the field's", "the list of events is empty")
	}
	return names
}

// segments reads a path. A slash within the braces of a variable separates
// nothing. After a slash at the end there is an empty segment.
func (r *reader) segments(v *ast.Value) []directive.Text {
	if !strings.HasPrefix(v.Raw, "/") {
		r.fail(v.Position, "", "the path %q must begin with a slash", v.Raw)
		return nil
	}
	text := r.text(v, 0)
	var segments []directive.Text
	for _, part := range text {
		if part.Var != nil {
			segments[len(segments)-1] = append(segments[len(segments)-1], part)
			continue
		}
		if !utf8.ValidString(part.Literal) || strings.ContainsFunc(part.Literal, unicode.IsControl) {
			r.fail(v.Position, "remove it", "the path %q has a control character, or is not UTF-8", v.Raw)
			return nil
		}
		if i := strings.IndexAny(part.Literal, "?#"); i >= 0 {
			r.fail(v.Position, "use the argument query", "the path has a %q", part.Literal[i:i+1])
		}
		for i, piece := range strings.Split(part.Literal, "/") {
			if i > 0 {
				segments = append(segments, nil)
			}
			if piece != "" {
				segments[len(segments)-1] = append(segments[len(segments)-1], directive.Part{Literal: piece})
			}
		}
	}
	for i, s := range segments {
		if len(s) == 0 && len(segments) > 1 && i < len(segments)-1 || len(s) == 1 && (s[0].Literal == "." || s[0].Literal == "..") {
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

// mediaType is a type and a subtype of RFC 9110, section 8.3.1, and no range of
// them.
var mediaType = regexp.MustCompile("^[!#$%&'+.^_`|~0-9A-Za-z-]+/[!#$%&'+.^_`|~0-9A-Za-z-]+$")

// contentTypes reads the media types of answers, each once.
func (r *reader) contentTypes(d *ast.Directive) []string {
	arg := d.Arguments.ForName("contentType")
	if arg == nil {
		return nil
	}
	var types []string
	for _, v := range directive.Items(arg.Value) {
		if v.Raw != "*" && !mediaType.MatchString(v.Raw) {
			r.fail(v.Position, `write it like "text/plain", without parameters, or "*" for all media types`, "%q is not a media type", v.Raw)
		}
		types = append(types, strings.ToLower(v.Raw))
	}
	slices.Sort(types)
	return slices.Compact(types)
}

// params reads a list of "name=value" or "Name: value".
func (r *reader) params(d *ast.Directive, argument, separator string, valid *regexp.Regexp) []Param {
	arg := d.Arguments.ForName(argument)
	if arg == nil {
		return nil
	}
	var params []Param
	for _, v := range directive.Items(arg.Value) {
		if argument == "query" && strings.HasPrefix(v.Raw, "{$") {
			if text := r.text(v, 0); text.Alone() != nil {
				params = append(params, Param{Text: text, Pos: v.Position})
				continue
			}
		}
		name, rest, ok := strings.Cut(v.Raw, separator)
		if !ok || !valid.MatchString(name) {
			r.fail(v.Position, `write "name`+separator+`value"`, "%q is not a valid item of %s", v.Raw, argument)
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
