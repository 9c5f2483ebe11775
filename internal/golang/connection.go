package golang

import (
	"fmt"
	"strings"

	"github.com/portico-gateway/portico/internal/plan"
)

// beside is a value that an answer has beside its rows: a pointer that is nil if
// it has none, with its error.
type beside struct {
	*plan.PageValue
	name, typ, read string // variable; Go type without the pointer; method of package decode
}

// besides returns the values that the connection needs.
func (f *function) besides() []beside {
	p := f.Answer.Page
	var all []beside
	for _, b := range []beside{{p.Next, "next", "string", "Text"}, {p.Total, "total", "int64", "Int64"}, {p.More, "more", "bool", "Bool"}} {
		if b.PageValue != nil && f.needs(b.name) {
			all = append(all, b)
		}
	}
	return all
}

// needs reports whether the connection has a field that depends on a value.
func (f *function) needs(name string) bool {
	p := f.Answer.Page
	has := func(field string) bool { return p.InfoFields.Fields.ForName(field) != nil }
	switch name {
	case "next":
		return has("hasNextPage") || has("endCursor")
	case "total":
		return p.TotalCount != nil || has("hasNextPage") && p.Next == nil && p.More == nil
	}
	return has("hasNextPage") && p.Next == nil
}

// pageValues adds the values beside the rows to the tree of an answer. It returns
// the errors that have no place in the models.
func (f *function) pageValues(tree *node) []string {
	if f.Answer.Page == nil {
		return nil
	}
	var errs []string
	for _, b := range f.besides() {
		f.line("var %s *%s\nvar %sErr error", b.name, b.typ, b.name)
		read := fmt.Sprintf("%s(answer, (%s).%s)", f.decode("Optional"), f.decoder(f.Format()), b.read)
		tree.add(b.Path, leaf{fmt.Sprintf("%s, %sErr = %s\n", b.name, b.name, read), b.name + "Err", false})
		if f.Answer.Page.Faults == "" || f.Answer.Page.InfoFaults == "" {
			errs = append(errs, b.name+"Err")
		}
	}
	return errs
}

// pageMessages declares the values beside the rows of a message.
func (f *function) pageMessages() {
	for _, b := range f.besides() {
		f.line("%s := new(%s(%s))", b.name, b.typ, f.getters("answer", b.Fields))
		if f.faulty(b) {
			f.line("var %sErr error", b.name)
		}
	}
}

// faulty reports whether the error of a value is used.
func (f *function) faulty(b beside) bool { return b.name == "total" && f.Answer.Page.TotalCount != nil }

// connection writes the return of a connection with the nodes. source is the
// variable that makes faults.
func (f *function) connection(nodes, source string) {
	p := f.Answer.Page
	hasNext := p.InfoFields.Fields.ForName("hasNextPage") != nil
	if p.ByOffset && (!p.OneMore || !hasNext) { // the service may ignore the limit
		f.line("%s, _ = %s(page, %s)", nodes, f.upstream("Cut"), nodes)
	}
	if p.Next != nil && f.needs("next") {
		f.line("next = %s(next)", f.upstream("Next"))
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
		fields = append(fields, "Nodes: "+f.decode("NotNil")+"("+nodes+")")
	}
	if p.Edge != nil {
		f.line("edges := make([]*%s, len(%s))\nfor i, node := range %s {\nedges[i] = &%s{Cursor: page.Cursor(i), Node: node}\n}", f.typ(p.Edge),
			nodes, nodes, f.typ(p.Edge))
		fields = append(fields, "Edges: edges")
	}
	if p.TotalCount != nil {
		fields = append(fields, f.totalCount(source)...)
	}
	fields = append(fields, "PageInfo: "+f.pageInfo(nodes, more, source))
	f.line("return &%s{\n%s,\n}, nil", f.typ(p.Connection), strings.Join(fields, ",\n"))
}

