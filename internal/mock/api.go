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
	template   string // such as /orders/{id}
	parameters []string
	pattern    *regexp.Regexp // with a group for each parameter
	item       *openapi3.PathItem
}

func newAPI(service string, doc *openapi3.T, seed uint64) *api {
	a := &api{service: service, seed: seed}
	for template, item := range doc.Paths.Map() {
		a.paths = append(a.paths, newPath(template, item))
	}
	slices.SortFunc(a.paths, func(x, y apiPath) int {
		return cmp.Or(cmp.Compare(len(x.parameters), len(y.parameters)), cmp.Compare(x.template, y.template))
	})
	return a
}

func newPath(template string, item *openapi3.PathItem) apiPath {
	p := apiPath{template: template, item: item}
	var pattern strings.Builder
	bare, _, _ := strings.Cut(template, "#") // in some documents, operations of one path differ by it
	for rest := strings.Trim(bare, "/"); ; {
		before, after, ok := strings.Cut(rest, "{")
		pattern.WriteString(regexp.QuoteMeta(before))
		name, next, closed := strings.Cut(after, "}")
		if !ok || !closed {
			break
		}
		p.parameters = append(p.parameters, name)
		pattern.WriteString("([^/]+?)")
		rest = next
	}
	p.pattern = regexp.MustCompile("^/?" + pattern.String() + "/?$")
	return p
}

// match returns the parameters of an escaped path that is an instance of the template.
func (p apiPath) match(escaped string) (map[string]string, bool) {
	groups := p.pattern.FindStringSubmatch(escaped)
	if groups == nil {
		return nil, false
	}
	values := map[string]string{}
	for i, name := range p.parameters {
		text, err := url.PathUnescape(groups[i+1])
		if err != nil {
			return nil, false
		}
		values[name] = text
	}
	return values, true
}

// ServeHTTP answers with the example of the operation's first successful response or, without one, with values of its schema.
func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	for _, p := range a.paths {
		values, ok := p.match(r.URL.EscapedPath())
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
