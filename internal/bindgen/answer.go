package bindgen

import (
	"fmt"
	"strings"

	"github.com/99designs/gqlgen/codegen/templates"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/directive"
)

// answer spells the sending of an HTTP request and the reading of its answer.
func (f *fetch) answer() {
	t := f.rowsType()
	read, list, ok := f.readerOf(t, f.REST.XML, f.Pos, f.Parent.Name+"."+f.Field.Name)
	if !ok {
		return
	}
	f.localNames(f.Select, f.REST.XML, f.Pos)
	if f.REST.XML && list && len(f.Select) == 0 {
		f.report.at(f.Pos, `add select: "item", the name of the elements`, "the elements of a list in XML have a name")
		return
	}
	typ := read.decoded(list)
	answer, expr := typ, "answer"
	shape := &shape{}
	if len(f.Select) > 0 || f.Page != nil {
		expr = "answer." + f.addTo(shape, f.Select, typ)
	}
	page := f.pageMembers(shape)
	if len(shape.members) > 0 {
		answer = templates.LcFirst(f.Name) + "Answer"
		f.functions[answer] = fmt.Sprintf("// %s is the answer of %s.\ntype %s %s\n\n", answer, f.what(), answer, shape.code(f.REST.XML))
	}
	format := "JSON"
	if f.REST.XML {
		format = "XML"
	}
	f.line("answer, err := %s[%s](ctx, c.HTTP, request)\nif err != nil {", f.upstream("Get"+format), answer)
	f.failed()
	f.line("}")
	f.deliver(t, read, list, expr, page)
}

// rowsType is the type of what select leads to: the field's, or for a
// connection the list of its nodes, or for a batch the list of all rows.
func (f *fetch) rowsType() *ast.Type {
	t := f.Field.Type
	if f.Page != nil {
		if node := f.nodeType(); node != nil {
			return &ast.Type{Elem: node, NonNull: true, Position: t.Position}
		}
	}
	if f.Key != nil {
		of := *t
		if t.Elem != nil {
			of = *t.Elem
		}
		of.NonNull = false
		return &ast.Type{Elem: &of, NonNull: true, Position: t.Position}
	}
	return t
}

// addTo puts a value into the shape of the answer.
func (f *fetch) addTo(s *shape, path directive.Path, typ string) string {
	if len(path) == 0 {
		f.report.at(f.Pos, `add select: "items", where the rows are`, "page reads the answer beside its rows, so the rows must have a name")
		return "answer"
	}
	expr, err := s.add(path, typ)
	if err != nil {
		f.report.at(f.Pos, "", "the answer of %s: %v", f.what(), err)
	}
	return expr
}

// deliver spells what makes the field's value of what was read.
func (f *fetch) deliver(t *ast.Type, read reader, list bool, expr string, page pageExprs) {
	if t.NonNull && (!list || f.REST == nil || !f.REST.XML) {
		f.line("if %s == nil {\nreturn %s, c.Malformed(%s(%q))\n}", expr, f.zero, f.upstream("Missing"), f.selected())
	}
	if f.Key != nil {
		f.match(expr)
		return
	}
	value := f.modelOf(t, read, list, expr, func(call string) string {
		name := "value"
		if f.Page != nil {
			name = "nodes"
		}
		f.line("%s, err := %s\nif err != nil {\nreturn %s, c.Malformed(err)\n}", name, call, f.zero)
		return name
	})
	if f.Page != nil {
		f.connection(value, page)
		return
	}
	f.line("return %s, nil", value)
}

// selected names what is read, for an error.
func (f *fetch) selected() string {
	if len(f.Select) == 0 {
		return "the answer"
	}
	return f.Select.String()
}

// match spells what matches rows to the keys of parents.
func (f *fetch) match(expr string) {
	t := f.Field.Type
	def := f.union.Types[t.Name()]
	if def.Kind != ast.Object {
		f.report.at(f.Pos, "resolve it with a Go method", "rows are matched by a key, so %s.%s must be of an object type", f.Parent.Name, f.Field.Name)
		return
	}
	row := f.row(def, f.REST != nil && f.REST.XML)
	key, ok := f.rowKey(row)
	if !ok {
		return
	}
	f.line("toModel := func(row *%s) (*%s, error) {\nvalue, err := row.model()\nreturn value, c.Malformed(err)\n}", row.name, spelled(f.modelType(def)))
	if t.Elem != nil {
		f.line("return %s(keys, %s, func(row *%s) string { return %s }, toModel)", f.loader("Many"), expr, row.name, key)
		return
	}
	f.perKey(fmt.Sprintf("%s(%s, func(row *%s) string { return %s }, toModel)", f.loader("One"), expr, row.name, key))
}

// perKey spells the return of one object a key. Where it can't be null, a key
// without a row is the service's fault.
func (f *fetch) perKey(found string) {
	if !f.Field.Type.NonNull {
		f.line("return %s", found)
		return
	}
	f.line("found, err := %s", found)
	f.line("return %s(keys, found, err, c.Malformed(%s(\"the row of a key\")))", f.loader("Every"), f.upstream("Missing"))
}

// rowKey spells the text of a row's key.
func (f *fetch) rowKey(row *rowType) (string, bool) {
	if len(f.Key.Row) == 0 {
		f.report.at(f.Key.Pos, `write the name of a field, such as key: "id"`, "$ is no key")
		return "", false
	}
	m, expr := row.shape.at(f.Key.Row)
	if m == nil {
		var err error
		if expr, err = row.shape.add(f.Key.Row, "*"+f.upstream("Text")); err != nil {
			f.report.at(f.Key.Pos, "", "the key %s: %v", f.Key.Row, err)
			return "", false
		}
		return f.upstream("Key") + "(row." + expr + ")", true
	}
	switch m.typ {
	case "*" + f.upstream("Text"), "*string":
		return f.upstream("Key") + "(row." + expr + ")", true
	case "*int32", "*int64", "*int":
		return f.upstream("KeyInt") + "(row." + expr + ")", true
	}
	f.report.at(f.Key.Pos, "use a text or a whole number", "the key %s is read as %s", f.Key.Row, strings.TrimPrefix(m.typ, "*"))
	return "", false
}
