package golang

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/portico-gateway/portico/gateway/directive"
	"github.com/portico-gateway/portico/internal/binding"
)

// httpCall writes the body of a function that calls an HTTP service.
func (f *function) httpCall() {
	f.page()
	f.request()
	switch {
	case f.Done():
		f.line("if err := c.Done(ctx, request); err != nil {")
		f.failed()
		f.line("}\nreturn %s, nil", f.success())
	case f.Stream():
		f.httpStream()
	default:
		f.httpAnswer()
	}
}

func (f *function) success() string {
	if f.Type.NonNull {
		return "true"
	}
	return "new(true)"
}

// request declares the variable request.
func (f *function) request() {
	var fields, after []string
	if f.REST.Method != http.MethodGet {
		fields = append(fields, "Method: "+f.use("net/http")+".Method"+upperFirst(strings.ToLower(f.REST.Method)))
	}
	var segments []string
	for _, segment := range f.REST.Path {
		segments = append(segments, f.concatenated(segment))
	}
	fields = append(fields, "Path: []string{"+strings.Join(segments, ", ")+"}")
	if f.REST.Slash {
		fields = append(fields, "Slash: true")
	}
	for _, part := range []struct {
		field, pkg, typ string
		params          []binding.Param
	}{
		{"Query", "net/url", "Values", f.REST.Query},
		{"Header", "net/http", "Header", f.REST.Headers},
	} {
		if len(part.params) == 0 {
			continue
		}
		fixed, conditional := f.split(part.field, part.params)
		fields = append(fields, fmt.Sprintf("%s: %s.%s{%s}", part.field, f.use(part.pkg), part.typ, strings.Join(fixed, ", ")))
		after = append(after, conditional...)
	}
	body, condition := f.body()
	if body != "" && condition == "" {
		fields = append(fields, "Body: "+body)
	}
	if f.REST.Form {
		fields = append(fields, "Form: true")
	}
	fields = append(fields, f.settings()...)
	f.line("request := %s{\n%s,\n}", f.upstream("Request"), strings.Join(fields, ",\n"))
	for _, code := range after {
		f.b.WriteString(code)
	}
	if condition != "" {
		f.line("if %s {\nrequest.Body = %s\n}", condition, body)
	}
}

// settings writes the fields of the request that do not say what is sent.
func (f *function) settings() []string {
	var fields []string
	conditions := f.conditions()
	if !f.Done() || conditions != "" || f.IsPassing() {
		fields = append(fields, fmt.Sprintf("Binding: %q", f.At()))
	}
	if f.MaxAge > 0 && !f.Root() {
		fields = append(fields, "Kept: true")
	}
	if conditions != "" {
		fields = append(fields, "Errors: "+conditions)
	}
	if len(f.REST.ContentTypes) > 0 {
		fields = append(fields, "Accepts: c.accepts."+loaderName(f.Call))
	}
	if f.IsPassing() {
		fields = append(fields, "Passes: c.passes."+loaderName(f.Call))
	}
	if len(f.Expected()) > 0 {
		fields = append(fields, "Expect: c.expect."+loaderName(f.Call))
	}
	if f.REST.Idempotent {
		fields = append(fields, "Idempotent: true")
	}
	if len(f.REST.Events) > 0 {
		fields = append(fields, "Events: []string{"+quoted(f.REST.Events)+"}")
	}
	if f.Sharing != "" {
		fields = append(fields, "Sharing: "+f.sharing())
	}
	if f.readsHeader() {
		f.line("var head %s.Header", f.use("net/http"))
		fields = append(fields, "ResponseHeader: &head")
	}
	return fields
}

// split writes the parameters that are always sent as entries of a literal, and
// the others as statements.
func (f *function) split(field string, params []binding.Param) (fixed, conditional []string) {
	nameOf := func(p binding.Param) string {
		if field == "Header" {
			return http.CanonicalHeaderKey(p.Name)
		}
		return p.Name
	}
	count := map[string]int{}
	for _, p := range params {
		count[nameOf(p)]++
	}
	for _, p := range params {
		name := nameOf(p)
		if list := f.texts(p.Text); list != "" && count[name] == 1 {
			fixed = append(fixed, fmt.Sprintf("%q: %s", name, list))
			continue
		}
		if count[name] == 1 && f.always(p.Text) {
			fixed = append(fixed, fmt.Sprintf("%q: {%s}", name, f.concatenated(p.Text)))
			continue
		}
		conditional = append(conditional, f.captured(func() { f.param(field, p, count[name] == 1) }))
	}
	return fixed, conditional
}

// texts writes a text that is a single list of strings and never absent; empty
// for others.
func (f *function) texts(t directive.Text) string {
	one := t.Alone()
	if one == nil || one.Joined || one.Root != directive.Batch && one.Root != directive.Args {
		return ""
	}
	if _, isObject := f.Objects[one]; isObject {
		return ""
	}
	if v := f.value(one); v.List && v.there == "" && v.plain() {
		return v.expr
	}
	return ""
}

// always reports whether a text has no list and no variable that can be absent.
func (f *function) always(t directive.Text) bool {
	for _, one := range t.Vars() {
		if _, isObject := f.Objects[one]; isObject {
			return false
		}
		if v := f.value(one); v.there != "" || v.List && !v.Joined {
			return false
		}
	}
	return true
}

// param writes the statements that send a parameter unless it is absent. only
// reports whether no other parameter has its name.
func (f *function) param(field string, p binding.Param, only bool) {
	if guard := f.there(p.Text); guard != "" {
		f.line("if %s {", guard)
		defer f.line("}")
	}
	one := p.Text.Alone()
	if one == nil || one.Joined {
		f.line("request.%s.Add(%q, %s)", field, p.Name, f.concatenated(p.Text))
		return
	}
	v := f.value(one)
	leaf, isObject := f.Objects[one]
	switch {
	case isObject:
		_, expr := f.present(v, leaf)
		f.line("if err := request.AddObject(%q, %s); err != nil {\nreturn %s, err\n}", p.Name, expr, f.zero)
	case !v.List:
		f.line("request.%s.Add(%q, %s)", field, p.Name, f.text(v, v.expr))
	case only && v.plain():
		f.line("request.%s[%q] = %s", field, p.Name, v.expr)
	default:
		f.line("for _, item := range %s {", v.expr)
		if v.isNull != "" {
			f.line("if %s {\ncontinue\n}", v.isNull)
		}
		f.line("request.%s.Add(%q, %s)\n}", field, p.Name, f.text(v, v.item))
	}
}
