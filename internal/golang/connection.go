package golang

import (
	"fmt"
	"slices"
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
		return has("hasNextPage") || has("endCursor") && !p.ByOffset
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
		switch {
		case b.IsLink():
			f.line("next, nextErr := %s(head, %q)", f.upstream("NextLink"), b.Parameter)
		case b.Header != "":
			f.line("%s, %sErr := %s(head, %q)", b.name, b.name, f.upstream("Header"+b.read), b.Header)
		default:
			f.line("var %s *%s\nvar %sErr error", b.name, b.typ, b.name)
			read := fmt.Sprintf("%s(answer, (%s).%s)", f.decode("Optional"), f.decoder(f.Format()), b.read)
			tree.add(b.Path, leaf{fmt.Sprintf("%s, %sErr = %s\n", b.name, b.name, read), b.name + "Err", false})
		}
		if f.Answer.Page.Faults == "" || f.Answer.Page.InfoFaults == "" {
			errs = append(errs, b.name+"Err")
		}
	}
	return errs
}

// readsHeader reports whether a value is in a header of the answer.
func (f *function) readsHeader() bool {
	if f.ReadsHeader() {
		return true
	}
	if f.Answer == nil || f.Answer.Page == nil {
		return false
	}
	return slices.ContainsFunc(f.besides(), func(b beside) bool { return b.Header != "" })
}

// rowCursors adds the cursors of the rows, whose nodes are read before, to the tree
// of an answer.
func (f *function) rowCursors(tree *node, nodes string) {
	if f.Answer.Page == nil || !f.usesCursors() {
		return
	}
	f.variableOf("cursors", "[]string")
	read := fmt.Sprintf("cursors = %s(answer, len(%s), %s)\n", f.decode("Cursors"), nodes, quoted(f.Answer.Page.Cursor.Path))
	tree.add(f.Select, leaf{code: read})
}

// usesCursors reports whether the connection has a field with the cursor of a row.
func (f *function) usesCursors() bool {
	p := f.Answer.Page
	return p.Cursor != nil && (p.Edge != nil || p.InfoFields.Fields.ForName("startCursor") != nil || p.InfoFields.Fields.ForName("endCursor") != nil)
}

// nodes writes the expression that reads the nodes of rows that have them in
// themselves, and of them most, if that is given.
func (f *function) nodes(most ...string) string {
	a := f.Answer
	name := "PageRows"
	if !a.Read.Item.Type.NonNull {
		name = "ListOrNull"
	}
	read := fmt.Sprintf("func(d %s) (%s, error) { return %s }", f.decoder(f.Format()), f.typ(a.Read.Item.Model), f.readValue(a.Read.Item, "d", f.Format()))
	if a.Page.Node != nil {
		read = fmt.Sprintf("%s(%s, %s)", f.decode("In"), read, quoted(a.Page.Node.Path))
	}
	return fmt.Sprintf("%s(%s)", f.decode(name), strings.Join(append([]string{"answer", read}, most...), ", "))
}

// rowsOfMessage writes the expression for the nodes of a message's rows, and
// declares the cursors.
func (f *function) rowsOfMessage() string {
	a := f.Answer
	rows := f.getters("answer", a.Read.Fields)
	row := f.ident(a.Read.Fields[len(a.Read.Fields)-1].Message.GoIdent)
	if f.usesCursors() {
		of := a.Page.Cursor.Fields
		text := "return " + f.rowKeyText(plan.ProtoType(of[len(of)-1].Field), f.getters("row", of))
		f.line("cursors := %s(%s, func(row *%s) string {\n%s\n})", f.upstream("Map"), rows, row, text)
	}
	if a.Page.Node == nil {
		return rows
	}
	node := a.Page.Node.Fields
	typ := f.ident(node[len(node)-1].Message.GoIdent)
	return fmt.Sprintf("%s(%s, func(row *%s) *%s { return %s })", f.upstream("Map"), rows, row, typ, f.getters("row", node))
}

// pageMessages writes the expression that reads the rows of a page of messages.
func (f *function) pageMessages() string {
	item := f.Answer.Read.Item
	if item.Into.Choice != nil && item.Type.NonNull {
		return fmt.Sprintf("%s(from, %s, %s)", f.decode("PageChoices"), f.rowsOfMessage(), f.of(item.Into.Choice))
	}
	return f.messages(item, f.rowsOfMessage())
}

// besidesOfMessage declares the values beside the rows of a message.
func (f *function) besidesOfMessage() {
	for _, b := range f.besides() {
		f.line("%s := new(%s(%s))", b.name, b.typ, f.getters("answer", b.Fields))
	}
}