// totalCount declares the total, an Int, and returns the fields of the connection
// that have it or its fault.
func (f *function) totalCount(source string) []string {
	p := f.Answer.Page
	typ, small, none := "int", "*total", ""
	if !p.TotalCount.Type.NonNull {
		typ, none = "*int", ""
	} else if f.GRPC == nil {
		none = fmt.Sprintf(" else if totalErr == nil {\ntotalErr = %s\n}", f.decode("ErrMissing"))
	}
	call := fmt.Sprintf("%s(%s)", f.decode("Small"), small)
	if typ == "*int" {
		call = f.decode("Maybe") + "(" + call + ")"
	}
	f.line("var count %s\nif total != nil {\ncount, totalErr = %s\n}%s", typ, call, none)
	if p.Faults == "" {
		f.line("if totalErr != nil {\nreturn %s, %s.Malformed(%q, totalErr)\n}", f.zero, source, f.fieldName())
		return []string{"TotalCount: count"}
	}
	return []string{"TotalCount: count", fmt.Sprintf("%s: %s.FaultOf(%q, totalErr, %q)", p.Faults, source, f.Type.Name(), "totalCount")}
}

// more writes the expression that reports whether there are rows after the
// page.
func (f *function) more(nodes string) string {
	p := f.Answer.Page
	switch {
	case p.Next != nil:
		return "next != nil"
	case p.More != nil:
		return f.said("more", "*more", nodes)
	case p.Total != nil:
		before := "page.Offset"
		if p.ByNumber {
			before = "page.Offset-page.Skip()"
		}
		// A page without rows is the last one, whatever the total.
		return f.said("total", fmt.Sprintf("len(%s) > 0 && int64(%s+len(%s)) < *total", nodes, before, nodes), nodes)
	case p.OneMore:
		f.line("%s, hasMore := %s(page, %s)", nodes, f.upstream("Cut"), nodes)
		return "hasMore"
	}
	f.full(nodes)
	return "hasMore"
}

// full writes the declaration of hasMore: a full page may be followed by another.
func (f *function) full(nodes string) { f.line("hasMore := len(%s) >= page.Limit", nodes) }

// said writes the declaration of hasMore from a value of the service, if the
// answer has it.
func (f *function) said(value, condition, nodes string) string {
	if f.GRPC != nil {
		f.line("hasMore := %s", condition)
		return "hasMore"
	}
	if f.Answer.Page.ByOffset {
		f.full(nodes)
	} else {
		f.line("hasMore := false")
	}
	f.line("if %s != nil {\nhasMore = %s\n}", value, condition)
	return "hasMore"
}

// pageInfo writes the PageInfo.
func (f *function) pageInfo(nodes, more, source string) string {
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
	fields = append(fields, f.infoFaults(source)...)
	if len(fields) == 0 {
		return "&" + f.typ(p.Info) + "{}"
	}
	return fmt.Sprintf("&%s{\n%s,\n}", f.typ(p.Info), strings.Join(fields, ",\n"))
}

// infoFaults returns the field with the faults of a PageInfo, if there can be
// any.
func (f *function) infoFaults(source string) []string {
	p := f.Answer.Page
	if f.GRPC != nil || p.InfoFaults == "" {
		return nil
	}
	for _, b := range f.besides() {
		var names []string
		if p.InfoFields.Fields.ForName("hasNextPage") != nil {
			names = append(names, "hasNextPage")
		}
		if b.name == "next" && p.InfoFields.Fields.ForName("endCursor") != nil {
			names = append(names, "endCursor")
		}
		if f.decides(b.name) && len(names) > 0 {
			return []string{fmt.Sprintf("%s: %s.FaultOf(%q, %sErr, %s)", p.InfoFaults, source, p.InfoFields.Name, b.name, quoted(names))}
		}
	}
	return nil
}

// decides reports whether a value says whether there is another page.
func (f *function) decides(name string) bool {
	p := f.Answer.Page
	switch name {
	case "next":
		return true
	case "more":
		return p.Next == nil
	}
	return p.Next == nil && p.More == nil
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
