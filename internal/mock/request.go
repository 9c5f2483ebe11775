package mock

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/directive"
	"github.com/portico-gateway/portico/internal/binding"
	"github.com/portico-gateway/portico/internal/plan"
)

// request is a call that the gateway has made.
type request struct {
	method   string
	segments []string // of the path
	query    url.Values
	header   http.Header
	body     any // of JSON or of a form; nil for none
	at       *url.URL
}

func readRequest(r *http.Request) *request {
	q := &request{method: r.Method, query: r.URL.Query(), header: r.Header, at: r.URL, segments: segmentsOf(r.URL.EscapedPath())}
	if q.segments[0] == "" {
		q.segments = nil
	}
	text, err := io.ReadAll(io.LimitReader(r.Body, maxRequest))
	if err != nil || len(text) == 0 {
		return q
	}
	if media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); media == "application/x-www-form-urlencoded" {
		if form, err := url.ParseQuery(string(text)); err == nil {
			q.body = objectOf(form)
		}
		return q
	}
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.UseNumber()
	if d.Decode(&q.body) != nil {
		q.body = nil
	}
	return q
}

// objectOf returns a form as JSON has it: a[b][0] is the item 0 of the member b of a.
func objectOf(form url.Values) map[string]any {
	out := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(form)) {
		steps := strings.Split(strings.ReplaceAll(name, "]", ""), "[")
		at := out
		for _, step := range steps[:len(steps)-1] {
			inner, ok := at[step].(map[string]any)
			if !ok {
				inner = map[string]any{}
				at[step] = inner
			}
			at = inner
		}
		list := make([]any, len(form[name]))
		for i, text := range form[name] {
			list[i] = text
		}
		if at[steps[len(steps)-1]] = any(list); len(list) == 1 {
			at[steps[len(steps)-1]] = list[0]
		}
	}
	return out
}

// asked is what a request asks a call for.
type asked struct {
	values map[string][]string // of the variables
	sent   map[string]any      // members of objects that the body has
	misfit int                 // how much of the request is not the call's, and of the call not the request's
}

// How much a part of a request that does not fit counts: a call with a variable in its path fits less than one with other parameters.
const (
	otherPath  = 1000
	otherPart  = 1
	mostValues = 1000 // of a variable
)

// asks returns what a request asks a call for. It reports false for a request of another call.
func (q *request) asks(c *plan.Call) (*asked, bool) {
	a := &asked{values: map[string][]string{}, sent: map[string]any{}}
	if c.REST.Method != q.method || len(c.REST.Path) != len(q.segments) {
		return nil, false
	}
	for i, segment := range c.REST.Path {
		if !a.text(segment, q.segments[i]) {
			return nil, false
		}
		if len(segment.Vars()) > 0 {
			a.misfit += otherPath
		}
	}
	if accept := q.header.Get("Accept"); accept != "" && !strings.Contains(accept, formatOf(c)) {
		a.misfit += otherPart
	}
	for _, h := range c.REST.Headers {
		if sent := q.header.Get(h.Name); sent != "" {
			a.text(h.Text, sent)
		}
	}
	if !a.query(c, q.query) {
		return nil, false
	}
	switch {
	case c.REST.Body != nil && q.body != nil:
		return a, a.body(c, c.REST.Body, q.body)
	case c.REST.Body != nil || q.body != nil:
		a.misfit += otherPart
	}
	return a, true
}

// formatOf returns a part of the media types that a call accepts.
func formatOf(c *plan.Call) string {
	switch {
	case c.Stream():
		return "event-stream"
	case c.Format() == plan.XML:
		return "xml"
	}
	return "json"
}

// query reads the parameters of a request.
func (a *asked) query(c *plan.Call, sent url.Values) bool {
	known := map[string]bool{}
	open := false // the fields of an input object are parameters
	for _, p := range c.REST.Query {
		known[p.Name] = true
		open = open || p.Name == ""
		switch values := sent[p.Name]; {
		case len(values) == 0 && len(p.Text.Vars()) == 0:
			return false
		case len(values) == 0:
			a.missing(c, p.Text)
		case p.Text.Alone() != nil:
			a.variable(p.Text.Alone(), values...)
		case !a.text(p.Text, values[0]):
			return false
		}
	}
	for name := range sent {
		if base, _, _ := strings.Cut(name, "["); !open && !known[name] && !known[base] {
			a.misfit += otherPart
		}
	}
	return true
}

