package golang

import (
	"fmt"
	"strings"

	"github.com/portico-gateway/portico/internal/plan"
)

// connection writes the return of a connection with the nodes.
func (f *function) connection(nodes string) {
	p := f.Answer.Page
	hasNext := p.InfoFields.Fields.ForName("hasNextPage") != nil
	if p.ByOffset && (!p.OneMore || !hasNext) { // the service may ignore the limit
		f.line("%s, _ = %s(page, %s)", nodes, f.upstream("Cut"), nodes)
	}
	if p.Next != nil && (hasNext || p.InfoFields.Fields.ForName("endCursor") != nil) {
		f.line("next := %s(%s)", f.upstream("Next"), pageValue(p.Next, "").pointer)
	}
	more := ""
	if hasNext {
		more = f.more(nodes)
	}
	if p.ByNumber {
		f.line("%s = %s(page, %s)", nodes, f.upstream("Rest"), nodes)
	}
	var fields []string
	if p.HasNodes {
		fields = append(fields, "Nodes: "+nodes)
	}
	if p.Edge != nil {
		f.line("edges := make([]*%s, len(%s))\nfor i, node := range %s {\nedges[i] = &%s{Cursor: page.Cursor(i), Node: node}\n}", f.typ(p.Edge),
			nodes, nodes, f.typ(p.Edge))
		fields = append(fields, "Edges: edges")
	}
	if p.TotalCount != nil {
		fields = append(fields, "TotalCount: "+f.totalCount())
	}
	fields = append(fields, "PageInfo: "+f.pageInfo(nodes, more))
	f.line("return &%s{\n%s,\n}, nil", f.typ(p.Connection), strings.Join(fields, ",\n"))
}

// beside is a value that an answer has beside its rows.
type beside struct {
	expr, pointer string
	there         string // the condition that the answer has it; empty if it always does
}

// pageValue writes a value that the answer has beside its rows. In a message,
// it is converted to typ unless that is empty.
func pageValue(v *plan.PageValue, typ string) beside {
	if v.Place != nil {
		expr := "answer." + v.Place.String()
		return beside{expr: "*" + expr, pointer: expr, there: expr + " != nil"}
	}
	expr := getters("answer", v.Fields)
	if typ != "" {
		expr = typ + "(" + expr + ")"
	}
	return beside{expr: expr, pointer: "new(" + expr + ")"}
}

func (f *function) totalCount() string {
	p := f.Answer.Page
	total := pageValue(p.Total, "int64")
	if total.there != "" && p.TotalCount.Type.NonNull {
		f.line("if %s == nil {\nreturn %s, c.Malformed(%s(%q))\n}", total.pointer, f.zero, f.upstream("Missing"), p.Total.Path)
	}
	count := fmt.Sprintf("%s(%s)", f.upstream("Count"), total.pointer)
	if !p.TotalCount.Type.NonNull {
		count = fmt.Sprintf("%s(%s, %s)", f.upstream("Optional"), total.pointer, f.upstream("Count"))
	}
	f.line("count, err := %s\nif err != nil {\nreturn %s, c.Malformed(%s(%q, err))\n}", count, f.zero, f.upstream("In"), p.Total.Path)
	return "count"
}

// more writes the expression that reports whether there are rows after the
// page.
func (f *function) more(nodes string) string {
	p := f.Answer.Page
	switch {
	case p.Next != nil:
		return "next != nil"
	case p.More != nil:
		more := pageValue(p.More, "")
		return f.said(more.there, more.expr, nodes)
	case p.Total != nil:
		total := pageValue(p.Total, "int64")
		before := "page.Offset"
		if p.ByNumber {
			before = "page.Offset-page.Skip()"
		}
		return f.said(total.there, fmt.Sprintf("int64(%s+len(%s)) < %s", before, nodes, total.expr), nodes)
	case p.OneMore:
		f.line("%s, more := %s(page, %s)", nodes, f.upstream("Cut"), nodes)
		return "more"
	}
	f.full(nodes)
	return "more"
}

// full writes the declaration of more: a full page may be followed by another.
func (f *function) full(nodes string) { f.line("more := len(%s) >= page.Limit", nodes) }

// said writes the declaration of more from a value of the service, if the
// answer has it.
func (f *function) said(there, condition, nodes string) string {
	if there == "" {
		f.line("more := %s", condition)
		return "more"
	}
	if f.Answer.Page.ByOffset {
		f.full(nodes)
	} else {
		f.line("more := false")
	}
	f.line("if %s {\nmore = %s\n}", there, condition)
	return "more"
}

// pageInfo writes the PageInfo.
func (f *function) pageInfo(nodes, more string) string {
	p := f.Answer.Page
	var fields []string
	flag := func(name, value string) {
		field := p.InfoFields.Fields.ForName(name)
		switch {
		case field == nil:
		case field.Type.NonNull:
			fields = append(fields, plan.GoName(name)+": "+value)
		default:
			fields = append(fields, plan.GoName(name)+": new("+value+")")
		}
	}
	flag("hasNextPage", more)
	before := "page.Offset > 0"
	if !p.ByOffset {
		if before = "false"; p.After && f.params["after"] != "" {
			before = f.params["after"] + " != nil"
		}
	}
	flag("hasPreviousPage", before)
	start, end := p.InfoFields.Fields.ForName("startCursor") != nil, p.InfoFields.Fields.ForName("endCursor") != nil
	switch {
	case !p.ByOffset && end:
		fields = append(fields, "EndCursor: next") // only the service knows its cursors
	case p.ByOffset && p.Next != nil:
		fields = append(fields, f.cursors(nodes, start, false)...)
		if end {
			fields = append(fields, "EndCursor: next")
		}
	case p.ByOffset:
		fields = append(fields, f.cursors(nodes, start, end)...)
	}
	if len(fields) == 0 {
		return "&" + f.typ(p.Info) + "{}"
	}
	return fmt.Sprintf("&%s{\n%s,\n}", f.typ(p.Info), strings.Join(fields, ",\n"))
}

// cursors declares the cursors of the first and last rows of a page, and
// returns the fields that have them.
func (f *function) cursors(nodes string, start, end bool) []string {
	switch {
	case start && end:
		f.line("var start, end *string\nif n := len(%s); n > 0 {\nstart, end = new(page.Cursor(0)), new(page.Cursor(n - 1))\n}", nodes)
		return []string{"StartCursor: start", "EndCursor: end"}
	case start:
		f.line("var start *string\nif len(%s) > 0 {\nstart = new(page.Cursor(0))\n}", nodes)
		return []string{"StartCursor: start"}
	case end:
		f.line("var end *string\nif n := len(%s); n > 0 {\nend = new(page.Cursor(n - 1))\n}", nodes)
		return []string{"EndCursor: end"}
	}
	return nil
}