// pageError writes the expression for the error of the rows as a whole.
func (f *function) pageError() string {
	p := f.Answer.Page
	if !f.Answer.RowsFail() {
		return "fault"
	}
	each := p.HasNodes && p.Faults == "" || p.Edge != nil && p.EdgeFaults == ""
	return fmt.Sprintf("%s(fault, %t)", f.decode("PageError"), each)
}

// pageFails writes the return of a page of messages whose rows can't be read.
func (f *function) pageFails() {
	condition, err := "fault != nil", "fault"
	if expr := f.pageError(); expr != err {
		condition, err = fmt.Sprintf("err := %s; err != nil", expr), "err"
	}
	f.line("if %s {\nreturn %s, from.Malformed(%q, %s)\n}", condition, f.zero, f.fieldName(), err)
}

// rowErrors declares the errors of the rows of the page, if a model has a place for
// them.
func (f *function) rowErrors(nodes string) {
	p := f.Answer.Page
	hasPlace := p.HasNodes && p.Faults != "" || p.Edge != nil && p.EdgeFaults != ""
	if !f.Answer.RowsFail() || !hasPlace {
		return
	}
	first := "0"
	if p.ByNumber {
		first = "page.Skip()"
	}
	f.line("rowErrs := %s(fault, %s, len(%s), %t)", f.decode("RowErrors"), first, nodes, f.Answer.Read.Item.Type.NonNull)
}

// connectionFaults returns the field with the faults of the connection, if there can be
// any.
func (f *function) connectionFaults(source string) []string {
	p := f.Answer.Page
	var names, errs []string
	if p.HasNodes && f.Answer.RowsFail() {
		names, errs = append(names, "nodes"), append(errs, f.decode("NodeErrors")+"(rowErrs)")
	}
	if p.TotalCount != nil {
		names, errs = append(names, "totalCount"), append(errs, "countErr")
	}
	if p.Faults == "" || len(names) == 0 {
		return nil
	}
	return []string{p.Faults + ": " + f.faultsOf(source, f.Type.Name(), names, errs)}
}

// faultsOf writes the expression for the faults of an object, of which some fields may
// have errors.
func (f *function) faultsOf(source, typ string, names, errs []string) string {
	if len(names) == 1 {
		return fmt.Sprintf("%s.FaultOf(%q, %s, %q)", source, typ, errs[0], names[0])
	}
	var fields []string
	for i, name := range names {
		fields = append(fields, fmt.Sprintf("%s{Name: %q, Err: %s}", f.decode("FieldError"), name, errs[i]))
	}
	return fmt.Sprintf("%s.FaultsOf(%q, %s)", source, typ, strings.Join(fields, ", "))
}

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
	f.rowErrors(nodes)
	var fields []string
	if p.HasNodes {
		fields = append(fields, "Nodes: "+f.decode("NotNil")+"("+nodes+")")
	}
	if p.Edge != nil {
		f.edges(nodes, source)
		fields = append(fields, "Edges: edges")
	}
	if p.TotalCount != nil {
		fields = append(fields, f.totalCount(source))
	}
	fields = append(fields, f.connectionFaults(source)...)
	fields = append(fields, "PageInfo: "+f.pageInfo(nodes, more, source))
	f.line("return &%s{\n%s,\n}, nil", f.typ(p.Connection), strings.Join(fields, ",\n"))
}

// totalCount declares the total, an Int, and its error, and returns the field of the
// connection that has it.
func (f *function) totalCount(source string) string {
	p := f.Answer.Page
	typ, small, none := "int", "*total", ""
	if !p.TotalCount.Type.NonNull {
		typ, none = "*int", ""
	} else if f.GRPC == nil {
		none = fmt.Sprintf(" else if countErr == nil {\ncountErr = %s\n}", f.decode("ErrMissing"))
	}
	call := fmt.Sprintf("%s(%s)", f.decode("Small"), small)
	if typ == "*int" {
		call = f.decode("Maybe") + "(" + call + ")"
	}
	if f.GRPC != nil {
		f.line("var countErr error")
	} else {
		f.line("countErr := totalErr") // without a total, a full page may be followed by another
	}
	f.line("var count %s\nif total != nil {\ncount, countErr = %s\n}%s", typ, call, none)
	if p.Faults == "" {
		f.line("if countErr != nil {\nreturn %s, %s.Malformed(%q, countErr)\n}", f.zero, source, f.fieldName())
	}
	return "TotalCount: count"
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
