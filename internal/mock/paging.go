package mock

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/portico-gateway/portico/internal/openapi"
)

// paging is how a call reads the rows of a list. Its zero value is that of a call that does not read them in pages.
type paging struct {
	by       string // number, offset or cursor: what tells where a page begins; "" if nothing does
	position string // the parameter that tells it
	start    int    // the number of the first page, or of the first row
	limit    string // the parameter of the size
	size     int    // how many rows a page has; 0 for all
	cursor   string // a cursor that is the key of the row before the page
	number   int    // of the page
	first    int    // how many rows come before the page

	made       bool // the page is made, and what follows is known
	end, total int  // how many rows there are up to the end of the page, and in all

	at *url.URL // that the call has
}

// pageSize is how many rows a page has, unless the call or the document says how many.
const pageSize = 20

// pagingOf returns how a call reads pages: it has parameters for that, in the query or in its body, whether or not it sends them.
func pagingOf(r *http.Request, p apiPath, operation *openapi3.Operation, sent map[string]any) paging {
	at := *r.URL
	at.Host, at.Scheme = r.Host, "http"
	pages := paging{at: &at, start: 1, number: 1}
	declared, values := parametersOf(p, operation), r.URL.Query()
	given := func(name string) string {
		if text := values.Get(name); text != "" {
			return text
		}
		return textIn(sent, name)
	}
	for _, way := range []struct {
		by    string
		names []string
	}{{"cursor", openapi.CursorNames()}, {"number", openapi.NumberNames()}, {"offset", openapi.OffsetNames()}} {
		for _, name := range slices.Sorted(maps.Keys(declared)) {
			if !slices.Contains(way.names, plain(name)) || pages.by != "" && (given(pages.position) != "" || given(name) == "") {
				continue
			}
			pages.by, pages.position = way.by, name
			pages.start = startOf(declared[name], way.by)
		}
	}
	pages.limits(declared, given)
	pages.begin(given(pages.position))
	return pages
}

// parametersOf returns the schemas of the parameters that a call has in the query and in its body.
func parametersOf(p apiPath, operation *openapi3.Operation) map[string]*openapi3.Schema {
	all := map[string]*openapi3.Schema{}
	if operation.RequestBody != nil && operation.RequestBody.Value != nil {
		if media := operation.RequestBody.Value.Content.Get("application/json"); media != nil && media.Schema != nil {
			fields, _ := properties(media.Schema.Value)
			for name, field := range fields {
				all[name] = field.Value
			}
		}
	}
	for _, ref := range slices.Concat(p.item.Parameters, operation.Parameters) {
		if ref.Value != nil && ref.Value.In == openapi3.ParameterInQuery && ref.Value.Schema != nil && ref.Value.Schema.Value != nil {
			all[ref.Value.Name] = ref.Value.Schema.Value
		}
	}
	return all
}

func textIn(sent map[string]any, name string) string {
	switch value := sent[name].(type) {
	case string:
		return value
	case float64:
		return strconv.FormatFloat(value, 'f', -1, 64)
	}
	return ""
}

// startOf returns the number of the first page, or of the first row.
func startOf(schema *openapi3.Schema, by string) int {
	first, least := schema.Default, schema.Min
	switch {
	case first == 0.0, least != nil && *least == 0:
		return 0
	case by == "number", first == 1.0, least != nil && *least == 1:
		return 1
	}
	return 0
}

// limits sets the size of pages.
func (p *paging) limits(declared map[string]*openapi3.Schema, given func(string) string) {
	most := maxRows
	if p.by != "" {
		p.size = pageSize
	}
	for _, name := range slices.Sorted(maps.Keys(declared)) {
		schema := declared[name]
		_, err := strconv.Atoi(given(name))
		isNumber := err == nil || schema.Type.Includes("integer") || schema.Type.Includes("number")
		if name == p.position || !isLimit(name) || !isNumber || p.limit != "" && err != nil {
			continue
		}
		p.limit = name
		if n, ok := schema.Default.(float64); ok && n >= 1 {
			p.size = int(min(n, maxRows))
		}
		if schema.Max != nil && *schema.Max >= 1 {
			most = int(min(*schema.Max, maxRows))
		}
	}
	if p.limit != "" && p.size == 0 {
		p.size = fewRows
	}
	if n, err := strconv.Atoi(given(p.limit)); err == nil && n > 0 {
		p.size = n
	}
	p.size = min(p.size, most)
}

// begin sets where the page begins.
func (p *paging) begin(position string) {
	n, err := strconv.Atoi(position)
	switch {
	case err != nil:
		p.cursor = position
	case p.by == "number":
		p.number = n
		p.first = max(0, n-p.start) * p.size
	case p.by == "offset":
		p.first = max(0, n-p.start)
	case p.by == "cursor":
		p.first = max(0, n)
	}
	if p.by == "number" && position == "" {
		p.number = p.start
	}
	if p.by != "number" && p.size > 0 {
		p.number = p.first/p.size + 1
	}
}

// has reports whether a parameter is one of the pages.
func (p *paging) has(parameter string) bool {
	return parameter == p.position && p.by != "" || parameter == p.limit && p.limit != ""
}

// cut returns the rows of the page.
func (p *paging) cut(all []map[string]any) []map[string]any {
	p.made, p.total = true, len(all)
	p.first = min(p.first, p.total)
	p.end = p.total
	if p.size > 0 {
		p.end = min(p.first+p.size, p.total)
	}
	return all[p.first:p.end]
}

// more reports whether there is another page, and the call can read it.
func (p *paging) more() bool { return p.made && p.by != "" && p.end < p.total }

// next returns the position of the next page.
func (p *paging) next() int {
	switch p.by {
	case "number":
		return p.number + 1
	case "offset":
		return p.end + p.start
	}
	return p.end
}

// link returns the URL of the next page.
func (p *paging) link() string {
	at, query := *p.at, p.at.Query()
	query.Set(p.position, strconv.Itoa(p.next()))
	at.RawQuery = query.Encode()
	return at.String()
}
