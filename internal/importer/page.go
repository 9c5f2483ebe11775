package importer

import (
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/portico-gateway/portico/internal/openapi"
)

// paging is how an operation pages.
type paging struct {
	limit, position string // the parameters of the number of rows and of where the page begins
	by              string // what position is: offset, number or cursor
	size, most      int    // the rows of a page, by default and at most
	start           int    // the number of the first page
	rows            string // the member of the answer that has the rows; "" if the answer is the list
	item            *openapi3.SchemaRef
	next, total     []string // paths in the answer, or nil
	more            []string
	header          bool   // the answer has a Link to the next page
	rowCursor       string // the member of a row that is its cursor
	others          []string
}

// names of parameters and members of pages, in lower case without signs.
func limitNames() []string {
	return strings.Fields("limit perpage pagesize maxresults pagelimit maxitems maxrecords resultsperpage itemsperpage count size top take first")
}

// plainName is a name without signs, in lower case: page[size], page_size and pageSize are the same.
func plainName(name string) string { return strings.Join(words(name), "") }

// paging recognises how an operation pages; nil if it does not, or if it can't be a connection. Of several ways, the first that the answer fits
// counts.
func (sh *shaper) paging(c *call) *paging {
	if c.root != rootQuery || c.payload == nil || c.payload.xml || c.body != nil {
		return nil
	}
	all := merged(c.item.Parameters, c.Parameters)
	limit := sh.query(all, limitNames(), "integer", "number")
	if limit == nil {
		return nil
	}
	for _, way := range []struct {
		by    string
		names []string
		kinds []string
	}{
		{"cursor", openapi.CursorNames(), []string{"string", "integer"}},
		{"number", openapi.NumberNames(), []string{"integer", "number"}},
		{"offset", openapi.OffsetNames(), []string{"integer", "number"}},
		{"cursor", openapi.NumberNames(), []string{"string"}},
	} {
		position := sh.query(all, way.names, way.kinds...)
		if position == nil || position == limit {
			continue
		}
		p := &paging{size: 20, most: 100, start: 1, by: way.by, position: position.Name}
		p.bounds(sh, limit)
		if _, s, _ := sh.effective(position.Schema); way.by == "number" {
			if first, ok := s.Default.(float64); ok && first == 0 || s.Min != nil && *s.Min == 0 {
				p.start = 0
			}
		}
		if sh.findRows(c, p) && sh.findNext(c, p) {
			return p
		}
	}
	return nil
}

// query returns the parameter of the query that has the first of some names, if it is of one of some kinds and no point in time.
func (sh *shaper) query(all []*openapi3.Parameter, names []string, kinds ...string) *openapi3.Parameter {
	for _, name := range names {
		i := slices.IndexFunc(all, func(param *openapi3.Parameter) bool {
			if param.In != openapi3.ParameterInQuery || plainName(param.Name) != name || !queryName.MatchString(param.Name) {
				return false
			}
			_, s, _ := sh.effective(param.Schema)
			return s != nil && slices.Contains(kinds, kindOf(s)) && !strings.HasPrefix(s.Format, "date")
		})
		if i >= 0 {
			return all[i]
		}
	}
	return nil
}

// findNext finds how an answer says whether there is another page, and where it begins. It returns false if that is not known.
func (sh *shaper) findNext(c *call, p *paging) bool {
	sh.besides(c.payload.schema, p, nil)
	p.header = p.next == nil && p.more == nil && sh.header(c, "Link")
	if p.by != "cursor" {
		return true
	}
	if p.next == nil && p.more != nil && slices.Contains([]string{"startingafter", "startafter"}, plainName(p.position)) {
		if _, item, _ := sh.effective(p.item); item.Properties["id"] != nil {
			p.rowCursor = "id"
		}
	}
	return p.next != nil || p.rowCursor != "" || p.header
}

// bounds takes the size of a page from its parameter.
func (p *paging) bounds(sh *shaper, limit *openapi3.Parameter) {
	p.limit = limit.Name
	_, s, _ := sh.effective(limit.Schema)
	if s.Max != nil && *s.Max >= 1 && *s.Max <= 10_000 {
		p.most = int(*s.Max)
	}
	p.size = min(p.size, p.most)
	if size, ok := s.Default.(float64); ok && size >= 1 && size <= 10_000 {
		p.size = int(size)
		p.most = max(p.most, p.size)
	}
}

// findRows finds the list of objects in the answer.
func (sh *shaper) findRows(c *call, p *paging) bool {
	_, s, _ := sh.effective(c.payload.schema)
	if s == nil {
		return false
	}
	if kindOf(s) == "array" {
		p.item = s.Items
		return sh.isPlainObject(p.item)
	}
	if kindOf(s) != "object" || len(sh.parts(s)) > 0 {
		return false
	}
	var lists []string
	for _, name := range sh.schemas.properties(s) {
		if ref := s.Properties[name]; sh.isList(ref) && sh.isPlainObject(sh.items(ref)) && pathStep(name) != "" {
			lists = append(lists, name)
		}
	}
	segments := c.segments()
	best := ""
	for _, name := range lists {
		isNoun := len(segments) > 0 && same(words(name), segments[len(segments)-1].words())
		if len(lists) == 1 || isNoun || best == "" && slices.Contains(openapi.RowsNames(), plainName(name)) {
			best = name
			if isNoun {
				break
			}
		}
	}
	if best == "" {
		return false
	}
	p.rows, p.item = best, sh.items(s.Properties[best])
	return true
}