// missing counts a part of a call that the request does not have, unless its value can be null.
func (a *asked) missing(c *plan.Call, t directive.Text) {
	for _, v := range t.Vars() {
		o := c.Operands[v]
		if v.Root == directive.Headers || v.Root == directive.Config || o != nil && (o.Nilable() || o.Omittable()) {
			return
		}
	}
	a.misfit += otherPart
}

// variable adds values of a variable.
func (a *asked) variable(v *directive.Var, values ...string) {
	for _, value := range values {
		list := []string{value}
		if v.Joined && v.Separator != "" {
			list = strings.Split(value, v.Separator)
		}
		for _, text := range list {
			if have := a.values[v.String()]; text != "" && len(have) < mostValues {
				a.values[v.String()] = append(have, text)
			}
		}
	}
}

// text reads the variables of a text. It reports false if it is another text.
func (a *asked) text(t directive.Text, text string) bool {
	for i, part := range t {
		if part.Var == nil {
			rest, ok := strings.CutPrefix(text, part.Literal)
			if !ok {
				return false
			}
			text = rest
			continue
		}
		value := text
		if i+1 < len(t) {
			end := strings.Index(text, t[i+1].Literal)
			if i+2 == len(t) { // the literal is at the end
				end = strings.LastIndex(text, t[i+1].Literal)
			}
			if end < 0 {
				return false
			}
			value = text[:end]
		}
		text = text[len(value):]
		a.variable(part.Var, value)
	}
	return text == ""
}

// body reads the variables of a body, or of a part of it. It reports false if it is the body of another call.
func (a *asked) body(c *plan.Call, v *binding.Value, sent any) bool {
	switch one := v.Text.Alone(); {
	case v.Const != nil:
		return sent == nil && v.Const.Kind == ast.NullValue || fmt.Sprint(sent) == v.Const.Raw
	case v.Object != nil:
		return a.object(c, v, sent)
	case one != nil:
		a.whole(one, sent)
		return true
	case v.Text != nil:
		text, ok := sent.(string)
		return ok && a.text(v.Text, text)
	}
	items := itemsOf(sent)
	if each := c.Repeated(v); each != nil {
		for _, item := range items {
			if !a.body(c, each, item) {
				return false
			}
		}
		return true
	}
	for i, item := range v.List {
		if i >= len(items) {
			a.missing(c, item.Text)
		} else if !a.body(c, item, items[i]) {
			return false
		}
	}
	return true
}

func (a *asked) object(c *plan.Call, v *binding.Value, sent any) bool {
	members, ok := sent.(map[string]any)
	if !ok {
		return false
	}
	known := map[string]bool{}
	for _, m := range v.Object {
		known[m.Name] = true
		value, ok := members[m.Name]
		switch {
		case !ok && m.Value.Const != nil:
			return false
		case !ok:
			a.missing(c, m.Value.Text)
		case !a.body(c, m.Value, value):
			return false
		}
	}
	for name, value := range members {
		if !known[name] {
			a.misfit += otherPart
		}
		a.sent[name] = value
	}
	return true
}

// whole reads the value of a variable that is a whole part of a body.
func (a *asked) whole(v *directive.Var, sent any) {
	switch sent := sent.(type) {
	case nil:
	case map[string]any:
		maps.Copy(a.sent, sent)
	case []any:
		for _, item := range sent {
			if _, object := item.(map[string]any); !object {
				a.whole(v, item)
			}
		}
	default:
		a.variable(v, fmt.Sprint(sent))
	}
}

// itemsOf returns the items of a list. In a form, they are members of an object.
func itemsOf(sent any) []any {
	switch sent := sent.(type) {
	case []any:
		return sent
	case map[string]any:
		var list []any
		for i := 0; sent[strconv.Itoa(i)] != nil; i++ {
			list = append(list, sent[strconv.Itoa(i)])
		}
		return list
	}
	return nil
}
