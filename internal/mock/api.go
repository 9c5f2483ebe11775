package mock

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// api answers for a service over HTTP.
type api struct {
	service string
	seed    uint64
	paths   []apiPath // those with fewer parameters first
}

// apiPath is a path of the document.
type apiPath struct {
	template   string           // such as /orders/{id}
	segments   []*regexp.Regexp // with a group for each parameter
	parameters []string
	item       *openapi3.PathItem
}

func newAPI(service string, doc *openapi3.T, seed uint64) *api {
	a := &api{service: service, seed: seed}
	for template, item := range doc.Paths.Map() {
		a.paths = append(a.paths, newPath(template, item))
	}
	slices.SortFunc(a.paths, func(x, y apiPath) int {
		return cmp.Or(cmp.Compare(len(x.parameters), len(y.parameters)), cmp.Compare(y.literal(), x.literal()), cmp.Compare(x.template, y.template))
	})
	return a
}

func newPath(template string, item *openapi3.PathItem) apiPath {
	p := apiPath{template: template, item: item}
	bare, _, _ := strings.Cut(template, "#") // in some documents, operations of one path differ by it
	for _, segment := range segmentsOf(bare) {
		var pattern strings.Builder
		for rest := segment; ; {
			before, after, ok := strings.Cut(rest, "{")
			name, next, closed := strings.Cut(after, "}")
			if !ok || !closed {
				pattern.WriteString(regexp.QuoteMeta(rest))
				break
			}
			p.parameters = append(p.parameters, name)
			pattern.WriteString(regexp.QuoteMeta(before) + "(.+?)")
			rest = next
		}
		p.segments = append(p.segments, regexp.MustCompile("^(?s:"+pattern.String()+")$"))
	}
	return p
}

// literal returns how much of the template is no parameter.
func (p apiPath) literal() int { return len(p.template) - len(strings.Join(p.parameters, "")) }

// segmentsOf returns the segments of a path without escapes.
func segmentsOf(escaped string) []string {
	segments := strings.Split(strings.Trim(escaped, "/"), "/")
	for i, segment := range segments {
		if text, err := url.PathUnescape(segment); err == nil {
			segments[i] = text
		}
	}
	return segments
}

// match returns the parameters of a path, of which these are the segments, if it is an instance of the template.
func (p apiPath) match(segments []string) (map[string]string, bool) {
	if len(segments) != len(p.segments) {
		return nil, false
	}
	var all []string
	for i, segment := range p.segments {
		groups := segment.FindStringSubmatch(segments[i])
		if groups == nil {
			return nil, false
		}
		all = append(all, groups[1:]...)
	}
	values := map[string]string{}
	for i, name := range p.parameters {
		values[name] = all[i]
	}
	return values, true
}

// ServeHTTP answers with the example of the operation's first successful response or, without one, with values of its schema.
func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	segments := segmentsOf(r.URL.EscapedPath())
	for _, p := range a.paths {
		values, ok := p.match(segments)
		if !ok {
			continue
		}
		operation := p.item.GetOperation(r.Method)
		if operation == nil {
			continue
		}
		a.answer(w, newMaker(a, r, p, operation, values), r.Header.Get("Accept"), operation)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusNotFound)
	_ = json.NewEncoder(w).Encode(map[string]string{"message": fmt.Sprintf("the document of %s has no %s %s", a.service, r.Method, path.Clean(r.URL.Path))})
}

// answer writes the answer of an operation: in JSON, or in XML if the document has no JSON or only XML is accepted.
func (a *api) answer(w http.ResponseWriter, m *maker, accept string, operation *openapi3.Operation) {
	status, response := success(operation)
	media, kind := contentOf(response, isJSON), "application/json"
	if other := contentOf(response, isXML); other != nil && (media == nil || strings.Contains(accept, "xml") && !strings.Contains(accept, "json")) {
		media, kind = other, "application/xml"
	}
	if media == nil {
		w.WriteHeader(status)
		return
	}
	body := m.body(media, kind == "application/xml")
	w.Header().Set("Content-Type", kind)
	if response.Headers["Link"] != nil && m.pages.more() {
		w.Header().Set("Link", "<"+m.pages.link()+`>; rel="next"`)
	}
	w.WriteHeader(status)
	_, _ = w.Write(body) // a client that is gone needs none
}

// success returns the response of an operation with the least 2xx status.
func success(operation *openapi3.Operation) (int, *openapi3.Response) {
	status, found := http.StatusOK, (*openapi3.Response)(nil)
	responses := operation.Responses.Map()
	for _, code := range slices.Sorted(maps.Keys(responses)) {
		switch {
		case strings.EqualFold(code, "2XX"):
			return http.StatusOK, responses[code].Value
		case strings.HasPrefix(code, "2"):
			if n, err := strconv.Atoi(code); err == nil {
				return n, responses[code].Value
			}
		case code == "default":
			found = responses[code].Value
		}
	}
	return status, found
}

// contentOf returns the content of a response with a wanted media type; nil if there is none.
func contentOf(response *openapi3.Response, wanted func(string) bool) *openapi3.MediaType {
	if response == nil {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(response.Content)) {
		if base, _, _ := strings.Cut(name, ";"); wanted(base) && response.Content[name] != nil {
			return response.Content[name]
		}
	}
	return nil
}

func isJSON(media string) bool {
	return media == "application/json" || strings.HasSuffix(media, "+json") || media == "*/*"
}

func isXML(media string) bool {
	return media == "application/xml" || media == "text/xml" || strings.HasSuffix(media, "+xml")
}
