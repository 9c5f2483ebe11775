package mock

import (
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/portico-gateway/portico/internal/openapi"
)

// rowsIn returns the property that has the rows that a call asks for, or that has the object around them; empty if there is none.
func (m *maker) rowsIn(fields map[string]*openapi3.SchemaRef, depth int) string {
	if identity(fields) != "" {
		return ""
	}
	best, rank := "", 0
	for name, field := range fields {
		of := 0
		switch items := field.Value.Items; {
		case items != nil && items.Value != nil:
			inner, _ := properties(items.Value)
			if len(inner) > 0 || m.pages.by != "" {
				of = 1
			}
			if len(inner) > 0 || len(items.Value.OneOf)+len(items.Value.AnyOf) > 0 {
				of *= 2
			}
		case m.pages.by != "" && depth < 2:
			if inner, _ := properties(field.Value); len(inner) > 0 && m.rowsIn(inner, depth+1) != "" {
				of = 1
			}
		}
		if of > 0 && slices.Contains(openapi.RowsNames(), plain(name)) {
			of += 2
		}
		if of > 0 && strings.HasSuffix(strings.TrimSuffix(plain(m.call), "/"), "/"+plain(name)) {
			of += 4
		}
		if of > rank || of == rank && name < best {
			best, rank = name, of
		}
	}
	return best
}

// beside returns the value of a member that is beside the rows of a page. It reports false for members that it does not know. The value is nil if
// the member is left out.
func (m *maker) beside(name string, schema *openapi3.Schema, p place) (value any, known bool) {
	if !m.pages.made || len(schema.Enum) > 0 || schema.Const != nil {
		return nil, false
	}
	pages, name := &m.pages, plain(name)
	if slices.Contains(openapi.NextNames(), name) && !schema.Type.Includes("boolean") {
		return m.besideNext(name, schema, p)
	}
	switch {
	case schema.Type.Includes("integer"), schema.Type.Includes("number"):
		return m.besideNumber(name)
	case !schema.Type.Includes("boolean"):
		return nil, false
	case slices.Contains(openapi.MoreNames(), name):
		return pages.more(), true
	case name == "last" || name == "islast" || name == "islastpage":
		return !pages.more(), true
	case strings.HasPrefix(name, "hasprev"), name == "first", name == "isfirst":
		return pages.first > 0 == strings.HasPrefix(name, "has"), true
	}
	return nil, false
}

func (m *maker) besideNumber(name string) (value any, known bool) {
	pages := &m.pages
	size := max(pages.size, 1)
	switch {
	case slices.Contains(openapi.TotalNames(), name), name == "count" && m.rowsAt == "results":
		return pages.total, true
	case name == "count" || name == "numberofelements":
		return pages.end - pages.first, true
	case name == "totalpages" || name == "pagecount" || name == "lastpage" || name == "pages" || name == "last":
		return max(1, (pages.total+size-1)/size), true
	case slices.Contains(openapi.NumberNames(), name), name == "number":
		return pages.number, pages.size > 0
	case slices.Contains(openapi.OffsetNames(), name):
		return pages.first, true
	case isLimit(name):
		return pages.size, pages.size > 0
	}
	return nil, false
}

// besideNext returns the cursor, the number or the URL of the next page.
func (m *maker) besideNext(name string, schema *openapi3.Schema, p place) (value any, known bool) {
	pages := &m.pages
	isURL := slices.Contains([]string{"uri", "url"}, schema.Format) ||
		slices.ContainsFunc([]string{"url", "uri", "link"}, func(end string) bool { return strings.HasSuffix(name, end) })
	switch text := schema.Type.Includes("string"); {
	case text && !pages.more(), schema.Type.Includes("integer") && !pages.more(), schema.Type.Includes("object") && !pages.more():
		return nil, true
	case text && isURL:
		return pages.link(), true
	case text:
		return strconv.Itoa(pages.next()), true
	case schema.Type.Includes("integer"):
		return pages.next(), true
	case len(schema.Properties) > 0:
		p.name, p.beside = name, true
		return m.value(&openapi3.SchemaRef{Value: schema}, p), true
	}
	return nil, false
}
