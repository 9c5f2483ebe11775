package bindgen

import (
	"fmt"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/directive"
)

// pageExprs are what is read of an answer beside its rows; empty when it is
// not.
type pageExprs struct {
	next  string // by pointer
	total string // a number
	more  string
	known func(expr string) string // the condition that it is there, or empty
}

// nodeType is the type of a connection's nodes; nil, and reported, when the
// field's type is no connection (GraphQL Cursor Connections Specification,
// section 2).
func (f *fetch) nodeType() *ast.Type {
	def := f.union.Types[f.Field.Type.Name()]
	if f.Field.Type.Elem == nil && def.Kind == ast.Object {
		if nodes := def.Fields.ForName("nodes"); nodes != nil && nodes.Type.Elem != nil {
			return nodes.Type.Elem
		}
		if edges := def.Fields.ForName("edges"); edges != nil && edges.Type.Elem != nil {
			if edge := f.union.Types[edges.Type.Elem.NamedType]; edge != nil && edge.Fields.ForName("node") != nil {
				return edge.Fields.ForName("node").Type
			}
		}
	}
	f.report.at(f.Page.Pos, "give the field a type with nodes: [T!]! or edges: [E!]!, and pageInfo: PageInfo!", "page is for connections, which %s is not", f.Field.Type)
	return nil
}

// pageMembers adds what page names to the shape of the answer.
func (f *fetch) pageMembers(s *shape) pageExprs {
	out := pageExprs{known: func(expr string) string { return strings.TrimPrefix(expr, "*") + " != nil" }}
	if f.Page == nil {
		return out
	}
	for _, m := range []struct {
		path directive.Path
		typ  string
		expr *string
	}{
		{f.Page.Next, "*" + f.upstream("Text"), &out.next},
		{f.Page.Total, "*int64", &out.total},
		{f.Page.More, "*bool", &out.more},
	} {
		if m.path != nil {
			*m.expr = "answer." + f.addTo(s, m.path, m.typ)
			if m.expr != &out.next {
				*m.expr = "*" + *m.expr
			}
		}
	}
	return out
}

// byOffset tells whether the gateway makes the cursors.
func (f *fetch) byOffset() bool { return f.Uses(directive.Paging) }

// byNumber tells whether the service counts pages.
func (f *fetch) byNumber() bool {
	for _, v := range f.Vars() {
		if v.Root == directive.Paging && v.Path[0] == "number" {
			return true
		}
	}
	return false
}

// connection spells the connection that has the nodes.
func (f *fetch) connection(nodes string, page pageExprs) {
	if !f.byOffset() && f.Page.Next == nil {
		f.report.at(f.Page.Pos, `add next: "next_cursor", or use {$page.offset} or {$page.number} in the call`, "nothing tells the cursor of the next page")
		return
	}
	if f.byOffset() && !f.oneMore() { // whatever the service makes of the limit
		f.line("%s, _ = %s(page, %s)", nodes, f.upstream("Cut"), nodes)
	}
	more := f.more(nodes, page)
	if f.byNumber() {
		f.line("%s = %s(page, %s)", nodes, f.upstream("Rest"), nodes)
	}
	def := f.union.Types[f.Field.Type.Name()]
	info := def.Fields.ForName("pageInfo")
	if info == nil || f.union.Types[info.Type.Name()].Kind != ast.Object {
		f.report.at(f.Page.Pos, "add pageInfo: PageInfo!", "the connection %s has no pageInfo", def.Name)
		return
	}
	var fields []string
	if def.Fields.ForName("nodes") != nil {
		fields = append(fields, "Nodes: "+nodes)
	}
	if edges := def.Fields.ForName("edges"); edges != nil {
		fields = append(fields, "Edges: "+f.edges(edges, nodes))
	}
	if total := def.Fields.ForName("totalCount"); total != nil {
		if page.total == "" {
			f.report.at(f.Page.Pos, `add total: "total", where the answer has it`, "nothing tells %s.totalCount", def.Name)
		}
		if condition := page.known(page.total); condition != "" && total.Type.NonNull {
			f.line("if %s == nil {\nreturn %s, c.Malformed(%s(%q))\n}", strings.TrimPrefix(page.total, "*"), f.zero, f.upstream("Missing"), f.Page.Total)
		}
		count := fmt.Sprintf("%s(%s)", f.upstream("Count"), address(page.total))
		if !total.Type.NonNull {
			count = fmt.Sprintf("%s(%s, %s)", f.upstream("Optional"), address(page.total), f.upstream("Count"))
		}
		f.line("count, err := %s\nif err != nil {\nreturn %s, c.Malformed(%s(%q, err))\n}", count, f.zero, f.upstream("In"), f.Page.Total)
		fields = append(fields, "TotalCount: count")
	}
	fields = append(fields, "PageInfo: "+f.pageInfo(f.union.Types[info.Type.Name()], nodes, more, page))
	f.line("return &%s{\n%s,\n}, nil", spelled(f.modelType(def)), strings.Join(fields, ",\n"))
}

