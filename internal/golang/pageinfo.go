package golang

import (
	"fmt"
	"strings"

	"github.com/portico-gateway/portico/internal/plan"
)

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
	fields = append(fields, f.infoCursors(nodes)...)
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
		if b.name == "next" && !p.ByOffset && p.Cursor == nil && p.InfoFields.Fields.ForName("endCursor") != nil {
			names = append(names, "endCursor")
		}
		if f.decides(b.name) && len(names) > 0 {
			return []string{fmt.Sprintf("%s: %s.FaultOf(%q, %sErr, %s)", p.InfoFaults, source, p.InfoFields.Name, b.name, quoted(names))}
		}
	}
	return nil
}

// decides reports whether a value determines if there is another page.
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

// infoCursors declares the cursors of the first and last rows of a page, and
// returns the fields that have them.
func (f *function) infoCursors(nodes string) []string {
	p := f.Answer.Page
	start, end := p.InfoFields.Fields.ForName("startCursor") != nil, p.InfoFields.Fields.ForName("endCursor") != nil
	if !p.ByOffset && p.Cursor == nil { // only the service knows its cursors
		if end {
			return []string{"EndCursor: next"}
		}
		return nil
	}
	first, last := "new(page.Cursor(0))", "new(page.Cursor(n - 1))"
	if p.Cursor != nil {
		first, last = f.upstream("Next")+"(&cursors[0])", f.upstream("Next")+"(&cursors[n-1])"
	}
	none := ""
	if end && p.Cursor != nil && p.Next != nil {
		none = "end := next\n" // what follows a page without rows
	}
	switch {
	case start && none != "":
		f.line("var start *string\n%sif n := len(%s); n > 0 {\nstart, end = %s, %s\n}", none, nodes, first, last)
	case start && end:
		f.line("var start, end *string\nif n := len(%s); n > 0 {\nstart, end = %s, %s\n}", nodes, first, last)
	case start:
		f.line("var start *string\nif len(%s) > 0 {\nstart = %s\n}", nodes, first)
		return []string{"StartCursor: start"}
	case none != "":
		f.line("%sif n := len(%s); n > 0 {\nend = %s\n}", none, nodes, last)
	case end:
		f.line("var end *string\nif n := len(%s); n > 0 {\nend = %s\n}", nodes, last)
	}
	var fields []string
	if start {
		fields = append(fields, "StartCursor: start")
	}
	if end {
		fields = append(fields, "EndCursor: end")
	}
	return fields
}

// edges declares the edges of a connection. source is the variable that makes
// faults.
func (f *function) edges(nodes, source string) {
	p := f.Answer.Page
	required := p.Edge.Fields.ForName("cursor").Type.NonNull
	var fields, names, errs []string
	fault := ""
	if f.Answer.RowsFail() && p.EdgeFaults != "" {
		names, errs = append(names, "node"), append(errs, f.decode("RowError")+"(rowErrs, i)")
	}
	switch {
	case p.ByOffset && required:
		fields = append(fields, "Cursor: page.Cursor(i)")
	case p.ByOffset:
		fields = append(fields, "Cursor: new(page.Cursor(i))")
	case p.Cursor != nil && required:
		fields = append(fields, "Cursor: cursors[i]")
		missing := f.decode("Given") + "(cursors[i])"
		if p.EdgeFaults != "" {
			names, errs = append(names, "cursor"), append(errs, missing)
		} else {
			fault = fmt.Sprintf("if err := %s; err != nil {\nreturn %s, %s.Malformed(%q, err)\n}\n", missing, f.zero, source, p.Edge.Name+".cursor")
		}
	case p.Cursor != nil:
		fields = append(fields, "Cursor: "+f.upstream("Next")+"(&cursors[i])")
	}
	if len(names) > 0 {
		fields = append(fields, p.EdgeFaults+": "+f.faultsOf(source, p.Edge.Name, names, errs))
	}
	f.line("edges := make([]*%s, len(%s))\nfor i, node := range %s {\n%sedges[i] = &%s{%s}\n}", f.typ(p.EdgeModel), nodes, nodes, fault,
		f.typ(p.EdgeModel), strings.Join(append(fields, "Node: node"), ", "))
}