// besides finds what an answer has beside its rows: the next page, the total, and whether there are more rows. The names of other members are
// added to p.others.
func (sh *shaper) besides(ref *openapi3.SchemaRef, p *paging, path []string) {
	_, s, _ := sh.effective(ref)
	if s == nil || kindOf(s) != "object" {
		return
	}
	for _, name := range sh.schemas.properties(s) {
		step := pathStep(name)
		if step == "" || len(path) == 0 && p.rows == name {
			continue
		}
		at := append(slices.Clone(path), step)
		_, member, _ := sh.effective(s.Properties[name])
		if member == nil {
			continue
		}
		if kindOf(member) == "object" && len(path) < 2 && slices.Contains(openapi.BesideNames(), plainName(name)) {
			sh.besides(s.Properties[name], p, at)
		} else if !p.beside(plainName(name), member, at) && len(path) == 0 {
			p.others = append(p.others, name)
		}
	}
}

// beside reports whether a member is the cursor of the next page, the number of all rows, or whether there are more, and takes its path if so.
func (p *paging) beside(name string, member *openapi3.Schema, at []string) bool {
	kind := kindOf(member)
	whole, cursor := kind == "integer" || kind == "number", p.by == "cursor"
	isTotal := slices.Contains(openapi.TotalNames(), name) || name == "count" && p.rows == "results"
	switch {
	case p.next == nil && slices.Contains(openapi.NextNames(), name) && (kind == "string" && (!cursor || !isURL(member, name)) || kind == "integer" && cursor):
		p.next = at
	case p.total == nil && isTotal && whole:
		p.total = at
	case p.more == nil && slices.Contains(openapi.MoreNames(), name) && kind == "boolean":
		p.more = at
	default:
		return false
	}
	return true
}

func isURL(s *openapi3.Schema, name string) bool {
	return s.Format == "uri" || s.Format == "url" || strings.HasSuffix(name, "url") || strings.HasSuffix(name, "uri") || strings.HasSuffix(name, "link")
}

// header reports whether the answer has a header.
func (sh *shaper) header(c *call, name string) bool {
	for status, response := range c.Responses.Map() {
		if !strings.HasPrefix(status, "2") || response == nil || response.Value == nil {
			continue
		}
		for header := range response.Value.Headers {
			if strings.EqualFold(header, name) {
				return true
			}
		}
	}
	return false
}

// variable is what a parameter of a page gets; "" for other parameters, and without a page.
func (p *paging) variable(param *openapi3.Parameter) string {
	switch {
	case p == nil || param.In != openapi3.ParameterInQuery:
		return ""
	case param.Name == p.limit:
		return "{$page.limit}"
	case param.Name != p.position:
		return ""
	case p.by == "cursor":
		return "{$args.after}"
	}
	return "{$page." + p.by + "}"
}

// arguments are those of a connection.
func (p *paging) arguments() []field {
	bounds := directive{"constraint", []argument{{name: "min", value: "1"}, {name: "max", value: strconv.Itoa(p.most)}}}
	return []field{{name: "first", typ: "Int", value: strconv.Itoa(p.size), directives: []directive{bounds}}, {name: "after", typ: "String"}}
}

// argument is the argument page of the binding.
func (p *paging) argument() argument {
	a := argument{name: "page", object: true, items: []string{}}
	add := func(name string, path []string) {
		if path != nil {
			a.items = append(a.items, name+": "+quote(strings.Join(path, ".")))
		}
	}
	add("next", p.next)
	if p.header {
		a.items = append(a.items, `next: "$response.headers.link"`)
	}
	add("more", p.more)
	add("total", p.total)
	if p.rowCursor != "" {
		add("cursor", []string{p.rowCursor})
	}
	if p.by == "number" && p.start != 1 {
		a.items = append(a.items, "start: "+strconv.Itoa(p.start))
	}
	return a
}

// pageOf gives a call a connection of the rows.
func (imp openAPI) pageOf(c *call) {
	if c.page.rows != "" {
		c.selected = pathStep(c.page.rows)
	}
	item := imp.shape(c.page.item, imp.inline(singular(pascal(c.field.name))))
	c.field.typ = imp.connection(item.name, c.page.total != nil)
	c.field.comments = append(c.field.comments, item.comments()...)
	if len(c.page.others) > 0 {
		c.field.comments = append(c.field.comments, "Of the answer, these members are left out: "+strings.Join(c.page.others, ", ")+".")
	}
}

// connection is the connection of a type, made once with and once without a total.
func (d *draft) connection(item string, total bool) string {
	key := item + strconv.FormatBool(total)
	if name := d.connections[key]; name != "" {
		return name
	}
	def := &definition{kind: "type", name: d.typeName(item+"Connection", item+"Page", item+"List")}
	d.connections[key] = def.name
	def.fields = []field{{name: "nodes", typ: "[" + item + "!]!"}, {name: "pageInfo", typ: d.pageInfoType() + "!"}}
	if total {
		def.fields = append(def.fields, field{name: "totalCount", typ: "Int"})
	}
	d.types = append(d.types, def)
	return def.name
}

// pageInfoType is the project's PageInfo, or one that the draft gets.
func (d *draft) pageInfoType() string {
	if d.pageInfo == "" && d.project.pageInfo {
		d.pageInfo = "PageInfo"
	}
	if d.pageInfo == "" {
		d.pageInfo = d.typeName("PageInfo")
		d.types = append(d.types, &definition{kind: "type", name: d.pageInfo, fields: []field{
			{name: "hasNextPage", typ: "Boolean!"}, {name: "endCursor", typ: "String"},
		}})
	}
	return d.pageInfo
}