// more spells whether there are rows after the page.
func (f *fetch) more(nodes string, page pageExprs) string {
	switch {
	case page.next != "":
		f.line("next := %s(%s)", f.upstream("Next"), page.next)
		return "next != nil"
	case page.more != "":
		return f.told(page, page.more, page.more, nodes)
	case page.total != "" && f.byNumber():
		return f.told(page, page.total, fmt.Sprintf("int64(page.Offset-page.Skip()+len(%s)) < %s", nodes, page.total), nodes)
	case page.total != "":
		return f.told(page, page.total, fmt.Sprintf("int64(page.Offset+len(%s)) < %s", nodes, page.total), nodes)
	case f.oneMore():
		f.line("%s, more := %s(page, %s)", nodes, f.upstream("Cut"), nodes)
		return "more"
	}
	f.full(nodes)
	return "more"
}

// full spells that a page that is full may be followed by another.
func (f *fetch) full(nodes string) { f.line("more := len(%s) >= page.Limit", nodes) }

// told spells what the service tells of more rows: the condition, if the value
// is there.
func (f *fetch) told(page pageExprs, value, condition, nodes string) string {
	known := page.known(value)
	if known == "" {
		f.line("more := %s", condition)
		return "more"
	}
	if f.byOffset() {
		f.full(nodes)
	} else {
		f.line("more := false")
	}
	f.line("if %s {\nmore = %s\n}", known, condition)
	return "more"
}

// edges spells the edges, each with its cursor.
func (f *fetch) edges(field *ast.FieldDefinition, nodes string) string {
	edge := f.union.Types[field.Type.Name()]
	model := spelled(f.modelType(edge))
	cursor := edge.Fields.ForName("cursor")
	if cursor == nil || !cursor.Type.NonNull || cursor.Type.Name() != "String" && cursor.Type.Name() != "ID" {
		f.report.at(edge.Position, "", "an edge has cursor: String!, which %s does not have", edge.Name)
		return "nil"
	}
	if !f.byOffset() {
		f.report.at(f.Page.Pos, "leave edges out and use nodes", "a service that pages by cursor tells no cursor of a row, so %s can't have one", edge.Name)
		return "nil"
	}
	f.line("edges := make([]*%s, len(%s))\nfor i, node := range %s {\nedges[i] = &%s{Cursor: page.Cursor(i), Node: node}\n}", model, nodes, nodes, model)
	return "edges"
}

// pageInfo spells the PageInfo.
func (f *fetch) pageInfo(def *ast.Definition, nodes, more string, page pageExprs) string {
	var fields []string
	add := func(name, value, pointer string) {
		field := def.Fields.ForName(name)
		if field == nil {
			return
		}
		if field.Type.NonNull {
			pointer = value
		}
		fields = append(fields, goName(name)+": "+pointer)
	}
	add("hasNextPage", more, "new("+more+")")
	before := "page.Offset > 0"
	if !f.byOffset() {
		before = f.paramName("after") + " != nil"
		if f.Field.Arguments.ForName("after") == nil {
			before = "false"
		}
	}
	add("hasPreviousPage", before, "new("+before+")")
	for _, name := range []string{"startCursor", "endCursor"} {
		field := def.Fields.ForName(name)
		if field == nil {
			continue
		}
		if field.Type.NonNull {
			f.report.at(field.Position, "make it nullable", "%s.%s is null when a page is empty", def.Name, name)
			return "nil"
		}
		switch {
		case page.next != "" && name == "endCursor":
			fields = append(fields, "EndCursor: next")
		case !f.byOffset():
			// Only the service knows its cursors, and it tells just that one.
		case name == "startCursor":
			f.line("var start, end *string\nif n := len(%s); n > 0 {\nstart, end = new(page.Cursor(0)), new(page.Cursor(n - 1))\n}", nodes)
			fields = append(fields, "StartCursor: start")
		case def.Fields.ForName("startCursor") != nil:
			fields = append(fields, "EndCursor: end")
		default:
			f.line("var end *string\nif n := len(%s); n > 0 {\nend = new(page.Cursor(n - 1))\n}", nodes)
			fields = append(fields, "EndCursor: end")
		}
	}
	return fmt.Sprintf("&%s{\n%s,\n}", spelled(f.modelType(def)), strings.Join(fields, ",\n"))
}
